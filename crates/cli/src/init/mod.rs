//! `brolly init`: settings, a script and a CI job for the repository around, and what `lint` says there.
//!
//! Finds out first (`around`), plans every file (`package`, `job`), then writes. What is there already
//! stays as it is, so a second run changes nothing.

mod around;
mod job;
mod package;
mod verdict;

use crate::Outcome;
use crate::args::{InitArguments, Places};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::projects::{self, Found};
use crate::settings_file::{NAME, SettingsFiles};
use around::Around;
use drizzle::{Layout, Project, join};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

const SCHEMA: &str = "https://raw.githubusercontent.com/brolly/brolly/main/schema/brolly.schema.json";

/// A file that is to be as `text` says.
struct Plan {
    path: String,
    text: String,
    /// What changes in it, where it is not written as a whole.
    change: Option<String>,
}

/// What is planned, and what is left as it is.
#[derive(Default)]
struct Plans {
    write: Vec<Plan>,
    /// Lines about what is there already.
    there: Vec<String>,
    /// Lines about what is left to the user.
    next: Vec<String>,
}

impl Plans {
    /// A file as a whole, which stays as it is where it is there, unless it may be overwritten.
    fn file(&mut self, disk: &Disk, path: String, text: String, force: bool) {
        let there = disk.text(&path);
        match there {
            Some(there) if !force || there == text => self.there.push(path),
            _ => self.write.push(Plan { path, text, change: None }),
        }
    }
}

/// Looks around, writes, lints, and says what to do next.
pub fn init(
    disk: &Disk,
    wanted: &InitArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::look(disk, &Places::default())?;
    if found.targets.is_empty() && found.without_migrations.is_empty() {
        return Err(Error::NothingToSetUp { place: found.place, notes: found.notes });
    }
    let around = around::around(disk, &found, wanted);
    let mut said = String::from("found\n");
    let fresh = found.without_migrations.iter().map(|config| format!("{config}: no migrations yet"));
    let projects = found.targets.iter().map(|target| described(&target.project));
    list(&mut said, projects.chain(fresh).chain(around.lines()));

    let mut plans = Plans::default();
    settings(disk, &found, &around, wanted.force, &mut plans)?;
    package::script(disk, &around, &mut plans)?;
    job::job(disk, &around, wanted, &mut plans);
    if wanted.dry_run {
        section(&mut said, "would write", plans.write.iter().flat_map(shown));
        section(&mut said, "there already", plans.there);
        return Ok(Outcome { output: said, ..Outcome::default() });
    }
    for plan in &plans.write {
        disk.write(&plan.path, &plan.text)?;
    }
    section(&mut said, "wrote", plans.write.iter().map(named));
    section(&mut said, "there already", plans.there);
    let (judged, next) = verdict::verdict(disk, &found, &around, env);
    section(&mut said, "judged", judged);
    section(&mut said, "next", plans.next.into_iter().chain(next));
    Ok(Outcome { output: said, code: errors::CLEAN, ..Outcome::default() })
}

fn list(said: &mut String, lines: impl IntoIterator<Item = String>) {
    for line in lines {
        let _ = writeln!(said, "  {line}");
    }
}

/// A heading with lines below it, or nothing where there are no lines.
fn section(said: &mut String, heading: &str, lines: impl IntoIterator<Item = String>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_some() {
        let _ = writeln!(said, "{heading}");
        list(said, lines);
    }
}

fn named(plan: &Plan) -> String {
    match &plan.change {
        Some(change) => format!("{}: {change}", plan.path),
        None => plan.path.clone(),
    }
}

fn shown(plan: &Plan) -> Vec<String> {
    let text = plan.change.is_none().then_some(plan.text.as_str());
    let lines = text.into_iter().flat_map(str::lines).map(|line| format!("  {line}").trim_end().to_owned());
    std::iter::once(named(plan)).chain(lines).collect()
}

fn described(project: &Project) -> String {
    let count = match project.migrations.len() {
        1 => "1 migration".to_owned(),
        count => format!("{count} migrations"),
    };
    let layout = match project.layout {
        Layout::Journal => "a journal",
        Layout::Folders => "a folder each",
        Layout::Bare => "SQL files",
    };
    let config = project.config.as_ref().map_or(String::new(), |config| format!(" ({})", config.path));
    let newest = project.migrations.last().map_or(String::new(), |last| format!(", the newest {}", last.tag));
    format!("{}{config}: {count}, {layout}{newest}", project.dir)
}

/// `brolly.json` at the top, unless each project has one somewhere above it.
fn settings(
    disk: &Disk,
    found: &Found,
    around: &Around,
    force: bool,
    plans: &mut Plans,
) -> Result<(), Error> {
    let path = join(&around.top, NAME);
    if !force {
        let mut files = SettingsFiles::new(disk, None);
        let of = found.targets.iter().map(|target| files.of(&target.project));
        let paths = of.map(|settings| Ok(settings?.path.clone())).collect::<Result<BTreeSet<_>, Error>>()?;
        if !paths.is_empty() && !paths.contains("") {
            plans.there.extend(paths);
            return Ok(());
        }
    }
    let mut settings = Map::new();
    settings.insert("$schema".to_owned(), json!(SCHEMA));
    settings
        .insert("postgres".to_owned(), json!(around.postgres.as_ref().map_or(16, |(version, _)| *version)));
    settings.insert("failOn".to_owned(), json!("error"));
    settings.insert("rules".to_owned(), json!({}));
    settings.insert("busyTables".to_owned(), json!([]));
    settings.insert("tables".to_owned(), json!({}));
    let mut text = serde_json::to_string_pretty(&Value::Object(settings)).unwrap_or_default();
    text.push('\n');
    plans.file(disk, path, text, force);
    Ok(())
}
