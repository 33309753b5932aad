//! Columns and constraints.

use super::Lower;
use super::expr::{Bounds, expr};
use super::names::strings;
use crate::ast::{ColumnConstraint, ColumnDef, Constraint, ConstraintKind, Ident, Name};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{Node, nodes, raw};
use raw::ConstrType as Type;

/// A column definition.
pub(super) fn column(lower: &Lower<'_>, node: &nodes::ColumnDef) -> ColumnDef {
    let from = lower.located(node.location).unwrap_or(0);
    let end = lower.element_end(from);
    let name =
        Ident { text: node.colname().unwrap_or_default().to_owned(), span: lower.between(from, from + 1) };
    let mut constraints: Vec<ColumnConstraint> = Vec::new();
    let written: Vec<&nodes::Constraint> = node
        .constraints()
        .iter()
        .filter_map(|node| match node {
            Node::Constraint(constraint) => Some(constraint),
            _ => None,
        })
        .collect();
    for (index, constraint) in written.iter().enumerate() {
        let next = written[index + 1..].iter().find_map(|next| lower.located(next.location));
        let to = next.unwrap_or(end).min(end);
        column_constraint(lower, constraint, &name, to, &mut constraints);
    }
    ColumnDef {
        type_name: node.type_name().map(|name| lower.type_name(name)),
        collation: node.coll_clause().and_then(collation),
        constraints,
        span: lower.between(from, end),
        name,
    }
}

/// The name of a collation, without its schema.
pub(super) fn collation(clause: &nodes::CollateClause) -> Option<String> {
    strings(clause.collname()).last().map(str::to_owned)
}

fn column_constraint(
    lower: &Lower<'_>,
    node: &nodes::Constraint,
    column: &Ident,
    to: usize,
    out: &mut Vec<ColumnConstraint>,
) {
    let from = lower.located(node.location).unwrap_or(0);
    match node.contype {
        Type::CONSTR_NULL => out.push(ColumnConstraint::Null),
        Type::CONSTR_NOTNULL => {
            let name = node.conname().map(|name| lower.ident(Some(name), from));
            out.push(ColumnConstraint::NotNull { name, span: lower.between(from, to) });
        }
        Type::CONSTR_DEFAULT => {
            let default = expr(lower, node.raw_expr(), Bounds::Until(to, &["collate"]));
            out.push(ColumnConstraint::Default(default));
        }
        Type::CONSTR_GENERATED => {
            let (start, end) = lower.inside_after("as", from).unwrap_or((from, to));
            let expr = expr(lower, node.raw_expr(), Bounds::Tokens(start, end));
            out.push(ColumnConstraint::Generated { expr, stored: node.generated_kind as u8 == b's' });
        }
        Type::CONSTR_IDENTITY => out.push(ColumnConstraint::Identity {
            always: node.generated_when as u8 == b'a',
            sequence: sequence_name(lower, node.options(), from),
        }),
        Type::CONSTR_ATTR_DEFERRABLE
        | Type::CONSTR_ATTR_NOT_DEFERRABLE
        | Type::CONSTR_ATTR_DEFERRED
        | Type::CONSTR_ATTR_IMMEDIATE
        | Type::CONSTR_ATTR_ENFORCED
        | Type::CONSTR_ATTR_NOT_ENFORCED => {
            if let Some(ColumnConstraint::Table(last)) = out.last_mut() {
                let deferred = [Type::CONSTR_ATTR_DEFERRABLE, Type::CONSTR_ATTR_DEFERRED];
                last.deferrable |= deferred.contains(&node.contype);
                last.not_enforced |= node.contype == Type::CONSTR_ATTR_NOT_ENFORCED;
                last.more |=
                    matches!(node.contype, Type::CONSTR_ATTR_DEFERRED | Type::CONSTR_ATTR_NOT_ENFORCED);
                last.span = last.span.to(lower.between(from, to));
            }
        }
        _ => {
            if let Some(constraint) = lowered(lower, node, from, to, Some(column)) {
                out.push(ColumnConstraint::Table(constraint));
            }
        }
    }
}

/// The name in `SEQUENCE NAME` of an identity.
pub(super) fn sequence_name(lower: &Lower<'_>, options: &NodeList, from: usize) -> Option<Name> {
    options.iter().find_map(|option| match option {
        Node::DefElem(option) if option.defname() == Some("sequence_name") => {
            let parts: Vec<&str> = strings(option.arg().as_node_list()?).collect();
            Some(lower.listed_name(&parts, from))
        }
        _ => None,
    })
}

