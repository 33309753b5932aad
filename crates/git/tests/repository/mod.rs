//! Real repositories for tests, made with the `git` binary and gone when the test ends.

#![allow(clippy::disallowed_methods, reason = "tests make the repositories that they ask about")]
#![allow(dead_code, reason = "each test file uses its share of this")]

use git::{Changed, Error, Request, changed};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs git in `dir` and returns what it says; a failure fails the test.
pub fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"] {
        command.env_remove(name);
    }
    let done = command
        .arg("-C")
        .arg(dir)
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"])
        .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
        .args(args)
        .output()
        .expect("git is installed");
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// A temporary folder, its path without symbolic links.
pub struct Folder {
    _dir: tempfile::TempDir,
    /// Where it is.
    pub path: PathBuf,
}

/// An empty temporary folder.
pub fn folder() -> Folder {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().canonicalize().expect("it has a path");
    Folder { _dir: dir, path }
}

/// An empty repository on the branch main.
pub fn init(path: &Path) {
    std::fs::create_dir_all(path).expect("a folder");
    git(path, &["init", "-q"]);
    // A repository by itself: what the user has configured must not decide a test.
    git(path, &["config", "core.autocrlf", "false"]);
}

/// Writes a file and the folders around it.
pub fn write(root: &Path, path: &str, text: &str) {
    let full = root.join(path);
    std::fs::create_dir_all(full.parent().expect("a folder")).expect("the folder is made");
    std::fs::write(full, text).expect("the file is written");
}

/// Commits everything and returns the commit's name.
pub fn commit(root: &Path, message: &str) -> String {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "--allow-empty", "-m", message]);
    git(root, &["rev-parse", "HEAD"])
}

/// A server with commits on main, and a clone of it on the branch topic, which has one commit more.
pub fn server_and_clone(commits: usize) -> (Folder, PathBuf, PathBuf) {
    let folder = folder();
    let (server, clone) = (folder.path.join("server"), folder.path.join("clone"));
    init(&server);
    for number in 0..commits {
        write(&server, &format!("drizzle/{number:04}_old.sql"), "select 1;");
        commit(&server, &format!("migration {number}"));
    }
    git(&folder.path, &["clone", "-q", "server", "clone"]);
    git(&clone, &["checkout", "-q", "-b", "topic"]);
    write(&clone, "drizzle/new.sql", "select 2;");
    commit(&clone, "a new migration");
    (folder, server, clone)
}

/// The address of a folder as a remote; a plain path would be copied whole, never shallow.
pub fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// `changed` outside any CI.
pub fn ask(dir: &Path, request: &Request) -> Result<Changed, Error> {
    changed(dir, request, &|_| None)
}

/// `changed` where one variable is set.
pub fn ask_in_ci(
    dir: &Path,
    request: &Request,
    variable: &'static str,
    value: &str,
) -> Result<Changed, Error> {
    changed(dir, request, &|name| (name == variable).then(|| value.to_owned()))
}

/// A request for this base.
pub fn base(name: &str) -> Request {
    Request { base: Some(name.to_owned()), ..Request::default() }
}

/// A set of paths.
pub fn paths(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}
