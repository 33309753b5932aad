//! Which files count as new, changed and gone.

mod repository;

use git::Request;
use repository::{ask, base, commit, folder, git, init, paths, server_and_clone, write};

#[test]
fn committed_staged_unstaged_and_untracked_files_all_count() {
    let (_folder, server, clone) = server_and_clone(3);
    write(&clone, ".gitignore", "ignored.sql\n");
    write(&clone, "drizzle/ignored.sql", "");
    write(&clone, "drizzle/staged.sql", "");
    git(&clone, &["add", "drizzle/staged.sql"]);
    write(&clone, "drizzle/untracked.sql", "");
    write(&clone, "drizzle/0000_old.sql", "select 'edited';");
    git(&clone, &["rm", "-q", "drizzle/0001_old.sql"]);
    git(&clone, &["rm", "-q", "--cached", "drizzle/0002_old.sql"]);
    // What others merge meanwhile is none of this branch's business.
    write(&server, "drizzle/theirs.sql", "");
    commit(&server, "somebody else's");
    git(&clone, &["fetch", "-q"]);

    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(
        found.added,
        paths(&[".gitignore", "drizzle/new.sql", "drizzle/staged.sql", "drizzle/untracked.sql"])
    );
    assert_eq!(found.modified, paths(&["drizzle/0000_old.sql", "drizzle/0002_old.sql"]));
    assert_eq!(found.deleted, paths(&["drizzle/0001_old.sql"]));
    assert_eq!((found.root, found.prefix.as_str()), (clone, ""));
    let base = found.base.expect("a base");
    assert_eq!((base.name.as_str(), base.why.as_str()), ("origin/main", "the remote's default branch"));
}

#[test]
fn names_keep_their_spaces_and_letters() {
    let (_folder, _, clone) = server_and_clone(1);
    let names = ["drizzle/0001 add naïve Größe.sql", "drizzle/数据.sql", "drizzle/it's \"new\".sql"];
    write(&clone, names[0], "");
    commit(&clone, "one is committed");
    write(&clone, names[1], "");
    git(&clone, &["add", "-A"]);
    write(&clone, names[2], "");
    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&[names[0], names[1], names[2], "drizzle/new.sql"]));
}

#[test]
fn a_renamed_file_is_deleted_and_added() {
    let (_folder, _, clone) = server_and_clone(1);
    git(&clone, &["config", "diff.renames", "true"]);
    git(&clone, &["mv", "drizzle/0000_old.sql", "drizzle/0009_old.sql"]);
    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/0009_old.sql", "drizzle/new.sql"]));
    assert_eq!(found.deleted, paths(&["drizzle/0000_old.sql"]));
}

#[test]
fn paths_start_at_the_top_wherever_one_stands() {
    let (_folder, _, clone) = server_and_clone(1);
    git(&clone, &["config", "diff.relative", "true"]);
    write(&clone, "apps/my web/drizzle/a.sql", "");
    write(&clone, "top.sql", "");
    let found = ask(&clone.join("apps/my web"), &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&["apps/my web/drizzle/a.sql", "drizzle/new.sql", "top.sql"]));
    assert_eq!((found.root, found.prefix.as_str()), (clone, "apps/my web/"));
}

#[test]
fn at_the_tip_of_the_default_branch_only_uncommitted_files_are_new() {
    let (_folder, _, clone) = server_and_clone(1);
    git(&clone, &["checkout", "-q", "main"]);
    write(&clone, "drizzle/untracked.sql", "");
    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/untracked.sql"]));
    let why = found.base.expect("a base").why;
    assert!(why.contains("only uncommitted and untracked files are new"), "{why}");
}

#[test]
fn a_worktree_answers_for_itself() {
    let (folder, _, clone) = server_and_clone(1);
    let tree = folder.path.join("second tree");
    git(&clone, &["worktree", "add", "-q", tree.to_str().expect("UTF-8"), "-b", "other", "origin/main"]);
    write(&tree, "drizzle/other.sql", "");
    commit(&tree, "on the other branch");
    write(&clone, "drizzle/untracked.sql", "");
    let found = ask(&tree, &Request::default()).expect("there is a base");
    assert_eq!((found.added, found.root), (paths(&["drizzle/other.sql"]), tree));
}

#[test]
fn a_detached_head_is_as_good_as_a_branch() {
    let (_folder, _, clone) = server_and_clone(2);
    git(&clone, &["checkout", "-q", "--detach"]);
    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}

#[test]
fn before_the_first_commit_everything_is_new() {
    let folder = folder();
    init(&folder.path);
    write(&folder.path, "a.sql", "");
    write(&folder.path, "gone.sql", "");
    git(&folder.path, &["add", "-A"]);
    std::fs::remove_file(folder.path.join("gone.sql")).expect("it was there");
    write(&folder.path, "b.sql", "");
    let found = ask(&folder.path, &base("main")).expect("an empty repository is no error");
    assert_eq!((found.base, found.added), (None, paths(&["a.sql", "b.sql"])));
    assert!(found.note.expect("a note").contains("no commit yet"));
}

#[test]
fn a_repository_inside_is_not_looked_into() {
    let (_folder, _, clone) = server_and_clone(1);
    init(&clone.join("vendor"));
    write(&clone, "vendor/a.sql", "");
    commit(&clone.join("vendor"), "theirs");
    let found = ask(&clone, &Request::default()).expect("there is a base");
    assert_eq!(found.added, paths(&["drizzle/new.sql"]));
}
