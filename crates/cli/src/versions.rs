//! Versions of the app's code: the working tree and commits, where their schema begins, and what was
//! read of them.
//!
//! Commits are read from git's objects: no checkout, no network. What was read of one is kept
//! (`cache.rs`). Which versions are deployed is for `deployed.rs` to say.

use crate::cache::{self, Key};
use crate::disk::Disk;
use crate::errors::Error;
use crate::trees::{AtCommit, OnDisk, on_disk};
use code::{Code, Tree, TreeFiles};
use drizzle::{Config, Dialect, Project, QName, Setting, find_configs, join, parent, read_config};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The versions that a run looks at, each listed once.
pub struct Versions<'a> {
    disk: &'a Disk,
    cache: Option<PathBuf>,
    known: BTreeMap<(PathBuf, Option<String>), Arc<Version>>,
    /// What was read, newest last, where the same is asked again and again.
    read: Option<Mutex<Vec<(Asked, Code)>>>,
}

/// All that decides what is read, as long as the disk and the repository stay as they are.
#[derive(Clone, PartialEq)]
struct Asked {
    root: PathBuf,
    commit: Option<String>,
    start: Start,
    interest: Option<BTreeSet<QName>>,
    schema_only: bool,
    /// Code that is typed and not saved.
    typed: Vec<(PathBuf, Arc<str>)>,
}

/// As many answers are remembered.
const REMEMBERED: usize = 16;

/// One version of the code.
pub struct Version {
    /// What it was asked for by: `v2.41`, `origin/main`, `the working tree`.
    pub name: String,
    /// The full name of its commit; `None` for the working tree.
    pub commit: Option<String>,
    /// The folder that its paths are seen from: the top of the repository.
    pub root: PathBuf,
    /// Its files.
    pub files: Arc<VersionFiles>,
}

/// The files of a version.
pub enum VersionFiles {
    /// Those of a commit.
    Commit(AtCommit),
    /// Those on the disk.
    Disk(OnDisk),
}

/// Where the schema of an app begins, as the config of that version says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Files, folders and globs from the top of the tree; empty where nothing says them.
    pub schema: Vec<String>,
    /// How names of columns are derived.
    pub casing: Option<String>,
    /// Why it is not what the config of this version says, where it is not.
    pub note: Option<String>,
}

