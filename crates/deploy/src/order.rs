//! In which order the jobs of workflows deploy and migrate.

use crate::misstep::{Kind, Misstep, Place, Scope, misordered, pair, push, pushes};
use crate::names;
use crate::pipeline::{Doing, Job, Pipeline, Step};
use crate::repository::Repository;
use crate::scripts::{Manifest, Text};
use crate::walk::{Deed, Event, Ground, World, events};
use source::SourceFile;
use std::rc::Rc;
use std::sync::Arc;

/// What is wrong with the order of jobs. `manifests` have the scripts that are meant.
pub(crate) fn of_pipelines(repository: &Repository, manifests: &[Rc<Manifest>], found: &mut Vec<Misstep>) {
    let world = repository.world(manifests);
    let all = &repository.pipelines;
    let played = |pipeline| Played {
        pipeline,
        jobs: pipeline.jobs.iter().map(|job| of_job(world, all, pipeline, job, 3)).collect(),
    };
    let played: Vec<Played<'_>> = all.iter().filter(|pipeline| !is_aside(pipeline)).map(played).collect();
    for one in &played {
        within_jobs(one, found);
        for late in 0..one.jobs.len() {
            found.extend(after(one, late).or_else(|| beside(one, late)));
        }
    }
    for (one, other) in pairs(&played) {
        found.extend(beside_other(one, other));
    }
}

/// A workflow and what each of its jobs does.
struct Played<'p> {
    pipeline: &'p Pipeline,
    jobs: Vec<Vec<Event>>,
}

impl Played<'_> {
    fn does(&self, job: usize, deed: Deed) -> Option<&Event> {
        self.jobs[job].iter().find(|event| event.deed == deed)
    }

    /// The deploy of a job that has not migrated before.
    fn deploys_first(&self, job: usize) -> Option<&Event> {
        let first = self.jobs[job].iter().find(|event| matches!(event.deed, Deed::Deploy | Deed::Migrate))?;
        (first.deed == Deed::Deploy).then_some(first)
    }

    fn before(&self, job: usize) -> Vec<usize> {
        (0..self.jobs.len()).filter(|other| self.pipeline.precedes(*other, job)).collect()
    }

    /// Whether the database is migrated before a job begins.
    fn is_settled(&self, job: usize) -> bool {
        self.before(job).into_iter().any(|before| self.does(before, Deed::Migrate).is_some())
    }

    fn job(&self, job: usize) -> &Job {
        &self.pipeline.jobs[job]
    }
}

fn pairs<'a, 'p>(all: &'a [Played<'p>]) -> impl Iterator<Item = (&'a Played<'p>, &'a Played<'p>)> {
    let other = move |one: &'a Played<'p>| {
        all.iter().filter(move |other| !std::ptr::eq(*other, one)).map(move |other| (one, other))
    };
    all.iter().flat_map(other)
}

fn within_jobs(one: &Played<'_>, found: &mut Vec<Misstep>) {
    for (job, events) in one.pipeline.jobs.iter().zip(&one.jobs) {
        let scope = || Scope::Job { name: job.id.clone() };
        if let Some((deploy, migrate)) = misordered(events) {
            found.push(pair(Kind::AfterDeploy, deploy, migrate, scope()));
        }
        let whole = format!("{} {}", one.pipeline.name, job.name);
        let meant = [whole.as_str(), one.pipeline.branches.as_str()].into_iter().any(names::is_production)
            || job.env.iter().any(|value| names::is_production(value));
        if meant && names::environment(&job.name) != Some("staging") {
            found.extend(pushes(events).map(|event| push(event, scope())));
        }
    }
}

/// A job that migrates once another has deployed.
fn after(one: &Played<'_>, late: usize) -> Option<Misstep> {
    let migrate = one.does(late, Deed::Migrate)?;
    if one.is_settled(late) {
        return None;
    }
    let before = one.before(late).into_iter().filter(|job| is_same_place(one.job(*job), one.job(late)));
    let (job, deploy) = before.into_iter().find_map(|job| Some((job, one.does(job, Deed::Deploy)?)))?;
    Some(pair(Kind::AfterDeploy, deploy, migrate, scope(one.job(job), one.job(late))))
}

