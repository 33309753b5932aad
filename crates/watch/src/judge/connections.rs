//! Connections: how many there are, and which do nothing in an open transaction.

use super::{Finding, Limits, State, Topic, most};
use crate::{Connections, Seen};
use source::time;

/// The share of all connections from which on new ones are about to be refused.
const FULL: f64 = 0.9;
/// Seconds that a session may do nothing in an open transaction.
const IDLE: f64 = 60.0;

pub(super) fn findings(before: &Seen, now: &Seen, limits: &Limits) -> Vec<Finding> {
    let Some(last) = now.connections().last() else { return Vec::new() };
    let used = |seen: &Seen| most(seen.connections().map(|one| f64::from(one.used)));
    let (was, is, all) = (used(before), used(now), f64::from(last.most).max(1.0));
    let share = is / all;
    let state = match share {
        _ if share >= FULL => State::Bad,
        _ if share * 100.0 > f64::from(limits.connections) && is > was => State::Worse,
        _ => State::Ok,
    };
    let what = format!(
        "at most {is:.0} of {all:.0} connections were in use ({:.0} %), before {was:.0}",
        share * 100.0
    );
    let mut finding =
        Finding::new(Topic::Connections, state, what).numbers("used", was, is).number("most", all);
    if state > State::Ok {
        finding = finding.cure(
            "see who holds them (SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2); \
             make the pools of the app smaller",
        );
    }
    let longest = |seen: &Seen| most(seen.connections().map(|one| one.longest_idle));
    let (was, is) = (longest(before), longest(now));
    let mut found = vec![finding];
    if is > IDLE && was <= IDLE {
        let most_idle = most(now.connections().map(|one: &Connections| f64::from(one.idle_in_transaction)));
        let what = format!(
            "a session did nothing in an open transaction for {} (before at most {}); up to {most_idle:.0} such \
             sessions at once",
            time(is),
            time(was)
        );
        let finding = Finding::new(Topic::Connections, State::Worse, what)
            .cure("it keeps its locks, and rows from being cleared: the app has to end its transactions")
            .numbers("idle", was, is);
        found.push(finding);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    fn seen(used: u32, longest_idle: f64) -> Seen {
        let connections = Some(Connections { used, most: 100, longest_idle, ..Connections::default() });
        Seen { samples: vec![Sample { connections, ..Sample::default() }], statements: None }
    }

    #[test]
    fn more_connections_than_before_are_told_and_nearly_all_are_bad() {
        let states = |before: Seen, now: Seen| -> Vec<State> {
            findings(&before, &now, &Limits::default()).iter().map(|one| one.state).collect()
        };
        assert_eq!(states(seen(10, 0.0), seen(70, 0.0)), [State::Ok]);
        assert_eq!(states(seen(10, 0.0), seen(71, 0.0)), [State::Worse]);
        assert_eq!(states(seen(75, 0.0), seen(75, 0.0)), [State::Ok]);
        assert_eq!(states(seen(95, 0.0), seen(90, 0.0)), [State::Bad]);
        assert_eq!(states(seen(1, 0.0), seen(1, 61.0)), [State::Ok, State::Worse]);
        assert_eq!(states(seen(1, 90.0), seen(1, 100.0)), [State::Ok]);
    }
}
