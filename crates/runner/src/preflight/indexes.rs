//! Indexes that are invalid: writes keep them up, and no query uses them.

use super::words::{is, number, text};
use super::{Check, State, Topic};
use pg::{Connection, Error};
use source::{shown, size};

/// Those that are being built now are left out.
const INVALID: &str = "
SELECT n.nspname || '.' || i.relname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname),
  tn.nspname || '.' || t.relname, i.relkind = 'I', c.conname, pg_catalog.pg_relation_size(i.oid),
  (SELECT min(l.pid) FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.relation = t.oid AND l.granted
   AND l.mode = 'ShareUpdateExclusiveLock'
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')
WHERE NOT x.indisvalid AND i.relpersistence <> 't' AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.oid AND p.datname = pg_catalog.current_database()
) ORDER BY 1";

pub async fn checks(session: &Connection) -> Result<Vec<Check>, Error> {
    let rows = session.rows(INVALID).await?;
    let checks = rows.iter().map(|row| {
        let (index, quoted, table) = (shown(text(row, 0)), shown(text(row, 1)), shown(text(row, 2)));
        let check = |state, what: String| {
            let check = Check::new(Topic::Indexes, state, what).about(index);
            check.number("bytes", number(row, 5).unwrap_or_default())
        };
        if is(row, 3) {
            let what =
                format!("index {index} on {table} is invalid: some partition has no index attached to it");
            return check(State::Warning, what)
                .cure(format!("build it on each partition, then ALTER INDEX {quoted} ATTACH PARTITION"));
        }
        let what = format!(
            "index {index} on {table} is invalid ({}): writes keep it up, and no query uses it",
            size(number(row, 5).unwrap_or_default())
        );
        match (number(row, 6), text(row, 4)) {
            (Some(pid), _) => {
                check(State::Unknown, format!("{what}, unless process {pid} is building it now"))
                    .cure("look again when that process is done")
            }
            (None, constraint) if !constraint.is_empty() => {
                check(State::Warning, what).cure(format!("REINDEX INDEX CONCURRENTLY {quoted}"))
            }
            // What a rebuild left: the index itself is another one.
            (None, _) if index.ends_with("_ccnew") || index.ends_with("_ccold") => {
                check(State::Warning, what).cure(format!("DROP INDEX CONCURRENTLY {quoted}"))
            }
            (None, _) => check(State::Warning, what).cure(format!(
                "DROP INDEX CONCURRENTLY {quoted}, or build it again: REINDEX INDEX CONCURRENTLY {quoted}"
            )),
        }
    });
    Ok(super::or_ok(checks.collect(), Topic::Indexes, "all are valid"))
}
