//! A watch as one HTML page: verdict, charts, and what stands behind them. It names no other file and needs no script.

use super::{Watched, against};
use crate::chart::{Chart, Line, escaped, figure};
use source::{many, shown, size, time};
use std::collections::BTreeSet;
use std::fmt::Write;
use watch::{Change, Kind, Replica, Sample, State, Wait};

const STYLE: &str = include_str!("page.css");

/// Statements, waits and tables that are listed.
const LISTED: usize = 30;

/// The page.
pub fn watch_page(watched: &Watched<'_>) -> String {
    let Watched { begun, verdict, .. } = watched;
    let title = format!("{} after a deploy", escaped(&begun.database));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    );
    let _ = writeln!(
        out,
        "<p>{} on {}, PostgreSQL {}. Watched for {} until {}, {}, held against {}.</p>",
        escaped(&begun.database),
        escaped(&begun.host),
        escaped(&begun.server),
        time(verdict.seconds),
        if watched.ended.is_empty() { "the server was gone" } else { watched.ended },
        many(verdict.looks, "look"),
        escaped(&against(&verdict.baseline))
    );
    if verdict.interrupted {
        out.push_str("<p>It was ended early.</p>\n");
    }
    judged(&mut out, watched);
    charts(&mut out, watched);
    statements(&mut out, verdict.statements.as_deref());
    waits(&mut out, &watched.now.samples);
    tables(&mut out, watched);
    out.push_str(
        "<footer>Written by brolly watch. Values of statements are left out. Postgres counts no errors by statement, \
         and pg_stat_statements only what ran to its end; rows and old versions are estimates of the server. Waits \
         shorter than the time between two looks may not have been seen.</footer>\n</main>\n</body>\n</html>\n",
    );
    out
}

fn judged(out: &mut String, watched: &Watched<'_>) {
    let verdict = watched.verdict;
    let words = match verdict.state {
        State::Ok => "Nothing got worse.",
        State::Unknown => "Nothing that can be seen got worse.",
        State::Worse => "Something got worse; users may not notice.",
        State::Bad => "Users wait or get errors, or soon will.",
    };
    let _ = writeln!(
        out,
        "<p class=\"verdict {}\">{words}</p>\n<table class=\"findings\">",
        verdict.state.word()
    );
    let mut findings: Vec<_> = verdict.findings.iter().collect();
    findings.sort_by_key(|one| std::cmp::Reverse(one.state));
    for one in findings {
        let cure =
            one.cure.as_deref().map_or(String::new(), |cure| format!("<br><em>{}</em>", escaped(cure)));
        let _ = writeln!(
            out,
            "<tr><td><b class=\"{0}\">{0}</b></td><td>{1}</td><td>{2}{cure}</td></tr>",
            one.state.word(),
            one.topic.word(),
            escaped(&one.what)
        );
    }
    let _ = writeln!(out, "</table>\n<h2>The way back</h2>\n<p>{}</p>", escaped(&verdict.back.what));
    if !verdict.back.commands.is_empty() {
        let _ = writeln!(out, "<pre>{}</pre>", escaped(&verdict.back.commands.join("\n")));
    }
}

/// Looks before and after on one axis: where a baseline was taken before, zero is between the two.
fn timeline<'a>(watched: &Watched<'a>) -> (Vec<(f64, &'a Sample)>, (f64, &'static str)) {
    let now = watched.now.samples.iter().map(|sample| (sample.at, sample));
    if watched.verdict.baseline.taken.is_none() {
        let before = watched.before.samples.iter().map(|sample| (sample.at, sample));
        let split = watched.before.samples.last().map_or(0.0, |sample| sample.at);
        return (before.chain(now).collect(), (split, "baseline until here"));
    }
    // Nobody knows how long the deploy took: it has the width of a look or two.
    let end = watched.before.samples.last().map_or(0.0, |sample| sample.at) + 2.0 * watched.begun.every;
    let before = watched.before.samples.iter().map(|sample| (sample.at - end, sample));
    let gap = watched.begun.every;
    (before.chain(now).collect(), (-gap, "deploy"))
}

