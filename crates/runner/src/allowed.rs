//! Why a set ran though `lint` had errors about it: a row in a table beside Drizzle's ledger.

use crate::ledger::literal;
use drizzle::Project;

/// What notes the reason, with the migrations that it is about.
pub fn noting(project: &Project, migrations: &[usize], reason: &str) -> String {
    let table = format!("\"{}\".\"__brolly_allowed\"", project.ledger.schema.replace('"', "\"\""));
    let tags: Vec<String> = migrations.iter().map(|index| literal(&project.migrations[*index].tag)).collect();
    format!(
        "create table if not exists {table} (at timestamptz not null default now(), by text not null default \
         current_user, migrations text[] not null, reason text not null); \
         insert into {table} (migrations, reason) values (array[{}], {})",
        tags.join(", "),
        literal(reason)
    )
}
