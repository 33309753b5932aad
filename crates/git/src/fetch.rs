//! Bringing a base that this clone lacks, and as little history as joins it with HEAD.
//!
//! Runs only where the user allowed it. Git may not ask for passwords here; credential helpers and
//! ssh agents work as they are set up.

use crate::repo::Repo;
use crate::{Error, run};

/// How much more of the history to ask for.
#[derive(Clone, Copy)]
pub enum Step {
    /// So many commits further back.
    By(u32),
    /// All there is.
    All,
}

/// The tries, in their order.
pub const STEPS: [Step; 3] = [Step::By(100), Step::By(1000), Step::All];

/// What to ask a remote for.
pub struct Source {
    remote: String,
    what: What,
}

enum What {
    Branch(String),
    Commit(String),
}

impl Source {
    /// A branch of a remote.
    pub fn branch(remote: &str, branch: &str) -> Source {
        Source { remote: remote.to_owned(), what: What::Branch(branch.to_owned()) }
    }

    /// A commit by its full name; not every server gives one out.
    pub fn commit(remote: &str, commit: &str) -> Source {
        Source { remote: remote.to_owned(), what: What::Commit(commit.to_owned()) }
    }

    /// The command that brings it, for people to type.
    pub fn cure(&self, shallow: bool) -> String {
        let unshallow = if shallow { "--unshallow " } else { "" };
        format!("git fetch {unshallow}--no-tags {} {}", self.remote, self.refspec())
    }

    fn refspec(&self) -> String {
        match &self.what {
            What::Branch(branch) => format!("+refs/heads/{branch}:refs/remotes/{}/{branch}", self.remote),
            What::Commit(commit) => commit.clone(),
        }
    }
}

/// Fetches the base; in a shallow clone only its tip, in a full one (which a depth would make
/// shallow) its history. A name that is no branch of the remote may be a tag of it.
pub fn base(repo: &Repo, source: &Source, name: &str) -> Result<(), Error> {
    let depth = if repo.shallow { &["--depth=1"][..] } else { &[] };
    let first = fetch(repo, source, depth, &[&source.refspec()], name);
    match (&source.what, first) {
        (What::Branch(tag), Err(error)) => {
            let refspec = format!("+refs/tags/{tag}:refs/tags/{tag}");
            fetch(repo, source, depth, &[&refspec], name).map_err(|_| error)
        }
        (_, result) => result,
    }
}

/// One try at the history that joins HEAD and the base; the caller looks whether it was enough.
pub fn deeper(repo: &Repo, head: &str, source: &Source, name: &str, step: Step) -> Result<(), Error> {
    let refspec = source.refspec();
    match step {
        // HEAD may be on no branch of the remote (a pull request's merge commit), so it is asked for
        // by name. A server that refuses that is asked for everything in the end.
        Step::By(by) => {
            fetch(repo, source, &[&format!("--deepen={by}")], &[head, &refspec], name).ok();
            Ok(())
        }
        // Without a refspec for a base that is no branch: its tip is here by now.
        Step::All => fetch(repo, source, &["--unshallow"], &[&refspec], name)
            .or_else(|error| fetch(repo, source, &["--unshallow"], &[], name).map_err(|_| error)),
    }
}

/// Asks the remote for its default branch.
pub fn default_branch(repo: &Repo, remote: &str) -> Result<Option<String>, Error> {
    let args = ["ls-remote", "--symref", remote, "HEAD"];
    let done = run::attempt(&repo.root, &args)?;
    if !done.status.success() {
        return Err(Error::Fetch {
            name: format!("{remote}/HEAD"),
            message: last_line(&done.stderr),
            cure: format!("git remote set-head {remote} --auto"),
        });
    }
    let told = run::text(&done.stdout);
    let branch = told.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.split('\t').next());
    Ok(branch.map(str::to_owned))
}

fn fetch(repo: &Repo, source: &Source, how: &[&str], what: &[&str], name: &str) -> Result<(), Error> {
    let mut args = vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
    args.extend(how);
    args.push(&source.remote);
    args.extend(what);
    let done = run::attempt(&repo.root, &args)?;
    if done.status.success() {
        return Ok(());
    }
    let cure = source.cure(repo.shallow);
    Err(Error::Fetch { name: name.to_owned(), message: last_line(&done.stderr), cure })
}

/// The last thing that git says that is a reason: it ends some with advice about access rights.
fn last_line(stderr: &[u8]) -> String {
    let told = run::text(stderr);
    let reason = told.lines().rev().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    reason.or_else(|| told.lines().last()).unwrap_or("no reason given").to_owned()
}
