//! The versions of the app that meet a pending set: each is followed on its own, and what breaks
//! several of them is told once.

use crate::ahead;
use crate::analysis::{Options, Step};
use crate::app::App;
use crate::app_code::Cited;
use crate::breaks::{Found, Tracker};
use crate::evidence;
use crate::model::Break;
use crate::objects::Objects;
use crate::unnoticed;
use catalog::{Catalog, Change, QName};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Follows a pending set from commit to commit.
pub(crate) struct Deployed {
    start: Arc<Catalog>,
    old: Vec<Tracker>,
    new_app: Option<Arc<App>>,
    /// Relations whose queries may have changed since the last commit.
    touched: BTreeSet<QName>,
    objects: Objects,
}

impl Deployed {
    pub fn new(
        start: &Arc<Catalog>,
        old_apps: &[Arc<App>],
        new_app: Option<Arc<App>>,
        options: &Options,
    ) -> Deployed {
        let tracker = |app: &Arc<App>| Tracker::new(start, app.clone(), options);
        Deployed {
            start: start.clone(),
            old: old_apps.iter().map(tracker).collect(),
            new_app,
            touched: BTreeSet::new(),
            objects: Objects::of_role(options.app_role.clone()),
        }
    }

    /// Notes which relations of the apps a statement touched.
    pub fn saw(&mut self, step: &Step) {
        for change in &step.changes {
            if let Change::SchemaDropped(schema) = change {
                for tracker in &self.old {
                    let code = tracker.app.code.iter();
                    let named = code.flat_map(|code| code.undeclared_names().cloned());
                    let names = tracker.app.relation_names().into_iter().chain(named);
                    self.touched.extend(names.filter(|name| name.schema == *schema));
                }
            }
            if let Change::RelationRenamed { from, to, .. } = change {
                self.touched.insert(from.clone());
                self.touched.insert(to.clone());
            }
            if let Change::RelationDropped { name, .. } = change {
                self.touched.insert(name.clone());
            }
            if let Some(id) = change.relation() {
                for catalog in [&self.start, &step.before, &step.after] {
                    if let Some(relation) = catalog.relation(id)
                        && !self.touched.contains(&relation.name)
                    {
                        self.touched.insert(relation.name.clone());
                    }
                }
            }
        }
        self.old.iter_mut().for_each(|tracker| tracker.saw(step));
    }

    /// Judges a committed state; `steps` are those of the set so far.
    pub fn committed(&mut self, now: &Catalog, steps: &mut [Step]) {
        let touched = std::mem::take(&mut self.touched);
        for tracker in &mut self.old {
            let found = tracker.committed(&touched, now, steps);
            for found in evidence::weighed(&tracker.app, found) {
                told(found, steps);
            }
        }
        for name in &touched {
            let Some(app) = &self.new_app else { break };
            if let Some(declared) = app.relation(name) {
                ahead::not_there_yet(&self.start, app, name, &declared, now, steps);
            }
        }
        self.objects.committed(&self.start, now, steps);
        let apps: Vec<&Arc<App>> = self.old.iter().map(|tracker| &tracker.app).collect();
        unnoticed::note(&self.start, now, &touched, &apps, steps);
    }
}

/// Adds a break to the facts of its step, or to what another version was told to break by.
fn told(found: Found, steps: &mut [Step]) {
    let Some(step) = steps.get_mut(found.at) else { return };
    let one = found.one;
    let alike = |other: &&mut Break| {
        other.relation == one.relation
            && other.column == one.column
            && other.operation == one.operation
            && other.sqlstate == one.sqlstate
    };
    let facts = &mut step.facts;
    let sure = facts.breaks_old_app.iter_mut().find(alike);
    match (sure, found.sure) {
        (Some(other), true) => together(other, one),
        // What breaks one version for sure is told by that.
        (Some(other), false) if !one.versions.is_empty() && other.cause == one.cause => {}
        (_, true) => {
            let weaker = |other: &Break| {
                !other.versions.is_empty()
                    && (&other.relation, &other.column, other.cause)
                        == (&one.relation, &one.column, one.cause)
                    && (other.operation == one.operation || other.uses.is_empty())
            };
            facts.may_break_old_app.retain(|other| !weaker(other));
            facts.breaks_old_app.push(one);
        }
        (_, false) => {
            let same =
                |other: &&mut Break| alike(other) && other.cause == one.cause && !other.versions.is_empty();
            match facts.may_break_old_app.iter_mut().find(same) {
                Some(other) => together(other, one),
                None => facts.may_break_old_app.push(one),
            }
        }
    }
}

fn together(other: &mut Break, one: Break) {
    let fresh: Vec<_> = one.versions.into_iter().filter(|v| !other.versions.contains(v)).collect();
    other.versions.extend(fresh);
    other.uses.extend(one.uses);
    Cited::in_order(&mut other.uses);
}
