//! What was changed in place goes back: names, and what a column is.

use super::Note;
use super::step::{Phase, Undo};
use super::words::part;
use catalog::written::{default_text, expression_text, literal, quoted, sql_name, sql_type};
use catalog::{Change, Column, ColumnId, Identity, QName, Relation, RelationId, RelationKind, TypeRef};

/// A name goes back.
pub(super) fn name(undo: &mut Undo<'_>, change: &Change) {
    match change {
        Change::RelationRenamed { relation, from, to } => {
            if !moved_along(undo, *relation, from, to) {
                renamed_relation(undo, *relation, from, to);
            }
            undo.set_name(*relation, from.clone());
        }
        Change::ColumnRenamed { relation, column, from, to } => {
            let Some(table) = undo.name(*relation) else { return };
            let sql =
                format!("ALTER TABLE {} RENAME COLUMN {} TO {}", sql_name(&table), quoted(to), quoted(from));
            let notes = written_since(undo, *relation, *column, to).into_iter().collect();
            undo.run(Phase::Names, sql, notes);
        }
        Change::ConstraintRenamed { relation, from, to } => {
            let Some(table) = undo.name(*relation) else { return };
            let sql = format!(
                "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
                sql_name(&table),
                quoted(to),
                quoted(from)
            );
            undo.run(Phase::Names, sql, Vec::new());
        }
        Change::IndexRenamed { index, from } => {
            let Some(found) = undo.after.index(*index).cloned() else { return };
            let otherwise = undo.step.changes.iter().any(|other| match other {
                // The constraint takes its index along.
                Change::ConstraintRenamed { .. } => found.constraint,
                Change::IndexCreated { index: other, .. } => other == index,
                _ => false,
            });
            if !otherwise && found.name.name != from.name {
                let sql = format!("ALTER INDEX {} RENAME TO {}", sql_name(&found.name), quoted(&from.name));
                undo.run(Phase::Names, sql, Vec::new());
            }
        }
        Change::TypeRenamed { from, to, .. } if !with_schema(undo, from, to) => {
            rename_and_move(undo, "TYPE", from, to);
        }
        Change::EnumValueRenamed { ty, from, to } => {
            let Some(found) = undo.before.user_type(*ty) else { return };
            let name = sql_name(&found.name);
            let sql = format!("ALTER TYPE {name} RENAME VALUE {} TO {}", literal(to), literal(from));
            undo.run(Phase::Alter, sql, Vec::new());
        }
        Change::SchemaRenamed { from, to } => {
            undo.run(
                Phase::Names,
                format!("ALTER SCHEMA {} RENAME TO {}", quoted(to), quoted(from)),
                Vec::new(),
            );
        }
        _ => {}
    }
}

/// What a column lacks that has its name back from another one.
fn written_since(undo: &Undo<'_>, table: RelationId, column: ColumnId, now: &str) -> Option<Note> {
    let other = taken_place(undo, table, column)?;
    let start = undo.start.relation(table)?;
    let (was, there) = (start.column_by_id(column)?, start.column_by_id(other)?);
    // It had that name to make room for the other one.
    (now != was.name).then(|| {
        let (one, other) = (part(&start.name, &was.name), part(&start.name, &there.name));
        Note::Lost(format!(
            "what was written to {one} since: rows that were changed have it in {other} alone"
        ))
    })
}

fn renamed_relation(undo: &mut Undo<'_>, relation: RelationId, from: &QName, to: &QName) {
    let kind = undo.after.relation(relation).map_or(RelationKind::Table, |found| found.kind);
    rename_and_move(undo, super::words::kind(kind), from, to);
}

/// `RENAME TO` and `SET SCHEMA`, back from `to` to `from`.
pub(super) fn rename_and_move(undo: &mut Undo<'_>, kind: &str, from: &QName, to: &QName) {
    let mut now = to.clone();
    if from.schema != to.schema {
        let sql = format!("ALTER {kind} {} SET SCHEMA {}", sql_name(&now), quoted(&from.schema));
        undo.run(Phase::Names, sql, Vec::new());
        now.schema.clone_from(&from.schema);
    }
    if from.name != to.name {
        let sql = format!("ALTER {kind} {} RENAME TO {}", sql_name(&now), quoted(&from.name));
        undo.run(Phase::Names, sql, Vec::new());
    }
}

/// Whether a schema that is renamed takes the name along.
fn with_schema(undo: &Undo<'_>, from: &QName, to: &QName) -> bool {
    undo.step.changes.iter().any(|change| {
        matches!(change, Change::SchemaRenamed { from: old, to: new } if *old == from.schema && *new == to.schema)
    })
}

