//! A primary key takes over a unique index that was built while writes went on.

use super::{Answer, set_not_null};
use crate::model::{Gate, Phase, Stage};
use crate::site::{Site, shown};
use catalog::written::{column_list, quoted, sql_name};
use catalog::{Change, ConstraintKind, QName};
use facts::{BreakCause, ScanCause};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (table, name) = site.step.changes.iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, with_column: None } => {
            let constraint = site.after().relation(*relation)?.constraint(name)?;
            matches!(constraint.kind, ConstraintKind::PrimaryKey(_)).then_some((*relation, name))
        }
        _ => None,
    })?;
    let built = site.facts().scans.iter().any(|cost| cost.cause == ScanCause::ConstraintIndex && !cost.new);
    if !built {
        return None;
    }
    let table = site.relation(table)?;
    let after = site.after().relation(table.id)?;
    let constraint = after.constraint(name)?;
    if site.is_partitioned(table.id) {
        let table = shown(&table.name);
        return Some(Err(format!("`{table}` is partitioned: CONCURRENTLY and USING INDEX don't work there")));
    }
    let nullable: Vec<String> = constraint
        .columns
        .iter()
        .filter_map(|id| table.column_by_id(*id))
        .filter(|column| !column.not_null)
        .map(|column| column.name.clone())
        .collect();
    let columns = column_list(&after.column_names(&constraint.columns));
    let (relation, name_sql) = (sql_name(&table.name), quoted(name));
    let own = sql_name(&QName::new(&*table.name.schema, &**name));
    // A key that this set drops makes room in the same statement, so that there is no moment without one.
    let dropped = site.others().find_map(|(at, step)| {
        step.changes.iter().find_map(|change| match change {
            Change::ConstraintDropped { relation, constraint, cascade: false }
                if *relation == table.id && matches!(constraint.kind, ConstraintKind::PrimaryKey(_)) =>
            {
                Some((at, constraint.name.clone(), step.changes.len() == 1))
            }
            _ => None,
        })
    });
    let building = format!("{}_build", name.chars().take(57).collect::<String>());
    let index = if dropped.is_some() { quoted(&building) } else { name_sql.clone() };
    let old =
        dropped.as_ref().map_or(String::new(), |(_, old, _)| format!("DROP CONSTRAINT {}, ", quoted(old)));
    let clear = match dropped.is_some() {
        true => sql_name(&QName::new(&*table.name.schema, building)),
        false => own,
    };
    let sql = vec![
        format!("DROP INDEX CONCURRENTLY IF EXISTS {clear}"),
        format!("CREATE UNIQUE INDEX CONCURRENTLY {index} ON {relation} ({columns})"),
        format!("ALTER TABLE {relation} {old}ADD CONSTRAINT {name_sql} PRIMARY KEY USING INDEX {index}"),
    ];
    let old_writers =
        site.breaks(&[BreakCause::NotNull, BreakCause::ConflictTarget, BreakCause::RequiredColumn]);
    let gates = match old_writers {
        true => vec![Gate::Deployed { migration: site.tag().to_owned() }],
        false => Vec::new(),
    };
    let phase = if old_writers { Phase::Contract(1) } else { Phase::Expand(0) };
    let title = format!("add primary key {name} to {}", shown(&table.name));
    let mut part = site.part("add-primary-key", title, "its index is built while nobody can use the table");
    if let Some((at, _, true)) = dropped {
        part.statements.push(at);
        part.statements.sort_unstable();
    }
    for column in &nullable {
        part = part.then_all(set_not_null::stages(&site, table, column, phase, &gates));
    }
    Some(Ok(part.then(Stage::later(phase, sql, gates).apart())))
}
