//! Statements that take longer than before, and new ones that take long.

use super::{Finding, Limits, State, Topic};
use crate::{Change, Kind, Seen, changes};
use source::{many, time};

/// Calls on either side from which on a mean says something.
const CALLS: u64 = 10;
/// Milliseconds that a call has to take longer: shorter differences nobody feels.
const FELT: f64 = 5.0;
/// Milliseconds a second that all calls together have to take longer, where one alone is not felt.
const MORE: f64 = 50.0;
/// Milliseconds from which on a new statement is slow.
const SLOW: f64 = 100.0;
/// Milliseconds a second from which on a statement is heavy: a quarter of a core.
const HEAVY: f64 = 250.0;
/// How many are told by name.
const NAMED: usize = 10;

pub(super) fn findings(before: &Seen, now: &Seen, limits: &Limits) -> Vec<Finding> {
    let Some(changes) = changes(before, now) else { return Vec::new() };
    let mut told: Vec<Finding> = changes.iter().filter_map(|one| finding(one, limits)).collect();
    let more = told.len().saturating_sub(NAMED);
    told.sort_by_key(|one| std::cmp::Reverse(one.state));
    told.truncate(NAMED);
    if more > 0 {
        let what = format!("{} more are slower or slow", many(more, "statement"));
        told.push(Finding::new(Topic::Statements, State::Worse, what));
    }
    let of = |kind: Kind| changes.iter().filter(|one| one.kind == kind).count();
    let (was, is) = (before.latency(), now.latency());
    let words = |latency: Option<f64>| latency.map_or("none ran".to_owned(), |ms| time(ms / 1e3));
    let mean = match is {
        Some(_) => format!("{} on the average of all statements, before {}", words(is), words(was)),
        None => format!("no statement ran to its end, before {}", words(was)),
    };
    let what = format!("{mean}; {} new, {} no longer sent", of(Kind::New), of(Kind::Gone));
    let mean = Finding::new(Topic::Statements, State::Ok, what).numbers(
        "mean",
        was.unwrap_or_default() / 1e3,
        is.unwrap_or_default() / 1e3,
    );
    told.insert(0, mean);
    told
}

fn finding(change: &Change, limits: &Limits) -> Option<Finding> {
    let mean = change.mean?;
    let told = |state, what: String, cure: &str| {
        let finding = Finding::new(Topic::Statements, state, format!("{what}: {}", change.text));
        let finding = finding.about(&change.text).cure(cure).number("load", change.load / 1e3);
        let before = change.mean_before.unwrap_or_default();
        Some(finding.numbers("mean", before / 1e3, mean / 1e3).numbers(
            "rate",
            change.rate_before,
            change.rate,
        ))
    };
    let enough = change.calls >= CALLS;
    match (change.kind, change.mean_before) {
        (Kind::Known, Some(was)) if enough && change.calls_before >= CALLS => {
            // Calls that nobody feels one by one take a core where they are many.
            let more = (mean - was) * change.rate;
            let state = match mean >= limits.slower * was {
                true if mean - was >= FELT || more >= HEAVY => State::Bad,
                true if more >= MORE => State::Worse,
                _ => return None,
            };
            let times = mean / was.max(0.001);
            let times =
                if times < 1000.0 { format!("{times:.1} times as long") } else { "far longer".to_owned() };
            let what = format!("takes {}, before {} ({times})", time(mean / 1e3), time(was / 1e3));
            let cure = "EXPLAIN (ANALYZE, BUFFERS) it: an index may be gone or unused, or statistics missing (ANALYZE)";
            told(state, what, cure)
        }
        (Kind::New, _) if enough && (mean >= SLOW || change.load >= HEAVY) => {
            let what = format!("is new, takes {} and {:.1} calls a second", time(mean / 1e3), change.rate);
            told(State::Worse, what, "EXPLAIN (ANALYZE, BUFFERS) it: it may want an index")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sample, Statement};

    fn seen(statements: &[(&str, u64, f64)]) -> Seen {
        let statement = |(id, calls, mean): &(&str, u64, f64)| Statement {
            id: (*id).to_owned(),
            text: format!("select {id}"),
            calls: *calls,
            milliseconds: mean * *calls as f64,
        };
        let samples = vec![Sample { seconds: 10.0, ..Sample::default() }];
        Seen { samples, statements: Some(statements.iter().map(statement).collect()) }
    }

    fn states(before: &[(&str, u64, f64)], now: &[(&str, u64, f64)]) -> Vec<State> {
        let found = findings(&seen(before), &seen(now), &Limits::default());
        found.iter().skip(1).map(|one| one.state).collect()
    }

    #[test]
    fn slower_ones_are_bad_and_slow_new_ones_worse() {
        assert_eq!(states(&[("a", 10, 1.0)], &[("a", 10, 6.0)]), [State::Bad]);
        assert_eq!(states(&[("a", 10, 1.0)], &[("a", 10, 5.0)]), []);
        assert_eq!(states(&[("a", 10, 20.0)], &[("a", 10, 39.0)]), []);
        assert_eq!(states(&[("a", 1000, 1.0)], &[("a", 1000, 3.0)]), [State::Worse]);
        assert_eq!(states(&[("a", 1000, 1.0)], &[("a", 1000, 3.6)]), [State::Bad]);
        assert_eq!(states(&[("a", 9, 1.0)], &[("a", 10, 60.0)]), []);
        assert_eq!(states(&[], &[("a", 10, 100.0), ("b", 10, 1.0), ("c", 9, 900.0)]), [State::Worse]);
        assert_eq!(states(&[("a", 10, 1.0)], &[]), []);
        let many: Vec<(String, u64, f64)> = (0..15).map(|at| (at.to_string(), 10, 200.0)).collect();
        let many: Vec<(&str, u64, f64)> =
            many.iter().map(|(id, calls, mean)| (id.as_str(), *calls, *mean)).collect();
        assert_eq!(states(&[], &many).len(), 11);
    }

    #[test]
    fn what_is_new_and_gone_is_counted() {
        let found = findings(
            &seen(&[("a", 10, 1.0), ("b", 1, 1.0)]),
            &seen(&[("a", 10, 1.0), ("c", 1, 1.0)]),
            &Limits::default(),
        );
        assert!(found[0].what.ends_with("; 1 new, 1 no longer sent"), "{}", found[0].what);
        let changes = changes(&seen(&[("a", 10, 1.0)]), &seen(&[("a", 20, 3.0)])).unwrap_or_default();
        assert_eq!((changes[0].rate_before, changes[0].rate, changes[0].load), (1.0, 2.0, 6.0));
    }
}
