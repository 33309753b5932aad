//! Statements that make tables, views, sequences, types and schemas.

use super::expr::{Bounds, expr};
use super::names::{owned, persistence, strings};
use super::{Lower, column, query, statement};
use crate::ast::{
    CreateDomain, CreateExtension, CreateSchema, CreateSequence, CreateTable, CreateTableAs, CreateType,
    CreateView, Ident, LikeClause, Name, PartitionBound, PartitionBy, Query, Stmt, TypeKind,
};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{Node, nodes, raw};

/// `CREATE TABLE`.
pub(super) fn table(lower: &Lower<'_>, node: &nodes::CreateStmt) -> Stmt {
    let mut made = CreateTable {
        name: lower.relation(node.relation()),
        persistence: persistence(node.relation()),
        if_not_exists: node.if_not_exists,
        columns: Vec::new(),
        constraints: Vec::new(),
        like: Vec::new(),
        parents: Vec::new(),
        partition: node.partbound().map(|bound| partition_bound(lower, bound)),
        partition_by: node.partspec().map(partition_by),
        foreign: false,
        of_type: node.of_typename().map(|name| lower.type_name(name)),
    };
    for element in node.table_elts() {
        match element {
            Node::ColumnDef(column) => made.columns.push(column::column(lower, column)),
            Node::Constraint(constraint) => {
                made.constraints.extend(column::constraint(lower, constraint));
            }
            Node::TableLikeClause(like) => made.like.push(like_clause(lower, like)),
            _ => {}
        }
    }
    for parent in node.inh_relations() {
        if let Node::RangeVar(parent) = parent {
            made.parents.push(lower.relation(Some(parent)));
        }
    }
    Stmt::CreateTable(made)
}

fn like_clause(lower: &Lower<'_>, like: &nodes::TableLikeClause) -> LikeClause {
    use raw::TableLikeOption as Option;
    let has = |option: Option::Type| like.options & option != 0;
    LikeClause {
        source: lower.relation(like.relation()),
        defaults: has(Option::CREATE_TABLE_LIKE_DEFAULTS),
        constraints: has(Option::CREATE_TABLE_LIKE_CONSTRAINTS),
        indexes: has(Option::CREATE_TABLE_LIKE_INDEXES),
        identity: has(Option::CREATE_TABLE_LIKE_IDENTITY),
        generated: has(Option::CREATE_TABLE_LIKE_GENERATED),
    }
}

/// `FOR VALUES ..` or `DEFAULT`.
pub(super) fn partition_bound(lower: &Lower<'_>, bound: &nodes::PartitionBoundSpec) -> PartitionBound {
    let at = lower.located(bound.location).unwrap_or(0);
    let text = if bound.is_default {
        "DEFAULT"
    } else {
        let first = lower.inside_next(at).map_or(at, |(_, end)| end + 1);
        let end = match lower.is_word(first, "to") {
            true => lower.inside_next(first).map_or(first, |(_, end)| end + 1),
            false => first,
        };
        let start = if lower.is_word(at.saturating_sub(1), "values") { at.saturating_sub(2) } else { at };
        lower.text_between(start, end)
    };
    PartitionBound { default: bound.is_default, text: text.to_owned() }
}

fn partition_by(spec: &nodes::PartitionSpec) -> PartitionBy {
    use raw::PartitionStrategy as Strategy;
    let strategy = match spec.strategy {
        Strategy::PARTITION_STRATEGY_LIST => "list",
        Strategy::PARTITION_STRATEGY_HASH => "hash",
        _ => "range",
    };
    let columns = spec.part_params().iter().filter_map(nodes::PartitionElem::name);
    PartitionBy { strategy: strategy.to_owned(), columns: columns.map(str::to_owned).collect() }
}

