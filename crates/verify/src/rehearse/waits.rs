//! From statements that were sent to numbers by table: how long they took before the migration, and
//! how long since it began.

use super::plan::Table;
use super::statements::Kind;
use super::traffic::Sent;
use catalog::QName;
use facts::Operation;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long some statements took, from when they were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many.
    pub count: usize,
    /// Half of them took no longer.
    pub median: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest.
    pub longest: Duration,
}

/// Reads or writes of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Those that were through before the migration began.
    pub before: Spread,
    /// All others.
    pub during: Spread,
}

/// A table with traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWaits {
    /// The table, by the name that it had before.
    pub relation: QName,
    /// Whether the migration locks it or writes to it.
    pub touched: bool,
    /// Its reads.
    pub reads: Waits,
    /// Its writes.
    pub writes: Waits,
}

/// A statement of the app that failed, and how often with this SQLSTATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStatement {
    /// The table.
    pub relation: QName,
    /// Which statement.
    pub label: String,
    /// SQLSTATE.
    pub sqlstate: String,
    /// The server's words.
    pub message: String,
    /// How often.
    pub count: usize,
    /// When it failed for the first time.
    pub first: Duration,
    /// Why this says nothing about the app: `None` where it does.
    pub unjudged: Option<&'static str>,
}

pub(super) fn tables(tables: &[Table], sent: &[Sent], migration: Duration) -> Vec<TableWaits> {
    let waits = |at: usize, kind: Kind| {
        let own = sent.iter().filter(move |one| one.table == at && one.kind == kind);
        let (before, during): (Vec<&Sent>, Vec<&Sent>) = own.partition(|one| one.done <= migration);
        let spread =
            |sent: Vec<&Sent>| spread(sent.into_iter().map(|one| one.done.saturating_sub(one.due)).collect());
        Waits { before: spread(before), during: spread(during) }
    };
    let one = |(at, table): (usize, &Table)| TableWaits {
        relation: table.name.clone(),
        touched: table.touched,
        reads: waits(at, Kind::Read),
        writes: waits(at, Kind::Write),
    };
    tables.iter().enumerate().map(one).collect()
}

pub(super) fn failed(tables: &[Table], sent: &[Sent]) -> Vec<FailedStatement> {
    let mut found: BTreeMap<(usize, &str, &str), FailedStatement> = BTreeMap::new();
    for one in sent {
        let Some((sqlstate, message)) = &one.refused else { continue };
        let known = found.entry((one.table, &one.label, sqlstate)).or_insert_with(|| FailedStatement {
            relation: tables[one.table].name.clone(),
            label: one.label.to_string(),
            sqlstate: sqlstate.clone(),
            message: message.clone(),
            count: 0,
            first: one.done,
            unjudged: unjudged(one.kind, sqlstate),
        });
        known.count += 1;
        known.first = known.first.min(one.done);
    }
    found.into_values().collect()
}

/// Values are ours; but who waits for what is as it would be in production.
fn unjudged(kind: Kind, sqlstate: &str) -> Option<&'static str> {
    let operation = match kind {
        Kind::Read => Operation::Select,
        Kind::Write => Operation::Update,
    };
    match sqlstate {
        "57014" | "55P03" | "40P01" => None,
        _ => crate::queries::unjudged(operation, sqlstate),
    }
}

fn spread(mut times: Vec<Duration>) -> Spread {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share).ceil() as usize;
        times.get(index.saturating_sub(1)).copied().unwrap_or_default()
    };
    Spread { count: times.len(), median: at(0.5), p99: at(0.99), longest: at(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        assert_eq!(spread(Vec::new()), Spread::default());
        let ms = Duration::from_millis;
        let found = spread((1..=200).rev().map(ms).collect());
        assert_eq!(found, Spread { count: 200, median: ms(100), p99: ms(198), longest: ms(200) });
    }

    #[test]
    fn a_statement_under_way_when_it_begins_is_part_of_it() {
        let table = Table { name: QName::new("public", "t"), touched: true };
        let ms = Duration::from_millis;
        let sent = |due, done| Sent {
            table: 0,
            kind: Kind::Read,
            label: "select()".into(),
            due: ms(due),
            done: ms(done),
            refused: None,
        };
        let found = tables(&[table], &[sent(0, 2), sent(9, 700), sent(20, 710)], ms(10));
        assert_eq!((found[0].reads.before.count, found[0].reads.during.count), (1, 2));
        assert_eq!(found[0].reads.during.longest, ms(691));
    }
}
