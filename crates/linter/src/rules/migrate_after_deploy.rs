//! A migration that runs once the code that needs it serves, and a schema pushed to production.
//!
//! About the scripts and workflows of a repository rather than about a set: [`findings`] puts into
//! words what crate `deploy` has found in them.

use crate::prelude::*;
use deploy::{Kind, Misstep, Place, Scope};
use source::{Evidence, Label, Remedy};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "migrate-after-deploy",
    group: Group::BreaksNewApp,
    severity: Severity::Warning,
    summary: "a script or workflow migrates after the deploy, or runs `drizzle-kit push` against production",
};

/// Nothing by itself: no set knows of scripts and workflows.
pub fn check(_: Context<'_>, _: &mut Vec<Diagnostic>) {}

/// One finding for each.
pub fn findings(missteps: &[Misstep]) -> Vec<Diagnostic> {
    missteps.iter().map(finding).collect()
}

fn finding(one: &Misstep) -> Diagnostic {
    let told = Diagnostic {
        rule: META.name,
        group: META.group,
        severity: META.severity,
        what: match one.kind {
            Kind::AfterDeploy => late(&one.scope),
            Kind::Push => pushed(&one.scope),
        },
        why: Vec::new(),
        remedy: Remedy::default(),
        evidence: Evidence::Predicted,
        primary: label(&one.at, ""),
        secondary: Vec::new(),
        migration: None,
        statement: None,
        relation: None,
        accepted: None,
    };
    let mut told = match one.kind {
        Kind::AfterDeploy => told
            .why("from the deploy to the end of the migration, and for good if it fails, the new app serves on the old schema")
            .why("every query that names a new column or table fails meanwhile: 42703, 42P01")
            .fix(advice(&one.scope)),
        Kind::Push => told
            .why("push compares schema.ts with the database and applies the difference at once: no migration, no review, and no order that a database elsewhere could follow")
            .why("renames are asked about on a terminal, and without one push stops; --force accepts what loses data without asking")
            .why("Drizzle's ledger hears nothing of it, so the migrations that exist fail on what is there already")
            .fix("Generate migrations (`drizzle-kit generate`), and run `drizzle-kit migrate` here before the new version serves."),
    };
    if let Some(deploy) = &one.deploy {
        told.secondary.push(label(deploy, "the new version serves from here on"));
    }
    if let Some(inner) = &one.inner {
        told.secondary.push(label(inner, "which runs this"));
    }
    told
}

fn late(scope: &Scope) -> String {
    match scope {
        Scope::Script { name, hook: Some(hook) } => format!("`{hook}` migrates once `{name}` has deployed"),
        Scope::Script { name, hook: None } => format!("script `{name}` deploys first and migrates then"),
        Scope::Job { name } => format!("job `{name}` deploys first and migrates then"),
        Scope::Jobs { deploy, migrate } => {
            format!("job `{migrate}` migrates once job `{deploy}` has deployed")
        }
    }
}

fn pushed(scope: &Scope) -> String {
    match scope {
        Scope::Script { name, hook } => {
            format!("script `{}` pushes the schema without migrations", hook.as_ref().unwrap_or(name))
        }
        Scope::Job { name } | Scope::Jobs { migrate: name, .. } => {
            format!("job `{name}` pushes the schema without migrations")
        }
    }
}

fn advice(scope: &Scope) -> String {
    let order = match scope {
        Scope::Script { name, hook: Some(_) } => format!("Migrate in `pre{name}`"),
        Scope::Script { .. } => "Migrate before the deploy, joined by `&&`".to_owned(),
        Scope::Job { .. } => "Move the step that migrates before the one that deploys".to_owned(),
        Scope::Jobs { deploy, migrate } => format!("Let `{deploy}` wait for `{migrate}`"),
    };
    format!(
        "{order}, so that a migration that fails keeps the new version from serving. What only fits the new version, \
such as dropping a column, goes into a migration of the next deploy."
    )
}

fn label(place: &Place, text: &str) -> Label {
    Label { file: place.file.clone(), span: place.span, text: text.to_owned() }
}