impl<'a> Versions<'a> {
    /// Nothing is looked at yet. What is read is kept in the cache of the user.
    pub fn new(disk: &'a Disk) -> Versions<'a> {
        Versions { disk, cache: pg::cache_folder(), known: BTreeMap::new(), read: None }
    }

    /// Remembers what it reads, for whoever checks after each keystroke.
    pub fn remember(&mut self) {
        self.read = Some(Mutex::default());
    }

    /// The files as they are now, around a project.
    pub fn now(&mut self, project: &Project) -> Arc<Version> {
        let dir = self.folder(project);
        let root = self.disk.repository(&project.dir).unwrap_or_else(|| dir.clone());
        let unsaved = self.disk.unsaved();
        let version = || {
            let files = on_disk(&dir, unsaved);
            let root = files.root().to_owned();
            let files = Arc::new(VersionFiles::Disk(files));
            Arc::new(Version { name: "the working tree".to_owned(), commit: None, root, files })
        };
        self.known.entry((root, None)).or_insert_with(version).clone()
    }

    /// The files of a tag, branch or commit of the project's repository.
    pub fn at(&mut self, project: &Project, reference: &str) -> Result<Arc<Version>, Error> {
        self.named(project, reference, reference)
    }

    /// The same, by another name for people.
    pub fn named(&mut self, project: &Project, reference: &str, name: &str) -> Result<Arc<Version>, Error> {
        let dir = self.folder(project);
        let Some(root) = self.disk.repository(&project.dir) else {
            return Err(Error::NoRepository { dir, reference: reference.to_owned() });
        };
        let key = (root.clone(), Some(reference.to_owned()));
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let tree = git::tree_at(&root, reference)?;
        // Nobody reads the whole name of a commit.
        let name = if name.len() > 12 && tree.commit.starts_with(name) { &name[..7] } else { name };
        let commit = Some(tree.commit.clone());
        let files = Arc::new(VersionFiles::Commit(AtCommit(tree)));
        let version = Arc::new(Version { name: name.to_owned(), commit, root, files });
        self.known.insert(key, version.clone());
        Ok(version)
    }

    /// What a version says of these relations, or of all; with a note where it could not be kept.
    pub fn code(
        &self,
        version: &Version,
        start: &Start,
        interest: Option<&BTreeSet<QName>>,
    ) -> (Code, Option<String>) {
        let mut note = None;
        let code = self.remembered(version, start, interest, false, || {
            let (code, said) = self.kept(version, start, interest);
            note = said;
            code
        });
        (code, note)
    }

    /// The same from the cache of the user, as far as it is there.
    fn kept(
        &self,
        version: &Version,
        start: &Start,
        interest: Option<&BTreeSet<QName>>,
    ) -> (Code, Option<String>) {
        let read = || {
            let casing = start.casing.as_deref();
            let request = code::Request { schema: &start.schema, casing, interest, schema_only: false };
            code::read(&*version.files, &request)
        };
        let (Some(commit), Some(cache)) = (&version.commit, &self.cache) else { return (read(), None) };
        let names: Vec<String> = interest.into_iter().flatten().map(QName::to_string).collect();
        let key = Key { commit, schema: &start.schema, casing: start.casing.as_deref(), interest: &names };
        if let Some(kept) = cache::kept(cache, &key) {
            return (kept, None);
        }
        let code = read();
        let note = cache::keep(cache, &key, &code);
        (code, note)
    }

    /// What a version declares, and nothing of what it uses.
    pub fn schema(&self, version: &Version, project: &Project) -> Code {
        let start = self.start(version, project);
        self.remembered(version, &start, None, true, || {
            let casing = start.casing.as_deref();
            let request = code::Request { schema: &start.schema, casing, interest: None, schema_only: true };
            code::read(&*version.files, &request)
        })
    }

    fn remembered(
        &self,
        version: &Version,
        start: &Start,
        interest: Option<&BTreeSet<QName>>,
        schema_only: bool,
        read: impl FnOnce() -> Code,
    ) -> Code {
        let Some(known) = &self.read else { return read() };
        let typed = self.disk.unsaved().all().into_iter();
        let typed = typed.filter(|(path, _)| version.commit.is_none() && is_code(&path.to_string_lossy()));
        let asked = Asked {
            root: version.root.clone(),
            commit: version.commit.clone(),
            start: start.clone(),
            interest: interest.cloned(),
            schema_only,
            typed: typed.collect(),
        };
        let answers = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, code)) = answers().iter().find(|(other, _)| *other == asked) {
            return code.clone();
        }
        let code = read();
        let mut answers = answers();
        if answers.len() >= REMEMBERED {
            answers.remove(0);
        }
        answers.push((asked, code.clone()));
        code
    }

    /// Where the schema of a project's app begins in a version. Another config takes the place of one
    /// that was moved, and the one of now that of none.
    pub fn start(&self, version: &Version, project: &Project) -> Start {
        let Some(config) = &project.config else { return Start::default() };
        let files = TreeFiles(&*version.files);
        let path = self.inside(version, &config.path);
        if let Some(path) = path.as_deref().filter(|path| version.has(path)) {
            return start_of(&read_config(&files, path).0, None);
        }
        let out = config.out.value().and_then(|out| self.inside(version, out));
        let moved = find_configs(&files, ".").into_iter().find_map(|path| {
            let (config, _) = read_config(&files, &path);
            let same = config.out.value().is_some() && config.out.value() == out.as_ref();
            (same && !matches!(config.dialect, Dialect::Other(_))).then_some(config)
        });
        if let Some(config) = moved {
            let note = format!("its config is {}", config.path);
            return start_of(&config, Some(note));
        }
        let now = start_of(config, None);
        let schema = now.schema.iter().map(|path| self.inside(version, path).unwrap_or_else(|| path.clone()));
        let note =
            version.commit.is_some().then(|| format!("it has no {}; that of now was taken", config.path));
        Start { schema: schema.collect(), note: note.or(now.note), ..now }
    }

    /// A path of the disk as one from the top of a version; `None` where it lies outside.
    pub fn inside(&self, version: &Version, path: &str) -> Option<String> {
        let here = self.disk.canonical(".")?;
        let whole = join(&slashed(&here), path);
        let top = slashed(&version.root);
        let below = whole.strip_prefix(top.as_str())?;
        match below.strip_prefix('/') {
            Some(below) => Some(below.to_owned()),
            None if below.is_empty() => Some(".".to_owned()),
            None => None,
        }
    }

    /// The folder that is asked about: the project's, or outside of repositories that of its config.
    fn folder(&self, project: &Project) -> PathBuf {
        let config = project.config.as_ref().map(|config| parent(&config.path));
        let dir = match self.disk.repository(&project.dir) {
            Some(_) => self.disk.canonical(&project.dir),
            None => config.and_then(|dir| self.disk.canonical(&dir)),
        };
        dir.or_else(|| self.disk.canonical(".")).unwrap_or_else(|| PathBuf::from("."))
    }
}

