//! Reading the snapshots of a project, as few as the question needs.

use super::ddl::{self, Row};
use super::deltas::{self, Rows};
use super::json::{Head, head};
use super::{Snapshot, v5_v7};
use crate::files::Files;
use crate::journal_file::conflict_marker;
use crate::project::{Migration, Project};
use crate::rules::BROKEN_SNAPSHOT;
use crate::say::{Say, say, say_path};
use rayon::prelude::*;
use serde_json::Value;
use source::{Diagnostic, SourceFile, Span};
use std::collections::HashMap;
use std::sync::Arc;

/// The schema that each migration's snapshot declares. Index `i` belongs to
/// `project.migrations[i]`; `None` where there is no readable snapshot.
pub fn snapshots(files: &dyn Files, project: &Project) -> (Vec<Option<Arc<Snapshot>>>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut read: Vec<Option<Read>> = Vec::with_capacity(project.migrations.len());
    let results: Vec<Option<Result<Read, Box<Diagnostic>>>> =
        project.migrations.par_iter().map(|migration| read_one(files, migration)).collect();
    for result in results {
        match result {
            Some(Ok(one)) => read.push(Some(one)),
            Some(Err(diagnostic)) => {
                diagnostics.push(*diagnostic);
                read.push(None);
            }
            None => read.push(None),
        }
    }
    let mut history = History::new(project, &read);
    let wanted: Vec<usize> = (0..read.len()).collect();
    let states = history.states(&wanted);
    diagnostics.append(&mut history.diagnostics);
    let snapshots = read
        .par_iter()
        .zip(states)
        .map(|(read, state)| match read {
            Some(Read::Whole(snapshot)) => Some(snapshot.clone()),
            Some(Read::V9(file)) => state.map(|rows| Arc::new(ddl::snapshot(&file.head, &as_rows(&rows)))),
            None => None,
        })
        .collect();
    (snapshots, diagnostics)
}

/// The schema that the snapshot of migration `index` declares. Reads that one file, and the others
/// only where the format keeps changes instead of schemas.
pub fn snapshot(
    files: &dyn Files,
    project: &Project,
    index: usize,
) -> (Option<Arc<Snapshot>>, Vec<Diagnostic>) {
    let Some(migration) = project.migrations.get(index) else { return (None, Vec::new()) };
    match read_one(files, migration) {
        None => (None, Vec::new()),
        Some(Err(diagnostic)) => (None, vec![*diagnostic]),
        Some(Ok(Read::Whole(snapshot))) => (Some(snapshot), Vec::new()),
        Some(Ok(Read::V9(file))) if file.base.is_some() => {
            let rows: Vec<&Row> = file.base.iter().flatten().map(|row| &**row).collect();
            (Some(Arc::new(ddl::snapshot(&file.head, &rows))), Vec::new())
        }
        Some(Ok(Read::V9(_))) => {
            let results: Vec<Option<Result<Read, Box<Diagnostic>>>> =
                project.migrations.par_iter().map(|migration| read_one(files, migration)).collect();
            let mut diagnostics = Vec::new();
            let mut read = Vec::with_capacity(results.len());
            for result in results {
                let one = result.and_then(|result| result.map_err(|d| diagnostics.push(*d)).ok());
                read.push(one);
            }
            let mut history = History::new(project, &read);
            let state = history.states(&[index]).pop().flatten();
            // What is wrong in snapshots that this one does not follow is no news here.
            let ancestors = history.ancestors(index);
            let tags: Vec<&str> = ancestors.iter().map(|i| &*project.migrations[*i].tag).collect();
            if state.is_some() {
                diagnostics.retain(|d| d.migration.as_deref().is_some_and(|tag| tags.contains(&tag)));
            }
            diagnostics.append(&mut history.diagnostics);
            let snapshot = match (&read[index], state) {
                (Some(Read::V9(file)), Some(rows)) => {
                    Some(Arc::new(ddl::snapshot(&file.head, &as_rows(&rows))))
                }
                _ => None,
            };
            (snapshot, diagnostics)
        }
    }
}

fn as_rows(rows: &Rows) -> Vec<&Row> {
    rows.iter().map(|row| &**row).collect()
}

enum Read {
    Whole(Arc<Snapshot>),
    V9(V9),
}

