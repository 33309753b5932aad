//! Where a migration comes too late or beside the deploy, where it runs in every pod, and where a
//! schema is pushed to production.
//!
//! Says nothing where order is not certain: branches of one `if`, environments with different names,
//! jobs under different conditions. A migration before the deploy settles the matter, whatever
//! follows it.

use crate::names;
use crate::order::of_pipelines;
use crate::repository::Repository;
use crate::scripts::Manifest;
use crate::shell::excludes;
use crate::start;
use crate::station::{Host, Moment};
use crate::walk::{Deed, Event, script_events};
use source::{SourceFile, Span};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

/// One thing that is done in the wrong order, or in the wrong place.
#[derive(Clone, Debug)]
pub struct Misstep {
    /// What is wrong.
    pub kind: Kind,
    /// The command that migrates or pushes, in the file that is judged.
    pub at: Place,
    /// The commands that it leads to in the scripts that it calls, down to the one that does it.
    pub via: Vec<Place>,
    /// The command that deploys or serves.
    pub other: Option<Place>,
    /// The text that it is part of.
    pub scope: Scope,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The migration follows the deploy.
    AfterDeploy,
    /// The migration runs while the deploy does.
    BesideDeploy,
    /// The migration runs wherever the app starts, and nothing keeps two of them apart.
    InEveryPod,
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
    /// In a job that waits for another, or that does not.
    Jobs {
        /// The job that deploys.
        deploy: String,
        /// The job that migrates.
        migrate: String,
    },
    /// In what is run outside of jobs.
    Station {
        /// What runs it.
        host: Host,
        /// When.
        moment: Moment,
    },
    /// In the code of the app.
    Code,
}

/// All of them, by file and place. `project` is the folder of the Drizzle project.
pub fn missteps(repository: &Repository, project: &str) -> Vec<Misstep> {
    let mut found = Vec::new();
    let manifests = repository.around(&["", project]);
    for at in 0..manifests.len() {
        of_manifest(repository, &manifests, at, &mut found);
    }
    of_pipelines(repository, &manifests, &mut found);
    start::of_stations(repository, project, &mut found);
    start::of_scripts(repository, &manifests, &mut found);
    start::of_code(repository, &mut found);
    once(found)
}

/// Each said once. A push is said where it is written if that is one of the places; a migrator in
/// every pod is said from where the longest way leads to it.
fn once(mut found: Vec<Misstep>) -> Vec<Misstep> {
    found.sort_by_key(|one| match one.kind {
        Kind::Push => one.via.len(),
        Kind::InEveryPod => usize::MAX - one.via.len(),
        Kind::AfterDeploy | Kind::BesideDeploy => 0,
    });
    let key = |place: &Place| (place.file.path.clone(), place.span);
    let mut said = HashSet::new();
    let mut passed = HashSet::new();
    found.retain(|one| match one.kind {
        Kind::Push => said.insert((key(one.via.last().unwrap_or(&one.at)), None)),
        Kind::InEveryPod => {
            let is_new = !passed.contains(&key(&one.at));
            passed.extend(one.via.iter().chain([&one.at]).map(key));
            is_new
        }
        Kind::AfterDeploy | Kind::BesideDeploy => said.insert((key(&one.at), one.other.as_ref().map(key))),
    });
    found.sort_by_key(|one| key(&one.at));
    found
}

fn of_manifest(repository: &Repository, manifests: &[Rc<Manifest>], at: usize, found: &mut Vec<Misstep>) {
    let manifest = &manifests[at];
    for name in manifest.scripts.keys() {
        let base = ["pre", "post"].into_iter().find_map(|side| name.strip_prefix(side));
        if names::is_aside(name) || base.is_some_and(|base| manifest.scripts.contains_key(base)) {
            continue;
        }
        let events = script_events(repository.world(manifests), at, name, false);
        let scope =
            |event: &Event| Scope::Script { name: name.clone(), hook: hook_at(manifest, name, event.top()) };
        if let Some((deploy, migrate)) = misordered(&events) {
            found.push(pair(Kind::AfterDeploy, deploy, migrate, scope(migrate)));
        }
        if names::is_production_script(name) {
            found.extend(pushes(&events).map(|event| push(event, scope(event))));
        }
    }
}

/// The hook of a script that a place lies in.
fn hook_at(manifest: &Manifest, script: &str, at: &Place) -> Option<String> {
    let mut hooks = ["pre", "post"].into_iter().map(|side| format!("{side}{script}"));
    hooks.find(|name| {
        let text = manifest.scripts.get(name);
        text.is_some_and(|text| text.span.start <= at.span.start && at.span.end <= text.span.end)
    })
}

/// The deploy and the migration that follows it, where none comes before.
pub(crate) fn misordered(events: &[Event]) -> Option<(&Event, &Event)> {
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
pub(crate) fn pushes(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|event| event.deed == Deed::Push && event.arms.is_empty())
}

/// A migration and the deploy that it is wrong beside: said from where their ways part.
pub(crate) fn pair(kind: Kind, deploy: &Event, migrate: &Event, scope: Scope) -> Misstep {
    let is_same =
        |(one, other): &(&Place, &Place)| one.span == other.span && one.file.path == other.file.path;
    let most = deploy.trail.len().min(migrate.trail.len()) - 1;
    let common = deploy.trail.iter().zip(&migrate.trail).take(most).take_while(is_same).count();
    let (at, other) = (migrate.trail[common].clone(), Some(deploy.trail[common].clone()));
    Misstep { kind, at, via: migrate.trail[common + 1..].to_vec(), other, scope }
}

pub(crate) fn push(event: &Event, scope: Scope) -> Misstep {
    Misstep { kind: Kind::Push, at: event.top().clone(), via: event.trail[1..].to_vec(), other: None, scope }
}
