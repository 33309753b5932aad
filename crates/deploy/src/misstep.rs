//! Where a migration comes too late, and where a schema is pushed to production.
//!
//! Says nothing where order is not certain: jobs that don't wait for each other, branches of one
//! `if`, environments with different names. A migration before the deploy settles the matter,
//! whatever follows it.

use crate::names;
use crate::pipeline::{Doing, Job, Pipeline, Step};
use crate::scripts::{Deed, Event, Manifest, Text, events, hook_at, script_events};
use crate::shell::excludes;
use source::{SourceFile, Span};
use std::collections::HashSet;
use std::sync::Arc;

/// One thing that is done in the wrong order, or in the wrong place.
#[derive(Clone, Debug)]
pub struct Misstep {
    /// What is wrong.
    pub kind: Kind,
    /// The command that migrates or pushes, in the file that is judged.
    pub at: Place,
    /// The same in the script that it calls, where that is another place.
    pub inner: Option<Place>,
    /// The command that deploys before it.
    pub deploy: Option<Place>,
    /// The text that it is part of.
    pub scope: Scope,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The migration follows the deploy.
    AfterDeploy,
    /// `drizzle-kit push` where production is meant.
    Push,
}

/// A command and where it stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The command in it.
    pub span: Span,
    /// The command, shortened.
    pub text: String,
}

/// Where it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a script, or in the hook of one.
    Script {
        /// The script that is run.
        name: String,
        /// The script that is run with it: `postdeploy`.
        hook: Option<String>,
    },
    /// In one job.
    Job {
        /// Its id.
        name: String,
    },
    /// In a job that waits for another.
    Jobs {
        /// The job that deploys.
        deploy: String,
        /// The job that migrates.
        migrate: String,
    },
}

/// All of them, by file and place.
pub fn missteps(manifests: &[Manifest], pipelines: &[Pipeline]) -> Vec<Misstep> {
    let mut found = Vec::new();
    for at in 0..manifests.len() {
        of_manifest(manifests, at, &mut found);
    }
    for pipeline in pipelines {
        of_pipeline(manifests, pipelines, pipeline, &mut found);
    }
    // A push is said once, where it is written if that is one of the places.
    found.sort_by_key(|one| one.kind == Kind::Push && one.inner.is_some());
    let mut said = HashSet::new();
    let key = |place: &Place| (place.file.path.clone(), place.span);
    found.retain(|one| match one.kind {
        Kind::Push => said.insert((key(one.inner.as_ref().unwrap_or(&one.at)), None)),
        Kind::AfterDeploy => said.insert((key(&one.at), one.deploy.as_ref().map(key))),
    });
    found.sort_by_key(|one| key(&one.at));
    found
}

fn of_manifest(manifests: &[Manifest], at: usize, found: &mut Vec<Misstep>) {
    let manifest = &manifests[at];
    for name in manifest.scripts.keys() {
        let base = ["pre", "post"].into_iter().find_map(|side| name.strip_prefix(side));
        if names::is_aside(name) || base.is_some_and(|base| manifest.scripts.contains_key(base)) {
            continue;
        }
        let events = script_events(manifests, at, name);
        let scope =
            |event: &Event| Scope::Script { name: name.clone(), hook: hook_at(manifest, name, &event.top) };
        if let Some((deploy, migrate)) = misordered(&events) {
            found.push(after(deploy, migrate, scope(migrate)));
        }
        if names::is_production_script(name) {
            found.extend(pushes(&events).map(|event| push(event, scope(event))));
        }
    }
}

/// The deploy and the migration that follows it, where none comes before.
fn misordered(events: &[Event]) -> Option<(&Event, &Event)> {
    let first = events.iter().position(|event| event.deed == Deed::Deploy)?;
    let deploy = &events[first];
    let goes_with = |event: &&Event| event.deed == Deed::Migrate && !excludes(&event.arms, &deploy.arms);
    if events[..first].iter().any(|event| goes_with(&event)) {
        return None;
    }
    let migrate = events[first..].iter().find(goes_with)?;
    let same = migrate.call.is_some() && migrate.call == deploy.call;
    (!same).then_some((deploy, migrate))
}

/// Pushes that depend on no condition.
fn pushes(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|event| event.deed == Deed::Push && event.arms.is_empty())
}

fn after(deploy: &Event, migrate: &Event, scope: Scope) -> Misstep {
    Misstep { deploy: Some(deploy.top.clone()), ..misstep(Kind::AfterDeploy, migrate, scope) }
}

fn push(event: &Event, scope: Scope) -> Misstep {
    misstep(Kind::Push, event, scope)
}

fn misstep(kind: Kind, event: &Event, scope: Scope) -> Misstep {
    let elsewhere = event.leaf.span != event.top.span || event.leaf.file.path != event.top.file.path;
    Misstep { kind, at: event.top.clone(), inner: elsewhere.then(|| event.leaf.clone()), deploy: None, scope }
}

