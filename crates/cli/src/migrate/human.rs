//! How a run is told while it goes on: lines of JSON on standard output, or words on the error stream, with
//! the result on standard output.

use crate::args::RunFormat;
use indicatif::{ProgressBar, ProgressStyle};
use report::{MigrateLine, Session, StatementPlace, migrate_line, preflight_lines};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::time::{Duration, Instant};

/// Tells a run.
pub struct Told {
    /// The process of the server that runs the statements, once there is one.
    pub session: Cell<Option<i32>>,
    format: RunFormat,
    bar: ProgressBar,
    /// What was said last of waiting, and when: the same is not said again at once.
    last: RefCell<(String, Instant)>,
}

impl Told {
    /// Nothing is told yet.
    pub fn new(format: RunFormat) -> Told {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        if format == RunFormat::Human {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Told { session: Cell::new(None), format, bar, last: RefCell::new((String::new(), Instant::now())) }
    }

    /// Tells one thing.
    pub fn line(&self, line: &MigrateLine) {
        if self.format == RunFormat::Json {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{}", migrate_line(line)).and_then(|()| out.flush());
            return;
        }
        if let Some(now) = now(line) {
            self.bar.set_message(now);
        }
        for text in words(line) {
            if matches!(
                line,
                MigrateLine::Waits { .. } | MigrateLine::Held { .. } | MigrateLine::WaitsForRun { .. }
            ) && self.is_repeated(&text)
            {
                continue;
            }
            self.bar.suspend(|| {
                let _ = match line {
                    MigrateLine::End { failed: None, .. } => {
                        writeln!(std::io::stdout(), "{text}")
                    }
                    _ => writeln!(std::io::stderr(), "{text}"),
                };
            });
        }
        if matches!(line, MigrateLine::End { .. }) {
            self.bar.finish_and_clear();
        }
    }

    fn is_repeated(&self, text: &str) -> bool {
        let mut last = self.last.borrow_mut();
        // The age that is said in it grows.
        let same = text.split(", its transaction").next().unwrap_or(text);
        if last.0 == same && last.1.elapsed() < AGAIN {
            return true;
        }
        *last = (same.to_owned(), Instant::now());
        false
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const AGAIN: Duration = Duration::from_secs(10);

/// What goes on now, for the line that moves.
fn now(line: &MigrateLine) -> Option<String> {
    Some(match line {
        MigrateLine::Statement { place, sql, .. } => format!("{}: {}", at(place), first_line(sql)),
        MigrateLine::Building { place, phase, done, total } if *total > 0 => {
            format!("{}: {phase}, {} %", at(place), done * 100 / total)
        }
        MigrateLine::Building { place, phase, .. } => format!("{}: {phase}", at(place)),
        _ => return None,
    })
}

/// What stays on the screen.
fn words(line: &MigrateLine) -> Vec<String> {
    match line {
        MigrateLine::Pending { project, database, host, server, pending, skipped, edited, unknown } => {
            let place = format!("{database} on {host} (PostgreSQL {server})");
            let mut lines = vec![match pending.len() {
                0 => format!("{project}: nothing is pending in {place}"),
                1 => format!("{project}: 1 migration is pending in {place}: {}", pending[0]),
                more => format!("{project}: {more} migrations are pending in {place}"),
            }];
            if pending.len() > 1 {
                lines.extend(pending.iter().map(|tag| format!("  {tag}")));
            }
            lines.extend(skipped.iter().map(|tag| {
                format!("  {tag}: skipped by Drizzle, since the ledger has a row of a later time")
            }));
            lines.extend(edited.iter().map(|tag| format!("  {tag}: edited since it ran here")));
            lines.extend(
                unknown.iter().map(|what| format!("  the ledger holds {what}, which is not in the folder")),
            );
            lines
        }
        MigrateLine::Preflight { checks } => checks.iter().flat_map(preflight_lines).collect(),
        MigrateLine::WaitsForRun { sessions, .. } => {
            listed("waits for another run of brolly migrate", sessions)
        }
        MigrateLine::Orphans { sessions } => {
            listed("sessions of a run that died are still at work; they are ended, or waited for", sessions)
        }
        MigrateLine::Migration { migration, at, of } => vec![format!("{migration} ({at} of {of})")],
        MigrateLine::DoneBefore { statements } => statements
            .iter()
            .map(|place| format!("  statement {} was done by an earlier run", place.statement))
            .collect(),
        MigrateLine::Statement { place, sql, attempt: 1 } => {
            vec![format!("  {:>3}  {}", place.statement, first_line(sql))]
        }
        MigrateLine::Held { sessions, .. } => {
            listed("       no lock is asked for while older transactions hold the table", sessions)
        }
        MigrateLine::Waits { sessions, .. } => listed("       waits for", sessions),
        MigrateLine::GaveUp { attempt, wait, pause, message, .. } => vec![format!(
            "       try {attempt} ended after {wait} ms ({message}); all of it is tried again in {pause} ms"
        )],
        MigrateLine::Index { name, what } => vec![format!("       index {name} {what}")],
        MigrateLine::Migrated { migration, time } => vec![format!("  {migration} is done ({})", took(*time))],
        MigrateLine::End { migrated, by_others, failed } => {
            let mut lines = Vec::new();
            lines.extend(by_others.iter().map(|tag| format!("{tag} was applied by another run meanwhile")));
            match failed {
                Some(failed) => {
                    let place = failed.place.as_ref().map(|place| {
                        format!(
                            "{}:{}, statement {} of {}: ",
                            place.file, place.line, place.statement, place.migration
                        )
                    });
                    let code = failed.sqlstate.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                    let (first, rest) = failed.message.split_once('\n').unwrap_or((&failed.message, ""));
                    lines.push(format!("brolly: {}{first}{code}", place.unwrap_or_default()));
                    lines.extend(rest.lines().map(str::to_owned));
                }
                None => lines.push(match migrated.len() {
                    0 => "nothing was run".to_owned(),
                    1 => "1 migration applied".to_owned(),
                    more => format!("{more} migrations applied"),
                }),
            }
            lines
        }
        MigrateLine::Statement { .. } | MigrateLine::Building { .. } | MigrateLine::WouldRun { .. } => {
            Vec::new()
        }
    }
}

fn listed(head: &str, sessions: &[Session]) -> Vec<String> {
    let each = sessions.iter().map(said);
    vec![format!("{head}: {}", each.collect::<Vec<_>>().join("; "))]
}

fn said(session: &Session) -> String {
    let Session { pid, age, state, application, role, query, kind } = session;
    let who = match pid {
        Some(pid) if kind == "client backend" => format!("process {pid} of {role}"),
        Some(pid) => format!("process {pid} ({kind})"),
        None => "a prepared transaction".to_owned(),
    };
    let name = if application.is_empty() { String::new() } else { format!(" ({application})") };
    format!("{who}{name}, {state}, its transaction {} old: {}", took(*age), first_line(query))
}

fn at(place: &StatementPlace) -> String {
    format!("{} {}", place.migration, place.statement)
}

fn first_line(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(100).collect();
    if short.len() < line.len() { format!("{short}..") } else { short }
}

fn took(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{:.1} s", Duration::from_millis(ms).as_secs_f64()),
        _ => format!("{} min", ms / 60_000),
    }
}
