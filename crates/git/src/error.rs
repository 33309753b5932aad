//! What can go wrong, each with the way out.
//!
//! `Display` is what a user reads: the first line says what happened, the lines after it, two where
//! there is a choice, what to type. The exit code is the caller's business.

use std::path::PathBuf;

/// Why the files could not be compared or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `git` to start.
    #[error(
        "git could not be started: no such program\n  install it (apt-get install git)\n  or name the files to judge, or pass --all"
    )]
    GitNotFound,
    /// `git` is there, but could not be started or spoken to.
    #[error("git could not be started")]
    Start {
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// The folder lies in no repository.
    #[error("{} is not inside a git repository\n  name the files to judge\n  or pass --all", dir.display())]
    NotARepository {
        /// The folder that was asked about.
        dir: PathBuf,
    },
    /// A bare repository, or the inside of `.git`: there are no files to compare.
    #[error("{} has no working tree\n  check out a branch and start there", dir.display())]
    NoWorkTree {
        /// The folder that was asked about.
        dir: PathBuf,
    },
    /// Git refuses since the repository belongs to another user.
    #[error(
        "git refuses to read {repository}, which belongs to another user\n  git config --global --add safe.directory {repository}\n  or run as the owner of the repository"
    )]
    DubiousOwnership {
        /// The repository, as git names it.
        repository: String,
    },
    /// The base is known by name, but this clone does not have it.
    #[error("the base {name} ({why}) is not in this {}\n  {cure}\n  or pass --fetch-base (--allow-missing-base carries on without){}", clone(*.shallow), hint(*.shallow))]
    MissingBase {
        /// The base as asked.
        name: String,
        /// Where the name came from.
        why: String,
        /// The command that brings it.
        cure: String,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// Nobody named a base, and the repository has no default branch to go by.
    #[error("no base to compare with: {}\n  name it: --base REF\n  or {}{}", no_default(remote.as_deref()), no_default_cure(remote.as_deref()), hint(*.shallow))]
    NoDefaultBase {
        /// The remote, where there is one.
        remote: Option<String>,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// Both commits are here, but the history that joins them is not.
    #[error(
        "this clone is too shallow: nothing joins HEAD and the base {name} ({why})\n  {cure}\n  or pass --fetch-base (--allow-missing-base carries on without){}",
        hint(true)
    )]
    Shallow {
        /// The base as asked.
        name: String,
        /// Where the name came from.
        why: String,
        /// The command that brings the history.
        cure: String,
    },
    /// HEAD and the base have no commit in common, in a full clone.
    #[error(
        "HEAD and the base {name} ({why}) have no common history\n  name a base that HEAD grew from: --base REF\n  or pass --allow-missing-base to judge uncommitted and untracked files only"
    )]
    Unrelated {
        /// The base as asked.
        name: String,
        /// Where the name came from.
        why: String,
    },
    /// Fetching was allowed, and failed.
    #[error(
        "the base {name} could not be fetched: {message}\n  try it by hand: {cure}\n  or pass --allow-missing-base to judge uncommitted and untracked files only"
    )]
    Fetch {
        /// The base as asked.
        name: String,
        /// The last line that git had to say.
        message: String,
        /// The command to try.
        cure: String,
    },
    /// A commit to read from is not in this clone.
    #[error("the commit {commit} is not in this clone\n  git fetch --unshallow brings the whole history")]
    MissingCommit {
        /// The commit as asked.
        commit: String,
    },
    /// No tag, branch or commit has that name.
    #[error("there is no tag, branch or commit `{reference}` in this {}{}\n  {}{}", clone(*.shallow), meant(near), bring(remote.as_deref(), *.shallow), hint(*.shallow))]
    NoSuchReference {
        /// The name as asked.
        reference: String,
        /// Names that may be meant.
        near: Vec<String>,
        /// The remote that may have it.
        remote: Option<String>,
        /// Whether the clone is shallow.
        shallow: bool,
    },
    /// The commit is here, but not the list of its files.
    #[error(
        "the files of {reference} are not in this clone: {message}\n  git fetch --refetch --no-filter brings them into a partial clone"
    )]
    MissingTree {
        /// The name as asked.
        reference: String,
        /// What git says.
        message: String,
    },
    /// A search through history took too long, and was stopped.
    #[error("history is too long to be searched in {} s", limit.as_secs_f32())]
    OutOfTime {
        /// How long it was given.
        limit: std::time::Duration,
    },
    /// Git failed in some other way.
    #[error("git {command} failed: {message}")]
    Git {
        /// The subcommand and its arguments.
        command: String,
        /// What git wrote to its error stream.
        message: String,
    },
}

impl Error {
    /// Whether all that is missing is a base, so that one may carry on without.
    pub fn is_about_the_base(&self) -> bool {
        matches!(
            self,
            Error::MissingBase { .. }
                | Error::NoDefaultBase { .. }
                | Error::Shallow { .. }
                | Error::Unrelated { .. }
                | Error::Fetch { .. }
        )
    }

    /// The first line: what happened, without the way out.
    pub fn headline(&self) -> String {
        self.to_string().lines().next().unwrap_or_default().to_owned()
    }
}

fn clone(shallow: bool) -> &'static str {
    if shallow { "shallow clone" } else { "clone" }
}

fn hint(shallow: bool) -> &'static str {
    match shallow {
        true => "\n  (GitHub Actions: `fetch-depth: 0` for actions/checkout; GitLab: `GIT_DEPTH: 0`)",
        false => "",
    }
}

fn meant(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("\n  did you mean {}?", near.join(" or ")) }
}

fn bring(remote: Option<&str>, shallow: bool) -> String {
    match (remote, shallow) {
        (None, _) => "git tag and git branch --all list what there is".to_owned(),
        (Some(remote), false) => format!("git fetch --tags {remote} brings what the remote has"),
        (Some(remote), true) => format!("git fetch --unshallow --tags {remote} brings what the remote has"),
    }
}

fn no_default(remote: Option<&str>) -> String {
    match remote {
        Some(remote) => format!("the default branch of {remote} is not known here"),
        None => "there is no remote, and no branch called main or master".to_owned(),
    }
}

fn no_default_cure(remote: Option<&str>) -> String {
    match remote {
        Some(remote) => {
            format!("pass --fetch-base, which asks {remote} (--allow-missing-base carries on without)")
        }
        None => "pass --allow-missing-base to judge uncommitted and untracked files only".to_owned(),
    }
}
