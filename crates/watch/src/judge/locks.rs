//! Sessions that wait for locks: how many, how long, for whom.

use super::{Finding, Limits, State, Topic, moment, most};
use crate::{Seen, Session, Wait};
use source::{many, shown, time};

/// Seconds from which a wait is told at all: shorter ones are part of ordinary work.
const NOTICED: f64 = 1.0;

pub(super) fn findings(before: &Seen, now: &Seen, limits: &Limits) -> Vec<Finding> {
    if now.waits().next().is_none() {
        return Vec::new();
    }
    let longest = |seen: &Seen| most(seen.waits().flatten().map(|wait| wait.waited));
    let queue = |seen: &Seen| most(seen.waits().map(|waits| waits.len() as f64));
    let (was, is) = (longest(before), longest(now));
    let (queue_before, queue_now) = (queue(before), queue(now));
    // Twice as long as it was is worse, whatever was usual before.
    let over = is > 2.0 * was;
    let state = match is {
        _ if is >= limits.wait && over => State::Bad,
        _ if is >= NOTICED && over => State::Worse,
        _ => State::Ok,
    };
    let worst = now.samples.iter().flat_map(|sample| {
        let waits = sample.waits.iter().flatten().filter(|wait| wait.lock != "advisory");
        waits.map(move |wait| (sample.at, wait))
    });
    let worst = worst.max_by(|(_, a), (_, b)| a.waited.total_cmp(&b.waited));
    let finding = match worst {
        None => Finding::new(Topic::Locks, State::Ok, "nobody was seen waiting for a lock"),
        Some((at, wait)) => {
            let on = wait.relation.as_deref().map_or(String::new(), |name| format!(" on {}", shown(name)));
            let what = format!(
                "up to {} at once waited for locks, the longest {}{on} ({}), before {}: {}",
                many(queue_now as usize, "session"),
                time(is),
                moment(at),
                time(was),
                who(&wait.session)
            );
            let mut finding = Finding::new(Topic::Locks, state, what);
            finding.object = wait.relation.as_deref().map(|name| shown(name).to_owned());
            match (state > State::Ok, root(now, wait)) {
                (true, Some(root)) => finding.cure(way_out(root)),
                (true, None) => {
                    finding.cure("who was in the way is not known: look at pg_blocking_pids while it lasts")
                }
                _ => finding,
            }
        }
    };
    vec![finding.numbers("longest", was, is).numbers("sessions", queue_before, queue_now)]
}

/// The session at the head of the queue: one that is in the way and waits for nobody.
fn root<'a>(now: &'a Seen, wait: &'a Wait) -> Option<&'a Session> {
    let look = now.samples.iter().filter_map(|sample| sample.waits.as_ref());
    let look = look.into_iter().find(|waits| waits.contains(wait));
    let waits = |one: &Session| look.is_some_and(|all| all.iter().any(|wait| wait.session.pid == one.pid));
    let ahead = look.into_iter().flatten().flat_map(|wait| &wait.blockers);
    let direct = wait.blockers.iter().find(|one| !waits(one));
    direct.or_else(|| ahead.into_iter().find(|one| !waits(one))).or(wait.blockers.first())
}

fn who(session: &Session) -> String {
    let pid = session.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("process {pid}"));
    let application = match session.application.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    let query = match session.query.as_str() {
        "" => String::new(),
        query => format!(": {query}"),
    };
    format!("{pid} of {}{application}{query}", session.role)
}

fn way_out(session: &Session) -> String {
    let end = match session.pid {
        Some(pid) => format!("SELECT pg_terminate_backend({pid}) ends it"),
        None => "ROLLBACK PREPARED or COMMIT PREPARED ends it".to_owned(),
    };
    let state = match session.state.as_str() {
        "" => String::new(),
        state => format!(", {state}, its transaction {} old", time(session.transaction)),
    };
    format!("in the way was {}{state}; {end} where it is still there", who(session))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    fn wait(pid: i32, waited: f64, behind: i32) -> Wait {
        let session = |pid| Session { pid: Some(pid), role: "app".to_owned(), ..Session::default() };
        Wait {
            session: session(pid),
            waited,
            lock: "relation".to_owned(),
            relation: Some("public.users".to_owned()),
            blockers: vec![session(behind)],
            ..Wait::default()
        }
    }

    fn seen(waits: Vec<Wait>) -> Seen {
        Seen { samples: vec![Sample { waits: Some(waits), ..Sample::default() }], statements: None }
    }

    #[test]
    fn waits_are_told_by_how_long_they_are() {
        let state = |before: &[f64], now: &[f64]| {
            let seen = |waits: &[f64]| seen(waits.iter().map(|waited| wait(1, *waited, 2)).collect());
            findings(&seen(before), &seen(now), &Limits::default())[0].state
        };
        assert_eq!(state(&[], &[]), State::Ok);
        assert_eq!(state(&[], &[0.9]), State::Ok);
        assert_eq!(state(&[], &[1.0]), State::Worse);
        assert_eq!(state(&[], &[0.1, 5.0]), State::Bad);
        assert_eq!(state(&[4.0], &[7.0]), State::Ok);
    }

    #[test]
    fn the_head_of_the_queue_is_named() {
        // 3 waits for 2, which waits for 1.
        let found =
            findings(&seen(vec![]), &seen(vec![wait(3, 9.0, 2), wait(2, 8.0, 1)]), &Limits::default());
        assert_eq!(found[0].object.as_deref(), Some("users"));
        assert!(found[0].what.starts_with("up to 2 sessions at once waited"), "{}", found[0].what);
        let cure = found[0].cure.as_deref().unwrap_or_default();
        assert!(cure.contains("SELECT pg_terminate_backend(1)"), "{cure}");
    }

    #[test]
    fn advisory_locks_are_taken_to_wait() {
        let mut one = wait(3, 90.0, 2);
        one.lock = "advisory".to_owned();
        assert_eq!(findings(&seen(vec![]), &seen(vec![one]), &Limits::default())[0].state, State::Ok);
    }
}
