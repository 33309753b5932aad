//! An index that is built outside of any transaction, and what is there under its name already: the same index is
//! not built again, an invalid one is dropped and built anew, another one is told of.
//!
//! Whether two indexes are the same is asked of the server: what the statement asks for is made on an empty copy of
//! the table, in a transaction that is rolled back, and the two are compared by what the catalogue holds of them.

use crate::concurrently::{note, send, written};
use crate::ledger::literal;
use crate::migrate::Room;
use crate::progress::{Mark, key, table, unnoting};
use crate::{Error, Event, Unit};
use pg::Row;
use sql::CreateIndex;
use std::time::Duration;

/// What is known of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    name: String,
    /// With its schema, quoted.
    full: String,
    state: State,
    is: Is,
    /// The statement that would make it, in the server's words.
    definition: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The name is that of something else: a table, or an index of another table.
    Other(String),
    Valid,
    /// Invalid, and nobody is at work on it.
    Wreck,
    /// Invalid as yet: this process builds it.
    Building(i32),
}

/// Whether an index is the one that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Same,
    Another,
    /// The server could not make one like it to compare with.
    Unknown,
}

/// Builds an index, and sees to it that it is valid. `mark` is what an earlier run left of the statement.
pub(crate) async fn build(
    room: &Room<'_>,
    unit: &Unit,
    at: usize,
    create: &CreateIndex,
    mark: Option<&Mark>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    let step = &room.job.analysis.steps[at];
    let begun = mark.is_some();
    let look = Look { room, unit, at, create };
    // The note of an earlier run stays: what was made since then may be what it built.
    if !begun {
        note(room, step, unit, false).await?;
    }
    let mut tries = 0;
    loop {
        // An index without a name that was not begun can't be there.
        let found = match create.name.is_some() || begun || tries > 0 {
            true => look.found().await?,
            false => None,
        };
        if let Some(found) = found {
            let name = found.name.as_str();
            let mut says = |what: &str| tell(Event::Index { name, what });
            match (&found.state, found.is) {
                (State::Other(what), _) if create.if_not_exists => {
                    says(&format!(
                        "is not built: that is the name of {what}, and IF NOT EXISTS is content with it"
                    ));
                    return Ok(());
                }
                (State::Valid, Is::Another) if create.if_not_exists => {
                    says(&format!(
                        "is there already, and is another one, which IF NOT EXISTS is content with: {}",
                        found.definition
                    ));
                    return Ok(());
                }
                (State::Valid, Is::Same | Is::Unknown) if begun || tries > 0 || create.if_not_exists => {
                    says("is there already, and valid");
                    return Ok(());
                }
                (State::Wreck, Is::Another) => {
                    return Err(Error::OtherIndex { name: found.name, definition: found.definition });
                }
                (State::Wreck, _) => {
                    says("is invalid, left by a build that failed: it is dropped and built anew");
                    look.dropped(&found, tell).await?;
                }
                (State::Building(pid), _) => {
                    let query = "CREATE INDEX".to_owned();
                    let blocker = crate::Blocker { pid: Some(*pid), query, ..Default::default() };
                    tell(Event::Waits { step: at, by: &[blocker] });
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                // The server says that the name is taken.
                (State::Other(_) | State::Valid, _) => {}
            }
        }
        tries += 1;
        tell(Event::Statement { step: at, attempt: tries });
        let built = built(room, at, step.span.of(&step.file.text), tell).await;
        let Err(error) = built else {
            let made = if create.name.is_some() { look.found().await? } else { None };
            return match made {
                Some(Found { name, state: State::Wreck | State::Building(_), .. }) => {
                    Err(Error::InvalidIndex { name })
                }
                _ => {
                    tell(Event::Ran { step: at });
                    Ok(())
                }
            };
        };
        // The next run finds what is left.
        if error.is_lost() {
            return Err(error);
        }
        let refused = |code: &str| matches!(&error, Error::Refused { refusal, .. } if refusal.code == code);
        if refused(NAME_TAKEN) {
            if !begun {
                // Nothing was begun: what has the name is somebody else's.
                let migration = &room.job.project.migrations[unit.migration];
                room.session.batch(&unnoting(room.job.project, migration, step)).await?;
            }
            return Err(error);
        }
        if let Some(left) = look.found().await?
            && left.state == State::Wreck
            && left.is != Is::Another
        {
            let what = "could not be built: what is left of it is dropped";
            tell(Event::Index { name: &left.name, what });
            look.dropped(&left, tell).await?;
        }
        if !refused(DEADLOCK) || tries >= TRIES {
            return Err(error);
        }
    }
}

const TRIES: u32 = 3;
const LOOK: Duration = Duration::from_millis(500);

/// `duplicate_table` and `deadlock_detected`: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const NAME_TAKEN: &str = "42P07";
const DEADLOCK: &str = "40P01";

/// What is looked for.
struct Look<'a> {
    room: &'a Room<'a>,
    unit: &'a Unit,
    at: usize,
    create: &'a CreateIndex,
}

