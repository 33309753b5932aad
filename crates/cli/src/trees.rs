//! The app's files for crate `code`: those of a commit, and those of the working tree.
//!
//! Says what could not be read; what that means for a verdict is for others to say.

use crate::unsaved::Unsaved;
use git::{Blob, GitTree};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The files of a commit.
pub struct AtCommit(pub GitTree);

/// The files on the disk: those that git follows or does not ignore, or all that a search finds where
/// there is no git.
pub struct OnDisk {
    root: PathBuf,
    paths: Vec<Arc<str>>,
    texts: Vec<OnceLock<Blob>>,
    links: Vec<(Arc<str>, Arc<str>)>,
    unsaved: Unsaved,
}

/// The files of the repository that `dir` lies in, or else those below `dir`, as they are now, unsaved
/// texts included.
pub fn on_disk(dir: &Path, unsaved: &Unsaved) -> OnDisk {
    let (root, names) = git::working_files(dir).unwrap_or_else(|_| (dir.to_owned(), searched(dir)));
    // Git lists what was deleted too, and does not tell links from files.
    let looked: Vec<(Arc<str>, Option<Arc<str>>)> = names
        .par_iter()
        .filter_map(|name| {
            let path = root.join(name);
            let kind = path.symlink_metadata().ok()?.file_type();
            let target = match kind.is_symlink() {
                true => Some(path.read_link().ok()?.to_str()?.replace('\\', "/").into()),
                false if kind.is_file() => None,
                false => return None,
            };
            Some((name.as_str().into(), target))
        })
        .collect();
    let (paths, texts, links) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = OnDisk { root, paths, texts, links, unsaved: unsaved.clone() };
    for (name, target) in looked {
        match target {
            Some(target) => found.links.push((name, target)),
            None => found.paths.push(name),
        }
    }
    found.texts.resize_with(found.paths.len(), OnceLock::new);
    found
}

/// The files below a folder, sorted: what `.gitignore` and the like name is left out, and so are
/// installed packages.
fn searched(dir: &Path) -> Vec<String> {
    let skipped = |name: &std::ffi::OsStr| name == "node_modules" || name == ".git";
    let mut walk = ignore::WalkBuilder::new(dir);
    walk.require_git(false).hidden(false).filter_entry(move |entry| !skipped(entry.file_name()));
    let entries = walk.build().filter_map(Result::ok);
    let below = entries.filter_map(|entry| {
        let path = entry.path().strip_prefix(dir).ok()?.to_str()?.replace('\\', "/");
        (!path.is_empty()).then_some(path)
    });
    let mut found: Vec<String> = below.collect();
    found.sort();
    found
}

impl OnDisk {
    /// The folder that the paths are relative to.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Files that were asked for and have no text to give, with the reason.
    pub fn unread(&self) -> Vec<(Arc<str>, String)> {
        let asked = self.paths.iter().zip(&self.texts);
        asked.filter_map(|(path, text)| Some((path.clone(), text.get()?.why_unread()?))).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the disk is touched")]
    fn blob(&self, n: usize) -> &Blob {
        self.texts[n].get_or_init(|| {
            let path = self.root.join(self.paths[n].as_ref());
            match path.metadata().map(|it| it.len()) {
                Ok(size) if size > git::LARGEST => Blob::TooLarge { size },
                _ => std::fs::read(&path).map_or(Blob::Missing, Blob::of),
            }
        })
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.paths.binary_search_by(|other| other.as_ref().cmp(path)).ok()
    }
}

impl AtCommit {
    /// Files that were asked for and have no text to give, with the reason.
    pub fn unread(&self) -> Vec<(Arc<str>, String)> {
        let unread = self.0.unread().into_iter();
        unread.filter_map(|(path, blob)| Some((path, blob.why_unread()?))).collect()
    }
}

impl code::Tree for AtCommit {
    fn paths(&self) -> &[Arc<str>] {
        self.0.paths()
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        self.0.read(path)?.text().cloned()
    }

    fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        self.0.links()
    }

    fn prefetch(&self, paths: &[Arc<str>]) {
        self.0.prefetch(paths);
    }
}

