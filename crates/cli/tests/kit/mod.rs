//! Migration histories made by drizzle-kit itself, for tests.
//!
//! Both lines are installed by `npm ci` in `tests/kit` (bin/test does that). A test that can't have
//! them fails and says what to install; it is never skipped.

#![allow(clippy::disallowed_methods, reason = "tests start Node and find this repository on the disk")]
#![allow(dead_code, reason = "each test file uses its share of this")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A line of drizzle-kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// 0.31: a journal, and SQL files beside it.
    Stable,
    /// 1.0: a folder for each migration.
    V1,
}

/// One run of `drizzle-kit generate`.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The migration from the schema before to this one.
    Schema {
        /// Name of the migration.
        name: &'a str,
        /// The whole of schema.ts.
        schema: &'a str,
        /// Answers to rename questions, as the v1 line takes them (a JSON array); empty for none.
        hints: &'a str,
    },
    /// A custom migration with this SQL.
    Custom {
        /// Name of the migration.
        name: &'a str,
        /// The whole of the file.
        sql: &'a str,
    },
}

/// A project whose history drizzle-kit made; gone when dropped.
pub struct History {
    dir: tempfile::TempDir,
    /// The SQL files in the order in which they were made, relative to `drizzle/`.
    pub files: Vec<String>,
}

impl History {
    /// The project: drizzle.config.ts, src/schema.ts, drizzle/.
    pub fn project(&self) -> &Path {
        self.dir.path()
    }

    /// The folder itself, to go on in.
    pub fn into_dir(self) -> tempfile::TempDir {
        self.dir
    }

    /// The folder with the migrations.
    pub fn migrations(&self) -> PathBuf {
        self.dir.path().join("drizzle")
    }
}

/// The history of a schema.ts through these versions, one migration a version.
pub fn generate(line: Line, versions: &[&str]) -> History {
    let names: Vec<String> = (0..versions.len()).map(|number| format!("step_{number}")).collect();
    let steps = versions.iter().zip(&names).map(|(schema, name)| Step::Schema { name, schema, hints: "" });
    generate_steps(line, &steps.collect::<Vec<_>>())
}

/// The history that these runs of drizzle-kit make.
pub fn generate_steps(line: Line, steps: &[Step]) -> History {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit/generate.mjs");
    let line = match line {
        Line::Stable => "stable",
        Line::V1 => "v1",
    };
    let started = Command::new("node")
        .arg(script)
        .arg(line)
        .arg(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut node = started.unwrap_or_else(|error| {
        panic!("node could not be started ({error}): install Node.js 20 or newer, then run bin/test")
    });
    let input = serde_json::Value::from(steps.iter().map(json).collect::<Vec<_>>()).to_string();
    // A script that gave up has closed its input; what it says below tells more than this would.
    node.stdin.take().expect("it is piped").write_all(input.as_bytes()).ok();
    let done = node.wait_with_output().expect("node ends");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
    History { dir, files: told.lines().map(|line| line.replace('\\', "/")).collect() }
}

fn json(step: &Step) -> serde_json::Value {
    match step {
        Step::Schema { name, schema, hints: "" } => {
            serde_json::json!({ "name": name, "schema": schema })
        }
        Step::Schema { name, schema, hints } => {
            let hints: serde_json::Value = serde_json::from_str(hints).expect("hints are JSON");
            serde_json::json!({ "name": name, "schema": schema, "hints": hints })
        }
        Step::Custom { name, sql } => serde_json::json!({ "name": name, "custom": sql }),
    }
}
