//! What a schema that is being edited will come to: the migration that `drizzle-kit generate` would write
//! from it, judged before anybody generates it, and told where the schema is declared.
//!
//! Only what the schema and the newest snapshot surely part ways in (`facts::schema_differences`). No SQL
//! is written for what can't break the deployed app by itself: new tables, columns with a default, and what
//! no difference tells of (keys, checks, indexes, policies).

use crate::apps::{self, Differences, with_code, with_snapshots};
use crate::check::{Checked, Checks};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::Choice;
use drizzle::{Migration, Project, QName, split_chunks};
use facts::{PendingSet, SchemaDifference, SchemaDifferenceKind as Kind};
use source::{Diagnostic, Group, Label, Severity, SourceFile, Span};

/// The name of the migration that does not exist.
const TAG: &str = "what `drizzle-kit generate` would write";

/// What the schema of a project, as it is edited, would do to the deployed app.
pub fn findings(disk: &Disk, checks: &mut Checks<'_>, checked: &Checked) -> Result<Vec<Diagnostic>, Error> {
    let selected = &checked.selected;
    let Some(differences) = apps::differences(disk, checks.judge.versions(), &selected.as_written) else {
        return Ok(Vec::new());
    };
    let mut written: Vec<(String, &SchemaDifference)> = differences
        .found
        .iter()
        .flat_map(|one| statements(one, &differences).into_iter().map(move |sql| (sql, one)))
        .collect();
    if written.is_empty() {
        return Ok(Vec::new());
    }
    // Views go before what they read, and types when nothing is of them any more.
    written.sort_by_key(|(sql, _)| match sql {
        sql if sql.starts_with("DROP VIEW") || sql.starts_with("DROP MATERIALIZED") => 0,
        sql if sql.starts_with("DROP TYPE") => 2,
        _ => 1,
    });
    let sql: Vec<&str> = written.iter().map(|(sql, _)| sql.as_str()).collect();
    let mut project = selected.project.clone();
    project.migrations.push(migration(&sql.join(&format!("\n{}\n", drizzle::BREAKPOINT))));
    // It is deployed together with what is new already.
    let newest = project.migrations.len() - 2;
    let pending = selected.sets.last().filter(|set| set.migrations.last() == Some(&newest));
    let mut set = pending.map_or_else(Vec::new, |set| set.migrations.clone());
    set.push(newest + 1);
    let mut sets = with_snapshots(disk, &project, &[set], Choice::New, &mut Vec::new());
    with_new_app(disk, checks, checked, &project, &mut sets)?;
    let analysis = facts::analyze(&project, &sets, &checked.options);
    let mut found = linter::findings(&analysis, &project);
    found.retain(|one| one.migration.as_deref() == Some(TAG) && is_harm(one));
    let found = linter::weigh(found, &checked.settings.weights());
    Ok(found.into_iter().filter_map(|one| placed(one, &written, &differences)).collect())
}

/// The apps that meet the set: those that are deployed, and the one that is being written.
fn with_new_app(
    disk: &Disk,
    checks: &mut Checks<'_>,
    checked: &Checked,
    project: &Project,
    sets: &mut [PendingSet],
) -> Result<(), Error> {
    let deployed = checks.judge.serving(project, &checked.settings)?;
    with_code(disk, checks.judge.versions(), project, sets, &deployed, false);
    Ok(())
}

/// What is worth telling before there is a migration.
fn is_harm(found: &Diagnostic) -> bool {
    let group = matches!(found.group, Group::BreaksOldApp | Group::LosesData | Group::Fails | Group::Blocks);
    group && found.severity > Severity::Info
}

fn migration(sql: &str) -> Migration {
    let file = SourceFile::new(TAG, sql);
    Migration {
        tag: TAG.to_owned(),
        chunks: split_chunks(&file.text),
        file,
        readable: true,
        when: None,
        snapshot: None,
        breakpoints: true,
        sql_path: TAG.to_owned(),
        journal_span: None,
    }
}