impl Look<'_> {
    /// What has the name of the index; of one without a name, the one like it that was made since it was begun.
    async fn found(&self) -> Result<Option<Found>, Error> {
        let which = match &self.create.name {
            // An index is in the schema of its table.
            Some(name) => format!("c.relname = {}", literal(&name.text)),
            None => format!("i.indrelid = t.oid AND {}", self.since()),
        };
        let query = format!(
            "SELECT c.relname, pg_catalog.format('%I.%I', n.nspname, c.relname), \
             CASE WHEN c.relkind IN ('i', 'I') AND i.indrelid = t.oid THEN NULL \
             WHEN c.relkind IN ('i', 'I') THEN 'an index of ' || i.indrelid::pg_catalog.regclass::text \
             WHEN c.relkind IN ('r', 'p') THEN 'a table' ELSE 'another relation' END, \
             i.indisvalid, \
             (SELECT p.pid FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid LIMIT 1), \
             CASE WHEN i.indexrelid IS NOT NULL THEN pg_catalog.pg_get_indexdef(c.oid) END, {SHAPE} \
             FROM pg_catalog.pg_class t JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
             WHERE t.oid = pg_catalog.to_regclass({}) AND {which}",
            literal(&written(&self.create.table))
        );
        let rows = self.room.session.rows(&query).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let asked = self.asked().await?;
        let mut all: Vec<Found> = rows.iter().map(|row| found(row, asked.as_deref())).collect();
        if self.create.name.is_none() {
            all.retain(|one| one.is == Is::Same);
            all.sort_by_key(|one| match one.state {
                State::Valid => 0,
                State::Building(_) => 1,
                State::Wreck | State::Other(_) => 2,
            });
        }
        Ok(all.into_iter().next())
    }

    /// Whether an index was made since the statement was noted as begun. The columns of an index are written once, by the
    /// transaction that makes it, so theirs tells when; `age` counts transactions, whether or not their numbers wrapped.
    /// <https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT>
    fn since(&self) -> String {
        let job = self.room.job;
        format!(
            "(SELECT pg_catalog.age(a.xmin) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = 1) \
             < (SELECT pg_catalog.age(s.xmin) FROM {} s WHERE s.migration = {} AND s.statement = {})",
            table(job.project),
            literal(&key(job.project, &job.project.migrations[self.unit.migration])),
            job.analysis.steps[self.at].index
        )
    }

    /// The shape of what the statement asks for, made and rolled back; `None` where the server makes none.
    async fn asked(&self) -> Result<Option<String>, Error> {
        let step = &self.room.job.analysis.steps[self.at];
        let Some(rest) = step.file.text.get(self.create.table.span.end as usize..step.span.end as usize)
        else {
            return Ok(None);
        };
        let unique = if self.create.unique { "UNIQUE " } else { "" };
        let make = format!(
            "BEGIN; SET LOCAL lock_timeout = '1s'; CREATE TEMP TABLE {COPY} (LIKE {}); CREATE {unique}INDEX ON {COPY} {rest}",
            written(&self.create.table)
        );
        let read = format!(
            "SELECT {SHAPE} FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indrelid = pg_catalog.to_regclass('{COPY}')"
        );
        let session = &self.room.session;
        let made = match session.batch(&make).await {
            Ok(()) => session.value(&read).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(made) => {
                session.batch("ROLLBACK").await?;
                Ok(made)
            }
            Err(error @ pg::Error::Lost { .. }) => Err(error.into()),
            Err(_) => {
                session.batch("ROLLBACK").await?;
                Ok(None)
            }
        }
    }

    async fn dropped(&self, found: &Found, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", found.full);
        send(self.room, self.at, &drop, tell).await
    }
}

const COPY: &str = "pg_temp.__brolly_copy";

/// All that makes an index what it is, of `pg_index i` and its `pg_class c`; not its name, its table, and how it is stored.
const SHAPE: &str = "ROW(i.indisunique, pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', c.relam, i.indnkeyatts, \
    i.indclass, i.indcollation, i.indoption, \
    (SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, false) ORDER BY n) \
    FROM pg_catalog.generate_series(1, i.indnatts::int) n), \
    pg_catalog.pg_get_expr(i.indpred, i.indrelid))::text";

fn found(row: &Row, asked: Option<&str>) -> Found {
    let cell = |at: usize| row.get(at).and_then(Option::as_deref);
    let text = |at: usize| cell(at).unwrap_or_default().to_owned();
    let state = match (cell(2), cell(3), cell(4).and_then(|pid| pid.parse().ok())) {
        (Some(other), _, _) => State::Other(other.to_owned()),
        (None, Some("t"), _) => State::Valid,
        (None, _, Some(pid)) => State::Building(pid),
        (None, _, None) => State::Wreck,
    };
    let is = match (asked, cell(6)) {
        (Some(asked), Some(there)) if asked == there => Is::Same,
        (Some(_), Some(_)) => Is::Another,
        _ => Is::Unknown,
    };
    Found { name: text(0), full: text(1), state, is, definition: text(5) }
}

/// Sends the build, and tells how far it is.
async fn built(room: &Room<'_>, at: usize, sql: &str, tell: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
    let mut quiet = |_: Event<'_>| {};
    let work = send(room, at, sql, &mut quiet);
    tokio::pin!(work);
    let progress = format!(
        "SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END, \
         CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END \
         FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {}",
        room.pid
    );
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(LOOK) => {}
        }
        let look = async {
            let rows = room.watcher.rows(&progress).await.unwrap_or_default();
            let by = crate::blockers::before(&room.watcher, room.pid).await.unwrap_or_default();
            (rows.into_iter().next().unwrap_or_default(), by)
        };
        tokio::select! {
            biased;
            done = &mut work => return done,
            (row, by) = look => {
                if let [Some(phase), done, total] = row.as_slice() {
                    let number = |cell: &Option<String>| cell.as_ref().and_then(|n| n.parse().ok()).unwrap_or(0);
                    tell(Event::Building { step: at, phase, done: number(done), total: number(total) });
                }
                if !by.is_empty() {
                    tell(Event::Waits { step: at, by: &by });
                }
            }
        }
    }
}
