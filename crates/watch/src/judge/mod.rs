//! What got worse: what was seen before held against what is seen now, topic by topic.
//!
//! A thing is told where it crosses a bound and did not do so before, or did so less. Bounds that people set are in
//! [`Limits`]; the others are constants beside the code that goes by them, and in docs/watch.md.

mod connections;
mod errors;
mod locks;
mod replication;
mod statements;
mod tables;

use crate::{Seen, Unknown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// What it belongs to.
    pub topic: Topic,
    /// How it is.
    pub state: State,
    /// The table, index, statement, replica or slot it is about, where it is about one.
    pub object: Option<String>,
    /// What was seen, on one line.
    pub what: String,
    /// What to do, on one line; `null` where nothing is to be done.
    pub cure: Option<String>,
    /// The numbers behind it; `.._before` is that of the baseline. Times are seconds, sizes bytes, shares from 0 to 1.
    pub numbers: BTreeMap<String, f64>,
}

/// How something is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As before, or within bounds.
    Ok,
    /// It could not be seen.
    Unknown,
    /// Worse than before; users may not notice.
    Worse,
    /// Users wait, or get errors, or soon will.
    Bad,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Unknown => "unknown",
            State::Worse => "worse",
            State::Bad => "bad",
        }
    }
}

/// What is watched, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// Whether it can be reached.
    Server,
    /// Connections in use, and what they do.
    Connections,
    /// Sessions that wait for locks.
    Locks,
    /// What the database counts of failures.
    Errors,
    /// How long statements take.
    Statements,
    /// Replicas and slots.
    Replication,
    /// How tables grow, and old versions of rows in them.
    Tables,
    /// Indexes that are invalid.
    Indexes,
}

impl Topic {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Topic::Server => "server",
            Topic::Connections => "connections",
            Topic::Locks => "locks",
            Topic::Errors => "errors",
            Topic::Statements => "statements",
            Topic::Replication => "replication",
            Topic::Tables => "tables",
            Topic::Indexes => "indexes",
        }
    }
}

/// From where on something is told, as far as people may say so.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The share of the connections that may be in use, in percent. 90 % are bad in any case.
    pub connections: u8,
    /// Seconds that a session may wait for a lock.
    pub wait: f64,
    /// How many times as long a statement may take as before.
    pub slower: f64,
    /// Seconds that a replica may be behind.
    pub lag: f64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections: 70, wait: 5.0, slower: 2.0, lag: 10.0 }
    }
}

/// Judges a while by the one before it. Topics come in their order, each with at least one finding.
pub fn judge(before: &Seen, now: &Seen, unknown: &[Unknown], limits: &Limits) -> Vec<Finding> {
    let found = [
        (Topic::Server, server(before, now)),
        (Topic::Connections, connections::findings(before, now, limits)),
        (Topic::Locks, locks::findings(before, now, limits)),
        (Topic::Errors, errors::findings(before, now)),
        (Topic::Statements, statements::findings(before, now, limits)),
        (Topic::Replication, replication::findings(before, now, limits)),
        (Topic::Tables, tables::findings(before, now)),
        (Topic::Indexes, indexes(before, now)),
    ];
    let mut all = Vec::new();
    for (topic, mut findings) in found {
        let hidden = unknown.iter().filter(|one| one.topic == topic);
        let hidden: Vec<Finding> = hidden
            .map(|one| Finding { cure: one.cure.clone(), ..Finding::new(topic, State::Unknown, &one.what) })
            .collect();
        if findings.is_empty() && hidden.is_empty() {
            findings.push(Finding::new(topic, State::Unknown, "nothing was seen of it"));
        }
        all.extend(findings.into_iter().chain(hidden));
    }
    all
}

/// Whether the server was there.
fn server(_: &Seen, now: &Seen) -> Vec<Finding> {
    let gone: Vec<_> = now.samples.iter().filter(|sample| sample.unreachable.is_some()).collect();
    let looks = now.samples.len();
    let Some(last) = gone.last() else {
        return vec![Finding::new(Topic::Server, State::Ok, format!("it answered each of {looks} looks"))];
    };
    let why = last.unreachable.as_deref().unwrap_or_default();
    let what = format!("it did not answer {} of {looks} looks, last {}: {why}", gone.len(), moment(last.at));
    let finding = Finding::new(Topic::Server, State::Bad, what)
        .cure("see in its log whether it was restarted, ran out of memory, or took no more connections");
    vec![finding.number("unanswered", gone.len() as f64)]
}

