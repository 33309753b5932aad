//! Replicas that fall behind or go, and slots that keep more and more WAL.

use super::{Finding, Limits, State, Topic, most, or_ok};
use crate::{Replica, Seen};
use source::{many, size, time};
use std::collections::BTreeSet;

/// Bytes of WAL that are far behind, however quick they may be read.
const FAR: f64 = 1e9;
/// Bytes by which a slot that nobody reads may grow.
const KEPT: f64 = 1e8;

pub(super) fn findings(before: &Seen, now: &Seen, limits: &Limits) -> Vec<Finding> {
    let Some(last) = now.samples.iter().rev().find(|sample| sample.unreachable.is_none()) else {
        return Vec::new();
    };
    let names: BTreeSet<&str> = all(before).chain(all(now)).map(|replica| replica.name.as_str()).collect();
    let mut found: Vec<Finding> = Vec::new();
    for name in &names {
        let of = |seen: &Seen, number: fn(&Replica) -> Option<f64>| {
            most(all(seen).filter(|replica| replica.name == *name).filter_map(number))
        };
        let seconds: fn(&Replica) -> Option<f64> = |replica| replica.lag;
        let bytes: fn(&Replica) -> Option<f64> = |replica| replica.bytes.map(|bytes| bytes as f64);
        let (was, is) = (of(before, seconds), of(now, seconds));
        let (was_bytes, is_bytes) = (of(before, bytes), of(now, bytes));
        let current = last.replicas.iter().find(|replica| replica.name == *name);
        let (state, what, cure) = match current {
            None => {
                let what = format!("replica {name} is gone; it was there before");
                (State::Bad, what, "see whether it runs, and what its log says")
            }
            Some(Replica { trouble: Some(why), .. }) => {
                (State::Bad, format!("replica {name} can't be asked: {why}"), "see whether it runs")
            }
            Some(_) => {
                let far =
                    (is > limits.lag && is > 2.0 * was) || (is_bytes > FAR && is_bytes > 2.0 * was_bytes);
                let what = format!(
                    "replica {name} was at most {} and {} behind, before {} and {}",
                    time(is),
                    size(is_bytes),
                    time(was),
                    size(was_bytes)
                );
                let cure = "what reads from it shows old rows: send reads to the primary until it has caught up; a \
                            backfill or a rewrite writes more than it can replay";
                (if far { State::Bad } else { State::Ok }, what, cure)
            }
        };
        let finding = Finding::new(Topic::Replication, state, what).about(*name);
        let finding = finding.numbers("lag", was, is).numbers("bytes", was_bytes, is_bytes);
        found.push(if state > State::Ok { finding.cure(cure) } else { finding });
    }
    found.extend(slots(before, now));
    let replicas = many(names.len(), "replica");
    or_ok(
        found,
        Topic::Replication,
        if names.is_empty() { "no replica reads from this server" } else { &replicas },
    )
}

fn all(seen: &Seen) -> impl Iterator<Item = &Replica> {
    seen.samples.iter().flat_map(|sample| &sample.replicas)
}

fn slots(before: &Seen, now: &Seen) -> Vec<Finding> {
    let Some(last) = now.samples.iter().rev().find(|sample| sample.unreachable.is_none()) else {
        return Vec::new();
    };
    let first = before.samples.iter().chain(&now.samples).find(|sample| sample.unreachable.is_none());
    let grown = last.slots.iter().filter(|slot| !slot.active).filter_map(|slot| {
        let was = first.and_then(|sample| sample.slots.iter().find(|one| one.name == slot.name));
        let was = was.map_or(0.0, |one| one.bytes as f64);
        let is = slot.bytes as f64;
        (is - was > KEPT).then(|| {
            let what =
                format!("nobody reads slot {}: it keeps {}, before {}", slot.name, size(is), size(was));
            Finding::new(Topic::Replication, State::Worse, what)
                .about(&slot.name)
                .cure("bring back what reads it, or drop it before the disk is full")
                .numbers("kept", was, is)
        })
    });
    grown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sample, Slot};

    fn seen(replicas: &[(&str, f64)], kept: u64) -> Seen {
        let replica = |(name, lag): &(&str, f64)| Replica {
            name: (*name).to_owned(),
            lag: Some(*lag),
            ..Replica::default()
        };
        let slots = vec![Slot { name: "s".to_owned(), active: false, bytes: kept }];
        let sample = Sample { replicas: replicas.iter().map(replica).collect(), slots, ..Sample::default() };
        Seen { samples: vec![sample], statements: None }
    }

    fn states(before: Seen, now: Seen) -> Vec<State> {
        findings(&before, &now, &Limits::default()).iter().map(|one| one.state).collect()
    }

    #[test]
    fn a_replica_that_falls_behind_or_goes_is_bad() {
        assert_eq!(states(seen(&[], 0), seen(&[], 0)), [State::Ok]);
        assert_eq!(states(seen(&[("a", 1.0)], 0), seen(&[("a", 9.0)], 0)), [State::Ok]);
        assert_eq!(states(seen(&[("a", 1.0)], 0), seen(&[("a", 11.0)], 0)), [State::Bad]);
        assert_eq!(states(seen(&[("a", 40.0)], 0), seen(&[("a", 50.0)], 0)), [State::Ok]);
        assert_eq!(states(seen(&[("a", 0.0)], 0), seen(&[], 0)), [State::Bad]);
    }

    #[test]
    fn a_slot_that_keeps_more_and_more_is_told() {
        assert_eq!(states(seen(&[], 1), seen(&[], 50_000_000)), [State::Ok]);
        assert_eq!(states(seen(&[], 1), seen(&[], 200_000_000)), [State::Worse]);
    }
}
