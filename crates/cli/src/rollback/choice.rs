//! What is taken back in a database: the migrations that are named, or those that it has run last; only from the end of
//! what has run there.

use crate::errors::Error;
use crate::ledger::standing_of;
use crate::migrate::Seen;
use crate::projects::Target;
use drizzle::Project;
use std::collections::BTreeSet;

/// A database, and what of it goes back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    /// What has run there, in the order in which it did, as the rows of the ledger say. Indexes into `Project::migrations`.
    pub(super) ran: Vec<usize>,
    /// What goes back, what ran last first.
    pub(super) taken: Vec<usize>,
    /// What of it was edited since it ran there.
    pub(super) edited: Vec<usize>,
}

/// The migrations that are named; `None` where none is.
///
/// Errors: [`Error::CannotMigrate`] where a named file is none of the folder.
pub(super) fn named(target: &Target) -> Result<Option<BTreeSet<usize>>, Error> {
    let Some(paths) = &target.named else { return Ok(None) };
    let of = |path: &String| target.project.migrations.iter().position(|one| one.sql_path == *path);
    let found =
        paths.iter().map(|path| of(path).ok_or_else(|| Error::NoSuchMigration { name: path.clone() }));
    found.collect::<Result<_, _>>().map(Some)
}

/// What goes back of what has run in a database: what is named, where it ran, or else the last ones.
///
/// Errors: [`Error::CannotMigrate`] where another one ran after what goes back, or is half run, and those of
/// [`standing_of`].
pub(super) fn chosen(
    project: &Project,
    seen: &Seen,
    named: Option<&BTreeSet<usize>>,
    last: usize,
) -> Result<Chosen, Error> {
    let standing = standing_of(project, &seen.rows)?;
    let ran = seen.rows.in_turn(project);
    let taken: Vec<usize> = match named {
        Some(named) => ran.iter().rev().filter(|at| named.contains(at)).copied().collect(),
        None => ran.iter().rev().take(last).copied().collect(),
    };
    let edited = taken.iter().filter(|at| standing.edited.contains(at)).copied().collect();
    let Some(first) = taken.last().copied() else { return Ok(Chosen { ran, taken, edited }) };
    let tag = |at: usize| project.migrations[at].tag.as_str();
    if let Some(half) = seen.begun.iter().find(|one| !one.back) {
        let half = runner::Error::HalfRun { tag: half.tag.clone(), far: half.far() };
        return Err(Error::CannotMigrate { what: half.to_string() });
    }
    let behind = ran.iter().rev().take_while(|at| **at != first);
    if let Some(later) = behind.copied().find(|at| !taken.contains(at)) {
        let what = format!("{} ran there after {}: take it back first, or with it", tag(later), tag(first));
        return Err(Error::CannotMigrate { what });
    }
    let owners = seen.rows.owners(project);
    let behind = seen.rows.rows().iter().zip(&owners).skip_while(|(_, owner)| **owner != Some(first));
    if let Some((row, _)) = behind.into_iter().find(|(_, owner)| owner.is_none()) {
        let called =
            row.name.clone().unwrap_or_else(|| format!("created_at {}", row.created_at.unwrap_or_default()));
        let what = format!(
            "the ledger has a later row than that of {}, of a migration that is not in the folder ({called}): \
             take that back first",
            tag(first)
        );
        return Err(Error::CannotMigrate { what });
    }
    Ok(Chosen { ran, taken, edited })
}
