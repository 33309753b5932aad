//! An index or key is made anew under its name: the new one is built beside the old one, and takes its name.

use super::{Answer, set_not_null};
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::written::{column_list, index_definition, quoted, sql_name};
use catalog::{Change, Constraint, ConstraintKind, Index, IndexOrigin, QName, Relation};
use facts::{BreakCause, Step};

/// What goes.
enum Old {
    Index(QName),
    Constraint(String),
}

/// What takes its place.
enum New<'a> {
    Index(&'a Index),
    Constraint(&'a Constraint, &'a Index),
}

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, old, primary) = dropped(site)?;
    let (at, step, new) = site.others().filter(|(at, _)| *at > site.at).find_map(|(at, step)| {
        let new = made(step, table, &old, primary)?;
        Some((at, step, new))
    })?;
    let after = step.after.relation(table.id)?;
    let (name, shown_table) = (new_name(&new), shown(&table.name));
    if site.is_partitioned(table.id) {
        return Some(Err(format!("`{shown_table}` is partitioned: CONCURRENTLY does not work there")));
    }
    let nullable: Vec<&str> = match &new {
        New::Constraint(constraint, _) if primary => {
            let columns = constraint.columns.iter().filter_map(|id| table.column_by_id(*id));
            columns.filter(|column| !column.not_null).map(|column| column.name.as_str()).collect()
        }
        _ => Vec::new(),
    };
    let building = format!("{}_new", name.chars().take(59).collect::<String>());
    let built = built(step, after, &new, &building)?;
    let (relation, temporary) =
        (sql_name(&table.name), sql_name(&QName::new(&*table.name.schema, &*building)));
    let build = vec![format!("DROP INDEX CONCURRENTLY IF EXISTS {temporary}"), built];
    let switch = switch(&relation, &old, &new, &temporary, &building);
    let needed = site.breaks(&[BreakCause::ConflictTarget])
        || step
            .facts
            .breaks_old_app
            .iter()
            .chain(&step.facts.may_break_old_app)
            .any(|one| one.cause == BreakCause::ConflictTarget)
        || site.found(&["drop-conflict-target"]);
    let why = match needed {
        true => {
            "upserts of the deployed version name the old key as their conflict target, and building the new one keeps writers waiting"
        }
        false => {
            "between the drop and the end of the build there is no index, and building it keeps writers waiting"
        }
    };
    let mut part = site.part("remade-key", format!("make {name} of {shown_table} anew"), why);
    part.statements.push(at);
    let deployed = vec![Gate::Deployed { migration: site.tag().to_owned() }];
    if !nullable.is_empty() {
        for column in &nullable {
            let condition = format!("{} IS NULL", quoted(column));
            let mut gates = deployed.clone();
            gates.push(Gate::NoRows { table: relation.clone(), condition });
            part = part.then_all(set_not_null::stages(&site, table, column, Phase::Contract(1), &gates));
        }
        let all = [build, switch].concat();
        return Some(Ok(part.then(Stage::later(Phase::Contract(1), all, deployed).apart())));
    }
    let part = part.then(Stage::outside(build));
    Some(Ok(match needed {
        true => part.then(Stage::later(Phase::Contract(1), switch, deployed).apart()),
        false => part.then(Stage::outside(switch)),
    }))
}

/// The index or key that this statement drops, and nothing else; whether it is the primary key.
fn dropped<'a>(site: Site<'a>) -> Option<(&'a Relation, Old, bool)> {
    let mut whole = site
        .step
        .changes
        .iter()
        .filter(|change| !matches!(change, Change::IndexDropped { cascade: true, .. }));
    let only = whole.next().filter(|_| whole.next().is_none())?;
    match only {
        Change::IndexDropped { index, cascade: false, .. } => {
            Some((site.before().relation(index.table)?, Old::Index(index.name.clone()), false))
        }
        Change::ConstraintDropped { relation, constraint, cascade: false } => {
            let primary = matches!(constraint.kind, ConstraintKind::PrimaryKey(_));
            constraint.index()?;
            Some((site.before().relation(*relation)?, Old::Constraint(constraint.name.clone()), primary))
        }
        _ => None,
    }
}

/// What a later statement makes in the place of it.
fn made<'a>(step: &'a Step, table: &Relation, old: &Old, primary: bool) -> Option<New<'a>> {
    let name = match old {
        Old::Index(name) => &name.name,
        Old::Constraint(name) => name,
    };
    step.changes.iter().find_map(|change| match change {
        Change::IndexCreated { relation, index, origin: IndexOrigin::Statement { .. } }
            if *relation == table.id =>
        {
            let index = step.after.index(*index)?;
            (index.name.name == *name).then_some(New::Index(index))
        }
        Change::ConstraintAdded { relation, name: added, with_column: None } if *relation == table.id => {
            let constraint = step.after.relation(table.id)?.constraint(added)?;
            let same = match constraint.kind {
                ConstraintKind::PrimaryKey(_) => primary,
                ConstraintKind::Unique(_) => added == name,
                _ => false,
            };
            let index = step.after.index(constraint.index()?)?;
            same.then_some(New::Constraint(constraint, index))
        }
        _ => None,
    })
}

fn new_name(new: &New<'_>) -> String {
    match new {
        New::Index(index) => index.name.name.clone(),
        New::Constraint(constraint, _) => constraint.name.clone(),
    }
}

/// The statement that builds the new index under another name.
fn built(step: &Step, table: &Relation, new: &New<'_>, name: &str) -> Option<String> {
    match new {
        New::Index(index) => {
            let renamed = Index { name: QName::new(&*index.name.schema, name), ..(*index).clone() };
            index_definition(&step.after, &renamed, true)
        }
        New::Constraint(constraint, index) => {
            let columns = column_list(&table.column_names(&constraint.columns));
            let nulls = if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
            let (name, table) = (quoted(name), sql_name(&table.name));
            Some(format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns}){nulls}"))
        }
    }
}

/// The old one goes, and the new one takes its name, for a moment's lock.
fn switch(table: &str, old: &Old, new: &New<'_>, temporary: &str, building: &str) -> Vec<String> {
    let added = |constraint: &Constraint| {
        let kind =
            if matches!(constraint.kind, ConstraintKind::PrimaryKey(_)) { "PRIMARY KEY" } else { "UNIQUE" };
        let deferrable = if constraint.deferrable { " DEFERRABLE" } else { "" };
        format!(
            "ADD CONSTRAINT {} {kind} USING INDEX {}{deferrable}",
            quoted(&constraint.name),
            quoted(building)
        )
    };
    match (old, new) {
        (Old::Constraint(old), New::Constraint(new, _)) => {
            vec![format!("ALTER TABLE {table} DROP CONSTRAINT {}, {}", quoted(old), added(new))]
        }
        (Old::Constraint(old), New::Index(index)) => vec![
            format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(old)),
            format!("ALTER INDEX {temporary} RENAME TO {}", quoted(&index.name.name)),
        ],
        (Old::Index(old), New::Index(index)) => vec![
            format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(old)),
            format!("ALTER INDEX {temporary} RENAME TO {}", quoted(&index.name.name)),
        ],
        (Old::Index(old), New::Constraint(new, _)) => vec![
            format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(old)),
            format!("ALTER TABLE {table} {}", added(new)),
        ],
    }
}
