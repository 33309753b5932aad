//! Puts the recipes to every statement that something was found about, and proves what they make of it.

use crate::check::{Checked, check};
use crate::files::{Texts, texts};
use crate::follow;
use crate::model::{Followers, Gate, Part, Phase, Refusal, Stage};
use crate::order;
use crate::recipes::RECIPES;
use crate::site::Site;
use crate::split::split;
use catalog::QName;
use drizzle::Project;
use facts::{Analysis, Options, PendingSet, Step};
use linter::Weights;
use source::{Diagnostic, Group, Severity};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a plan is made for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The project; the migrations of the set are its last ones.
    pub project: &'a Project,
    /// The pending set with its apps.
    pub set: &'a PendingSet,
    /// The server.
    pub options: &'a Options,
    /// How much findings weigh.
    pub weights: &'a Weights,
    /// Values for rows that have none: `users.country` or `auth.users.country`, and an expression.
    pub values: &'a [(String, String)],
    /// Whether dropped tables are put aside under another name first, and dropped a deploy later.
    pub keep_dropped: bool,
}

/// A path for a pending set, or why there is none.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The project with statements that do several things taken apart.
    pub project: Project,
    /// The set as it was, judged.
    pub before: Analysis,
    /// What becomes of statements; those that no part names stay as they are.
    pub parts: Vec<Part>,
    /// Statements that there is no path for. Where there is one, the plan is no plan.
    pub refused: Vec<Refusal>,
    /// The parts as files.
    pub texts: Texts,
    /// The path, judged deploy by deploy; `None` where something was refused.
    pub path: Option<Checked>,
    /// The columns that [`Request::values`] may give a value for.
    pub valued: BTreeSet<(QName, String)>,
}

impl Plan {
    /// Whether nothing has to be done.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.refused.is_empty()
    }
}

/// Findings that a deploy can be made with: what they warn of is no reason for another path.
const LIVED_WITH: &[&str] = &["lock-pileup", "no-lock-timeout", "new-constraint-old-writes"];

/// Statements that have to wait for a later deploy.
#[derive(Clone, Default, PartialEq, Eq)]
struct Waits {
    /// They failed on the way.
    failing: BTreeSet<usize>,
    /// What a recipe made of them was found fault with, since another part waits.
    found: BTreeSet<usize>,
}

/// How often statements that can't do without a postponed one are postponed too.
const ROUNDS: usize = 6;

/// The path for a pending set.
pub fn plan(request: Request<'_>) -> Plan {
    let first = judged(request.project, request);
    let project = split(request.project, request.set, &first.0);
    let (before, found) = match &project {
        Some(project) => judged(project, request),
        None => first,
    };
    let project = project.unwrap_or_else(|| request.project.clone());
    let mut waits = Waits::default();
    let mut plan = Plan {
        project,
        before,
        parts: Vec::new(),
        refused: Vec::new(),
        texts: Texts::default(),
        path: None,
        valued: BTreeSet::new(),
    };
    for _ in 0..ROUNDS {
        let asked = RefCell::default();
        let (parts, refused) = parts(request, &plan.project, &plan.before, &found, &waits, &asked);
        plan.valued.extend(asked.into_inner());
        plan.parts = parts;
        plan.refused = refused;
        if plan.refused.is_empty()
            && let Some((at, why)) = order::broken(&plan.before, &plan.parts)
        {
            plan.refused.push(refusal(&plan.before.steps[at], "order", why));
        }
        if !plan.refused.is_empty() || plan.parts.is_empty() {
            return plan;
        }
        plan.texts = texts(&plan.before, &plan.parts);
        match check(&plan.project, request, &plan.before, &found, &plan.texts) {
            Ok(path) => {
                plan.path = Some(path);
                return plan;
            }
            Err(broken) => {
                let known = waits.clone();
                for text in &broken.statements {
                    let failing = untouched(&plan.before, &plan.parts, text);
                    // What is found about a change of rows is found in each deploy.
                    let of_rows = failing.is_some_and(|at| order::is_of_rows(&plan.before.steps[at]));
                    if of_rows && broken.refusal.rule != "replay" {
                        continue;
                    }
                    waits.failing.extend(failing);
                    if failing.is_none() && broken.refusal.rule != "replay" {
                        waits.found.extend(maker(&plan.parts, text));
                    }
                }
                if waits == known {
                    plan.refused.push(broken.refusal);
                    return plan;
                }
            }
        }
    }
    plan
}

