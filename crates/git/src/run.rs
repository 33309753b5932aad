//! Starting `git`, and making sense of its exit.
//!
//! The one place that starts a process. Whatever the user's configuration and environment say, the
//! messages are in English, nothing asks for a password, and no variable of a surrounding hook
//! points git at another repository.

use crate::Error;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Variables by which a hook or an alias ties its children to one repository.
const TIES: [&str; 5] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"];

/// What git wrote to its output when it succeeded; fails on any exit but 0.
pub fn output(dir: &Path, args: &[&str]) -> Result<Vec<u8>, Error> {
    let done = attempt(dir, args)?;
    if done.status.success() { Ok(done.stdout) } else { Err(failure(dir, args, &done)) }
}

/// Git's answer as one line of text, `None` where it exits with 1 and has nothing to say; that is
/// how `rev-parse --quiet`, `merge-base` and `symbolic-ref --quiet` say no.
pub fn answer(dir: &Path, args: &[&str]) -> Result<Option<String>, Error> {
    let done = attempt(dir, args)?;
    match done.status.code() {
        Some(0) => Ok(text(&done.stdout).lines().next().map(str::to_owned)),
        Some(1) if done.stderr.is_empty() => Ok(None),
        _ => Err(failure(dir, args, &done)),
    }
}

/// Whatever git does, for callers that look at the exit themselves.
pub fn attempt(dir: &Path, args: &[&str]) -> Result<Output, Error> {
    finish(command(dir, args), &[])
}

/// Runs git with these bytes as its input.
pub fn output_of_input(dir: &Path, args: &[&str], input: &[u8]) -> Result<Vec<u8>, Error> {
    let done = finish(command(dir, args), input)?;
    if done.status.success() { Ok(done.stdout) } else { Err(failure(dir, args, &done)) }
}

/// What git wrote when it was not allowed to fetch anything; fails on any exit but 0.
pub fn offline(dir: &Path, args: &[&str]) -> Result<Vec<u8>, Error> {
    let done = finish(shut(command(dir, args)), &[])?;
    if done.status.success() { Ok(done.stdout) } else { Err(failure(dir, args, &done)) }
}

/// A git that waits for input, and is not allowed to fetch anything.
pub fn open(dir: &Path, args: &[&str]) -> Result<Child, Error> {
    let mut command = shut(command(dir, args));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(not_started)
}

/// Like [`offline`] with input, and at an end when the time is up.
pub fn within(dir: &Path, args: &[&str], input: &[u8], limit: Duration) -> Result<Vec<u8>, Error> {
    let mut command = shut(command(dir, args));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(not_started)?;
    let (pipe, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(input).ok()));
        let errors = scope.spawn(move || all(err));
        let (done, told) = std::sync::mpsc::channel();
        scope.spawn(move || done.send(all(out)).ok());
        let Ok(stdout) = told.recv_timeout(limit) else {
            child.kill().ok();
            child.wait().ok();
            return Err(Error::OutOfTime { limit });
        };
        let status = child.wait().map_err(|source| Error::Start { source })?;
        let done = Output { status, stdout, stderr: errors.join().unwrap_or_default() };
        if done.status.success() { Ok(done.stdout) } else { Err(failure(dir, args, &done)) }
    })
}

/// The top folder of the working tree that `dir` lies in.
pub fn top(dir: &Path) -> Result<PathBuf, Error> {
    let top = output(dir, &["rev-parse", "--show-toplevel"])?;
    Ok(path(top.strip_suffix(b"\n").unwrap_or(&top)))
}

/// Bytes as text; a name that is no UTF-8 keeps what can be kept.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The parts of `-z` output.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty()).map(text)
}

fn command(dir: &Path, args: &[&str]) -> Command {
    #[allow(clippy::disallowed_methods, reason = "this crate's job is to ask git, and this is where it does")]
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(["-c", "core.fsmonitor=false", "-c", "diff.relative=false"]).args(args);
    for name in TIES {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env_remove("LANGUAGE");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// The same without a way out of this machine: a partial clone would fetch what it lacks. Gits that do
/// not know the first variable obey the second.
fn shut(mut command: Command) -> Command {
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
    command
}

fn all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.map(|mut pipe| pipe.read_to_end(&mut bytes).ok());
    bytes
}

fn not_started(source: std::io::Error) -> Error {
    match source.kind() {
        ErrorKind::NotFound => Error::GitNotFound,
        _ => Error::Start { source },
    }
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(text(bytes))
}

fn finish(mut command: Command, input: &[u8]) -> Result<Output, Error> {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let started = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(not_started)?;
    let pipe = child.stdin.take();
    // Writing beside reading: git answers while it is being asked, and full pipes would stop both.
    let done = std::thread::scope(|scope| {
        if let Some(mut pipe) = pipe {
            // A git that died has closed the pipe; its exit and its message say more than this.
            scope.spawn(move || pipe.write_all(input).ok());
        }
        child.wait_with_output()
    });
    done.map_err(|source| Error::Start { source })
}

/// The error that an exit of git stands for.
pub fn failure(dir: &Path, args: &[&str], done: &Output) -> Error {
    let message = text(&done.stderr).trim().to_owned();
    if let Some(rest) = message.split("dubious ownership in repository at '").nth(1) {
        let repository = rest.split('\'').next().unwrap_or_default().to_owned();
        return Error::DubiousOwnership { repository };
    }
    if message.contains("not a git repository") {
        return Error::NotARepository { dir: dir.to_owned() };
    }
    if message.contains("must be run in a work tree") {
        return Error::NoWorkTree { dir: dir.to_owned() };
    }
    Error::Git { command: args.join(" "), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_told() {
        #[allow(clippy::disallowed_methods, reason = "the test needs a program that is not there")]
        let command = Command::new("git-that-nobody-installed");
        assert!(matches!(finish(command, &[]), Err(Error::GitNotFound)));
    }

    #[test]
    fn a_repository_of_another_user_is_told() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        output(dir.path(), &["init", "-q"]).expect("git init");
        let args = ["status"];
        let mut status = command(dir.path(), &args);
        // Git's own test suite uses this variable; it needs no second user.
        status.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        let done = finish(status, &[]).expect("git starts");
        let error = failure(dir.path(), &args, &done);
        let Error::DubiousOwnership { repository } = &error else { panic!("{error:?}") };
        assert!(Path::new(repository).ends_with(dir.path().file_name().expect("a name")), "{repository}");
        assert!(error.to_string().contains("git config --global --add safe.directory"), "{error}");
    }
}
