//! A dropped table is put aside under another name first, and goes a deploy later. No recipe by itself: the one for
//! dropped objects is made of it where that is asked for.

use super::drop_object::locked_first;
use crate::model::{Followers, Gate, Part, Phase, Stage};
use crate::names;
use crate::site::{Site, shown};
use catalog::written::{quoted, sql_name};
use catalog::{Change, Constraint, ConstraintKind, QName, Relation, TypeRef};
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
    let mut beside = Vec::new();
    for table in &tables {
        let (sql, others) = loosened(site, table, &tables);
        first.extend(sql);
        beside.extend(others);
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
    let mut part = part.then(Stage::at_once(Phase::Contract(1), first, gates.clone())).then(Stage::later(
        Phase::Contract(2),
        vec![last],
        Vec::new(),
    ));
    let needed = site.others().filter(|(at, step)| *at > site.at && is_needed(step, &tables));
    let statements: Vec<usize> = needed.map(|(at, _)| at).collect();
    if !statements.is_empty() {
        part.followers = Some(Followers { statements, phase: Phase::Contract(2), gates });
    }
    Some(part)
}

/// Foreign keys that would keep others from writing while the table is aside: those that point to it, and its own that
/// refuse to let rows of other tables go. With the tables at the other end of each.
fn loosened<'a>(site: Site<'a>, table: &Relation, tables: &[&Relation]) -> (Vec<String>, Vec<&'a Relation>) {
    let goes = |id| tables.iter().any(|table| table.id == id);
    let (mut sql, mut others) = (Vec::new(), Vec::new());
    for owner in site.before().relations().filter(|owner| !owner.partition) {
        let holds = |constraint: &&Constraint| match &constraint.kind {
            ConstraintKind::ForeignKey { target: Some(target), .. } if goes(owner.id) && goes(*target) => {
                false
            }
            ConstraintKind::ForeignKey { target: Some(target), on_delete, .. } => {
                *target == table.id
                    || (owner.id == table.id && matches!(*on_delete, "NO ACTION" | "RESTRICT"))
            }
            _ => false,
        };
        for constraint in owner.constraints.iter().filter(holds) {
            if !goes(owner.id) {
                others.push(&**owner);
            } else if let ConstraintKind::ForeignKey { target: Some(target), .. } = &constraint.kind {
                others.extend(site.relation(*target).filter(|target| !goes(target.id)));
            }
            let (owner, name) = (sql_name(&owner.name), quoted(&constraint.name));
            sql.push(format!("ALTER TABLE {owner} DROP CONSTRAINT {name}"));
        }
    }
    (sql, others)
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
