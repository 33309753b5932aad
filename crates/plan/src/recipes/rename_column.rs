//! A column has both names for a while, and a trigger keeps the two in step.

use super::{Answer, shadow};
use crate::model::{Backfill, Followers, Gate, Part, Phase, Stage};
use crate::names;
use crate::site::key;
use crate::site::{Site, shown};
use crate::touching;
use catalog::written::{index_definition, quoted, sql_name, sql_type};
use catalog::{Change, Column, Index, QName, Relation, RelationKind};
use facts::{BreakCause, Step};
use sql::{AlterAction, Stmt};

pub(super) fn make(site: Site<'_>) -> Answer {
    let (id, column, to) = site.step.changes.iter().find_map(|change| match change {
        Change::ColumnRenamed { relation, column, to, .. } => Some((*relation, *column, to.as_str())),
        _ => None,
    })?;
    let table = site.before().relation(id).filter(|table| table.is_table())?;
    if !site.breaks(&[BreakCause::ColumnRenamed]) {
        return None;
    }
    let column = table.column_by_id(column)?;
    Some(all(site, table, column, to))
}

/// The path of this column and of all others of the table, whose new names come in one transaction: an index over
/// two of them has a copy with both new names, and is under the old ones until then.
fn all(site: Site<'_>, table: &Relation, column: &Column, to: &str) -> Result<Part, String> {
    let (mut part, mut contract, mut gates) = path(site, table, column, to)?;
    let mut made = site.parts.to_vec();
    made.push(part.clone());
    for (at, step) in site.others().filter(|(at, _)| *at > site.at) {
        let next = Site { at, step, findings: &[], parts: &made, ..site };
        let renamed = step.changes.iter().find_map(|change| match change {
            Change::ColumnRenamed { relation, column, to, .. } if *relation == table.id => {
                Some((*column, to))
            }
            _ => None,
        });
        let Some((column, to)) = renamed.filter(|_| next.breaks(&[BreakCause::ColumnRenamed])) else {
            continue;
        };
        let table = step.before.relation(table.id);
        let Some((table, column)) = table.and_then(|table| Some((table, table.column_by_id(column)?))) else {
            continue;
        };
        let (other, mut sql, needs) = path(next, table, column, to)?;
        contract.append(&mut sql);
        gates.extend(needs);
        made.push(other.clone());
        part.beside.push(other);
    }
    let others = part.beside.iter_mut().filter_map(|other| other.followers.as_mut());
    for followers in part.followers.as_mut().into_iter().chain(others) {
        followers.gates.clone_from(&gates);
    }
    Ok(part.then(Stage::at_once(Phase::Contract(1), contract, gates)))
}

