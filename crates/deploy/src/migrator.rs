//! Programs of the repository that call Drizzle's migrator: which one a command runs, whether it may
//! hold a lock, and which servers call it when they start.

use crate::files::{Files, copied, folder, name, stem, upwards};
use crate::misstep::Place;
use crate::module::{
    blanked, calls, exported_around, imported, imports, is_guarded, is_module, migrator, serves,
};
use crate::names;
use crate::walk::shortened;
use source::{SourceFile, Span};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

/// A module above this size is generated.
const LARGEST: usize = 256 * 1024;
/// From the server to the migrator there are no more calls than this.
const CALLS: usize = 3;

/// Modules that call Drizzle's migrator for Postgres.
pub(crate) struct Migrators {
    files: Rc<dyn Files>,
    modules: Vec<Module>,
}

struct Module {
    path: String,
    file: Arc<SourceFile>,
    blanked: String,
}

/// A server that migrates when it starts.
pub(crate) struct Startup {
    /// The calls, from that of the server to that of the migrator.
    pub calls: Vec<Place>,
    /// Where it begins to serve.
    pub serves: Place,
}

/// The modules of the repository that call it.
pub(crate) fn migrators(files: &Rc<dyn Files>) -> Migrators {
    let read = |path: &String| {
        let module = module(&**files, path)?;
        migrator(&module.file.text, &module.blanked).is_some().then_some(module)
    };
    let paths = files.paths().iter().filter(|path| is_module(path) && !is_test(path));
    Migrators { files: Rc::clone(files), modules: paths.filter_map(read).collect() }
}

fn module(files: &dyn Files, path: &str) -> Option<Module> {
    let file = files.read(path).filter(|file| file.text.len() <= LARGEST)?;
    let migrates = file.text.contains("/migrator");
    let blanked = if migrates { blanked(&file.text) } else { String::new() };
    Some(Module { path: path.to_owned(), file, blanked })
}

fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "test" | "tests" | "__tests__" | "e2e" | "fixtures" | "node_modules"))
}

impl Migrators {
    /// Whether a program migrates by Drizzle's migrator and surely holds no lock of its own. `from` is
    /// the folder that it is run in.
    pub fn run_without_lock(&self, program: &str, from: &str) -> bool {
        let exact = copied(&*self.files, program, &[from]).filter(|path| is_module(path));
        let found: Vec<String> = match exact {
            Some(path) => vec![path],
            None => self.built_from(program, from),
        };
        let verdicts: Vec<Option<bool>> = found.iter().map(|path| self.is_unlocked(path, CALLS)).collect();
        verdicts.contains(&Some(true)) && !verdicts.contains(&Some(false))
    }

    /// The modules that a built program may come from: those of its name in the nearest package that
    /// has one.
    fn built_from(&self, program: &str, from: &str) -> Vec<String> {
        let named: Vec<&String> = self
            .files
            .paths()
            .iter()
            .filter(|path| is_module(path) && stem(path) == stem(program) && !is_test(path))
            .collect();
        let below = |folder: &&str| {
            let inside = |path: &&&String| folder.is_empty() || path.starts_with(&format!("{folder}/"));
            let found: Vec<String> = named.iter().filter(inside).map(|path| (*path).clone()).collect();
            (!found.is_empty()).then_some(found)
        };
        upwards(from).find_map(|folder| below(&folder)).unwrap_or_default()
    }

    /// Whether a module calls the migrator, and then whether it surely holds no lock; also by way of
    /// what it imports.
    fn is_unlocked(&self, path: &str, depth: usize) -> Option<bool> {
        let file = self.files.read(path).filter(|file| file.text.len() <= LARGEST)?;
        let text = &file.text;
        let own = self.modules.iter().any(|module| module.path == path);
        let called = || {
            let depth = depth.checked_sub(1)?;
            let blanked = blanked(text);
            let imports = imports(text, &blanked);
            let relative = imports.iter().filter_map(|import| imported(&*self.files, path, import.from));
            let known = relative.filter_map(|path| self.is_unlocked(&path, depth));
            let named = imports.iter().flat_map(|import| &import.names).filter_map(|(name, _)| {
                let module = self.exporting(name)?;
                (module.path != path).then(|| !is_guarded(&module.file.text))
            });
            known.chain(named).reduce(|one, other| one && other)
        };
        let migrates = if own { Some(true) } else { called() };
        migrates.map(|unlocked| unlocked && !is_guarded(text))
    }

    /// The only module that exports a function of this name which calls the migrator.
    fn exporting(&self, name: &str) -> Option<&Module> {
        let mut found =
            self.modules.iter().filter(|module| self.exports(module).iter().any(|known| known == name));
        found.next().filter(|_| found.next().is_none())
    }

