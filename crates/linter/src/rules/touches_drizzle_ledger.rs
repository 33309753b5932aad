//! SQL changes the table in which Drizzle notes what it has run.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "touches-drizzle-ledger",
    group: Group::Journal,
    severity: Severity::Error,
    summary: "a migration changes the table in which Drizzle notes what it has run",
};

/// What Drizzle calls it unless it is told otherwise.
const DEFAULT: &str = "__drizzle_migrations";

/// Statements that take more than a reader's lock on the ledger, or drop its schema.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let ledger = &cx.project.ledger;
    let label = format!("{}.{}", ledger.schema, ledger.table);
    // A bare name is looked up on the search_path, and nobody else calls a table like this.
    let bare = format!("public.{}", ledger.table);
    let is_ledger = |relation: &str| relation == label || (relation == bare && ledger.table == DEFAULT);
    for at in cx.steps() {
        let locked = at
            .facts()
            .locks
            .iter()
            .any(|lock| is_ledger(&lock.relation) && lock.mode > facts::LockMode::RowShare);
        // Nothing else hides behind the schema `public`, which is not Drizzle's alone.
        let schema = if ledger.schema == "public" { "" } else { ledger.schema.as_str() };
        if !locked && !at.drops_schema(schema) && !place::reshapes(at.step, schema, &ledger.table) {
            continue;
        }
        out.push(
            at.finding(&META, format!("changes `{label}`, Drizzle's own list of migrations that have run"))
                .about(&label)
                .on(at.on_name(&label))
                .why("the migrator read the list before it began, and adds its own rows when all files have run; what a file changes in it is not seen in this run")
                .why("a row that is missing or has another created_at makes the next run skip migrations in silence or run them twice: it runs what is newer than max(created_at)")
                .fix(
                    "Take the statement out of the migration. To mark a migration as run or not run, do it by hand on the one \
                     database that needs it, with a transaction and a look at the rows first:",
                )
                .code(format!(
                    "SELECT id, hash, to_timestamp(created_at / 1000) FROM {}.{} ORDER BY created_at DESC LIMIT 10;\n",
                    quoted(&ledger.schema),
                    quoted(&ledger.table)
                )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::META;
    use drizzle::{MemoryFiles, load_sql_files};
    use facts::{Options, PendingSet, analyze};

    fn found(sql: &str) -> usize {
        let (project, _) =
            load_sql_files(&MemoryFiles::new([("0000_a.sql", sql)]), &["0000_a.sql".to_owned()]);
        let set = PendingSet { migrations: vec![0], old_apps: Vec::new(), new_app: None };
        let analysis = analyze(&project, &[set], &Options::default());
        crate::lint(&analysis, &project).iter().filter(|found| found.rule == META.name).count()
    }

    // Pages and cases run on servers, where the migrator needs its list in the end.
    #[test]
    fn the_list_can_be_hit_without_a_lock_that_is_known() {
        for sql in [
            "DROP SCHEMA IF EXISTS drizzle CASCADE",
            "ALTER SCHEMA drizzle RENAME TO x",
            "DROP TABLE IF EXISTS drizzle.__drizzle_migrations",
            "ALTER TABLE drizzle.__drizzle_migrations RENAME TO x",
            "SELECT setval('drizzle.__drizzle_migrations_id_seq', 100)",
            "DELETE FROM __drizzle_migrations",
        ] {
            assert_eq!(found(sql), 1, "{sql}");
        }
        for sql in [
            "CREATE SCHEMA IF NOT EXISTS drizzle",
            "SELECT * FROM drizzle.__drizzle_migrations",
            "DROP TABLE IF EXISTS migrations",
            "SELECT setval('migrations_id_seq', 100)",
        ] {
            assert_eq!(found(sql), 0, "{sql}");
        }
    }
}
