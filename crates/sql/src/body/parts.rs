//! What a body is taken apart into.

use crate::ast::{Expr, Statement};
use crate::parse::SyntaxError;
use source::Span;
use std::sync::Arc;

/// What the body of a routine holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoutineBody {
    /// The SQL statements, in order of place.
    pub statements: Vec<BodyStatement>,
    /// What can't be known, with the reason. SQL that doesn't parse is here too.
    pub unknown: Vec<(Span, String)>,
    /// SQL that doesn't parse.
    pub errors: Vec<SyntaxError>,
}

/// One SQL statement of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyStatement {
    /// The statement.
    pub statement: Statement,
    /// Why it may not run, from the innermost block: `IF NOT EXISTS (SELECT ..)`, `loop` ..
    pub conditional: Option<String>,
    /// Everything that must hold for it to run, outermost first.
    pub guards: Vec<Arc<Guard>>,
    /// Whether it may run more than once.
    pub repeated: bool,
    /// It came from `EXECUTE` of a constant.
    pub dynamic: bool,
    /// What enclosing EXCEPTION blocks catch: names of conditions in lower case, or codes where
    /// `SQLSTATE '..'` was written.
    pub catches: Vec<String>,
}

/// Something that decides whether a statement of a body runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// In words: `IF NOT EXISTS (SELECT ..)`, `loop`, `exception handler` ..
    pub text: String,
    /// The condition, where it is one condition alone.
    pub condition: Option<Expr>,
    /// Whether the statement runs if the condition is true; false in ELSE, and behind an IF that
    /// returns.
    pub holds: bool,
}

impl Guard {
    /// A guard that no condition answers.
    pub(super) fn open(text: &str) -> Arc<Guard> {
        Arc::new(Guard { text: text.to_owned(), condition: None, holds: true })
    }
}

/// The other way round.
pub(super) fn not(guard: &Guard, text: &str) -> Arc<Guard> {
    Arc::new(Guard { text: text.to_owned(), condition: guard.condition.clone(), holds: !guard.holds })
}
