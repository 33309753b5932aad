//! The schema that a snapshot declares as the same value that replaying SQL gives.
//!
//! The snapshot is written out as the statements that would make it, and these go through
//! `sql::parse` and `catalog::apply`: there is one builder of meaning. [`beyond_snapshot`] names what
//! a snapshot cannot say, so that nobody takes its silence for a difference.

use catalog::{Catalog, Kind, Scope, apply};
use drizzle::{Column, IndexColumn, Policy, QName, Snapshot, Table};

/// A schema as declared.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The schema.
    pub catalog: Catalog,
    /// What of the snapshot could not be understood, a line each: it is not in the schema.
    pub unread: Vec<String>,
}

/// What a snapshot has no words for, as kinds and facets to leave out of a comparison.
pub const BEYOND_SNAPSHOT: &[(Kind, Option<&str>)] = &[
    (Kind::Extension, None),
    (Kind::Domain, None),
    (Kind::Composite, None),
    (Kind::OtherType, None),
    // Those of serial and identity columns are named by Postgres.
    (Kind::OwnedSequence, None),
    (Kind::Partition, None),
    (Kind::ForeignTable, None),
    (Kind::Exclusion, None),
    (Kind::NotNull, None),
    (Kind::Trigger, None),
    (Kind::Rule, None),
    (Kind::Function, None),
    (Kind::Column, Some("collation")),
    (Kind::Table, Some("forced row level security")),
    (Kind::Table, Some("unlogged")),
    (Kind::Table, Some("partitioned by")),
    (Kind::Table, Some("inherits")),
    (Kind::PrimaryKey, Some("deferrable")),
    (Kind::Unique, Some("deferrable")),
    (Kind::ForeignKey, Some("deferrable")),
    (Kind::ForeignKey, Some("validated")),
    (Kind::Check, Some("validated")),
    (Kind::Check, Some("no inherit")),
    (Kind::Index, Some("include")),
    (Kind::Index, Some("nulls not distinct")),
    (Kind::Index, Some("valid")),
    (Kind::MaterializedView, Some("populated")),
];

/// `scope` without what a snapshot cannot say.
pub fn beyond_snapshot(scope: &Scope) -> Scope {
    let mut scope = scope.clone();
    scope.without.extend(BEYOND_SNAPSHOT);
    scope
}

/// The schema that a snapshot declares. Functions are taken from `beside`, the schema that it is to
/// be compared with, so that a call of one is the same call in both.
pub fn declared(snapshot: &Snapshot, beside: &Catalog) -> Declared {
    let mut made = Declared { catalog: Catalog::with_functions_of(beside), unread: Vec::new() };
    for schema in &snapshot.schemas {
        made.run(format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema)), schema);
    }
    for (name, values) in &snapshot.enums {
        let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
        made.run(format!("CREATE TYPE {} AS ENUM ({})", full(name), values.join(", ")), name);
    }
    for name in snapshot.sequences.keys() {
        made.run(format!("CREATE SEQUENCE {}", full(name)), name);
    }
    for (name, table) in &snapshot.tables {
        made.run(format!("CREATE TABLE {} ()", full(name)), name);
        for column in &table.columns {
            let add = format!("ALTER TABLE {} ADD COLUMN {}", full(name), definition(column));
            made.run(add, format!("{name}.{}", column.name));
        }
    }
    for (name, table) in &snapshot.tables {
        made.keys(name, table);
    }
    for (name, table) in &snapshot.tables {
        made.rest(name, table);
    }
    made.views(snapshot);
    for (name, table) in &snapshot.tables {
        if table.rls_enabled {
            made.run(format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", full(name)), name);
        }
        for policy in &table.policies {
            made.run(create_policy(name, policy), format!("{name}: {}", policy.name));
        }
    }
    made
}

impl Declared {
    fn run(&mut self, statement: String, what: impl std::fmt::Display) {
        let parsed = sql::parse(&statement, 0);
        for error in &parsed.errors {
            self.unread.push(format!("{what}: {}", error.message));
        }
        for statement in &parsed.statements {
            let applied = apply(&mut self.catalog, &statement.stmt);
            let refused = applied.refusals.iter().filter(|refusal| !refusal.outside_history);
            self.unread.extend(refused.map(|refusal| format!("{what}: {}", refusal.message)));
        }
    }

