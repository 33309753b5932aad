//! One database looked at, for what is pending in it. What is pending is worked out once for all databases in which the
//! same is.

use super::check;
use crate::args::{PreflightArguments, Server};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Selected, pending as set_of, unread};
use crate::ledger::standing_of;
use crate::migrate::{Seen, seen_at};
use crate::projects::Target;
use crate::settings_file::Found;
use crate::targets::Place;
use drizzle::Project;
use facts::{Analysis, Options};
use report::{Preflight, PreflightState};
use runner::preflight::{Bounds, Coming};
use runner::standing::{LedgerRows, Standing};
use std::cell::RefCell;
use std::rc::Rc;

/// Everything that looks go by.
pub(super) struct Look<'a> {
    disk: &'a Disk,
    target: &'a Target,
    settings: &'a Found,
    bounds: Bounds,
    known: RefCell<Vec<Rc<Known>>>,
    notes: RefCell<Vec<String>>,
}

/// What is known of a pending set.
struct Known {
    standing: Standing,
    selected: Selected,
    analysis: Analysis,
}

impl<'a> Look<'a> {
    /// Nothing was looked at yet.
    pub(super) fn new(
        disk: &'a Disk,
        wanted: &PreflightArguments,
        target: &'a Target,
        settings: &'a Found,
    ) -> Look<'a> {
        let bounds = Bounds {
            long: wanted.long,
            lag: wanted.max_lag,
            connections: wanted.connections,
            free_disk: wanted.free_disk,
            version: settings.settings.postgres,
        };
        Look { disk, target, settings, bounds, known: RefCell::default(), notes: RefCell::default() }
    }

    /// What of the folder could not be read.
    pub(super) fn notes(self) -> Vec<String> {
        self.notes.into_inner()
    }

    /// Looks at a database.
    ///
    /// Errors: those of connecting, and of a ledger that can't be used.
    pub(super) async fn at(&self, place: &Place) -> Result<Preflight, Error> {
        let project = place.project(&self.target.project);
        let seen = seen_at(place, &self.target.project, "brolly preflight").await?;
        let (coming, pending) = match seen.rows {
            // That it may not be read is one of the things that are found.
            LedgerRows::Forbidden => (Coming::nothing(&project), None),
            _ => self.coming(&project, &seen, place.schema.as_deref())?,
        };
        let found =
            runner::preflight::preflight(&place.server, &place.replicas, &coming, &self.bounds).await?;
        let checks: Vec<_> = found.iter().map(check).collect();
        Ok(Preflight {
            target: place.name.clone(),
            version: 1,
            project: project.dir,
            database: seen.database,
            host: seen.host,
            server: seen.server,
            pending,
            state: checks.iter().map(|check| check.state).max().unwrap_or(PreflightState::Ok),
            checks,
        })
    }

    /// What the pending migrations will do, and which they are.
    fn coming(
        &self,
        project: &Project,
        seen: &Seen,
        schema: Option<&str>,
    ) -> Result<(Coming, Option<Vec<String>>), Error> {
        let standing = standing_of(project, &seen.rows)?;
        if standing.pending.is_empty() {
            return Ok((Coming::nothing(project), Some(Vec::new())));
        }
        let pending = standing.pending.iter().map(|at| project.migrations[*at].tag.clone()).collect();
        let known = self.known(standing, seen.options(Server::default().options(&self.settings.settings)));
        let Known { selected, analysis, .. } = known.as_ref();
        let ordered = Project { ledger: project.ledger.clone(), ..selected.project.clone() };
        let coming = Coming::of(&ordered, analysis, 0);
        Ok((schema.map_or(coming.clone(), |schema| coming.in_schema(schema)), Some(pending)))
    }

    fn known(&self, standing: Standing, options: Options) -> Rc<Known> {
        let is_alike = |one: &&Rc<Known>| {
            let (other, judged_for) = (&one.standing, &one.analysis.options);
            (judged_for.version, &judged_for.time_zone) == (options.version, &options.time_zone)
                && other.pending == standing.pending
                && other.applied == standing.applied
        };
        if let Some(known) = self.known.borrow().iter().find(is_alike) {
            return known.clone();
        }
        // What breaks an app is not asked here, so that no code of it is read.
        let selected = set_of(self.disk, self.target.clone(), &standing, String::new());
        let mut notes = self.notes.borrow_mut();
        for note in unread(&selected).0 {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let analysis = facts::analyze(&selected.project, &selected.sets, &options);
        let known = Rc::new(Known { standing, selected, analysis });
        self.known.borrow_mut().push(known.clone());
        known
    }
}
