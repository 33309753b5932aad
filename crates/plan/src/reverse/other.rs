//! What leaves no trace in a schema, or one that only the statement tells of: rows, privileges, owners, comments,
//! options; and switches that are undone by comparing.

use super::Note;
use super::alter::rename_and_move;
use super::step::{Phase, Undo};
use super::words::{label, part};
use catalog::written::{literal, quoted, sql_name};
use catalog::{Change, QName, RelationId, RelationKind, TypeId, UserTypeKind, implicit_constraint_name};
use facts::Operation;
use source::shown;
use sql::{AlterAction, AlterTable, ObjectKind, Persistence, Rename, Stmt, Transaction};

/// A change with no way back but in words, or one between two tables.
pub(super) fn change(undo: &mut Undo<'_>, change: &Change) {
    let why = match change {
        Change::EnumValueAdded { ty, value } => {
            let Some(ty) = undo.after.user_type(*ty) else { return };
            // A type of the migration's own goes as a whole.
            if undo.start.user_type(ty.id).is_none() {
                return;
            }
            format!("value {} of {} stays: Postgres takes none away", literal(value), label(&ty.name))
        }
        Change::DomainConstrained { ty, .. } => return domain(undo, *ty),
        Change::PrivilegesRevoked { relation, roles, .. } => {
            let name = undo.name(*relation).map(|name| label(&name)).unwrap_or_default();
            format!("what was revoked on {name} from {}, since what they had is not known", roles.join(", "))
        }
        Change::SchemaRevoked(schema, roles) => {
            format!("what was revoked on schema {schema} from {}", roles.join(", "))
        }
        Change::FunctionRevoked(function, roles) => {
            format!("what was revoked on {} from {}", label(function), roles.join(", "))
        }
        Change::OwnerSet { relation, role } => {
            let name = undo.name(*relation).map(|name| label(&name)).unwrap_or_default();
            format!("{name} stays owned by {role}: who owned it before is not known")
        }
        Change::PartitionAttached { parent, partition } => return detach(undo, *parent, *partition),
        Change::PartitionDetached { parent, partition } => return attach(undo, *parent, *partition),
        _ => return,
    };
    undo.say(Phase::Rest, Note::NotReversed(why));
}

fn detach(undo: &mut Undo<'_>, parent: RelationId, partition: RelationId) {
    let (Some(parent), Some(partition)) = (undo.name(parent), undo.name(partition)) else { return };
    let sql = format!("ALTER TABLE {} DETACH PARTITION {}", sql_name(&parent), sql_name(&partition));
    let stay = format!("indexes that {} got when it was attached stay", label(&partition));
    undo.run(Phase::Take, sql, vec![Note::NotReversed(stay)]);
}

fn attach(undo: &mut Undo<'_>, parent: RelationId, partition: RelationId) {
    let found = undo.before.relation(partition).cloned();
    let bound = found.as_ref().and_then(|found| found.partition_bound.clone());
    let whole = undo.before.relation(parent).map(|parent| parent.partition_key.clone()).unwrap_or_default();
    let (Some(parent), Some(partition)) = (undo.name(parent), undo.name(partition)) else { return };
    let Some(bound) = bound else {
        let why = format!("{} stays on its own, since its bound is not known", label(&partition));
        return undo.say(Phase::Tables, Note::NotReversed(why));
    };
    let sql = format!("ALTER TABLE {} ATTACH PARTITION {} {bound}", sql_name(&parent), sql_name(&partition));
    let mut notes = vec![Note::Fails(format!("rows of {} are out of its bound by now", label(&partition)))];
    let concurrently = match undo.step.statement.as_ref().map(|statement| &statement.stmt) {
        Some(Stmt::AlterTable(alter)) => alter.commands.iter().any(|command| {
            matches!(command.action, AlterAction::DetachPartition { concurrently, finalize, .. } if concurrently || finalize)
        }),
        _ => false,
    };
    if let (true, Some(found)) = (concurrently, &found) {
        let check = implicit_constraint_name(undo.before, found, &whole, "check");
        let why = format!(
            "{}, the CHECK of its bound that DETACH CONCURRENTLY left there",
            part(&partition, &check)
        );
        notes.push(Note::NotReversed(why));
    }
    undo.run(Phase::Tables, sql, notes);
}