/// Whether a relation has its schema from something that is moved.
fn moved_along(undo: &Undo<'_>, relation: RelationId, from: &QName, to: &QName) -> bool {
    let owner = undo.after.relation(relation).and_then(|found| found.owned_by);
    let with_owner = owner.is_some_and(|(table, _)| {
        from.name == to.name
            && undo.step.changes.iter().any(
                |change| matches!(change, Change::RelationRenamed { relation, .. } if *relation == table),
            )
    });
    with_owner || with_schema(undo, from, to)
}

/// A column goes back to what it was.
pub(super) fn column(undo: &mut Undo<'_>, id: RelationId, column: ColumnId) {
    if undo.added.contains(&(id, column)) || undo.removed.contains(&(id, column)) {
        return;
    }
    let (Some(table), Some(now)) = (undo.before.relation(id).cloned(), undo.after.relation(id)) else {
        return;
    };
    let (Some(was), Some(now)) = (table.column_by_id(column), now.column_by_id(column).cloned()) else {
        return;
    };
    let set = format!("ALTER TABLE {} ALTER COLUMN {}", sql_name(&table.name), quoted(&was.name));
    let name = part(&table.name, &was.name);
    if now.identity.is_some() && was.identity.is_none() {
        let lost = Note::Lost(format!("how far {name} has counted"));
        undo.run(Phase::Alter, format!("{set} DROP IDENTITY"), vec![lost]);
    }
    generated(undo, &table, was, &now, &set);
    let retyped = was.ty != now.ty || was.collation != now.collation;
    if retyped {
        if now.default.is_some() {
            undo.run(Phase::Alter, format!("{set} DROP DEFAULT"), Vec::new());
        }
        retype(undo, was, &now, &set, &name);
    }
    default(undo, &table, was, &now, &set, retyped);
    match (was.not_null, now.not_null) {
        (true, false) => {
            if let Some(fill) = filled_from_other(undo, &table, was) {
                let fails = Note::Fails(format!("a value that was written since does not fit {name}"));
                undo.run(Phase::Alter, fill, vec![fails]);
            }
            let fails = Note::Fails(format!("rows hold NULL in {name} by now"));
            undo.run(Phase::Alter, format!("{set} SET NOT NULL"), vec![fails]);
        }
        (false, true) => undo.run(Phase::Alter, format!("{set} DROP NOT NULL"), Vec::new()),
        _ => {}
    }
    identity(undo, &table, was, &now, &set);
}

fn generated(undo: &mut Undo<'_>, table: &Relation, was: &Column, now: &Column, set: &str) {
    let (Some(old), name) = (&was.generated, part(&table.name, &was.name)) else { return };
    match &now.generated {
        Some(new) if new.expr.text == old.expr.text => {}
        Some(_) => match expression_text(table, &old.expr) {
            Some(text) => undo.run(Phase::Alter, format!("{set} SET EXPRESSION AS ({text})"), Vec::new()),
            None => {
                let why = format!("the expression of {name}, which is not known with the names of today");
                undo.say(Phase::Alter, Note::NotReversed(why));
            }
        },
        None => {
            let why = format!("{name} stays a column like others: Postgres makes none a generated one again");
            undo.say(Phase::Alter, Note::NotReversed(why));
        }
    }
}

fn retype(undo: &mut Undo<'_>, was: &Column, now: &Column, set: &str, name: &str) {
    let (Some(old), column) = (sql_type(undo.before, &was.ty), quoted(&was.name)) else {
        undo.say(Phase::Alter, Note::NotReversed(format!("the type of {name}, which is not known in full")));
        return;
    };
    let collation = was.collation.as_ref().map_or(String::new(), |name| format!(" COLLATE {}", quoted(name)));
    // Between two kinds of value there may be no cast but by their text.
    let builtin = |column: &Column| matches!(column.ty.base, TypeRef::Builtin(_));
    let by_text = if now.ty.array { "::text[]" } else { "::text" };
    let direct = old == "text" || builtin(was) && builtin(now) && has_cast(was, now);
    let by_text = if direct { "" } else { by_text };
    let same = was.ty == now.ty;
    let using = if same { String::new() } else { format!(" USING {column}{by_text}::{old}") };
    let mut notes = Vec::new();
    if !same && !widens(&now.ty, &was.ty) {
        let what = format!(
            "what {name} holds that {old} does not: such a value is cut or rounded, or makes this fail"
        );
        notes.push(Note::Lost(what));
    }
    let converted = undo.step.changes.iter().any(|change| {
        matches!(change,
        Change::TypeChanged { column, converted: true, .. } if *column == was.id)
    });
    if converted && !same {
        notes.push(Note::Lost(format!("what the USING of the change made of {name} stays as it is")));
    }
    undo.run(Phase::Alter, format!("{set} TYPE {old}{collation}{using}"), notes);
}

