//! How much room the coming migrations take: tables written anew with their indexes, new indexes, and WAL.
//!
//! How much is free can't be asked of a server; who knows it says so. Sizes are the most that can be
//! needed: an index is taken to be no larger than its table.

use super::words::{list, number, text};
use super::{Bounds, Check, Coming, State, Topic};
use crate::ledger::literal;
use pg::{Connection, Error};
use source::{shown, size};

pub async fn checks(session: &Connection, coming: &Coming, bounds: &Bounds) -> Result<Vec<Check>, Error> {
    if coming.rewritten.is_empty() && coming.indexed.is_empty() {
        return Ok(vec![Check::ok(Topic::Disk, "no table is written anew, and no index is built")]);
    }
    let mut tables: Vec<String> = coming.rewritten.iter().chain(&coming.indexed).cloned().collect();
    tables.sort();
    tables.dedup();
    let sizes = sizes(session, &tables).await?;
    let of = |name: &String| sizes.iter().find(|(table, ..)| table == name);
    let copies: f64 = coming.rewritten.iter().filter_map(of).map(|(_, total, _)| total).sum();
    let indexes: f64 = coming.indexed.iter().filter_map(of).map(|(_, _, heap)| heap).sum();
    let needed = copies + indexes;
    let wal = wal(session, needed).await?;
    let mut checks = vec![judged(needed, wal, &tables, bounds.free_disk)];
    let largest = coming.indexed.iter().filter_map(of).map(|(_, _, heap)| *heap).fold(0.0, f64::max);
    // In kB; -1 where there is none.
    let limit = super::setting(session, "temp_file_limit").await?.filter(|limit| *limit >= 0.0);
    if let Some(limit) = limit.map(|limit| limit * 1024.0).filter(|limit| *limit < largest) {
        let what = format!(
            "temp_file_limit is {}, and sorting for an index of {} may take {}",
            size(limit),
            list(&coming.indexed),
            size(largest)
        );
        checks.push(
            Check::new(Topic::Disk, State::Warning, what)
                .about("temp_file_limit")
                .number("bytes", limit)
                .cure("have a superuser raise it for the role that migrates: ALTER ROLE .. SET temp_file_limit = -1"),
        );
    }
    Ok(checks)
}

/// Name, bytes with indexes and TOAST, bytes of the rows alone; of partitioned tables all of it.
async fn sizes(session: &Connection, tables: &[String]) -> Result<Vec<(String, f64, f64)>, Error> {
    let names: Vec<String> = tables.iter().map(|table| literal(table)).collect();
    let query = format!(
        "SELECT n.nspname || '.' || c.relname, sum(pg_catalog.pg_total_relation_size(t.id))::float8, \
         sum(pg_catalog.pg_relation_size(t.id))::float8 \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, \
         LATERAL (SELECT c.oid AS id UNION SELECT relid::oid FROM pg_catalog.pg_partition_tree(c.oid)) t \
         WHERE n.nspname || '.' || c.relname IN ({}) GROUP BY 1",
        names.join(", ")
    );
    let rows = session.rows(&query).await?;
    let value = |row: &pg::Row, at| number(row, at).unwrap_or_default();
    Ok(rows.iter().map(|row| (text(row, 0).to_owned(), value(row, 1), value(row, 2))).collect())
}

/// The WAL that stays on the disk meanwhile: as much as is written, up to what a checkpoint lets it grow to.
async fn wal(session: &Connection, needed: f64) -> Result<f64, Error> {
    let level = session.value("SELECT pg_catalog.current_setting('wal_level')").await?;
    if level.as_deref() == Some("minimal") {
        return Ok(0.0);
    }
    let most = super::setting(session, "max_wal_size").await?;
    Ok(most.map_or(needed, |megabytes| needed.min(megabytes * 1_048_576.0)))
}

fn judged(needed: f64, wal: f64, tables: &[String], free: Option<u64>) -> Check {
    let all = needed + wal;
    let what = format!("up to {} for {}, and {} for WAL", size(needed), list(tables), size(wal));
    let free = free.map(|free| free as f64);
    let check = |state, what| {
        let check = Check::new(Topic::Disk, state, what).number("needed", needed).number("wal", wal);
        let check = if let [one] = tables { check.about(shown(one)) } else { check };
        match free {
            Some(free) => check.number("free", free),
            None => check,
        }
    };
    match free {
        Some(free) if all > free => {
            check(State::Stop, format!("{what}: more than the {} that are free", size(free)))
                .cure("make room on the server's disk first: one that is full stops all writes")
        }
        Some(free) if all > free * 0.8 => {
            check(State::Warning, format!("{what}: nearly all of the {} that are free", size(free)))
                .cure("make room on the server's disk first")
        }
        Some(free) => check(State::Ok, format!("{what}; {} are free", size(free))),
        None if all < LITTLE => check(State::Ok, what),
        None => check(State::Unknown, format!("{what}; how much is free is not known"))
            .cure("look at the server's disk, and say it: --free-disk 200GB"),
    }
}

/// Bytes that a server has.
const LITTLE: f64 = 256e6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_is_held_against_what_is_free() {
        let tables = ["public.users".to_owned()];
        let state = |needed, free| judged(needed, 1e9, &tables, free).state;
        assert_eq!(state(1e9, None), State::Unknown);
        assert_eq!(judged(1e6, 1e6, &tables, None).state, State::Ok);
        assert_eq!(
            (state(1e9, Some(10_000_000_000)), state(1e9, Some(2_100_000_000))),
            (State::Ok, State::Warning)
        );
        assert_eq!(state(1e9, Some(1_900_000_000)), State::Stop);
    }
}
