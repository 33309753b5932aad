//! An enum that a set drops and makes again: values are added where they belong, and where some are gone, columns of
//! a new type take the place of the old ones.

use super::{Answer, shadow};
use crate::model::{Part, Phase, Stage};
use crate::names;
use crate::site::{Site, shown};
use crate::touching;
use catalog::written::{literal, quoted, sql_name};
use catalog::{Catalog, Change, Column, QName, Relation, TypeId, TypeRef, UserTypeKind};
use facts::Step;
use sql::{Expr, Shape};
use std::sync::Arc;

/// The statements that are one change, and what it is.
struct Unit<'a> {
    name: &'a QName,
    old: TypeId,
    new: TypeId,
    before: &'a [String],
    after: &'a [String],
    /// Columns of it, with their tables, as they were when the set began.
    columns: Vec<(Arc<Relation>, Arc<Column>)>,
    statements: Vec<usize>,
}

pub(super) fn make(site: Site<'_>) -> Answer {
    let (start, end) = (&*site.judged().start, &*site.judged().end);
    let unit = start.user_types().find_map(|ty| {
        let UserTypeKind::Enum(before) = &ty.kind else { return None };
        let new = end.find_type(Some(&ty.name.schema), &ty.name.name).filter(|new| new.id != ty.id)?;
        let UserTypeKind::Enum(after) = &new.kind else { return None };
        let columns = start.columns_of_type(ty.id);
        let columns = columns
            .into_iter()
            .filter_map(|(table, column)| Some((Arc::clone(start.relation(table)?), column)))
            .filter(|(table, column)| {
                end.relation(table.id).is_some_and(|t| t.column_by_id(column.id).is_some())
            });
        let mut unit = Unit {
            name: &ty.name,
            old: ty.id,
            new: new.id,
            before,
            after,
            columns: columns.collect(),
            statements: Vec::new(),
        };
        unit.statements = site
            .judged()
            .steps
            .clone()
            .filter(|at| site.analysis.steps[*at].changes.iter().any(|change| unit.has(change)))
            .collect();
        (unit.statements.contains(&site.at) && !unit.columns.is_empty()).then_some(unit)
    })?;
    Some(path(site, &unit))
}

impl Unit<'_> {
    /// Whether a change is part of it.
    fn has(&self, change: &Change) -> bool {
        match change {
            Change::TypeCreated(ty) | Change::TypeDropped { ty, .. } | Change::TypeRenamed { ty, .. } => {
                *ty == self.old || *ty == self.new
            }
            Change::TypeChanged { .. } | Change::DefaultSet { .. } | Change::DefaultDropped { .. } => {
                self.columns.iter().any(|(table, column)| touching::of_column(change, table.id, column.id))
            }
            _ => false,
        }
    }
}

fn path(site: Site<'_>, unit: &Unit<'_>) -> Result<Part, String> {
    let name = shown(unit.name);
    let steps = &site.analysis.steps;
    let foreign = |at: &&usize| !steps[**at].changes.iter().all(|change| unit.has(change));
    if let Some(at) = unit.statements.iter().find(foreign) {
        return Err(format!("`{}` does more than make enum `{name}` anew", said(&steps[*at])));
    }
    let end = &*site.judged().end;
    for (table, column) in &unit.columns {
        let last = end.relation(table.id).and_then(|table| table.column_by_id(column.id));
        let kept = last.is_some_and(|last| last.ty.base == TypeRef::User(unit.new));
        if column.ty.base != TypeRef::User(unit.old) || !kept {
            return Err(format!(
                "`{}.{}` is of enum `{name}` before the set or after it, and not both",
                shown(&table.name),
                column.name
            ));
        }
    }
    let first = unit.statements[0];
    let site = Site { at: first, step: &steps[first], findings: &[], ..site };
    let kept: Vec<&String> = unit.after.iter().filter(|value| unit.before.contains(value)).collect();
    match kept.iter().copied().eq(unit.before) {
        true => added(site, unit, end),
        false => remade(site, unit, end),
    }
}