/// The part of one column, what takes the second name away, and what must hold before.
fn path(
    site: Site<'_>,
    table: &Relation,
    column: &Column,
    to: &str,
) -> Result<(Part, Vec<String>, Vec<Gate>), String> {
    let shown_table = shown(&table.name);
    let name = format!("{shown_table}.{}", column.name);
    if !matches!(site.stmt(), Some(Stmt::Rename(_))) {
        return Err(format!("`{name}` is renamed by code that can't be taken apart"));
    }
    if let Some(why) = refused(table, column) {
        return Err(format!("`{name}` can't have two names for a while: {why}"));
    }
    let end = &site.judged().end;
    let last =
        end.relation(table.id).filter(|last| last.column_by_id(column.id).is_some_and(|c| c.name == to));
    let Some(last) = last else {
        return Err(format!("`{name}` is renamed, and the set does not leave it at that"));
    };
    let Some(ty) = sql_type(site.before(), &column.ty) else {
        return Err(format!("the type of `{name}` can't be written as SQL here"));
    };
    let collation = column.collation.as_deref().map_or(String::new(), |c| format!(" COLLATE {}", quoted(c)));
    let stem = format!("{}{}_{to}", shadow::first_letters(table), table.name.name);
    let known = [site.before(), &**end];
    let function = names::of_function(&known, site.parts, &table.name.schema, &stem, "__sync");
    let (relation, old, new) = (sql_name(&table.name), quoted(&column.name), quoted(to));
    let mut part = site
        .part(
            "rename-column",
            format!("rename column {name} to {to}"),
            "the deployed version knows the old name only, and the new version the new one: for a while there are both columns, and a trigger keeps them in step",
        )
        .here(format!("ALTER TABLE {relation} ADD COLUMN {new} {ty}{collation}"));
    let (claimed, followers) = rest(site, table, column, to);
    for (at, sql) in claimed {
        part.statements.push(at);
        part = part.here(sql);
    }
    part.statements.sort_unstable();
    let own = sql_name(&QName::new(&*table.name.schema, &*function));
    part = part
        .here(format!("CREATE FUNCTION {own}() RETURNS trigger LANGUAGE plpgsql AS {}", body(column, to)));
    part = part.here(format!(
        "CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON {relation} FOR EACH ROW EXECUTE FUNCTION {own}()",
        quoted(&function)
    ));
    let (copies, missing) = copies(site, table, last, column);
    if !copies.is_empty() {
        part = part.then(Stage::outside(copies));
    }
    for index in missing {
        part = part.advice(format!(
            "index `{index}` has no copy for `{to}` until the last step: ON CONFLICT and fast reads need `{}` until then",
            column.name
        ));
    }
    let (old_value, new_value) = (compared(column, "", &column.name), compared(column, "", to));
    let backfill = Backfill {
        name: shadow::backfill_name(site, table, to),
        table: relation.clone(),
        alias: None,
        key: key(table),
        set: format!("{new} = {old}"),
        from: None,
        condition: Some(format!("{new_value} IS DISTINCT FROM {old_value}")),
        batch: 1000,
        after: Vec::new(),
    };
    let start = site.judged().start.relation(table.id).and_then(|start| start.column_by_id(column.id));
    let gates = vec![
        Gate::Unused { relation: site.label(table.id), column: Some(start.unwrap_or(column).name.clone()) },
        Gate::Backfilled { backfill: backfill.name.clone() },
    ];
    let last = sql_name(&last.name);
    let contract = vec![
        format!("DROP TRIGGER {} ON {last}", quoted(&function)),
        format!("DROP FUNCTION {own}()"),
        format!("ALTER TABLE {last} DROP COLUMN {new}"),
        format!("ALTER TABLE {last} RENAME COLUMN {old} TO {new}"),
    ];
    part.backfill = Some(backfill);
    part.code_waits = true;
    if !followers.is_empty() {
        part.followers =
            Some(Followers { statements: followers, phase: Phase::Contract(1), gates: gates.clone() });
    }
    let part = part.advice(format!(
        "until the last step `{shown_table}` has both columns: give a statement one of them, not both; an INSERT that gives `{to}` NULL gets the default of `{}`",
        column.name
    ));
    Ok((part, contract, gates))
}

/// Why a column can't have a second one beside it.
fn refused(table: &Relation, column: &Column) -> Option<String> {
    if column.generated.is_some() {
        return Some("it is generated, and no trigger sees its value before it is stored".to_owned());
    }
    if table.partition_key.contains(&column.name) {
        return Some("rows go to partitions by it before a trigger runs".to_owned());
    }
    shadow::untriggered(table)
}

/// Statements that come later and are about the column: those that are as well done under the old name, with what
/// stands for them, and those that follow.
fn rest(site: Site<'_>, table: &Relation, column: &Column, to: &str) -> (Vec<(usize, String)>, Vec<usize>) {
    let (mut claimed, mut followers) = (Vec::new(), Vec::new());
    for (at, step) in site.others().filter(|(at, _)| *at > site.at) {
        if let Some(action) = under_old_name(step, table, column) {
            claimed.push((at, format!("ALTER TABLE {} {action}", sql_name(&table.name))));
        } else if touching::is_about(step, table.id, column.id)
            || touching::is_query_with(step, to)
            || is_comment(step, to)
        {
            followers.push(at);
        }
    }
    (claimed, followers)
}

