//! The backfill files of a project, by their names.

use crate::args::{BackfillArguments, Places};
use crate::disk::Disk;
use crate::errors::Error;
use crate::plan::BACKFILLS;
use crate::projects;
use drizzle::{Files as _, Project, join};
use runner::backfill::Job;

/// What was found.
pub(super) struct Files {
    /// The folder.
    pub folder: String,
    /// The project.
    pub project: Project,
    /// All backfills, by name.
    pub jobs: Vec<Job>,
    /// Those that were named.
    pub named: Vec<String>,
    /// Files that can't be read, and why.
    pub broken: Vec<String>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

impl Files {
    /// Whether a backfill was named, or none was.
    pub(super) fn is_named(&self, job: &Job) -> bool {
        self.named.is_empty() || self.named.contains(&job.backfill.name)
    }
}

/// The backfills of the one project that the arguments mean.
pub(super) fn found(disk: &Disk, wanted: &BackfillArguments) -> Result<Files, Error> {
    let places = Places { config: wanted.config.clone(), out: wanted.out.clone(), ..Places::default() };
    let found = projects::find(disk, &places)?;
    let target = projects::only("backfill --out", found.targets)?;
    let project = target.project;
    let folder = join(&project.dir, BACKFILLS);
    let mut files = Files {
        named: wanted.names.iter().map(|name| bare(name).to_owned()).collect(),
        jobs: Vec::new(),
        broken: Vec::new(),
        notes: found.notes,
        folder,
        project,
    };
    (files.jobs, files.broken) = backfills(disk, &files.project);
    let known = |name: &&String| files.jobs.iter().any(|job| job.backfill.name == **name);
    match files.named.iter().find(|name| !known(name)) {
        Some(name) => Err(Error::NoSuchBackfill { name: name.clone(), folder: files.folder }),
        None => Ok(files),
    }
}

/// The backfills of a project in the order in which they run, and what is wrong with files.
pub fn backfills(disk: &Disk, project: &Project) -> (Vec<Job>, Vec<String>) {
    let folder = join(&project.dir, BACKFILLS);
    let (mut jobs, mut broken) = (Vec::new(), Vec::new());
    let names: Vec<String> = disk.list(&folder).unwrap_or_default().into_iter().map(|e| e.name).collect();
    for file in names.iter().filter(|name| name.ends_with(".sql")) {
        let (path, name) = (join(&folder, file), bare(file));
        let text = match disk.read(&path) {
            Ok(bytes) => source::decode(&bytes).text,
            Err(error) => {
                broken.push(format!("{path} can't be read: {error}"));
                continue;
            }
        };
        match Job::read(name, &text) {
            Ok(job) => jobs.push(job),
            Err((line, why)) => broken.push(format!("{path}:{line}: {why}")),
        }
    }
    broken.extend(in_order(&mut jobs, project));
    (jobs, broken)
}

/// Whether a backfill is of the migration with this tag.
pub fn is_of(job: &Job, tag: &str) -> bool {
    job.backfill.name.strip_prefix(tag).is_some_and(|rest| rest.starts_with('.'))
}

/// Puts backfills into the order in which they run: that of their migrations, by name within one, and none before those
/// that its lines `after` name. What is wrong with that order, where it goes in a circle.
fn in_order(jobs: &mut Vec<Job>, project: &Project) -> Option<String> {
    let place = |job: &Job| {
        project.migrations.iter().position(|migration| is_of(job, &migration.tag)).unwrap_or(usize::MAX)
    };
    jobs.sort_by(|a, b| (place(a), &a.backfill.name).cmp(&(place(b), &b.backfill.name)));
    let mut waiting = std::mem::take(jobs);
    while !waiting.is_empty() {
        let is_there = |name: &String| waiting.iter().any(|job| job.backfill.name == *name);
        let free = waiting.iter().position(|job| !job.backfill.after.iter().any(is_there));
        let Some(free) = free else {
            let names: Vec<&str> = waiting.iter().map(|job| job.backfill.name.as_str()).collect();
            return Some(format!(
                "{} can't run: each of them, by its line `after`, waits for another one",
                names.join(", ")
            ));
        };
        jobs.push(waiting.remove(free));
    }
    None
}

/// The name of a file without folder and ending.
fn bare(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".sql").unwrap_or(name)
}