fn domain(undo: &mut Undo<'_>, id: TypeId) {
    let (Some(was), Some(now)) = (undo.before.user_type(id), undo.after.user_type(id)) else { return };
    let name = sql_name(&was.name);
    let (
        UserTypeKind::Domain { not_null, checks, default, .. },
        UserTypeKind::Domain { not_null: now_not_null, checks: now_checks, default: now_default, .. },
    ) = (&was.kind, &now.kind)
    else {
        return;
    };
    let mut sql = Vec::new();
    for made in now_checks.iter().filter(|made| checks.iter().all(|old| old.name != made.name)) {
        sql.push(format!("ALTER DOMAIN {name} DROP CONSTRAINT {}", quoted(&made.name)));
    }
    for gone in checks.iter().filter(|gone| now_checks.iter().all(|now| now.name != gone.name)) {
        let valid = if gone.validated { "" } else { " NOT VALID" };
        let (check, text) = (quoted(&gone.name), &gone.expr.text);
        sql.push(format!("ALTER DOMAIN {name} ADD CONSTRAINT {check} CHECK ({text}){valid}"));
    }
    if not_null != now_not_null {
        let word = if *not_null { "SET" } else { "DROP" };
        sql.push(format!("ALTER DOMAIN {name} {word} NOT NULL"));
    }
    let text = |default: &Option<std::sync::Arc<sql::Expr>>| default.as_ref().map(|expr| expr.text.clone());
    if text(default) != text(now_default) {
        sql.push(match text(default) {
            Some(text) => format!("ALTER DOMAIN {name} SET DEFAULT {text}"),
            None => format!("ALTER DOMAIN {name} DROP DEFAULT"),
        });
    }
    sql.into_iter().for_each(|sql| undo.run(Phase::Alter, sql, Vec::new()));
}

/// What only the statement tells of.
pub(super) fn statement(undo: &mut Undo<'_>) {
    rows(undo);
    for unknown in undo.step.facts.unknown.clone() {
        undo.say(Phase::Rest, Note::NotReversed(format!("what can't be judged: {unknown}")));
    }
    let Some(statement) = undo.step.statement.clone() else { return };
    let not_reversed = match &statement.stmt {
        Stmt::AlterTable(alter) => return alter_table(undo, alter),
        Stmt::AlterDomain(alter) => {
            let found = undo.after.find_type(alter.name.schema.as_deref(), &alter.name.name).map(|ty| ty.id);
            let seen =
                undo.step.changes.iter().any(|change| matches!(change, Change::DomainConstrained { .. }));
            return found.filter(|_| !seen).into_iter().for_each(|ty| domain(undo, ty));
        }
        Stmt::AlterSequence(alter) => return sequence_owner(undo, &alter.name),
        Stmt::Rename(rename) => return renamed(undo, rename),
        Stmt::SetSchema(set) if is_routine(set.kind) => {
            let from = undo.before.find_functions(&set.name).first().map(|found| found.name.clone());
            let Some(from) = from else { return };
            let to = QName::new(set.schema.text.clone(), from.name.clone());
            return rename_and_move(undo, "ROUTINE", &from, &to);
        }
        Stmt::Drop(drop) if is_routine(drop.kind) => {
            let seen = undo.step.changes.iter().any(|change| matches!(change, Change::FunctionDropped(_)));
            let names = drop.objects.iter().filter_map(|o| undo.before.find_functions(&o.name).first());
            let names: Vec<QName> = names.filter(|_| !seen).map(|found| found.name.clone()).collect();
            return names.iter().for_each(|name| super::create::functions(undo, name));
        }
        Stmt::Drop(drop) => match drop.kind {
            ObjectKind::Rule => "the rule, whose text is not known".to_owned(),
            ObjectKind::Extension | ObjectKind::Statistics | ObjectKind::Role | ObjectKind::Database => {
                "what was dropped, which is not known in full".to_owned()
            }
            _ => return,
        },
        Stmt::CreateRule(create) => {
            let Some(table) = undo.after.find_relation(&create.table) else { return };
            let sql = format!("DROP RULE {} ON {}", quoted(&create.name.text), sql_name(&table.name));
            if undo.is_new(table.id) {
                return;
            }
            return undo.run(Phase::Take, sql, Vec::new());
        }
        Stmt::CreateStatistics(create) => match &create.name {
            Some(name) => {
                let name = undo.after.creation_name(name, false);
                let table = create.tables.first().and_then(|table| undo.after.find_relation(table));
                if table.is_some_and(|table| undo.is_new(table.id)) {
                    return;
                }
                return undo.run(Phase::Take, format!("DROP STATISTICS {}", sql_name(&name)), Vec::new());
            }
            None => "statistics without a name of their own".to_owned(),
        },
        Stmt::Comment(comment) if comment.name.is_some() => {
            let name = comment.name.as_ref().map(ToString::to_string).unwrap_or_default();
            if undo
                .after
                .find_relation(comment.name.as_ref().unwrap_or(&unnamed()))
                .is_some_and(|r| undo.is_new(r.id))
            {
                return;
            }
            format!("the comment on {}, since what was said before is not known", shown(&name))
        }
        Stmt::Comment(_) => "a comment, since what was said before is not known".to_owned(),
        Stmt::Grant(grant) if grant.grant => {
            let new =
                |name: &sql::Name| undo.after.find_relation(name).is_some_and(|found| undo.is_new(found.id));
            if !grant.objects.is_empty() && grant.objects.iter().all(new) {
                return;
            }
            format!("what was granted to {}, since what they had is not known", grant.roles.join(", "))
        }
        Stmt::Grant(grant) if undo.step.changes.is_empty() => {
            format!("what was revoked from {}, since what they had is not known", grant.roles.join(", "))
        }
        Stmt::SetOwner(owner) => {
            format!(
                "{} stays owned by {}: who owned it before is not known",
                shown(&owner.name.to_string()),
                owner.role
            )
        }
        Stmt::Truncate(truncate) => {
            let names: Vec<String> =
                truncate.tables.iter().map(|name| shown(&name.to_string()).to_owned()).collect();
            format!("the rows that TRUNCATE took from {}", names.join(", "))
        }
        Stmt::Copy(copy) if copy.from => "the rows that COPY wrote".to_owned(),
        Stmt::Call(call) => format!("what CALL {} did", call.name),
        Stmt::Transaction(Transaction::RollbackTo(_)) => {
            "what ROLLBACK TO took back is not followed".to_owned()
        }
        Stmt::Other(other) => format!("{}, of which no schema tells", other.what),
        _ => return,
    };
    undo.say(Phase::Rest, Note::NotReversed(not_reversed));
}

