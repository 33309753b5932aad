//! Maintenance, transactions, settings and privileges.

use super::names::{is_name, object_kind, option_is_on, role, roles};
use super::{Lower, query, statement};
use crate::ast::{
    Cluster, Copy, Grant, LockTable, Name, ObjectKind, Refresh, Reindex, SetVariable, Stmt, Transaction,
    Truncate, Vacuum,
};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{ConstValue, Node, nodes, raw};

fn relations(lower: &Lower<'_>, list: &NodeList) -> Vec<Name> {
    let found = list.iter().filter_map(|node| match node {
        Node::RangeVar(relation) => Some(lower.relation(Some(relation))),
        _ => None,
    });
    found.collect()
}

/// `TRUNCATE`.
pub(super) fn truncate(lower: &Lower<'_>, node: &nodes::TruncateStmt) -> Stmt {
    let cascade = node.behavior == raw::DropBehavior::DROP_CASCADE;
    Stmt::Truncate(Truncate { tables: relations(lower, node.relations()), cascade })
}

/// `GRANT` and `REVOKE` on objects. The library can't list objects other than relations, so their
/// names come from the tokens.
pub(super) fn grant(lower: &Lower<'_>, node: &nodes::GrantStmt) -> Stmt {
    let on = lower.find_word("on", 0, usize::MAX).unwrap_or(0);
    let all = node.targtype == raw::GrantTargetType::ACL_TARGET_ALL_IN_SCHEMA;
    let names =
        grant_names(lower, if all { lower.find_word("schema", on, usize::MAX).unwrap_or(on) } else { on });
    let privileges = node.privileges().iter();
    Stmt::Grant(Grant {
        grant: node.is_grant,
        kind: object_kind(node.objtype),
        all_in_schemas: if all { names.iter().map(|name| name.name.clone()).collect() } else { Vec::new() },
        objects: if all { Vec::new() } else { names },
        privileges: privileges.filter_map(|one| one.priv_name()).map(str::to_ascii_lowercase).collect(),
        roles: node.grantees().iter().map(|grantee| role(Some(grantee))).collect(),
    })
}

/// The names between ON (or SCHEMA) and TO or FROM.
fn grant_names(lower: &Lower<'_>, from: usize) -> Vec<Name> {
    const KINDS: &[&str] = &[
        "table",
        "sequence",
        "database",
        "domain",
        "function",
        "procedure",
        "routine",
        "language",
        "schema",
        "tablespace",
        "type",
        "foreign",
        "data",
        "wrapper",
        "server",
        "parameter",
        "large",
        "object",
    ];
    let name_at = |token: usize| lower.tokens().get(token).is_some_and(is_name);
    let ends = |token: usize| lower.is_word(token, "to") || lower.is_word(token, "from");
    let mut at = from + 1;
    // A kind of object is followed by a name, not by a comma, a dot, a bracket or the end.
    while KINDS.iter().any(|word| lower.is_word(at, word)) && name_at(at + 1) && !ends(at + 1) {
        at += 1;
    }
    lower.names_at(at)
}

/// `GRANT role TO role`.
pub(super) fn grant_role(node: &nodes::GrantRoleStmt) -> Stmt {
    Stmt::Grant(Grant {
        grant: node.is_grant,
        kind: ObjectKind::Role,
        objects: Vec::new(),
        all_in_schemas: Vec::new(),
        privileges: Vec::new(),
        roles: roles(node.grantee_roles()),
    })
}

/// `COPY`.
pub(super) fn copy(lower: &Lower<'_>, node: &nodes::CopyStmt) -> Stmt {
    let table = node.relation().map(|relation| lower.relation(Some(relation)));
    Stmt::Copy(Copy { table, from: node.is_from })
}

/// `LOCK TABLE`.
pub(super) fn lock(lower: &Lower<'_>, node: &nodes::LockStmt) -> Stmt {
    Stmt::LockTable(LockTable {
        tables: relations(lower, node.relations()),
        mode: u8::try_from(node.mode).unwrap_or(8),
        nowait: node.nowait,
    })
}

/// `REFRESH MATERIALIZED VIEW`.
pub(super) fn refresh(lower: &Lower<'_>, node: &nodes::RefreshMatViewStmt) -> Stmt {
    Stmt::Refresh(Refresh {
        name: lower.relation(node.relation()),
        concurrently: node.concurrent,
        no_data: node.skip_data,
    })
}

