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
    let mut names: Vec<String> =
        disk.list(&files.folder).unwrap_or_default().into_iter().map(|e| e.name).collect();
    names.sort();
    for file in names.iter().filter(|name| name.ends_with(".sql")) {
        let (path, name) = (join(&files.folder, file), bare(file));
        let text = match disk.read(&path) {
            Ok(bytes) => source::decode(&bytes).text,
            Err(error) => {
                files.broken.push(format!("{path} can't be read: {error}"));
                continue;
            }
        };
        match Job::read(name, &text) {
            Ok(job) => files.jobs.push(job),
            Err((line, why)) => files.broken.push(format!("{path}:{line}: {why}")),
        }
    }
    let known = |name: &&String| files.jobs.iter().any(|job| job.backfill.name == **name);
    match files.named.iter().find(|name| !known(name)) {
        Some(name) => Err(Error::NoSuchBackfill { name: name.clone(), folder: files.folder }),
        None => Ok(files),
    }
}

/// The name of a file without folder and ending.
fn bare(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".sql").unwrap_or(name)
}