/// The facts of the set and its findings, weighed.
fn judged(project: &Project, request: Request<'_>) -> (Analysis, Vec<Diagnostic>) {
    let analysis = facts::analyze(project, std::slice::from_ref(request.set), request.options);
    let found = linter::accept(linter::lint(&analysis, project), &analysis, project);
    let found = linter::weigh(found, request.weights);
    (analysis, found)
}

/// Whether a finding asks for another path.
pub(crate) fn asks(finding: &Diagnostic) -> bool {
    let harm = [Group::BreaksOldApp, Group::BreaksNewApp, Group::LosesData, Group::Fails, Group::Blocks];
    harm.contains(&finding.group)
        && finding.severity > Severity::Info
        && finding.accepted.is_none()
        && !LIVED_WITH.contains(&finding.rule)
}

fn parts(
    request: Request<'_>,
    project: &Project,
    analysis: &Analysis,
    found: &[Diagnostic],
    waits: &Waits,
    asked: &RefCell<BTreeSet<(QName, String)>>,
) -> (Vec<Part>, Vec<Refusal>) {
    let (mut parts, mut refused): (Vec<Part>, Vec<Refusal>) = (Vec::new(), Vec::new());
    for (at, step) in analysis.steps.iter().enumerate() {
        if parts.iter().any(|part| part.statements.contains(&at)) {
            continue;
        }
        let about: Vec<&Diagnostic> = found.iter().filter(|finding| is_about(finding, step)).collect();
        let asking: Vec<&Diagnostic> = about.iter().copied().filter(|finding| asks(finding)).collect();
        let follows = waits.failing.contains(&at) || waits.found.contains(&at);
        let bound = follow::bound(&parts, at);
        let Request { values, keep_dropped, .. } = request;
        let site = Site {
            analysis,
            project,
            at,
            step,
            findings: &about,
            parts: &parts,
            values,
            asked,
            keep_dropped,
        };
        let meant = match asking.is_empty() && !follows && bound.is_none() {
            true => Ok(None),
            false => meant(site, &asking, waits, bound),
        };
        // Rows stay in the order in which the migration changes them.
        let part =
            meant.and_then(|part| order::behind(site, part).map_err(|why| refusal(step, "order", why)));
        match part {
            Ok(Some(part)) => add(&mut parts, part),
            Ok(None) => {}
            Err(refusal) => refused.push(refusal),
        }
    }
    parts.sort_by_key(|part| part.statements.first().copied());
    (parts, refused)
}

/// The part of a statement: what a recipe makes of it, moved to where it has to wait. `None` where it stays as it is.
fn meant(
    site: Site<'_>,
    asking: &[&Diagnostic],
    waits: &Waits,
    bound: Option<Followers>,
) -> Result<Option<Part>, Refusal> {
    let Site { at, step, parts, .. } = site;
    let follows = waits.failing.contains(&at) || waits.found.contains(&at);
    let answer = RECIPES.iter().find_map(|recipe| (recipe.make)(site).map(|answer| (recipe.name, answer)));
    // A part that takes a statement which waits waits with it.
    let bound = bound.or_else(|| match &answer {
        Some((_, Ok(part))) => {
            part.statements.iter().filter_map(|at| follow::bound(parts, *at)).max_by_key(|one| one.phase)
        }
        _ => None,
    });
    if let Some(bound) = &bound {
        return match answer {
            Some((recipe, Err(why))) => Err(refusal(step, recipe, why)),
            Some((recipe, Ok(part))) => follow::moved(part, bound)
                .map(Some)
                .ok_or_else(|| refusal(step, recipe, follow::TWICE.to_owned())),
            None => Ok(Some(follow::alone(site, bound))),
        };
    }
    match answer {
        Some((_, Ok(part))) if !follows || postpones(&part) => Ok(Some(part)),
        Some((_, Ok(part))) if waits.found.contains(&at) || follow::is_late(parts) => {
            let bound = follow::late(parts, site.tag());
            let alone = || follow::alone(site, &bound);
            Ok(Some(follow::moved(part, &bound).unwrap_or_else(alone)))
        }
        _ if follows => Ok(Some(follower(site))),
        Some((recipe, Err(why))) => Err(refusal(step, recipe, why)),
        Some((_, Ok(part))) => Ok(Some(part)),
        None => {
            let worst = asking.iter().find(|one| one.severity == Severity::Error);
            worst.map_or(Ok(None), |finding| {
                let why = format!("no recipe is for this ({}): {}", finding.rule, finding.what);
                Err(refusal(step, finding.rule, why))
            })
        }
    }
}

