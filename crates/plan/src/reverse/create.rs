//! What a statement took away comes back: schemas, types, functions, triggers, policies and views.

use super::Note;
use super::step::{Phase, Undo};
use super::words::{label, part};
use catalog::written::{
    function_definition, function_signature, policy_definition, quoted, sql_name, trigger_definition,
    type_definition, view_definition,
};
use catalog::{Function, Policy, QName, Relation, RelationId, TypeId};

pub(super) fn schema(undo: &mut Undo<'_>, name: &str) {
    let lost = Note::Lost(format!("what was granted on schema {name}"));
    undo.run(Phase::Kinds, format!("CREATE SCHEMA {}", quoted(name)), vec![lost]);
}

pub(super) fn user_type(undo: &mut Undo<'_>, id: TypeId) {
    let Some(ty) = undo.before.user_type(id) else { return };
    match type_definition(undo.before, ty) {
        Some(text) => undo.run(Phase::Kinds, text, Vec::new()),
        None => {
            let why = format!("type {}, which is not known in full", label(&ty.name));
            undo.say(Phase::Kinds, Note::NotReversed(why));
        }
    }
}

/// Functions of one name as they were.
pub(super) fn functions(undo: &mut Undo<'_>, name: &QName) {
    // A rename is undone as one.
    if matches!(
        undo.step.statement.as_ref().map(|s| &s.stmt),
        Some(sql::Stmt::Rename(_) | sql::Stmt::SetSchema(_))
    ) {
        return;
    }
    let (before, after) = (undo.before, undo.after);
    let same = |a: &Function, b: &Function| a.arguments == b.arguments;
    for old in before.functions_named(name) {
        let now = after.functions_named(name).iter().find(|now| same(now, old));
        if now.is_some_and(|now| now.text == old.text) {
            continue;
        }
        match function_definition(old) {
            Some(text) => undo.run(Phase::Kinds, with_replace(text, now.is_some()), Vec::new()),
            None => {
                let why = format!("function {}, whose text is not known", label(name));
                undo.say(Phase::Kinds, Note::NotReversed(why));
            }
        }
    }
    for made in after.functions_named(name) {
        if before.functions_named(name).iter().any(|old| same(old, made)) {
            continue;
        }
        let word = if made.procedure { "PROCEDURE" } else { "FUNCTION" };
        match function_signature(after, made) {
            Some(signature) => undo.run(Phase::TakeKinds, format!("DROP {word} {signature}"), Vec::new()),
            None => {
                let why = format!("function {} stays, whose arguments are not known", label(name));
                undo.say(Phase::TakeKinds, Note::NotReversed(why));
            }
        }
    }
}

/// `CREATE OR REPLACE` for `CREATE`, where it is to be.
fn with_replace(text: String, replace: bool) -> String {
    let rest = text.get(6..).filter(|_| replace && text[..6].eq_ignore_ascii_case("create"));
    match rest {
        Some(rest) if !rest.trim_start().get(..3).is_some_and(|word| word.eq_ignore_ascii_case("or ")) => {
            format!("CREATE OR REPLACE{rest}")
        }
        _ => text,
    }
}

/// A trigger that was there before.
pub(super) fn trigger(undo: &mut Undo<'_>, id: RelationId, name: &str) {
    let Some(relation) = undo.before.relation(id) else { return };
    let Some(trigger) = relation.triggers.iter().find(|trigger| trigger.name == name) else { return };
    let table = sql_name(&relation.name);
    match trigger_definition(relation, trigger) {
        Some(text) => {
            undo.run(Phase::Rest, text, Vec::new());
            if !trigger.enabled {
                let off = format!("ALTER TABLE {table} DISABLE TRIGGER {}", quoted(name));
                undo.run(Phase::Rest, off, Vec::new());
            }
        }
        None => {
            let why =
                format!("trigger {}, which is not known with the names of today", part(&relation.name, name));
            undo.say(Phase::Rest, Note::NotReversed(why));
        }
    }
}

/// A policy that was there before.
pub(super) fn policy(undo: &mut Undo<'_>, id: RelationId, policy: &Policy) {
    let Some(relation) = undo.before.relation(id) else { return };
    match policy_definition(undo.before, relation, policy) {
        Some(text) => undo.run(Phase::Rest, text, Vec::new()),
        None => {
            let name = part(&relation.name, &policy.name);
            let why = format!("policy {name}, which is not known with the names of today");
            undo.say(Phase::Rest, Note::NotReversed(why));
        }
    }
}

/// The switches of row level security as they were.
pub(super) fn row_security(undo: &mut Undo<'_>, id: RelationId) {
    let Some(before) = undo.before.relation(id) else { return };
    let (was, table) = (before.row_security, sql_name(&before.name));
    let now = undo.after.relation(id).map(|after| after.row_security).unwrap_or_default();
    let switches =
        [(was.enabled, now.enabled, ["ENABLE", "DISABLE"]), (was.forced, now.forced, ["FORCE", "NO FORCE"])];
    for (was, now, [on, off]) in switches {
        if was != now {
            let word = if was { on } else { off };
            undo.run(Phase::Rest, format!("ALTER TABLE {table} {word} ROW LEVEL SECURITY"), Vec::new());
        }
    }
}

/// The query that a view had.
pub(super) fn replaced_view(undo: &mut Undo<'_>, id: RelationId) {
    let (Some(before), Some(after)) = (undo.before.relation(id), undo.after.relation(id)) else { return };
    let name = label(&before.name);
    let Some(text) = view_definition(undo.before, before) else {
        let why = format!("view {name}, whose query before is not known with the names of today");
        undo.say(Phase::Views, Note::NotReversed(why));
        return;
    };
    let columns = |view: &Relation| view.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    if columns(before) == columns(after) {
        undo.run(Phase::Views, with_replace(text, true), Vec::new());
    } else if after.viewed_by.is_empty() {
        undo.run(Phase::Take, format!("DROP VIEW {}", sql_name(&after.name)), Vec::new());
        undo.run(Phase::Views, text, vec![Note::Lost(format!("what was granted on {name}"))]);
    } else {
        let why = format!("view {name}, which other views read and which has columns that it had not");
        undo.say(Phase::Views, Note::NotReversed(why));
    }
}