fn charts(out: &mut String, watched: &Watched<'_>) {
    let (looks, split) = timeline(watched);
    let line = |name: &str, number: &dyn Fn(&Sample) -> Option<f64>| {
        let mut points: Vec<(f64, Option<f64>)> = Vec::new();
        for (at, sample) in &looks {
            // No line goes through a deploy.
            if points.last().is_some_and(|(last, _)| *last < split.0 && *at > split.0) && split.1 == "deploy"
            {
                points.push((split.0, None));
            }
            points.push((*at, number(sample)));
        }
        Line { name: name.to_owned(), points }
    };
    let rate = |count: u64, sample: &Sample| count as f64 / sample.seconds.max(0.001);
    let most = watched.now.connections().last().map_or(0.0, |one| f64::from(one.most));
    let chart = |title: &str, unit, lines, bound| Chart {
        title: title.to_owned(),
        unit,
        lines,
        split: Some(split),
        bound,
    };
    let mut all = vec![
        chart(
            "Connections",
            "sessions",
            vec![
                line("in use", &|sample| sample.connections.as_ref().map(|one| f64::from(one.used))),
                line("active", &|sample| sample.connections.as_ref().map(|one| f64::from(one.active))),
                line("idle in transaction", &|sample| {
                    sample.connections.as_ref().map(|one| f64::from(one.idle_in_transaction))
                }),
            ],
            Some((most, format!("the most that the server takes: {most:.0}"))),
        ),
        chart(
            "Sessions that wait for a lock",
            "sessions",
            vec![line("waiting", &|sample| sample.waits.as_ref().map(|waits| waits.len() as f64))],
            None,
        ),
        chart(
            "Longest wait for a lock",
            "seconds",
            vec![line("longest", &|sample| {
                sample.waits.as_ref().map(|waits| waits.first().map_or(0.0, |wait| wait.waited))
            })],
            None,
        ),
        chart(
            "Time of a statement, on the average of all",
            "ms",
            vec![line("mean", &|sample| {
                let slice = sample.statements.as_ref().filter(|slice| slice.calls > 0)?;
                Some(slice.milliseconds / slice.calls as f64)
            })],
            None,
        ),
        chart(
            "Statements",
            "a second",
            vec![line("run to their end", &|sample| {
                sample.statements.as_ref().map(|slice| rate(slice.calls, sample))
            })],
            None,
        ),
        chart(
            "Transactions that were committed",
            "a second",
            vec![line("commits", &|sample| sample.work.as_ref().map(|work| rate(work.commits, sample)))],
            None,
        ),
        chart(
            "Transactions that were rolled back",
            "a second",
            vec![line("rollbacks", &|sample| sample.work.as_ref().map(|work| rate(work.rollbacks, sample)))],
            None,
        ),
    ];
    let replicas = || looks.iter().flat_map(|(_, sample)| &sample.replicas);
    let names: BTreeSet<&str> = replicas().map(|replica: &Replica| replica.name.as_str()).collect();
    let of = |name: &&str| {
        line(name, &|sample: &Sample| {
            sample.replicas.iter().find(|one| one.name == *name).and_then(|one| one.lag)
        })
    };
    all.push(chart("Replicas: how far behind", "seconds", names.iter().take(5).map(of).collect(), None));
    out.push_str(
        "<h2>Over time</h2>\n<p class=\"note\">Zero is when this watch began.</p>\n<div class=\"charts\">\n",
    );
    let mut missing = Vec::new();
    for one in &all {
        match figure(one) {
            Some(drawn) => out.push_str(&drawn),
            None => missing.push(one.title.to_lowercase()),
        }
    }
    out.push_str("</div>\n");
    if !missing.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">Nothing was seen of: {}.</p>", missing.join("; "));
    }
}

fn statements(out: &mut String, changes: Option<&[Change]>) {
    let Some(changes) = changes.filter(|changes| !changes.is_empty()) else { return };
    out.push_str(
        "<h2>Statements</h2>\n<p class=\"note\">What takes most time now first.</p>\n<table class=\"wide\"><tr>\
         <th>before</th><th>now</th><th></th><th>calls/s before</th><th>now</th><th>statement</th></tr>\n",
    );
    for one in changes.iter().take(LISTED) {
        let mean = |mean: Option<f64>| mean.map_or("–".to_owned(), |mean| time(mean / 1e3));
        let (word, class) = match (one.kind, one.mean_before, one.mean) {
            (Kind::New, _, _) => ("new".to_owned(), "worse"),
            (Kind::Gone, _, _) => ("gone".to_owned(), "unknown"),
            (_, Some(was), Some(is)) => {
                let times = is / was.max(0.001);
                // As it is judged, or nearly so.
                let felt = is - was >= 5.0 || (is - was) * one.rate >= 50.0;
                (format!("× {times:.1}"), if times >= 2.0 && felt { "bad" } else { "" })
            }
            _ => (String::new(), ""),
        };
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"{class}\">{word}</td><td>{:.1}</td><td>{:.1}</td><td><code>{}</code></td></tr>",
            mean(one.mean_before),
            mean(one.mean),
            one.rate_before,
            one.rate,
            escaped(&one.text)
        );
    }
    out.push_str("</table>\n");
}

fn waits(out: &mut String, samples: &[Sample]) {
    // Each wait once, as it was seen last: when it was longest.
    let mut longest: Vec<(f64, &Wait)> = Vec::new();
    for (at, wait) in
        samples.iter().flat_map(|one| one.waits.iter().flatten().map(move |wait| (one.at, wait)))
    {
        let same = |(last, other): &&mut (f64, &Wait)| {
            other.session.pid == wait.session.pid
                && other.relation == wait.relation
                && wait.waited - other.waited > 0.5 * (at - *last)
        };
        match longest.iter_mut().find(same) {
            Some(known) => *known = (at, wait),
            None => longest.push((at, wait)),
        }
    }
    if longest.is_empty() {
        return;
    }
    longest.sort_by(|(_, a), (_, b)| b.waited.total_cmp(&a.waited));
    out.push_str(
        "<h2>Waits for locks</h2>\n<table class=\"wide\"><tr><th>seen at</th><th>waited</th><th>for</th><th>who</th>\
         <th>in the way</th></tr>\n",
    );
    let session = |one: &watch::Session| {
        let pid = one.pid.map_or("a prepared transaction".to_owned(), |pid| format!("{pid} {}", one.role));
        format!("{} <code>{}</code>", escaped(&format!("{pid} {}", one.application)), escaped(&one.query))
    };
    for (at, wait) in longest.iter().take(LISTED) {
        let what = wait.relation.as_deref().map_or(wait.lock.as_str(), shown);
        let ahead: Vec<String> = wait.blockers.iter().map(&session).collect();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{} <small>{}</small></td><td>{}</td><td>{}</td></tr>",
            time(*at),
            time(wait.waited),
            escaped(what),
            escaped(&wait.mode),
            session(&wait.session),
            ahead.join("<br>")
        );
    }
    out.push_str("</table>\n");
}

