//! The findings of crate `drizzle` about files: which of them this run has to do with.
//!
//! What is wrong with an old migration is no news to a change that leaves it alone; what is wrong
//! with the folder as a whole always is.

use crate::disk::Disk;
use drizzle::{Layout, Project, check_snapshots};
use source::Diagnostic;
use std::collections::BTreeSet;

/// What a run is about.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Each migration, whatever its name.
    pub everything: bool,
    /// Tags of migrations that are judged or touched.
    pub tags: BTreeSet<String>,
}

impl About {
    /// Whether a diagnostic is about one of them. A finding that names several files counts for each.
    fn concerns(&self, diagnostic: &Diagnostic, project: &Project) -> bool {
        let Some(tag) = &diagnostic.migration else { return true };
        if self.everything || self.tags.contains(tag) {
            return true;
        }
        let paths = || diagnostic.secondary.iter().map(|label| label.file.path.as_str());
        let mine = |path: &str| {
            let owner =
                project.migrations.iter().find(|m| m.sql_path == path || m.snapshot.as_deref() == Some(path));
            owner.is_some_and(|owner| self.tags.contains(&owner.tag))
        };
        // The journal itself belongs to all of them.
        paths().any(mine)
    }

    /// Leaves what this run has to do with.
    pub fn keep(&self, diagnostics: Vec<Diagnostic>, project: &Project) -> Vec<Diagnostic> {
        let kept: Vec<Diagnostic> =
            diagnostics.into_iter().filter(|diagnostic| self.concerns(diagnostic, project)).collect();
        if project.layout != Layout::Folders {
            return kept;
        }
        // Each end of a branch has its finding, and together they are one fault: that of a branch that this
        // run is about is told, the heaviest and newest of several.
        let name = drizzle::rules::CONFLICTING_BRANCHES.name;
        let weight = |diagnostic: &Diagnostic| {
            (diagnostic.migration.as_ref().is_some_and(|tag| self.tags.contains(tag)), diagnostic.severity)
        };
        let branches = kept.iter().enumerate().filter(|(_, diagnostic)| diagnostic.rule == name);
        let told = branches.max_by_key(|(_, diagnostic)| weight(diagnostic)).map(|(place, _)| place);
        let kept = kept.into_iter().enumerate();
        kept.filter(|(place, one)| one.rule != name || Some(*place) == told).map(|(_, one)| one).collect()
    }
}

/// What is wrong with the snapshots that this run has to do with.
pub fn snapshots(disk: &Disk, project: &Project, about: &About) -> Vec<Diagnostic> {
    let first = project.migrations.iter().position(|m| about.everything || about.tags.contains(&m.tag));
    let Some(first) = first else { return Vec::new() };
    if project.layout == Layout::Journal && first > 1 {
        // In a chain, each follows the one before: the older ones need no look, unless something is
        // wrong, which is then said with all of them in view.
        let recent = Project { migrations: project.migrations[first - 1..].to_vec(), ..project.clone() };
        if about.keep(check_snapshots(disk, &recent), &recent).is_empty() {
            return Vec::new();
        }
    }
    about.keep(check_snapshots(disk, project), project)
}