/// `VACUUM` and `ANALYZE`.
pub(super) fn vacuum(lower: &Lower<'_>, node: &nodes::VacuumStmt) -> Stmt {
    let full = node.options().iter().any(|option| option.defname() == Some("full") && option_is_on(option));
    let tables = node.rels().iter().filter_map(nodes::VacuumRelation::relation);
    Stmt::Vacuum(Vacuum {
        vacuum: node.is_vacuumcmd,
        full,
        tables: tables.map(|table| lower.relation(Some(table))).collect(),
    })
}

/// `CLUSTER`.
pub(super) fn cluster(lower: &Lower<'_>, node: &nodes::ClusterStmt) -> Stmt {
    Stmt::Cluster(Cluster {
        table: node.relation().map(|table| lower.relation(Some(table))),
        index: node.indexname().map(str::to_owned),
    })
}

/// `REINDEX`.
pub(super) fn reindex(lower: &Lower<'_>, node: &nodes::ReindexStmt) -> Stmt {
    use raw::ReindexObjectType as Type;
    let kind = match node.kind {
        Type::REINDEX_OBJECT_INDEX => ObjectKind::Index,
        Type::REINDEX_OBJECT_TABLE => ObjectKind::Table,
        Type::REINDEX_OBJECT_SCHEMA => ObjectKind::Schema,
        _ => ObjectKind::Database,
    };
    let name = match (node.relation(), node.name()) {
        (Some(relation), _) => lower.relation(Some(relation)),
        (None, Some(name)) => lower.name_and_next(&[name], 2).0,
        (None, None) => lower.unknown_name(),
    };
    let on =
        node.params().iter().any(|option| option.defname() == Some("concurrently") && option_is_on(option));
    Stmt::Reindex(Reindex { kind, name, concurrently: on })
}

/// Transaction control.
pub(super) fn transaction(node: &nodes::TransactionStmt) -> Stmt {
    use raw::TransactionStmtKind as Kind;
    let savepoint = || node.savepoint_name().unwrap_or_default().to_owned();
    Stmt::Transaction(match node.kind {
        Kind::TRANS_STMT_BEGIN | Kind::TRANS_STMT_START => Transaction::Begin,
        Kind::TRANS_STMT_COMMIT => Transaction::Commit { chain: node.chain },
        Kind::TRANS_STMT_ROLLBACK => Transaction::Rollback { chain: node.chain },
        Kind::TRANS_STMT_SAVEPOINT => Transaction::Savepoint(savepoint()),
        Kind::TRANS_STMT_RELEASE => Transaction::Release(savepoint()),
        Kind::TRANS_STMT_ROLLBACK_TO => Transaction::RollbackTo(savepoint()),
        _ => Transaction::Other,
    })
}

/// `SET` and `RESET`.
pub(super) fn set(node: &nodes::VariableSetStmt) -> Stmt {
    use raw::VariableSetKind as Kind;
    let name = node.name().unwrap_or_default().to_ascii_lowercase();
    let name = match node.kind {
        Kind::VAR_RESET_ALL => "all".to_owned(),
        Kind::VAR_SET_MULTI if name.starts_with("transaction") => "transaction".to_owned(),
        _ => name,
    };
    let values = match node.kind {
        Kind::VAR_SET_VALUE | Kind::VAR_SET_MULTI => Some(node.args().iter().filter_map(value).collect()),
        _ => None,
    };
    Stmt::Set(SetVariable { name, values, local: node.is_local })
}

/// The text of a value of a setting.
fn value(node: Node<'_>) -> Option<String> {
    match node {
        Node::A_Const(constant) => match constant.val() {
            Some(ConstValue::Unrecognized(_)) | None => None,
            Some(value) => Some(value.to_string()),
        },
        Node::TypeCast(cast) => value(cast.arg()),
        Node::DefElem(option) => value(option.arg()),
        Node::String(text) => text.sval().map(str::to_owned),
        Node::Integer(number) => Some(number.ival.to_string()),
        _ => None,
    }
}

/// `SET CONSTRAINTS`.
pub(super) fn set_constraints(lower: &Lower<'_>) -> Stmt {
    let last = lower.tokens().last().map(|token| token.text(lower.text).to_ascii_lowercase());
    let values = Some(last.into_iter().collect());
    Stmt::Set(SetVariable { name: "constraints".to_owned(), values, local: false })
}

/// `EXPLAIN`.
pub(super) fn explain(lower: &Lower<'_>, node: &nodes::ExplainStmt) -> Stmt {
    let analyze =
        node.options().iter().any(|option| option.defname() == Some("analyze") && option_is_on(option));
    let inner = match query::nested(lower, node.query(), &[]) {
        Some((query, _)) => Stmt::Query(Box::new(query)),
        None => statement(lower, node.query()),
    };
    Stmt::Explain { analyze, statement: Box::new(inner) }
}
