//! The waiting files of a project, in the order in which they go.

use crate::disk::Disk;
use crate::plan::CONTRACT;
use drizzle::{Files, Project, join};
use plan::Waiting;

/// One waiting file.
pub struct Waits {
    /// What it says.
    pub waiting: Waiting,
    /// Its path.
    pub path: String,
}

/// All of a project, and what is wrong with files that can't be read, a line each.
pub fn all(disk: &Disk, project: &Project) -> (Vec<Waits>, Vec<String>) {
    let dir = join(&project.dir, CONTRACT);
    let entries = disk.list(&dir).unwrap_or_default();
    let files = entries.into_iter().filter(|entry| !entry.is_dir);
    let mut names: Vec<String> =
        files.filter_map(|entry| entry.name.strip_suffix(".sql").map(str::to_owned)).collect();
    names.sort_by_key(|name| order(project, name));
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for name in names {
        let path = join(&dir, &format!("{name}.sql"));
        let Ok(bytes) = disk.read(&path) else {
            broken.push(format!("{path}: it can't be read"));
            continue;
        };
        match Waiting::read(&name, &source::decode(&bytes).text) {
            Ok(waiting) => found.push(Waits { waiting, path }),
            Err((line, why)) => broken.push(format!("{path}:{line}: {why}")),
        }
    }
    (found, broken)
}

/// By the migration that a file comes from, then by its number.
fn order(project: &Project, name: &str) -> (usize, u32, String) {
    let of = project
        .migrations
        .iter()
        .rposition(|m| name.strip_prefix(&*m.tag).is_some_and(|r| r.starts_with('.')));
    let rest = of.map_or(name, |at| &name[project.migrations[at].tag.len() + 1..]);
    let number = rest.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(u32::MAX);
    (of.unwrap_or(usize::MAX), number, name.to_owned())
}
