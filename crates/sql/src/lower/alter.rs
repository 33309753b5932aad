//! `ALTER TABLE`, `ALTER TYPE` of enums, `ALTER DOMAIN`, `ALTER SEQUENCE`, `ALTER POLICY`.

use super::expr::{Bounds, expr};
use super::names::{integer, object_kind, role, roles, strings};
use super::{Lower, column, create, routine};
use crate::ast::{
    AlterAction, AlterCommand, AlterDomain, AlterEnum, AlterPolicy, AlterSequence, AlterTable, DomainChange,
    EnumChange, Ident, ObjectKind, RowSecurity, Stmt,
};
use pg_raw_parse::{Node, nodes, raw};
use raw::AlterTableType as At;

/// `ALTER TABLE` and kin.
pub(super) fn table(lower: &Lower<'_>, node: &nodes::AlterTableStmt) -> Stmt {
    let kind = match node.objtype {
        raw::ObjectType::OBJECT_TYPE => ObjectKind::CompositeType,
        kind => object_kind(kind),
    };
    let name = lower.relation(node.relation());
    // The commands stand behind the name, and behind the `*` that may follow it.
    let mut from = lower.after(node.relation().map(|relation| relation.location));
    if lower.tokens().get(from).is_some_and(|token| token.text(lower.text) == "*") {
        from += 1;
    }
    let mut places = lower.elements(from, lower.tokens().len());
    if places.len() != node.cmds().len() {
        places = vec![(from, lower.tokens().len()); node.cmds().len()];
    }
    let mut commands = Vec::with_capacity(node.cmds().len());
    for (command, place) in node.cmds().iter().zip(places) {
        if let Node::AlterTableCmd(command) = command {
            commands.push(AlterCommand {
                action: action(lower, command, place),
                span: lower.between(place.0, place.1),
            });
        }
    }
    Stmt::AlterTable(AlterTable {
        name,
        kind,
        if_exists: node.missing_ok,
        only: kind == ObjectKind::Table && node.relation().is_some_and(|relation| !relation.inh),
        commands,
    })
}

/// One command, which stands on the tokens `from..to`.
fn action(lower: &Lower<'_>, node: &nodes::AlterTableCmd, (from, to): (usize, usize)) -> AlterAction {
    let name = || {
        // The first word is the verb; it may spell the name too.
        let text = node.name().unwrap_or_default();
        match lower.find(text, from + 1, to) {
            Some(_) => lower.ident(Some(text), from + 1),
            None => Ident { text: text.to_owned(), span: lower.between(from, to) },
        }
    };
    let cascade = node.behavior == raw::DropBehavior::DROP_CASCADE;
    match node.subtype {
        At::AT_AddColumn => match node.def() {
            Node::ColumnDef(def) => {
                AlterAction::AddColumn { column: column::column(lower, def), if_not_exists: node.missing_ok }
            }
            _ => AlterAction::Other("ADD COLUMN"),
        },
        At::AT_DropColumn => AlterAction::DropColumn { column: name(), if_exists: node.missing_ok, cascade },
        At::AT_AlterColumnType => match node.def() {
            Node::ColumnDef(def) => set_type(lower, def, name(), to),
            _ => AlterAction::Other("ALTER COLUMN TYPE"),
        },
        At::AT_ColumnDefault => match node.def() {
            Node::None => AlterAction::DropDefault { column: name() },
            default => AlterAction::SetDefault {
                column: name(),
                default: expr(lower, default, Bounds::Until(to, &[])),
            },
        },
        At::AT_SetNotNull => AlterAction::SetNotNull { column: name() },
        At::AT_DropNotNull => AlterAction::DropNotNull { column: name() },
        At::AT_SetExpression => {
            let column = name();
            let bounds = lower.inside_after("as", from).unwrap_or((from, to));
            let expr = expr(lower, node.def(), Bounds::Tokens(bounds.0, bounds.1));
            AlterAction::SetExpression { column, expr }
        }
        At::AT_DropExpression => AlterAction::DropExpression { column: name(), if_exists: node.missing_ok },
        At::AT_AddIdentity => match node.def() {
            Node::Constraint(def) => AlterAction::AddIdentity {
                column: name(),
                always: def.generated_when as u8 == b'a',
                sequence: column::sequence_name(lower, def.options(), from),
                start: def.options().iter().find_map(|option| match option {
                    Node::DefElem(option) if option.defname() == Some("start") => integer(option.arg()),
                    _ => None,
                }),
            },
            _ => AlterAction::Other("ADD GENERATED AS IDENTITY"),
        },
        At::AT_SetIdentity => AlterAction::SetIdentity { column: name(), always: set_always(node.def()) },
        At::AT_DropIdentity => AlterAction::DropIdentity { column: name(), if_exists: node.missing_ok },
        At::AT_SetStatistics | At::AT_SetOptions | At::AT_ResetOptions => {
            AlterAction::SetStatistics { column: node.name().map(|_| name()) }
        }
        At::AT_SetStorage | At::AT_SetCompression => AlterAction::SetStorage { column: name() },
        At::AT_AddConstraint => match node.def() {
            Node::Constraint(def) => match column::constraint(lower, def) {
                Some(constraint) => AlterAction::AddConstraint(constraint),
                None => AlterAction::Other("ADD CONSTRAINT"),
            },
            _ => AlterAction::Other("ADD CONSTRAINT"),
        },
        At::AT_DropConstraint => {
            AlterAction::DropConstraint { name: name(), if_exists: node.missing_ok, cascade }
        }
        At::AT_ValidateConstraint => AlterAction::ValidateConstraint { name: name() },
        At::AT_AlterConstraint => {
            let text = match node.def() {
                Node::ATAlterConstraint(def) => def.conname(),
                _ => node.name(),
            };
            AlterAction::AlterConstraint { name: lower.ident(text, from + 1) }
        }
        At::AT_EnableRowSecurity => AlterAction::RowSecurity(RowSecurity::Enable),
        At::AT_DisableRowSecurity => AlterAction::RowSecurity(RowSecurity::Disable),
        At::AT_ForceRowSecurity => AlterAction::RowSecurity(RowSecurity::Force),
        At::AT_NoForceRowSecurity => AlterAction::RowSecurity(RowSecurity::NoForce),
        At::AT_EnableTrig | At::AT_EnableAlwaysTrig | At::AT_EnableReplicaTrig => {
            AlterAction::Trigger { name: Some(name()), enable: true }
        }
        At::AT_EnableTrigAll | At::AT_EnableTrigUser => AlterAction::Trigger { name: None, enable: true },
        At::AT_DisableTrig => AlterAction::Trigger { name: Some(name()), enable: false },
        At::AT_DisableTrigAll | At::AT_DisableTrigUser => AlterAction::Trigger { name: None, enable: false },
        At::AT_EnableRule | At::AT_EnableAlwaysRule | At::AT_EnableReplicaRule | At::AT_DisableRule => {
            AlterAction::Rule { name: Some(name()) }
        }
        _ => table_action(lower, node, to),
    }
}

