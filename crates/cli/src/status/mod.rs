//! `brolly status`: what was begun and is not done yet, from the replayed history and the code.

mod catalogue;
mod columns;
mod human;
mod json;
mod twice;

use crate::Outcome;
use crate::args::{CodeFormat, StatusArguments};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Choice, Judge};
use crate::projects;
use crate::settings_file::SettingsFiles;
use crate::versions::{Version, Versions};
use catalog::{Catalog, ColumnId, IndexId, RelationId};
use code::Place;
use drizzle::Project;
use git::Commit;
use std::sync::Arc;

/// All that is half-way in one project.
pub struct Status {
    /// The migrations folder.
    pub project: String,
    /// The versions that count as deployed, for people; empty where there are none to be had.
    pub deployed: Vec<String>,
    /// What is half-way, by kind.
    pub items: Vec<Item>,
    /// Files of a step that is under way, which wait for a later deploy.
    pub waiting: Vec<String>,
    /// What could not be looked at.
    pub notes: Vec<String>,
}

/// One thing that is half-way.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// `schema.name` of the table.
    pub relation: String,
    /// The column, constraint, trigger or index.
    pub part: Option<String>,
    /// One clause that says what was seen.
    pub what: String,
    /// The object whose age counts.
    pub object: Object,
    /// The migration that made it.
    pub made: Option<Made>,
    /// The commit since which code does not declare it.
    pub taken_out: Option<Commit>,
    /// Lines of code that have to do with it, with the version.
    pub places: Vec<(String, Place)>,
}

/// The kinds of half-way things, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No deployed code and no code of now declares or names it.
    ReadyToDrop,
    /// The code of now does not declare it; deployed code does, or names it.
    Undeclared,
    /// One statement gives one value to two columns.
    WrittenTwice,
    /// A trigger copies one column to another.
    SyncTrigger,
    /// A constraint that rows may contradict still.
    NotValidated,
    /// A CHECK that proves NOT NULL, which is not set yet.
    NotNullHalfWay,
    /// A CHECK that says what NOT NULL says.
    LeftoverCheck,
    /// An index that no query uses, or that a rebuild left.
    LeftoverIndex,
}

/// What is looked for in the schemas of the past.
#[derive(Clone, Debug)]
pub enum Object {
    /// A relation.
    Relation(RelationId),
    /// A column.
    Column(RelationId, ColumnId),
    /// A constraint by its name.
    Constraint(RelationId, String),
    /// A trigger by its name.
    Trigger(RelationId, String),
    /// An index.
    Index(IndexId),
}

/// The migration that made something.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its tag.
    pub migration: String,
    /// The commit that added its file; `None` where it is not committed, or history does not go so far.
    pub commit: Option<Commit>,
}

/// Says what is half-way.
pub fn status(
    disk: &Disk,
    wanted: &StatusArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let choice = crate::args::Choice {
        deployed: wanted.deployed.clone(),
        allow_missing_base: true,
        ..crate::args::Choice::default()
    };
    let mut judge = Judge::new(disk, Choice::New, &choice, env);
    let mut files = SettingsFiles::new(disk, wanted.places.settings.as_deref());
    let mut all = Vec::new();
    for target in &found.targets {
        let settings = files.of(&target.project)?;
        let deployed = judge.serving(&target.project, &settings)?;
        all.push(of_project(judge.versions(), &target.project, &deployed));
    }
    let output = match wanted.format {
        CodeFormat::Human => human::text(&all, today()),
        CodeFormat::Json => json::document(&all, today()),
    };
    Ok(Outcome { output, notes: found.notes, ..Outcome::default() })
}

fn of_project(versions: &mut Versions<'_>, project: &Project, deployed: &[Arc<Version>]) -> Status {
    let mut status = Status {
        project: project.dir.clone(),
        deployed: deployed.iter().map(|version| version.label()).collect(),
        items: Vec::new(),
        waiting: project.waiting.iter().map(|file| file.path.clone()).collect(),
        notes: Vec::new(),
    };
    if let Some(first) = status.waiting.first() {
        status.notes.push(match status.waiting.len() {
            1 => format!("{first} waits for a later deploy: `brolly contract` says for what"),
            more => format!(
                "{more} files wait for a later deploy, {first} the first: `brolly contract` says for what"
            ),
        });
    }
    let end = facts::analyze(project, &[], &facts::Options::default()).end;
    let now = versions.now(project);
    status.items.extend(catalogue::items(&end));
    columns::add(versions, project, &end, &now, deployed, &mut status);
    let since = made(project, &status.items);
    for (item, made) in status.items.iter_mut().zip(since) {
        item.made = made.map(|index| {
            let migration = &project.migrations[index];
            let path = versions.inside(&now, &migration.sql_path);
            let commit = path.and_then(|path| git::added(&now.root, &path).ok().flatten());
            Made { migration: migration.tag.clone(), commit }
        });
    }
    twice::add(versions, project, &now, &end, &mut status);
    status.items.sort_by(|a, b| (a.kind, &a.relation, &a.part).cmp(&(b.kind, &b.relation, &b.part)));
    status
}