    fn keys(&mut self, name: &QName, table: &Table) {
        if let Some(key) = &table.primary_key {
            let called = key.name.as_ref().map(|name| format!("CONSTRAINT {} ", quoted(name)));
            let called = called.unwrap_or_default();
            let columns = list(&key.columns);
            self.run(format!("ALTER TABLE {} ADD {called}PRIMARY KEY ({columns})", full(name)), name);
        }
        for unique in &table.uniques {
            let nulls = if unique.nulls_not_distinct { "NULLS NOT DISTINCT " } else { "" };
            let (called, columns) = (quoted(&unique.name), list(&unique.columns));
            let add = format!("ALTER TABLE {} ADD CONSTRAINT {called} UNIQUE {nulls}({columns})", full(name));
            self.run(add, &unique.name);
        }
        for index in &table.indexes {
            let unique = if index.unique { "UNIQUE " } else { "" };
            let keys: Vec<String> = index.columns.iter().map(|key| index_key(key, &index.method)).collect();
            let filter = index.filter.as_ref().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
            let (called, method) = (quoted(&index.name), quoted(&index.method));
            let create = format!(
                "CREATE {unique}INDEX {called} ON {} USING {method} ({}){filter}",
                full(name),
                keys.join(", ")
            );
            self.run(create, &index.name);
        }
    }

    fn rest(&mut self, name: &QName, table: &Table) {
        for key in &table.foreign_keys {
            let add = format!(
                "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
                full(name),
                quoted(&key.name),
                list(&key.columns),
                full(&key.to),
                list(&key.to_columns),
                key.on_delete,
                key.on_update
            );
            self.run(add, &key.name);
        }
        for check in &table.checks {
            let called = quoted(&check.name);
            let add = format!("ALTER TABLE {} ADD CONSTRAINT {called} CHECK ({})", full(name), check.expr);
            self.run(add, &check.name);
        }
    }

    /// Views may read each other: those that read what is not there yet come again.
    fn views(&mut self, snapshot: &Snapshot) {
        let mut waiting: Vec<(&QName, String)> = Vec::new();
        for (name, view) in snapshot.views.iter().filter(|(_, view)| !view.existing) {
            let kind = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
            match &view.definition {
                Some(query) => waiting.push((name, format!("CREATE {kind} {} AS {query}", full(name)))),
                None => self.unread.push(format!("{name}: the snapshot does not say its query")),
            }
        }
        while !waiting.is_empty() {
            let left: Vec<QName> = waiting.iter().map(|(name, _)| (*name).clone()).collect();
            let reads_another = |name: &QName, text: &str| {
                left.iter().any(|other| other != name && text.contains(&quoted(&other.name)))
            };
            let (later, now): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(name, text)| reads_another(name, text));
            let stuck = now.is_empty();
            let (now, later) = if stuck { (later, Vec::new()) } else { (now, later) };
            for (name, statement) in now {
                self.run(statement, name);
            }
            waiting = later;
        }
    }
}

fn definition(column: &Column) -> String {
    let ty = match &column.type_schema {
        Some(schema) => {
            let base = column.sql_type.trim_end_matches("[]");
            format!("{}.{}{}", quoted(schema), quoted(base), &column.sql_type[base.len()..])
        }
        None => column.sql_type.clone(),
    };
    let mut text = format!("{} {ty}", quoted(&column.name));
    if let Some(identity) = &column.identity {
        let manner = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
        text.push_str(&format!(" GENERATED {manner} AS IDENTITY"));
    }
    match (&column.generated, &column.default) {
        (Some(generated), _) => {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            text.push_str(&format!(" GENERATED ALWAYS AS ({}) {kind}", generated.expr));
        }
        // In brackets, since it may be any expression.
        (None, Some(default)) => text.push_str(&format!(" DEFAULT ({default})")),
        (None, None) => {}
    }
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    text
}

fn index_key(key: &IndexColumn, method: &str) -> String {
    let mut text = match key.is_expression {
        // As Drizzle writes it: brackets, collation and order are part of the text.
        true => key.expression.clone(),
        false => quoted(&key.expression),
    };
    if let Some(class) = &key.opclass {
        text.push_str(&format!(" {class}"));
    }
    // Only a btree has an order.
    if method == "btree" {
        text.push_str(match (key.asc, key.nulls_first) {
            (true, false) => "",
            (true, true) => " NULLS FIRST",
            (false, true) => " DESC",
            (false, false) => " DESC NULLS LAST",
        });
    }
    text
}

fn create_policy(table: &QName, policy: &Policy) -> String {
    let role = |role: &String| match role.as_str() {
        "public" | "current_user" | "current_role" | "session_user" => role.clone(),
        name => quoted(name),
    };
    let mut roles: Vec<String> = policy.roles.iter().map(role).collect();
    if roles.is_empty() {
        roles.push("public".to_owned());
    }
    let manner = if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let clause = |word: &str, expr: &Option<String>| {
        expr.as_ref().map(|expr| format!(" {word} ({expr})")).unwrap_or_default()
    };
    format!(
        "CREATE POLICY {} ON {} AS {manner} FOR {} TO {}{}{}",
        quoted(&policy.name),
        full(table),
        policy.command,
        roles.join(", "),
        clause("USING", &policy.using),
        clause("WITH CHECK", &policy.with_check)
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn full(name: &QName) -> String {
    format!("{}.{}", quoted(&name.schema), quoted(&name.name))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
