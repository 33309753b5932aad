//! What a statement took away comes back: relations, columns, constraints, indexes. Rows and values don't.

use super::Note;
use super::create;
use super::step::{Phase, Undo};
use super::words::{kind, label, part};
use catalog::written::{
    column_definition, column_list, constraint_definition, index_definition, is_serial, quoted,
    sequence_definition, sql_name, view_definition,
};
use catalog::{Column, ColumnId, Constraint, ConstraintKind, Index, Relation, RelationId, RelationKind};
use sql::Persistence;

pub(super) fn relation(undo: &mut Undo<'_>, id: RelationId, what: RelationKind) {
    let Some(relation) = undo.before.relation(id).cloned() else { return };
    match what {
        RelationKind::Sequence => sequence(undo, &relation),
        RelationKind::View | RelationKind::MaterializedView => view(undo, &relation),
        RelationKind::Table => table(undo, &relation),
        RelationKind::Composite => {}
        RelationKind::Partitioned | RelationKind::Foreign => {
            let why = "what it was made with is not known in full";
            undo.say(Phase::Tables, not_made(kind(what), &label(&relation.name), why));
        }
    }
}

fn not_made(kind: &str, name: &str, why: &str) -> Note {
    Note::NotReversed(format!("{} {name} is not made again: {why}", kind.to_lowercase()))
}

fn sequence(undo: &mut Undo<'_>, sequence: &Relation) {
    if let Some((table, column)) = sequence.owned_by {
        let Some(owner) = undo.before.relation(table) else { return };
        let Some(column) = owner.column_by_id(column) else { return };
        // It is made with its column: of several that an identity has, the newest.
        let owned = undo.before.sequences_of(table).filter(|one| one.owned_by == sequence.owned_by);
        let newest = owned.map(|one| one.id).max() == Some(sequence.id);
        if (column.identity.is_some() && newest) || is_serial(undo.before, owner, column).is_some() {
            return;
        }
        let (sql, table) = (sql_name(&sequence.name), sql_name(&owner.name));
        let owned = format!("ALTER SEQUENCE {sql} OWNED BY {table}.{}", quoted(&column.name));
        undo.run(Phase::Alter, owned, Vec::new());
    }
    let name = label(&sequence.name);
    let mut notes = vec![Note::Lost(format!("how far {name} had counted: it begins anew"))];
    let text = sequence_definition(sequence).unwrap_or_else(|| {
        notes.push(Note::NotReversed(format!("what {name} counted by, which is not known")));
        format!("CREATE SEQUENCE {}", sql_name(&sequence.name))
    });
    undo.run(Phase::Kinds, text, notes);
}

fn view(undo: &mut Undo<'_>, view: &Relation) {
    let name = label(&view.name);
    match view_definition(undo.before, view) {
        Some(text) => undo.run(Phase::Views, text, Vec::new()),
        None => {
            let why = "its query is not known with the names of today";
            undo.say(Phase::Views, not_made(kind(view.kind), &name, why));
        }
    }
    if view.kind == RelationKind::MaterializedView {
        for index in &view.indexes {
            let text =
                undo.before.index(*index).and_then(|index| index_definition(undo.before, index, false));
            if let Some(text) = text {
                undo.run(Phase::Rest, text, Vec::new());
            }
        }
    }
}

fn table(undo: &mut Undo<'_>, table: &Relation) {
    let name = label(&table.name);
    if !table.parents.is_empty() {
        let why = "it is a part of another table";
        undo.say(Phase::Tables, not_made("table", &name, why));
        return;
    }
    let mut lines = Vec::new();
    for column in &table.columns {
        match column_definition(undo.before, table, column) {
            Some(text) => lines.push(format!("    {text}")),
            None => {
                let why = format!("its column {} is not known with the names of today", column.name);
                undo.say(Phase::Tables, not_made("table", &name, &why));
                return;
            }
        }
    }
    let persistence = match table.persistence {
        Persistence::Permanent => "",
        Persistence::Unlogged => "UNLOGGED ",
        Persistence::Temporary => "TEMPORARY ",
    };
    let sql = sql_name(&table.name);
    let text = match lines.is_empty() {
        true => format!("CREATE {persistence}TABLE {sql} ()"),
        false => format!("CREATE {persistence}TABLE {sql} (\n{}\n)", lines.join(",\n")),
    };
    let lost = format!("the rows of {name}, and what was granted on it or said about it");
    undo.run(Phase::Tables, text, vec![Note::Lost(lost)]);
    for one in &table.constraints {
        self::constraint_of(undo, table, one, &[]);
    }
    for one in
        table.indexes.iter().filter_map(|index| undo.before.index(*index)).filter(|one| !one.constraint)
    {
        self::index_again(undo, one, false, &[]);
    }
    create::row_security(undo, table.id);
    for trigger in &table.triggers {
        create::trigger(undo, table.id, &trigger.name);
    }
    for policy in &table.policies {
        create::policy(undo, table.id, policy);
    }
    for rule in &table.rules {
        undo.say(Phase::Rest, Note::NotReversed(format!("rule {rule} of {name}, whose text is not known")));
    }
}

