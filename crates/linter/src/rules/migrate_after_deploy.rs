//! A migration that runs once the code that needs it serves, or while it begins to, and a schema pushed
//! to production.
//!
//! About the scripts, workflows and images of a repository rather than about a set: [`finding`] puts
//! into words what crate `deploy` has found in them.

use crate::deploys::{self, subject};
use crate::prelude::*;
use deploy::{Kind, Misstep, Scope};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "migrate-after-deploy",
    group: Group::BreaksNewApp,
    severity: Severity::Warning,
    summary: "a script or workflow migrates after or beside the deploy, or runs `drizzle-kit push` against production",
};

/// Nothing by itself: no set knows of scripts and workflows.
pub fn check(_: Context<'_>, _: &mut Vec<Diagnostic>) {}

/// What is told of one.
pub(crate) fn finding(one: &Misstep) -> Diagnostic {
    let what = match one.kind {
        Kind::BesideDeploy => beside(&one.scope),
        Kind::Push => pushed(&one.scope),
        Kind::AfterDeploy | Kind::InEveryPod => late(&one.scope),
    };
    let told = deploys::finding(&META, what, one, "the new version serves from here on");
    match one.kind {
        Kind::Push => told
            .why("push compares schema.ts with the database and applies the difference at once: no migration, no review, and no order that a database elsewhere could follow")
            .why("renames are asked about on a terminal, and without one push stops; --force accepts what loses data without asking")
            .why("Drizzle's ledger hears nothing of it, so the migrations that exist fail on what is there already")
            .fix("Generate migrations (`drizzle-kit generate`), and run `drizzle-kit migrate` here before the new version serves."),
        Kind::BesideDeploy => told
            .why("neither waits for the other: where the deploy is faster, the new app serves on the old schema until the migration ends, and for good if it fails")
            .why("every query that names a new column or table fails meanwhile: 42703, 42P01")
            .fix(advice(&one.scope)),
        Kind::AfterDeploy | Kind::InEveryPod => told
            .why("from the deploy to the end of the migration, and for good if it fails, the new app serves on the old schema")
            .why("every query that names a new column or table fails meanwhile: 42703, 42P01")
            .fix(advice(&one.scope)),
    }
}

fn late(scope: &Scope) -> String {
    match scope {
        Scope::Script { name, hook: Some(hook) } => format!("`{hook}` migrates once `{name}` has deployed"),
        Scope::Script { name, hook: None } => format!("script `{name}` deploys first and migrates then"),
        Scope::Jobs { deploy, migrate } => {
            format!("job `{migrate}` migrates once job `{deploy}` has deployed")
        }
        other => format!("{} deploys first and migrates then", subject(other)),
    }
}

fn beside(scope: &Scope) -> String {
    match scope {
        Scope::Jobs { deploy, migrate } => {
            format!("job `{migrate}` migrates while job `{deploy}` deploys")
        }
        other => format!("{} migrates while it deploys", subject(other)),
    }
}

fn pushed(scope: &Scope) -> String {
    format!("{} pushes the schema without migrations", subject(scope))
}

fn advice(scope: &Scope) -> String {
    let order = match scope {
        Scope::Script { name, hook: Some(_) } => format!("Migrate in `pre{name}`"),
        Scope::Jobs { deploy, migrate } => format!("Let `{deploy}` wait for `{migrate}`"),
        Scope::Job { .. } => "Move the step that migrates before the one that deploys".to_owned(),
        _ => "Migrate before the deploy, joined by `&&`".to_owned(),
    };
    format!(
        "{order}, so that a migration that fails keeps the new version from serving. What only fits the new version, \
such as dropping a column, goes into a migration of the next deploy."
    )
}
