//! The deployed app's role may lose what it needs.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "revoke-privilege",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "privileges on a table are revoked, or its owner changes, under the deployed app",
};

/// REVOKE and OWNER TO on relations that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for broken in at.broken(BreakCause::Privilege) {
            let table = broken.table.sql();
            let name = broken.table.shown();
            let lost = at.changes().iter().find_map(|change| match change {
                Change::PrivilegesRevoked { relation, privileges, roles }
                    if at.label(*relation) == broken.table.label =>
                {
                    Some((privileges.as_slice(), roles.as_slice()))
                }
                _ => None,
            });
            let owner = at.changes().iter().find_map(|change| match change {
                Change::OwnerSet { relation, role } if at.label(*relation) == broken.table.label => {
                    Some(role)
                }
                _ => None,
            });
            let (what, code) = match (lost, owner) {
                (Some((privileges, roles)), _) => {
                    let words = match privileges {
                        [] => "ALL".to_owned(),
                        some => some.join(", ").to_uppercase(),
                    };
                    let to: Vec<String> = roles.iter().map(|role| role_name(role)).collect();
                    (
                        format!("revokes {words} on `{name}` from {}", listed(roles)),
                        format!("GRANT {words} ON {table} TO {};\n", to.join(", ")),
                    )
                }
                (None, Some(role)) => (
                    format!("makes {role} the owner of `{name}`"),
                    format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO \"app\";\n"),
                ),
                (None, None) => continue,
            };
            out.push(
                at.finding(&META, what)
                    .about(broken.table.label)
                    .on(at.on_name(broken.table.label))
                    .why("predicted: if the deployed app runs as that role, or has its rights through it, its queries fail with 42501 as soon as this is committed")
                    .why("an owner needs no grant and row level security does not bind it: a new owner takes both away from the old one")
                    .fix("Make sure that the app's role keeps what its queries need; grant it in the same transaction, before this statement:")
                    .code(code),
            );
        }
    }
}

fn role_name(role: &str) -> String {
    match role {
        "public" => "PUBLIC".to_owned(),
        role => quoted(role),
    }
}