pub(super) fn column(undo: &mut Undo<'_>, id: RelationId, column: ColumnId) {
    if undo.dropped.contains(&id) {
        return;
    }
    let Some(table) = undo.before.relation(id).cloned() else { return };
    let Some(found) = table.column_by_id(column).cloned() else { return };
    if !table.is_table() {
        return;
    }
    let (sql, name) = (sql_name(&table.name), part(&table.name, &found.name));
    for trigger in table.triggers.iter().filter(|trigger| trigger.columns.contains(&column)) {
        create::trigger(undo, id, &trigger.name);
    }
    let mut notes = Vec::new();
    match (&found.generated, found.has_value_by_default()) {
        (Some(_), _) => {}
        (None, true) => notes.push(Note::Lost(format!("the values of {name}: rows get its default"))),
        (None, false) => notes.push(Note::Lost(format!("the values of {name}"))),
    }
    let mut written = found.clone();
    if found.not_null && !found.has_value_by_default() {
        written.not_null = false;
        let column = quoted(&found.name);
        notes.push(Note::NotReversed(format!(
            "NOT NULL of {name}, for which rows have no value; once they have: \
             ALTER TABLE {sql} ALTER COLUMN {column} SET NOT NULL;"
        )));
    }
    match column_definition(undo.before, &table, &written) {
        Some(text) => undo.run(Phase::Columns, format!("ALTER TABLE {sql} ADD COLUMN {text}"), notes),
        None => {
            let why = "it is not known with the names of today";
            undo.say(Phase::Columns, not_made("column", &name, why));
        }
    }
}

pub(super) fn constraint(undo: &mut Undo<'_>, id: RelationId, constraint: &Constraint) {
    if undo.dropped.contains(&id) {
        return;
    }
    let Some(table) = undo.before.relation(id).cloned() else { return };
    let mut constraint = constraint.clone();
    constraint.validated &= !started_unchecked(undo, id, &constraint.name);
    let came_back: Vec<ColumnId> =
        constraint.columns.iter().copied().filter(|column| undo.removed.contains(&(id, *column))).collect();
    constraint_of(undo, &table, &constraint, &came_back);
}

/// Whether a constraint was there before the migration, for new rows only.
fn started_unchecked(undo: &Undo<'_>, id: RelationId, name: &str) -> bool {
    undo.start.relation(id).and_then(|table| table.constraint(name)).is_some_and(|one| !one.validated)
}

/// A constraint that was for new rows only, and was then checked.
pub(super) fn not_valid(undo: &mut Undo<'_>, id: RelationId, name: &str) {
    let Some(table) = undo.before.relation(id).cloned() else { return };
    if !started_unchecked(undo, id, name) {
        // It goes, or comes back, with what made it.
        return;
    }
    let Some(constraint) = table.constraint(name) else { return };
    if constraint.kind == ConstraintKind::NotNull {
        // DROP NOT NULL has taken it along.
        return constraint_of(undo, &table, constraint, &[]);
    }
    let still = undo.end.relation(id).is_some_and(|end| end.constraint(name).is_some());
    if let (true, Some(table)) = (still, undo.name(id)) {
        undo.say(Phase::Rest, Note::NotReversed(format!("{} stays validated", part(&table, name))));
    }
}