/// Commands that are about the table as a whole.
fn table_action(lower: &Lower<'_>, node: &nodes::AlterTableCmd, to: usize) -> AlterAction {
    match (node.subtype, node.def()) {
        (At::AT_ChangeOwner, _) => AlterAction::Owner { role: role(node.newowner()) },
        (At::AT_SetRelOptions | At::AT_ResetRelOptions | At::AT_ReplaceRelOptions, options) => {
            AlterAction::SetOptions { names: option_names(options) }
        }
        (At::AT_ReplicaIdentity, _) => AlterAction::ReplicaIdentity,
        (At::AT_AddInherit, Node::RangeVar(parent)) => AlterAction::Inherit(lower.relation(Some(parent))),
        (At::AT_DropInherit, Node::RangeVar(parent)) => AlterAction::NoInherit(lower.relation(Some(parent))),
        (At::AT_AttachPartition, Node::PartitionCmd(command)) => AlterAction::AttachPartition {
            partition: lower.relation(command.name()),
            bound: command.bound().map(|bound| create::partition_bound(lower, bound)),
        },
        (At::AT_DetachPartition, Node::PartitionCmd(command)) => AlterAction::DetachPartition {
            partition: lower.relation(command.name()),
            concurrently: lower.is_word(to.saturating_sub(1), "concurrently"),
            finalize: false,
        },
        (At::AT_DetachPartitionFinalize, Node::PartitionCmd(command)) => AlterAction::DetachPartition {
            partition: lower.relation(command.name()),
            concurrently: false,
            finalize: true,
        },
        (At::AT_ClusterOn | At::AT_DropCluster, _) => AlterAction::ClusterOn,
        (At::AT_SetLogged, _) => AlterAction::SetLogged(true),
        (At::AT_SetUnLogged, _) => AlterAction::SetLogged(false),
        (At::AT_SetAccessMethod, _) => {
            AlterAction::SetAccessMethod(node.name().unwrap_or("default").to_owned())
        }
        (At::AT_SetTableSpace, _) => AlterAction::SetTablespace,
        (At::AT_AddOf | At::AT_DropOf, _) => AlterAction::OfType,
        (At::AT_DropOids, _) => AlterAction::Other("SET WITHOUT OIDS"),
        (At::AT_GenericOptions, _) => AlterAction::Other("OPTIONS"),
        (At::AT_AlterColumnGenericOptions, _) => AlterAction::Other("ALTER COLUMN OPTIONS"),
        _ => AlterAction::Other("a form of ALTER TABLE that brolly doesn't know"),
    }
}