/// What a default or a lifted NOT NULL is under the old name.
fn under_old_name(step: &Step, table: &Relation, column: &Column) -> Option<String> {
    let [change] = step.changes.as_slice() else { return None };
    let Stmt::AlterTable(alter) = &step.statement.as_deref()?.stmt else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    if !touching::of_column(change, table.id, column.id) {
        return None;
    }
    let name = quoted(&column.name);
    Some(match &command.action {
        AlterAction::SetDefault { default, .. } => {
            format!("ALTER COLUMN {name} SET DEFAULT {}", default.text)
        }
        AlterAction::DropNotNull { .. } => format!("ALTER COLUMN {name} DROP NOT NULL"),
        _ => return None,
    })
}

fn is_comment(step: &Step, name: &str) -> bool {
    let stmt = step.statement.as_deref().map(|statement| &statement.stmt);
    matches!(stmt, Some(Stmt::Comment(_))) && touching::says(step.span.of(&step.file.text), name)
}

/// The body of the trigger's function.
fn body(column: &Column, to: &str) -> String {
    let (old, new) = (quoted(&column.name), quoted(to));
    let changed = |name: &str| {
        format!("{} IS DISTINCT FROM {}", compared(column, "NEW.", name), compared(column, "OLD.", name))
    };
    format!(
        "$$\nBEGIN\n  IF TG_OP = 'INSERT' THEN\n    IF NEW.{new} IS NOT NULL THEN\n      NEW.{old} := NEW.{new};\n    \
         ELSE\n      NEW.{new} := NEW.{old};\n    END IF;\n  ELSIF {} THEN\n    NEW.{old} := NEW.{new};\n  \
         ELSIF {} THEN\n    NEW.{new} := NEW.{old};\n  END IF;\n  RETURN NEW;\nEND\n$$",
        changed(to),
        changed(&column.name)
    )
}

/// A column where two of its values are held against each other: not every type has an equality, and some call equal
/// what is not the same.
pub(super) fn compared(column: &Column, of: &str, name: &str) -> String {
    const PLAIN: &[&str] = &[
        "int2",
        "int4",
        "int8",
        "bool",
        "text",
        "varchar",
        "uuid",
        "date",
        "timestamp",
        "timestamptz",
        "bytea",
    ];
    let plain = match &column.ty.base {
        catalog::TypeRef::Builtin(name) => PLAIN.contains(&name.as_str()),
        _ => false,
    };
    let cast = if plain && !column.ty.array && column.collation.is_none() { "" } else { "::text" };
    format!("{of}{}{cast}", quoted(name))
}

/// Copies of the indexes that the column is a key of, for the new name; and the names of those without one.
fn copies(site: Site<'_>, table: &Relation, last: &Relation, column: &Column) -> (Vec<String>, Vec<String>) {
    let (mut sql, mut missing) = (Vec::new(), Vec::new());
    let end = &site.judged().end;
    let all = table.indexes.iter().filter_map(|id| site.before().index(*id));
    let has = |index: &Index| index.depends.contains(&column.id) || index.keys.contains(&Some(column.id));
    for index in all.filter(|index| index.valid && has(index)) {
        // One that the set drops and makes again is needed meanwhile, if it is a key of upserts.
        let kept = last.indexes.contains(&index.id);
        let mut others = last.indexes.iter().filter_map(|id| end.index(*id));
        let remade = others.any(|other| other.unique && other.keys == index.keys && !other.partial);
        let needed = kept || (index.unique && remade);
        if !needed {
            continue;
        }
        // An index over several columns with new names is copied once, under all of them.
        let later = site.others().filter(|(at, _)| *at > site.at);
        let waits = later.flat_map(|(_, step)| &step.changes).any(|change| match change {
            Change::ColumnRenamed { relation, column, .. } => {
                *relation == table.id && index.keys.contains(&Some(*column))
            }
            _ => false,
        });
        if waits {
            continue;
        }
        let schema = &index.name.schema;
        let name = names::of_index(&[site.before(), end], site.parts, schema, &index.name.name, "__new");
        let copy = Index { name: QName::new(&**schema, &*name), constraint: false, ..(**index).clone() };
        let written = index_definition(end, &copy, true);
        match written.filter(|_| table.kind != RelationKind::Partitioned) {
            Some(written) => {
                sql.push(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(&copy.name)));
                sql.push(written);
            }
            None if kept => missing.push(index.name.name.clone()),
            None => {}
        }
    }
    (sql, missing)
}