/// For each item the migration since which it is there.
pub fn made(project: &Project, items: &[Item]) -> Vec<Option<usize>> {
    let mut since: Vec<Option<usize>> = vec![None; items.len()];
    if items.is_empty() {
        return since;
    }
    let each = |index| facts::PendingSet { migrations: vec![index], ..facts::PendingSet::default() };
    let sets: Vec<facts::PendingSet> = (0..project.migrations.len()).map(each).collect();
    facts::analyze_each(project, &sets, &facts::Options::default(), &mut |analysis| {
        for set in &analysis.sets {
            let index = set.migrations.first().copied();
            for (since, item) in since.iter_mut().zip(items) {
                *since = if item.object.is_in(&set.end) { since.or(index) } else { None };
            }
        }
    });
    since
}

impl Object {
    fn is_in(&self, catalog: &Catalog) -> bool {
        match self {
            Object::Relation(id) => catalog.relation(*id).is_some(),
            Object::Column(id, column) => {
                catalog.relation(*id).is_some_and(|known| known.column_by_id(*column).is_some())
            }
            Object::Constraint(id, name) => {
                catalog.relation(*id).is_some_and(|known| known.constraint(name).is_some())
            }
            Object::Trigger(id, name) => catalog
                .relation(*id)
                .is_some_and(|known| known.triggers.iter().any(|trigger| trigger.name == *name)),
            Object::Index(id) => catalog.index(*id).is_some(),
        }
    }
}

impl Item {
    /// An item of which no more is known yet.
    pub fn new(
        kind: Kind,
        relation: &catalog::QName,
        part: Option<&str>,
        what: String,
        object: Object,
    ) -> Item {
        Item {
            kind,
            relation: relation.to_string(),
            part: part.map(str::to_owned),
            what,
            object,
            made: None,
            taken_out: None,
            places: Vec::new(),
        }
    }

    /// What people call it: `users.full_name`.
    pub fn subject(&self) -> String {
        let relation = source::shown(&self.relation);
        match &self.part {
            Some(part) => format!("{relation}.{part}"),
            None => relation.to_owned(),
        }
    }
}

impl Kind {
    /// The word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Kind::ReadyToDrop => "ready-to-drop",
            Kind::Undeclared => "undeclared",
            Kind::WrittenTwice => "written-twice",
            Kind::SyncTrigger => "sync-trigger",
            Kind::NotValidated => "not-validated",
            Kind::NotNullHalfWay => "not-null-half-way",
            Kind::LeftoverCheck => "leftover-check",
            Kind::LeftoverIndex => "leftover-index",
        }
    }

    /// What is left to do.
    pub fn left_to_do(self) -> &'static str {
        match self {
            Kind::ReadyToDrop => "ready to drop: no deployed code declares or names it",
            Kind::Undeclared => {
                "on the way out: the code as it is now does not declare it, deployed code needs it"
            }
            Kind::WrittenTwice => {
                "written twice: once nothing reads the old column, stop writing it, and drop it"
            }
            Kind::SyncTrigger => {
                "kept equal by a trigger: once nothing writes the old column, drop the trigger"
            }
            Kind::NotValidated => "not validated: run VALIDATE CONSTRAINT, which lets writes go on",
            Kind::NotNullHalfWay => "proven not null, and not set: SET NOT NULL needs no scan now",
            Kind::LeftoverCheck => "left over from a SET NOT NULL: drop the CHECK",
            Kind::LeftoverIndex => "left over: no query uses this index; drop it, or build it anew",
        }
    }
}

/// Days since 1970.
#[expect(clippy::disallowed_methods, reason = "ages count from now")]
fn today() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs() / 86_400).unwrap_or_default()
}

/// How many days lie between a commit and a day.
pub fn days(commit: &Commit, today: i64) -> Option<i64> {
    let mut parts = commit.date.get(..10)?.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    // Days from civil, with years that begin in March.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((today - days).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_days() {
        let age = |date: &str, today| {
            let text = |text: &str| text.to_owned();
            days(&Commit { id: text("a"), short: text("a"), date: text(date), subject: text("") }, today)
        };
        assert_eq!(age("1970-01-01T00:00:00Z", 5), Some(5));
        assert_eq!(age("2024-02-29T12:00:00+02:00", 19_783), Some(1));
        assert_eq!(age("2026-01-01", 0), Some(0));
        assert_eq!(age("never", 0), None);
    }
}
