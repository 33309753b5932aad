//! Statements that refuse a transaction, seen from a second session.
//!
//! They are over in milliseconds on small tables. So the watcher holds a lock that everything of this
//! kind has to wait for, reads what is waited for, and lets go.

use super::state::{State, mode};
use super::{Observation, Observer, Seen, cost};
use crate::{Connection, Error, Refusal, Row};
use facts::{Facts, Lock, LockMode, ScanCause};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the watcher rests between two looks.
const REST: Duration = Duration::from_micros(200);

impl Observer<'_> {
    /// Runs a statement bare, with the second session watching.
    pub(super) async fn watched(&mut self, sql: &str) -> Result<Observation, Error> {
        let before = State::read(self.session).await?;
        let counted = self.counted().await?;
        let (result, duration, modes) = match self.watcher {
            Some(watcher) => self.looked_at(watcher, sql, &before).await?,
            None => {
                let (result, duration) = self.timed(sql).await;
                (result, duration, BTreeMap::new())
            }
        };
        if let Some(refusal) = result? {
            return Ok(self.failed(&refusal, &before, duration));
        }
        let after = State::read(self.session).await?;
        self.learn(&after);
        let mut facts = Facts::default();
        for (oid, modes) in modes {
            if let (Some((relation, new)), Some(mode)) = (self.name(oid), modes.iter().max()) {
                facts.add_lock(Lock { relation, mode: *mode, new, conditional: false });
            }
        }
        self.costs(&before, &after, &mut facts);
        if let (Some(then), Some(now)) = (counted, self.counted().await?) {
            facts.scans.clear();
            let more = now.iter().filter(|(oid, scans)| then.get(oid).is_none_or(|then| then < scans));
            for (oid, _) in more.filter(|(_, scans)| **scans > 0) {
                if let Some((relation, new)) = self.name(*oid) {
                    facts.scans.push(cost(relation, ScanCause::Observed, new));
                }
            }
        }
        Ok(Observation {
            facts,
            held: BTreeMap::new(),
            duration,
            wal_bytes: after.wal.saturating_sub(before.wal),
            seen: if self.watcher.is_some() { Seen::Glimpses } else { Seen::EndOnly },
        })
    }

    async fn looked_at(&self, watcher: &Connection, sql: &str, before: &State) -> Result<Looked, Error> {
        if self.may_lock {
            hold(watcher, before).await?;
        }
        let mut statement = std::pin::pin!(self.timed(sql));
        let mut modes: BTreeMap<u32, BTreeSet<LockMode>> = BTreeMap::new();
        let mut holding = self.may_lock;
        let (result, duration) = loop {
            let look = async {
                tokio::time::sleep(REST).await;
                locks_of(watcher, self.pid).await
            };
            tokio::select! {
                biased;
                ended = &mut statement => break ended,
                seen = look => {
                    let seen = seen?;
                    let waits = seen.iter().any(|(_, _, granted)| !granted);
                    for (oid, mode, _) in seen {
                        modes.entry(oid).or_default().insert(mode);
                    }
                    if holding && waits {
                        watcher.batch("ROLLBACK").await?;
                        holding = false;
                    }
                }
            }
        };
        if holding {
            watcher.batch("ROLLBACK").await?;
        }
        Ok((result, duration, modes))
    }

    /// Sequential scans by relation since ever; `None` before 15, where the count comes late
    /// (`pg_stat_force_next_flush` is of 15), and where others may scan as well.
    async fn counted(&self) -> Result<Option<BTreeMap<u32, u64>>, Error> {
        let Some(watcher) = self.watcher.filter(|watcher| self.may_lock && watcher.version().major >= 15)
        else {
            return Ok(None);
        };
        self.session.batch("select pg_stat_force_next_flush()").await?;
        self.session.batch("select 1").await?;
        watcher.batch("select pg_stat_clear_snapshot()").await?;
        let rows = watcher.rows("select relid, coalesce(seq_scan, 0) from pg_stat_user_tables").await?;
        Ok(Some(rows.iter().map(|row| (cell(row, 0), cell(row, 1))).collect()))
    }
}

type Looked = (Result<Option<Refusal>, Error>, Duration, BTreeMap<u32, BTreeSet<LockMode>>);

/// Locks all tables in a mode that keeps out everything that refuses a transaction, but no reads and
/// no writes.
async fn hold(watcher: &Connection, state: &State) -> Result<(), Error> {
    let tables = state.relations.values().filter(|relation| matches!(relation.kind, 'r' | 'p'));
    let names: Vec<String> = tables.map(|relation| quoted(&relation.label)).collect();
    let mut sql = "BEGIN;".to_owned();
    if !names.is_empty() {
        sql.push_str(&format!("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE", names.join(", ")));
    }
    watcher.batch(&sql).await
}

fn quoted(label: &str) -> String {
    let (schema, name) = label.split_once('.').unwrap_or(("public", label));
    let quote = |word: &str| format!("\"{}\"", word.replace('"', "\"\""));
    format!("{}.{}", quote(schema), quote(name))
}

async fn locks_of(watcher: &Connection, pid: i32) -> Result<Vec<(u32, LockMode, bool)>, Error> {
    let sql =
        format!("select relation, mode, granted from pg_locks where locktype = 'relation' and pid = {pid}");
    let rows = watcher.rows(&sql).await?;
    let lock = |row: &Row| {
        let word = |at: usize| row.get(at)?.as_deref();
        Some((cell(row, 0), mode(word(1)?)?, word(2)? == "t"))
    };
    Ok(rows.iter().filter_map(lock).collect())
}

fn cell<N: std::str::FromStr + Default>(row: &Row, at: usize) -> N {
    row.get(at).and_then(|cell| cell.as_deref()?.parse().ok()).unwrap_or_default()
}
