//! What a statement made goes again.

use super::Note;
use super::step::{Phase, Undo};
use super::words::{kind, label, part};
use catalog::written::{quoted, sql_name};
use catalog::{ColumnId, IndexId, IndexOrigin, Policy, RelationId, RelationKind, TypeId, UserTypeKind};

pub(super) fn relation(undo: &mut Undo<'_>, id: RelationId, what: RelationKind) {
    let Some(relation) = undo.after.relation(id) else { return };
    // The sequence of a serial or identity column goes with the column.
    if let Some((table, column)) = relation.owned_by {
        let identity = undo.after.relation(table).and_then(|table| table.column_by_id(column)?.identity);
        if undo.created.contains(&table) || undo.added.contains(&(table, column)) || identity.is_some() {
            return;
        }
    }
    let sql = format!("DROP {} {}", kind(what), sql_name(&relation.name));
    let name = label(&relation.name);
    match what {
        RelationKind::Composite => {}
        RelationKind::Sequence => {
            let lost = Note::Lost(format!("how far {name} has counted"));
            undo.run(Phase::TakeKinds, sql, vec![lost]);
        }
        RelationKind::View | RelationKind::MaterializedView => undo.run(Phase::Take, sql, Vec::new()),
        RelationKind::Table | RelationKind::Partitioned | RelationKind::Foreign => {
            undo.run(Phase::Take, sql, vec![Note::Lost(format!("the rows of {name}"))]);
        }
    }
}

pub(super) fn column(undo: &mut Undo<'_>, id: RelationId, column: ColumnId) {
    let Some(relation) = undo.after.relation(id) else { return };
    let Some(found) = relation.column_by_id(column) else { return };
    let sql = format!("ALTER TABLE {} DROP COLUMN {}", sql_name(&relation.name), quoted(&found.name));
    let lost = match found.generated.is_some() || undo.is_new(id) {
        true => Vec::new(),
        false => vec![Note::Lost(format!("the values of {}", part(&relation.name, &found.name)))],
    };
    undo.run(Phase::Take, sql, lost);
}

pub(super) fn constraint(undo: &mut Undo<'_>, id: RelationId, name: &str, with: Option<ColumnId>) {
    if with.is_some_and(|column| undo.added.contains(&(id, column))) {
        return;
    }
    let Some(relation) = undo.after.relation(id) else { return };
    let Some(found) = relation.constraint(name) else { return };
    // It goes with any of its columns.
    if found.columns.iter().any(|column| undo.added.contains(&(id, *column))) {
        return;
    }
    let sql = format!("ALTER TABLE {} DROP CONSTRAINT {}", sql_name(&relation.name), quoted(name));
    undo.run(Phase::Take, sql, Vec::new());
    // An index that the constraint took over goes with it; one that was built for it is not missed.
    let taken_over = found.index().filter(|index| undo.start.index(*index).is_some());
    let taken_over = taken_over.and_then(|index| undo.before.index(index)).filter(|index| !index.constraint);
    if let Some(index) = taken_over {
        super::restore::index(undo, index, false);
    }
}

pub(super) fn index(undo: &mut Undo<'_>, id: IndexId, origin: IndexOrigin) {
    let IndexOrigin::Statement { concurrently } = origin else { return };
    let Some(index) = undo.after.index(id) else { return };
    // A part of an index that the migration made goes along with the whole.
    let whole = undo.end.index(id).and_then(|index| index.part_of);
    if undo.is_new(index.table) || whole.is_some_and(|whole| undo.start.index(whole).is_none()) {
        return;
    }
    // One that a constraint took over since goes with the constraint.
    if undo.end.index(id).is_some_and(|index| index.constraint) {
        return;
    }
    let name = sql_name(&index.name);
    match concurrently {
        true => undo.run_outside(Phase::Take, format!("DROP INDEX CONCURRENTLY {name}"), Vec::new()),
        false => undo.run(Phase::Take, format!("DROP INDEX {name}"), Vec::new()),
    }
}

pub(super) fn trigger(undo: &mut Undo<'_>, id: RelationId, name: &str) {
    let Some(relation) = undo.after.relation(id) else { return };
    undo.run(
        Phase::Take,
        format!("DROP TRIGGER {} ON {}", quoted(name), sql_name(&relation.name)),
        Vec::new(),
    );
    super::create::trigger(undo, id, name);
}

pub(super) fn policy(undo: &mut Undo<'_>, id: RelationId, policy: &Policy) {
    let Some(relation) = undo.after.relation(id) else { return };
    let sql = format!("DROP POLICY {} ON {}", quoted(&policy.name), sql_name(&relation.name));
    undo.run(Phase::Take, sql, Vec::new());
    let before = undo.before.relation(id);
    if let Some(old) = before.and_then(|r| r.policies.iter().find(|other| other.name == policy.name)) {
        super::create::policy(undo, id, old);
    }
}

pub(super) fn user_type(undo: &mut Undo<'_>, id: TypeId) {
    let Some(ty) = undo.after.user_type(id) else { return };
    let word = if matches!(ty.kind, UserTypeKind::Domain { .. }) { "DOMAIN" } else { "TYPE" };
    undo.run(Phase::TakeKinds, format!("DROP {word} {}", sql_name(&ty.name)), Vec::new());
}

pub(super) fn schema(undo: &mut Undo<'_>, name: &str) {
    undo.run(Phase::TakeKinds, format!("DROP SCHEMA {}", quoted(name)), Vec::new());
}

pub(super) fn extension(undo: &mut Undo<'_>, name: &str) {
    if !undo.before.has_extension(name) {
        let why = format!(
            "extension {name} stays, since others may use it by now; where none does: DROP EXTENSION {};",
            quoted(name)
        );
        undo.say(Phase::TakeKinds, Note::NotReversed(why));
    }
}
