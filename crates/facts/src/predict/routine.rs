//! Functions and procedures that are made, not run.

use super::Prediction;
use crate::lock_mode::LockMode;
use sql::{CreateFunction, Query, Stmt};

impl Prediction<'_> {
    /// Where check_function_bodies is on, a body in SQL is analyzed and rewritten (fmgr_sql_validator in
    /// pg_proc.c), and that locks what it names, through views too, as running it would. One of the SQL
    /// standard is analyzed in any case (interpret_AS_clause in functioncmds.c). Other languages look at
    /// no tables.
    pub(super) fn create_function(&mut self, create: &CreateFunction) {
        if !create.standard.is_empty() && self.cx.version.0 < 14 {
            self.needs_version(14, "a body of the SQL standard", create.name.span);
            return;
        }
        for query in &create.standard {
            self.names_of(query);
            self.analyzed(query);
        }
        let quoted = create.body.as_ref().filter(|_| create.language == "sql");
        let Some((body, _)) = quoted else { return };
        // What is no query is only parsed: it is analyzed when it runs.
        for statement in sql::parse(body, 0).statements {
            if let Stmt::Query(query) = &statement.stmt
                && self.cx.bodies_checked
            {
                self.analyzed(query);
            }
        }
    }

    /// Locks of a query that is not planned: of a table that is written, the children come later.
    fn analyzed(&mut self, query: &Query) {
        if self.cx.bodies_checked {
            self.reads_of(query);
        }
        self.targets_of(query);
    }

    fn targets_of(&mut self, query: &Query) {
        if let Some(target) = &query.target {
            self.lock_name(&target.name, LockMode::RowExclusive);
        }
        for inner in &query.uses.queries {
            self.targets_of(inner);
        }
    }
}
