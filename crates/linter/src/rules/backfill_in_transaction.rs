//! Many rows are changed in the migration's one transaction.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "backfill-in-transaction",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "many rows are changed or copied in the migrator's transaction",
};

/// UPDATEs and DELETEs of many rows of tables that existed, and copies out of tables that are locked.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps().filter(|at| at.step.transaction.is_some()) {
        let changed = at.facts().writes.iter().filter(|write| !write.new && !write.pinned);
        let found = changed.filter_map(|write| changes(at, write)).next();
        out.extend(found.or_else(|| copies(at)));
    }
}

fn changes(at: At<'_>, write: &facts::Write) -> Option<Diagnostic> {
    let word = match write.operation {
        Operation::Update => "updates",
        Operation::Delete => "deletes",
        _ => return None,
    };
    let table = at.table(&write.relation);
    let rows = if write.whole { "every row" } else { "an unknown number of rows" };
    // Of what it reads as well: who waits for that lock waits until the rows are written.
    let touched = at.facts().locks.iter().filter(|lock| !lock.new).map(|lock| lock.relation.as_str());
    let held = std::iter::once(write.relation.as_str()).chain(touched).find_map(|label| at.held_lock(label));
    let mut finding = at
        .finding(&META, format!("{word} {rows} of `{}` in the migration's transaction", table.shown()))
        .about(&write.relation)
        .on(at.on_name(&write.relation))
        .why(format!("each of these rows stays locked {}: other writes of it wait", at.until()))
        .why("the time grows with the number of rows, and old row versions can't be cleaned up until it commits")
        .fix("Run it outside of the migration, in batches of 1,000 to 5,000 rows, each its own transaction with a pause after it.");
    if let Some((earlier, lock)) = held {
        finding = under(finding, earlier, lock);
    }
    // Alone it stops neither reads nor inserts.
    if held.is_none() {
        finding = finding.weighs(Severity::Warning);
    }
    let code = match (place::data_change(at.step), write.operation) {
        (Some(place::DataChange { filter, sets }), Operation::Update) if !sets.is_empty() => {
            let assignments: Vec<String> =
                sets.iter().map(|(column, value)| format!("{} = {value}", quoted(column))).collect();
            let (column, value) = &sets[0];
            let open = format!("{} IS DISTINCT FROM ({value})", quoted(column));
            let condition = filter.map_or(open.clone(), |filter| format!("({filter}) AND {open}"));
            remedy::batch(&table, &assignments.join(", "), &condition)
        }
        (Some(place::DataChange { filter, .. }), Operation::Delete) => remedy::delete_batch(&table, filter),
        _ => return Some(finding),
    };
    Some(finding.code(code))
}

/// A copy reads a table, and whoever writes that table waits for a lock taken before.
fn copies(at: At<'_>) -> Option<Diagnostic> {
    at.facts().writes.first()?;
    let reads = |lock: &&facts::Lock| lock.mode <= facts::LockMode::RowShare && !lock.conditional;
    let read = at.facts().locks.iter().filter(|lock| !lock.new).filter(reads);
    let (read, (earlier, lock)) =
        read.filter_map(|read| Some((read, at.held_lock(&read.relation)?))).next()?;
    let table = at.table(&read.relation);
    let finding = at
        .finding(&META, format!("copies rows of `{}` while the lock of an earlier statement is held", table.shown()))
        .about(&read.relation)
        .on(at.on_name(&read.relation))
        .why("the time grows with the number of rows that it reads and writes")
        .fix("Copy outside of the migration, in batches; or in a later deploy, when no statement of the same transaction locks the table.");
    Some(under(finding, earlier, lock))
}

fn under(finding: Diagnostic, earlier: At<'_>, lock: &facts::Lock) -> Diagnostic {
    let (mode, waits) = (lock.mode, lock.mode.who_waits());
    finding.why(format!("it runs under {mode} on `{}`, taken before: {waits}", shown(&lock.relation))).also(
        earlier.step,
        earlier.on_name(&lock.relation),
        format!("takes {mode} here"),
    )
}
