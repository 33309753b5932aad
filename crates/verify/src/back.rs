//! Ways back proven: up, down and up again, on a database of our own with rows in it.
//!
//! Gives what is different from before, and what can't be said to be right or wrong here: whether the way back says
//! so is for others to see. Migrations are run as everywhere ([`runner::send`]), ways back as
//! `brolly rollback --run` runs them ([`runner::roll_back`]).

mod contents;

use crate::history::earlier;
use crate::needed::filled;
use crate::proof::{Asked, Phase, is_of_rows, prepare};
use crate::{Amounts, Error};
use catalog::{Catalog, Difference, QName, Scope, diff_within};
use contents::{Contents, changed, contents};
use drizzle::{Migration, Project};
use facts::{Analysis, Options, PendingSet};
use pg::{Connection, Refusal, Scratch, Target};
use runner::script::script;
use runner::send::{Plain, send};
use runner::standing::ledger_rows;
use runner::{Limits, WayBack, roll_back};

/// What became of a way back.
#[derive(Clone, Debug)]
pub struct Returned {
    /// The migration, by index into `Project::migrations`.
    pub migration: usize,
    /// What was seen with rows in the tables; `None` where it was not tried, since a later migration could not be
    /// taken back.
    pub trip: Option<Trip>,
    /// The same on empty tables, where the way back failed on what rows held.
    pub without_rows: Option<Trip>,
}

/// A migration taken back and run again.
#[derive(Clone, Debug, Default)]
pub struct Trip {
    /// What the server refused of the way back; nothing more was tried then.
    pub refused: Option<Box<Refusal>>,
    /// How the schema differs from the one before the migration.
    pub left: Vec<Difference>,
    /// Columns whose values are others than before, or are away: `users.name`.
    pub changed: Vec<String>,
    /// What the server refused of the migration when it ran again.
    pub refused_again: Option<Box<Refusal>>,
    /// How the schema then differs from what the migration had left first.
    pub ends: Vec<Difference>,
}

