//! Plans every dangerous migration of real folders, each as a deploy of its own, and counts for how many there is a
//! path. A path that is offered has been replayed, ends where the migration ends, and lints clean step by step:
//! `plan::plan` does not offer it otherwise.

use crate::corpus::{folders, project};
use drizzle::Files;
use facts::{App, Options, PendingSet, Version};
use linter::Weights;
use plan::{Plan, Request};
use rayon::prelude::*;
use source::{Group, Severity};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// What became of one migration.
struct Outcome {
    name: String,
    recipes: Vec<&'static str>,
    /// The rule or recipe that had no answer, and the words.
    refused: Vec<(String, String)>,
}

/// Plans all folders below `dir`; `rule` shows only refusals of one rule or recipe, all of them.
pub fn plans(dir: &Path, rule: Option<&str>) -> Result<String, String> {
    let mut outcomes = Vec::new();
    for folder in folders(dir)? {
        let name = folder.strip_prefix(dir).unwrap_or(&folder).display().to_string();
        outcomes.extend(of_folder(&folder, &name)?);
    }
    Ok(text(&outcomes, rule))
}

fn of_folder(folder: &Path, name: &str) -> Result<Vec<Outcome>, String> {
    let (project, files) = project(folder, true)?;
    let (snapshots, _) = drizzle::snapshots(&files as &dyn Files, &project);
    let app = |index: usize| {
        let snapshot = snapshots.get(index)?.as_ref()?;
        Some(Arc::new(App::of_snapshot(
            snapshot,
            format!("the snapshot of {}", project.migrations[index].tag),
        )))
    };
    let options = Options { version: Version(15), ..Options::default() };
    let outcomes = (0..project.migrations.len()).into_par_iter().filter_map(|index| {
        let mut until = project.clone();
        until.migrations.truncate(index + 1);
        let set = PendingSet {
            migrations: vec![index],
            old_apps: index.checked_sub(1).and_then(app).into_iter().collect(),
            new_app: app(index),
        };
        let weights = Weights::default();
        if !is_dangerous(&until, &set, &options) {
            return None;
        }
        let (project, set) = (&until, &set);
        let options = &options;
        let plan = plan::plan(Request {
            project,
            set,
            options,
            weights: &weights,
            values: &[],
            keep_dropped: false,
        });
        Some(outcome(&plan, format!("{name} {}", project.migrations[index].tag)))
    });
    Ok(outcomes.collect())
}

/// Whether something breaks the deployed app or makes it wait.
fn is_dangerous(project: &drizzle::Project, set: &PendingSet, options: &Options) -> bool {
    let analysis = facts::analyze(project, std::slice::from_ref(set), options);
    let found = linter::accept(linter::lint(&analysis, project), &analysis, project);
    found.iter().any(|one| {
        matches!(one.group, Group::BreaksOldApp | Group::Blocks)
            && one.severity > Severity::Info
            && one.accepted.is_none()
    })
}

fn outcome(plan: &Plan, name: String) -> Outcome {
    let refused = plan.refused.iter().map(|one| {
        let words = format!("{}\n        {}", one.why, one.what.chars().take(160).collect::<String>());
        (one.rule.clone(), words)
    });
    Outcome { name, recipes: plan.parts.iter().map(|part| part.recipe).collect(), refused: refused.collect() }
}

fn text(outcomes: &[Outcome], rule: Option<&str>) -> String {
    let mut out = String::new();
    let offered = outcomes.iter().filter(|one| one.refused.is_empty()).count();
    let share = 100.0 * offered as f64 / outcomes.len().max(1) as f64;
    let _ = writeln!(out, "dangerous migrations {}, with a path {offered} ({share:.1}%)", outcomes.len());
    let mut recipes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut rules: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for one in outcomes {
        for recipe in &one.recipes {
            let count = recipes.entry(recipe).or_default();
            count.0 += 1;
            count.1 += usize::from(one.refused.is_empty());
        }
        for (rule, words) in &one.refused {
            rules.entry(rule).or_default().push((&one.name, words));
        }
    }
    for (recipe, (all, offered)) in recipes {
        let _ = writeln!(out, "  {recipe:24} {all:5} statements, {offered:5} in an offered path");
    }
    let mut refused: Vec<_> = rules.into_iter().collect();
    refused.sort_by_key(|(_, all)| std::cmp::Reverse(all.len()));
    for (name, all) in refused {
        let _ = writeln!(out, "refused {:4}  {name}", all.len());
        let shown = if rule == Some(name) { all.len() } else { 3 };
        for (migration, words) in
            all.iter().take(if rule.is_none() || rule == Some(name) { shown } else { 0 })
        {
            let _ = writeln!(out, "    {migration}: {words}");
        }
    }
    out
}
