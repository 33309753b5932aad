//! New migrations for a folder, as texts: the SQL file, its place in the journal, and its snapshot, just as
//! `drizzle-kit generate --custom` would write them.
//!
//! Texts that are there are changed where they have to be and stay as they are elsewhere. Ids are made of what
//! they stand for, so that the same request gives the same files.

use crate::files::{Files, join};
use crate::journal::snapshot_name;
use crate::project::{Layout, Project};
use crate::time::{folder_millis, folder_time};
use crate::value::{Kind, Value, parse_json};
use crate::{FileError, Prefix};

/// What becomes of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path, as the project's own paths.
    pub path: String,
    /// Its new text; `None` where it goes.
    pub text: Option<String>,
}

/// A migration to be put behind all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMigration {
    /// Its name, without the number or time before it.
    pub name: String,
    /// Its SQL.
    pub sql: String,
}

/// The files of new migrations, and their tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// The changes, the journal's once.
    pub changes: Vec<FileChange>,
    /// The tags, in the order of the request.
    pub tags: Vec<String>,
    /// What is missing from the files and why, a line each.
    pub notes: Vec<String>,
}

/// Why migrations can't be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// There is neither a journal nor a folder a migration.
    #[error("`{dir}` has no journal and no migration folders, so nothing says in which order its files run")]
    Bare {
        /// The folder.
        dir: String,
    },
    /// The journal is not what drizzle-kit writes.
    #[error("`{path}` can't be extended: {why}")]
    Journal {
        /// Its path.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// drizzle-kit never finds snapshots of names without a number again.
    #[error("the prefix `none` gives every migration one snapshot file, which drizzle-kit never reads")]
    NoPrefix,
}

/// The files that put these migrations behind all others. `now` is the time in milliseconds since 1970; each gets
/// a later one than all before it.
pub fn compose(
    files: &dyn Files,
    project: &Project,
    new: &[NewMigration],
    now: i64,
) -> Result<Composed, ComposeError> {
    let mut composed = Composed::default();
    if new.is_empty() {
        return Ok(composed);
    }
    let newest = project.migrations.iter().filter_map(|migration| migration.when).max().unwrap_or(0);
    let mut previous = Previous::of(files, project, &mut composed.notes);
    match project.layout {
        Layout::Journal => journal(project, new, now.max(newest + 1), &mut previous, &mut composed)?,
        Layout::Folders => folders(project, new, now.max(newest + 1000), &mut previous, &mut composed),
        Layout::Bare => return Err(ComposeError::Bare { dir: project.dir.clone() }),
    }
    Ok(composed)
}

/// The snapshot that the next one follows.
struct Previous {
    text: Option<String>,
}

impl Previous {
    fn of(files: &dyn Files, project: &Project, notes: &mut Vec<String>) -> Previous {
        let newest = project.migrations.iter().rev().find_map(|migration| migration.snapshot.as_ref());
        let read = newest.map(|path| (path, files.read(path)));
        let text = match read {
            Some((_, Ok(bytes))) => Some(source::decode(&bytes).text),
            Some((path, Err(FileError::Other(why)))) => {
                notes.push(format!("`{path}` can't be read ({why}), so no snapshot follows it"));
                None
            }
            Some((path, Err(FileError::NotFound))) => {
                notes.push(format!("`{path}` is not there, so no snapshot follows it"));
                None
            }
            None => {
                notes.push("there is no snapshot, so none is written".to_owned());
                None
            }
        };
        Previous { text }
    }

    /// The snapshot of a migration that changes nothing that a snapshot knows; it is the one to follow then.
    fn next(&mut self, tag: &str, sql: &str) -> Option<String> {
        let text = self.text.take()?;
        let value = parse_json(&text).ok()?;
        let old = value.get("id")?.as_str()?.to_owned();
        let id = uuid(&[&old, tag, sql]);
        let next = match value.get("version").and_then(Value::as_str) {
            Some("9") => format!(
                "{{\n  \"type\": \"diff\",\n  \"version\": \"9\",\n  \"dialect\": \"postgres\",\n  \"id\": \"{id}\",\n  \"prevIds\": [\n    \"{old}\"\n  ],\n  \"footprints\": [],\n  \"deltas\": []\n}}"
            ),
            _ => {
                let mut edits = vec![(value.get("id")?.span, format!("\"{id}\""))];
                match (value.get("prevIds"), value.get("prevId")) {
                    (Some(ids), _) => edits.push((ids.span, format!("[\n    \"{old}\"\n  ]"))),
                    (None, Some(one)) => edits.push((one.span, format!("\"{old}\""))),
                    (None, None) => return None,
                }
                // What was renamed was renamed in the migration before.
                edits.extend(value.get("renames").map(|renames| (renames.span, "[]".to_owned())));
                edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
                let mut next = text;
                for (span, new) in edits {
                    next.replace_range(span.start as usize..span.end as usize, &new);
                }
                next
            }
        };
        self.text = Some(next.clone());
        Some(next)
    }
}