/// A job that migrates and does nothing else, while another deploys that does not wait for it.
fn beside(one: &Played<'_>, migrates: usize) -> Option<Misstep> {
    let migrate = one.does(migrates, Deed::Migrate)?;
    if one.does(migrates, Deed::Deploy).is_some() || one.is_settled(migrates) {
        return None;
    }
    let together = |job: &usize| {
        *job != migrates
            && !one.pipeline.precedes(migrates, *job)
            && !one.is_settled(*job)
            && is_same_place(one.job(*job), one.job(migrates))
            && run_together(one.job(*job), one.job(migrates))
    };
    // Where one deploy waits for the migration, those that don't have no need of it.
    let waits = |job: usize| one.pipeline.precedes(migrates, job) && one.does(job, Deed::Deploy).is_some();
    if (0..one.jobs.len()).any(waits) {
        return None;
    }
    let (job, deploy) =
        (0..one.jobs.len()).filter(together).find_map(|job| Some((job, one.deploys_first(job)?)))?;
    Some(pair(Kind::BesideDeploy, deploy, migrate, scope(one.job(job), one.job(migrates))))
}

/// A workflow that migrates, and another that deploys, both started by a push to the same branch:
/// nothing orders them.
fn beside_other(one: &Played<'_>, other: &Played<'_>) -> Option<Misstep> {
    let branch = one.pipeline.pushed.iter().find(|branch| other.pipeline.pushed.contains(branch))?;
    let any =
        |played: &Played<'_>, deed: Deed| (0..played.jobs.len()).any(|job| played.does(job, deed).is_some());
    let unsure = one.pipeline.filtered && other.pipeline.filtered || branch.contains(['*', '$']);
    let beside = names::is_beside(&one.pipeline.name) || names::is_beside(&other.pipeline.name);
    if unsure || beside || any(one, Deed::Deploy) || any(other, Deed::Migrate) || any(other, Deed::Push) {
        return None;
    }
    let of = |played: &Played<'_>, deed: Deed| {
        (0..played.jobs.len()).find(|job| played.does(*job, deed).is_some())
    };
    let (migrates, deploys) = (of(one, Deed::Migrate)?, of(other, Deed::Deploy)?);
    let (migrating, deploying) = (one.job(migrates), other.job(deploys));
    if !is_same_place(deploying, migrating) || !run_together(deploying, migrating) {
        return None;
    }
    let (migrate, deploy) = (one.does(migrates, Deed::Migrate)?, other.does(deploys, Deed::Deploy)?);
    Some(pair(Kind::BesideDeploy, deploy, migrate, scope(deploying, migrating)))
}

fn scope(deploy: &Job, migrate: &Job) -> Scope {
    Scope::Jobs { deploy: deploy.id.clone(), migrate: migrate.id.clone() }
}

fn is_same_place(one: &Job, other: &Job) -> bool {
    match (names::environment(&one.name), names::environment(&other.name)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// Whether two jobs surely run in the same run: under the same condition, or under none that asks
/// what the run is about.
fn run_together(one: &Job, other: &Job) -> bool {
    const ASKS: &[&str] =
        &["inputs", "event", "outputs", "contains", "startsWith", "matrix", "manual", "vars"];
    let plain = |job: &Job| !ASKS.iter().any(|word| job.condition.contains(word));
    one.condition == other.condition || plain(one) && plain(other)
}

fn is_aside(pipeline: &Pipeline) -> bool {
    let words = names::words(&pipeline.name);
    pipeline.aside || words.iter().any(|word| matches!(word.as_str(), "preview" | "previews" | "e2e" | "pr"))
}

/// What a job does, in order. Tests, previews and databases of the job's own are left out.
fn of_job(world: World<'_>, all: &[Pipeline], pipeline: &Pipeline, job: &Job, depth: usize) -> Vec<Event> {
    if job.aside || names::is_aside(&job.name) {
        return Vec::new();
    }
    let mut found: Vec<Event> = match &job.calls {
        Some(calls) => called(world, all, &pipeline.file, calls, depth),
        None => {
            let steps = job.steps.iter().enumerate();
            steps.flat_map(|(n, step)| of_step(world, pipeline, step, n)).collect()
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
    world: World<'_>,
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
    let jobs = other.jobs.iter().flat_map(|job| of_job(world, all, other, job, depth));
    // A push of another file is said there.
    let jobs = jobs.filter(|event| event.deed != Deed::Push);
    let jobs = jobs.map(|mut event| {
        event.trail.insert(0, top.clone());
        Event { call: Some(0), ..event }
    });
    jobs.collect()
}

fn of_step(world: World<'_>, pipeline: &Pipeline, step: &Step, number: usize) -> Vec<Event> {
    if step.aside || names::is_aside(&step.name) {
        return Vec::new();
    }
    let file = &pipeline.file;
    let mut found = match &step.doing {
        // Calls and branches of different steps are different ones.
        Doing::Commands { text, far } => {
            events(world, file, text, &Ground { far: *far, ..Ground::default() }, (number + 1) << 12)
        }
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
