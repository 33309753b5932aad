//! The whole history and a set on an empty database: what every new environment goes through.

use crate::Error;
use crate::history::earlier;
use drizzle::Project;
use facts::Analysis;
use pg::Scratch;
use runner::ledger;
use std::time::{Duration, Instant};

/// A fresh database with everything.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// How long it took.
    pub duration: Duration,
    /// What stopped it: the migration, SQLSTATE and message.
    pub stopped: Option<(String, String, String)>,
}

/// Everything in one transaction on an empty database, as Drizzle does where nothing is applied yet.
pub(crate) async fn fresh(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
) -> Result<Fresh, Error> {
    let session = scratch.connect().await?;
    let judged = &analysis.sets[set];
    let start = Instant::now();
    ledger::prepare(&session, project).await?;
    session.batch("BEGIN").await?;
    let all = earlier(project, judged).into_iter().chain(judged.migrations.iter().copied());
    let mut stopped = None;
    'all: for index in all {
        let migration = &project.migrations[index];
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
        ledger::note(&session, project, migration).await?;
    }
    if stopped.is_none()
        && let Err(error) = session.batch("COMMIT").await
    {
        match error {
            pg::Error::Refused(refusal) => stopped = Some((String::new(), refusal.code, refusal.message)),
            error => return Err(error.into()),
        }
    }
    let duration = start.elapsed();
    session.close().await;
    Ok(Fresh { duration, stopped })
}
