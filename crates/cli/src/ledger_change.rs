//! `brolly ledger`: what Drizzle's ledger says of each migration, and changes to it, shown before they are made.

use crate::Outcome;
use crate::args::{LedgerAction, LedgerArguments, Places, RunFormat};
use crate::confirm::agreed;
use crate::database::database;
use crate::diff::{Part, with_database};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::ledger::standing_of;
use crate::migrate::{Seen, only, seen, some};
use crate::projects;
use crate::targets::places;
use drizzle::Project;
use report::{LedgerLine, LedgerState, ledger_json};
use runner::Begun;
use runner::amend::{Change, amend, forgetting, marking, repairing, skipped_by};
use runner::standing::{Standing, ledger_rows};
use source::many;
use std::fmt::Write as _;
use std::io::Write as _;

/// Shows the ledger of a database, or changes it.
pub fn ledger(
    disk: &Disk,
    wanted: &LedgerArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let places = Places {
        config: wanted.config.iter().cloned().collect(),
        out: wanted.out.iter().cloned().collect(),
        ..Places::default()
    };
    let found = projects::find(disk, &places)?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let project = only("ledger", found.targets)?.project;
    if wanted.many.is_many() {
        return lists(disk, wanted, &project, env, outcome);
    }
    let server = database(disk, &project, &wanted.database, env)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let look = async {
        let connection = pg::connect(&server.named("brolly ledger")).await?;
        let rows = ledger_rows(&connection, &project).await?;
        let begun = runner::begun(&connection, &project, &rows).await?;
        connection.close().await;
        Ok::<_, Error>((rows, begun))
    };
    let (rows, begun) = runtime.block_on(pg::unless_interrupted(look))??;
    let standing = standing_of(&project, &rows)?;
    let changes = match wanted.action {
        LedgerAction::List => {
            outcome.output = list(&project, &standing, &begun, wanted.format, None);
            return Ok(outcome);
        }
        LedgerAction::Mark => {
            let named = named(&project, wanted)?;
            let skipped = skipped_by(&project, &rows, &named);
            let skipped: Vec<&str> = skipped.iter().map(|at| project.migrations[*at].tag.as_str()).collect();
            if !skipped.is_empty() {
                say(&format!(
                    "pending now, and skipped by Drizzle from then on, since the ledger has a row of a later time: {}",
                    some(&skipped)
                ));
            }
            marking(&project, &rows, &begun, &named)
        }
        LedgerAction::Forget => forgetting(&project, &rows, &begun, &named(&project, wanted)?),
        LedgerAction::Adopt => {
            let comparison = with_database(&project, &server, &[], Part::Whole)?;
            if comparison.has_drift() && !wanted.force {
                let drift = report::Drift { project: project.dir.clone(), comparisons: vec![comparison] };
                outcome.output = report::drift_text(&[drift]);
                outcome.notes.push(
                    "nothing was changed: the database is not what the history makes\n  mend what differs, or adopt it all the same: --force"
                        .to_owned(),
                );
                outcome.code = errors::FINDINGS;
                return Ok(outcome);
            }
            marking(&project, &rows, &begun, &(0..project.migrations.len()).collect::<Vec<_>>())
        }
        LedgerAction::Repair => {
            let (changes, left) = repairing(&project, &rows);
            if !left.is_empty() {
                outcome.code = errors::FINDINGS;
            }
            outcome.notes.extend(left);
            changes
        }
    };
    if changes.is_empty() {
        outcome.notes.push("nothing to change".to_owned());
        return Ok(outcome);
    }
    show(&changes);
    if !wanted.yes {
        runtime.block_on(agreed("Change the ledger?"))?;
    }
    let mut quiet = |_: runner::Event<'_>| {};
    let work = amend(&server, &project, &rows, &changes, &mut quiet);
    runtime.block_on(pg::unless_interrupted(work))??;
    let count = changes.len();
    outcome.output = format!("{count} {} to the ledger\n", if count == 1 { "change" } else { "changes" });
    Ok(outcome)
}

/// The migrations that are named, by tag or by path.
fn named(project: &Project, wanted: &LedgerArguments) -> Result<Vec<usize>, Error> {
    if wanted.migrations.is_empty() {
        return Err(Error::CannotMigrate { what: "name the migrations by their tags".to_owned() });
    }
    let find = |name: &String| {
        let bare = name.trim_end_matches("/migration.sql").trim_end_matches(".sql");
        let bare = bare.rsplit('/').next().unwrap_or(bare);
        let found = project.migrations.iter().position(|migration| migration.tag == bare);
        found.ok_or_else(|| Error::NoSuchMigration { name: name.clone() })
    };
    wanted.migrations.iter().map(find).collect()
}

