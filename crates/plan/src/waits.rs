//! Who waits at a step, and for how long: which locks make others wait, and what is read or written meanwhile.
//!
//! How long that takes grows with the rows, so it is said where somebody knows how many there are, and left open
//! elsewhere. Knows of no disk and no load: what it gives is the least.

use catalog::RelationKind;
use facts::{LockMode, ScanCause, Step};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// About how many rows a table has, by `schema.name`.
pub type Rows = BTreeMap<String, u64>;

/// A lock that makes others wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlineLock {
    /// `schema.name`.
    pub relation: String,
    /// Its mode.
    pub mode: String,
    /// Who waits.
    pub who_waits: String,
    /// What is read or written while it is held; empty where it is held for a moment, since nothing is.
    pub meanwhile: Vec<OutlineWork>,
}

/// Work that grows with the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlineWork {
    /// `schema.name`.
    pub relation: String,
    /// What is done: all rows are read, once or several times, or written anew.
    pub work: Work,
    /// About how many rows there are, where `brolly.json` or the file of `brolly stats` says so.
    pub rows: Option<u64>,
    /// The seconds that it takes at least, where the rows are known: measured with narrow rows, and all of them in
    /// memory.
    pub at_least_seconds: Option<u64>,
}

/// What is done with the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// They are read.
    Read,
    /// They are read, and looked up in another table.
    LookUp,
    /// An index is made of them.
    Index,
    /// They are written anew.
    Rewrite,
}

impl Work {
    /// Rows a second, rounded down: Postgres 16 on a virtual machine with two busy cores, 3 million rows of 60 bytes,
    /// all in memory. VALIDATE of a CHECK 7.5 million, of a foreign key 3.6 million; CREATE INDEX CONCURRENTLY 0.6 to
    /// 1.3 million; rows were written at 0.3 million.
    fn rows_a_second(self) -> u64 {
        match self {
            Work::Read => 7_000_000,
            Work::LookUp => 3_500_000,
            Work::Index => 1_000_000,
            Work::Rewrite => 300_000,
        }
    }
}

/// The locks of the statements of a file that make others wait, each at its strongest.
pub(crate) fn locks(steps: &[&Step], rows: &Rows) -> Vec<OutlineLock> {
    let mut strongest: Vec<(String, LockMode, Vec<OutlineWork>)> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        for lock in step.facts.locks.iter().filter(|lock| !lock.new && lock.mode.blocks_writes()) {
            // It is held to the end of the transaction.
            let held = steps[at..].iter().enumerate().take_while(|(n, other)| {
                *n == 0 || (step.transaction.is_some() && other.transaction == step.transaction)
            });
            let meanwhile = held.flat_map(|(_, step)| work(step, rows)).collect();
            match strongest.iter_mut().find(|(relation, ..)| *relation == lock.relation) {
                Some((_, mode, known)) => {
                    *mode = (*mode).max(lock.mode);
                    add(known, meanwhile);
                }
                None => strongest.push((lock.relation.clone(), lock.mode, distinct(meanwhile))),
            }
        }
    }
    let each = strongest.into_iter().map(|(relation, mode, meanwhile)| OutlineLock {
        relation,
        mode: mode.to_string(),
        who_waits: mode.who_waits().to_owned(),
        meanwhile,
    });
    each.collect()
}

/// What goes on under locks that let reads and writes pass.
pub(crate) fn reads(steps: &[&Step], rows: &Rows) -> Vec<OutlineWork> {
    let mut found = Vec::new();
    for step in steps {
        let quiet = |relation: &str| {
            step.facts.lock_on(relation).is_none_or(|lock| !lock.mode.blocks_writes())
                && !step
                    .after
                    .relations()
                    .any(|known| known.name.to_string() == relation && known.kind == RelationKind::Sequence)
        };
        found.extend(work(step, rows).into_iter().filter(|work| quiet(&work.relation)));
    }
    distinct(found)
}

/// What a statement does with rows that were there before.
fn work(step: &Step, rows: &Rows) -> Vec<OutlineWork> {
    let rewrites = step.facts.rewrites.iter().filter(|cost| !cost.new);
    let scans = step.facts.scans.iter().filter(|cost| !cost.new);
    let scans = scans.map(|cost| {
        let work = match cost.cause {
            ScanCause::ForeignKey => Work::LookUp,
            ScanCause::IndexBuild | ScanCause::ConstraintIndex | ScanCause::Reindex => Work::Index,
            ScanCause::Rewrite => Work::Rewrite,
            _ => Work::Read,
        };
        (&cost.relation, work)
    });
    let all = rewrites.map(|cost| (&cost.relation, Work::Rewrite)).chain(scans);
    distinct(all.map(|(relation, work)| outlined(relation, work, rows)).collect())
}

fn outlined(relation: &str, work: Work, rows: &Rows) -> OutlineWork {
    let rows = rows.get(relation).copied();
    let at_least_seconds = rows.map(|rows| rows / work.rows_a_second());
    OutlineWork { relation: relation.to_owned(), work, rows, at_least_seconds }
}

fn distinct(all: Vec<OutlineWork>) -> Vec<OutlineWork> {
    let mut found = Vec::new();
    add(&mut found, all);
    found
}

/// One line a table, with what takes longest.
fn add(known: &mut Vec<OutlineWork>, more: Vec<OutlineWork>) {
    for one in more {
        match known.iter_mut().find(|other| other.relation == one.relation) {
            Some(other) if other.work < one.work => *other = one,
            Some(_) => {}
            None => known.push(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longest_is_kept_and_grows_with_rows() {
        let rows = Rows::from([("public.users".to_owned(), 12_000_000)]);
        let of = |work| outlined("public.users", work, &rows);
        assert_eq!(of(Work::Read).at_least_seconds, Some(1));
        assert_eq!(of(Work::Index).at_least_seconds, Some(12));
        assert_eq!(outlined("public.posts", Work::Read, &rows).at_least_seconds, None);
        assert_eq!(distinct(vec![of(Work::Read), of(Work::Index), of(Work::LookUp)]), [of(Work::Index)]);
    }
}