/// `CREATE TABLE .. AS` and `CREATE MATERIALIZED VIEW`.
pub(super) fn table_as(lower: &Lower<'_>, node: &nodes::CreateTableAsStmt) -> Stmt {
    let into = node.into();
    let query = match node.query() {
        Node::ExecuteStmt(_) => None,
        query => query::nested(lower, query, &[]),
    };
    // `AS EXECUTE prepared`: a query of which nothing is known.
    let query = query.map_or_else(|| unknown_query(lower), |(query, _)| query);
    made_as(lower, into, query, node.objtype == raw::ObjectType::OBJECT_MATVIEW, node.if_not_exists)
}

/// `SELECT .. INTO table`.
pub(super) fn select_into(lower: &Lower<'_>, node: &nodes::SelectStmt) -> Stmt {
    let query = query::query(lower, Node::SelectStmt(node));
    made_as(lower, query::into(node), query, false, false)
}

fn made_as(
    lower: &Lower<'_>,
    into: Option<&nodes::IntoClause>,
    query: Query,
    materialized: bool,
    if_not_exists: bool,
) -> Stmt {
    let relation = into.and_then(nodes::IntoClause::rel);
    Stmt::CreateTableAs(CreateTableAs {
        name: lower.relation(relation),
        materialized,
        persistence: persistence(relation),
        if_not_exists,
        columns: into.map(|into| owned(into.col_names())).unwrap_or_default(),
        query: Box::new(query),
        no_data: into.is_some_and(|into| into.skip_data),
        text: lower.written(),
    })
}

fn unknown_query(lower: &Lower<'_>) -> Query {
    let mut query = query::query(lower, Node::None);
    query.opaque_sources = true;
    query
}

/// `CREATE VIEW`.
pub(super) fn view(lower: &Lower<'_>, node: &nodes::ViewStmt) -> Stmt {
    let query = query::nested(lower, node.query(), &[]);
    Stmt::CreateView(CreateView {
        name: lower.relation(node.view()),
        replace: node.replace,
        persistence: persistence(node.view()),
        columns: owned(node.aliases()),
        query: Box::new(query.map_or_else(|| unknown_query(lower), |(query, _)| query)),
        text: lower.written(),
    })
}

/// `CREATE SEQUENCE`.
pub(super) fn sequence(lower: &Lower<'_>, node: &nodes::CreateSeqStmt) -> Stmt {
    Stmt::CreateSequence(CreateSequence {
        name: lower.relation(node.sequence()),
        if_not_exists: node.if_not_exists,
        persistence: persistence(node.sequence()),
        owned_by: owned_by(lower, node.options()).flatten(),
        text: lower.written(),
    })
}

/// `OWNED BY`: outer `None` where it isn't written, inner `None` for `NONE`.
pub(super) fn owned_by(lower: &Lower<'_>, options: &NodeList) -> Option<Option<(Name, String)>> {
    options.iter().find_map(|option| match option {
        Node::DefElem(option) if option.defname() == Some("owned_by") => {
            let parts: Vec<&str> = strings(option.arg().as_node_list()?).collect();
            let from = lower.located(option.location).unwrap_or(0);
            Some(match parts.split_last() {
                Some((column, table)) if !table.is_empty() => {
                    Some((lower.listed_name(table, from), (*column).to_owned()))
                }
                _ => None,
            })
        }
        _ => None,
    })
}

/// `CREATE SCHEMA`.
pub(super) fn schema(lower: &Lower<'_>, node: &nodes::CreateSchemaStmt) -> Stmt {
    // `CREATE SCHEMA AUTHORIZATION role` is named like the role.
    let role = node.authrole().map(|role| super::names::role(Some(role)));
    let name = node.schemaname().map(str::to_owned).or(role).unwrap_or_default();
    Stmt::CreateSchema(CreateSchema {
        name: lower.ident(Some(&name), 2),
        if_not_exists: node.if_not_exists,
        elements: node.schema_elts().iter().map(|element| statement(lower, element)).collect(),
    })
}

