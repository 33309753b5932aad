//! `brolly preflight`: work out what is pending, look at the database for it, say what is in the way.

mod checks;

pub use checks::check;

use crate::Outcome;
use crate::args::{PreflightArguments, RunFormat, Server};
use crate::database::database;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{pending as set_of, unread};
use crate::ledger::standing_of;
use crate::migrate::{looked, only};
use crate::projects::{self, Target};
use crate::settings_file::{Found, SettingsFiles};
use facts::{Options, Runner, Version};
use report::{Preflight, PreflightState, preflight_json, preflight_text};
use runner::preflight::{Bounds, Coming};
use runner::standing::LedgerRows;

/// Looks at the database of a project.
pub fn preflight(
    disk: &Disk,
    wanted: &PreflightArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.place.places())?;
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let target = only("preflight", found.targets)?;
    let server = database(disk, &target.project, &wanted.database, env)?;
    let settings = SettingsFiles::new(disk, wanted.place.settings.as_deref()).of(&target.project)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let called = server.named("brolly preflight");
    let seen = runtime.block_on(pg::unless_interrupted(looked(&called, &target.project)))??;
    let project = target.project.dir.clone();
    let (coming, pending) = match seen.rows {
        // That it may not be read is one of the things that are found.
        LedgerRows::Forbidden => (Coming::nothing(&target.project), None),
        _ => coming(disk, target, &seen.rows, seen.version, &settings, &mut outcome.notes)?,
    };
    let bounds = Bounds {
        long: wanted.long,
        lag: wanted.max_lag,
        connections: wanted.connections,
        free_disk: wanted.free_disk,
        version: settings.settings.postgres,
    };
    let work = runner::preflight::preflight(&server, &coming, &bounds);
    let checks: Vec<_> = runtime.block_on(pg::unless_interrupted(work))??.iter().map(check).collect();
    let state = checks.iter().map(|check| check.state).max().unwrap_or(PreflightState::Ok);
    let document = Preflight {
        version: 1,
        project,
        database: seen.database,
        host: seen.host,
        server: seen.server,
        pending,
        state,
        checks,
    };
    outcome.output = match wanted.format {
        RunFormat::Human => preflight_text(&document),
        RunFormat::Json => preflight_json(&document),
    };
    outcome.code = if state >= PreflightState::Warning { errors::FINDINGS } else { errors::CLEAN };
    Ok(outcome)
}

/// What the pending migrations will do, and which they are.
fn coming(
    disk: &Disk,
    target: Target,
    rows: &LedgerRows,
    version: Version,
    settings: &Found,
    notes: &mut Vec<String>,
) -> Result<(Coming, Option<Vec<String>>), Error> {
    let standing = standing_of(&target.project, rows)?;
    if standing.pending.is_empty() {
        return Ok((Coming::nothing(&target.project), Some(Vec::new())));
    }
    let tag = |at: &usize| target.project.migrations[*at].tag.clone();
    let pending = standing.pending.iter().map(tag).collect();
    // What breaks an app is not asked here, so that no code of it is read.
    let selected = set_of(disk, target, &standing, String::new());
    notes.extend(unread(&selected).0);
    let options =
        Options { version, runner: Runner::Brolly, ..Server::default().options(&settings.settings) };
    let analysis = facts::analyze(&selected.project, &selected.sets, &options);
    Ok((Coming::of(&selected.project, &analysis, 0), Some(pending)))
}