fn tables(out: &mut String, watched: &Watched<'_>) {
    let Some(tables) = watched.now.tables().filter(|tables| !tables.is_empty()) else { return };
    let before = watched.before.tables().unwrap_or_default();
    out.push_str(
        "<h2>Tables</h2>\n<p class=\"note\">The largest. Rows and old versions are estimates of the server.</p>\n\
         <table class=\"wide\"><tr><th>table</th><th>with indexes, before</th><th>now</th><th>old versions, before</th>\
         <th>now</th></tr>\n",
    );
    for table in tables.iter().take(LISTED) {
        let was = before.iter().find(|one| one.name == table.name);
        let all = |table: &watch::Table| size((table.bytes + table.index_bytes) as f64);
        let dead = |table: &watch::Table| format!("{} ({:.0} %)", table.dead, table.dead_share() * 100.0);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(shown(&table.name)),
            was.map_or("–".to_owned(), all),
            all(table),
            was.map_or("–".to_owned(), dead),
            dead(table)
        );
    }
    out.push_str("</table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{BaselineTold, Begun, Verdict, WayBack};
    use watch::{Connections, Index, Limits, Seen, Session, Statement, Table, changes, judge};

    const ODD: &str = "<script>alert(\"1\")</script>";

    fn seen(from: f64) -> Seen {
        let session =
            || Session { pid: Some(1), role: ODD.to_owned(), query: ODD.to_owned(), ..Session::default() };
        let wait =
            |at: f64| Wait { session: session(), waited: at, blockers: vec![session()], ..Wait::default() };
        let statement =
            Statement { id: "a".to_owned(), text: ODD.to_owned(), calls: 20, milliseconds: 400.0 };
        let sample = |at: f64| Sample {
            at,
            seconds: 5.0,
            connections: Some(Connections { used: 3, most: 97, ..Connections::default() }),
            waits: Some(vec![wait(at)]),
            replicas: vec![Replica { name: ODD.to_owned(), lag: Some(1.0), ..Replica::default() }],
            tables: Some(vec![Table { name: ODD.to_owned(), bytes: 1, ..Table::default() }]),
            invalid_indexes: Some(vec![Index {
                name: ODD.to_owned(),
                what: ODD.to_owned(),
                cure: ODD.to_owned(),
            }]),
            ..Sample::default()
        };
        Seen {
            samples: [0.0, 5.0, 10.0].map(|at| sample(from + at)).to_vec(),
            statements: Some(vec![statement]),
        }
    }

    #[test]
    fn whatever_things_are_called_the_page_is_one_page() {
        for taken in [None, Some(ODD.to_owned())] {
            let (before, now) = (seen(0.0), seen(if taken.is_none() { 15.0 } else { 0.0 }));
            let baseline = BaselineTold { taken, seconds: 15.0 };
            let findings = judge(&before, &now, &[], &Limits::default());
            let verdict = Verdict {
                state: State::Bad,
                seconds: 15.0,
                looks: 3,
                interrupted: false,
                baseline: baseline.clone(),
                findings,
                statements: changes(&before, &now),
                back: WayBack { what: ODD.to_owned(), commands: vec![ODD.to_owned()], ..WayBack::default() },
            };
            let name = || ODD.to_owned();
            let (database, host, server) = (name(), name(), name());
            let baseline = Some(baseline);
            let begun = Begun { database, host, server, watched: 15.0, every: 5.0, baseline };
            let page = watch_page(&Watched {
                begun: &begun,
                ended: "now",
                before: &before,
                now: &now,
                verdict: &verdict,
            });
            assert!(!page.contains("<script"), "{page}");
            let split = if verdict.baseline.taken.is_some() { ">deploy<" } else { ">baseline until here<" };
            assert!(page.contains(split), "{page}");
            // One wait that lasts is told once, as long as it was last.
            let waits = page.split("Waits for locks").nth(1).unwrap_or_default();
            let waits = waits.split("</table>").next().unwrap_or_default();
            assert_eq!(waits.matches("<tr><td>").count(), 1, "{waits}");
            for (open, close) in
                [("<figure", "</figure"), ("<table", "</table"), ("<svg", "</svg"), ("<tr", "</tr")]
            {
                assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
            }
        }
    }
}
