//! What the server's catalogue and statistics say at one moment.
//!
//! Reads system relations only, so that looking takes no lock that would show.

use crate::{Connection, Error, Row};
use facts::LockMode;
use std::collections::{BTreeMap, BTreeSet};

/// One moment of a session.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// When the transaction began, as the server writes it: another text is another transaction.
    pub transaction: String,
    /// Position in the WAL, in bytes.
    pub wal: u64,
    /// Tables, views and materialized views by oid.
    pub relations: BTreeMap<u32, Stored>,
    /// Table-level locks that the session holds.
    pub locks: BTreeMap<u32, BTreeSet<LockMode>>,
}

/// A relation and its storage.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// `schema.name`.
    pub label: String,
    /// `relkind`.
    pub kind: char,
    /// `relfilenode`; another one is another file.
    pub node: u32,
    /// How often the transaction read it from end to end.
    pub scans: u64,
}

impl Stored {
    /// Whether it has a file of its own.
    pub fn stored(&self) -> bool {
        matches!(self.kind, 'r' | 'm')
    }
}

/// One message, three results. Sequential scans of the transaction are counted at once
/// (`pg_stat_get_xact_numscans`, pgstatfuncs.c).
const LOOK: &str = "\
    select 'relation', c.oid, n.nspname || '.' || c.relname, c.relkind, c.relfilenode, \
           coalesce(pg_stat_get_xact_numscans(c.oid), 0) \
      from pg_class c join pg_namespace n on n.oid = c.relnamespace \
     where c.relkind in ('r', 'p', 'm', 'v', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'; \
    select 'lock', relation, mode from pg_locks \
     where locktype = 'relation' and granted and pid = pg_backend_pid() \
       and database = (select oid from pg_database where datname = current_database()); \
    select 'moment', now(), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";

impl State {
    /// The state of a session now.
    pub async fn read(session: &Connection) -> Result<State, Error> {
        let mut state =
            State { transaction: String::new(), wal: 0, relations: BTreeMap::new(), locks: BTreeMap::new() };
        for row in session.rows(LOOK).await? {
            state.take(row);
        }
        Ok(state)
    }

    fn take(&mut self, row: Row) {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || cells.next().unwrap_or_default();
        match next().as_str() {
            "relation" => {
                let (oid, label, kind) = (number(&next()), next(), next());
                let (node, scans) = (number(&next()), number(&next()));
                let kind = kind.chars().next().unwrap_or('r');
                self.relations.insert(oid, Stored { label, kind, node, scans });
            }
            "lock" => {
                let (oid, name) = (number(&next()), next());
                if let Some(mode) = mode(&name) {
                    self.locks.entry(oid).or_default().insert(mode);
                }
            }
            _ => {
                self.transaction = next();
                self.wal = number(&next());
            }
        }
    }
}

fn number<N: std::str::FromStr + Default>(text: &str) -> N {
    text.parse().unwrap_or_default()
}

/// The mode that `pg_locks` names so.
pub(super) fn mode(name: &str) -> Option<LockMode> {
    (1..=8).filter_map(LockMode::from_number).find(|mode| format!("{mode:?}Lock") == name)
}