/// A finding where the schema is declared, or was.
fn placed(
    mut found: Diagnostic,
    written: &[(String, &SchemaDifference)],
    differences: &Differences,
) -> Option<Diagnostic> {
    let (sql, difference) = written.get(found.statement?)?;
    let (file, span) = match difference.place.as_ref().and_then(|place| differences.code.shown(place)) {
        Some(shown) => shown,
        // The declaration is gone: what is left is the file, if that can be told.
        None => {
            let path = differences.code.schema.files.first()?;
            (SourceFile::new(&**path, ""), Span::default())
        }
    };
    found.primary = Label { file, span, text: String::new() };
    found.secondary.retain(|label| label.file.path != TAG);
    found.why.insert(0, format!("`drizzle-kit generate` would write: {sql}"));
    // Nothing is broken before it is generated.
    found.severity = found.severity.min(Severity::Warning);
    (found.migration, found.statement) = (None, None);
    Some(found)
}

/// What drizzle-kit writes for a difference, as far as that is needed here.
fn statements(one: &SchemaDifference, differences: &Differences) -> Vec<String> {
    let table = named(&one.name);
    let column = one.column.as_deref().map(quoted);
    match (&one.kind, column) {
        (Kind::OnlyInSnapshot, Some(column)) => vec![format!("ALTER TABLE {table} DROP COLUMN {column};")],
        (Kind::OnlyInSnapshot, None) => {
            let snapshot = &differences.snapshot;
            let kind = match (snapshot.tables.contains_key(&one.name), snapshot.views.get(&one.name)) {
                (true, _) => return vec![format!("DROP TABLE {table} CASCADE;")],
                (_, Some(view)) if view.materialized => "MATERIALIZED VIEW",
                (_, Some(_)) => "VIEW",
                _ => "TYPE",
            };
            vec![format!("DROP {kind} {table};")]
        }
        (Kind::OnlyInCode, Some(column)) => added(one, differences, &table, &column).into_iter().collect(),
        (Kind::Type(code, _), Some(column)) => {
            vec![format!("ALTER TABLE {table} ALTER COLUMN {column} SET DATA TYPE {code};")]
        }
        (Kind::NotNull(code), Some(column)) => {
            let word = if *code { "SET" } else { "DROP" };
            vec![format!("ALTER TABLE {table} ALTER COLUMN {column} {word} NOT NULL;")]
        }
        (Kind::Values(code, known), None) => values(&table, code, known),
        _ => Vec::new(),
    }
}

/// A new column that inserts have to give a value for; others are no hazard.
fn added(one: &SchemaDifference, differences: &Differences, table: &str, column: &str) -> Option<String> {
    let relation = differences.code.schema.relation(&one.name)?;
    let declared = relation.column(one.column.as_deref()?)?;
    let harmless = declared.default || declared.generated || declared.identity || !declared.not_null;
    let ty = declared.sql_type.as_ref().filter(|_| !harmless)?;
    // A type that is new itself is made before, which this SQL does not do.
    let fresh = differences.found.iter().any(|other| {
        other.kind == Kind::OnlyInCode && other.column.is_none() && ty.contains(&other.name.name)
    });
    (!fresh).then(|| format!("ALTER TABLE {table} ADD COLUMN {column} {ty} NOT NULL;"))
}

/// New values are added where they stand. Where some are gone the type is made anew, which is told when
/// that migration is there.
fn values(name: &str, code: &[String], known: &[String]) -> Vec<String> {
    if known.iter().any(|value| !code.contains(value)) {
        return Vec::new();
    }
    let new = code.iter().filter(|value| !known.contains(value));
    new.map(|value| format!("ALTER TYPE {name} ADD VALUE '{}';", value.replace('\'', "''"))).collect()
}

fn named(name: &QName) -> String {
    match name.schema.as_str() {
        "public" => quoted(&name.name),
        schema => format!("{}.{}", quoted(schema), quoted(&name.name)),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
