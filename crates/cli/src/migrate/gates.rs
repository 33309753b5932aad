//! What a promoted migration says that it waits for, asked of the database in which it is to run.
//!
//! `brolly contract` asked one database before it made the migration; others may not be so far.

use crate::contract::{job, rows_are, unfinished as why_unfinished};
use crate::disk::Disk;
use drizzle::Project;
use pg::{Connection, Target};
use plan::Gate;
use runner::backfill::{self, Job, State, standings};
use runner::{refusal_with_cure, value_of_all_rows};

/// What has to be so before a migration runs.
pub struct Needs {
    /// The migration, by index into `Project::migrations`.
    migration: usize,
    tag: String,
    gate: Gate,
    /// The backfill, or why its file can't be read.
    job: Option<Result<Job, String>>,
}

/// What the heads of these migrations say, lines `-- needs:` above their first statement.
pub fn needs(disk: &Disk, project: &Project, migrations: &[usize]) -> Vec<Needs> {
    let mut all = Vec::new();
    for (at, migration) in migrations.iter().map(|at| (*at, &project.migrations[*at])) {
        let lines = migration.file.text.lines().map(str::trim);
        let head = lines.take_while(|line| line.is_empty() || line.starts_with("--"));
        for gate in head.filter_map(|line| Gate::read(line.strip_prefix("-- needs:")?)) {
            let job = match &gate {
                Gate::Backfilled { backfill } => Some(job(disk, project, backfill)),
                Gate::NoRows { .. } => None,
                // These are asked of the code, by the rules of `lint`.
                Gate::Unused { .. } | Gate::Deployed { .. } => continue,
            };
            all.push(Needs { migration: at, tag: migration.tag.clone(), gate, job });
        }
    }
    all
}

/// The first migration that may not run here yet, by index into `Project::migrations`, and why, a line each.
///
/// Of what comes after it nothing can be known before it has run; `every` asks for the rest too, where it is going to run
/// all the same.
pub async fn in_the_way(
    server: &Target,
    schema: &str,
    needs: &[&Needs],
    every: bool,
) -> Result<Option<(usize, Vec<String>)>, pg::Error> {
    if needs.is_empty() {
        return Ok(None);
    }
    let connection = pg::connect(&server.named("brolly migrate")).await?;
    let (mut first, mut lines) = (None, Vec::new());
    for Needs { migration, tag, gate, job } in needs {
        if !every && first.is_some_and(|first| first != *migration) {
            break;
        }
        let why = match (gate, job) {
            (_, Some(Err(why))) => Some(why.clone()),
            (_, Some(Ok(job))) if has_rows(&connection, &job.backfill.table).await? => {
                match backfill::gate(&connection, schema, job).await {
                    Ok(gate) => why_unfinished(job, gate),
                    Err(backfill::Error::Server(pg::Error::Refused(said))) => Some(format!(
                        "whether backfill {} is finished can't be asked: {}",
                        job.backfill.name,
                        refusal_with_cure(&said)
                    )),
                    Err(backfill::Error::Server(error)) => return Err(error),
                    Err(error) => Some(error.to_string()),
                }
            }
            (Gate::NoRows { table, condition }, None) if has_rows(&connection, table).await? => {
                rows(&connection, table, condition).await?
            }
            _ => None,
        };
        if let Some(why) = why {
            first = first.or(Some(*migration));
            lines.push(format!("{tag} can't run yet: {why}"));
        }
    }
    connection.close().await;
    Ok(first.map(|first| (first, lines)))
}

/// The names of those backfills that are not finished here, and have rows to look at.
pub async fn unfinished(server: &Target, schema: &str, jobs: &[Job]) -> Result<Vec<String>, backfill::Error> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let connection = pg::connect(&server.named("brolly migrate")).await?;
    let mut names = Vec::new();
    for (job, standing) in jobs.iter().zip(standings(&connection, schema, jobs).await?) {
        if standing.state != State::Finished && has_rows(&connection, &job.backfill.table).await? {
            names.push(standing.backfill);
        }
    }
    connection.close().await;
    Ok(names)
}

/// What the database is asked for before a migration runs, in words.
pub fn said(needs: &[Needs], migration: usize) -> Vec<String> {
    needs.iter().filter(|one| one.migration == migration).map(|one| one.gate.to_string()).collect()
}

impl Needs {
    /// Whether it is of a migration from this one on.
    pub fn is_from(&self, migrations: &[usize], first: usize) -> bool {
        let place = |one: usize| migrations.iter().position(|at| *at == one);
        place(self.migration) >= place(first)
    }
}

/// Whether a table is there and holds rows: in a new database nothing is to be done before.
async fn has_rows(connection: &Connection, table: &str) -> Result<bool, pg::Error> {
    let there = format!("SELECT pg_catalog.to_regclass('{}')", table.replace('\'', "''"));
    if connection.value(&there).await?.is_none() {
        return Ok(false);
    }
    let some = format!("SELECT EXISTS (SELECT FROM {table})");
    match value_of_all_rows(connection, &some).await {
        Ok(some) => Ok(some.as_deref() == Some("t")),
        // Whoever asks for the rows is refused the same, and says why.
        Err(pg::Error::Refused(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

async fn rows(connection: &Connection, table: &str, condition: &str) -> Result<Option<String>, pg::Error> {
    let query = format!("SELECT count(*) FROM {table} WHERE {condition}");
    match value_of_all_rows(connection, &query).await {
        Ok(count) => {
            let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
            Ok((count > 0).then(|| format!("{} left: {query}", rows_are(count))))
        }
        Err(pg::Error::Refused(said)) => {
            Ok(Some(format!("the database does not say: {}", refusal_with_cure(&said))))
        }
        Err(error) => Err(error),
    }
}
