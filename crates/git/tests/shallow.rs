//! Clones as CI services make them: shallow, and with one branch.

mod repository;

use git::{Error, Request};
use repository::{Folder, ask, ask_in_ci, base, commit, folder, git, init, paths, url, write};
use std::path::PathBuf;

/// A server whose main went on after the branch topic began, and a shallow clone of topic alone.
fn shallow_topic(commits_before: usize, commits_on_topic: usize) -> (Folder, PathBuf, PathBuf) {
    let folder = folder();
    let (server, clone) = (folder.path.join("server"), folder.path.join("clone"));
    init(&server);
    write(&server, "drizzle/old.sql", "");
    commit(&server, "first");
    (1..commits_before).for_each(|n| drop(commit(&server, &format!("before {n}"))));
    git(&server, &["checkout", "-q", "-b", "topic"]);
    write(&server, "drizzle/new.sql", "");
    (0..commits_on_topic).for_each(|n| drop(commit(&server, &format!("topic {n}"))));
    git(&server, &["checkout", "-q", "main"]);
    write(&server, "drizzle/theirs.sql", "");
    commit(&server, "main went on");
    git(&folder.path, &["clone", "-q", "--depth=1", "--branch=topic", &url(&server), "clone"]);
    (folder, server, clone)
}

fn fetching() -> Request {
    Request { fetch_base: true, ..Request::default() }
}

#[test]
fn a_shallow_clone_without_the_base_says_how_to_get_it() {
    let (_folder, _, clone) = shallow_topic(3, 2);
    let error = ask_in_ci(&clone, &Request::default(), "GITHUB_BASE_REF", "main").expect_err("no base");
    assert!(matches!(error, Error::MissingBase { shallow: true, .. }), "{error:?}");
    let text = error.to_string();
    for part in ["origin/main", "GITHUB_BASE_REF", "git fetch --unshallow", "--fetch-base", "fetch-depth: 0"]
    {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let error = ask(&clone, &Request::default()).expect_err("nothing to go by");
    assert!(matches!(error, Error::NoDefaultBase { remote: Some(_), shallow: true }), "{error:?}");
}

#[test]
fn a_base_whose_history_is_cut_off_says_so() {
    let (_folder, _, clone) = shallow_topic(3, 2);
    git(&clone, &["fetch", "-q", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main"]);
    let error = ask(&clone, &base("origin/main")).expect_err("nothing joins them");
    assert!(matches!(error, Error::Shallow { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("git fetch --unshallow") && text.contains("fetch-depth: 0"), "{text}");
    let found = ask(&clone, &Request { fetch_base: true, ..base("origin/main") }).expect("it was deepened");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}

#[test]
fn the_cure_cures() {
    let (_folder, _, clone) = shallow_topic(3, 2);
    let error = ask(&clone, &base("main")).expect_err("no base");
    let Error::MissingBase { cure, .. } = error else { panic!("{error:?}") };
    let words: Vec<&str> = cure.split(' ').skip(1).collect();
    git(&clone, &words);
    let found = ask(&clone, &base("main")).expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}

#[test]
fn fetching_goes_only_as_deep_as_needed() {
    let (_folder, _, clone) = shallow_topic(130, 3);
    let found = ask_in_ci(&clone, &fetching(), "GITHUB_BASE_REF", "main").expect("it was fetched");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
    assert_eq!(git(&clone, &["rev-parse", "--is-shallow-repository"]), "true");
}

#[test]
fn fetching_reaches_a_fork_far_back() {
    let (_folder, _, clone) = shallow_topic(2, 120);
    let found = ask_in_ci(&clone, &fetching(), "GITHUB_BASE_REF", "main").expect("it was fetched");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}

#[test]
fn fetching_asks_the_remote_for_its_default_branch() {
    let (_folder, _, clone) = shallow_topic(3, 2);
    let found = ask(&clone, &fetching()).expect("it was fetched");
    let base = found.base.expect("a base");
    assert_eq!((base.name.as_str(), base.why.as_str()), ("origin/main", "the remote's default branch"));
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}

#[test]
fn a_pull_request_is_built_as_a_merge_commit_on_no_branch() {
    let (folder, server, _) = shallow_topic(3, 2);
    git(&server, &["checkout", "-q", "--detach", "main"]);
    git(&server, &["merge", "-q", "--no-ff", "-m", "a trial merge", "topic"]);
    git(&server, &["update-ref", "refs/pull/7/merge", "HEAD"]);
    git(&server, &["checkout", "-q", "main"]);
    let clone = folder.path.join("runner");
    init(&clone);
    git(&clone, &["remote", "add", "origin", &url(&server)]);
    git(&clone, &["fetch", "-q", "--depth=1", "origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge"]);
    git(&clone, &["checkout", "-q", "--detach", "refs/remotes/pull/7/merge"]);
    let error = ask_in_ci(&clone, &Request::default(), "GITHUB_BASE_REF", "main").expect_err("no base");
    assert!(matches!(error, Error::MissingBase { shallow: true, .. }), "{error:?}");
    let found = ask_in_ci(&clone, &fetching(), "GITHUB_BASE_REF", "main").expect("it was fetched");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
    assert_eq!(found.base.expect("a base").commit, git(&server, &["rev-parse", "main"]));
}

#[test]
fn unrelated_histories_end_the_digging() {
    let (_folder, server, clone) = shallow_topic(2, 2);
    git(&server, &["checkout", "-q", "--orphan", "island"]);
    commit(&server, "another beginning");
    let error =
        ask(&clone, &Request { fetch_base: true, ..base("origin/island") }).expect_err("nothing in common");
    assert!(matches!(error, Error::Unrelated { .. }), "{error:?}");
}

#[test]
fn an_unreachable_server_is_told() {
    let (_folder, server, clone) = shallow_topic(2, 2);
    std::fs::rename(&server, server.with_extension("gone")).expect("it is moved away");
    for request in [fetching(), Request { fetch_base: true, ..base("main") }] {
        let error = ask(&clone, &request).expect_err("no server");
        assert!(matches!(error, Error::Fetch { .. }), "{error:?}");
        let carried_on = Request { allow_missing_base: true, ..request };
        assert!(ask(&clone, &carried_on).expect("carried on").base.is_none());
    }
}