/// A snapshot of version 9 as it stands in the file.
struct V9 {
    head: Head,
    base: Option<Rows>,
    deltas: Vec<Value>,
}

#[derive(serde::Deserialize)]
struct Body {
    ddl: Option<Vec<Row>>,
    deltas: Option<Vec<Value>>,
}

fn read_one(files: &dyn Files, migration: &Migration) -> Option<Result<Read, Box<Diagnostic>>> {
    let path = migration.snapshot.as_deref()?;
    let tag = migration.tag.as_str();
    let text = match crate::say::read_text(files, path) {
        Ok(decoded) => decoded.text,
        Err(error) => {
            let unreadable =
                say_path(&BROKEN_SNAPSHOT, path, format!("the snapshot of `{tag}` can't be read"));
            return Some(Err(Box::new(unknown_schema(unreadable.why(error.to_string()), tag))));
        }
    };
    Some(parse(&text).map_err(|problem| Box::new(problem.diagnostic(path, &text, tag))))
}

fn parse(text: &str) -> Result<Read, Problem> {
    let head = head(text).map_err(Problem::Json)?;
    match head.version() {
        5..=7 => {
            v5_v7::read(text, &head).map(|snapshot| Read::Whole(Arc::new(snapshot))).map_err(Problem::Json)
        }
        8 | 9 => {
            let body: Body = serde_json::from_str(text).map_err(Problem::Json)?;
            let base: Option<Rows> = body.ddl.map(|rows| rows.into_iter().map(Arc::new).collect());
            match base {
                Some(rows) if head.version() == 8 => {
                    Ok(Read::Whole(Arc::new(ddl::snapshot(&head, &as_rows(&rows)))))
                }
                None if body.deltas.is_none() => Err(Problem::Empty),
                base => Ok(Read::V9(V9 { head, base, deltas: body.deltas.unwrap_or_default() })),
            }
        }
        version => Err(Problem::Version(version)),
    }
}

/// Why the text of a snapshot gives no schema.
pub(crate) enum Problem {
    Json(serde_json::Error),
    Version(u32),
    Empty,
}

impl Problem {
    pub(crate) fn diagnostic(self, path: &str, text: &str, tag: &str) -> Diagnostic {
        let file = SourceFile::new(path, text);
        let (span, what, why) = match self {
            Problem::Json(error) => {
                let conflict = conflict_marker(text);
                let span = conflict.unwrap_or_else(|| error_span(text, &error));
                let what = match conflict {
                    Some(_) => format!("the snapshot of `{tag}` holds an unresolved merge conflict"),
                    None if error.is_data() => format!("the snapshot of `{tag}` is not shaped as expected"),
                    None => format!("the snapshot of `{tag}` is not valid JSON"),
                };
                (span, what, error.to_string())
            }
            Problem::Version(0) => (
                Span::default(),
                format!("the snapshot of `{tag}` does not say its version"),
                "versions 5 to 9 can be read".to_owned(),
            ),
            Problem::Version(version) => (
                Span::default(),
                format!("the snapshot of `{tag}` is of version {version}"),
                "versions 5 to 9 can be read".to_owned(),
            ),
            Problem::Empty => (
                Span::default(),
                format!("the snapshot of `{tag}` holds neither a schema nor changes"),
                "a snapshot of v1 has the list `ddl` or the list `deltas`".to_owned(),
            ),
        };
        unknown_schema(say(&BROKEN_SNAPSHOT, &file, span, what).why(why), tag)
    }
}

fn unknown_schema(diagnostic: Diagnostic, tag: &str) -> Diagnostic {
    diagnostic
        .why("the schema that it declares is unknown")
        .fix("Restore the file from version control; after a merge, remove the younger migration and generate it again.")
        .of(tag)
}

fn error_span(text: &str, error: &serde_json::Error) -> Span {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text.as_bytes()).nth(line - 2).map_or(text.len(), |at| at + 1),
    };
    // serde_json counts columns in bytes, from 1; at the end of the file it names the last byte.
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    Span::new(at, (at + 1).min(text.len()))
}