    fn exports(&self, module: &Module) -> Vec<String> {
        let own = migrator(&module.file.text, &module.blanked).unwrap_or_default();
        let around = |at: usize| exported_around(&module.blanked, at);
        calls(&module.blanked, own).into_iter().flat_map(around).map(str::to_owned).collect()
    }

    /// The servers that migrate when they start.
    pub fn startups(&self) -> Vec<Startup> {
        let mut found = Vec::new();
        for module in &self.modules {
            let (text, path) = (&module.file.text, &module.path);
            if names::is_aside_path(path) || is_guarded(text) {
                continue;
            }
            let own = migrator(text, &module.blanked).unwrap_or_default();
            for at in calls(&module.blanked, own) {
                let call = place(&module.file, at, own.len());
                let mut seen = HashSet::from([path.clone()]);
                if let Some(serves) = serves(path, &module.blanked) {
                    found.push(Startup { calls: vec![call], serves: place(&module.file, serves, 0) });
                    continue;
                }
                for name in exported_around(&module.blanked, at) {
                    found.extend(self.callers(path, name, vec![call.clone()], &mut seen, CALLS));
                }
            }
        }
        found
    }

    /// The servers that call `name` of the module at `path`, directly or not.
    fn callers(
        &self,
        path: &str,
        name: &str,
        trail: Vec<Place>,
        seen: &mut HashSet<String>,
        depth: usize,
    ) -> Vec<Startup> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let mut found = Vec::new();
        for other in self.files.paths() {
            let may =
                is_module(other) && !is_test(other) && !names::is_aside_path(other) && !seen.contains(other);
            let Some(file) = self.files.read(other).filter(|_| may) else { continue };
            if file.text.len() > LARGEST || !file.text.contains(name) {
                continue;
            }
            let plain = blanked(&file.text);
            let leads = |from: &str| match imported(&*self.files, other, from) {
                Some(module) => module == path,
                // By an alias, or the name of a package.
                None => !from.starts_with('.') && self.is_meant(path, name, from),
            };
            let imports = imports(&file.text, &plain);
            let leading = imports.iter().filter(|import| leads(import.from));
            let Some((at, own)) = leading.flat_map(|import| import.calls(&plain, name)).next() else {
                continue;
            };
            if is_guarded(&file.text) {
                continue;
            }
            seen.insert(other.clone());
            let mut calls = vec![place(&file, at, own)];
            calls.extend(trail.iter().cloned());
            match serves(other, &plain) {
                Some(serves) => found.push(Startup { calls, serves: place(&file, serves, 0) }),
                None => {
                    for name in exported_around(&plain, at) {
                        found.extend(self.callers(other, name, calls.clone(), seen, depth));
                    }
                }
            }
        }
        found
    }

    /// Whether an import that is not relative leads to `name` of the module at `path`: there is no other
    /// of that name, or the path is that of an alias.
    fn is_meant(&self, path: &str, name: &str, from: &str) -> bool {
        if let Some(module) = self.exporting(name) {
            return module.path == path;
        }
        let bare = path.rsplit_once('.').map_or(path, |(bare, _)| bare);
        let bare = bare.strip_suffix("/index").unwrap_or(bare);
        let below = from.split_once('/').map_or(from, |(_, below)| below);
        [from, below].iter().any(|tail| bare == *tail || bare.ends_with(&format!("/{tail}")))
    }
}

/// Whether the Drizzle config nearest to a folder is for Postgres, as far as its text tells.
pub(crate) fn is_postgres(files: &dyn Files, from: &str) -> bool {
    let is_config = |path: &&String| name(path).starts_with("drizzle") && name(path).contains("config.");
    let near = upwards(from).find_map(|above| {
        files
            .paths()
            .iter()
            .filter(is_config)
            .find(|path| folder(path) == above)
            .and_then(|path| files.read(path))
    });
    let others = ["sqlite", "mysql", "turso", "singlestore", "\"d1", "'d1", "gel"];
    near.is_none_or(|file| {
        file.text.contains("postgres") || !others.iter().any(|name| file.text.contains(name))
    })
}

/// The line of a call, from the call on.
fn place(file: &Arc<SourceFile>, at: usize, length: usize) -> Place {
    let line = file.text[at..].lines().next().unwrap_or_default().trim_end();
    let length = if length == 0 { line.find('(').unwrap_or(line.len()) } else { length };
    let start = at + if line.starts_with('.') { 1 } else { 0 };
    Place { file: file.clone(), span: Span::new(start, at + length), text: shortened(line) }
}
