//! Which database a command is about: the flags say it, or drizzle.config, or the environment, or `.env`, or else what
//! libpq goes by.

use crate::args::Database;
use crate::disk::Disk;
use crate::errors::Error;
use drizzle::{Credentials, Project, credentials, env_files, join};
use pg::Target;

/// The database of a project.
///
/// Errors: [`Error::NoDatabase`] where nothing names one, [`Error::NoSuchVariable`] and its kin for the config, and those
/// of a URL that can't be used.
pub fn database(
    disk: &Disk,
    project: &Project,
    wanted: &Database,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Target, Error> {
    let variables = Variables::of(disk, project, env);
    let get = |name: &str| variables.get(name);
    let Some(config) = project.config.as_ref().filter(|_| !is_said(wanted)) else {
        return named(wanted, &variables);
    };
    match credentials(disk, config, &get) {
        Credentials::Url(url) => Ok(pg::target_in(&url, &get)?),
        Credentials::Parts(parts) => Ok(pg::target_in(&pg::url_of(&parts), &get)?),
        Credentials::Missing => named(wanted, &variables),
        Credentials::Unset(name) => Err(Error::NoVariableOfConfig { config: config.path.clone(), name }),
        Credentials::Unreadable(why) => match named(wanted, &variables) {
            Err(Error::NoDatabase) => Err(Error::UnreadableDatabase { config: config.path.clone(), why }),
            other => other,
        },
    }
}

/// Whether flags say it.
pub fn is_said(wanted: &Database) -> bool {
    wanted.database_url.is_some() || wanted.database_url_env.is_some()
}

/// The database that a folder names, whatever project is in it.
///
/// Errors: as those of [`database`].
pub fn database_near(
    disk: &Disk,
    folder: &str,
    wanted: &Database,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Target, Error> {
    named(wanted, &Variables::near(disk, folder, env))
}

/// Replicas that are named by URLs, and by variables that hold one.
///
/// Errors: [`Error::NoSuchVariable`], and those of a URL that can't be used.
pub fn replicas(
    urls: &[String],
    names: &[String],
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Target>, Error> {
    let of_variable = |name: &String| {
        get(name).filter(|url| !url.is_empty()).ok_or_else(|| Error::NoSuchVariable { name: name.clone() })
    };
    let held = names.iter().map(of_variable).collect::<Result<Vec<_>, _>>()?;
    urls.iter().chain(&held).map(|url| Ok(pg::target_in(url, get)?)).collect()
}

fn named(wanted: &Database, variables: &Variables<'_>) -> Result<Target, Error> {
    let in_env = |name: &str| variables.get(name);
    let url = match (&wanted.database_url, &wanted.database_url_env) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(name)) => Some(in_env(name).ok_or_else(|| Error::NoSuchVariable { name: name.clone() })?),
        (None, None) => in_env("DATABASE_URL"),
    };
    if let Some(url) = url {
        return Ok(pg::target_in(&url, &in_env)?);
    }
    match pg::target_of_libpq(&in_env)? {
        Some(target) => Ok(target),
        None => Err(Error::NoDatabase),
    }
}

/// The environment, and behind it the `.env` of a folder.
pub struct Variables<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    dot_env: Vec<(String, String)>,
}

impl<'a> Variables<'a> {
    /// Those of a project.
    pub fn of(disk: &Disk, project: &Project, env: &'a dyn Fn(&str) -> Option<String>) -> Variables<'a> {
        let Some(config) = &project.config else { return Variables::near(disk, "", env) };
        let named = env_files(disk, config);
        let usual = join(&config.base, ".env");
        let files = named.iter().chain([&usual]);
        Variables { env, dot_env: files.flat_map(|file| variables(disk, file)).collect() }
    }

    /// Those that hold in a folder.
    pub fn near(disk: &Disk, folder: &str, env: &'a dyn Fn(&str) -> Option<String>) -> Variables<'a> {
        Variables { env, dot_env: variables(disk, &join(folder, ".env")) }
    }

    /// What a variable holds, where that is something.
    pub fn get(&self, name: &str) -> Option<String> {
        let written = || self.dot_env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        (self.env)(name).or_else(written).filter(|value| !value.is_empty())
    }
}

/// The variables of a file such as `.env`, which drizzle-kit reads beside the config.
fn variables(disk: &Disk, file: &str) -> Vec<(String, String)> {
    let Some(text) = disk.text(file) else { return Vec::new() };
    // A line that is none is passed over, as Node's dotenv does.
    dotenvy::from_read_iter(text.as_bytes()).filter_map(Result::ok).collect()
}
