//! A migrator that starts wherever the app does, with nothing that keeps two of them apart.
//!
//! About the images, scripts and modules of a repository rather than about a set: [`finding`] puts
//! into words what crate `deploy` has found in them.

use crate::deploys;
use crate::prelude::*;
use deploy::{Host, Misstep, Scope};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "migrate-in-every-pod",
    group: Group::Fails,
    severity: Severity::Warning,
    summary: "the migrator runs in every instance that starts, and takes no lock that lets one of them wait for another",
};

/// Nothing by itself: no set knows of images and scripts.
pub fn check(_: Context<'_>, _: &mut Vec<Diagnostic>) {}

/// What is told of one.
pub(crate) fn finding(one: &Misstep) -> Diagnostic {
    let what = match &one.scope {
        Scope::Station { host: Host::InitContainer { .. }, .. } => {
            format!("{} migrates in every pod", deploys::subject(&one.scope))
        }
        Scope::Station { host: Host::Image, .. } => {
            "every container of the image migrates before it serves".to_owned()
        }
        scope => format!("{} migrates wherever it starts", deploys::subject(scope)),
    };
    deploys::finding(&META, what, one, "and serves then")
        .why("Drizzle's migrator takes no lock: instances that start together read the same ledger, and each runs all that is pending")
        .why("what makes or drops something fails in all but one of them (42701, 42703, 42P07, 23505); UPDATE and INSERT run once in each, and so does what says IF NOT EXISTS")
        .why("an instance that is scaled up or restarted migrates too, at a time that nobody chose, and with the rights to change the schema")
        .fix(
            "Migrate once for each release, before the first new instance starts: a job in the pipeline that the deploy waits for, \
a release command (Fly, Heroku, Render, Railway), a Job of Kubernetes. Where it has to stay in the start, hold a lock around it: \
`SELECT pg_advisory_lock(..)` on a connection of its own before migrate(), `pg_advisory_unlock` after it.",
        )
}