/// Indexes that became invalid, and those that were before.
fn indexes(before: &Seen, now: &Seen) -> Vec<Finding> {
    let last = |seen: &Seen| seen.samples.iter().rev().find_map(|sample| sample.invalid_indexes.clone());
    let Some(invalid) = last(now) else { return Vec::new() };
    let known = last(before).unwrap_or_default();
    let finding = |index: &crate::Index| {
        let old = known.iter().any(|one| one.name == index.name);
        let (state, since) = match old {
            true => (State::Worse, "; so it was before"),
            false => (State::Bad, ""),
        };
        Finding::new(Topic::Indexes, state, format!("{}{since}", index.what))
            .about(source::shown(&index.name))
            .cure(&index.cure)
    };
    or_ok(invalid.iter().map(finding).collect(), Topic::Indexes, "all are valid, or being built")
}

impl Finding {
    fn new(topic: Topic, state: State, what: impl Into<String>) -> Finding {
        Finding { topic, state, object: None, what: what.into(), cure: None, numbers: BTreeMap::new() }
    }

    fn about(mut self, object: impl Into<String>) -> Finding {
        self.object = Some(object.into());
        self
    }

    fn cure(mut self, cure: impl Into<String>) -> Finding {
        self.cure = Some(cure.into());
        self
    }

    fn number(mut self, name: &str, number: f64) -> Finding {
        self.numbers.insert(name.to_owned(), number);
        self
    }

    /// A number before and now.
    fn numbers(self, name: &str, before: f64, now: f64) -> Finding {
        let was = format!("{name}_before");
        self.number(&was, before).number(name, now)
    }
}

fn or_ok(findings: Vec<Finding>, topic: Topic, what: impl Into<String>) -> Vec<Finding> {
    if findings.is_empty() { vec![Finding::new(topic, State::Ok, what)] } else { findings }
}

/// A moment of the watch, in words.
fn moment(at: f64) -> String {
    format!("{} in", source::time(at))
}

/// The most of some numbers; zero for none.
fn most(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Index, Sample};

    fn with(sample: Sample) -> Seen {
        Seen { samples: vec![sample], statements: None }
    }

    fn invalid(names: &[&str]) -> Seen {
        let index = |name: &&str| Index { name: format!("public.{name}"), ..Index::default() };
        with(Sample { invalid_indexes: Some(names.iter().map(index).collect()), ..Sample::default() })
    }

    #[test]
    fn an_index_that_became_invalid_is_bad() {
        let states = |before: &[&str], now: &[&str]| -> Vec<State> {
            indexes(&invalid(before), &invalid(now)).iter().map(|one| one.state).collect()
        };
        assert_eq!(states(&[], &[]), [State::Ok]);
        assert_eq!(states(&["a"], &[]), [State::Ok]);
        assert_eq!(states(&["a"], &["a", "b"]), [State::Worse, State::Bad]);
        assert!(indexes(&Seen::default(), &Seen::default()).is_empty());
    }

    #[test]
    fn a_server_that_is_gone_for_a_moment_is_bad() {
        let gone = with(Sample { at: 3.0, unreachable: Some("it stops".to_owned()), ..Sample::default() });
        let found = server(&Seen::default(), &gone);
        assert_eq!(found[0].state, State::Bad);
        assert!(found[0].what.ends_with("1 of 1 looks, last 3.0 s in: it stops"), "{}", found[0].what);
    }

    #[test]
    fn each_topic_is_told_of_even_where_nothing_was_seen() {
        let found = judge(&Seen::default(), &Seen::default(), &[], &Limits::default());
        let states: Vec<(Topic, State)> = found.iter().map(|one| (one.topic, one.state)).collect();
        assert_eq!(states.len(), 8);
        assert!(states[1..].iter().all(|(_, state)| *state == State::Unknown), "{states:?}");
    }
}
