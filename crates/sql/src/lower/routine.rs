//! Functions, triggers, policies, rules and anonymous blocks.

use super::Lower;
use super::expr::{Bounds, expr};
use super::names::{owned, roles, strings};
use super::query::nested;
use crate::ast::{
    CreateFunction, CreatePolicy, CreateRule, CreateTrigger, DoBlock, Expr, Query, Stmt, TypeName, Volatility,
};
use pg_raw_parse::{Node, nodes, raw};
use source::Span;

/// `CREATE FUNCTION` and `CREATE PROCEDURE`.
pub(super) fn function(lower: &Lower<'_>, node: &nodes::CreateFunctionStmt) -> Stmt {
    use raw::FunctionParameterMode as Mode;
    let parts: Vec<&str> = strings(node.funcname()).collect();
    let input = |mode: Mode::Type| {
        matches!(
            mode,
            Mode::FUNC_PARAM_IN
                | Mode::FUNC_PARAM_INOUT
                | Mode::FUNC_PARAM_VARIADIC
                | Mode::FUNC_PARAM_DEFAULT
        )
    };
    let inputs = node.parameters().iter().filter(|parameter| input(parameter.mode));
    let arguments: Vec<TypeName> =
        inputs.map(|parameter| lower.type_or_unknown(parameter.arg_type())).collect();
    let given =
        node.parameters().iter().filter(|one| input(one.mode) && !matches!(one.defexpr(), Node::None));
    let defaults = given.count();
    let mut made = CreateFunction {
        name: lower.listed_name(&parts, 2),
        replace: node.replace,
        procedure: node.is_procedure,
        arguments,
        defaults,
        returns: node.return_type().map(|name| lower.type_name(name)),
        language: "sql".to_owned(),
        volatility: Volatility::Volatile,
        body: None,
        standard: Vec::new(),
        text: lower.written(),
    };
    standard(lower, node.sql_body(), &mut made.standard);
    for option in node.options() {
        match (option.defname(), option.arg()) {
            (Some("language"), Node::String(name)) => {
                made.language = name.sval().unwrap_or_default().to_ascii_lowercase();
            }
            (Some("volatility"), Node::String(word)) => {
                made.volatility = match word.sval() {
                    Some("immutable") => Volatility::Immutable,
                    Some("stable") => Volatility::Stable,
                    _ => Volatility::Volatile,
                };
            }
            (Some("as"), arg) => made.body = body(lower, arg, option.location),
            _ => {}
        }
    }
    Stmt::CreateFunction(made)
}

/// The code of a routine, and where it stands if every byte of it stands for itself.
fn body(lower: &Lower<'_>, node: Node<'_>, location: i32) -> Option<(String, Span)> {
    let code = match node {
        Node::String(text) => text.sval()?,
        // `AS 'object file', 'symbol'` has no code.
        Node::NodeList(list) if list.len() == 1 => strings(list).next()?,
        _ => return None,
    };
    let from = lower.located(location).unwrap_or(0);
    let found = lower.tokens().iter().skip(from).find_map(|token| {
        let inside = token.inside(lower.text)?;
        (inside.of(lower.text) == code).then_some(inside)
    });
    let span = found.map_or_else(
        || {
            let start = lower.whole().start as usize;
            Span::new(start, start)
        },
        |inside| lower.span(inside.start as usize, inside.end as usize),
    );
    Some((code.to_owned(), span))
}

/// The queries of a body of the SQL standard. BEGIN ATOMIC is a list within a list.
fn standard(lower: &Lower<'_>, node: Node<'_>, queries: &mut Vec<Query>) {
    match node {
        Node::None => {}
        Node::NodeList(list) => list.iter().for_each(|inner| standard(lower, inner, queries)),
        Node::ReturnStmt(given) => {
            let all = Bounds::Tokens(0, lower.tokens().len());
            queries.extend(expr(lower, given.returnval(), all).uses.queries);
        }
        node => queries.extend(nested(lower, node, &[]).map(|(query, _)| query)),
    }
}

/// `DO`.
pub(super) fn do_block(lower: &Lower<'_>, node: &nodes::DoStmt) -> Stmt {
    let mut made = DoBlock {
        language: "plpgsql".to_owned(),
        body: String::new(),
        span: Span { start: lower.whole().start, end: lower.whole().start },
    };
    for option in node.args() {
        match option.defname() {
            Some("language") => {
                made.language = option.arg().as_str().unwrap_or_default().to_ascii_lowercase();
            }
            Some("as") => {
                if let Some((code, span)) = body(lower, option.arg(), option.location) {
                    (made.body, made.span) = (code, span);
                }
            }
            _ => {}
        }
    }
    Stmt::Do(made)
}

/// `CREATE TRIGGER`.
pub(super) fn trigger(lower: &Lower<'_>, node: &nodes::CreateTrigStmt) -> Stmt {
    // The bits of catalog/pg_trigger.h.
    const EVENTS: &[(i16, &str)] =
        &[(1 << 2, "insert"), (1 << 4, "update"), (1 << 3, "delete"), (1 << 5, "truncate")];
    const BEFORE_OR_INSTEAD: i16 = (1 << 1) | (1 << 6);
    let (name, after) = lower.ident_and_next(node.trigname().unwrap_or_default(), 2);
    let parts: Vec<&str> = strings(node.funcname()).collect();
    let execute = lower.find_word("execute", after, usize::MAX).unwrap_or(after);
    Stmt::CreateTrigger(CreateTrigger {
        name,
        replace: node.replace,
        table: lower.relation(node.relation()),
        function: lower.listed_name(&parts, execute + 2),
        events: EVENTS.iter().filter(|(bit, _)| node.events & bit != 0).map(|(_, name)| *name).collect(),
        columns: owned(node.columns()),
        before: node.timing & BEFORE_OR_INSTEAD != 0,
        condition: inside(lower, node.when_clause(), "when", after),
        from_table: node.constrrel().map(|table| lower.relation(Some(table))),
        text: lower.written(),
    })
}

/// An expression in the brackets behind a keyword.
pub(super) fn inside(lower: &Lower<'_>, node: Node<'_>, word: &str, from: usize) -> Option<Expr> {
    if matches!(node, Node::None) {
        return None;
    }
    let (start, end) = lower.inside_after(word, from).unwrap_or((0, 0));
    Some(expr(lower, node, Bounds::Tokens(start, end)))
}

/// `CREATE POLICY`.
pub(super) fn policy(lower: &Lower<'_>, node: &nodes::CreatePolicyStmt) -> Stmt {
    let (name, after) = lower.ident_and_next(node.policy_name().unwrap_or_default(), 2);
    Stmt::CreatePolicy(CreatePolicy {
        name,
        table: lower.relation(node.table()),
        permissive: node.permissive,
        command: node.cmd_name().unwrap_or("all").to_owned(),
        roles: roles(node.roles()),
        using: inside(lower, node.qual(), "using", after),
        with_check: inside(lower, node.with_check(), "check", after),
    })
}

/// `CREATE RULE`.
pub(super) fn rule(lower: &Lower<'_>, node: &nodes::RuleStmt) -> Stmt {
    let name = lower.ident(node.rulename(), 2);
    Stmt::CreateRule(CreateRule { name, table: lower.relation(node.relation()), replace: node.replace })
}
