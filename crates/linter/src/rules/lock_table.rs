//! A table is locked by hand.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "lock-table",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "LOCK TABLE makes others wait until the transaction commits",
};

/// LOCK TABLE in a mode for which writes wait, where the statements behind it don't take the same locks at once.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps().filter(|at| place::is_lock_table(at.step)) {
        let strong = at.facts().locks.iter().filter(|lock| !lock.new && lock.mode.blocks_writes());
        for lock in strong.filter(|lock| at.taken_ahead(lock).is_none()) {
            out.push(
                at.finding(&META, format!("locks `{}` in {} mode", shown(&lock.relation), lock.mode))
                    .about(&lock.relation)
                    .on(at.on_name(&lock.relation))
                    .whys(at.lock_line(&lock.relation))
                    .fix(
                        "Leave it out: each statement takes the lock that it needs. To wait for a lock only so long, set \
                         lock_timeout before the statement that needs it.",
                    )
                    .code(remedy::lock_timeout(2)),
            );
        }
    }
}