/// Replays the changes of version 9 along the graph of `prevIds`.
struct History<'a> {
    project: &'a Project,
    read: &'a [Option<Read>],
    by_id: HashMap<&'a str, usize>,
    done: HashMap<usize, Option<Rows>>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> History<'a> {
    fn new(project: &'a Project, read: &'a [Option<Read>]) -> History<'a> {
        let ids = read.iter().enumerate().filter_map(|(index, read)| match read {
            Some(Read::V9(file)) => file.head.id.as_deref().map(|id| (id, index)),
            _ => None,
        });
        History { project, read, by_id: ids.collect(), done: HashMap::new(), diagnostics: Vec::new() }
    }

    fn file(&self, index: usize) -> Option<&'a V9> {
        match self.read.get(index) {
            Some(Some(Read::V9(file))) => Some(file),
            _ => None,
        }
    }

    /// The snapshots that `index` follows, itself included, parents before children.
    fn ancestors(&self, index: usize) -> Vec<usize> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.read.len()];
        // Each node is on the stack once to be opened and once to be closed.
        let mut stack = vec![(index, false)];
        while let Some((node, opened)) = stack.pop() {
            if opened {
                order.push(node);
            } else if !std::mem::replace(&mut seen[node], true) {
                stack.push((node, true));
                let ids = self.file(node).map(|file| file.head.prev_ids()).unwrap_or_default();
                let mut parents: Vec<usize> =
                    ids.iter().filter_map(|id| self.by_id.get(id.as_str()).copied()).collect();
                parents.sort_unstable_by(|a, b| b.cmp(a));
                stack.extend(parents.into_iter().map(|parent| (parent, false)));
            }
        }
        order
    }

    /// The rows at each of the wanted points. Those that only follow each other are built on one
    /// another; a merge replays the branches.
    fn states(&mut self, wanted: &[usize]) -> Vec<Option<Rows>> {
        wanted
            .iter()
            .map(|index| {
                for node in self.ancestors(*index) {
                    if !self.done.contains_key(&node) {
                        let state = self.state(node);
                        self.done.insert(node, state);
                    }
                }
                self.done.get(index).cloned().flatten()
            })
            .collect()
    }

    /// The rows at `node`; those of its parents are there already.
    fn state(&mut self, node: usize) -> Option<Rows> {
        let file = self.file(node)?;
        if let Some(base) = &file.base {
            return Some(base.clone());
        }
        let ids = file.head.prev_ids();
        let mut parents = Vec::new();
        for id in &ids {
            match self.by_id.get(id.as_str()) {
                Some(parent) => parents.push(*parent),
                None => {
                    self.diagnostics.push(self.lost(node, id));
                    return None;
                }
            }
        }
        let (first, others) = parents.split_first()?;
        let mut rows = self.done.get(first).cloned().flatten()?;
        let mut applied = self.ancestors(*first);
        for other in others {
            for step in self.ancestors(*other) {
                if !applied.contains(&step) {
                    applied.push(step);
                    if let Some(file) = self.file(step) {
                        deltas::apply(&mut rows, &file.deltas);
                    }
                }
            }
        }
        for problem in deltas::apply(&mut rows, &file.deltas) {
            let diagnostic =
                self.say(node, format!("a change in the snapshot of `{}` can't be applied", self.tag(node)));
            self.diagnostics.push(unknown_part(diagnostic.why(problem), self.tag(node)));
        }
        Some(rows)
    }

    fn tag(&self, node: usize) -> &'a str {
        &self.project.migrations[node].tag
    }

    fn say(&self, node: usize, what: String) -> Diagnostic {
        let migration = &self.project.migrations[node];
        say_path(&BROKEN_SNAPSHOT, migration.snapshot.as_deref().unwrap_or(&migration.sql_path), what)
    }

    fn lost(&self, node: usize, id: &str) -> Diagnostic {
        let tag = self.tag(node);
        let diagnostic = self
            .say(node, format!("the snapshot of `{tag}` follows one that is not in the folder"))
            .why(format!("it holds only changes to the schema of snapshot {id}"));
        unknown_schema(diagnostic, tag)
    }
}

fn unknown_part(diagnostic: Diagnostic, tag: &str) -> Diagnostic {
    diagnostic
        .why("the schema after this migration is known only without that change")
        .fix("Restore the file from version control; after a merge, remove the younger migration and generate it again.")
        .of(tag)
}
