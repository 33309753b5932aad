//! `brolly lsp`: what `lint` says, about texts that are still being typed.
//!
//! The protocol is crate `lsp`'s; the check is the one of `lint`. This module decides which folder a file
//! is judged with, and what of it an editor shows beside what is new.

mod pages;
mod room;
mod schema;

use crate::Outcome;
use crate::args::{Choice, LspArguments};
use crate::errors::Error;
use lsp::{Action, Check, Page, Texts, Told};
use room::Room;
use source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Serves an editor over standard input and output until it leaves.
pub fn lsp(wanted: &LspArguments) -> Result<Outcome, Error> {
    let (base, deployed) = (wanted.base.clone(), wanted.deployed.clone());
    let choice = Choice { base, deployed, allow_missing_base: true, ..Choice::default() };
    let code = lsp::serve(env!("CARGO_PKG_VERSION"), move |start| Editor::new(start.folders, choice))?;
    Ok(Outcome { code, ..Outcome::default() })
}

/// What an editor has open.
struct Editor {
    folders: Vec<PathBuf>,
    choice: Choice,
    /// Repositories, and folders outside of any, that files were opened in.
    rooms: BTreeMap<PathBuf, Room>,
}

impl Editor {
    fn new(folders: Vec<PathBuf>, choice: Choice) -> Editor {
        let folders = folders.iter().map(|folder| without_links(folder)).collect();
        Editor { folders, choice, rooms: BTreeMap::new() }
    }

    /// The folder that a file is judged with.
    fn root(&self, path: &Path) -> Option<PathBuf> {
        path.parent().map(|dir| self.around(dir))
    }

    /// The repository that a folder lies in, or else the folder that is open around it.
    fn around(&self, dir: &Path) -> PathBuf {
        let repository = dir.ancestors().find(|dir| dir.join(".git").exists());
        let folder = || self.folders.iter().find(|folder| dir.starts_with(folder)).map(PathBuf::as_path);
        repository.or_else(folder).unwrap_or(dir).to_path_buf()
    }

    fn room(&mut self, root: PathBuf) -> &mut Room {
        let choice = &self.choice;
        self.rooms.entry(root).or_insert_with_key(|root| Room::new(root, choice))
    }
}

impl Check for Editor {
    fn path(&self, path: &Path) -> PathBuf {
        without_links(path)
    }

    fn check(&mut self, texts: &Texts, changed: &BTreeSet<PathBuf>) -> Vec<Told> {
        let mut roots: BTreeSet<PathBuf> =
            changed.iter().filter(|path| room::matters(path)).filter_map(|path| self.root(path)).collect();
        if changed.is_empty() {
            roots.extend(self.folders.iter().map(|folder| self.around(folder)));
            roots.extend(self.rooms.keys().cloned());
        }
        roots.into_iter().map(|root| self.room(root).check(texts)).collect()
    }

    fn look_again(&mut self) {
        self.rooms.values_mut().for_each(Room::look_again);
    }

    fn statement(&mut self, path: &Path, at: u32) -> Option<String> {
        let root = self.root(path).filter(|_| room::is_sql(path))?;
        self.room(root).statement(path, at)
    }

    fn actions(&mut self, texts: &Texts, path: &Path, at: Span) -> Vec<Action> {
        let Some(root) = self.root(path).filter(|_| room::is_sql(path)) else { return Vec::new() };
        self.room(root).actions(texts, path, at)
    }

    fn page(&self, rule: &str) -> Option<Page> {
        pages::page(rule)
    }
}

/// A path without links, as far as it is there.
fn without_links(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    // A file that was never saved lies in a folder that is there.
    let folder = path.parent().and_then(|dir| dir.canonicalize().ok());
    folder.zip(path.file_name()).map_or_else(|| path.to_owned(), |(dir, name)| dir.join(name))
}
