//! Locks on several tables add up in the one transaction.

use crate::prelude::*;
use std::collections::BTreeMap;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "lock-pileup",
    group: Group::Blocks,
    severity: Severity::Warning,
    summary: "one transaction holds locks on several tables, or holds one while it works on another",
};

/// So many tables under ACCESS EXCLUSIVE at once are told.
const SEVERAL: usize = 3;

/// One finding a transaction: the first long statement that runs while another table is locked, or else the
/// statement that locks one table too many.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let mut transactions: BTreeMap<u32, Vec<At<'_>>> = BTreeMap::new();
    for at in cx.steps() {
        if let Some(number) = at.step.transaction {
            transactions.entry(number).or_default().push(at);
        }
    }
    for steps in transactions.values() {
        let mut held: Vec<(&str, At<'_>)> = Vec::new();
        let (mut long, mut many) = (None, None);
        for at in steps {
            if long.is_none() {
                long = working(*at, &held);
            }
            for lock in at.facts().locks.iter().filter(|lock| !lock.new && lock.mode.blocks_reads()) {
                let Some(table) = at.table(&lock.relation).relation.filter(|table| table.is_table()) else {
                    continue;
                };
                // A table and its partitions are one, and locked together.
                if table.parents.is_empty() && held.iter().all(|(label, _)| *label != lock.relation) {
                    // A LOCK TABLE that only sets the order is a part of the statement that it is for.
                    let of = if place::is_lock_table(at.step) { at.taken_ahead(lock) } else { None };
                    held.push((&lock.relation, of.unwrap_or(*at)));
                }
            }
            // What one statement locks can't be taken apart.
            let apart = held.iter().any(|(_, earlier)| !std::ptr::eq(earlier.step, held[0].1.step));
            if many.is_none() && apart && held.len() >= SEVERAL {
                many = Some(crowd(*at, &held));
            }
        }
        out.extend(long.or(many));
    }
}

/// Work that grows with one table while another is locked.
fn working<'a>(at: At<'a>, held: &[(&'a str, At<'a>)]) -> Option<Diagnostic> {
    let facts = at.facts();
    let scans =
        facts.scans.iter().filter(|cost| !cost.new).map(|cost| (cost.relation.as_str(), "reads all of"));
    let rewrites =
        facts.rewrites.iter().filter(|cost| !cost.new).map(|cost| (cost.relation.as_str(), "writes all of"));
    let writes = facts
        .writes
        .iter()
        .filter(|write| !write.new && !write.pinned && write.operation != Operation::Insert)
        .map(|write| (write.relation.as_str(), "changes rows of"));
    let worked: Vec<(&str, &str)> = rewrites.chain(scans).chain(writes).collect();
    let (on, verb) = worked.first()?;
    let (locked, earlier) = held.iter().find(|(label, _)| worked.iter().all(|(on, _)| on != label))?;
    let sql = at.step.span.of(&at.step.file.text).trim_end().trim_end_matches(';');
    Some(
        at.finding(&META, format!("{verb} `{}` while `{}` stays locked", shown(on), shown(locked)))
            .about(locked)
            .on(at.on_name(on))
            .also(earlier.step, earlier.on_name(locked), "takes ACCESS EXCLUSIVE here")
            .why(format!("ACCESS EXCLUSIVE on `{}` is held from there on: reads and writes of it wait {}", shown(locked), at.until()))
            .why(format!("the work grows with the rows of `{}`, and the wait for `{}` with it", shown(on), shown(locked)))
            .fix("Do the long work in another deploy than the quick change; or in a migration of its own that starts with COMMIT, since Drizzle runs all pending files in one transaction.")
            .code(remedy::own_file(&format!("{sql};"))),
    )
}

fn crowd<'a>(at: At<'a>, held: &[(&'a str, At<'a>)]) -> Diagnostic {
    let tables: Vec<String> = held.iter().map(|(label, _)| format!("`{}`", shown(label))).collect();
    let label = held.last().map_or("", |(label, _)| label);
    let mut finding = at
        .finding(&META, format!("holds ACCESS EXCLUSIVE on {} tables in one transaction", held.len()))
        .about(label)
        .on(at.on_name(label));
    for (label, earlier) in held.iter().take(held.len() - 1) {
        finding = finding.also(earlier.step, earlier.on_name(label), "and here");
    }
    finding
        .why(format!("{} stay locked {}: reads and writes of all of them wait", listed(&tables), at.until()))
        .why("while it waits for one of them it keeps the others; a query that uses two of them in another order deadlocks with it (40P01)")
        .fix("Change one table a deploy where they are busy, or end the transaction between them with COMMIT. With a lock_timeout the migrator gives all of them up and can be run again:")
        .code(remedy::lock_timeout(2))
}
