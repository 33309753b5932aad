//! Findings about scripts, workflows and images: what they have in common, and which rule tells them.
//!
//! They have places instead of a migration. What is wrong is worked out by crate `deploy`.

use crate::rules::{migrate_after_deploy, migrate_in_every_pod};
use deploy::{Host, Kind, Misstep, Moment, Place, Scope};
use source::{Diagnostic, Evidence, Label, Remedy, RuleMeta};

/// One finding for each misstep in the scripts, workflows, images and modules of a repository.
pub fn deploy_findings(missteps: &[Misstep]) -> Vec<Diagnostic> {
    let told = |one: &Misstep| match one.kind {
        Kind::AfterDeploy | Kind::BesideDeploy | Kind::Push => migrate_after_deploy::finding(one),
        Kind::InEveryPod => migrate_in_every_pod::finding(one),
    };
    missteps.iter().map(told).collect()
}

/// A finding of a rule at the place of a misstep, with the commands that it leads to, and with what
/// deploys or serves, of which `other` says something.
pub(crate) fn finding(meta: &RuleMeta, what: String, one: &Misstep, other: &str) -> Diagnostic {
    let others = one.other.iter().map(|place| label(place, other));
    let via = one.via.iter().map(|place| label(place, "which runs this"));
    Diagnostic {
        rule: meta.name,
        group: meta.group,
        severity: meta.severity,
        what,
        why: Vec::new(),
        remedy: Remedy::default(),
        evidence: Evidence::Predicted,
        primary: label(&one.at, ""),
        secondary: others.chain(via).collect(),
        migration: None,
        statement: None,
        relation: None,
        accepted: None,
    }
}

/// The text that something happens in, as the subject of a sentence.
pub(crate) fn subject(scope: &Scope) -> String {
    match scope {
        Scope::Script { name, hook } => format!("script `{}`", hook.as_ref().unwrap_or(name)),
        Scope::Job { name } | Scope::Jobs { migrate: name, .. } => format!("job `{name}`"),
        Scope::Code => "the server".to_owned(),
        Scope::Station { host, moment } => match (host, moment) {
            (Host::Image, Moment::Build) => "the build of the image".to_owned(),
            (Host::Image, _) => "the image".to_owned(),
            (Host::Process(name), _) => format!("process `{name}`"),
            (Host::Setting(name), _) => format!("`{name}`"),
            (Host::Service(name), _) => format!("service `{name}`"),
            (Host::Container { workload, name }, _) => format!("container `{name}` of {workload}"),
            (Host::InitContainer { workload, name }, _) => format!("init container `{name}` of {workload}"),
        },
    }
}

fn label(place: &Place, text: &str) -> Label {
    Label { file: place.file.clone(), span: place.span, text: text.to_owned() }
}
