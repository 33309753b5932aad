//! A plan as SQL files: the migration as it will be, the file that follows it, and the files that wait.
//!
//! Makes texts only. Where they lie, and what journal and snapshots have to say of them, is for the caller.

use crate::backfill::in_turn;
use crate::model::{Backfill, Gate, Part, Phase, Stage};
use crate::text;
use drizzle::BREAKPOINT;
use facts::{Analysis, Step};
use source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What a plan comes to, as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// New texts of migrations, by their tag.
    pub migrations: BTreeMap<String, String>,
    /// New migrations that run in the same deploy, after all others, outside of the transaction.
    pub own: Vec<OwnFile>,
    /// What waits for a later deploy, in order.
    pub waiting: Vec<Waiting>,
    /// Rows to be changed outside of migrations.
    pub backfills: Vec<Backfill>,
}

/// A migration that begins with COMMIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFile {
    /// The migration that it was taken from.
    pub of: String,
    /// Its text.
    pub text: String,
}

/// Statements of a later deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The name of its file without `.sql`.
    pub name: String,
    /// What it does, in one line.
    pub title: String,
    /// The migration that it was taken from.
    pub of: String,
    /// Which deploy.
    pub phase: Phase,
    /// What must hold before.
    pub gates: Vec<Gate>,
    /// The waiting file that has to go first, where there is one.
    pub after: Option<String>,
    /// What the migration that it becomes will hold.
    pub sql: String,
}

/// The first words of a waiting file.
pub const WAITING: &str = "-- brolly contract: ";
/// The first words of the line that says where it comes from.
pub const OF: &str = "-- of: ";
/// The first words of a line with a gate.
pub const NEEDS: &str = "-- needs: ";
/// The first words of the line that names the file that goes first.
pub const AFTER: &str = "-- after: ";

impl Waiting {
    /// The file.
    pub fn text(&self) -> String {
        let mut out = format!("{WAITING}{}\n{OF}{}\n", self.title, self.of);
        for gate in &self.gates {
            out.push_str(&format!("{NEEDS}{gate}\n"));
        }
        if let Some(after) = &self.after {
            out.push_str(&format!("{AFTER}{after}\n"));
        }
        out.push_str(&self.sql);
        out
    }

    /// The waiting file with this text; what is wrong with it in words, with the number of its line.
    pub fn read(name: &str, text: &str) -> Result<Waiting, (usize, String)> {
        let mut waiting = Waiting {
            name: name.to_owned(),
            title: String::new(),
            of: String::new(),
            phase: Phase::Contract(1),
            gates: Vec::new(),
            after: None,
            sql: String::new(),
        };
        let mut rest = text;
        let mut number = 0;
        while let Some((line, behind)) = rest.split_once('\n').or((!rest.is_empty()).then_some((rest, ""))) {
            number += 1;
            let line = line.trim_end();
            if let Some(title) = line.strip_prefix(WAITING) {
                title.clone_into(&mut waiting.title);
            } else if let Some(of) = line.strip_prefix(OF) {
                of.clone_into(&mut waiting.of);
            } else if let Some(gate) = line.strip_prefix(NEEDS) {
                let read = Gate::read(gate).ok_or((number, format!("`{gate}` is no gate")))?;
                waiting.gates.push(read);
            } else if let Some(after) = line.strip_prefix(AFTER) {
                waiting.after = Some(after.to_owned());
            } else {
                break;
            }
            rest = behind;
        }
        rest.clone_into(&mut waiting.sql);
        match (waiting.title.is_empty(), waiting.of.is_empty()) {
            (true, _) => Err((1, format!("it does not begin with `{}`", WAITING.trim_end()))),
            (_, true) => Err((2, format!("no line `{}` says which migration it comes from", OF.trim_end()))),
            _ => Ok(waiting),
        }
    }
}

/// What the head of a migration says that has to be so before it runs: lines `-- needs:` above its first statement.
pub fn needs(text: &str) -> Vec<Gate> {
    let lines = text.lines().map(str::trim);
    let head = lines.take_while(|line| line.is_empty() || line.starts_with("--"));
    head.filter_map(|line| Gate::read(line.strip_prefix(NEEDS)?)).collect()
}