/// `CREATE TYPE .. AS ENUM`.
pub(super) fn enum_type(lower: &Lower<'_>, node: &nodes::CreateEnumStmt) -> Stmt {
    let parts: Vec<&str> = node.type_name().iter().filter_map(nodes::String::sval).collect();
    let (name, mut at) = lower.name_and_next(&parts[parts.len().saturating_sub(2)..], 2);
    let mut values = Vec::new();
    for value in node.vals().iter().filter_map(nodes::String::sval) {
        let (ident, next) = lower.string_and_next(value, at);
        at = next;
        values.push(ident);
    }
    Stmt::CreateType(CreateType { name, kind: TypeKind::Enum(values) })
}

/// `CREATE TYPE .. AS (..)`.
pub(super) fn composite_type(lower: &Lower<'_>, node: &nodes::CompositeTypeStmt) -> Stmt {
    let columns = node.coldeflist().iter().map(|column| column::column(lower, column));
    let kind = TypeKind::Composite(columns.collect());
    Stmt::CreateType(CreateType { name: lower.relation(node.typevar()), kind })
}

/// `CREATE TYPE .. AS RANGE`.
pub(super) fn range_type(lower: &Lower<'_>, node: &nodes::CreateRangeStmt) -> Stmt {
    let parts: Vec<&str> = node.type_name().iter().filter_map(nodes::String::sval).collect();
    Stmt::CreateType(CreateType { name: lower.listed_name(&parts, 2), kind: TypeKind::Range })
}

/// `CREATE TYPE` of a base type; aggregates, operators, collations and text search objects are
/// [`Stmt::Other`].
pub(super) fn define(lower: &Lower<'_>, node: &nodes::DefineStmt) -> Stmt {
    if node.kind != raw::ObjectType::OBJECT_TYPE {
        return super::other::define(node);
    }
    let parts: Vec<&str> = node.defnames().iter().filter_map(nodes::String::sval).collect();
    Stmt::CreateType(CreateType { name: lower.listed_name(&parts, 2), kind: TypeKind::Base })
}

/// `CREATE DOMAIN`.
pub(super) fn domain(lower: &Lower<'_>, node: &nodes::CreateDomainStmt) -> Stmt {
    use raw::ConstrType as Type;
    let parts: Vec<&str> = node.domainname().iter().filter_map(nodes::String::sval).collect();
    let mut made = CreateDomain {
        name: lower.listed_name(&parts, 2),
        base: lower.type_or_unknown(node.type_name()),
        default: None,
        not_null: false,
        checks: Vec::new(),
    };
    let written: Vec<&nodes::Constraint> = node.constraints().iter().collect();
    for (index, constraint) in written.iter().enumerate() {
        let from = lower.located(constraint.location).unwrap_or(0);
        let next = written[index + 1..].iter().find_map(|next| lower.located(next.location));
        match constraint.contype {
            Type::CONSTR_NOTNULL => made.not_null = true,
            Type::CONSTR_DEFAULT => {
                let bounds = Bounds::Until(next.unwrap_or(usize::MAX), &["collate"]);
                made.default = Some(expr(lower, constraint.raw_expr(), bounds));
            }
            Type::CONSTR_CHECK => {
                let name = constraint.conname().map(|name| lower.ident_and_next(name, from + 1));
                let body = name.as_ref().map_or(from, |(_, next)| *next);
                let check = column::check(lower, constraint, body);
                made.checks.push((name.map(|(name, _)| name), check));
            }
            _ => {}
        }
    }
    Stmt::CreateDomain(made)
}

/// `CREATE EXTENSION`.
pub(super) fn extension(lower: &Lower<'_>, node: &nodes::CreateExtensionStmt) -> Stmt {
    let schema = node.options().iter().find(|option| option.defname() == Some("schema"));
    let name: Ident = lower.ident(node.extname(), 2);
    Stmt::CreateExtension(CreateExtension {
        name,
        schema: schema.and_then(|option| option.arg().as_str()).map(str::to_owned),
        if_not_exists: node.if_not_exists,
    })
}
