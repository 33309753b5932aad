//! Tables that fill up with old versions of rows, or grow. All of it is what the server estimates.

use super::{Finding, State, Topic, or_ok};
use crate::{Seen, Table};
use source::{shown, size};

/// Old versions of rows from which on there is something to tell.
const DEAD: u64 = 10_000;
/// Their share of a table.
const SHARE: f64 = 0.2;
/// By how much that share has to have grown.
const MORE: f64 = 0.1;
/// Bytes by which a table has to have grown.
const GROWN: f64 = 1e8;
/// The share of it by which it has to have grown.
const BY: f64 = 0.2;

pub(super) fn findings(before: &Seen, now: &Seen) -> Vec<Finding> {
    let Some(tables) = now.tables() else { return Vec::new() };
    let known = before.tables().or_else(|| now.tables_first()).unwrap_or_default();
    let found = tables.iter().filter_map(|table| {
        let was = known.iter().find(|one| one.name == table.name)?;
        finding(was, table)
    });
    let what =
        format!("{} seen, none fills up with old rows (an estimate)", source::many(tables.len(), "table"));
    or_ok(found.collect(), Topic::Tables, what)
}

fn finding(was: &Table, table: &Table) -> Option<Finding> {
    let name = shown(&table.name);
    let (share_before, share) = (was.dead_share(), table.dead_share());
    let all = |table: &Table| (table.bytes + table.index_bytes) as f64;
    let (bytes_before, bytes) = (all(was), all(table));
    let dead = table.dead >= DEAD && share >= SHARE && share - share_before >= MORE;
    let grown = bytes - bytes_before >= GROWN && bytes >= bytes_before * (1.0 + BY);
    if !dead && !grown {
        return None;
    }
    let mut what = Vec::new();
    if dead {
        what.push(format!(
            "{:.0} % of the rows of {name} are old versions, about {}, before {:.0} %",
            share * 100.0,
            table.dead,
            share_before * 100.0
        ));
    }
    if grown {
        let grew = format!("{} with indexes, before {}", size(bytes), size(bytes_before));
        what.push(if dead { format!("it has {grew}") } else { format!("{name} has {grew}") });
    }
    let cure = match dead {
        true => format!(
            "VACUUM (ANALYZE) {name}; where that clears nothing, an old transaction or a slot holds them"
        ),
        false => "see what writes to it: a backfill, or a statement of the new version".to_owned(),
    };
    let finding = Finding::new(Topic::Tables, State::Worse, format!("{} (an estimate)", what.join("; ")));
    let finding = finding.about(name).cure(cure).numbers("bytes", bytes_before, bytes);
    Some(finding.numbers("dead", was.dead as f64, table.dead as f64).numbers(
        "dead_share",
        share_before,
        share,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    fn seen(bytes: u64, live: u64, dead: u64) -> Seen {
        let table = Table { name: "public.t".to_owned(), bytes, live, dead, index_bytes: 0 };
        Seen { samples: vec![Sample { tables: Some(vec![table]), ..Sample::default() }], statements: None }
    }

    #[test]
    fn old_versions_and_growth_are_told_where_they_are_more_than_before() {
        let state = |before: Seen, now: Seen| findings(&before, &now)[0].state;
        assert_eq!(state(seen(1, 100_000, 0), seen(1, 100_000, 20_000)), State::Ok);
        assert_eq!(state(seen(1, 100_000, 0), seen(1, 100_000, 25_000)), State::Worse);
        assert_eq!(state(seen(1, 100_000, 20_000), seen(1, 100_000, 25_000)), State::Ok);
        assert_eq!(state(seen(1, 1_000, 0), seen(1, 1_000, 900)), State::Ok);
        assert_eq!(state(seen(400_000_000, 9, 0), seen(520_000_000, 9, 0)), State::Worse);
        assert_eq!(state(seen(900_000_000, 9, 0), seen(1_000_000_000, 9, 0)), State::Ok);
        assert!(findings(&Seen::default(), &Seen::default()).is_empty());
    }
}