/// A constraint of a table, `came_back` being its columns that were away and have lost their values.
fn constraint_of(undo: &mut Undo<'_>, table: &Relation, constraint: &Constraint, came_back: &[ColumnId]) {
    let label = part(&table.name, &constraint.name);
    let phase = match constraint.kind {
        ConstraintKind::ForeignKey { .. } => Phase::ForeignKeys,
        _ => Phase::Keys,
    };
    let noun = constraint.noun();
    if constraint.kind == ConstraintKind::NotNull {
        let columns = table.column_names(&constraint.columns);
        let sql = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} NOT NULL {} NOT VALID",
            sql_name(&table.name),
            quoted(&constraint.name),
            column_list(&columns)
        );
        undo.run(phase, sql, Vec::new());
        return;
    }
    let Some(text) = constraint_definition(undo.before, table, constraint) else {
        undo.say(phase, Note::NotReversed(format!("{noun} {label}, which is not known in full")));
        return;
    };
    let sql =
        format!("ALTER TABLE {} ADD CONSTRAINT {} {text}", sql_name(&table.name), quoted(&constraint.name));
    let emptied: Vec<&Column> = came_back.iter().filter_map(|column| table.column_by_id(*column)).collect();
    if let Some(why) = contradicted(undo, table, constraint, &emptied) {
        undo.say(phase, Note::NotReversed(format!("{noun} {label}, {why}; once they have: {sql};")));
        return;
    }
    let fails = constraint.validated && !undo.dropped.contains(&table.id) && emptied.is_empty();
    let notes = if fails { vec![Note::Fails(format!("rows contradict {label} by now"))] } else { Vec::new() };
    undo.run(phase, sql, notes);
}

/// Why rows contradict a constraint over columns that have lost their values.
fn contradicted(
    undo: &Undo<'_>,
    table: &Relation,
    constraint: &Constraint,
    emptied: &[&Column],
) -> Option<&'static str> {
    let numbered = |column: &&Column| {
        column.identity.is_some() || is_serial(undo.before, table, column).is_some() || is_drawn(undo, column)
    };
    if emptied.is_empty() || emptied.iter().any(numbered) {
        return None;
    }
    let nullable = emptied.iter().any(|column| !column.has_value_by_default());
    let whole = emptied.len() == constraint.columns.len();
    match &constraint.kind {
        ConstraintKind::PrimaryKey(_) if nullable => Some("for which rows have no value"),
        ConstraintKind::PrimaryKey(_) if whole => Some("for which rows have no values of their own"),
        ConstraintKind::Unique(_) if !nullable && whole => Some("for which rows have no values of their own"),
        ConstraintKind::Check { expr, .. } => {
            let proves = emptied.iter().any(|column| expr.proves_not_null.contains(&column.name));
            (nullable && proves).then_some("for which rows have no value")
        }
        ConstraintKind::ForeignKey { .. } if !nullable => Some("for which rows have the default only"),
        _ => None,
    }
}

/// Whether each row gets a default of its own.
fn is_drawn(undo: &Undo<'_>, column: &Column) -> bool {
    let volatile =
        |default: &sql::Expr| catalog::volatility(undo.before, default) == Some(sql::Volatility::Volatile);
    column.default.as_ref().is_some_and(|default| volatile(default))
}

pub(super) fn index(undo: &mut Undo<'_>, index: &Index, concurrently: bool) {
    let emptied: Vec<ColumnId> = index
        .depends
        .iter()
        .copied()
        .filter(|column| undo.removed.contains(&(index.table, *column)))
        .collect();
    if !undo.dropped.contains(&index.table) && !index.constraint {
        index_again(undo, index, concurrently, &emptied);
    }
}

fn index_again(undo: &mut Undo<'_>, index: &Index, concurrently: bool, emptied: &[ColumnId]) {
    let Some(table) = undo.before.relation(index.table) else { return };
    let name = label(&index.name);
    let Some(text) = index_definition(undo.before, index, concurrently) else {
        undo.say(Phase::Keys, Note::NotReversed(format!("index {name}, which is not known in full")));
        return;
    };
    let same = |column: &ColumnId| {
        table.column_by_id(*column).is_some_and(|c| c.has_value_by_default() && !is_drawn(undo, c))
    };
    if index.unique && !emptied.is_empty() && emptied.iter().all(same) {
        let why = format!(
            "unique index {name}, for which rows have no values of their own; once they have: {text};"
        );
        undo.say(Phase::Keys, Note::NotReversed(why));
        return;
    }
    let may_fail = index.unique && emptied.is_empty() && !undo.dropped.contains(&index.table);
    let notes =
        if may_fail { vec![Note::Fails(format!("rows are alike under {name} by now"))] } else { Vec::new() };
    match concurrently {
        true => undo.run_outside(Phase::Keys, text, notes),
        false => undo.run(Phase::Keys, text, notes),
    }
}