/// On the error stream.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// On the error stream, as SQL that could be run by hand.
fn show(changes: &[Change]) {
    let mut errors = std::io::stderr().lock();
    for change in changes {
        let _ = writeln!(errors, "-- {}\n{};", change.what, change.sql);
    }
}

/// The ledgers of many, for people once for all that stand alike.
fn lists(
    disk: &Disk,
    wanted: &LedgerArguments,
    project: &Project,
    env: &dyn Fn(&str) -> Option<String>,
    mut outcome: Outcome,
) -> Result<Outcome, Error> {
    if wanted.action != LedgerAction::List {
        let what =
            "with --targets a ledger is listed: what changes one is looked at first, in each by itself";
        return Err(Error::CannotMigrate { what: what.to_owned() });
    }
    let places = places(disk, project, &wanted.database, &wanted.many, env)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let looks = seen(&places, project, &wanted.many, "brolly ledger");
    let looks = runtime.block_on(pg::unless_interrupted(looks))?;
    let mut alike: Vec<(String, Vec<String>)> = Vec::new();
    for (place, seen) in places.iter().zip(looks) {
        let own = place.project(project);
        let label = place.label();
        let stands = |seen: Seen| Ok((standing_of(&own, &seen.rows)?, seen.begun));
        let (standing, begun) = match seen.and_then(stands) {
            Ok(found) => found,
            Err(error) => {
                outcome.notes.push(format!("{label}: {error}"));
                outcome.code = errors::COULD_NOT;
                continue;
            }
        };
        let text = list(&own, &standing, &begun, wanted.format, Some(&label));
        match alike.iter_mut().find(|(other, _)| *other == text) {
            Some((_, labels)) => labels.push(label),
            None => alike.push((text, vec![label])),
        }
    }
    for (text, labels) in alike {
        if wanted.format == RunFormat::Human {
            let names: Vec<&str> = labels.iter().map(String::as_str).collect();
            let _ = writeln!(outcome.output, "in {}: {}", many(names.len(), "target"), some(&names));
        }
        outcome.output.push_str(&text);
    }
    Ok(outcome)
}

/// What the ledger says of each migration; as JSON with the target, where it is one of many.
fn list(
    project: &Project,
    standing: &Standing,
    begun: &[Begun],
    format: RunFormat,
    target: Option<&str>,
) -> String {
    let blank = |state: LedgerState| LedgerLine {
        target: target.map(str::to_owned),
        migration: None,
        row: None,
        state,
        done: None,
        taken_back: None,
    };
    let mut lines = Vec::new();
    for (at, migration) in project.migrations.iter().enumerate() {
        let state = match at {
            _ if standing.pending.contains(&at) => LedgerState::Pending,
            _ if standing.passed_over.contains(&at) => LedgerState::Skipped,
            _ if standing.edited.contains(&at) => LedgerState::Edited,
            _ => LedgerState::Applied,
        };
        let of = |back: bool| begun.iter().find(|one| one.back == back && one.tag == migration.tag);
        lines.push(LedgerLine {
            migration: Some(migration.tag.clone()),
            done: of(false).map(Begun::done),
            taken_back: of(true).map(Begun::done),
            ..blank(state)
        });
    }
    let orphan = |what: &String| LedgerLine { row: Some(what.clone()), ..blank(LedgerState::Orphan) };
    lines.extend(standing.unknown.iter().map(orphan));
    match format {
        RunFormat::Json => ledger_json(&lines),
        RunFormat::Human => lines.iter().map(|line| in_words(line, begun)).collect(),
    }
}

fn in_words(line: &LedgerLine, begun: &[Begun]) -> String {
    let what = line.migration.as_ref().or(line.row.as_ref()).map_or("", String::as_str);
    let half = begun.iter().find(|one| Some(&one.tag) == line.migration.as_ref()).map(|one| match one.back {
        true => format!("; its way back is half run: {}", one.far()),
        false => format!("; half run: {}", one.far()),
    });
    format!("{:<8} {what}{}\n", line.state.word(), half.unwrap_or_default())
}