fn of_pipeline(manifests: &[Manifest], all: &[Pipeline], pipeline: &Pipeline, found: &mut Vec<Misstep>) {
    if is_aside(pipeline) {
        return;
    }
    let jobs: Vec<Vec<Event>> =
        pipeline.jobs.iter().map(|job| of_job(manifests, all, pipeline, job, 3)).collect();
    for (job, events) in pipeline.jobs.iter().zip(&jobs) {
        let scope = || Scope::Job { name: job.id.clone() };
        if let Some((deploy, migrate)) = misordered(events) {
            found.push(after(deploy, migrate, scope()));
        }
        let whole = format!("{} {}", pipeline.name, job.name);
        let meant = [whole.as_str(), pipeline.branches.as_str()].into_iter().any(names::is_production)
            || job.env.iter().any(|value| names::is_production(value));
        if meant && names::environment(&job.name) != Some("staging") {
            found.extend(pushes(events).map(|event| push(event, scope())));
        }
    }
    for (late, events) in jobs.iter().enumerate() {
        let Some(migrate) = events.iter().find(|event| event.deed == Deed::Migrate) else { continue };
        let before: Vec<usize> = (0..jobs.len()).filter(|job| pipeline.precedes(*job, late)).collect();
        let migrates = |job: &usize| jobs[*job].iter().any(|event| event.deed == Deed::Migrate);
        if before.iter().any(migrates) {
            continue;
        }
        let same_place = |job: &usize| {
            let (one, other) = (&pipeline.jobs[*job].name, &pipeline.jobs[late].name);
            match (names::environment(one), names::environment(other)) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            }
        };
        let deploy = before.iter().filter(|job| same_place(job)).find_map(|job| {
            let deploy = jobs[*job].iter().find(|event| event.deed == Deed::Deploy)?;
            Some((*job, deploy))
        });
        if let Some((job, deploy)) = deploy {
            let scope = Scope::Jobs {
                deploy: pipeline.jobs[job].id.clone(),
                migrate: pipeline.jobs[late].id.clone(),
            };
            found.push(after(deploy, migrate, scope));
        }
    }
}

fn is_aside(pipeline: &Pipeline) -> bool {
    let words = names::words(&pipeline.name);
    pipeline.aside || words.iter().any(|word| matches!(word.as_str(), "preview" | "previews" | "e2e" | "pr"))
}

/// What a job does, in order. Tests, previews and databases of the job's own are left out.
fn of_job(
    manifests: &[Manifest],
    all: &[Pipeline],
    pipeline: &Pipeline,
    job: &Job,
    depth: usize,
) -> Vec<Event> {
    if job.aside || names::is_aside(&job.name) {
        return Vec::new();
    }
    let mut found: Vec<Event> = match &job.calls {
        Some(calls) => called(manifests, all, &pipeline.file, calls, depth),
        None => {
            let steps = job.steps.iter().enumerate();
            steps.flat_map(|(n, step)| of_step(manifests, pipeline, step, n)).collect()
        }
    };
    if job.own_database || job.env.iter().any(|value| is_local(value)) {
        found.retain(|event| event.deed == Deed::Deploy);
    }
    if names::is_beside(&job.name) {
        found.retain(|event| event.deed != Deed::Deploy);
    }
    found
}

/// What a workflow does that a job stands for. Within it, it is judged by itself.
fn called(
    manifests: &[Manifest],
    all: &[Pipeline],
    file: &Arc<SourceFile>,
    calls: &Text,
    depth: usize,
) -> Vec<Event> {
    let name = calls.text.rsplit('/').next().unwrap_or_default();
    let is_it =
        |other: &&Pipeline| calls.text.starts_with("./") && other.file.path.rsplit('/').next() == Some(name);
    let (Some(depth), Some(other)) = (depth.checked_sub(1), all.iter().find(is_it)) else {
        return Vec::new();
    };
    let top = Place { file: file.clone(), span: calls.span, text: calls.text.clone() };
    let jobs = other.jobs.iter().flat_map(|job| of_job(manifests, all, other, job, depth));
    // A push of another file is said there.
    let jobs = jobs.filter(|event| event.deed != Deed::Push);
    jobs.map(|event| Event { top: top.clone(), call: Some(0), ..event }).collect()
}

fn of_step(manifests: &[Manifest], pipeline: &Pipeline, step: &Step, number: usize) -> Vec<Event> {
    if step.aside || names::is_aside(&step.name) {
        return Vec::new();
    }
    let file = &pipeline.file;
    let mut found = match &step.doing {
        // Calls and branches of different steps are different ones.
        Doing::Commands { text, far } => events(manifests, file, text, *far, (number + 1) << 12),
        Doing::Deploys(text) => {
            let place = Place { file: file.clone(), span: text.span, text: text.text.clone() };
            vec![Event::new(Deed::Deploy, place)]
        }
        Doing::Other => Vec::new(),
    };
    for event in &mut found {
        event.call = event.call.map(|call| call + ((number + 1) << 16));
    }
    let does = |deed: Deed| found.iter().any(|event| event.deed == deed);
    let commands = matches!(step.doing, Doing::Commands { .. });
    if commands && names::is_migrate_step(&step.name) && !does(Deed::Migrate) && !does(Deed::Push) {
        // In a way of its own, by a container or over an API: its name says it.
        let place = Place { file: file.clone(), span: step.span, text: step.name.clone() };
        return vec![Event::new(Deed::Migrate, place)];
    }
    if step.env.iter().any(|value| is_local(value)) {
        found.retain(|event| event.deed == Deed::Deploy);
    }
    if names::is_beside(&step.name) {
        found.retain(|event| event.deed != Deed::Deploy);
    }
    found
}

/// Whether a value names a database of the machine that the job runs on.
fn is_local(value: &str) -> bool {
    value.contains("://")
        && ["@localhost", "@127.0.0.1", "@postgres:", "//localhost"].iter().any(|host| value.contains(host))
}
