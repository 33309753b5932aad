//! Columns and tables that the database has and the code does not declare.

use super::{Item, Kind, Object, Status};
use crate::past::{LIMIT, taken_out};
use crate::versions::{Version, Versions};
use catalog::written::quoted;
use catalog::{Catalog, Relation};
use code::{Code, Schema};
use drizzle::{Project, QName};
use source::SourceFile;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// Adds what neither the code of now nor, it may be, deployed code declares. Where a schema can't be read
/// whole, what that hides is left out, and said.
pub fn add(
    versions: &mut Versions<'_>,
    project: &Project,
    end: &Catalog,
    now: &Arc<Version>,
    deployed: &[Arc<Version>],
    status: &mut Status,
) {
    let schema = versions.schema(now, project).schema;
    if schema.relations.is_empty() {
        let what = "no table was found in the code as it is now, so columns were not held against it";
        if project.config.is_some() {
            status.notes.push(what.to_owned());
        }
        return;
    }
    let missing: Vec<Item> = end
        .relations()
        .filter(|relation| relation.is_table() && !relation.partition && !is_ledger(project, relation))
        .flat_map(|relation| undeclared(end, relation, &schema, &project.waiting))
        .collect();
    let interest: BTreeSet<QName> = missing.iter().map(|item| named(&item.relation)).collect();
    if interest.is_empty() {
        return;
    }
    let mut codes: Vec<(Arc<Version>, Code)> = Vec::new();
    for version in deployed.iter().chain([now]) {
        let start = versions.start(version, project);
        let (code, note) = versions.code(version, &start, Some(&interest));
        status.notes.extend(note);
        let hidden = code.gaps.iter().filter(|gap| gap.in_schema).count();
        if hidden > 0 || code.schema.relations.is_empty() {
            let label = version.label();
            status.notes.push(format!(
                "{label}: the schema could not be read whole, so more may be declared than was found"
            ));
        }
        codes.push((version.clone(), code));
    }
    let until = Instant::now() + LIMIT;
    for mut item in missing {
        let relation = named(&item.relation);
        let column = item.part.as_deref();
        for (version, code) in &codes {
            let known = code.schema.relation(&relation);
            let place = match column {
                Some(column) => known.and_then(|known| known.column(column)).map(|column| &column.place),
                None => known.map(|known| &known.place),
            };
            item.places.extend(place.map(|place| (version.label(), place.clone())));
            let uses = code.uses_of(&relation, column).take(3);
            item.places.extend(uses.map(|found| (version.label(), found.place.clone())));
        }
        if deployed.is_empty() || !item.places.is_empty() {
            item.kind = Kind::Undeclared;
            let labels: BTreeSet<&str> = item.places.iter().map(|(label, _)| label.as_str()).collect();
            item.what = match labels.into_iter().collect::<Vec<_>>().join(" and ") {
                none if none.is_empty() => {
                    "the code as it is now does not declare it, and which code is deployed is not known"
                        .to_owned()
                }
                labels => format!("declared or named at {labels}"),
            };
        }
        item.taken_out = taken_out(versions, project, now, &schema, (&relation, column), until);
        let seen = item.taken_out.is_some() || Instant::now() >= until;
        if !seen && item.part.is_none() && item.kind == Kind::ReadyToDrop {
            item.what.push_str("; no code that was seen ever declared it, so another program may use it");
        }
        status.items.push(item);
    }
}

/// The relation if the schema does not declare it, else those of its columns that it does not; but what a step that is
/// under way needs is on its way in.
fn undeclared(end: &Catalog, relation: &Relation, schema: &Schema, waiting: &[Arc<SourceFile>]) -> Vec<Item> {
    let name = QName::new(&relation.name.schema, &relation.name.name);
    let what = "no code declares or names it";
    let Some(declared) = schema.relation(&name) else {
        let object = Object::Relation(relation.id);
        return vec![Item::new(Kind::ReadyToDrop, &relation.name, None, what.to_owned(), object)];
    };
    if declared.open.is_some() {
        return Vec::new();
    }
    // Nobody writes a generated column, and an inherited one goes with its parent's.
    let own = relation.columns.iter().filter(|column| column.generated.is_none() && !column.inherited);
    let missing = own.filter(|column| declared.column(&column.name).is_none());
    let missing = missing.filter(|column| {
        let awaited = waiting.iter().any(|file| file.text.contains(&quoted(&column.name)));
        !awaited && !facts::is_filled_by_trigger(end, relation, &column.name)
    });
    let item = |column: &catalog::Column| {
        let object = Object::Column(relation.id, column.id);
        let what = match facts::trigger_that_names(end, relation, &column.name) {
            Some(trigger) => format!("{what}; the trigger {} does: drop it first", trigger.name),
            None => what.to_owned(),
        };
        Item::new(Kind::ReadyToDrop, &relation.name, Some(&column.name), what, object)
    };
    missing.map(|column| item(column)).collect()
}

fn is_ledger(project: &Project, relation: &Relation) -> bool {
    relation.name.schema == project.ledger.schema && relation.name.name == project.ledger.table
}

fn named(relation: &str) -> QName {
    let (schema, name) = relation.split_once('.').unwrap_or(("public", relation));
    QName::new(schema, name)
}
