//! SQL to copy, in the forms that fit drizzle-kit and its migrator.

use crate::context::{At, Table};
use catalog::QName;
use catalog::written::{constraint_definition, literal, quoted, sql_name, sql_type};

/// SQL that can't run in the migrator's transaction: a migration file of its own.
pub(crate) fn own_file(sql: &str) -> String {
    format!("COMMIT;\n--> statement-breakpoint\n{sql}\n")
}

/// The words that go with [`own_file`].
pub(crate) const OWN_FILE: &str = "Put it alone in a migration of its own (`drizzle-kit generate --custom`) that \
starts with COMMIT, since the migrator opens a transaction and CONCURRENTLY refuses to run in one.";

/// A constraint in two migrations: promised for new rows first, checked for old rows later.
pub(crate) fn in_two_steps(table: &Table<'_>, name: &str, definition: &str) -> String {
    let (table, name) = (table.sql(), quoted(name));
    format!(
        "-- this migration: new rows are checked, old ones are not read\n\
         ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID;\n\n\
         -- the next deploy: old rows are read while reads and writes go on\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"
    )
}

/// NOT NULL by way of a CHECK, so that SET NOT NULL reads nothing.
pub(crate) fn not_null_in_steps(table: &Table<'_>, column: &str) -> String {
    let check = quoted(&format!("{}_{column}_not_null", table.name()));
    let (table, column) = (table.sql(), quoted(column));
    format!(
        "-- in one deploy: new rows are checked, old ones are not read\n\
         ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n\n\
         -- in the next, once no row holds NULL: all are read while reads and writes go on\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {check};\n\n\
         -- in the one after that: the validated CHECK spares the scan\n\
         ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n\
         ALTER TABLE {table} DROP CONSTRAINT {check};\n"
    )
}

/// Rows deleted a thousand at a time, outside of the migration.
pub(crate) fn delete_batch(table: &Table<'_>, filter: Option<&str>) -> String {
    let sql = table.sql();
    let filter = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
    format!(
        "-- in a loop of a script, each turn a transaction of its own, until no row is deleted\n\
         DELETE FROM {sql}\nWHERE ctid = ANY (ARRAY(SELECT ctid FROM {sql}{filter} LIMIT 1000));\n"
    )
}

/// A unique index built while writes go on, then handed to a constraint.
pub(crate) fn constraint_from_index(table: &Table<'_>, name: &str, columns: &str, kind: &str) -> String {
    let (table, name) = (table.sql(), quoted(name));
    format!(
        "COMMIT;\n--> statement-breakpoint\n\
         CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns});\n\
         --> statement-breakpoint\n\
         ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};\n"
    )
}

/// One batch of a backfill, to be run in a loop outside of the migration.
pub(crate) fn batch(table: &Table<'_>, assignment: &str, condition: &str) -> String {
    let key = table
        .relation
        .and_then(|relation| {
            let key = relation.primary_key()?;
            relation.column_names(&key.columns).into_iter().next()
        })
        .unwrap_or_else(|| "id".to_owned());
    let (table, key) = (table.sql(), quoted(&key));
    format!(
        "-- in a loop of a script, each turn a transaction of its own, until no row is updated\n\
         UPDATE {table} SET {assignment}\n\
         WHERE {key} IN (\n  SELECT {key} FROM {table}\n  WHERE {condition}\n  ORDER BY {key} LIMIT 1000\n);\n"
    )
}

/// The values that an enum has gained, each added where it stands; empty if there are none.
pub fn new_values(name: &QName, (before, after): (&[String], &[String])) -> String {
    let ty = sql_name(name);
    let place = |n: usize| match n.checked_sub(1).and_then(|n| after.get(n)) {
        Some(previous) => format!(" AFTER {}", literal(previous)),
        None => before.first().map_or(String::new(), |first| format!(" BEFORE {}", literal(first))),
    };
    let added = after.iter().enumerate().filter(|(_, value)| !before.contains(value));
    added.map(|(n, value)| format!("ALTER TYPE {ty} ADD VALUE {}{};\n", literal(value), place(n))).collect()
}

/// A constraint as it would be written behind `ADD CONSTRAINT name`; `None` for those that own an index, whose safe
/// form is another.
pub(crate) fn plain_definition(
    at: At<'_>,
    relation: &catalog::Relation,
    constraint: &catalog::Constraint,
) -> Option<String> {
    if constraint.index().is_some() {
        return None;
    }
    constraint_definition(&at.step.after, relation, constraint)
}

/// The new column written together with its key; `None` where that form would read the table too.
pub(crate) fn inline_key(
    at: At<'_>,
    relation: &catalog::Relation,
    key: &catalog::Constraint,
) -> Option<String> {
    let [column] = key.columns.as_slice() else { return None };
    let column = relation.column_by_id(*column)?;
    if column.not_null || column.default.is_some() || !matches!(column.ty.base, catalog::TypeRef::Builtin(_))
    {
        return None;
    }
    let written = plain_definition(at, relation, key)?;
    let references = &written[written.find("REFERENCES")?..];
    let ty = sql_type(&at.step.after, &column.ty)?;
    let (table, name) = (sql_name(&relation.name), quoted(&column.name));
    Some(format!(
        "-- instead of ADD COLUMN and ADD CONSTRAINT\nALTER TABLE {table} ADD COLUMN {name} {ty} CONSTRAINT {} {references};\n",
        quoted(&key.name)
    ))
}

/// A lock_timeout for the rest of the transaction.
pub(crate) fn lock_timeout(seconds: u32) -> String {
    format!("SET LOCAL lock_timeout = {};\n", literal(&format!("{seconds}s")))
}
