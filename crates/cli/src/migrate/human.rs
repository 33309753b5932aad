//! What happens while migrations run, in words.

use report::{MigrateLine, Session, StatementPlace, TargetEnd, TargetState, preflight_lines};
use source::many;
use std::collections::BTreeSet;
use std::time::Duration;

/// What goes on now, for the line that moves.
pub(super) fn now(line: &MigrateLine) -> Option<String> {
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
pub(super) fn words(line: &MigrateLine) -> Vec<String> {
    match line {
        MigrateLine::Pending {
            project,
            database,
            host,
            server,
            pending,
            skipped,
            edited,
            unknown,
            begun,
        } => {
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
            lines.extend(begun.iter().map(|one| format!("  {}: {}", one.migration, one.words())));
            lines
        }
        MigrateLine::Allowed { what, reason } => {
            vec![format!("--allow overrides this ({reason}): {what}")]
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
        MigrateLine::Silent { replica, why, .. } => {
            vec![format!(
                "       no lock is asked for while replica {replica} does not say who reads there: {why}"
            )]
        }
        MigrateLine::Waits { sessions, .. } => listed("       waits for", sessions),
        MigrateLine::GaveUp { attempt, wait, pause, message, .. } => vec![format!(
            "       try {attempt} ended after {wait} ms ({message}); all of it is tried again in {pause} ms"
        )],
        MigrateLine::Index { name, what } => vec![format!("       index {name} {what}")],
        MigrateLine::Migrated { migration, time } => vec![format!("  {migration} is done ({})", took(*time))],
        MigrateLine::End { migrated, by_others, taken_back, backfills, failed } => {
            let mut lines = Vec::new();
            lines.extend(by_others.iter().map(|tag| format!("{tag} was applied by another run meanwhile")));
            lines.extend(taken_back.iter().map(|tag| format!("{tag} is taken back; it is pending again")));
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
                    for (word, text) in [("detail", &failed.detail), ("hint", &failed.hint)] {
                        let mut text = text.iter().flat_map(|text| text.lines());
                        lines.extend(text.next().map(|first| format!("  {word}: {first}")));
                        lines.extend(text.map(|more| format!("    {more}")));
                    }
                    lines.extend(rest.lines().map(str::to_owned));
                }
                None if !taken_back.is_empty() => {}
                None => lines.push(match migrated.len() {
                    0 => "nothing was run".to_owned(),
                    1 => "1 migration applied".to_owned(),
                    more => format!("{more} migrations applied"),
                }),
            }
            if !backfills.is_empty() {
                let names: Vec<&str> = backfills.iter().map(String::as_str).collect();
                lines.push(format!("next: brolly backfill, for {}", some(&names)));
            }
            lines
        }
        MigrateLine::Summary { done, pending, failed, not_started, targets } => {
            // Where it is said why there was nothing to do, those are a number of their own.
            let idle =
                targets.iter().filter(|one| one.state == TargetState::Nothing && one.why.is_some()).count();
            let counts = [
                (done - idle, "done"),
                (idle, "nothing to do"),
                (*pending, "pending"),
                (*failed, "failed"),
                (*not_started, "not started"),
            ];
            summary(targets, &counts)
        }
        MigrateLine::Statement { .. }
        | MigrateLine::Building { .. }
        | MigrateLine::WouldRun { .. }
        | MigrateLine::Begins { .. } => Vec::new(),
    }
}

/// The same of one target among many: what it is about goes first, and what is usual is left out.
pub(super) fn words_of(target: &str, line: &MigrateLine) -> Vec<String> {
    let mut lines = match line {
        // What is pending is said of all of them at once.
        MigrateLine::Pending { skipped, .. } => {
            let mut lines = words(line);
            lines.drain(..lines.len() - skipped.len() - others(line));
            lines
        }
        MigrateLine::Migration { .. } | MigrateLine::Statement { .. } | MigrateLine::Migrated { .. } => {
            Vec::new()
        }
        MigrateLine::End { migrated, by_others, taken_back, failed: None, .. }
            if migrated.is_empty() && by_others.is_empty() && taken_back.is_empty() =>
        {
            Vec::new()
        }
        _ => words(line),
    };
    if let MigrateLine::End { failed: Some(_), .. } = line
        && let Some(why) = lines.iter_mut().find(|line| line.starts_with("brolly: "))
    {
        *why = why.replacen("brolly: ", "FAILED: ", 1);
    }
    lines.into_iter().map(|line| format!("{target}: {}", line.trim_start())).collect()
}

fn others(pending: &MigrateLine) -> usize {
    match pending {
        MigrateLine::Pending { edited, unknown, begun, .. } => edited.len() + unknown.len() + begun.len(),
        _ => 0,
    }
}

/// How many ended how, and who did not end well.
fn summary(targets: &[TargetEnd], counts: &[(usize, &str)]) -> Vec<String> {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    let mut lines = vec![format!("{}: {}", many(targets.len(), "target"), counts.join(", "))];
    for (state, word) in [
        (TargetState::Done, "done"),
        (TargetState::Nothing, "nothing to do"),
        (TargetState::Pending, "pending"),
        (TargetState::NotStarted, "not started"),
    ] {
        let these = targets.iter().filter(|one| one.state == state);
        let reasons: BTreeSet<&Option<String>> = these.clone().map(|one| &one.why).collect();
        for why in reasons {
            let names: Vec<&str> =
                these.clone().filter(|one| one.why == *why).map(|one| one.target.as_str()).collect();
            let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            lines.push(format!("  {word:<13}  {}{why}", some(&names)));
        }
    }
    for one in targets.iter().filter(|one| one.state == TargetState::Failed) {
        lines.push(format!("  failed         {}: {}", one.target, one.why.as_deref().unwrap_or_default()));
    }
    lines
}

/// Names, as many as can be read.
pub fn some(names: &[&str]) -> String {
    const MOST: usize = 20;
    let more = names.len().saturating_sub(MOST);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn listed(head: &str, sessions: &[Session]) -> Vec<String> {
    let each = sessions.iter().map(said);
    vec![format!("{head}: {}", each.collect::<Vec<_>>().join("; "))]
}

fn said(session: &Session) -> String {
    let Session { pid, age, state, application, role, query, kind, replica } = session;
    let who = match pid {
        Some(pid) if kind == "client backend" => format!("process {pid} of {role}"),
        Some(pid) => format!("process {pid} ({kind})"),
        None => "a prepared transaction".to_owned(),
    };
    let name = if application.is_empty() { String::new() } else { format!(" ({application})") };
    let there = replica.as_ref().map(|replica| format!(" on replica {replica}")).unwrap_or_default();
    format!("{who}{name}{there}, {state}, its transaction {} old: {}", took(*age), first_line(query))
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
