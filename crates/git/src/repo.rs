//! What has to be known of a repository before anything can be asked of it.

use crate::{Error, run};
use std::path::{Path, PathBuf};

/// A working tree and the state of its repository.
pub struct Repo {
    /// Top folder of the working tree.
    pub root: PathBuf,
    /// The folder that was asked about, below the top: empty or ending in a slash.
    pub prefix: String,
    /// The commit that is checked out; `None` before the first one.
    pub head: Option<String>,
    /// Whether history was cut off.
    pub shallow: bool,
    /// The names of all remotes.
    pub remotes: Vec<String>,
}

impl Repo {
    /// The remote to compare with: `origin`, or else the only one.
    pub fn remote(&self) -> Option<&str> {
        let origin = self.remotes.iter().find(|name| *name == "origin");
        let only = || (self.remotes.len() == 1).then(|| &self.remotes[0]);
        origin.or_else(only).map(String::as_str)
    }
}

/// Looks at the repository that `dir` lies in.
pub fn open(dir: &Path) -> Result<Repo, Error> {
    let root = run::top(dir)?;
    let prefix = run::output(dir, &["rev-parse", "--show-prefix"])?;
    let prefix = run::text(prefix.strip_suffix(b"\n").unwrap_or(&prefix));
    let shallow = is_shallow(&root)?;
    let remotes = run::text(&run::output(&root, &["remote"])?).lines().map(str::to_owned).collect();
    let head = commit(&root, "HEAD")?;
    Ok(Repo { root, prefix, head, shallow, remotes })
}

/// Whether history was cut off.
pub fn is_shallow(root: &Path) -> Result<bool, Error> {
    Ok(run::answer(root, &["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true"))
}

/// The full name of the commit that `name` stands for, `None` where this clone has no such commit.
pub fn commit(root: &Path, name: &str) -> Result<Option<String>, Error> {
    // No name of a commit begins so; git would read it as an option.
    if name.is_empty() || name.starts_with('-') {
        return Ok(None);
    }
    let done = run::attempt(root, &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])?;
    let found = run::text(&done.stdout).trim().to_owned();
    Ok((done.status.success() && !found.is_empty()).then_some(found))
}
