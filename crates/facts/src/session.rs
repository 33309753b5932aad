//! The session that runs a pending set: which transaction a statement is in, and its settings.
//!
//! Drizzle's migrator opens one transaction for all pending migrations, brolly's one for each. A `COMMIT`
//! in a file ends it, and what follows runs on its own, until a `BEGIN`.

use catalog::{Catalog, TypeId};
use sql::{Query, SetVariable, Transaction};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state of the session between two statements.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Number of the open transaction, from 1; `None` between transactions.
    open: Option<u32>,
    /// Whether the file itself has said BEGIN.
    explicit: bool,
    /// Numbers given so far.
    last: u32,
    /// The schema when the open transaction began.
    at_begin: Arc<Catalog>,
    /// Enum values added in the open transaction.
    pub enum_values: Vec<(TypeId, String)>,
    /// Settings made so far, in lower case; `SET LOCAL` ones go with the transaction.
    settings: BTreeMap<String, Setting>,
}

#[derive(Clone, Debug)]
struct Setting {
    value: String,
    local: bool,
}

/// What transaction control did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// Nothing.
    None,
    /// The work so far is committed.
    Committed,
    /// The work of the transaction is undone.
    RolledBack,
}

impl Session {
    /// A session in the transaction that Drizzle opens.
    pub fn begin(catalog: &Arc<Catalog>, number: u32) -> Session {
        Session {
            open: Some(number),
            explicit: false,
            last: number,
            at_begin: catalog.clone(),
            enum_values: Vec::new(),
            settings: BTreeMap::new(),
        }
    }

    /// The transaction in which a statement runs. Several statements sent as one chunk outside of a
    /// transaction share an implicit one (protocol manual, 55.2.2.1).
    pub fn transaction(&self) -> Option<u32> {
        self.open
    }

    /// Whether it runs in a transaction that no BEGIN of a file has asked for.
    pub fn is_of_the_runner(&self) -> bool {
        self.open.is_some() && !self.explicit
    }

    /// The last number given.
    pub fn last_number(&self) -> u32 {
        self.last
    }

    /// The schema as it was when the open transaction began.
    pub fn at_begin(&self) -> &Arc<Catalog> {
        &self.at_begin
    }

    /// Follows transaction control.
    pub fn control(&mut self, transaction: &Transaction, catalog: &Arc<Catalog>) -> Boundary {
        match transaction {
            Transaction::Begin => {
                self.explicit = true;
                if self.open.is_none() {
                    self.open(catalog);
                }
                Boundary::None
            }
            Transaction::Commit { chain } => {
                let was_open = self.close();
                if *chain {
                    self.open(catalog);
                }
                if was_open { Boundary::Committed } else { Boundary::None }
            }
            Transaction::Rollback { chain } => {
                let was_open = self.close();
                if *chain {
                    self.open(&self.at_begin.clone());
                }
                if was_open { Boundary::RolledBack } else { Boundary::None }
            }
            // What follows a ROLLBACK TO is judged as if the savepoint's work had stayed; it is rare
            // in migrations, and `analyze` says so.
            _ => Boundary::None,
        }
    }

    /// Opens an implicit transaction for a chunk of several statements.
    pub fn open(&mut self, catalog: &Arc<Catalog>) {
        self.last += 1;
        self.open = Some(self.last);
        self.at_begin = catalog.clone();
        self.enum_values.clear();
    }

    /// Ends the open transaction, if there is one.
    pub fn close(&mut self) -> bool {
        self.settings.retain(|_, setting| !setting.local);
        self.enum_values.clear();
        self.explicit = false;
        self.open.take().is_some()
    }

    /// Follows `SET` and `RESET`.
    pub fn set(&mut self, set: &SetVariable) {
        match &set.values {
            Some(values) => {
                let setting = Setting { value: values.join(", "), local: set.local };
                if !set.local || self.open.is_some() {
                    self.settings.insert(set.name.clone(), setting);
                }
            }
            None if set.name == "all" => self.settings.clear(),
            None => {
                self.settings.remove(&set.name);
            }
        }
    }

    /// Follows `SELECT set_config(name, value, ..)`, which is taken for LOCAL in a transaction.
    pub fn set_by_call(&mut self, query: &Query) {
        for call in query.uses.functions.iter().filter(|call| call.name.name == "set_config") {
            if let [Some(name), Some(value), ..] = call.strings.as_slice() {
                let local = self.open.is_some();
                let values = Some(vec![value.clone()]);
                self.set(&SetVariable { name: name.to_ascii_lowercase(), values, local });
            }
        }
    }

    /// Whether a setting was switched on or off in this session.
    pub fn is_on(&self, name: &str) -> Option<bool> {
        let value = self.setting(name)?.trim_matches('\'').to_ascii_lowercase();
        Some(!matches!(value.as_str(), "off" | "false" | "no" | "0" | "f" | "n" | "of"))
    }

    /// The value of a setting made in this session.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(|setting| setting.value.as_str())
    }
}