fn unnamed() -> sql::Name {
    sql::Name { schema: None, name: String::new(), span: source::Span::default() }
}

fn is_routine(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine)
}

/// Rows of tables that were there before.
fn rows(undo: &mut Undo<'_>) {
    let mut said: Vec<String> = Vec::new();
    for write in &undo.step.facts.writes {
        let known = undo.start.relations().any(|relation| relation.name.to_string() == write.relation);
        let word = match write.operation {
            Operation::Insert | Operation::Upsert => "INSERT wrote into",
            Operation::Update => "UPDATE changed in",
            Operation::Delete => "DELETE took from",
            Operation::Select => continue,
        };
        let text = format!("the rows that {word} {}", shown(&write.relation));
        if known && !said.contains(&text) {
            said.push(text);
        }
    }
    said.into_iter().for_each(|text| undo.say(Phase::Rest, Note::NotReversed(text)));
}

fn alter_table(undo: &mut Undo<'_>, alter: &AlterTable) {
    let composite = matches!(alter.kind, ObjectKind::Type | ObjectKind::CompositeType);
    if composite {
        let name = shown(&alter.name.to_string()).to_owned();
        return undo.say(Phase::Rest, Note::NotReversed(format!("the attributes of type {name}")));
    }
    let Some((id, name, kind)) =
        undo.after.find_relation(&alter.name).map(|r| (r.id, r.name.clone(), r.kind))
    else {
        return;
    };
    if undo.is_new(id) {
        return;
    }
    let (sql, shown_name) = (sql_name(&name), label(&name));
    let kind = super::words::kind(if kind == RelationKind::Partitioned { RelationKind::Table } else { kind });
    for command in &alter.commands {
        let why = match &command.action {
            AlterAction::SetLogged(_) => {
                let was = undo.before.relation(id).map(|found| found.persistence);
                let word = if was == Some(Persistence::Unlogged) { "UNLOGGED" } else { "LOGGED" };
                if was != undo.after.relation(id).map(|found| found.persistence) {
                    undo.run(Phase::Alter, format!("ALTER {kind} {sql} SET {word}"), Vec::new());
                }
                continue;
            }
            AlterAction::Trigger { .. } => {
                trigger_switches(undo, id);
                continue;
            }
            AlterAction::Inherit(parent) => {
                undo.run(
                    Phase::Take,
                    format!("ALTER TABLE {sql} NO INHERIT {}", written(parent)),
                    Vec::new(),
                );
                continue;
            }
            AlterAction::NoInherit(parent) => {
                undo.run(Phase::Tables, format!("ALTER TABLE {sql} INHERIT {}", written(parent)), Vec::new());
                continue;
            }
            AlterAction::SetIdentity { always: None, .. } => "what an identity counts by",
            AlterAction::SetStatistics { .. } => "what statistics are gathered",
            AlterAction::SetStorage { .. } => "how a column is stored",
            AlterAction::AlterConstraint { .. } => "what a constraint waits for",
            AlterAction::SetOptions { .. } => "its options",
            AlterAction::ReplicaIdentity => "its replica identity",
            AlterAction::ClusterOn => "the index that it is clustered on",
            AlterAction::SetAccessMethod(_) => "its access method",
            AlterAction::SetTablespace => "its tablespace",
            AlterAction::OfType => "its type",
            AlterAction::Rule { .. } => "the switch of a rule",
            AlterAction::Other(what) => what,
            _ => continue,
        };
        let why = format!("{shown_name}: {why}, since what was before is not known");
        undo.say(Phase::Rest, Note::NotReversed(why));
    }
}

