//! From the parser library's tree to our own values.
//!
//! [`Lower`] holds the text of one statement; the modules beside this one hold a function for each
//! kind of node. The tree keeps the place of some tokens and not of others: what it doesn't keep is
//! found again in the tokens of the statement, which are made only when they are asked for.

mod alter;
mod column;
mod create;
mod drop;
mod expr;
mod foreign;
mod index;
mod names;
mod other;
mod parts;
mod pins;
mod place;
mod query;
mod routine;
mod term;
mod uses;
mod utility;

pub(crate) use expr::whole_expr;
pub(crate) use names::strings;
pub(crate) use parts::parts;
pub(crate) use place::{Lower, Place};
pub(crate) use query::{into, is_bare_select, output_name};
pub(crate) use term::term;

use crate::ast::{FunctionCall, Stmt};
use pg_raw_parse::Node;

/// The statement that `node` is the root of.
pub(crate) fn statement(lower: &Lower<'_>, node: Node<'_>) -> Stmt {
    match node {
        Node::CreateStmt(s) => create::table(lower, s),
        Node::CreateTableAsStmt(s) => create::table_as(lower, s),
        Node::ViewStmt(s) => create::view(lower, s),
        Node::IndexStmt(s) => index::index(lower, s),
        Node::CreateSeqStmt(s) => create::sequence(lower, s),
        Node::CreateSchemaStmt(s) => create::schema(lower, s),
        Node::CreateEnumStmt(s) => create::enum_type(lower, s),
        Node::CompositeTypeStmt(s) => create::composite_type(lower, s),
        Node::CreateRangeStmt(s) => create::range_type(lower, s),
        Node::DefineStmt(s) => create::define(lower, s),
        Node::CreateDomainStmt(s) => create::domain(lower, s),
        Node::CreateFunctionStmt(s) => routine::function(lower, s),
        Node::CreateTrigStmt(s) => routine::trigger(lower, s),
        Node::CreatePolicyStmt(s) => routine::policy(lower, s),
        Node::RuleStmt(s) => routine::rule(lower, s),
        Node::CreateStatsStmt(s) => index::statistics(lower, s),
        Node::CreateExtensionStmt(s) => create::extension(lower, s),
        Node::AlterTableStmt(s) => alter::table(lower, s),
        Node::AlterEnumStmt(s) => alter::enum_type(lower, s),
        Node::AlterDomainStmt(s) => alter::domain(lower, s),
        Node::AlterSeqStmt(s) => alter::sequence(lower, s),
        Node::AlterPolicyStmt(s) => alter::policy(lower, s),
        Node::RenameStmt(s) => drop::rename(lower, s),
        Node::AlterObjectSchemaStmt(s) => drop::set_schema(lower, s),
        Node::AlterOwnerStmt(s) => drop::set_owner(lower, s),
        Node::DropStmt(s) => drop::drop(lower, s),
        Node::TruncateStmt(s) => utility::truncate(lower, s),
        Node::CommentStmt(s) => drop::comment(lower, s),
        Node::GrantStmt(s) => utility::grant(lower, s),
        Node::GrantRoleStmt(s) => utility::grant_role(s),
        Node::SelectStmt(s) if query::into(s).is_some() => create::select_into(lower, s),
        Node::SelectStmt(_)
        | Node::InsertStmt(_)
        | Node::UpdateStmt(_)
        | Node::DeleteStmt(_)
        | Node::MergeStmt(_) => Stmt::Query(Box::new(query::query(lower, node))),
        Node::CopyStmt(s) => utility::copy(lower, s),
        Node::LockStmt(s) => utility::lock(lower, s),
        Node::RefreshMatViewStmt(s) => utility::refresh(lower, s),
        Node::VacuumStmt(s) => utility::vacuum(lower, s),
        Node::ClusterStmt(s) => utility::cluster(lower, s),
        Node::ReindexStmt(s) => utility::reindex(lower, s),
        Node::TransactionStmt(s) => utility::transaction(s),
        Node::VariableSetStmt(s) => utility::set(s),
        Node::ConstraintsSetStmt(_) => utility::set_constraints(lower),
        Node::DoStmt(s) => routine::do_block(lower, s),
        Node::CallStmt(s) => call(lower, s.funccall()),
        Node::ExplainStmt(s) => utility::explain(lower, s),
        Node::DiscardStmt(_) => other::discard(lower),
        Node::Invalid(_) => foreign::table(lower),
        _ => other::other(node),
    }
}

fn call(lower: &Lower<'_>, call: Option<&pg_raw_parse::nodes::FuncCall>) -> Stmt {
    match call {
        Some(call) => Stmt::Call(uses::function_call(lower, call)),
        None => Stmt::Call(FunctionCall { name: lower.unknown_name(), arguments: 0, strings: Vec::new() }),
    }
}
