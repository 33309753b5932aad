//! The waiting files of a project, in the order in which they go.

use drizzle::Project;
use plan::Waiting;

/// One waiting file.
pub struct Waits {
    /// What it says.
    pub waiting: Waiting,
    /// Its path.
    pub path: String,
}

/// All of a project, and what is wrong with files that can't be read, a line each.
pub fn all(project: &Project) -> (Vec<Waits>, Vec<String>) {
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for file in &project.waiting {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        match Waiting::read(name.strip_suffix(".sql").unwrap_or(name), &file.text) {
            Ok(waiting) => found.push(Waits { waiting, path: file.path.clone() }),
            Err((line, why)) => broken.push(format!("{}:{line}: {why}", file.path)),
        }
    }
    (found, broken)
}