fn journal(
    project: &Project,
    new: &[NewMigration],
    mut when: i64,
    previous: &mut Previous,
    composed: &mut Composed,
) -> Result<(), ComposeError> {
    let Some(file) = &project.journal else { return Err(ComposeError::Bare { dir: project.dir.clone() }) };
    let broken = |why: &str| ComposeError::Journal { path: file.path.clone(), why: why.to_owned() };
    let value = parse_json(&file.text).map_err(|found| broken(&format!("expected {}", found.expected)))?;
    let entries = value.get("entries").ok_or_else(|| broken("it has no `entries`"))?;
    let Kind::Array(items) = &entries.kind else { return Err(broken("`entries` is no list")) };
    let last = items.last();
    let number = |value: Option<&Value>| match value.map(|value| &value.kind) {
        Some(Kind::Number(number)) => Some(*number as i64),
        _ => None,
    };
    let mut index = last.and_then(|last| number(last.get("idx"))).unwrap_or(items.len() as i64 - 1);
    let version = last.or(Some(&value)).and_then(|at| at.get("version")?.as_str()).unwrap_or("7").to_owned();
    let indent = last.map_or(4, |last| indent_of(&file.text, last.span.start as usize));
    let style = style(project)?;
    when = free_time(project, style, when);
    let mut added = String::new();
    for one in new {
        index += 1;
        let tag = format!("{}{}", prefix(style, index, when), one.name);
        let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + indent / 2));
        if !(items.is_empty() && added.is_empty()) {
            added.push(',');
        }
        added.push_str(&format!(
            "\n{outer}{{\n{inner}\"idx\": {index},\n{inner}\"version\": \"{version}\",\n{inner}\"when\": {when},\n{inner}\"tag\": \"{tag}\",\n{inner}\"breakpoints\": true\n{outer}}}"
        ));
        composed.changes.push(written(join(&project.dir, &format!("{tag}.sql")), &one.sql));
        if let Some(snapshot) = previous.next(&tag, &one.sql) {
            composed
                .changes
                .push(written(join(&project.dir, &format!("meta/{}", snapshot_name(&tag))), &snapshot));
        }
        composed.tags.push(tag);
        when += if style == Prefix::Index { 1 } else { 1000 };
    }
    let mut text = file.text.clone();
    let end = entries.span.end as usize - 1;
    let at = last.map_or(end, |last| last.span.end as usize);
    if items.is_empty() {
        added.push_str("\n  ");
    }
    text.insert_str(at, &added);
    composed.changes.push(written(file.path.clone(), &text));
    Ok(())
}

/// How the folder's tags begin: as its newest does, or else as the config says.
fn style(project: &Project) -> Result<Prefix, ComposeError> {
    let seen = project.migrations.last().map(|last| {
        let digits = last.tag.split('_').next().unwrap_or_default();
        match digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits.len()) {
            Some(14) => Prefix::Timestamp,
            Some(10) => Prefix::Unix,
            Some(0) => Prefix::None,
            _ => Prefix::Index,
        }
    });
    match seen.or(project.config.as_ref().map(|config| config.prefix)).unwrap_or_default() {
        Prefix::None => Err(ComposeError::NoPrefix),
        style => Ok(style),
    }
}

/// What stands before the name in a tag.
fn prefix(style: Prefix, index: i64, when: i64) -> String {
    match style {
        Prefix::Index | Prefix::None => format!("{index:04}_"),
        Prefix::Timestamp | Prefix::Supabase => format!("{}_", folder_time(when)),
        Prefix::Unix => format!("{}_", when / 1000),
    }
}

/// The earliest time that gives a tag of its own: two of one second would share a snapshot.
fn free_time(project: &Project, style: Prefix, when: i64) -> i64 {
    let time = |tag: &str| match style {
        Prefix::Timestamp | Prefix::Supabase => folder_millis(tag),
        Prefix::Unix => Some(tag.split('_').next()?.parse::<i64>().ok()? * 1000),
        Prefix::Index | Prefix::None => None,
    };
    let newest = project.migrations.iter().filter_map(|migration| time(&migration.tag)).max();
    newest.map_or(when, |newest| when.max(newest + 1000))
}

