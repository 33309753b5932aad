//! What is known about the pending sets of a project, as one value: statements with the schema they
//! meet, the transaction they run in, and their facts.

use crate::app::App;
use crate::app_code::AppCode;
use crate::model::{Facts, Version};
use crate::predict;
use catalog::{Catalog, Change, RelationId};
use source::{SourceFile, Span};
use sql::{Statement, SyntaxError};
use std::sync::Arc;

/// What a prediction depends on beside the SQL.
#[derive(Clone, Debug)]
pub struct Options {
    /// The version of Postgres.
    pub version: Version,
    /// The TimeZone of the session that migrates; `UTC` unless set.
    pub time_zone: String,
    /// The role that the app connects as; `None` where it is not known, and may be any.
    pub app_role: Option<String>,
    /// What runs the migrations.
    pub runner: Runner,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            version: Version::default(),
            time_zone: "UTC".to_owned(),
            app_role: None,
            runner: Runner::Drizzle,
        }
    }
}

/// What runs the migrations, and so decides which statements share a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runner {
    /// Drizzle's migrator: everything that is pending in one transaction, unless a file ends it.
    #[default]
    Drizzle,
    /// `brolly migrate`: a transaction for each migration, which ends before a statement that can't run
    /// in one and begins anew behind it.
    Brolly,
}

/// Migrations that are deployed together.
#[derive(Clone, Debug, Default)]
pub struct PendingSet {
    /// Indexes into `Project::migrations`, ascending.
    pub migrations: Vec<usize>,
    /// The versions of the app that serve traffic while they run, the newest last; the replayed schema
    /// stands in where there is none.
    pub old_apps: Vec<Arc<App>>,
    /// The app that is being deployed, where it is known.
    pub new_app: Option<Arc<App>>,
}

/// One statement of a pending set.
#[derive(Clone, Debug)]
pub struct Step {
    /// Index into [`Analysis::sets`].
    pub set: usize,
    /// Index into `Project::migrations`.
    pub migration: usize,
    /// Its tag or folder name.
    pub tag: String,
    /// Index of the statement in the migration.
    pub index: usize,
    /// The file.
    pub file: Arc<SourceFile>,
    /// Where it stands.
    pub span: Span,
    /// The statement; `None` where the grammar refused it.
    pub statement: Option<Arc<Statement>>,
    /// The syntax error, where there is one.
    pub error: Option<SyntaxError>,
    /// The transaction it runs in; `None` outside any.
    pub transaction: Option<u32>,
    /// `lock_timeout` in force when it starts, as written.
    pub lock_timeout: Option<String>,
    /// The schema that it meets.
    pub before: Arc<Catalog>,
    /// The schema that it leaves.
    pub after: Arc<Catalog>,
    /// What it changed.
    pub changes: Vec<Change>,
    /// What it does.
    pub facts: Facts,
}

/// One pending set, judged.
#[derive(Clone, Debug)]
pub struct JudgedSet {
    /// The schema when it began.
    pub start: Arc<Catalog>,
    /// The schema when it ended.
    pub end: Arc<Catalog>,
    /// The schema once what waits for later deploys has run too; `None` where nothing waits.
    pub settled: Option<Arc<Catalog>>,
    /// The versions of the app that serve traffic while it runs, the newest last; at least one.
    pub old_apps: Vec<Arc<App>>,
    /// The app that is being deployed, where it is known.
    pub new_app: Option<Arc<App>>,
    /// Its steps, as a range of [`Analysis::steps`].
    pub steps: std::ops::Range<usize>,
    /// Indexes into `Project::migrations`.
    pub migrations: Vec<usize>,
    /// An earlier migration with a statement that can't run where Drizzle's migrator would have run it: a
    /// sign that something else runs these files.
    pub ran_outside: Option<Arc<str>>,
}

impl JudgedSet {
    /// The newest version of the app that serves traffic while it runs.
    pub fn old_app(&self) -> &Arc<App> {
        &self.old_apps[self.old_apps.len() - 1]
    }

    /// Versions whose code was read, the app to come first, then the deployed ones, the newest first.
    pub fn codes(&self) -> impl Iterator<Item = &Arc<AppCode>> {
        let apps = self.new_app.iter().chain(self.old_apps.iter().rev());
        apps.filter_map(|app| app.code.as_ref())
    }
}

/// All that is known about the pending sets of a project.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The judged sets in order.
    pub sets: Vec<JudgedSet>,
    /// Their statements in execution order.
    pub steps: Vec<Step>,
    /// The schema after the whole history.
    pub end: Arc<Catalog>,
    /// What it was judged for.
    pub options: Options,
}

impl Analysis {
    /// The name by which a relation goes in the facts of a step.
    pub fn label(&self, step: &Step, relation: RelationId) -> String {
        predict::label(&self.sets[step.set].start, &step.before, &step.after, relation)
    }

    /// Whether a relation was made in the step's pending set.
    pub fn is_new(&self, step: &Step, relation: RelationId) -> bool {
        relation.0 >= self.sets[step.set].start.watermark()
    }

    /// The steps of a set.
    pub fn steps_of(&self, set: usize) -> &[Step] {
        &self.steps[self.sets[set].steps.clone()]
    }

    /// The steps that ran before this one in its transaction.
    pub fn earlier_in_transaction(&self, at: usize) -> impl Iterator<Item = &Step> {
        let step = &self.steps[at];
        let set = self.sets[step.set].steps.clone();
        self.steps[set.start..at]
            .iter()
            .filter(move |other| step.transaction.is_some() && other.transaction == step.transaction)
    }
}
