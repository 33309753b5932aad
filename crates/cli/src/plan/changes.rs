//! The files of a path: edited migrations, new ones with journal and snapshot, what waits, and backfills.

use super::Planned;
use crate::disk::Disk;
use drizzle::{ComposeError, FileChange, NewMigration, WAITING, compose, join};

/// The folder of backfills.
pub const BACKFILLS: &str = "backfills";

/// The files of a path.
#[derive(Default)]
pub struct Files {
    /// What changes.
    pub changes: Vec<FileChange>,
    /// The tags of the new migrations.
    pub own: Vec<String>,
    /// What is missing and why, a line each.
    pub notes: Vec<String>,
}

/// The files of a path.
pub fn files(disk: &Disk, planned: &Planned) -> Result<Files, ComposeError> {
    let (project, texts) = (&planned.project, &planned.plan.texts);
    let mut changes = Vec::new();
    if planned.plan.path.is_none() {
        return Ok(Files::default());
    }
    for migration in &project.migrations {
        let Some(text) = texts.migrations.get(&migration.tag) else { continue };
        if *text != migration.file.text {
            changes.push(FileChange { path: migration.sql_path.clone(), text: Some(text.clone()) });
        }
    }
    let own: Vec<NewMigration> = texts
        .own
        .iter()
        .map(|own| NewMigration {
            name: format!("{}_after_commit", bare_name(&own.of)),
            sql: format!("-- brolly: from {}, outside of the migrator's transaction\n{}", own.of, own.text),
        })
        .collect();
    let composed = compose(disk, project, &own, 0)?;
    changes.extend(composed.changes);
    for waiting in &texts.waiting {
        let path = join(&project.dir, &format!("{WAITING}/{}.sql", waiting.name));
        changes.push(FileChange { path, text: Some(waiting.text()) });
    }
    for backfill in &texts.backfills {
        let path = join(&project.dir, &format!("{BACKFILLS}/{}.sql", backfill.name));
        changes.push(FileChange { path, text: Some(plan::backfill_file(backfill)) });
    }
    Ok(Files { changes, own: composed.tags, notes: composed.notes })
}

/// A tag without the number or time before its name.
pub fn bare_name(tag: &str) -> &str {
    match tag.split_once('_') {
        Some((digits, name)) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => tag,
    }
}