/// The texts of a plan's parts.
pub fn texts(analysis: &Analysis, parts: &[Part]) -> Texts {
    let mut texts = Texts::default();
    let mut by_file: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for part in parts {
        let Some(first) = part.statements.first().and_then(|at| analysis.steps.get(*at)) else { continue };
        if !order.contains(&first.tag.as_str()) {
            order.push(&first.tag);
        }
        by_file.entry(&first.tag).or_default().push(part);
        texts.backfills.extend(part.backfill.clone());
    }
    in_turn(&mut texts.backfills);
    for tag in order {
        let steps: Vec<(usize, &Step)> =
            analysis.steps.iter().enumerate().filter(|(_, step)| step.tag == tag).collect();
        of_migration(tag, &steps, &by_file[tag], &mut texts);
    }
    texts
}

fn of_migration(tag: &str, steps: &[(usize, &Step)], parts: &[&Part], texts: &mut Texts) {
    let mut outside: Vec<String> = Vec::new();
    let mut needs: BTreeSet<&Gate> = BTreeSet::new();
    let (mut n, mut last) = (0, BTreeMap::new());
    for part in parts {
        let mut previous: Option<(String, Phase)> = None;
        for stage in &part.stages {
            match (stage.phase, stage.outside) {
                (Phase::Expand(0), true) => {
                    outside.extend(stage.sql.iter().cloned());
                    needs.extend(&stage.gates);
                }
                (Phase::Expand(0), false) => {}
                _ => {
                    n += 1;
                    let name = format!("{tag}.{n}_{}", slug(&part.title));
                    // What follows another statement to a deploy after the next waits for what goes there.
                    let follows = || last.get(&stage.phase).filter(|_| stage.phase > Phase::Contract(1));
                    let before = previous.take().or_else(|| follows().cloned());
                    let waiting = waits(part, stage, &name, before, tag);
                    last.insert(stage.phase, (name.clone(), stage.phase));
                    previous = Some((name, stage.phase));
                    texts.waiting.push(waiting);
                }
            }
        }
    }
    let Some((_, first)) = steps.first() else { return };
    let mut edited = without_claimed(&first.file.text, steps, parts);
    if !outside.is_empty() {
        // What runs outside can't be taken back by the transaction: what it needs of rows is asked for before.
        let needs: String = needs.iter().map(|gate| format!("{NEEDS}{gate}\n")).collect();
        let own = format!("{needs}{}", own_file(&outside));
        let alone = sql::parse(&edited, 0);
        if alone.statements.is_empty() && alone.errors.is_empty() && part_free(parts) {
            // Nothing else is left: it is the file of its own.
            let head = edited.trim_end();
            edited = if head.is_empty() { own } else { format!("{head}\n{own}") };
        } else {
            texts.own.push(OwnFile { of: tag.to_owned(), text: own });
        }
    }
    texts.migrations.insert(tag.to_owned(), edited);
}

/// Whether nothing that these parts do must come before what runs outside.
fn part_free(parts: &[&Part]) -> bool {
    parts.iter().all(|part| here(part).is_empty())
}

/// What stands in the place of a part's first statement.
pub(crate) fn here(part: &Part) -> Vec<String> {
    let now = part.stages.iter().filter(|stage| stage.phase == Phase::Expand(0) && !stage.outside);
    part.here.iter().cloned().chain(now.flat_map(|stage| stage.sql.iter().cloned())).collect()
}

fn waits(part: &Part, stage: &Stage, name: &str, after: Option<(String, Phase)>, tag: &str) -> Waiting {
    let sql = if stage.outside { own_file(&stage.sql) } else { joined(&stage.sql) };
    let mut gates = stage.gates.clone();
    // What belongs to a later deploy does not go along with what goes first.
    let earlier = after.as_ref().filter(|(_, phase)| *phase < stage.phase);
    gates.extend(earlier.map(|(first, _)| Gate::Deployed { migration: first.clone() }));
    Waiting {
        name: name.to_owned(),
        title: part.title.clone(),
        of: tag.to_owned(),
        phase: stage.phase,
        gates,
        after: after.map(|(name, _)| name),
        sql,
    }
}

/// Statements that each run by themselves, once the migrator's transaction is committed.
fn own_file(sql: &[String]) -> String {
    format!("COMMIT;\n{BREAKPOINT}\n{}", joined(sql))
}

fn joined(sql: &[String]) -> String {
    let mut out = sql.join(&format!(";\n{BREAKPOINT}\n"));
    out.push_str(";\n");
    out
}

