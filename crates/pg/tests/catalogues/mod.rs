//! A history on a real server and replayed, and how differences are said in one line.

#![allow(dead_code, reason = "each test file uses its share of this")]

use catalog::{Catalog, Difference, What};
use drizzle::{MemoryFiles, Project};
use pg::Connection;
use std::path::Path;
use std::sync::Arc;

/// What the server and the replay made of a history.
pub struct Made {
    pub replayed: Catalog,
    pub observed: Catalog,
    /// The statements that the server refused, left out of the replay too.
    pub refused: Vec<String>,
}

/// A folder of this repository, in memory under the name `m`.
pub fn folder(path: &Path) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    add(path, path, &mut files);
    files
}

fn add(root: &Path, dir: &Path, files: &mut MemoryFiles) {
    for entry in std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())).flatten() {
        let path = entry.path();
        if path.is_dir() {
            add(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.insert(&format!("m/{name}"), std::fs::read(&path).expect("a readable file"));
        }
    }
}

/// The project in such a folder.
pub fn project(files: &MemoryFiles) -> Project {
    let (project, _) = drizzle::load(files, "m", None);
    assert!(!project.migrations.is_empty(), "a history");
    project
}

/// Runs a history statement by statement on an empty database, and replays what the server took.
pub async fn made(connection: &Connection, project: &Project) -> Made {
    let (mut taken, mut refused) = (project.clone(), Vec::new());
    for migration in &mut taken.migrations {
        let mut spans = Vec::new();
        for chunk in &migration.chunks {
            let text = &migration.file.text;
            for statement in sql::parse(chunk.of(text), chunk.start).statements {
                let sql = statement.span.of(text);
                match connection.batch(sql).await {
                    Ok(()) => spans.push(statement.span),
                    Err(error) => refused.push(format!("{}: {error}: {sql}", migration.tag)),
                }
            }
        }
        migration.chunks = spans;
    }
    let replayed = Arc::unwrap_or_clone(facts::analyze(&taken, &[], &facts::Options::default()).end);
    let observed = pg::introspect(connection).await.unwrap_or_else(|error| panic!("{error}"));
    Made { replayed, observed, refused }
}

impl Made {
    /// Replay and server agree, and so do their fingerprints; what the server refused is `refused`.
    #[track_caller]
    pub fn agrees(&self, name: &str) {
        let found = lines(&catalog::diff(&self.replayed, &self.observed));
        assert!(found.is_empty(), "{name}: {found:#?}");
        let print = |catalog| catalog::fingerprint(catalog, &catalog::Scope::default());
        assert_eq!(print(&self.replayed), print(&self.observed), "{name}");
    }

    /// The newest snapshot agrees with both on what it can express.
    #[track_caller]
    pub fn agrees_with_snapshot(&self, name: &str, files: &MemoryFiles, project: &Project) {
        let newest =
            (0..project.migrations.len()).rev().find(|at| project.migrations[*at].snapshot.is_some());
        let (snapshot, _) = drizzle::snapshot(files, project, newest.expect("a snapshot"));
        let snapshot = snapshot.expect("a readable snapshot");
        let scope = facts::beyond_snapshot(&catalog::Scope::default());
        for (other, against) in [(&self.replayed, "replay"), (&self.observed, "server")] {
            let declared = facts::declared(&snapshot, other);
            assert!(declared.unread.is_empty(), "{name}: {:#?}", declared.unread);
            let found = lines(&catalog::diff_within(&declared.catalog, other, &scope));
            assert!(found.is_empty(), "{name}, snapshot and {against}: {found:#?}");
        }
    }
}

/// A line for each difference.
pub fn lines(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(line).collect()
}

fn line(difference: &Difference) -> String {
    let part = difference.part.as_ref().map(|part| format!(" {part}")).unwrap_or_default();
    let what = match &difference.what {
        What::OnlyLeft(_) => "only in the history".to_owned(),
        What::OnlyRight(_) => "only in the database".to_owned(),
        What::Facet { facet: facet @ ("body" | "reads"), .. } => format!("{facet}: differs"),
        What::Facet { facet, left, .. } if left.starts_with("EXISTS") => format!("{facet}: differs"),
        What::Facet { facet, left, right } => format!("{facet}: {left} | {right}"),
        What::Name { left, right } => format!("name: {left} | {right}"),
        What::Undecided { facet, .. } => format!("{facet}: can't tell"),
    };
    format!("{} {}{part}: {what}", difference.kind.word(), difference.object)
}