/// Takes migrations of a set back by these files, the newest first as far as each has one, and runs them again. The
/// set has to be one that runs.
pub(crate) async fn there_and_back(
    server: &Target,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Vec<Returned>, Error> {
    let mut returned = round(server, project, analysis, set, asked, tell).await?;
    let refused = |one: &Returned| one.trip.as_ref().and_then(|trip| trip.refused.clone());
    let on_rows = |one: &Returned| refused(one).is_some_and(|refusal| is_of_rows(&refusal.code));
    if returned.iter().any(on_rows) {
        let asked = Asked { amounts: Amounts::of(0), ..asked.clone() };
        let empty = round(server, project, analysis, set, &asked, tell).await?;
        for (one, empty) in returned.iter_mut().zip(empty) {
            one.without_rows = empty.trip;
        }
    }
    Ok(returned)
}

async fn round(
    server: &Target,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Vec<Returned>, Error> {
    let scratch = Scratch::create(server).await?;
    let round = on_scratch(&scratch, project, analysis, set, asked, tell).await;
    scratch.finish().await?;
    round
}

async fn on_scratch(
    scratch: &Scratch,
    project: &Project,
    analysis: &Analysis,
    set: usize,
    asked: &Asked,
    tell: &mut dyn FnMut(Phase<'_>),
) -> Result<Vec<Returned>, Error> {
    let (session, _) = prepare(scratch, project, analysis, set, asked, tell).await?;
    filled(&session, analysis, set, &asked.amounts, &asked.needed).await?;
    let road = Road { scratch, session, project, options: &analysis.options };
    let judged = &analysis.sets[set];
    let file = |migration: usize| asked.backs.iter().find(|(of, _)| *of == migration).map(|(_, file)| file);
    let with_file = judged.migrations.iter().filter(|one| file(**one).is_some());
    let mut returned: Vec<Returned> =
        with_file.map(|one| Returned { migration: *one, trip: None, without_rows: None }).collect();
    // As it was before each migration, and at the end.
    let mut looks = vec![road.look().await?];
    let mut ran: Vec<usize> = earlier(project, judged);
    for migration in &judged.migrations {
        if let Some(refusal) = road.up(*migration).await? {
            return Err(pg::Error::Refused(refusal).into());
        }
        ran.push(*migration);
        looks.push(road.look().await?);
    }
    let mut down = 0;
    // What later ones have left and lost is not the fault of those before them.
    let mut known = Trip::default();
    for (at, migration) in judged.migrations.iter().enumerate().rev() {
        let Some(file) = file(*migration) else { break };
        tell(Phase::Back(&project.migrations[*migration].tag));
        let mut trip = road.down(&ran, *migration, file, &looks[at]).await?;
        trip.left.retain(|one| !known.left.contains(one));
        trip.changed.retain(|one| !known.changed.contains(one));
        known.left.extend(trip.left.iter().cloned());
        known.changed.extend(trip.changed.iter().cloned());
        let refused = trip.refused.is_some();
        set_trip(&mut returned, *migration, trip);
        if refused {
            break;
        }
        ran.pop();
        down += 1;
    }
    let first = judged.migrations.len() - down;
    for (at, migration) in judged.migrations.iter().enumerate().skip(first) {
        let refused = road.up(*migration).await?;
        let end = road.look().await?;
        let trip =
            returned.iter_mut().find(|one| one.migration == *migration).and_then(|one| one.trip.as_mut());
        let Some(trip) = trip else { continue };
        if refused.is_some() {
            trip.refused_again = refused;
            break;
        }
        trip.ends = road.differences(&looks[at + 1].catalog, &end.catalog);
    }
    road.session.close().await;
    Ok(returned)
}

fn set_trip(returned: &mut [Returned], migration: usize, trip: Trip) {
    if let Some(one) = returned.iter_mut().find(|one| one.migration == migration) {
        one.trip = Some(trip);
    }
}

/// A database that is migrated there and back.
struct Road<'a> {
    scratch: &'a Scratch,
    session: Connection,
    project: &'a Project,
    options: &'a Options,
}

/// A database at one moment.
struct Look {
    catalog: Catalog,
    contents: Contents,
}

impl Road<'_> {
    async fn look(&self) -> Result<Look, Error> {
        let catalog = pg::introspect(&self.session).await?;
        let contents = contents(&self.session, &catalog, &self.beside(&catalog)).await?;
        Ok(Look { catalog, contents })
    }

    /// Runs a migration; what the server refused.
    async fn up(&self, migration: usize) -> Result<Option<Box<Refusal>>, Error> {
        let set = PendingSet { migrations: vec![migration], ..PendingSet::default() };
        let analysis = facts::analyze(self.project, &[set], self.options);
        let mut plain = Plain { session: &self.session, analysis: &analysis };
        let refused = send(&self.session, &script(self.project, &analysis, 0), &mut plain).await?;
        Ok(refused.map(|refused| refused.refusal))
    }

    /// Takes a migration back, and holds what is left against what was before.
    async fn down(
        &self,
        ran: &[usize],
        migration: usize,
        file: &Migration,
        before: &Look,
    ) -> Result<Trip, Error> {
        let back = WayBack::new(self.project, ran, migration, file.clone(), self.options);
        let shown = ledger_rows(&self.session, &back.project).await?;
        let limits = Limits::default();
        match roll_back(&self.scratch.target(), &back, &shown, &limits, &[], &mut |_| {}).await {
            Ok(()) => {}
            Err(runner::Error::Refused { refusal, .. }) => {
                return Ok(Trip { refused: Some(refusal), ..Trip::default() });
            }
            Err(error) => return Err(error.into()),
        }
        let now = self.look().await?;
        Ok(Trip {
            left: self.differences(&before.catalog, &now.catalog),
            changed: changed(&before.contents, &now.contents),
            ..Trip::default()
        })
    }

    fn differences(&self, left: &Catalog, right: &Catalog) -> Vec<Difference> {
        let except_relations = [self.beside(left), self.beside(right)].concat();
        let scope = Scope { except_relations, ..Scope::default() };
        diff_within(left, right, &scope).into_iter().filter(Difference::is_drift).collect()
    }

    /// What the runner keeps beside the tables of the app.
    fn beside(&self, catalog: &Catalog) -> Vec<QName> {
        let ledger = &self.project.ledger;
        let is_own = |name: &&QName| {
            name.schema == ledger.schema && (name.name == ledger.table || name.name.starts_with("__brolly_"))
        };
        catalog.relations().map(|relation| &relation.name).filter(is_own).cloned().collect()
    }
}
