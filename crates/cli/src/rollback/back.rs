//! Ways back that are ready to be run, each made once for all databases in which the same has run, and the run of them in
//! one database.

use super::choice::Chosen;
use crate::errors::{self, Error};
use crate::migrate::{Seen, Told, last_line, left_nothing, naming_public, runnable, told_of};
use crate::targets::Place;
use drizzle::{Migration, Project};
use facts::Options;
use report::{Failed, MigrateLine};
use runner::standing::LedgerRows;
use runner::{Done, Limits, WayBack, in_schema, roll_back};

/// The way back of a migration, for the databases that stand alike.
pub(super) struct Back {
    way: WayBack,
    chosen: Chosen,
    version: facts::Version,
    /// Where it names the schema `public`, which tenants share.
    public: Option<String>,
}

impl Back {
    /// Whether it is of what goes back in a database.
    pub(super) fn is_for(&self, seen: &Seen, chosen: &Chosen) -> bool {
        self.version == seen.version && self.chosen == *chosen
    }
}

/// The ways back of all that goes back in these databases; those of one in the order in which they run.
///
/// Errors: [`Error::CannotMigrate`] where a file can't be run unit by unit.
pub(super) fn backs<'a>(
    project: &Project,
    met: impl Iterator<Item = &'a (Seen, Chosen)>,
    files: &[(usize, Migration)],
    options: &Options,
) -> Result<Vec<Back>, Error> {
    let mut all: Vec<Back> = Vec::new();
    for (seen, chosen) in met {
        if all.iter().any(|back| back.is_for(seen, chosen)) {
            continue;
        }
        let options = Options { version: seen.version, ..options.clone() };
        let mut ran = chosen.ran.clone();
        for at in &chosen.taken {
            let Some((_, file)) = files.iter().find(|(of, _)| of == at) else { continue };
            let way = WayBack::new(project, &ran, *at, file.clone(), &options);
            runnable(&way.analysis)?;
            let public = naming_public(&way.analysis);
            all.push(Back { way, chosen: chosen.clone(), version: seen.version, public });
            ran.retain(|other| other != at);
        }
    }
    Ok(all)
}

/// Runs the ways back of a database. The last line, and the exit code.
pub(super) async fn run(
    place: &Place,
    told: &Told,
    seen: &Seen,
    backs: &[&Back],
    limits: &Limits,
) -> (MigrateLine, u8) {
    if let (Some(at), Some(_)) = (backs.iter().find_map(|back| back.public.as_ref()), &place.schema) {
        let message = format!(
            "nothing was run: {at} names the schema public, which all tenants share: leave it out, so that search_path \
             says which it is"
        );
        return (MigrateLine::nothing(Some(Failed::saying(message))), errors::COULD_NOT);
    }
    let mut shown = seen.rows.clone();
    let mut taken_back = Vec::new();
    let mut last = None;
    for back in backs {
        let mut way = back.way.clone();
        way.project = place.project(&way.project);
        way.folder = place.project(&way.folder);
        if let Some(schema) = &place.schema {
            way.analysis = in_schema(&way.analysis, schema);
        }
        let mut tell = |event: runner::Event<'_>| told_of(told, &event, &way.analysis);
        let result = roll_back(&place.server, &way, &shown, limits, &place.replicas, &mut tell);
        let result = pg::unless_interrupted(result).await;
        let result = left_nothing(&place.server, &way.project, told, result).await;
        let (end, code) = last_line(result.map(|ended| ended.map(|()| Done::default())), &way.analysis);
        if code != errors::CLEAN {
            last = Some((end, code));
            break;
        }
        shown = without(shown, &way);
        taken_back.push(way.migration.tag);
    }
    let (end, code) = last.unwrap_or((MigrateLine::nothing(None), errors::CLEAN));
    match end {
        MigrateLine::End { migrated, by_others, backfills, failed, .. } => {
            (MigrateLine::End { migrated, by_others, taken_back, backfills, failed }, code)
        }
        other => (other, code),
    }
}

/// What the ledger holds once a migration is taken back.
fn without(shown: LedgerRows, way: &WayBack) -> LedgerRows {
    let owners = shown.owners(&way.folder);
    let is_own =
        |owner: &Option<usize>| owner.is_some_and(|at| way.folder.migrations[at].tag == way.migration.tag);
    match shown {
        LedgerRows::Rows { named, rows } => {
            let rows = rows.into_iter().zip(&owners).filter(|(_, owner)| !is_own(owner));
            let rows = rows.map(|(row, _)| row).collect();
            LedgerRows::Rows { named, rows }
        }
        other => other,
    }
}
