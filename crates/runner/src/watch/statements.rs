//! What `pg_stat_statements` counts, look by look: counters only, and the text of each statement once.
//!
//! Counters go backwards where somebody resets them, and where a statement was dropped for room and came again: what
//! they hold then is what was counted since. Statements that look at the server (`pg_catalog.`), as ours do, and
//! settings are left out. <https://www.postgresql.org/docs/current/pgstatstatements.html>

use super::note;
use crate::preflight::words::{is, number, text};
use pg::{Connection, Error};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use watch::{Slice, Statement, Topic, Unknown, normalised};

/// Statements of a look that are told.
const TOLD: usize = 5;
/// Texts that are fetched at one look, those of the statements that took most time.
const TEXTS: usize = 500;

/// What was counted so far.
#[derive(Default)]
pub(super) struct Statements {
    extension: Option<Extension>,
    /// When the counters began, where the server says so.
    reset: String,
    /// Calls and milliseconds, by the key of the entry.
    before: Option<BTreeMap<String, (u64, f64)>>,
    /// Texts by the number of the query; `None` for those that are left out.
    texts: BTreeMap<String, Option<Text>>,
    /// Since the last [`Statements::take`], by the number of the query.
    since: BTreeMap<String, (u64, f64)>,
}

struct Text {
    id: String,
    shown: String,
}

/// How the extension is asked.
struct Extension {
    /// Its schema, quoted.
    schema: String,
    /// The column of the time: another one before version 1.8 of the extension.
    time: &'static str,
    /// Whether statements within functions are counted apart (1.9).
    toplevel: bool,
    /// Whether it says when it was reset (1.9).
    info: bool,
}

