//! What an expression is part of.

use crate::model::{Certainty, Role};
use crate::value::Table;
use std::sync::Arc;

/// What an expression is part of.
#[derive(Clone)]
pub(super) struct Context {
    pub role: Role,
    pub certainty: Certainty,
    pub why: Arc<str>,
    /// A whole table here stands for all of its columns.
    pub whole: bool,
    /// A table here is handed to other code: how sure it is that it is used there.
    pub handed: Option<Certainty>,
    /// Tables of the query around.
    pub tables: Vec<Arc<Table>>,
    /// Text here is sent as it is.
    pub sent: bool,
}

impl Default for Context {
    fn default() -> Context {
        Context {
            role: Role::Named,
            certainty: Certainty::Likely,
            why: "named outside of a query that could be followed".into(),
            whole: false,
            handed: None,
            tables: Vec::new(),
            sent: false,
        }
    }
}

impl Context {
    pub fn of(role: Role, why: &str) -> Context {
        Context { role, certainty: Certainty::Certain, why: why.into(), ..Context::default() }
    }

    pub fn whole(self) -> Context {
        Context { whole: true, ..self }
    }

    pub fn among(self, table: Option<&Arc<Table>>) -> Context {
        Context { tables: table.into_iter().cloned().collect(), ..self }
    }

    pub fn is_query(&self) -> bool {
        !matches!(self.role, Role::Named | Role::Type)
    }
}
