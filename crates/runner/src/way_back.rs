//! The way back of a migration, run: under the run lock and by the tries of every other run, and the row of the
//! migration out of the ledger with its last transaction.
//!
//! What undoes what is another's affair (`plan::reverse`), and so is whether to lose what it loses.

use crate::amend::taking_away;
use crate::backfill::forgetting;
use crate::migrate::{Job, one, opened};
use crate::standing::{LedgerRows, ledger_rows};
use crate::units::{closed_by, units};
use crate::{Error, Event, Limits, progress};
use drizzle::{Migration, Project};
use facts::{Analysis, Options, PendingSet, Runner};
use pg::Target;

/// A way back that is ready to be run.
#[derive(Clone, Debug)]
pub struct WayBack {
    /// The project as it is met: what ran, and the way back as the last migration.
    pub project: Project,
    /// What is known of it, as its one set.
    pub analysis: Analysis,
    /// The whole project: what else of it is half run is looked at.
    pub folder: Project,
    /// What it takes back.
    pub migration: Migration,
}

impl WayBack {
    /// The way back of a migration of a project, out of a file; `ran` is what has run, that migration with it, in the
    /// order in which it ran.
    pub fn new(
        project: &Project,
        ran: &[usize],
        migration: usize,
        file: Migration,
        options: &Options,
    ) -> WayBack {
        let mut met = project.clone();
        met.migrations = ran.iter().map(|at| project.migrations[*at].clone()).collect();
        met.migrations.push(file);
        let set = PendingSet { migrations: vec![ran.len()], ..PendingSet::default() };
        let options = Options { runner: Runner::Brolly, ..options.clone() };
        let analysis = facts::analyze(&met, &[set], &options);
        WayBack {
            project: met,
            analysis,
            folder: project.clone(),
            migration: project.migrations[migration].clone(),
        }
    }
}

/// What the way back of a migration is called.
pub fn tag(migration: &Migration) -> String {
    format!("the way back of {}", migration.tag)
}

/// Runs a way back; `shown` is what the ledger held when it was shown, `replicas` are those whose readers are waited for.
///
/// Errors: as those of [`crate::migrate()`]; [`Error::LedgerMoved`] where the ledger is not what was shown;
/// [`Error::HalfRun`] where a migration is half run, since it may build on what is taken back.
pub async fn roll_back(
    target: &Target,
    back: &WayBack,
    shown: &LedgerRows,
    limits: &Limits,
    replicas: &[Target],
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let (project, analysis) = (&back.project, &back.analysis);
    let job = Job { project, analysis, set: 0, shown, limits, replicas, until: None, allowed: None };
    let (guard, room) = opened(target, &job, tell).await?;
    if ledger_rows(&room.session, project).await? != *shown {
        return Err(Error::LedgerMoved);
    }
    progress::forget_ended(&room.session, &back.folder, shown).await?;
    let mut begun = progress::begun(&room.session, &back.folder, shown).await?.into_iter();
    if let Some(half) = begun.find(|one| !one.back) {
        return Err(Error::HalfRun { far: half.far(), tag: half.tag });
    }
    let mut row = taking_away(&back.folder, shown, &back.migration);
    // A backfill that counted as finished would not run again once the migration has.
    let forgetting = forgetting(&room.session, &project.ledger.schema, &back.migration.tag).await?;
    if let Some(states) = forgetting {
        row = format!("{row}; {states}");
    }
    let units = closed_by(units(project, analysis, 0), &row);
    one(&room, project.migrations.len() - 1, &units.iter().collect::<Vec<_>>(), tell).await.map_err(
        |error| match error {
            Error::EditedMidway { tag, statement, .. } => {
                Error::EditedMidway { tag, statement, done: format!("forget {}", back.migration.tag) }
            }
            error => error.anywhere(),
        },
    )?;
    guard.close().await;
    Ok(())
}