impl Statements {
    /// What statements did since the look before; `None` at the first, and where nothing counts them.
    pub(super) async fn look(
        &mut self,
        session: &Connection,
        unknown: &mut Vec<Unknown>,
    ) -> Result<Option<Slice>, Error> {
        if self.extension.is_none() {
            self.extension = extension(session, unknown).await?;
        }
        let Some(extension) = &self.extension else { return Ok(None) };
        let (rows, reset) = match counters(session, extension).await {
            Ok(counted) => counted,
            // It has to be loaded when the server starts.
            Err(Error::Refused(refusal)) if refusal.code == "55000" => {
                let cure = "add it to shared_preload_libraries and restart the server";
                note(unknown, Topic::Statements, "pg_stat_statements is not loaded", Some(cure));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let (mut now, mut hidden) = (BTreeMap::new(), 0);
        for row in &rows {
            if text(row, 0).is_empty() {
                hidden += 1;
                continue;
            }
            let key = format!("{}/{}", text(row, 0), text(row, 1));
            now.insert(key, (number(row, 2).unwrap_or_default() as u64, number(row, 3).unwrap_or_default()));
        }
        if hidden > 0 {
            let what = "statements of other roles are hidden from this role";
            note(unknown, Topic::Statements, what, Some("GRANT pg_read_all_stats to the role"));
        }
        let began_anew = reset != self.reset;
        self.reset = reset;
        let Some(before) = self.before.replace(now) else { return Ok(None) };
        let before = if began_anew { BTreeMap::new() } else { before };
        let mut done: BTreeMap<String, (u64, f64)> = BTreeMap::new();
        for (key, now) in self.before.iter().flatten() {
            let (calls, time) = since(*now, before.get(key).copied());
            if calls > 0 {
                let query = key.split('/').next().unwrap_or_default();
                let sum = done.entry(query.to_owned()).or_default();
                *sum = (sum.0 + calls, sum.1 + time);
            }
        }
        // Before anything else is asked, which may fail.
        for (query, (calls, time)) in &done {
            let sum = self.since.entry(query.clone()).or_default();
            *sum = (sum.0 + calls, sum.1 + time);
        }
        fetch(&mut self.texts, session, extension, &self.since).await?;
        done.retain(|query, _| !matches!(self.texts.get(query), Some(None)));
        let mut most = by_text(&done, &self.texts);
        most.truncate(TOLD);
        let (calls, milliseconds) = done.values().fold((0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Ok(Some(Slice { calls, milliseconds, most }))
    }

    /// What was counted since this was asked last.
    pub(super) fn take(&mut self) -> Option<Vec<Statement>> {
        self.before.as_ref()?;
        Some(by_text(&std::mem::take(&mut self.since), &self.texts))
    }
}

/// Calls and time since a look; all of it where the counters began anew.
fn since(now: (u64, f64), before: Option<(u64, f64)>) -> (u64, f64) {
    match before {
        Some((calls, time)) if now.0 >= calls => (now.0 - calls, (now.1 - time).max(0.0)),
        _ => now,
    }
}

/// Statements of the same text as one, what took most time first.
fn by_text(done: &BTreeMap<String, (u64, f64)>, texts: &BTreeMap<String, Option<Text>>) -> Vec<Statement> {
    let mut all: BTreeMap<&str, Statement> = BTreeMap::new();
    for (query, (calls, time)) in done {
        let (id, shown) = match texts.get(query) {
            Some(None) => continue,
            Some(Some(text)) => (text.id.as_str(), text.shown.as_str()),
            None => (query.as_str(), "(its text was dropped for room)"),
        };
        let one = all.entry(id).or_insert_with(|| Statement {
            id: id.to_owned(),
            text: shown.to_owned(),
            ..Statement::default()
        });
        one.calls += calls;
        one.milliseconds += time;
    }
    let mut all: Vec<Statement> = all.into_values().collect();
    all.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    all
}

/// Where the extension is; `None`, with a note, where it isn't.
async fn extension(session: &Connection, unknown: &mut Vec<Unknown>) -> Result<Option<Extension>, Error> {
    let query = "SELECT pg_catalog.quote_ident(n.nspname), EXISTS (SELECT FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = n.oid \
         AND c.relname = 'pg_stat_statements' AND a.attname = 'total_exec_time'), \
         EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
         WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements' AND a.attname = 'toplevel'), \
         EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'pg_stat_statements_info') \
         FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
         WHERE e.extname = 'pg_stat_statements'";
    let Some(row) = session.rows(query).await?.into_iter().next() else {
        let cure =
            "CREATE EXTENSION pg_stat_statements in this database, and have it in shared_preload_libraries";
        let what = "how long each statement takes: the extension pg_stat_statements is not there";
        note(unknown, Topic::Statements, what, Some(cure));
        return Ok(None);
    };
    let time = if is(&row, 1) { "total_exec_time" } else { "total_time" };
    Ok(Some(Extension { schema: text(&row, 0).to_owned(), time, toplevel: is(&row, 2), info: is(&row, 3) }))
}

/// The counters of this database, without texts, and when they began.
async fn counters(session: &Connection, extension: &Extension) -> Result<(Vec<pg::Row>, String), Error> {
    let Extension { schema, time, toplevel, info } = extension;
    // What runs within a function is a part of the statement that called it.
    let top = if *toplevel { " AND toplevel" } else { "" };
    let query = format!(
        "SELECT queryid, userid, calls, {time} FROM {schema}.pg_stat_statements(false) WHERE dbid = \
         (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()){top}"
    );
    let rows = session.rows(&query).await?;
    let reset = match info {
        true => {
            let query = format!("SELECT stats_reset, pg_catalog.now() FROM {schema}.pg_stat_statements_info");
            session.value(&query).await?.unwrap_or_default()
        }
        false => String::new(),
    };
    Ok((rows, reset))
}

/// The texts of those that were called and are not known yet, what took most time first.
async fn fetch(
    texts: &mut BTreeMap<String, Option<Text>>,
    session: &Connection,
    extension: &Extension,
    done: &BTreeMap<String, (u64, f64)>,
) -> Result<(), Error> {
    let mut missing: Vec<(&String, f64)> = Vec::new();
    missing.extend(
        done.iter().filter(|(query, _)| !texts.contains_key(*query)).map(|(q, (_, time))| (q, *time)),
    );
    missing.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    missing.truncate(TEXTS);
    if missing.is_empty() {
        return Ok(());
    }
    let numbers: BTreeSet<&str> = missing.iter().map(|(query, _)| query.as_str()).collect();
    let numbers = numbers.into_iter().collect::<Vec<_>>().join(",");
    // One constant, so that this is one statement to the extension.
    let query = format!(
        "SELECT queryid, pg_catalog.min(pg_catalog.\"left\"(query, 20000)) FROM {}.pg_stat_statements(true) \
         WHERE queryid = ANY ('{{{numbers}}}'::bigint[]) GROUP BY queryid",
        extension.schema
    );
    for row in session.rows(&query).await? {
        let whole = text(&row, 1);
        if !whole.is_empty() && !whole.starts_with('<') {
            texts.insert(text(&row, 0).to_owned(), told(whole));
        }
    }
    Ok(())
}

/// A text as it is told; `None` where it is not the app's.
fn told(whole: &str) -> Option<Text> {
    let first = whole.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let settings = ["set", "show", "reset", "discard"];
    if whole.contains("pg_catalog.") || settings.contains(&first.to_ascii_lowercase().as_str()) {
        return None;
    }
    let one_line = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    let digest = Sha256::digest(one_line.as_bytes());
    let id = digest.iter().take(8).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    });
    Some(Text { id, shown: normalised(whole) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_go_backwards_began_anew() {
        assert_eq!(since((5, 10.0), Some((2, 4.0))), (3, 6.0));
        assert_eq!(since((5, 10.0), None), (5, 10.0));
        assert_eq!(since((1, 2.0), Some((2, 4.0))), (1, 2.0));
    }

    #[test]
    fn a_text_is_known_again_however_it_is_laid_out() {
        let id = |text| told(text).map(|text| text.id);
        assert_eq!(id("select 1\n from a"), id("select 1 from a"));
        assert_ne!(id("select 1 from a"), id("select 1 from b"));
        assert!(id("SET x = 1").is_none() && id("select pg_catalog.now()").is_none());
        assert_eq!(
            told("alter role a password 'x'").map(|text| text.shown).as_deref(),
            Some("alter role ..")
        );
    }
}
