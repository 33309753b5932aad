//! The deployed app's role may lose what it needs.

use crate::broken::Broken;
use crate::prelude::*;
use catalog::QName;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "revoke-privilege",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "privileges are revoked, or a table's owner changes, under the deployed app",
};

/// REVOKE and OWNER TO on relations, schemas and functions that existed: one finding for all that a
/// statement takes alike.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let mut revoked: Vec<(Loss, Vec<Broken<'_>>)> = Vec::new();
        for broken in at.broken(BreakCause::Privilege) {
            let Some(loss) = loss(at, broken.table.label) else { continue };
            if loss.kind == "TABLE" && !is_met(at, broken.table.label) {
                continue;
            }
            match revoked.iter_mut().find(|(other, _)| *other == loss) {
                Some((_, all)) => all.push(broken),
                None => revoked.push((loss, vec![broken])),
            }
        }
        out.extend(revoked.iter().filter_map(|(loss, all)| finding(at, loss, all)));
    }
}

/// What a statement takes.
#[derive(PartialEq)]
struct Loss {
    /// Of what, as GRANT says it.
    kind: &'static str,
    /// In capitals; empty where the owner changes.
    privileges: String,
    roles: Vec<String>,
}

fn loss(at: At<'_>, label: &str) -> Option<Loss> {
    at.changes().iter().find_map(|change| match change {
        Change::PrivilegesRevoked { relation, privileges, roles } if at.label(*relation) == label => {
            let words = match privileges.as_slice() {
                [] => "ALL".to_owned(),
                some => some.join(", ").to_uppercase(),
            };
            Some(Loss { kind: "TABLE", privileges: words, roles: roles.clone() })
        }
        Change::OwnerSet { relation, role } if at.label(*relation) == label => {
            Some(Loss { kind: "TABLE", privileges: String::new(), roles: vec![role.clone()] })
        }
        Change::SchemaRevoked(schema, roles) if label.strip_suffix(".*") == Some(schema) => {
            Some(Loss { kind: "SCHEMA", privileges: "USAGE".to_owned(), roles: roles.clone() })
        }
        Change::FunctionRevoked(function, roles) if function.to_string() == label => {
            Some(Loss { kind: "FUNCTION", privileges: "EXECUTE".to_owned(), roles: roles.clone() })
        }
        _ => None,
    })
}

/// Whether a deployed version declares or names a relation.
fn is_met(at: At<'_>, label: &str) -> bool {
    let (schema, name) = label.split_once('.').unwrap_or(("public", label));
    at.cx.judged().old_apps.iter().any(|app| app.meets(&QName::new(schema, name)))
}

fn finding(at: At<'_>, loss: &Loss, all: &[Broken<'_>]) -> Option<Diagnostic> {
    let first = all.first()?;
    let label = first.table.label;
    let schema = label.strip_suffix(".*");
    let shown_names: Vec<String> = match schema {
        Some(schema) => vec![format!("schema `{schema}`")],
        None => all.iter().map(|broken| format!("`{}`", broken.table.shown())).collect(),
    };
    let named = listed(&shown_names);
    let to: Vec<String> = loss.roles.iter().map(|role| role_name(role)).collect();
    let sql: Vec<String> = match schema {
        Some(schema) => vec![format!("SCHEMA {}", quoted(schema))],
        None if loss.kind == "FUNCTION" => vec![format!("FUNCTION {}", first.table.sql())],
        None => all.iter().map(|broken| broken.table.sql()).collect(),
    };
    let (what, code) = match loss.privileges.as_str() {
        "" => (
            format!("makes {} the owner of {named}", listed(&loss.roles)),
            format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO \"app\";\n", sql.join(", ")),
        ),
        words => (
            format!("revokes {words} on {named} from {}", listed(&loss.roles)),
            format!("GRANT {words} ON {} TO {};\n", sql.join(", "), to.join(", ")),
        ),
    };
    let place = at.on_name(schema.unwrap_or(label));
    let finding = at
        .finding(&META, what)
        .about(label)
        .on(place)
        .why(match loss.kind {
            "SCHEMA" => "predicted: if the deployed app has its rights through that role, what it names in the schema is no longer found: 42P01, and 42501 where the schema is written",
            _ => "predicted: if the deployed app runs as that role, or has its rights through it, its queries fail with 42501 as soon as this is committed",
        })
        .cites(at, first)
        .fix("Make sure that the app's role keeps what its queries need; grant it in the same transaction, before this statement:")
        .code(code);
    Some(match loss.kind {
        "TABLE" => finding.why("an owner needs no grant and row level security does not bind it: a new owner takes both away from the old one"),
        "FUNCTION" => finding.weighs(Severity::Warning),
        _ => finding,
    })
}

fn role_name(role: &str) -> String {
    match role {
        "public" => "PUBLIC".to_owned(),
        role => quoted(role),
    }
}
