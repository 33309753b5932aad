//! Which commit is compared with, and what is said where there is none.

mod repository;

use git::{Error, Request};
use repository::{ask, ask_in_ci, base, commit, folder, git, init, paths, server_and_clone, write};

fn carry_on() -> Request {
    Request { allow_missing_base: true, ..Request::default() }
}

#[test]
fn an_asked_base_wins_over_the_ci() {
    let (_folder, _, clone) = server_and_clone(3);
    let request = base("HEAD~2");
    let found = ask_in_ci(&clone, &request, "GITHUB_BASE_REF", "main").expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/0002_old.sql", "drizzle/new.sql"]));
    let found = found.base.expect("a base");
    assert_eq!((found.name.as_str(), found.why.as_str()), ("HEAD~2", "--base"));
    assert_eq!(found.commit, git(&clone, &["rev-parse", "HEAD~2"]));
}

#[test]
fn the_ci_means_the_branch_of_the_remote() {
    let (_folder, server, clone) = server_and_clone(1);
    write(&server, "theirs.sql", "");
    commit(&server, "main went on");
    git(&clone, &["fetch", "-q"]);
    git(&clone, &["merge", "-q", "origin/main"]);
    // The local main is old: against it, what was merged would look like this branch's work.
    let found = ask_in_ci(&clone, &Request::default(), "GITHUB_BASE_REF", "main").expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
    let found = found.base.expect("a base");
    assert_eq!((found.name.as_str(), found.why.as_str()), ("origin/main", "GITHUB_BASE_REF"));
}

#[test]
fn gitlab_names_a_commit_or_else_a_branch() {
    let (_folder, _, clone) = server_and_clone(2);
    let fork = git(&clone, &["rev-parse", "origin/main"]);
    let ask = |sha: &'static str| {
        git::changed(&clone, &Request::default(), &move |name| match name {
            "CI_MERGE_REQUEST_DIFF_BASE_SHA" => Some(sha.to_owned()),
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME" => Some("main".to_owned()),
            _ => None,
        })
    };
    let known = ask(Box::leak(fork.clone().into_boxed_str())).expect("the commit is here");
    let known = known.base.expect("a base");
    assert_eq!((known.name.as_str(), known.why.as_str()), (fork.as_str(), "CI_MERGE_REQUEST_DIFF_BASE_SHA"));
    let unknown = ask("0123456789012345678901234567890123456789").expect("the branch is here");
    let unknown = unknown.base.expect("a base");
    assert_eq!(
        (unknown.name.as_str(), unknown.why.as_str()),
        ("origin/main", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    );
}

#[test]
fn a_short_name_may_be_a_branch_of_the_remote() {
    let (_folder, _, clone) = server_and_clone(1);
    git(&clone, &["branch", "-q", "-D", "main"]);
    let found = ask(&clone, &base("main")).expect("there is a base");
    assert_eq!(found.base.expect("a base").name, "origin/main");
}

#[test]
fn the_default_branch_may_have_any_name() {
    let folder = folder();
    let (server, clone) = (folder.path.join("server"), folder.path.join("clone"));
    init(&server);
    git(&server, &["checkout", "-q", "-b", "trunk"]);
    commit(&server, "first");
    git(&folder.path, &["clone", "-q", "--origin", "upstream", "server", "clone"]);
    git(&clone, &["checkout", "-q", "-b", "topic"]);
    write(&clone, "new.sql", "");
    commit(&clone, "new");
    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(
        (found.base.expect("a base").name.as_str(), found.added),
        ("upstream/trunk", paths(&["new.sql"]))
    );
}

#[test]
fn without_a_remote_the_local_main_is_the_base() {
    let folder = folder();
    init(&folder.path);
    commit(&folder.path, "first");
    git(&folder.path, &["checkout", "-q", "-b", "topic"]);
    write(&folder.path, "new.sql", "");
    commit(&folder.path, "new");
    let found = ask(&folder.path, &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&["new.sql"]));
    assert_eq!(found.base.expect("a base").why, "the local branch, as there is no remote");

    git(&folder.path, &["branch", "-q", "-m", "main", "trunk"]);
    let error = ask(&folder.path, &Request::default()).expect_err("nothing to go by");
    assert!(matches!(error, Error::NoDefaultBase { remote: None, shallow: false }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("--base REF") && text.contains("--allow-missing-base"), "{text}");
    let found = ask(&folder.path, &carry_on()).expect("carried on");
    assert_eq!((found.base, found.added), (None, paths(&[])));
}

#[test]
fn a_missing_base_comes_with_its_cure() {
    let (_folder, server, clone) = server_and_clone(1);
    let request = base("origin/release");
    let error = ask(&clone, &request).expect_err("nobody fetched it");
    assert!(matches!(&error, Error::MissingBase { shallow: false, .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("git fetch --no-tags origin +refs/heads/release:refs/remotes/origin/release"),
        "{text}"
    );
    assert!(text.contains("--fetch-base"), "{text}");

    write(&clone, "untracked.sql", "");
    let found = ask(&clone, &Request { allow_missing_base: true, ..request.clone() }).expect("carried on");
    assert_eq!((found.base, found.added), (None, paths(&["untracked.sql"])));
    let note = found.note.expect("a note");
    assert!(note.contains("origin/release") && note.contains("only uncommitted and untracked"), "{note}");

    let fetching = Request { fetch_base: true, ..request };
    let error = ask(&clone, &fetching).expect_err("the server has none either");
    let Error::Fetch { message, .. } = &error else { panic!("{error:?}") };
    assert!(message.contains("refs/heads/release"), "{message}");

    git(&server, &["branch", "-q", "release"]);
    let found = ask(&clone, &fetching).expect("it was fetched");
    assert_eq!(found.base.expect("a base").name, "origin/release");
    assert_eq!(git(&clone, &["rev-parse", "--is-shallow-repository"]), "false");
}

#[test]
fn a_tag_can_be_fetched_too() {
    let (_folder, server, clone) = server_and_clone(1);
    git(&server, &["tag", "v1"]);
    let found = ask(&clone, &Request { fetch_base: true, ..base("v1") }).expect("it was fetched");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}

#[test]
fn unrelated_histories_are_told() {
    let (_folder, _, clone) = server_and_clone(1);
    git(&clone, &["checkout", "-q", "--orphan", "island"]);
    commit(&clone, "another beginning");
    for fetch_base in [false, true] {
        let error =
            ask(&clone, &Request { fetch_base, ..Request::default() }).expect_err("nothing in common");
        assert!(matches!(error, Error::Unrelated { .. }), "{error:?}");
    }
    assert!(ask(&clone, &carry_on()).expect("carried on").base.is_none());
}

#[test]
fn a_base_that_looks_like_an_option_is_only_a_name() {
    let (_folder, _, clone) = server_and_clone(1);
    let error = ask(&clone, &base("--output=x")).expect_err("no such base");
    assert!(matches!(error, Error::MissingBase { .. }), "{error:?}");
}

#[test]
fn outside_a_repository_and_in_a_bare_one() {
    let folder = folder();
    let error = ask(&folder.path, &Request::default()).expect_err("no repository");
    assert!(matches!(&error, Error::NotARepository { dir } if *dir == folder.path), "{error:?}");
    assert!(matches!(ask(&folder.path, &carry_on()), Err(Error::NotARepository { .. })));
    git(&folder.path, &["init", "-q", "--bare"]);
    let error = ask(&folder.path, &Request::default()).expect_err("no files");
    assert!(matches!(error, Error::NoWorkTree { .. }), "{error:?}");
}
