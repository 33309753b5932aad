//! What `--on-this-database` will run, word for word, before it runs.

use facts::Analysis;
use runner::script::{Place, Sent, script};
use std::fmt::Write;

/// Where it will run.
pub struct Database {
    /// Its name.
    pub name: String,
    /// Host and port.
    pub host: String,
    /// The role that runs it.
    pub role: String,
    /// The version, as the server words it.
    pub version: String,
}

/// The statements in order, as they will be sent, and what brolly does beside.
pub fn text(database: &Database, project: &drizzle::Project, analysis: &Analysis, set: usize) -> String {
    let Database { name, host, role, version } = database;
    let mut text =
        format!("To be run on database {name} on {host}, PostgreSQL {version}, as role {role}:\n\n");
    let mut tag = "";
    for sent in script(project, analysis, set) {
        let (sql, place) = match &sent {
            Sent::Own(sql) => (sql.as_str(), Place::Inside),
            Sent::Statement { step, place } => {
                let step = &analysis.steps[*step];
                if step.tag != tag {
                    tag = &step.tag;
                    let _ = writeln!(text, "  -- {tag}");
                }
                (step.span.of(&step.file.text).trim(), *place)
            }
        };
        if place == Place::Alone {
            let _ = writeln!(text, "  -- outside of a transaction:");
        }
        for line in sql.trim_end_matches(';').lines() {
            let _ = writeln!(text, "  {line}");
        }
        // Behind a comment at the end of a statement, a semicolon would be part of it.
        text.truncate(text.trim_end().len());
        text.push_str(";\n");
    }
    text.push_str(BESIDE);
    text
}

const BESIDE: &str = "
This stays, as if Drizzle's migrator had run. Beside it brolly
  reads system tables (locks, sizes, counters) between the statements,
  plans the queries of the old and the new app before and after (EXPLAIN, in a transaction that can't
  write and is rolled back),
  tries what runs outside of a transaction between BEGIN and COMMIT first.
If a statement fails, what is open is rolled back.
";
