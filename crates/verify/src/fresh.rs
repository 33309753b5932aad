//! The whole history and a set on an empty database: what every new environment goes through.

use crate::Error;
use crate::history::earlier;
use drizzle::Project;
use facts::{Analysis, Options, PendingSet, Runner};
use pg::{Connection, Scratch};
use runner::ledger;
use runner::script::{Sent, script};
use std::time::{Duration, Instant};

/// A fresh database with everything.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// How long it took.
    pub duration: Duration,
    /// What stopped it: the migration, SQLSTATE and message.
    pub stopped: Option<(String, String, String)>,
}

/// Everything on an empty database, as the runner does where nothing is applied yet.
pub(crate) async fn fresh(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
) -> Result<Fresh, Error> {
    let session = scratch.connect().await?;
    let judged = &analysis.sets[set];
    let start = Instant::now();
    let all: Vec<usize> =
        earlier(project, judged).into_iter().chain(judged.migrations.iter().copied()).collect();
    let stopped = match analysis.options.runner {
        Runner::Drizzle => in_one_transaction(&session, project, &all).await?,
        Runner::Brolly => apart(&session, project, all, &analysis.options).await?,
    };
    let duration = start.elapsed();
    session.close().await;
    Ok(Fresh { duration, stopped })
}

/// What stopped it: the migration, SQLSTATE and message.
type Stopped = Option<(String, String, String)>;

/// As `brolly migrate` does: unit by unit.
async fn apart(
    session: &Connection,
    project: &Project,
    all: Vec<usize>,
    options: &Options,
) -> Result<Stopped, Error> {
    let set = PendingSet { migrations: all, ..PendingSet::default() };
    let analysis = facts::analyze(project, &[set], options);
    let mut tag = "";
    for sent in script(project, &analysis, 0) {
        let sql = match &sent {
            Sent::Own(text) => text.as_str(),
            Sent::Statement { step, .. } => {
                let step = &analysis.steps[*step];
                tag = &step.tag;
                step.span.of(&step.file.text)
            }
        };
        match session.batch(sql).await {
            Ok(()) => {}
            Err(pg::Error::Refused(refusal)) => {
                return Ok(Some((tag.to_owned(), refusal.code, refusal.message)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// As Drizzle does.
async fn in_one_transaction(
    session: &Connection,
    project: &Project,
    all: &[usize],
) -> Result<Stopped, Error> {
    ledger::prepare(session, project).await?;
    session.batch("BEGIN").await?;
    let mut stopped = None;
    'all: for index in all {
        let migration = &project.migrations[*index];
        for chunk in &migration.chunks {
            match session.batch(chunk.of(&migration.file.text)).await {
                Ok(()) => {}
                Err(pg::Error::Refused(refusal)) => {
                    stopped = Some((migration.tag.clone(), refusal.code, refusal.message));
                    break 'all;
                }
                Err(error) => return Err(error.into()),
            }
        }
        ledger::note(session, project, migration).await?;
    }
    if stopped.is_none()
        && let Err(error) = session.batch("COMMIT").await
    {
        match error {
            pg::Error::Refused(refusal) => stopped = Some((String::new(), refusal.code, refusal.message)),
            error => return Err(error.into()),
        }
    }
    Ok(stopped)
}