fn set_type(lower: &Lower<'_>, def: &nodes::ColumnDef, column: Ident, to: usize) -> AlterAction {
    let using = match def.raw_default() {
        Node::None => None,
        using => Some(expr(lower, using, Bounds::Until(to, &[]))),
    };
    AlterAction::SetType {
        column,
        type_name: lower.type_or_unknown(def.type_name()),
        using,
        collation: def.coll_clause().and_then(column::collation),
    }
}

/// `SET GENERATED ALWAYS` or `BY DEFAULT` among the options of an identity.
fn set_always(options: Node<'_>) -> Option<bool> {
    options.as_node_list()?.iter().find_map(|option| match option {
        Node::DefElem(option) if option.defname() == Some("generated") => {
            integer(option.arg()).map(|code| code == i64::from(b'a'))
        }
        _ => None,
    })
}

fn option_names(options: Node<'_>) -> Vec<String> {
    let Some(options) = options.as_node_list() else { return Vec::new() };
    let names = options.iter().filter_map(|option| match option {
        Node::DefElem(option) => option.defname().map(|name| match option.defnamespace() {
            Some(space) => format!("{space}.{name}"),
            None => name.to_owned(),
        }),
        _ => None,
    });
    names.collect()
}

/// `ALTER TYPE .. ADD VALUE` and `.. RENAME VALUE`.
pub(super) fn enum_type(lower: &Lower<'_>, node: &nodes::AlterEnumStmt) -> Stmt {
    let parts: Vec<&str> = node.type_name().iter().filter_map(nodes::String::sval).collect();
    let (name, after) = lower.name_and_next(&parts[parts.len().saturating_sub(2)..], 2);
    let new = node.new_val().unwrap_or_default();
    let change = match node.old_val() {
        Some(old) => {
            let (from, after) = lower.string_and_next(old, after);
            EnumChange::Rename { from, to: lower.string_and_next(new, after).0 }
        }
        None => EnumChange::Add {
            value: lower.string_and_next(new, after).0,
            neighbour: node.new_val_neighbor().map(str::to_owned),
            after: node.new_val_is_after,
            if_not_exists: node.skip_if_new_val_exists,
        },
    };
    Stmt::AlterEnum(AlterEnum { name, change })
}

/// `ALTER DOMAIN`.
pub(super) fn domain(lower: &Lower<'_>, node: &nodes::AlterDomainStmt) -> Stmt {
    let parts: Vec<&str> = strings(node.type_name()).collect();
    let (name, after) = lower.name_and_next(&parts[parts.len().saturating_sub(2)..], 2);
    let part = || lower.ident(node.name(), after);
    // The letters of AlterDomainStmt in nodes/parsenodes.h.
    let change = match (node.subtype as u8, node.def()) {
        (b'T', Node::None) => DomainChange::Default(None),
        (b'T', default) => DomainChange::Default(Some(expr(lower, default, Bounds::Until(usize::MAX, &[])))),
        (b'N', _) => DomainChange::NotNull(false),
        (b'O', _) => DomainChange::NotNull(true),
        (b'C', Node::Constraint(constraint)) if constraint.contype == raw::ConstrType::CONSTR_NOTNULL => {
            DomainChange::NotNull(true)
        }
        (b'C', Node::Constraint(constraint)) => {
            let name = constraint.conname().map(|name| lower.ident_and_next(name, after));
            let body = name.as_ref().map_or(after, |(_, next)| *next);
            DomainChange::AddCheck {
                expr: column::check(lower, constraint, body),
                name: name.map(|(name, _)| name),
                not_valid: constraint.skip_validation,
            }
        }
        (b'V', _) => DomainChange::Validate { name: part() },
        (b'X', _) => DomainChange::DropConstraint { name: part() },
        _ => return super::other::unknown("ALTER DOMAIN"),
    };
    Stmt::AlterDomain(AlterDomain { name, change })
}

/// `ALTER SEQUENCE`.
pub(super) fn sequence(lower: &Lower<'_>, node: &nodes::AlterSeqStmt) -> Stmt {
    let mut restarts = false;
    for option in node.options() {
        if let Node::DefElem(option) = option {
            restarts |= !matches!(option.defname(), Some("owned_by"));
        }
    }
    Stmt::AlterSequence(AlterSequence {
        name: lower.relation(node.sequence()),
        if_exists: node.missing_ok,
        owned_by: create::owned_by(lower, node.options()),
        restarts,
    })
}

/// `ALTER POLICY`.
pub(super) fn policy(lower: &Lower<'_>, node: &nodes::AlterPolicyStmt) -> Stmt {
    let (name, after) = lower.ident_and_next(node.policy_name().unwrap_or_default(), 2);
    Stmt::AlterPolicy(AlterPolicy {
        name,
        table: lower.relation(node.table()),
        roles: (!node.roles().is_empty()).then(|| roles(node.roles())),
        using: routine::inside(lower, node.qual(), "using", after),
        with_check: routine::inside(lower, node.with_check(), "check", after),
    })
}
