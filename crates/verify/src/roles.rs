//! The roles that migrations speak of. A throwaway server has none of them, and what names one would
//! fail for no fault of the migration.

use drizzle::Project;
use pg::{Connection, Error};
use sql::{AlterAction, Stmt};
use std::collections::BTreeSet;

/// Every role that grants, policies and changes of owner name.
pub fn roles_of(project: &Project) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for migration in &project.migrations {
        let text = &migration.file.text;
        for chunk in &migration.chunks {
            for statement in sql::parse(chunk.of(text), 0).statements {
                found.extend(named(statement.stmt));
            }
        }
    }
    found.retain(|role| !is_special(role));
    found
}

/// Makes those that are missing, without a login and without rights of their own.
pub async fn make_roles(session: &Connection, roles: &BTreeSet<String>) -> Result<(), Error> {
    let rows = session.rows("select rolname from pg_roles").await?;
    let there: BTreeSet<String> = rows.into_iter().flatten().flatten().collect();
    for role in roles.difference(&there) {
        session.batch(&format!("create role \"{}\"", role.replace('"', "\"\""))).await?;
    }
    Ok(())
}

fn named(stmt: Stmt) -> Vec<String> {
    match stmt {
        Stmt::Grant(grant) => grant.roles,
        Stmt::CreatePolicy(policy) => policy.roles,
        Stmt::AlterPolicy(policy) => policy.roles.unwrap_or_default(),
        Stmt::SetOwner(owner) => vec![owner.role],
        Stmt::AlterTable(alter) => {
            let owner = |command: sql::AlterCommand| match command.action {
                AlterAction::Owner { role } => Some(role),
                _ => None,
            };
            alter.commands.into_iter().filter_map(owner).collect()
        }
        _ => Vec::new(),
    }
}

fn is_special(role: &str) -> bool {
    matches!(role, "public" | "current_user" | "session_user" | "current_role" | "")
        || role.starts_with("pg_")
}