fn folders(
    project: &Project,
    new: &[NewMigration],
    mut when: i64,
    previous: &mut Previous,
    composed: &mut Composed,
) {
    for one in new {
        let tag = format!("{}_{}", folder_time(when), one.name);
        let dir = join(&project.dir, &tag);
        composed.changes.push(written(join(&dir, "migration.sql"), &one.sql));
        if let Some(snapshot) = previous.next(&tag, &one.sql) {
            composed.changes.push(written(join(&dir, "snapshot.json"), &snapshot));
        }
        composed.tags.push(tag);
        when += 1000;
    }
}

fn written(path: String, text: &str) -> FileChange {
    FileChange { path, text: Some(text.to_owned()) }
}

/// Spaces before the first word of the line that a byte stands in.
fn indent_of(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
    text[line..at].chars().take_while(|c| *c == ' ').count().max(2)
}

/// An id in the form of a random UUID, made of words (FNV-1a, 128 bits).
fn uuid(words: &[&str]) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in words.iter().flat_map(|word| word.bytes().chain([0])) {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let hash = (hash & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{hash:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryFiles, load};

    const JOURNAL: &str = "{\n  \"version\": \"7\",\n  \"dialect\": \"postgresql\",\n  \"entries\": [\n    {\n      \"idx\": 0,\n      \"version\": \"7\",\n      \"when\": 1700000000000,\n      \"tag\": \"0000_a\",\n      \"breakpoints\": true\n    }\n  ]\n}";

    fn new(name: &str) -> NewMigration {
        NewMigration { name: name.to_owned(), sql: "SELECT 1;\n".to_owned() }
    }

    #[test]
    fn a_journal_goes_on_as_it_was_written() {
        let snapshot = "{\n  \"id\": \"one\",\n  \"prevId\": \"00000000-0000-0000-0000-000000000000\",\n  \"version\": \"7\",\n  \"tables\": {}\n}";
        let files = MemoryFiles::new([
            ("d/meta/_journal.json", JOURNAL),
            ("d/meta/0000_snapshot.json", snapshot),
            ("d/0000_a.sql", "SELECT 0;"),
        ]);
        let (project, _) = load(&files, "d", None);
        let composed = compose(&files, &project, &[new("b"), new("c")], 0).expect("it can be extended");
        assert_eq!(composed.tags, ["0001_b", "0002_c"]);
        let paths: Vec<&str> = composed.changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "d/0001_b.sql",
                "d/meta/0001_snapshot.json",
                "d/0002_c.sql",
                "d/meta/0002_snapshot.json",
                "d/meta/_journal.json"
            ]
        );
        let mut written = files.clone();
        for change in &composed.changes {
            written.insert(&change.path, change.text.clone().expect("none goes"));
        }
        let (after, found) = load(&written, "d", None);
        assert!(found.is_empty(), "{found:?}");
        let when: Vec<i64> = after.migrations.iter().filter_map(|migration| migration.when).collect();
        assert_eq!(when, [1_700_000_000_000, 1_700_000_000_001, 1_700_000_000_002]);
        let found = crate::check_snapshots(&written, &after);
        assert!(found.is_empty(), "{found:?}");
        let text = composed.changes[4].text.as_deref().expect("the journal");
        assert!(text.starts_with(&JOURNAL[..JOURNAL.len() - 6]), "{text}");
    }

    #[test]
    fn folders_get_later_times() {
        let files = MemoryFiles::new([
            ("d/20261120230337_a/migration.sql", "SELECT 0;"),
            (
                "d/20261120230337_a/snapshot.json",
                r#"{"type":"base","version":"9","id":"one","prevIds":["none"],"ddl":[]}"#,
            ),
        ]);
        let (project, _) = load(&files, "d", None);
        let composed = compose(&files, &project, &[new("b"), new("c")], 0).expect("it can be extended");
        assert_eq!(composed.tags, ["20261120230338_b", "20261120230339_c"]);
        let snapshot = composed.changes[1].text.as_deref().expect("a snapshot");
        assert!(snapshot.contains("\"prevIds\": [\n    \"one\"\n  ]"), "{snapshot}");
        assert_eq!(composed, compose(&files, &project, &[new("b"), new("c")], 0).expect("again"));
    }
}
