//! Where a run goes: the one database that is named, or each that the file of `--targets` names.
//!
//! What is done there, and in which order, is not decided here.

mod all;

pub use all::All;

use crate::args::{Database, Replicas, Targets};
use crate::database::{Variables, database, replicas};
use crate::disk::Disk;
use crate::errors::Error;
use catalog::written::quoted;
use drizzle::{Files as _, Ledger, Project};
use pg::Target;
use settings::{BrokenTargets, TargetEntry, read_targets};
use std::io::Read as _;

/// One database, or one schema of a tenant in it.
pub struct Place {
    /// What it is called; the one database that was named needs no name.
    pub name: Option<String>,
    /// Where it is, with the settings of its sessions.
    pub server: Target,
    /// The schema of the tenant.
    pub schema: Option<String>,
    /// Its replicas, and those that are named for all.
    pub replicas: Vec<Target>,
    /// Whether it goes before the others.
    pub canary: bool,
}

impl Place {
    /// The project with the ledger of this place.
    pub fn project(&self, project: &Project) -> Project {
        let mut project = project.clone();
        if let Some(schema) = &self.schema {
            project.ledger = Ledger { schema: schema.clone(), ..project.ledger };
        }
        project
    }

    /// What it is called, or which database it is.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.server.to_string())
    }
}

/// Where a run goes, at least one place.
///
/// Errors: those of [`database`], and [`Error::BrokenTargets`].
pub fn places(
    disk: &Disk,
    project: &Project,
    wanted: &Database,
    many: &Targets,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Place>, Error> {
    let Some(path) = &many.file else {
        let server = database(disk, project, wanted, env)?;
        return Ok(vec![Place { name: None, server, schema: None, replicas: Vec::new(), canary: true }]);
    };
    let shown = if path == "-" { "standard input" } else { path.as_str() };
    let broken = |place: String, why: String| Error::BrokenTargets { path: shown.to_owned(), place, why };
    let text = text(disk, path).map_err(|why| broken(String::new(), format!("can't be read: {why}")))?;
    let targets = read_targets(&text).map_err(|BrokenTargets { line, column, why }| {
        let place = if column > 0 { format!(":{line}:{column}") } else { format!(":{line}") };
        broken(place, why)
    })?;
    let variables = Variables::of(disk, project, env);
    let mut base = None;
    let mut places = Vec::new();
    for entry in &targets.targets {
        let name = &entry.name;
        let about = |why: String| broken(String::new(), format!("{name}: {why}"));
        let server = match (&entry.url, &entry.service) {
            (Some(url), _) => of_url(url, &variables).map_err(about)?,
            (None, Some(service)) => of_service(service, env).map_err(about)?,
            (None, None) => match &base {
                Some(base) => Target::clone(base),
                None => base.insert(database(disk, project, wanted, env)?).clone(),
            },
        };
        let replicas = entry.replicas.iter().map(|url| of_url(url, &variables)).collect::<Result<_, _>>();
        places.push(Place {
            name: Some(name.clone()),
            server: with_settings(server, entry),
            schema: entry.schema.clone(),
            replicas: replicas.map_err(|why| about(format!("a replica: {why}")))?,
            canary: entry.canary,
        });
    }
    if !places.iter().any(|place| place.canary) {
        places[0].canary = true;
    }
    Ok(places)
}

/// Names these replicas for all of them, beside their own.
///
/// Errors: those of [`replicas`].
pub fn with_replicas(
    places: &mut [Place],
    disk: &Disk,
    project: &Project,
    wanted: &Replicas,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(), Error> {
    let variables = Variables::of(disk, project, env);
    let named = replicas(&wanted.replica, &wanted.replica_env, &|name| variables.get(name))?;
    places.iter_mut().for_each(|place| place.replicas.extend(named.iter().cloned()));
    Ok(())
}

fn with_settings(server: Target, entry: &TargetEntry) -> Target {
    let server = entry.database.as_ref().map_or(server.clone(), |name| server.with_database(name));
    let Some(schema) = &entry.schema else { return server };
    let path: Vec<String> =
        std::iter::once(schema).chain(&entry.search_path).map(|name| quoted(name)).collect();
    server.with_settings(&[("search_path", &path.join(","))])
}

fn text(disk: &Disk, path: &str) -> Result<String, String> {
    let bytes = match path {
        "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            bytes
        }
        path => disk.read(path).map_err(|error| error.to_string())?,
    };
    Ok(source::decode(&bytes).text)
}

/// A URL, or that of the variable that is named in its place.
fn of_url(url: &str, variables: &Variables<'_>) -> Result<Target, String> {
    let url = match url.strip_prefix("env:").or_else(|| url.strip_prefix('$')) {
        Some(name) => variables
            .get(name)
            .ok_or_else(|| format!("there is no environment variable {name}, or it is empty"))?,
        None => url.to_owned(),
    };
    pg::target_in(&url, &|name| variables.get(name)).map_err(|error| error.to_string())
}

fn of_service(service: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Target, String> {
    let named = |name: &str| if name == "PGSERVICE" { Some(service.to_owned()) } else { env(name) };
    match pg::target_of_libpq(&named) {
        Ok(Some(target)) => Ok(target),
        Ok(None) => Err(format!("service {service} names no server")),
        Err(error) => Err(error.to_string()),
    }
}