/// The column that has the name of this one when the migration has run, where both were there before.
pub(super) fn taken_place(undo: &Undo<'_>, table: RelationId, column: ColumnId) -> Option<ColumnId> {
    let (start, end) = (undo.start.relation(table)?, undo.end.relation(table)?);
    let was = start.column_by_id(column)?;
    let now = end.column(&was.name)?.id;
    (now != column && start.column_by_id(now).is_some() && end.column_by_id(column).is_some()).then_some(now)
}

/// What gives rows that came since a value again, where another column has taken the place of a required one.
fn filled_from_other(undo: &Undo<'_>, table: &Relation, column: &Column) -> Option<String> {
    let other = table.column_by_id(taken_place(undo, table.id, column.id)?)?;
    let (to, from) = (quoted(&column.name), quoted(&other.name));
    let ty = sql_type(undo.before, &column.ty)?;
    let value = if other.ty == column.ty { from } else { format!("{from}::text::{ty}") };
    Some(format!("UPDATE {} SET {to} = {value} WHERE {to} IS NULL", sql_name(&table.name)))
}

fn has_cast(was: &Column, now: &Column) -> bool {
    let (TypeRef::Builtin(from), TypeRef::Builtin(to)) = (&now.ty.base, &was.ty.base) else { return false };
    from == to || now.ty.array == was.ty.array && catalog::cast(from, to).is_some()
}

/// Whether every value of one type is the same value of the other.
fn widens(from: &catalog::Type, to: &catalog::Type) -> bool {
    if to.base == TypeRef::Builtin("text".to_owned()) && !to.array {
        return true;
    }
    let (TypeRef::Builtin(a), TypeRef::Builtin(b)) = (&from.base, &to.base) else { return false };
    if from.array != to.array {
        return false;
    }
    let longer = || match (from.modifiers.as_slice(), to.modifiers.as_slice()) {
        (_, []) => true,
        ([from], [to]) => from <= to,
        (from, to) => from == to,
    };
    match (a.as_str(), b.as_str()) {
        ("int2", "int4" | "int8" | "numeric") | ("int4", "int8" | "numeric") | ("int8", "numeric") => {
            to.modifiers.is_empty()
        }
        ("float4", "float8") => true,
        ("text", "varchar") => to.modifiers.is_empty(),
        (a, b) => a == b && longer(),
    }
}

fn default(undo: &mut Undo<'_>, table: &Relation, was: &Column, now: &Column, set: &str, retyped: bool) {
    let text = |column: &Column| column.default.as_ref().map(|default| default.text.clone());
    if text(was) == text(now) && !retyped || was.generated.is_some() {
        return;
    }
    match &was.default {
        Some(default) => match default_text(undo.before, default) {
            Some(text) => undo.run(Phase::Alter, format!("{set} SET DEFAULT {text}"), Vec::new()),
            None => {
                let name = part(&table.name, &was.name);
                let why = format!("the default of {name}, which is not known with the names of today");
                undo.say(Phase::Alter, Note::NotReversed(why));
            }
        },
        None if !retyped && now.default.is_some() => {
            undo.run(Phase::Alter, format!("{set} DROP DEFAULT"), Vec::new())
        }
        None => {}
    }
}

fn identity(undo: &mut Undo<'_>, table: &Relation, was: &Column, now: &Column, set: &str) {
    let words = |identity| match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    match (was.identity, now.identity) {
        (Some(old), None) => {
            let sql = sql_name(&table.name);
            let owned = (table.id, was.id);
            let sequence = undo.before.relations().find(|other| other.owned_by == Some(owned));
            let named = sequence.map_or(String::new(), |s| format!(" (SEQUENCE NAME {})", sql_name(&s.name)));
            undo.run(
                Phase::Alter,
                format!("{set} ADD GENERATED {} AS IDENTITY{named}", words(old)),
                Vec::new(),
            );
            let own = format!("pg_get_serial_sequence({}, {})", literal(&sql), literal(&was.name));
            undo.run(Phase::Alter, behind(&own, table, was), Vec::new());
        }
        (Some(old), Some(new)) if old != new => {
            undo.run(Phase::Alter, format!("{set} SET GENERATED {}", words(old)), Vec::new());
        }
        // The sequence that it had has stood still meanwhile.
        (None, Some(_)) => {
            let owned = Some((table.id, was.id));
            let old = undo.before.sequences_of(table.id).find(|other| other.owned_by == owned);
            if let Some(old) = old.map(|old| literal(&sql_name(&old.name))) {
                undo.run(Phase::Alter, behind(&old, table, was), Vec::new());
            }
        }
        _ => {}
    }
}

/// What sets a sequence behind the values of a column.
pub(super) fn behind(sequence: &str, table: &Relation, column: &Column) -> String {
    let (column, table) = (quoted(&column.name), sql_name(&table.name));
    format!("SELECT setval({sequence}, (SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)")
}
