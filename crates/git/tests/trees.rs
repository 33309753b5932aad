//! All files of a version, and when a text came or went.

#![allow(clippy::disallowed_methods, reason = "tests make the repositories that they ask about")]

mod repository;

use git::{Blob, Error, GitTree, LARGEST, added, last_change, tree_at, working_files};
use repository::{Folder, commit, folder, git, init, url, write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

fn repository() -> Folder {
    let folder = folder();
    init(&folder.path);
    folder
}

fn text<'t>(tree: &'t GitTree, path: &str) -> Option<&'t str> {
    Some(tree.read(path)?.text().unwrap_or_else(|| panic!("{path} has no text")))
}

fn paths(tree: &GitTree) -> Vec<&str> {
    tree.paths().iter().map(AsRef::as_ref).collect()
}

/// Everything below a folder with its bytes, to see that nothing was written.
fn everything(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                found.push((path.clone(), std::fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_version_is_read_as_it_was() {
    let folder = repository();
    let root = &folder.path;
    write(root, "src/schema.ts", "one\r\n");
    write(root, "src/with space é.ts", "two");
    write(root, "src/line\nbreak.ts", "three");
    write(root, "empty.ts", "");
    write(root, "node_modules/pkg/index.js", "");
    write(root, "packages/db/node_modules/pkg/index.js", "");
    let then = commit(root, "then");
    git(root, &["tag", "v1"]);
    git(root, &["tag", "-a", "v1-signed", "-m", "annotated"]);
    git(root, &["branch", "production"]);
    write(root, "src/schema.ts", "changed");
    write(root, "src/new.ts", "new");
    commit(root, "now");
    write(root, "src/schema.ts", "not committed");
    let before = everything(root);

    for reference in ["v1", "v1-signed", "production", "HEAD~1", &then, &then[..8], "refs/tags/v1"] {
        let tree = tree_at(root, reference).expect(reference);
        assert_eq!(tree.commit, then, "{reference}");
        assert_eq!(
            paths(&tree),
            ["empty.ts", "src/line\nbreak.ts", "src/schema.ts", "src/with space é.ts"],
            "{reference}"
        );
        assert_eq!(text(&tree, "src/schema.ts"), Some("one\r\n"));
        assert_eq!(text(&tree, "src/with space é.ts"), Some("two"));
        assert_eq!(text(&tree, "src/line\nbreak.ts"), Some("three"));
        assert_eq!(text(&tree, "empty.ts"), Some(""));
        assert_eq!(tree.read("src/new.ts"), None);
        assert_eq!(tree.read("src"), None);
        assert!(tree.unread().is_empty() && tree.links().is_empty());
    }
    let from_below = tree_at(&root.join("src"), "v1").expect("a folder of the repository will do");
    assert_eq!(paths(&from_below).len(), 4);
    assert!(everything(root) == before, "the repository was written to");
}

#[test]
fn many_files_come_at_once_and_are_the_right_ones() {
    let folder = repository();
    let root = &folder.path;
    let line = |n: usize| format!("export const t{n} = 1; // {}\n", "x".repeat(n % 97)).repeat(40);
    (0..900).for_each(|n| write(root, &format!("src/{n}.ts"), &line(n)));
    commit(root, "many");
    git(root, &["gc", "-q"]);
    let tree = tree_at(root, "HEAD").expect("a tree");
    assert_eq!(text(&tree, "src/7.ts"), Some(line(7).as_str()), "one alone");
    tree.prefetch(tree.paths());
    tree.prefetch(tree.paths());
    tree.prefetch(&["no such file"]);
    // What is here does not have to be asked for again.
    std::fs::rename(root.join(".git"), root.join("gone")).expect("it is moved");
    for n in 0..900 {
        assert_eq!(text(&tree, &format!("src/{n}.ts")), Some(line(n).as_str()), "{n}");
    }
}

#[test]
fn what_is_no_text_is_said() {
    let folder = repository();
    let root = &folder.path;
    write(root, "a.ts", "a");
    write(root, "generated.ts", &"x".repeat(LARGEST as usize + 1));
    write(root, "just.ts", &"x".repeat(LARGEST as usize));
    write(root, "logo.png", "PNG\0\0\0");
    std::fs::write(root.join("latin.ts"), b"// caf\xe9\n").expect("it is written");
    write(root, "z.ts", "z");
    commit(root, "all sorts");
    for at_once in [true, false] {
        let tree = tree_at(root, "HEAD").expect("a tree");
        if at_once {
            tree.prefetch(tree.paths());
        }
        assert_eq!(tree.read("generated.ts"), Some(&Blob::TooLarge { size: LARGEST + 1 }));
        assert_eq!(tree.read("logo.png"), Some(&Blob::Binary));
        assert_eq!(text(&tree, "latin.ts"), Some("// caf\u{fffd}\n"));
        assert_eq!(text(&tree, "just.ts").map(str::len), Some(LARGEST as usize));
        assert_eq!(text(&tree, "z.ts"), Some("z"), "what comes after is not mixed up");
        let unread: Vec<String> = tree
            .unread()
            .iter()
            .map(|(path, blob)| format!("{path}: {}", blob.why_unread().expect("a reason")))
            .collect();
        assert_eq!(
            unread,
            ["generated.ts: it has 2097 kB, more than anybody writes", "logo.png: it is no text"]
        );
    }
}

#[cfg(unix)]
#[test]
fn links_are_told_with_their_targets() {
    let folder = repository();
    let root = &folder.path;
    write(root, "packages/db/schema.ts", "schema");
    std::fs::create_dir_all(root.join("apps/web")).expect("a folder");
    std::os::unix::fs::symlink("../../packages/db", root.join("apps/web/db")).expect("a link");
    std::os::unix::fs::symlink("nowhere", root.join("broken")).expect("a link");
    commit(root, "links");
    let tree = tree_at(root, "HEAD").expect("a tree");
    let links: Vec<(&str, &str)> = tree.links().iter().map(|(a, b)| (a.as_ref(), b.as_ref())).collect();
    assert_eq!(links, [("apps/web/db", "../../packages/db"), ("broken", "nowhere")]);
    assert_eq!(paths(&tree), ["packages/db/schema.ts"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_counted() {
    use std::os::unix::ffi::OsStrExt;
    let folder = repository();
    let root = &folder.path;
    write(root, "a.ts", "a");
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"b\xff.ts")), "b").expect("it is written");
    commit(root, "odd names");
    let tree = tree_at(root, "HEAD").expect("a tree");
    assert_eq!((paths(&tree), tree.unnamed()), (vec!["a.ts"], 1));
    assert_eq!(working_files(root).expect("files").1, ["a.ts"]);
}

#[test]
fn submodules_are_others() {
    let folder = folder();
    let (inner, outer) = (folder.path.join("inner"), folder.path.join("outer"));
    init(&inner);
    write(&inner, "x.ts", "x");
    let id = commit(&inner, "inner");
    init(&outer);
    write(&outer, "a.ts", "a");
    commit(&outer, "outer");
    git(&outer, &["update-index", "--add", "--cacheinfo", &format!("160000,{id},vendored")]);
    git(&outer, &["commit", "-q", "-m", "a submodule"]);
    assert_eq!(paths(&tree_at(&outer, "HEAD").expect("a tree")), ["a.ts"]);
}

#[test]
fn worktrees_and_the_other_hash_work_too() {
    let folder = folder();
    let (main, other) = (folder.path.join("main"), folder.path.join("other"));
    std::fs::create_dir_all(&main).expect("a folder");
    git(&main, &["init", "-q", "--object-format=sha256"]);
    write(&main, "a.ts", "a");
    let id = commit(&main, "first");
    assert_eq!(id.len(), 64);
    git(&main, &["worktree", "add", "-q", "../other", "-b", "topic"]);
    write(&other, "b.ts", "b");
    commit(&other, "second");
    let tree = tree_at(&other, "topic").expect("a tree");
    tree.prefetch(tree.paths());
    assert_eq!((text(&tree, "a.ts"), text(&tree, "b.ts")), (Some("a"), Some("b")));
    assert_eq!(paths(&tree_at(&other, "main").expect("a tree")), ["a.ts"]);
}

#[test]
fn names_that_nothing_has_are_told_with_those_that_may_be_meant() {
    let folder = folder();
    let (server, clone) = (folder.path.join("server"), folder.path.join("clone"));
    init(&server);
    write(&server, "a.ts", "a");
    commit(&server, "first");
    git(&server, &["tag", "v2.41.0"]);
    git(&server, &["branch", "production"]);
    for (reference, part) in [
        ("v2.41", "did you mean v2.41.0?"),
        ("prodution", "did you mean production?"),
        ("-x", "git tag and git branch --all list"),
        ("", "git tag and git branch --all list"),
        ("zzzzzz", "git tag and git branch --all list"),
    ] {
        let error = tree_at(&server, reference).err().expect("no such name");
        assert!(matches!(error, Error::NoSuchReference { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{part} is not in:\n{error}");
    }
    git(&folder.path, &["clone", "-q", "--depth=1", "--no-tags", &url(&server), "clone"]);
    let error = tree_at(&clone, "v2.41.0").err().expect("not fetched").to_string();
    for part in ["shallow clone", "git fetch --unshallow --tags origin", "fetch-depth: 0"] {
        assert!(error.contains(part), "{part} is not in:\n{error}");
    }
    git(&clone, &["fetch", "-q", "--unshallow", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"]);
    tree_at(&clone, "v2.41.0").expect("it was fetched");
    tree_at(&clone, "production").expect("a branch that only the remote has");
    let outside = folder.path.join("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    assert!(matches!(tree_at(&outside, "x").err(), Some(Error::NotARepository { .. })));
}

#[test]
fn a_partial_clone_is_not_filled() {
    let folder = folder();
    let (server, clone) = (folder.path.join("server"), folder.path.join("clone"));
    init(&server);
    git(&server, &["config", "uploadpack.allowFilter", "true"]);
    git(&server, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    (0..20).for_each(|n| write(&server, &format!("src/{n:02}.ts"), &format!("old {n}")));
    commit(&server, "first");
    git(&server, &["tag", "v1"]);
    (0..10).for_each(|n| write(&server, &format!("src/{n:02}.ts"), &format!("new {n}")));
    commit(&server, "second");
    git(&folder.path, &["clone", "-q", "--filter=blob:none", &url(&server), "clone"]);
    let before = everything(&clone);
    let tree = tree_at(&clone, "v1").expect("its list of files is here");
    tree.prefetch(tree.paths());
    assert_eq!(tree.read("src/03.ts"), Some(&Blob::Missing));
    assert_eq!(text(&tree, "src/15.ts"), Some("old 15"), "the checkout needed this one");
    let unread = tree.unread();
    assert_eq!(unread.len(), 10);
    assert!(unread[0].1.why_unread().is_some_and(|why| why.contains("partial clone")));
    assert!(last_change(&clone, "HEAD", "old 3", &["src/03.ts"], LONG).is_err());
    assert!(everything(&clone) == before, "something was fetched");

    let bare = folder.path.join("treeless");
    git(&folder.path, &["clone", "-q", "--filter=tree:0", "--no-checkout", &url(&server), "treeless"]);
    let error = tree_at(&bare, "v1").err().expect("no list");
    assert!(matches!(error, Error::MissingTree { .. }), "{error:?}");
    assert!(error.to_string().contains("git fetch --refetch"), "{error}");
}

#[test]
fn a_text_is_followed_to_where_it_came_or_went() {
    let folder = repository();
    let root = &folder.path;
    write(root, "src/users.ts", "fullName fullName");
    write(root, "other.ts", "");
    commit(root, "adds it twice");
    write(root, "src/users.ts", "fullName fullName // and more");
    commit(root, "touches the file");
    write(root, "src/users.ts", "name");
    let gone = commit(root, "Take the name apart\n\nand a body");
    write(root, "other.ts", "fullName");
    commit(root, "elsewhere");
    let asked =
        |text: &str, paths: &[&str]| last_change(root, "HEAD", text, paths, LONG).expect("git answers");
    let found = asked("fullName", &["src/users.ts"]).expect("a commit");
    assert_eq!((found.id.as_str(), found.subject.as_str()), (gone.as_str(), "Take the name apart"));
    assert!(gone.starts_with(&found.short) && found.short.len() < 20, "{found:?}");
    assert!(found.date.contains('T') && found.date.len() >= 20, "{found:?}");
    assert_eq!(asked("fullName", &["src"]).map(|it| it.id), Some(gone));
    assert_eq!(asked("fullName", &[]).map(|it| it.subject).as_deref(), Some("elsewhere"));
    assert_eq!(
        last_change(root, "HEAD~2", "fullName", &["src"], LONG).expect("git answers").expect("one").subject,
        "adds it twice"
    );
    assert_eq!(asked("nobody wrote this", &["src"]), None);
    assert_eq!(asked("", &[]), None);
    assert_eq!(asked("fullName", &["*.ts"]), None, "paths are no patterns");
    let below = last_change(&root.join("src"), "HEAD", "fullName", &["other.ts"], LONG).expect("git answers");
    assert_eq!(below.map(|it| it.subject).as_deref(), Some("elsewhere"), "paths start at the top");
    let error = last_change(root, "HEAD", "nobody wrote this", &["src"], Duration::ZERO).err();
    assert!(matches!(error, Some(Error::OutOfTime { .. })), "{error:?}");
}

#[test]
fn the_commit_that_added_a_file() {
    let folder = repository();
    let root = &folder.path;
    let asked = |path: &str| added(&root.join("src"), path).expect("git answers").map(|it| it.subject);
    write(root, "src/[a].sql", "1");
    commit(root, "adds it");
    write(root, "src/[a].sql", "2");
    commit(root, "changes it");
    assert_eq!(asked("src/[a].sql").as_deref(), Some("adds it"));
    assert_eq!(asked("[a].sql"), None, "paths start at the top");
    assert_eq!(asked("src/*.sql"), None, "and are no patterns");
    write(root, "src/b.sql", "");
    assert_eq!(asked("src/b.sql"), None, "nobody committed it");
}

#[test]
fn where_history_is_cut_off_nothing_began() {
    let folder = folder();
    let (server, clone) = (folder.path.join("server"), folder.path.join("clone"));
    init(&server);
    write(&server, "a.ts", "fullName");
    commit(&server, "first");
    write(&server, "b.ts", "");
    commit(&server, "second");
    git(&folder.path, &["clone", "-q", "--depth=1", &url(&server), "clone"]);
    assert_eq!(last_change(&clone, "HEAD", "fullName", &["a.ts"], LONG).expect("git answers"), None);
    assert!(last_change(&server, "HEAD", "fullName", &["a.ts"], LONG).expect("git answers").is_some());
}

#[test]
fn the_working_tree_is_what_git_does_not_ignore() {
    let folder = repository();
    let root = &folder.path;
    write(root, ".gitignore", "dist\n");
    write(root, "src/a.ts", "a");
    write(root, "gone.ts", "");
    commit(root, "first");
    write(root, "src/new file.ts", "new");
    write(root, "dist/a.js", "");
    write(root, "node_modules/x/index.js", "");
    std::fs::remove_file(root.join("gone.ts")).expect("it is removed");
    let (top, files) = working_files(&root.join("src")).expect("git answers");
    assert_eq!(&top, root);
    assert_eq!(files, [".gitignore", "gone.ts", "src/a.ts", "src/new file.ts"]);
}
