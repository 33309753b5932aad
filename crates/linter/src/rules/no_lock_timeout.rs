//! A strong lock is asked for without a limit on the wait for it.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "no-lock-timeout",
    group: Group::Blocks,
    severity: Severity::Info,
    summary: "no lock_timeout is set before a lock for which others wait",
};

/// The first statement of a set that asks for a strong lock on a table that existed: one note a set.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    // It never waits longer than a moment.
    if cx.analysis.options.runner == Runner::Brolly {
        return;
    }
    let unlimited = |at: &At<'_>| match at.step.lock_timeout.as_deref() {
        None => true,
        Some(value) => value.trim_matches(|c: char| !c.is_ascii_digit()).trim_start_matches('0').is_empty(),
    };
    let mut strong = cx.steps().filter_map(|at| {
        let lock = at.facts().locks.iter().find(|lock| !lock.new && lock.mode.blocks_writes())?;
        Some((at, lock))
    });
    let Some((at, lock)) = strong.find(|(at, _)| unlimited(at)) else { return };
    out.push(
        at.finding(&META, format!("asks for {} on `{}` without a lock_timeout", lock.mode, shown(&lock.relation)))
            .about(&lock.relation)
            .on(at.on_name(&lock.relation))
            .why("if a long query or an idle transaction holds the table, the migration waits for it, and every later query of the table queues up behind the migration")
            .fix(
                "Set a limit at the top of the migration and run the migrator again when it is hit. Keep it above \
                 deadlock_timeout (1 s), or it never makes an autovacuum give way.",
            )
            .code(remedy::lock_timeout(2)),
    );
}
