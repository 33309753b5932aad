//! Which commit to compare with.
//!
//! First the name: as asked, as the CI says, or the remote's default branch. Then the commit: the
//! place where HEAD left that line, so that what others merged meanwhile is not held against this
//! change.

use crate::ci::{Target, base_from_ci};
use crate::fetch::{self, Source};
use crate::repo::{Repo, commit, is_shallow};
use crate::{Error, Request, run};

/// What a change is compared with, and why that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The base by name, such as `origin/main`.
    pub name: String,
    /// The merge base of HEAD and that name.
    pub commit: String,
    /// Where the name came from: `--base`, `GITHUB_BASE_REF`, `the remote's default branch`.
    pub why: String,
}

/// A base by name, before it is known whether this clone has it.
struct Wanted {
    /// Names to try in order; never empty.
    spots: Vec<Spot>,
    /// What to fetch where none of them is here.
    source: Option<Source>,
}

/// One name that a base may have in this clone.
struct Spot {
    /// What git is asked for.
    revision: String,
    /// What people are told.
    name: String,
    /// Where the name came from.
    why: String,
}

impl Spot {
    fn new(revision: impl Into<String>, name: impl Into<String>, why: impl Into<String>) -> Spot {
        Spot { revision: revision.into(), name: name.into(), why: why.into() }
    }
}

/// How far the search for a base got.
enum Found {
    /// The base, and the history that joins it with HEAD.
    Joined(Base),
    /// The base is here, but nothing joins it with HEAD.
    Apart,
    /// No such commit.
    Absent,
}

/// Finds the merge base of `head` and the base that is asked for, fetching it where that is allowed.
pub fn find(
    repo: &Repo,
    head: &str,
    request: &Request,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Base, Error> {
    let wanted = wanted(repo, request, env)?;
    let first = &wanted.spots[0];
    let mut found = look(repo, head, &wanted)?;
    if request.fetch_base
        && let Some(source) = &wanted.source
    {
        if matches!(found, Found::Absent) {
            fetch::base(repo, source, &first.name)?;
            found = look(repo, head, &wanted)?;
        }
        for step in fetch::STEPS.iter() {
            if !matches!(found, Found::Apart) || !is_shallow(&repo.root)? {
                break;
            }
            fetch::deeper(repo, head, source, &first.name, *step)?;
            found = look(repo, head, &wanted)?;
        }
    }
    let (name, why) = (first.name.clone(), first.why.clone());
    let cure = wanted.source.as_ref().map_or_else(|| "git fetch".to_owned(), |s| s.cure(repo.shallow));
    match found {
        Found::Joined(base) => Ok(base),
        Found::Absent => Err(Error::MissingBase { name, why, cure, shallow: repo.shallow }),
        Found::Apart if repo.shallow && !request.fetch_base => Err(Error::Shallow { name, why, cure }),
        Found::Apart => Err(Error::Unrelated { name, why }),
    }
}

/// The first spot that is a commit and has a common history with HEAD.
fn look(repo: &Repo, head: &str, wanted: &Wanted) -> Result<Found, Error> {
    let mut found = Found::Absent;
    for spot in &wanted.spots {
        let Some(tip) = commit(&repo.root, &spot.revision)? else { continue };
        let Some(base) = run::answer(&repo.root, &["merge-base", &tip, head])? else {
            found = Found::Apart;
            continue;
        };
        let inside = "; HEAD is part of it, so only uncommitted and untracked files are new";
        let why = format!("{}{}", spot.why, if base == head { inside } else { "" });
        return Ok(Found::Joined(Base { name: spot.name.clone(), commit: base, why }));
    }
    Ok(found)
}

fn wanted(repo: &Repo, request: &Request, env: &dyn Fn(&str) -> Option<String>) -> Result<Wanted, Error> {
    if let Some(name) = &request.base {
        return Ok(asked(repo, name));
    }
    if let Some(ci) = base_from_ci(env) {
        let mut wanted = Wanted { spots: Vec::new(), source: None };
        match &ci.target {
            Target::Branch(branch) => add_branch(repo, branch, ci.variable, &mut wanted),
            Target::Commit(name) => {
                wanted.spots.push(Spot::new(name, name, ci.variable));
                wanted.source = repo.remote().map(|remote| Source::commit(remote, name));
            }
        }
        if let Some((variable, branch)) = &ci.branch {
            add_branch(repo, branch, variable, &mut wanted);
        }
        return Ok(wanted);
    }
    default(repo, request)
}

/// `--base`: the name as it stands, else as a branch of the remote.
fn asked(repo: &Repo, name: &str) -> Wanted {
    let mut spots = vec![Spot::new(name, name, "--base")];
    let of_remote = repo.remotes.iter().find_map(|remote| {
        let branch = name.strip_prefix(remote.as_str())?.strip_prefix('/')?;
        Some(Source::branch(remote, branch))
    });
    let source = of_remote.or_else(|| {
        let remote = repo.remote()?;
        if name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(Source::commit(remote, name));
        }
        spots.push(Spot::new(format!("refs/remotes/{remote}/{name}"), format!("{remote}/{name}"), "--base"));
        Some(Source::branch(remote, name))
    });
    Wanted { spots, source }
}

/// A branch that the CI names: the remote's, since a local one of that name may be old.
fn add_branch(repo: &Repo, branch: &str, variable: &str, wanted: &mut Wanted) {
    if let Some(remote) = repo.remote() {
        let revision = format!("refs/remotes/{remote}/{branch}");
        wanted.spots.push(Spot::new(revision, format!("{remote}/{branch}"), variable));
        // A branch can be fetched from any server, a bare commit only from some.
        wanted.source = Some(Source::branch(remote, branch));
    }
    wanted.spots.push(Spot::new(format!("refs/heads/{branch}"), branch, variable));
}

/// Nobody named a base: the remote's default branch, else a local main or master.
fn default(repo: &Repo, request: &Request) -> Result<Wanted, Error> {
    let why = "the remote's default branch";
    let remote = repo.remote();
    if let Some(remote) = remote
        && let Some(branch) = default_branch(repo, remote, request.fetch_base)?
    {
        let spot = Spot::new(format!("refs/remotes/{remote}/{branch}"), format!("{remote}/{branch}"), why);
        return Ok(Wanted { spots: vec![spot], source: Some(Source::branch(remote, &branch)) });
    }
    for branch in ["main", "master"] {
        let revision = format!("refs/heads/{branch}");
        if commit(&repo.root, &revision)?.is_some() {
            let reason =
                if remote.is_some() { "no branch of the remote is known" } else { "there is no remote" };
            let spot = Spot::new(revision, branch, format!("the local branch, as {reason}"));
            return Ok(Wanted { spots: vec![spot], source: None });
        }
    }
    Err(Error::NoDefaultBase { remote: remote.map(str::to_owned), shallow: repo.shallow })
}

/// The default branch of a remote as far as this clone knows it; the remote itself is asked only
/// where fetching is allowed.
fn default_branch(repo: &Repo, remote: &str, fetch_base: bool) -> Result<Option<String>, Error> {
    let prefix = format!("refs/remotes/{remote}/");
    if let Some(target) = run::answer(&repo.root, &["symbolic-ref", "--quiet", &format!("{prefix}HEAD")])?
        && let Some(branch) = target.strip_prefix(&prefix)
    {
        return Ok(Some(branch.to_owned()));
    }
    for branch in ["main", "master"] {
        if commit(&repo.root, &format!("{prefix}{branch}"))?.is_some() {
            return Ok(Some(branch.to_owned()));
        }
    }
    if fetch_base { fetch::default_branch(repo, remote) } else { Ok(None) }
}