impl code::Tree for OnDisk {
    fn paths(&self) -> &[Arc<str>] {
        &self.paths
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        let n = self.position(path)?;
        self.unsaved.text(&self.root.join(path)).or_else(|| self.blob(n).text().cloned())
    }

    fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.links
    }

    fn prefetch(&self, paths: &[Arc<str>]) {
        paths.par_iter().filter_map(|path| self.position(path)).for_each(|n| {
            self.blob(n);
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the folders that they ask about")]

    use super::*;
    use code::{Resolved, Resolver, Tree};
    use std::process::Command;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        std::fs::write(path, text).expect("it is written");
    }

    fn git(root: &Path, args: &[&str]) {
        let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
        let done =
            Command::new("git").arg("-C").arg(root).args(who).args(args).output().expect("git is there");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// A workspace with an app that imports from a package, through a link as well.
    fn workspace() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        write(root, ".gitignore", "dist\n*.log\n");
        write(root, "package.json", r#"{"workspaces": ["packages/*"]}"#);
        write(root, "packages/db/package.json", r#"{"name": "@acme/db", "main": "dist/index.js"}"#);
        write(root, "packages/db/src/index.ts", "old");
        write(root, "packages/db/dist/index.js", "built");
        write(root, "apps/web/src/a.ts", "import '@acme/db'");
        write(root, "apps/web/node_modules/x/index.js", "");
        write(root, "data.bin", "\0");
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../../packages/db/src", root.join("apps/web/src/db")).expect("a link");
        dir
    }

    const FILES: [&str; 6] = [
        ".gitignore",
        "apps/web/src/a.ts",
        "data.bin",
        "package.json",
        "packages/db/package.json",
        "packages/db/src/index.ts",
    ];

    fn check(tree: &dyn Tree, index: &str) {
        assert_eq!(tree.paths().iter().map(AsRef::as_ref).collect::<Vec<&str>>(), FILES);
        tree.prefetch(tree.paths());
        assert_eq!(tree.read("packages/db/src/index.ts").as_deref(), Some(index));
        assert_eq!(tree.read("data.bin"), None);
        assert_eq!(tree.read("packages/db/dist/index.js"), None);
        let resolver = Resolver::new(tree);
        let expected = Resolved::File("packages/db/src/index.ts".into());
        assert_eq!(resolver.resolve("apps/web/src/a.ts", "@acme/db"), expected);
        #[cfg(unix)]
        assert_eq!(resolver.resolve("apps/web/src/a.ts", "./db"), expected);
    }

    #[test]
    fn a_commit_and_the_disk_are_trees_of_one_kind() {
        let dir = workspace();
        let root = dir.path();
        check(&on_disk(root, &Unsaved::default()), "old");

        git(root, &["init", "-q"]);
        git(root, &["add", "-A"]);
        git(root, &["commit", "-q", "-m", "first"]);
        write(root, "packages/db/src/index.ts", "new");
        let then = AtCommit(git::tree_at(root, "HEAD").expect("a tree"));
        let unsaved = Unsaved::default();
        let now = on_disk(&root.join("apps"), &unsaved);
        check(&then, "old");
        check(&now, "new");
        assert_eq!(now.root(), root.canonicalize().expect("a path"));
        let index = root.canonicalize().expect("a path").join("packages/db/src/index.ts");
        unsaved.set([(index, Arc::from("typed"))].into());
        check(&now, "typed");
        let unread = [("data.bin".into(), "it is no text".to_owned())];
        assert_eq!((then.unread(), now.unread()), (unread.to_vec(), unread.to_vec()));
    }

    #[test]
    fn what_git_lists_and_the_disk_lacks_is_no_file() {
        let dir = workspace();
        let root = dir.path();
        git(root, &["init", "-q"]);
        git(root, &["add", "-A"]);
        std::fs::remove_file(root.join("apps/web/src/a.ts")).expect("it is removed");
        write(root, "untracked.ts", "");
        let tree = on_disk(root, &Unsaved::default());
        let paths: Vec<&str> = tree.paths().iter().map(AsRef::as_ref).collect();
        assert!(!paths.contains(&"apps/web/src/a.ts") && paths.contains(&"untracked.ts"), "{paths:?}");
        assert_eq!(tree.read("apps/web/src/a.ts"), None);
    }
}