/// A table constraint; `None` for what can't stand alone.
pub(super) fn constraint(lower: &Lower<'_>, node: &nodes::Constraint) -> Option<Constraint> {
    let from = lower.located(node.location).unwrap_or(0);
    lowered(lower, node, from, lower.element_end(from), None)
}

fn lowered(
    lower: &Lower<'_>,
    node: &nodes::Constraint,
    from: usize,
    to: usize,
    column: Option<&Ident>,
) -> Option<Constraint> {
    // `CONSTRAINT name KIND ..`: what is looked for stands behind the name.
    let name = node.conname().map(|name| lower.ident_and_next(name, from + 1));
    let body = name.as_ref().map_or(from, |(_, next)| *next);
    let named = |list: &NodeList, from: usize| match column {
        Some(column) => vec![column.clone()],
        None => lower.idents(list, from).0,
    };
    let mut enforceable = false;
    let using_index = || node.indexname().map(|name| lower.ident(Some(name), body));
    let kind = match node.contype {
        Type::CONSTR_CHECK => {
            enforceable = true;
            ConstraintKind::Check { expr: check(lower, node, body), no_inherit: node.is_no_inherit }
        }
        Type::CONSTR_NOTNULL => ConstraintKind::NotNull {
            column: match column {
                Some(column) => column.clone(),
                None => lower.ident(strings(node.keys()).next(), body + 2),
            },
        },
        Type::CONSTR_UNIQUE => ConstraintKind::Unique {
            columns: if node.indexname().is_some() { Vec::new() } else { named(node.keys(), body + 1) },
            nulls_not_distinct: node.nulls_not_distinct,
            using_index: using_index(),
        },
        Type::CONSTR_PRIMARY => ConstraintKind::PrimaryKey {
            columns: if node.indexname().is_some() { Vec::new() } else { named(node.keys(), body + 2) },
            using_index: using_index(),
        },
        Type::CONSTR_FOREIGN => {
            enforceable = true;
            let target = node.pktable().and_then(|table| lower.located(table.location)).unwrap_or(body);
            ConstraintKind::ForeignKey {
                columns: named(node.fk_attrs(), body + 2),
                target: lower.relation(node.pktable()),
                target_columns: {
                    let behind = (target..lower.tokens().len()).find(|token| lower.is(*token, b'('));
                    lower.idents(node.pk_attrs(), behind.unwrap_or(target)).0
                },
                on_delete: action(node.fk_del_action as u8),
                on_update: action(node.fk_upd_action as u8),
            }
        }
        Type::CONSTR_EXCLUSION => exclude(lower, node, body),
        _ => return None,
    };
    Some(Constraint {
        name: name.map(|(name, _)| name),
        kind,
        not_valid: node.skip_validation,
        not_enforced: enforceable && !node.is_enforced,
        deferrable: node.deferrable,
        more: says_more(node) || enforceable && !node.is_enforced,
        span: lower.between(from, to),
    })
}

/// Whether a constraint says what no field of ours is for.
fn says_more(node: &nodes::Constraint) -> bool {
    let other_match = matches!(node.fk_matchtype as u8, b'f' | b'p');
    node.initdeferred
        || other_match
        || node.fk_with_period
        || node.without_overlaps
        || !node.fk_del_set_cols().is_empty()
        || !node.including().is_empty()
        || !node.options().is_empty()
        || node.indexspace().is_some()
}

/// The condition of a CHECK.
pub(super) fn check(lower: &Lower<'_>, node: &nodes::Constraint, from: usize) -> crate::ast::Expr {
    let (start, end) = lower.inside_after("check", from).unwrap_or((0, 0));
    expr(lower, node.raw_expr(), Bounds::Tokens(start, end))
}

fn exclude(lower: &Lower<'_>, node: &nodes::Constraint, from: usize) -> ConstraintKind {
    let mut columns = Vec::new();
    for element in node.exclusions() {
        // Each is a pair of an element and its operator.
        if let Some(Node::IndexElem(element)) = element.as_node_list().and_then(|pair| pair.first()) {
            columns.extend(element.name().map(str::to_owned));
        }
    }
    let filter = match node.where_clause() {
        Node::None => None,
        filter => {
            let (start, end) = lower.inside_after("where", from).unwrap_or((0, 0));
            Some(expr(lower, filter, Bounds::Tokens(start, end)))
        }
    };
    let method = node.access_method().unwrap_or("gist").to_owned();
    ConstraintKind::Exclude { columns, method, filter }
}

fn action(code: u8) -> &'static str {
    match code {
        b'r' => "restrict",
        b'c' => "cascade",
        b'n' => "set null",
        b'd' => "set default",
        _ => "no action",
    }
}