/// The text of a migration in which parts have taken the place of their statements.
fn without_claimed(file: &str, steps: &[(usize, &Step)], parts: &[&Part]) -> String {
    let mut edits: Vec<(Span, String)> = Vec::new();
    let chunks = drizzle::split_chunks(file);
    let claimed: BTreeSet<usize> = parts.iter().flat_map(|part| part.statements.iter().copied()).collect();
    for part in parts {
        let comment = note(part);
        for (nth, at) in part.statements.iter().enumerate() {
            let Some((_, step)) = steps.iter().find(|(n, _)| n == at) else { continue };
            let end = statement_end(file, step.span.end as usize);
            let span = Span::new(step.span.start as usize, end);
            let now = if nth == 0 { here(part) } else { Vec::new() };
            let comment = if nth == 0 { comment.clone() } else { String::new() };
            if !now.is_empty() {
                let sql = now.join(&format!(";\n{BREAKPOINT}\n"));
                edits.push((span, format!("{comment}{sql};")));
                continue;
            }
            // A chunk of nothing but what leaves takes its marker along.
            let chunk = chunks.iter().position(|chunk| chunk.start <= span.start && span.end <= chunk.end);
            let others = chunk.map_or(1, |chunk| {
                let inside = |step: &Step| {
                    chunks[chunk].start <= step.span.start && step.span.end <= chunks[chunk].end
                };
                steps.iter().filter(|(n, step)| inside(step) && !claimed.contains(n)).count()
            });
            let marker = chunk.filter(|_| others == 0).and_then(|chunk| marker_after(file, &chunks, chunk));
            match marker {
                Some(marker) => {
                    edits.push((span, comment.trim_end().to_owned()));
                    edits.push((marker, String::new()));
                }
                None => edits.push((span, comment.trim_end().to_owned())),
            }
        }
    }
    without_trailing_marker(&text::with(file, edits))
}

/// The marker behind a chunk, with the end of its line.
fn marker_after(file: &str, chunks: &[Span], chunk: usize) -> Option<Span> {
    let next = chunks.get(chunk + 1)?;
    let start = chunks[chunk].end as usize;
    let mut end = next.start as usize;
    if file[end..].starts_with('\n') && file[..start].ends_with('\n') {
        end += 1;
    }
    Some(Span::new(start, end))
}

/// Comments alone behind the last marker would be sent as a statement of nothing: they join the one before.
fn without_trailing_marker(file: &str) -> String {
    let Some(at) = file.rfind(BREAKPOINT) else { return file.to_owned() };
    let rest = &file[at + BREAKPOINT.len()..];
    let parsed = sql::parse(rest, 0);
    if !parsed.statements.is_empty() || !parsed.errors.is_empty() {
        return file.to_owned();
    }
    let head = file[..at].trim_end();
    let rest = rest.trim();
    match rest.is_empty() {
        true => format!("{head}\n"),
        false => format!("{head}\n{rest}\n"),
    }
}

/// What a reader of the migration is told of a statement that has left it or looks other than generated.
fn note(part: &Part) -> String {
    let later = part.stages.iter().any(|stage| stage.phase != Phase::Expand(0));
    let outside = part.stages.iter().any(|stage| stage.phase == Phase::Expand(0) && stage.outside);
    let mut places = Vec::new();
    if let Some(backfill) = &part.backfill {
        places.push(format!("rows by backfills/{}.sql", backfill.name));
    }
    if outside {
        places.push("the rest outside of the transaction".to_owned());
    }
    if later {
        places.push("the rest waits in contract/".to_owned());
    }
    match places.is_empty() {
        true => String::new(),
        false => format!("-- brolly: {}: {}\n", part.title, places.join(", ")),
    }
}

/// The end of a statement, its semicolon included.
fn statement_end(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let space = rest.len() - rest.trim_start().len();
    if rest[space..].starts_with(';') { end + space + 1 } else { end }
}

/// A title as part of a file's name.
fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.to_lowercase().chars() {
        match c.is_ascii_alphanumeric() {
            true => out.push(c),
            false if !out.ends_with('_') && !out.is_empty() => out.push('_'),
            false => {}
        }
    }
    out.chars().take(48).collect::<String>().trim_end_matches('_').to_owned()
}
