//! Which queries of the old app the policies of a table no longer let through.
//!
//! Permissive policies add up, restrictive ones all have to hold, and where nothing permits there is no
//! row (get_policies_for_relation and add_security_quals in src/backend/rewrite/rowsecurity.c). Of a
//! condition only constants are understood here; what it says of rows is the app's affair.

use crate::analysis::Step;
use crate::breaks::last;
use crate::model::{Break, BreakCause, Operation};
use crate::objects::concerns;
use crate::values::{Found, entry};
use catalog::{Catalog, Change, Policy, Relation};
use sql::{Expr, Shape};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who looks at the table: its owner is bound by FORCE only.
type Bound = fn(&Relation) -> bool;

const BOUND: [Bound; 2] = [
    |relation| relation.row_security.enabled,
    |relation| relation.row_security.enabled && relation.row_security.forced,
];

/// What row level security takes from an app that connects as this role, where it is known.
pub(crate) fn row_security(
    start: &Catalog,
    before: &Relation,
    after: &Relation,
    app: Option<&str>,
    steps: &[Step],
    found: &mut Found,
) {
    let mut closed: BTreeMap<usize, Vec<Operation>> = BTreeMap::new();
    for operation in [Operation::Select, Operation::Update, Operation::Delete, Operation::Insert] {
        let open = |bound: Bound, at: &Relation| !bound(at) || admits(at, operation, app);
        let step = BOUND.into_iter().find_map(|bound| {
            let closes = |step: &Step| {
                let opened = step.before.relation(after.id).is_some_and(|at| open(bound, at));
                opened && step.after.relation(after.id).is_some_and(|at| !open(bound, at))
            };
            let now_closed = open(bound, before) && !open(bound, after);
            now_closed.then(|| steps.iter().rposition(closes)).flatten()
        });
        if let Some(at) = step {
            closed.entry(at).or_default().push(operation);
        }
    }
    for (at, operations) in closed {
        let words: Vec<&str> = operations.iter().map(|operation| command(*operation)).collect();
        let reason = format!(
            "no policy of {} lets {} of the old app through, unless its role owns the table",
            after.name,
            words.join(", ")
        );
        for operation in operations {
            let sqlstate = (operation == Operation::Insert).then_some("42501");
            let one = entry(&after.name, None, operation, BreakCause::RowSecurity);
            found.push((at, Break { sqlstate, reason: reason.clone(), ..one }));
        }
    }
    found.extend(restricted(before, after, app, steps));
    found.extend(asks_for_setting(start, before, after, app, steps));
}

/// Whether some row may pass: a policy permits it, and none forbids all.
fn admits(relation: &Relation, operation: Operation, app: Option<&str>) -> bool {
    let mut permits = relation.policies.iter().filter(|policy| policy.permissive);
    let mut forbids = relation.policies.iter().filter(|policy| !policy.permissive);
    permits.any(|policy| applies(policy, operation, app) && !refuses(policy, operation, true))
        && !forbids.any(|policy| applies(policy, operation, app) && refuses(policy, operation, false))
}

/// Whether a policy is about such a query of the app. Where the app's role is not known, it may be any that
/// people make, so that it is let in by whatever lets one of them in, and bound by what binds everybody.
fn applies(policy: &Policy, operation: Operation, app: Option<&str>) -> bool {
    let role = |role: &String| match policy.permissive {
        true => !role.starts_with("pg_"),
        false => role == "public",
    };
    let itself = policy.roles.iter().any(|role| matches!(role.as_str(), "current_user" | "session_user"));
    let concerned = match app {
        Some(_) => itself || concerns(app, &policy.roles),
        None => policy.roles.iter().any(role),
    };
    concerned && (policy.command == "all" || policy.command == command(operation))
}

fn command(operation: Operation) -> &'static str {
    match operation {
        Operation::Select => "select",
        Operation::Insert | Operation::Upsert => "insert",
        Operation::Update => "update",
        Operation::Delete => "delete",
    }
}

/// Whether no row passes. A permissive policy without a condition permits nothing.
fn refuses(policy: &Policy, operation: Operation, absent: bool) -> bool {
    let false_or_absent = |expr: Option<&Arc<Expr>>| expr.map_or(absent, |expr| truth(expr) == Some(false));
    let check = policy.with_check.as_ref().or(policy.using.as_ref());
    match operation {
        Operation::Insert | Operation::Upsert => false_or_absent(check),
        Operation::Update => false_or_absent(policy.using.as_ref()) || false_or_absent(check),
        Operation::Select | Operation::Delete => false_or_absent(policy.using.as_ref()),
    }
}

