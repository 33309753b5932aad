//! A plan as values: parts made by recipes, each in stages, and what must hold before a stage.

use schemars::JsonSchema;
use serde::Serialize;
use source::Span;
use std::fmt;

/// When a stage runs, counted in deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before the new version of the app serves traffic: 0 is the deploy of the migration itself.
    Expand(u8),
    /// After it, the first one being 1.
    Contract(u8),
}

/// What must hold before a stage may run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// No deployed version of the app declares or names it.
    Unused {
        /// `schema.name`.
        relation: String,
        /// The column, where it is about one.
        column: Option<String>,
    },
    /// Every deployed version has this migration.
    Deployed {
        /// Its tag.
        migration: String,
    },
    /// A backfill is finished.
    Backfilled {
        /// The name of its file without `.sql`.
        backfill: String,
    },
    /// No row meets a condition.
    NoRows {
        /// The table as SQL.
        table: String,
        /// The condition as SQL.
        condition: String,
    },
}

impl fmt::Display for Gate {
    /// One line, which [`Gate::read`] understands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gate::Unused { relation, column: None } => write!(f, "no deployed version names {relation}"),
            Gate::Unused { relation, column: Some(column) } => {
                write!(f, "no deployed version names {relation}.{column}")
            }
            Gate::Deployed { migration } => write!(f, "every deployed version has {migration}"),
            Gate::Backfilled { backfill } => write!(f, "backfill {backfill} is finished"),
            Gate::NoRows { table, condition } => write!(f, "no row of {table} where {condition}"),
        }
    }
}

impl Gate {
    /// The gate that a line stands for, as it is written in the head of a waiting file.
    pub fn read(line: &str) -> Option<Gate> {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("no deployed version names ") {
            let mut words = name.splitn(3, '.');
            let relation = format!("{}.{}", words.next()?, words.next()?);
            return Some(Gate::Unused { relation, column: words.next().map(str::to_owned) });
        }
        if let Some(migration) = line.strip_prefix("every deployed version has ") {
            return Some(Gate::Deployed { migration: migration.to_owned() });
        }
        if let Some(rest) = line.strip_prefix("backfill ") {
            return Some(Gate::Backfilled { backfill: rest.strip_suffix(" is finished")?.to_owned() });
        }
        let (table, condition) = line.strip_prefix("no row of ")?.split_once(" where ")?;
        Some(Gate::NoRows { table: table.to_owned(), condition: condition.to_owned() })
    }
}

/// Statements that run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its deploy.
    pub phase: Phase,
    /// Whether it must run outside of the migrator's transaction, one statement at a time.
    pub outside: bool,
    /// The statements, without semicolons.
    pub sql: Vec<String>,
    /// What must hold before.
    pub gates: Vec<Gate>,
}

impl Stage {
    /// In the transaction of this deploy.
    pub fn now(sql: Vec<String>) -> Stage {
        Stage { phase: Phase::Expand(0), outside: false, sql, gates: Vec::new() }
    }

    /// In this deploy, after its transaction.
    pub fn outside(sql: Vec<String>) -> Stage {
        Stage { outside: true, ..Stage::now(sql) }
    }

    /// In a later deploy.
    pub fn later(phase: Phase, sql: Vec<String>, gates: Vec<Gate>) -> Stage {
        Stage { phase, outside: false, sql, gates }
    }

    /// In a later deploy, in a transaction of its own: of several files of a deploy one may have ended the
    /// migrator's.
    pub fn at_once(phase: Phase, mut sql: Vec<String>, gates: Vec<Gate>) -> Stage {
        sql.insert(0, "BEGIN".to_owned());
        sql.push("COMMIT".to_owned());
        Stage::later(phase, sql, gates)
    }

    /// The same stage, once this holds too.
    #[must_use]
    pub fn once(mut self, gates: impl IntoIterator<Item = Gate>) -> Stage {
        self.gates.extend(gates);
        self
    }

    /// The same stage, outside of a transaction.
    #[must_use]
    pub fn apart(self) -> Stage {
        Stage { outside: true, ..self }
    }
}

/// What becomes of a statement, or of several that are one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The recipe that made it.
    pub recipe: &'static str,
    /// What is changed, such as `drop column users.nickname`.
    pub title: String,
    /// Why the statement can't stay as it was, and what the path is.
    pub why: String,
    /// Indexes of the statements in the analysis, the first of which gives the place.
    pub statements: Vec<usize>,
    /// What stands in the place of the first statement; empty where all of it is for later.
    pub here: Vec<String>,
    /// What follows, in order.
    pub stages: Vec<Stage>,
    /// Rows to be changed outside of migrations, once this deploy's migrations have run.
    pub backfill: Option<Backfill>,
    /// Whether the new version of the app has to wait for the backfill.
    pub code_waits: bool,
    /// What the people who write the app have to know.
    pub advice: Vec<String>,
    /// A column that the schema declares NOT NULL, and that can hold NULL until the last deploy: `schema.table` and
    /// its name.
    pub still_nullable: Option<(String, String)>,
    /// Later statements of the set that need what this one leaves behind.
    pub followers: Option<Followers>,
    /// Parts that go with it; none in a plan, where they stand by themselves.
    pub beside: Vec<Part>,
}

/// Statements that would be lost, or do the wrong thing, before a part has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followers {
    /// Indexes of the statements in the analysis.
    pub statements: Vec<usize>,
    /// The deploy in which they do what they should.
    pub phase: Phase,
    /// What must hold before.
    pub gates: Vec<Gate>,
}

/// Rows that are changed in batches, outside of migrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Backfill {
    /// The name of its file without `.sql`.
    pub name: String,
    /// The table as SQL.
    pub table: String,
    /// The name that the other fields call it by, where that is another.
    pub alias: Option<String>,
    /// The columns that batches go by, in the order of their index; empty for `ctid`.
    pub key: Vec<String>,
    /// `SET` list; empty where rows are deleted.
    pub set: String,
    /// `FROM` (of an UPDATE) or `USING` (of a DELETE), where there is one.
    pub from: Option<String>,
    /// Which rows are still to be done.
    pub condition: Option<String>,
    /// Rows a batch.
    pub batch: u32,
    /// The backfills that have to be finished before it begins, by the names of their files without `.sql`.
    pub after: Vec<String>,
}

/// A statement that no recipe is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// The migration.
    pub migration: String,
    /// Index of the statement in it, where it is about one.
    pub statement: Option<usize>,
    /// The rule that found it, or the recipe that gave up.
    pub rule: String,
    /// What the statement does.
    pub what: String,
    /// Why there is no path.
    pub why: String,
    /// The file and the place in it, for messages.
    #[serde(skip)]
    #[schemars(skip)]
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn gates_are_read_as_they_are_written() {
        let gates = [
            Gate::Unused { relation: "public.users".into(), column: None },
            Gate::Unused { relation: "public.users".into(), column: Some("full.name".into()) },
            Gate::Deployed { migration: "0007_drop".into() },
            Gate::Backfilled { backfill: "0007_x.users_c".into() },
            Gate::NoRows { table: "\"users\"".into(), condition: "\"c\" IS NULL".into() },
        ];
        for gate in gates {
            assert_eq!(Gate::read(&gate.to_string()), Some(gate));
        }
        assert_eq!(Gate::read("whenever you like"), None);
    }
}
