//! The files that differ from the base, as they lie in the working tree.
//!
//! Does not say which of them are migrations, nor whether an edited one differs in more than its
//! line ends: `read` gives the bytes to find out.

use crate::base::{Base, find};
use crate::repo::{Repo, open};
use crate::{Error, run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What to compare with, and what may be done to get it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The base by name; otherwise the CI's, or else the remote's default branch.
    pub base: Option<String>,
    /// Fetch the base, or the history that joins it with HEAD, where this clone lacks it.
    pub fetch_base: bool,
    /// Where there is no base, carry on with uncommitted and untracked files only.
    pub allow_missing_base: bool,
}

/// The files that differ. Paths are relative to `root`, with forward slashes; bytes that are no
/// UTF-8 are replaced. A renamed file counts as deleted and added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Top folder of the working tree, without symbolic links.
    pub root: PathBuf,
    /// The folder that was asked about, below `root`: empty or ending in a slash.
    pub prefix: String,
    /// What was compared with; `None` where only uncommitted and untracked files are listed.
    pub base: Option<Base>,
    /// Why there is no base.
    pub note: Option<String>,
    /// Files that the base does not have.
    pub added: BTreeSet<String>,
    /// Files that the base has with other contents (or another mode).
    pub modified: BTreeSet<String>,
    /// Files that only the base has.
    pub deleted: BTreeSet<String>,
}

/// The base commit, and the files of the repository around `dir` that differ from it: committed
/// since, uncommitted, and untracked but not ignored.
pub fn changed(
    dir: &Path,
    request: &Request,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Changed, Error> {
    let repo = open(dir)?;
    let Some(head) = repo.head.clone() else {
        return everything(&repo);
    };
    match find(&repo, &head, request, env) {
        Ok(base) => {
            let mut changed = against(&repo, &base.commit)?;
            changed.base = Some(base);
            Ok(changed)
        }
        Err(error) if request.allow_missing_base && error.is_about_the_base() => {
            let mut changed = against(&repo, &head)?;
            changed.note =
                Some(format!("{}; only uncommitted and untracked files count as new", error.headline()));
            Ok(changed)
        }
        Err(error) => Err(error),
    }
}

/// Before the first commit each file is new.
fn everything(repo: &Repo) -> Result<Changed, Error> {
    let mut changed = unchanged(repo);
    changed.note = Some("the repository has no commit yet; every file counts as new".to_owned());
    changed.added = run::parts(&run::output(&repo.root, &["ls-files", "-z", "--cached"])?).collect();
    changed.added.retain(|path| repo.root.join(path).exists());
    changed.added.extend(untracked(repo)?);
    Ok(changed)
}

/// The working tree compared with a commit.
fn against(repo: &Repo, commit: &str) -> Result<Changed, Error> {
    let mut changed = unchanged(repo);
    let args = ["diff", "--name-status", "-z", "--no-renames", "--no-ext-diff", commit, "--"];
    let listed = run::output(&repo.root, &args)?;
    let mut parts = run::parts(&listed);
    while let (Some(status), Some(path)) = (parts.next(), parts.next()) {
        match status.as_bytes().first() {
            Some(b'A') => changed.added.insert(path),
            Some(b'D') => changed.deleted.insert(path),
            _ => changed.modified.insert(path),
        };
    }
    for path in untracked(repo)? {
        // Taken out of the index, but left in the folder: the base has it still.
        match changed.deleted.remove(&path) {
            true => changed.modified.insert(path),
            false => changed.added.insert(path),
        };
    }
    Ok(changed)
}

fn unchanged(repo: &Repo) -> Changed {
    Changed {
        root: repo.root.clone(),
        prefix: repo.prefix.clone(),
        base: None,
        note: None,
        added: BTreeSet::new(),
        modified: BTreeSet::new(),
        deleted: BTreeSet::new(),
    }
}

/// Files that git does not follow and is not told to ignore; a repository inside this one, which
/// git lists as a folder, is left out.
fn untracked(repo: &Repo) -> Result<Vec<String>, Error> {
    let listed = run::output(&repo.root, &["ls-files", "-z", "--others", "--exclude-standard"])?;
    Ok(run::parts(&listed).filter(|path| !path.ends_with('/')).collect())
}
