//! What a page's `npx drizzle-kit` is: one of the lines in tests/kit, its question answered.

use crate::run::Folder;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An installed drizzle-kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrizzleKit {
    /// 0.31: a journal, and SQL files beside it.
    Stable,
    /// 1.0: a folder for each migration.
    V1,
}

impl DrizzleKit {
    pub fn is_stable(&self) -> bool {
        *self == DrizzleKit::Stable
    }

    /// Makes it a project's own, as `npm install` would.
    pub fn install(&self, folder: &Folder) {
        let line = if self.is_stable() { "stable" } else { "v1" };
        let kit =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit").join(line).join("node_modules");
        let kit = kit.canonicalize().expect("drizzle-kit is not installed: run bin/prepare test");
        std::os::unix::fs::symlink(kit, folder.at("node_modules")).expect("links can be made");
        folder.write(".gitignore", "node_modules\n");
        folder.write(
            "drizzle.config.ts",
            "import { defineConfig } from \"drizzle-kit\";\n\nexport default defineConfig({ dialect: \"postgresql\", \
             schema: \"./src/schema.ts\", out: \"./drizzle\" });\n",
        );
    }

    /// Runs it, and answers its question.
    pub fn run(&self, folder: &Folder, words: &[&str], answers: Option<&str>) {
        let before = files(folder);
        let mut said = String::new();
        match answers {
            None => said = self.quietly(folder, words),
            Some(answer) => {
                assert_eq!(answer, "rename", "the one answer that pages give");
                // The question is asked on terminals only.
                let line = format!("node node_modules/drizzle-kit/bin.cjs {}", words.join(" "));
                let started = Command::new("script")
                    .args(["-qec", &line, "/dev/null"])
                    .current_dir(folder.path())
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn();
                let mut script = started.expect("`script` of util-linux starts");
                let mut keys = script.stdin.take().expect("it is piped");
                let mut screen = script.stdout.take().expect("it is piped");
                let mut expect = |piece: &str| {
                    let mut bytes = [0; 4096];
                    while !said.contains(piece) {
                        let count = screen.read(&mut bytes).unwrap_or(0);
                        assert!(count > 0, "drizzle-kit never said {piece:?}: {said}");
                        said.push_str(&String::from_utf8_lossy(&bytes[..count]));
                    }
                    said.clear();
                };
                expect("rename column");
                keys.write_all(b"\x1b[B").expect("keys can be pressed");
                expect("rename column");
                keys.write_all(b"\r").expect("keys can be pressed");
                expect("SQL migration");
                script.wait().expect("it ends");
            }
        }
        let made = files(folder).len() - before.len();
        assert!(made == 1, "drizzle-kit {words:?} made {made} migrations: {said}");
    }

    fn quietly(&self, folder: &Folder, words: &[&str]) -> String {
        let done = Command::new("node")
            .arg("node_modules/drizzle-kit/bin.cjs")
            .args(words)
            .current_dir(folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .expect("node starts: install Node.js 20 or newer, then run bin/test");
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
    }

    /// What `drizzle-kit check` says.
    pub fn checked(&self, folder: &Folder) -> String {
        self.quietly(folder, &["check"])
    }

    /// What it still writes.
    pub fn left_to_generate(&self, folder: &Folder) -> Option<String> {
        let before = files(folder);
        self.quietly(folder, &["generate", "--name", "left"]);
        let made = files(folder).into_iter().find(|path| !before.contains(path))?;
        Some(std::fs::read_to_string(folder.at(&made)).unwrap_or_default())
    }

    /// Where `drizzle/0001_x.sql` of a page lies.
    pub fn place(&self, folder: &Folder, path: &str) -> String {
        let number = path.strip_prefix("drizzle/").and_then(|name| name.get(..4)?.parse::<usize>().ok());
        match number {
            Some(number) if !self.is_stable() => {
                let files = files(folder);
                let name = path.get("drizzle/0000_".len()..).unwrap_or("").trim_end_matches(".sql");
                let file = files.get(number).unwrap_or_else(|| panic!("{path} was not made: {files:?}"));
                assert!(file.contains(name), "{path} is {file}");
                file.clone()
            }
            _ => path.to_owned(),
        }
    }

    /// A text in which migrations have the names that the stable line gives them.
    pub fn numbered(&self, folder: &Folder, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, file) in files(folder).iter().enumerate().filter(|_| !self.is_stable()) {
            let tag = file.trim_start_matches("drizzle/").trim_end_matches("/migration.sql");
            let name = tag.split_once('_').map_or(tag, |(_, name)| name);
            text = text.replace(file, &format!("drizzle/{number:04}_{name}.sql"));
            text = text.replace(tag, &format!("{number:04}_{name}"));
        }
        text
    }
}

/// The SQL files below drizzle/, in order.
fn files(folder: &Folder) -> Vec<String> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder.at("drizzle")).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let inner: PathBuf = entry.path().join("migration.sql");
        if name.ends_with(".sql") {
            found.push(format!("drizzle/{name}"));
        } else if inner.exists() {
            found.push(format!("drizzle/{name}/migration.sql"));
        }
    }
    found.sort();
    found
}
