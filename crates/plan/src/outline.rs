//! A plan for readers: deploy by deploy, which files, who waits, what must hold before the next, and when the new
//! version of the app may serve traffic.

use crate::check::{Checked, Deploy};
use crate::model::{Backfill, Gate, Phase, Refusal};
use crate::plan::Plan;
use crate::reverse::reverse;
use crate::waits::{OutlineLock, OutlineWork, Rows, locks, reads};
use facts::Step;
use schemars::JsonSchema;
use serde::Serialize;

/// A plan, deploy by deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    /// The migrations that it is for.
    pub migrations: Vec<String>,
    /// What is changed, and why it can't stay in one step.
    pub parts: Vec<OutlinePart>,
    /// The deploys in order; empty where nothing has to be done, or where there is no path.
    pub deploys: Vec<OutlineDeploy>,
    /// Statements that there is no path for.
    pub refused: Vec<Refusal>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlinePart {
    /// The recipe, whose page says more.
    pub recipe: String,
    /// What is changed.
    pub title: String,
    /// Why it takes several steps.
    pub why: String,
    /// What the people who write the app have to know.
    pub advice: Vec<String>,
}

/// One deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlineDeploy {
    /// Its number, from 1.
    pub number: usize,
    /// What must hold before it, a line each.
    pub needs: Vec<String>,
    /// Its migrations, in order.
    pub files: Vec<OutlineFile>,
    /// Rows to be changed once they have run.
    pub backfills: Vec<Backfill>,
    /// Whether the new version of the app goes out with it.
    pub ships_code: bool,
    /// Whether the code has to wait for the backfills.
    pub code_waits: bool,
    /// The way back from it, as long as the next has not run.
    pub back: OutlineBack,
    /// Changes to the schema in TypeScript that go along. The migrations' snapshots know nothing of them, so that
    /// drizzle-kit finds nothing to generate.
    pub schema: Vec<OutlinePatch>,
}

/// A change to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlinePatch {
    /// Its path.
    pub file: String,
    /// The change as a unified diff.
    pub patch: String,
}

/// The way back from a deploy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlineBack {
    /// The statements, in order; empty where nothing has to be done.
    pub sql: Vec<String>,
    /// What is lost on it, a line each.
    pub lost: Vec<String>,
    /// What it does not undo, and why, a line each.
    pub not_reversed: Vec<String>,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutlineFile {
    /// Its tag, or the name of the file that waits.
    pub name: String,
    /// Whether it waits in `contract/`.
    pub waits: bool,
    /// Its SQL.
    pub sql: String,
    /// Which locks make others wait, and for what.
    pub locks: Vec<OutlineLock>,
    /// Tables that are read whole while nobody waits for it.
    pub reads: Vec<OutlineWork>,
}

/// The plan for readers. `own` are the names of the files that follow the migrations, in the order of its texts;
/// `rows` says how many rows tables have, as far as somebody knows.
pub fn outline(plan: &Plan, own: &[String], rows: &Rows) -> Outline {
    let migrations = plan.before.sets.iter().flat_map(|set| &set.migrations);
    let tags = migrations.map(|index| plan.project.migrations[*index].tag.clone()).collect();
    let parts = plan.parts.iter().map(|part| OutlinePart {
        recipe: part.recipe.to_owned(),
        title: part.title.clone(),
        why: part.why.clone(),
        advice: part.advice.clone(),
    });
    let deploys = plan.path.as_ref().map(|path| deploys(plan, path, own, rows)).unwrap_or_default();
    Outline { migrations: tags, parts: parts.collect(), deploys, refused: plan.refused.clone() }
}

fn deploys(plan: &Plan, path: &Checked, own: &[String], rows: &Rows) -> Vec<OutlineDeploy> {
    let ships = path.deploys.iter().rposition(|deploy| matches!(deploy.phase, Phase::Expand(_)));
    let each = path.deploys.iter().enumerate().map(|(n, deploy)| {
        let waiting = plan.texts.waiting.iter().filter(|one| one.phase == deploy.phase);
        let mut needs: Vec<Gate> = waiting.flat_map(|one| one.gates.iter().cloned()).collect();
        needs.sort();
        needs.dedup();
        let first = n == 0;
        OutlineDeploy {
            number: n + 1,
            needs: needs.iter().map(ToString::to_string).collect(),
            files: files(path, n, deploy, (own, rows)),
            backfills: if first { plan.texts.backfills.clone() } else { Vec::new() },
            ships_code: ships == Some(n),
            code_waits: first && plan.parts.iter().any(|part| part.code_waits),
            back: back(path.analysis.steps_of(n)),
            schema: Vec::new(),
        }
    });
    each.collect()
}

fn back(steps: &[Step]) -> OutlineBack {
    let one = reverse(steps);
    OutlineBack {
        sql: one.sql.iter().filter_map(|statement| statement.sql.clone()).collect(),
        lost: one.lost().map(str::to_owned).collect(),
        not_reversed: one.not_reversed().map(str::to_owned).collect(),
    }
}

fn files(path: &Checked, set: usize, deploy: &Deploy, (own, rows): (&[String], &Rows)) -> Vec<OutlineFile> {
    let mut own = own.iter();
    let of = |index: &usize| {
        let migration = &path.project.migrations[*index];
        let waits = deploy.phase != Phase::Expand(0);
        // What follows the migrations has no tag yet.
        let fresh = !waits && migration.tag.contains(".own_");
        let name = if fresh { own.next().cloned() } else { None };
        let steps: Vec<&Step> =
            path.analysis.steps_of(set).iter().filter(|step| step.migration == *index).collect();
        OutlineFile {
            name: name.unwrap_or_else(|| migration.tag.clone()),
            waits,
            sql: migration.file.text.clone(),
            locks: locks(&steps, rows),
            reads: reads(&steps, rows),
        }
    };
    let mut found = Vec::new();
    found.extend(deploy.migrations.iter().map(of));
    found
}