impl Version {
    /// The start of the name of its commit.
    pub fn short(&self) -> Option<&str> {
        self.commit.as_deref().map(|commit| commit.get(..7).unwrap_or(commit))
    }

    /// For people: `v2.41 (3c1f9a2)`, `the working tree`.
    pub fn label(&self) -> String {
        match self.short() {
            Some(short) if !self.name.starts_with(short) => format!("{} ({short})", self.name),
            _ => self.name.clone(),
        }
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        self.paths().binary_search_by(|known| (**known).cmp(path)).is_ok()
    }

    /// Whether any of its files is code.
    pub fn has_code(&self) -> bool {
        self.files.paths().iter().any(|path| is_code(path))
    }

    /// All paths, sorted.
    pub fn paths(&self) -> &[Arc<str>] {
        self.files.paths()
    }

    /// A line of a file, without the space around it.
    pub fn line(&self, file: &str, line: u32) -> Option<String> {
        let text = self.files.read(file)?;
        let line = text.lines().nth(line.checked_sub(1)? as usize)?;
        Some(line.trim().to_owned())
    }
}

impl VersionFiles {
    /// Files that were asked for and have no text to give, with the reason.
    pub fn unread(&self) -> Vec<(Arc<str>, String)> {
        match self {
            VersionFiles::Commit(files) => files.unread(),
            VersionFiles::Disk(files) => files.unread(),
        }
    }

    fn tree(&self) -> &dyn Tree {
        match self {
            VersionFiles::Commit(files) => files,
            VersionFiles::Disk(files) => files,
        }
    }
}

impl Tree for VersionFiles {
    fn paths(&self) -> &[Arc<str>] {
        self.tree().paths()
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        self.tree().read(path)
    }

    fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        self.tree().links()
    }

    fn prefetch(&self, paths: &[Arc<str>]) {
        self.tree().prefetch(paths);
    }
}

fn start_of(config: &Config, note: Option<String>) -> Start {
    let casing = config.casing.clone();
    match &config.schema {
        Setting::Known(schema) | Setting::Default(schema) => Start { schema: schema.clone(), casing, note },
        Setting::Unreadable { why, .. } => {
            let all = format!(
                "where the schema is depends on {why} in {}; all files with Drizzle's tables were taken",
                config.path
            );
            Start { schema: Vec::new(), casing, note: Some(all) }
        }
    }
}

/// Whether a file is TypeScript or JavaScript, by its name.
pub fn is_code(path: &str) -> bool {
    let endings = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];
    endings.iter().any(|ending| path.ends_with(ending))
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
