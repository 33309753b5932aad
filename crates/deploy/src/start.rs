//! What is run wherever the app starts, and at other moments outside of jobs: a migrator that starts
//! in every pod, and a push.
//!
//! Says nothing where the migrator may hold a lock, where something may switch it off, and where one
//! container runs alone.

use crate::act::Means;
use crate::migrator::is_postgres;
use crate::misstep::{Kind, Misstep, Scope, pushes};
use crate::names;
use crate::repository::Repository;
use crate::scripts::Manifest;
use crate::shell::excludes;
use crate::station::{Host, Moment, Said, Station};
use crate::walk::{Deed, Event, Ground, World, events, script_events, words_events};
use std::rc::Rc;

/// What is wrong with what runs outside of jobs. `project` is the folder of the Drizzle project.
pub(crate) fn of_stations(repository: &Repository, project: &str, found: &mut Vec<Misstep>) {
    for station in &repository.stations {
        let manifests = repository.around(&[&station.folder, "", project]);
        let events = events_of(repository.strict_world(&manifests), station);
        if events.iter().any(|event| event.deed == Deed::Develop) {
            continue;
        }
        let scope = || Scope::Station { host: station.host.clone(), moment: station.moment };
        let pushed = pushes(&events).filter(|event| is_postgres(&*repository.files, &event.folder));
        found.extend(pushed.map(|event| misstep(Kind::Push, event, None, scope())));
        if station.moment == Moment::Start {
            let alone = matches!(station.host, Host::InitContainer { .. });
            found.extend(
                in_every_pod(repository, &events, alone)
                    .map(|(migrate, serve)| misstep(Kind::InEveryPod, migrate, serve, scope())),
            );
        }
    }
}

/// Scripts that start the app, and migrate before they do.
pub(crate) fn of_scripts(repository: &Repository, manifests: &[Rc<Manifest>], found: &mut Vec<Misstep>) {
    for (at, manifest) in manifests.iter().enumerate() {
        for name in manifest.scripts.keys().filter(|name| names::is_start(name)) {
            let events = script_events(repository.world(manifests), at, name, true);
            let scope = || Scope::Script { name: name.clone(), hook: None };
            found.extend(
                in_every_pod(repository, &events, false)
                    .map(|(migrate, serve)| misstep(Kind::InEveryPod, migrate, serve, scope())),
            );
        }
    }
}

/// Servers whose own code migrates when they start.
pub(crate) fn of_code(repository: &Repository, found: &mut Vec<Misstep>) {
    for startup in repository.startups() {
        let Some((at, via)) = startup.calls.split_first() else { continue };
        let (at, via, other) = (at.clone(), via.to_vec(), Some(startup.serves.clone()));
        found.push(Misstep { kind: Kind::InEveryPod, at, via, other, scope: Scope::Code });
    }
}

fn misstep(kind: Kind, event: &Event, serve: Option<&Event>, scope: Scope) -> Misstep {
    let other = serve.and_then(|serve| serve.trail.last().cloned());
    Misstep { kind, at: event.top().clone(), via: event.trail[1..].to_vec(), other, scope }
}

fn events_of(world: World<'_>, station: &Station) -> Vec<Event> {
    let serving = station.moment == Moment::Start;
    let ground = Ground { far: false, serving, folder: station.folder.clone() };
    let mut found = Vec::new();
    for (index, said) in station.said.iter().enumerate() {
        found.extend(match said {
            Said::Shell(text) => events(world, &station.file, text, &ground, (index + 1) << 12),
            Said::Words(words, span) => words_events(world, &station.file, words, *span, &ground),
        });
    }
    found
}

/// The migrator that surely holds no lock, and what serves behind it. `alone`: nothing has to serve.
fn in_every_pod<'e>(
    repository: &Repository,
    events: &'e [Event],
    alone: bool,
) -> Option<(&'e Event, Option<&'e Event>)> {
    let is_sure = |event: &&Event| {
        event.deed == Deed::Migrate
            && event.arms.is_empty()
            && match &event.means {
                Means::Kit => is_postgres(&*repository.files, &event.folder),
                Means::File(program) => repository.migrators().run_without_lock(program, &event.folder),
                Means::Name => false,
            }
    };
    let first = events.iter().position(|event| is_sure(&event))?;
    let migrate = &events[first];
    let serves = |event: &&Event| event.deed == Deed::Serve && !excludes(&event.arms, &migrate.arms);
    let serve = events[first..].iter().find(serves);
    (alone || serve.is_some()).then_some((migrate, serve))
}
