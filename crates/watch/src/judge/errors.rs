//! Failures that a database counts: rollbacks, deadlocks, sessions that ended badly, and traffic that is gone.
//!
//! Postgres counts no errors by statement; a statement that fails is not in `pg_stat_statements` either.

use super::{Finding, State, Topic};
use crate::{Seen, Work};
use source::many;

/// Rollbacks from which on there is something to tell.
const SOME: u64 = 10;
/// The share of all transactions from which on users notice.
const SHARE: f64 = 0.01;
/// Times as much as before.
const TIMES: f64 = 2.0;
/// Transactions a second from which on traffic can be gone.
const TRAFFIC: f64 = 5.0;
/// Seconds of looks on either side before that is told: sessions report what they did once a second at the most.
const ENOUGH: f64 = 10.0;

const WHY: &str =
    "the server's log says which statements fail and why (log_min_error_statement); so does the app's";

pub(super) fn findings(before: &Seen, now: &Seen) -> Vec<Finding> {
    let Some((work, seconds)) = now.work() else { return Vec::new() };
    let (was, was_seconds) = before.work().unwrap_or_default();
    let mut found = vec![rollbacks(&was, &work, was_seconds, seconds)];
    let per = |count: u64, seconds: f64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let more = |was: u64, is: u64| is > 0 && per(is, seconds) > TIMES * per(was, was_seconds);
    if more(was.deadlocks, work.deadlocks) {
        let what = format!("{}, before {}", many(work.deadlocks as usize, "deadlock"), was.deadlocks);
        found.push(
            Finding::new(Topic::Errors, State::Bad, what)
                .cure("each ended a transaction of the app with 40P01; the server's log names both sides")
                .numbers("deadlocks", was.deadlocks as f64, work.deadlocks as f64),
        );
    }
    if more(was.conflicts, work.conflicts) {
        let what = format!(
            "{} queries were cancelled for what is replayed, before {}",
            work.conflicts, was.conflicts
        );
        found.push(
            Finding::new(Topic::Errors, State::Worse, what)
                .cure("a lock or a vacuum of the primary came through; max_standby_streaming_delay is how long it waits")
                .numbers("conflicts", was.conflicts as f64, work.conflicts as f64),
        );
    }
    let sessions = [
        ("fatal", "ended with an error", was.fatal, work.fatal),
        ("killed", "ended by somebody else", was.killed, work.killed),
        ("abandoned", "lost their client", was.abandoned, work.abandoned),
    ];
    for (name, how, was, is) in sessions {
        let (was, is) = (was.unwrap_or(0), is.unwrap_or(0));
        // Many drivers just go, and that says nothing.
        let ordinary = name == "abandoned" && is < SOME;
        if more(was, is) && !ordinary {
            let what = format!("{} {how}, before {was}", many(is as usize, "session"));
            found.push(
                Finding::new(Topic::Errors, State::Worse, what)
                    .cure("the server's log says which and why")
                    .numbers(name, was as f64, is as f64),
            );
        }
    }
    let rate = |work: &Work, seconds: f64| per(work.commits + work.rollbacks, seconds);
    let (rate_before, rate) = (rate(&was, was_seconds), rate(&work, seconds));
    if was_seconds.min(seconds) >= ENOUGH && rate_before >= TRAFFIC && rate < rate_before / 2.0 {
        let what = format!("{rate:.1} transactions a second, before {rate_before:.1}");
        found.push(
            Finding::new(Topic::Errors, State::Worse, what)
                .cure("less than half of the traffic comes through: see whether the app answers")
                .numbers("transactions", rate_before, rate),
        );
    }
    found
}

fn rollbacks(was: &Work, work: &Work, was_seconds: f64, seconds: f64) -> Finding {
    let share = |work: &Work| work.rollbacks as f64 / (work.commits + work.rollbacks).max(1) as f64;
    let (before, now) = (share(was), share(work));
    let rate = |work: &Work, seconds: f64| work.rollbacks as f64 / seconds.max(0.001);
    let state = match work.rollbacks >= SOME && now > TIMES * before {
        true if now >= SHARE => State::Bad,
        true => State::Worse,
        false => State::Ok,
    };
    let what = format!(
        "{} of {} transactions were rolled back ({:.1} %), before {:.1} %",
        work.rollbacks,
        work.commits + work.rollbacks,
        now * 100.0,
        before * 100.0
    );
    let finding = Finding::new(Topic::Errors, state, what)
        .numbers("rollbacks", rate(was, was_seconds), rate(work, seconds))
        .numbers("share", before, now);
    if state > State::Ok { finding.cure(WHY) } else { finding }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    fn seen(work: Work) -> Seen {
        let sample = Sample { seconds: 10.0, work: Some(work), ..Sample::default() };
        Seen { samples: vec![sample], statements: None }
    }

    fn work(commits: u64, rollbacks: u64) -> Work {
        Work { commits, rollbacks, ..Work::default() }
    }

    fn states(before: Work, now: Work) -> Vec<State> {
        findings(&seen(before), &seen(now)).iter().map(|one| one.state).collect()
    }

    #[test]
    fn rollbacks_are_bad_where_they_are_many_and_more_than_before() {
        assert_eq!(states(work(1000, 0), work(1000, 9)), [State::Ok]);
        assert_eq!(states(work(1000, 0), work(980, 20)), [State::Bad]);
        assert_eq!(states(work(10_000, 0), work(9_990, 20)), [State::Worse]);
        assert_eq!(states(work(980, 20), work(970, 30)), [State::Ok]);
        assert_eq!(states(work(980, 20), work(950, 50)), [State::Bad]);
        assert!(findings(&Seen::default(), &Seen::default()).is_empty());
    }

    #[test]
    fn deadlocks_ended_sessions_and_traffic_that_is_gone_are_told() {
        let now = Work { deadlocks: 1, ..work(1000, 0) };
        assert_eq!(states(work(1000, 0), now.clone()), [State::Ok, State::Bad]);
        assert_eq!(states(Work { deadlocks: 1, ..work(1000, 0) }, now), [State::Ok]);
        let now = Work { fatal: Some(3), killed: Some(1), abandoned: Some(9), ..work(1000, 0) };
        assert_eq!(states(work(1000, 0), now), [State::Ok, State::Worse, State::Worse]);
        assert_eq!(states(work(1000, 0), work(400, 0)), [State::Ok, State::Worse]);
        assert_eq!(states(work(40, 0), work(4, 0)), [State::Ok]);
    }
}