fn written(name: &sql::Name) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(&name.name)),
        None => quoted(&name.name),
    }
}

fn trigger_switches(undo: &mut Undo<'_>, id: RelationId) {
    let (Some(before), Some(after)) = (undo.before.relation(id).cloned(), undo.after.relation(id)) else {
        return;
    };
    for was in &before.triggers {
        let now = after.triggers.iter().find(|now| now.name == was.name);
        if now.is_some_and(|now| now.enabled != was.enabled) {
            let word = if was.enabled { "ENABLE" } else { "DISABLE" };
            let sql = format!("ALTER TABLE {} {word} TRIGGER {}", sql_name(&before.name), quoted(&was.name));
            undo.run(Phase::Rest, sql, Vec::new());
        }
    }
}

fn sequence_owner(undo: &mut Undo<'_>, name: &sql::Name) {
    let (Some(was), Some(now)) = (undo.before.find_relation(name), undo.after.find_relation(name)) else {
        return;
    };
    if undo.is_new(was.id) && was.owned_by == now.owned_by {
        return;
    }
    let (sql, shown) = (sql_name(&now.name), label(&now.name));
    if was.owned_by == now.owned_by {
        let why = format!("what {shown} counts by, since what was before is not known");
        return undo.say(Phase::Rest, Note::NotReversed(why));
    }
    let owner = was.owned_by.and_then(|(table, column)| {
        let table = undo.before.relation(table)?;
        Some(format!("{}.{}", sql_name(&table.name), quoted(&table.column_by_id(column)?.name)))
    });
    let owner = owner.unwrap_or_else(|| "NONE".to_owned());
    undo.run(Phase::Alter, format!("ALTER SEQUENCE {sql} OWNED BY {owner}"), Vec::new());
}

/// A rename that leaves no change of its own.
fn renamed(undo: &mut Undo<'_>, rename: &Rename) {
    let word = match rename.kind {
        ObjectKind::Trigger => "TRIGGER",
        ObjectKind::Policy => "POLICY",
        ObjectKind::Rule => "RULE",
        kind if is_routine(kind) => {
            let from = undo.before.find_functions(&rename.name).first().map(|found| found.name.clone());
            let Some(from) = from else { return };
            let to = QName::new(from.schema.clone(), rename.to.text.clone());
            return rename_and_move(undo, "ROUTINE", &from, &to);
        }
        ObjectKind::DomainConstraint
        | ObjectKind::Extension
        | ObjectKind::Statistics
        | ObjectKind::Role
        | ObjectKind::Database
        | ObjectKind::Aggregate
        | ObjectKind::Other => {
            let why = format!("what is named {} from here on", rename.to.text);
            return undo.say(Phase::Names, Note::NotReversed(why));
        }
        _ => return,
    };
    let Some(table) = undo.after.find_relation(&rename.name) else { return };
    if let (Some(part), false) = (&rename.part, undo.is_new(table.id)) {
        let (to, from, table) = (quoted(&rename.to.text), quoted(&part.text), sql_name(&table.name));
        undo.run(Phase::Names, format!("ALTER {word} {to} ON {table} RENAME TO {from}"), Vec::new());
    }
}
