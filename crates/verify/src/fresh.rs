//! The whole history and a set on an empty database: what every new environment goes through.

use crate::Error;
use crate::history::earlier;
use drizzle::Project;
use facts::{Analysis, PendingSet};
use pg::Scratch;
use runner::script::script;
use runner::send::{Plain, send};
use std::time::{Duration, Instant};

/// A fresh database with everything.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// How long it took.
    pub duration: Duration,
    /// What stopped it: the migration (empty where its COMMIT was refused), SQLSTATE and message.
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
    let all = earlier(project, judged).into_iter().chain(judged.migrations.iter().copied()).collect();
    let all = PendingSet { migrations: all, ..PendingSet::default() };
    let analysis = facts::analyze(project, &[all], &analysis.options);
    let start = Instant::now();
    let mut plain = Plain { session: &session, analysis: &analysis };
    let refused = send(&session, &script(project, &analysis, 0), &mut plain).await?;
    let duration = start.elapsed();
    session.close().await;
    let stopped = refused.map(|refused| {
        let tag = match (refused.own, refused.step) {
            (None, Some(step)) => analysis.steps[step].tag.clone(),
            _ => String::new(),
        };
        (tag, refused.refusal.code, refused.refusal.message)
    });
    Ok(Fresh { duration, stopped })
}