fn truth(expr: &Expr) -> Option<bool> {
    let Shape::Constant { value, .. } = &expr.shape else { return None };
    match value.to_ascii_lowercase().as_str() {
        "t" | "true" => Some(true),
        "f" | "false" => Some(false),
        _ => None,
    }
}

/// New restrictive policies that don't forbid everything, which is told as such, and not nothing.
fn restricted(before: &Relation, after: &Relation, app: Option<&str>, steps: &[Step]) -> Found {
    let new = |policy: &&Policy| {
        let conditions = [&policy.using, &policy.with_check];
        let narrows = conditions.iter().any(|expr| expr.as_ref().is_some_and(|e| truth(e).is_none()));
        let same = |old: &Policy| {
            let text = |expr: &Option<Arc<Expr>>| expr.as_ref().map(|expr| expr.text.clone());
            !old.permissive
                && (text(&old.using), text(&old.with_check))
                    == (text(&policy.using), text(&policy.with_check))
                && (&old.command, &old.roles) == (&policy.command, &policy.roles)
        };
        !policy.permissive && narrows && !before.policies.iter().any(same)
    };
    let mut found = Vec::new();
    for policy in after.policies.iter().filter(new).filter(|_| after.row_security.enabled) {
        let operations = [Operation::Select, Operation::Insert, Operation::Update, Operation::Delete];
        let concerned = |operation: &Operation| applies(policy, *operation, app);
        let Some(operation) = operations.into_iter().find(concerned) else { continue };
        let set = |change: &Change| match change {
            Change::PolicySet { relation, policy: set } if *relation == after.id => {
                (set.name == policy.name).then_some(())
            }
            _ => None,
        };
        let Some((at, ())) = last(steps, set) else { continue };
        let mut one = entry(&after.name, None, operation, BreakCause::RowCondition);
        one.sqlstate = (operation == Operation::Insert).then_some("42501");
        one.reason = format!(
            "restrictive policy {} of {} takes the rows from the old app that its condition does not let through",
            policy.name, after.name
        );
        found.push((at, one));
    }
    found
}

/// Row level security that is new for the app, and lets it read nothing but by a setting that no policy
/// asked for before.
fn asks_for_setting(
    start: &Catalog,
    before: &Relation,
    after: &Relation,
    app: Option<&str>,
    steps: &[Step],
) -> Option<(usize, Break)> {
    if !BOUND.into_iter().any(|bound| bound(after) && !bound(before)) {
        return None;
    }
    let known: BTreeSet<String> =
        start.relations().flat_map(|r| &r.policies).flat_map(settings).map(|(name, _)| name).collect();
    let permits = |policy: &&Policy| {
        policy.permissive && applies(policy, Operation::Select, app) && policy.using.is_some()
    };
    let mut asked = None;
    for policy in after.policies.iter().filter(permits) {
        asked = Some(settings(policy).into_iter().find(|(name, _)| !known.contains(name))?);
    }
    let (name, lenient) = asked?;
    let switched = |change: &Change| match change {
        Change::RowSecuritySet { relation, enabled: true, .. } if *relation == after.id => Some(()),
        _ => None,
    };
    let (at, ()) = last(steps, switched)?;
    let mut one = entry(&after.name, None, Operation::Select, BreakCause::RowCondition);
    one.sqlstate = (!lenient).then_some("42704");
    let effect = if lenient { "it sees no row" } else { "its queries fail with 42704" };
    one.reason = format!(
        "the policies of {} ask for the setting {name}: unless the old app makes it, or its role owns the table, \
         {effect}",
        after.name
    );
    Some((at, one))
}

/// The settings of an app that a policy's USING reads, and whether it bears with one that is not made.
fn settings(policy: &Policy) -> Vec<(String, bool)> {
    let calls = policy.using.iter().flat_map(|using| {
        let inner = using.uses.queries.iter().flat_map(|query| &query.uses.functions);
        using.uses.functions.iter().chain(inner)
    });
    let asked = calls.filter(|call| call.name.name == "current_setting").filter_map(|call| {
        let name = call.strings.first()?.clone()?.to_ascii_lowercase();
        name.contains('.').then_some((name, call.arguments > 1))
    });
    asked.collect()
}
