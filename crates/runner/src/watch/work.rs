//! What the database counts: transactions, deadlocks, sessions that ended badly.
//!
//! <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW>

use crate::preflight::words::{number, text};
use pg::{Connection, Error};
use watch::Work;

/// The counters as they stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    /// When they began.
    since: String,
    all: Work,
}

impl Counted {
    /// What was counted since; `None` where the counters began anew meanwhile.
    pub(super) fn since(&self, before: &Counted) -> Option<Work> {
        if self.since != before.since {
            return None;
        }
        let (now, was) = (&self.all, &before.all);
        let of = |now: Option<u64>, was: Option<u64>| match (now, was) {
            (Some(now), Some(was)) => now.checked_sub(was).map(Some),
            _ => Some(None),
        };
        Some(Work {
            commits: now.commits.checked_sub(was.commits)?,
            rollbacks: now.rollbacks.checked_sub(was.rollbacks)?,
            deadlocks: now.deadlocks.checked_sub(was.deadlocks)?,
            conflicts: now.conflicts.checked_sub(was.conflicts)?,
            fatal: of(now.fatal, was.fatal)?,
            killed: of(now.killed, was.killed)?,
            abandoned: of(now.abandoned, was.abandoned)?,
        })
    }
}

pub(super) async fn counted(session: &Connection) -> Result<Counted, Error> {
    let sessions = match session.version().major {
        ..14 => "",
        _ => ", sessions_fatal, sessions_killed, sessions_abandoned",
    };
    let query = format!(
        "SELECT stats_reset, xact_commit, xact_rollback, deadlocks, conflicts{sessions} \
         FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()"
    );
    let row = session.rows(&query).await?.into_iter().next().unwrap_or_default();
    let count = |at: usize| number(&row, at).map(|number| number as u64);
    let all = Work {
        commits: count(1).unwrap_or_default(),
        rollbacks: count(2).unwrap_or_default(),
        deadlocks: count(3).unwrap_or_default(),
        conflicts: count(4).unwrap_or_default(),
        fatal: count(5),
        killed: count(6),
        abandoned: count(7),
    };
    Ok(Counted { since: text(&row, 0).to_owned(), all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_began_anew_say_nothing() {
        let counted = |since: &str, commits| Counted {
            since: since.to_owned(),
            all: Work { commits, fatal: Some(commits), ..Work::default() },
        };
        let work = Work { commits: 3, fatal: Some(3), ..Work::default() };
        assert_eq!(counted("a", 5).since(&counted("a", 2)), Some(work));
        assert_eq!(counted("b", 5).since(&counted("a", 2)), None);
        assert_eq!(counted("a", 1).since(&counted("a", 2)), None);
    }
}