fn add(parts: &mut Vec<Part>, mut part: Part) {
    let beside = std::mem::take(&mut part.beside);
    parts.push(part);
    parts.extend(beside);
}

fn is_about(finding: &Diagnostic, step: &Step) -> bool {
    finding.migration.as_deref() == Some(&step.tag) && finding.statement == Some(step.index)
}

fn refusal(step: &Step, rule: &str, why: String) -> Refusal {
    let text = step.span.of(&step.file.text);
    let what = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Refusal {
        migration: step.tag.clone(),
        statement: Some(step.index),
        rule: rule.to_owned(),
        what: if what.chars().count() > 100 { what.chars().take(99).chain(['…']).collect() } else { what },
        why,
        span: step.span,
    }
}

/// Whether nothing of a part happens in this deploy.
fn postpones(part: &Part) -> bool {
    part.here.is_empty() && part.stages.iter().all(|stage| stage.phase != Phase::Expand(0))
}

/// A statement that can't do without one that waits: it waits too, for the same.
fn follower(site: Site<'_>) -> Part {
    let mut gates: Vec<Gate> = Vec::new();
    let mut outside = false;
    let mut later = false;
    for stage in site.parts.iter().flat_map(|part| &part.stages) {
        match stage.phase {
            Phase::Contract(_) => {
                later = true;
                gates.extend(stage.gates.iter().cloned());
            }
            Phase::Expand(_) => outside |= stage.outside,
        }
    }
    gates.sort();
    gates.dedup();
    let part = site.part("follows", follow::title(site), follow::WHY);
    let sql = vec![site.text().to_owned()];
    match outside && !later {
        true => part.then(Stage::outside(sql)),
        false => part.then(Stage::later(Phase::Contract(1), sql, gates)),
    }
}

/// The statement with this text that no part has taken.
fn untouched(analysis: &Analysis, parts: &[Part], text: &str) -> Option<usize> {
    let taken = |at: usize| {
        parts
            .iter()
            .any(|part| part.statements.contains(&at) && (postpones(part) || part.recipe == "follows"))
    };
    let mut all = analysis.steps.iter().enumerate();
    all.find(|(at, step)| !taken(*at) && step.span.of(&step.file.text) == text).map(|(at, _)| at)
}

/// The statement that a part of this deploy made this text of.
fn maker(parts: &[Part], text: &str) -> Option<usize> {
    let now = |stage: &Stage| stage.phase == Phase::Expand(0) && stage.sql.iter().any(|sql| sql == text);
    let part = parts.iter().find(|part| part.stages.iter().any(now))?;
    part.statements.first().copied()
}

/// A migration with another text.
pub(crate) fn with_text(migration: &drizzle::Migration, text: String) -> drizzle::Migration {
    let chunks = drizzle::split_chunks(&text);
    let file = source::SourceFile::new(migration.file.path.clone(), text);
    drizzle::Migration { file: Arc::clone(&file), chunks, ..migration.clone() }
}
