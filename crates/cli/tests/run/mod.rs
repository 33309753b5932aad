//! Folders and repositories made for a test, and the real program started in them.

#![allow(clippy::disallowed_methods, reason = "tests write files and start the program and git")]
#![allow(dead_code, reason = "each test file uses its share of this")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A temporary folder; gone when dropped.
pub struct Folder {
    dir: tempfile::TempDir,
}

/// An empty folder.
pub fn folder() -> Folder {
    Folder { dir: tempfile::tempdir().expect("a temporary folder") }
}

/// How the program ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// The error stream.
    pub err: String,
}

impl Ended {
    /// Checks the exit code and that the output holds these pieces, in this order.
    #[track_caller]
    pub fn says(&self, code: i32, pieces: &[&str]) -> &Ended {
        assert_eq!(self.code, code, "{self}");
        in_order(&self.out, pieces, self);
        self
    }

    /// Checks the exit code and that the error stream holds these pieces, in this order.
    #[track_caller]
    pub fn complains(&self, code: i32, pieces: &[&str]) -> &Ended {
        assert_eq!(self.code, code, "{self}");
        in_order(&self.err, pieces, self);
        self
    }

    /// Checks that the output does not hold a piece.
    #[track_caller]
    pub fn lacks(&self, piece: &str) -> &Ended {
        assert!(!self.out.contains(piece), "there is {piece:?} in:\n{self}");
        self
    }

    /// The names of the rules of the human format, in order.
    pub fn rules(&self) -> Vec<String> {
        let rule = |line: &str| {
            let (_, rest) = line.split_once('[')?;
            let (rule, _) = rest.split_once("]:")?;
            Some(rule.to_owned())
        };
        let starts =
            |line: &&str| ["error[", "warning[", "note["].iter().any(|start| line.starts_with(start));
        self.out.lines().filter(starts).filter_map(rule).collect()
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n--- output\n{}\n--- errors\n{}", self.code, self.out, self.err)
    }
}

#[track_caller]
fn in_order(text: &str, pieces: &[&str], ended: &Ended) {
    let mut rest = text;
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => panic!("no {piece:?} (in that order) in:\n{ended}"),
        }
    }
}

impl From<tempfile::TempDir> for Folder {
    fn from(dir: tempfile::TempDir) -> Folder {
        Folder { dir }
    }
}

impl Folder {
    /// Its path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes a file.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> &Folder {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders can be made");
        std::fs::write(path, contents).expect("files can be written");
        self
    }

    /// The text of a file.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a migrations folder with a journal and without snapshots.
    pub fn journal(&self, dir: &str, migrations: &[(&str, &str)]) -> &Folder {
        let entries: Vec<String> = migrations
            .iter()
            .enumerate()
            .map(|(n, (tag, _))| {
                format!(r#"{{"idx":{n},"version":"7","when":{},"tag":"{tag}","breakpoints":true}}"#, 1000 + n)
            })
            .collect();
        let journal =
            format!(r#"{{"version":"7","dialect":"postgresql","entries":[{}]}}"#, entries.join(",\n"));
        self.write(&format!("{dir}/meta/_journal.json"), journal);
        for (tag, sql) in migrations {
            self.write(&format!("{dir}/{tag}.sql"), sql);
        }
        self
    }

    /// Copies a folder of this repository into a folder of this one.
    pub fn copy(&self, from: &str, to: &str) -> &Folder {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(from);
        copy(&from, &self.at(to));
        self
    }

    /// Runs brolly in it.
    pub fn brolly(&self, args: &[&str]) -> Ended {
        self.brolly_in(".", args, &[])
    }

    /// Runs brolly in a folder of it, with these variables set.
    pub fn brolly_in(&self, dir: &str, args: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brolly"));
        command.args(args).current_dir(self.at(dir)).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", self.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CEILING_DIRECTORIES", self.path().parent().unwrap());
        command.envs(variables.iter().copied());
        let done = command.output().expect("brolly starts");
        Ended {
            code: done.status.code().expect("brolly ends by itself"),
            out: String::from_utf8(done.stdout).expect("the output is UTF-8"),
            err: String::from_utf8(done.stderr).expect("the errors are UTF-8"),
        }
    }

    /// Runs git in a folder of it.
    #[track_caller]
    pub fn git(&self, dir: &str, args: &[&str]) -> String {
        self.git_with(dir, args, &[])
    }

    /// Runs git in a folder of it, with these variables set.
    #[track_caller]
    pub fn git_with(&self, dir: &str, args: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.org",
            "-c",
            "commit.gpgsign=false",
        ]);
        command.args(["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"]).args(args);
        command.current_dir(self.at(dir)).env("HOME", self.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
        command.envs(variables.iter().copied());
        let done = command.output().expect("git starts: install it, then run bin/test");
        let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        assert!(done.status.success(), "git {args:?}: {said}{}", String::from_utf8_lossy(&done.stderr));
        said
    }

    /// Commits whatever lies in a repository, which is made if it is not there yet.
    pub fn commit(&self, dir: &str, message: &str) -> &Folder {
        if !self.at(dir).join(".git").exists() {
            self.git(dir, &["init", "-q"]);
        }
        self.git(dir, &["add", "-A"]);
        self.git(dir, &["commit", "-q", "--allow-empty", "-m", message]);
        self
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folders can be made");
    for entry in std::fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder can be read");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("files can be copied");
        }
    }
}

/// A config for Postgres whose migrations lie in `out`.
pub fn config(out: &str) -> String {
    format!("export default {{ dialect: 'postgresql', schema: './schema.ts', out: '{out}' }};\n")
}
