//! A first look at a database: what its ledger says of the folder.

use crate::args::{MigrateArguments, Skipped, Targets};
use crate::errors::Error;
use crate::judge::line;
use crate::ledger::standing_of;
use crate::place::version_of;
use crate::projects::{self, Target};
use crate::targets::Place;
use drizzle::{Layout, Project};
use facts::{Options, Runner};
use futures_util::{StreamExt as _, stream};
use pg::Connection;
use report::{BegunLine, MigrateLine};
use runner::Begun;
use runner::standing::{LedgerRows, Standing, ledger_rows};
use source::{Diagnostic, Severity};

/// A database with what is pending in it.
pub struct Ready {
    /// What was seen.
    pub seen: Seen,
    /// How the folder stands against its ledger.
    pub standing: Standing,
}

/// Looks at all places, a few at once; in their order. `called` is what the sessions are called.
pub async fn seen(
    places: &[Place],
    project: &Project,
    many: &Targets,
    called: &'static str,
) -> Vec<Result<Seen, Error>> {
    let looks = stream::iter(places).map(|place| seen_at(place, project, called));
    looks.buffered(usize::from(many.at_once)).collect().await
}

/// Looks at a place.
pub async fn seen_at(place: &Place, project: &Project, called: &str) -> Result<Seen, Error> {
    let server = place.server.named(called);
    if let Some(schema) = &place.schema {
        let connection = pg::connect(&server).await?;
        let there = connection.value("SELECT pg_catalog.current_schema()").await?;
        connection.close().await;
        if there.as_ref() != Some(schema) {
            let what = format!("there is no schema {schema} that this role may use: CREATE SCHEMA {schema}");
            return Err(Error::CannotMigrate { what });
        }
    }
    looked(&server, &place.project(project)).await
}

/// Works out what is pending, and tells it.
pub fn ready(
    place: &Place,
    project: &Project,
    seen: Seen,
    wanted: &MigrateArguments,
    tell: &dyn Fn(&MigrateLine),
) -> Result<Ready, Error> {
    let project = place.project(project);
    let mut standing = standing_of(&project, &seen.rows)?;
    let only_looks = wanted.check || wanted.dry_run;
    tell(&pending(&project, &standing, &seen));
    if let (Some(half), false) = (runner::half_back(&project, &seen.begun), only_looks) {
        return Err(Error::CannotMigrate { what: half.to_string() });
    }
    if !standing.passed_over.is_empty() {
        skipped(&project, &mut standing, wanted)?;
    }
    Ok(Ready { seen, standing })
}

/// The one project that a database can be of, with a journal: else no ledger can say what of it has run.
pub fn only(command: &'static str, targets: Vec<Target>) -> Result<Target, Error> {
    let target = projects::only(command, targets)?;
    // What it does not list can't be told from what is not there.
    let is_broken = |one: &&Diagnostic| one.rule == "broken-journal" && one.severity == Severity::Error;
    let broken: Vec<String> = target.diagnostics.iter().filter(is_broken).map(line).collect();
    if !broken.is_empty() {
        return Err(Error::CannotMigrate { what: broken.join("\n") });
    }
    if target.project.layout != Layout::Bare {
        return Ok(target);
    }
    let dir = &target.project.dir;
    let what = format!("{dir} has no journal, so that Drizzle's ledger can't say what of it has run");
    Err(Error::CannotMigrate { what })
}

/// What a first look at the database tells.
pub struct Seen {
    /// The database.
    pub database: String,
    /// Host and port, or the folder of the socket.
    pub host: String,
    /// The version, as the server words it.
    pub server: String,
    /// The version.
    pub version: facts::Version,
    /// TimeZone of a session: whether `timestamp` becomes `timestamptz` without a rewrite goes by it.
    pub time_zone: String,
    /// What the ledger holds.
    pub rows: LedgerRows,
    /// What is half run.
    pub begun: Vec<Begun>,
}

impl Seen {
    /// What migrations are judged for here: the server is asked, whatever flags and settings say of it.
    pub fn options(&self, said: Options) -> Options {
        Options { version: self.version, time_zone: self.time_zone.clone(), runner: Runner::Brolly, ..said }
    }
}

/// Takes that look.
async fn looked(server: &pg::Target, project: &Project) -> Result<Seen, Error> {
    let connection: Connection = pg::connect(server).await?;
    let rows = ledger_rows(&connection, project).await?;
    let seen = Seen {
        database: connection.value("SELECT pg_catalog.current_database()").await?.unwrap_or_default(),
        host: connection.host().to_owned(),
        server: connection.server_version().to_owned(),
        version: version_of(&connection),
        time_zone: connection.value("SHOW TimeZone").await?.unwrap_or_default(),
        begun: runner::begun(&connection, project, &rows).await?,
        rows,
    };
    connection.close().await;
    Ok(seen)
}

fn pending(project: &Project, standing: &Standing, seen: &Seen) -> MigrateLine {
    let tags = |indexes: &[usize]| indexes.iter().map(|at| project.migrations[*at].tag.clone()).collect();
    MigrateLine::Pending {
        project: project.dir.clone(),
        database: seen.database.clone(),
        host: seen.host.clone(),
        server: seen.server.clone(),
        pending: tags(&standing.pending),
        skipped: tags(&standing.passed_over),
        edited: tags(&standing.edited),
        unknown: standing.unknown.clone(),
        begun: seen.begun.iter().map(begun_line).collect(),
    }
}

fn begun_line(begun: &Begun) -> BegunLine {
    BegunLine { migration: begun.tag.clone(), way_back: begun.back, done: begun.done() }
}

/// Migrations that came late run or stay out as was said; where nothing was said, nothing is run.
fn skipped(project: &Project, standing: &mut Standing, wanted: &MigrateArguments) -> Result<(), Error> {
    match wanted.skipped {
        Some(Skipped::Leave) => {}
        Some(Skipped::Run) => {
            standing.applied.retain(|one| !standing.passed_over.contains(one));
            standing.pending.append(&mut standing.passed_over);
            standing.pending.sort_unstable();
        }
        None if wanted.check || wanted.dry_run => {}
        None => {
            let tags: Vec<&str> =
                standing.passed_over.iter().map(|at| project.migrations[*at].tag.as_str()).collect();
            return Err(Error::CannotMigrate {
                what: format!(
                    "{} did not run, and Drizzle would never run {}: the ledger has a row of a later time\n  \
                     --skipped run runs what was skipped, --skipped leave leaves it out\n  \
                     brolly ledger mark TAG notes for good that it is not to run",
                    tags.join(", "),
                    if tags.len() == 1 { "it" } else { "them" }
                ),
            });
        }
    }
    Ok(())
}
