//! A dropped table is put aside under another name first, and goes a deploy later. No recipe by itself: the one for
//! dropped objects is made of it where that is asked for.

use super::drop_object::{kept_from_deletes, locked_first};
use crate::model::{Followers, Gate, Part, Phase, Stage};
use crate::names;
use crate::site::{Site, shown};
use catalog::written::{quoted, sql_name};
use catalog::{Change, ConstraintKind, QName, Relation, TypeRef};
use facts::Step;
use sql::Stmt;

/// The path. `None` where the statement drops something else than tables.
pub(super) fn path(site: Site<'_>) -> Option<Part> {
    let Stmt::Drop(drop) = site.stmt()? else { return None };
    let mut tables: Vec<&Relation> = Vec::new();
    for change in &site.step.changes {
        if let Change::RelationDropped { relation, cascade: false, .. } = change {
            tables.push(site.before().relation(*relation).filter(|relation| relation.is_table())?);
        }
    }
    let known = [site.before(), &*site.judged().start, &*site.judged().end];
    let (mut first, mut asides, mut names, mut gates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut beside, mut bound) = (Vec::new(), Vec::new());
    for table in &tables {
        let loose = loosened(site, table, &tables);
        first.extend(loose.sql);
        beside.extend(loose.others);
        bound.extend(loose.bound);
        let schema = &table.name.schema;
        let aside = names::of_index(&known, site.parts, schema, &table.name.name, "__dropped");
        first.push(format!("ALTER TABLE {} RENAME TO {}", sql_name(&table.name), quoted(&aside)));
        asides.push(QName::new(&**schema, &*aside));
        names.push(shown(&table.name));
        gates.push(Gate::Unused { relation: site.label(table.id), column: None });
    }
    if tables.is_empty() {
        return None;
    }
    if let Some(lock) = locked_first(beside) {
        first.insert(0, lock);
    }
    let list: Vec<String> = asides.iter().map(sql_name).collect();
    let cascade = if drop.cascade { " CASCADE" } else { "" };
    let last = format!("DROP TABLE {}{cascade}", list.join(", "));
    let why = "pods of the deployed version still need it; it is put aside once none of them runs, and dropped in a later deploy: until then its rows are there";
    let part = site.part("drop-object", format!("drop table {}", names.join(", ")), why);
    let dropped = match locked_first(bound) {
        Some(lock) => Stage::at_once(Phase::Contract(2), vec![lock, last], Vec::new()),
        None => Stage::later(Phase::Contract(2), vec![last], Vec::new()),
    };
    let mut part = part.then(Stage::at_once(Phase::Contract(1), first, gates.clone())).then(dropped);
    part.advice.extend(kept_from_deletes(site));
    let needed = site.others().filter(|(at, step)| *at > site.at && is_needed(step, &tables));
    let statements: Vec<usize> = needed.map(|(at, _)| at).collect();
    if !statements.is_empty() {
        part.followers = Some(Followers { statements, phase: Phase::Contract(2), gates });
    }
    Some(part)
}

/// What is done about the foreign keys of a table that is put aside.
struct Loosened<'a> {
    /// Drops those that would keep others from writing while it is aside: those that point to it, and its own that refuse
    /// to let rows of other tables go.
    sql: Vec<String>,
    /// The tables at the other end of these.
    others: Vec<&'a Relation>,
    /// The tables at the other end of those that stay until it is dropped.
    bound: Vec<&'a Relation>,
}

fn loosened<'a>(site: Site<'a>, table: &Relation, tables: &[&Relation]) -> Loosened<'a> {
    let goes = |id| tables.iter().any(|table| table.id == id);
    let mut loose = Loosened { sql: Vec::new(), others: Vec::new(), bound: Vec::new() };
    for owner in site.before().relations().filter(|owner| !owner.partition) {
        for constraint in &owner.constraints {
            let ConstraintKind::ForeignKey { target: Some(target), on_delete, .. } = &constraint.kind else {
                continue;
            };
            let other = match (owner.id == table.id, *target == table.id) {
                (true, false) if !goes(*target) => site.relation(*target),
                (false, true) if !goes(owner.id) => Some(&**owner),
                _ => continue,
            };
            if owner.id == table.id && !matches!(*on_delete, "no action" | "restrict") {
                loose.bound.extend(other);
                continue;
            }
            loose.others.extend(other);
            let (owner, name) = (sql_name(&owner.name), quoted(&constraint.name));
            loose.sql.push(format!("ALTER TABLE {owner} DROP CONSTRAINT {name}"));
        }
    }
    loose
}

/// Whether a statement drops what the tables are made of.
fn is_needed(step: &Step, tables: &[&Relation]) -> bool {
    step.changes.iter().any(|change| match change {
        Change::TypeDropped { ty, .. } => {
            tables.iter().flat_map(|table| &table.columns).any(|column| column.ty.base == TypeRef::User(*ty))
        }
        Change::FunctionDropped(_) => true,
        Change::RelationDropped { name, .. } => {
            tables.iter().flat_map(|table| &table.columns).any(|column| {
                let default = column.default.as_ref();
                default.is_some_and(|default| default.text.contains(&*name.name))
            })
        }
        Change::SchemaDropped(name) => tables.iter().any(|table| table.name.schema == *name),
        _ => false,
    })
}