fn said(step: &Step) -> String {
    step.span.of(&step.file.text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All old values stay in their order: the new ones come between them, and no row is read.
fn added(site: Site<'_>, unit: &Unit<'_>, end: &Catalog) -> Result<Part, String> {
    let name = shown(unit.name);
    let mut part = site.part(
        "remake-enum",
        format!("add values to enum {name}"),
        "the enum is dropped and made again, and all tables with it are written anew, though its old values all stay",
    );
    part.statements.clone_from(&unit.statements);
    part.here = new_values(unit);
    let mut defaults = Vec::new();
    for (table, column) in &unit.columns {
        let last = end.relation(table.id).and_then(|table| Some((table, table.column_by_id(column.id)?)));
        let Some((table, last)) = last else { continue };
        let (was, is) = (plain_default(column)?, plain_default(last)?);
        if was == is {
            continue;
        }
        let action = is.map_or("DROP DEFAULT".to_owned(), |default| format!("SET DEFAULT {default}"));
        let column = quoted(&column.name);
        defaults.push(format!("ALTER TABLE {} ALTER COLUMN {column} {action}", sql_name(&table.name)));
    }
    // A new value can't be used in the transaction that adds it.
    Ok(if defaults.is_empty() { part } else { part.then(Stage::outside(defaults)) })
}

fn new_values(unit: &Unit<'_>) -> Vec<String> {
    let sql = linter::new_enum_values(unit.name, (unit.before, unit.after));
    sql.lines().map(|line| line.trim_end_matches(';').to_owned()).collect()
}

/// Values are gone or stand in another order: a new type beside the old one, column by column.
fn remade(site: Site<'_>, unit: &Unit<'_>, end: &Catalog) -> Result<Part, String> {
    let name = shown(unit.name);
    let gone: Vec<String> =
        unit.before.iter().filter(|value| !unit.after.contains(value)).map(|value| literal(value)).collect();
    let start = &*site.judged().start;
    let schema = &unit.name.schema;
    let taken = |name: &str| [start, end].iter().any(|c| c.find_type(Some(schema), name).is_some());
    let fresh = QName::new(&**schema, names::fresh(&unit.name.name, "__new", taken));
    let values: Vec<String> = unit.after.iter().map(|value| literal(value)).collect();
    let title = match gone.is_empty() {
        true => format!("put the values of enum {name} in another order"),
        false => format!("take {} out of enum {name}", gone.join(", ")),
    };
    let why = match gone.is_empty() {
        true => "all tables with the enum are written anew while nobody can use them",
        false => {
            "the deployed version may write a value that is gone, and all tables with the enum are written anew while nobody can use them"
        }
    };
    let mut part = site.part("remake-enum", title.clone(), why);
    // What the new version writes has to fit the old type until the columns change places.
    part.here = new_values(unit);
    part.here.push(format!("CREATE TYPE {} AS ENUM ({})", sql_name(&fresh), values.join(", ")));
    let phase = if gone.is_empty() { Phase::Expand(1) } else { Phase::Contract(1) };
    let mut made = site.parts.to_vec();
    // Its statements are theirs, too; only the names that it uses count.
    made.push(Part { statements: Vec::new(), ..part.clone() });
    let mut columns = Vec::new();
    for (table, column) in &unit.columns {
        let one = of_column(Site { parts: &made, ..site }, unit, end, (table, column), &fresh, phase, why)?;
        made.push(Part { statements: Vec::new(), ..one.clone() });
        columns.push(one);
    }
    let old = sql_name(unit.name);
    let drop = vec![
        format!("DROP TYPE {old}"),
        format!("ALTER TYPE {} RENAME TO {}", sql_name(&fresh), quoted(&unit.name.name)),
    ];
    let mut finish =
        site.part("remake-enum", title, why).then(Stage::at_once(phase.next(), drop, Vec::new()));
    // Each part stands for some of the statements: the first makes the type, the last gives it its name.
    let mut rest = unit.statements.clone();
    let (Some(last), true) = (rest.pop(), rest.len() > columns.len()) else {
        return Err(format!("enum `{name}` is made anew in fewer statements than are known here"));
    };
    part.statements = vec![rest.remove(0)];
    finish.statements = vec![last];
    let count = columns.len();
    for (n, one) in columns.iter_mut().enumerate() {
        let take = if n + 1 == count { rest.len() } else { 1 };
        one.statements = rest.drain(..take).collect();
    }
    part.beside = columns;
    part.beside.push(finish);
    if !gone.is_empty() {
        part.advice.push(format!(
            "rows that hold {} have no value of the new type: give them another one before the columns change places",
            gone.join(" or ")
        ));
    }
    Ok(part)
}

fn of_column(
    site: Site<'_>,
    unit: &Unit<'_>,
    end: &Catalog,
    (table, column): (&Relation, &Column),
    fresh: &QName,
    phase: Phase,
    why: &str,
) -> Result<Part, String> {
    let name = format!("{}.{}", shown(&table.name), column.name);
    let here = site.before().relation(table.id).map_or(table, |table| table);
    let now = here.column_by_id(column.id).unwrap_or(column);
    let last = end.relation(table.id);
    let Some((last, target)) = last.and_then(|last| Some((last, last.column_by_id(column.id)?))) else {
        return Err(format!("`{name}` goes in the same set"));
    };
    if let Some(what) = names_type(end, last, column, unit.name) {
        return Err(format!(
            "{what} of `{name}` casts to `{}`, which is still the old type at that point",
            shown(unit.name)
        ));
    }
    let default = plain_default(target)?;
    let target = Column {
        default: default.and_then(|text| sql::parse_expression(&text)).map(Arc::new),
        ..target.clone()
    };
    let array = if column.ty.array { "[]" } else { "" };
    let ty = format!("{}{array}", sql_name(fresh));
    let shadow = shadow::Shadow {
        site,
        table: here,
        column: now,
        target: &target,
        value: format!("{}::text::{ty}", quoted(&now.name)),
        ty,
        nulls: false,
        fails: true,
        phase,
        deployed: phase != Phase::Expand(1),
        statements: unit.statements.clone(),
    };
    shadow::path(
        &shadow,
        "remake-enum",
        format!("move {name} to the new {}", shown(unit.name)),
        why.to_owned(),
    )
}

/// What belongs to a column and casts to a type by its name.
fn names_type(catalog: &Catalog, table: &Relation, column: &Column, ty: &QName) -> Option<String> {
    let says = |expr: &Arc<Expr>| {
        let literals = expr.uses.literals.iter().filter_map(|literal| literal.cast.as_ref());
        expr.uses.types.iter().chain(literals).any(|one| one.name == ty.name)
    };
    let checks = table.constraints.iter().find(|constraint| {
        constraint.columns.contains(&column.id)
            && matches!(&constraint.kind, catalog::ConstraintKind::Check { expr, .. } if says(expr))
    });
    if let Some(check) = checks {
        return Some(format!("CHECK `{}`", check.name));
    }
    let mut indexes = table.indexes.iter().filter_map(|id| catalog.index(*id));
    let index = indexes.find(|index| {
        index.depends.contains(&column.id) && index.terms.iter().chain(&index.filter).any(says)
    });
    index.map(|index| format!("index `{}`", index.name.name))
}

/// The default without a cast, which would name the old type for as long as that has the name.
fn plain_default(column: &Column) -> Result<Option<String>, String> {
    match column.default.as_deref().map(|default| (&default.shape, default)) {
        None | Some((Shape::Null, _)) => Ok(None),
        Some((Shape::Constant { value, string: true, .. }, _)) => Ok(Some(literal(value))),
        Some((_, default)) if default.uses.types.is_empty() => Ok(Some(default.text.clone())),
        Some((_, default)) => Err(format!(
            "the default of `{}` casts to the enum in a way that can't be told apart: {}",
            column.name, default.text
        )),
    }
}
