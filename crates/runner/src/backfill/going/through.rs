//! The end of a pass: the last look at the rows, another pass where some are left, and VACUUM.

use super::super::event::{Ended, Event};
use super::super::session::Session;
use super::super::shape::Shape;
use super::super::statements::Statements;
use super::super::{Error, Job};
use super::{Going, Tell};
use crate::ledger::literal;

/// Passes through a table whose writers leave rows to be done.
const PASSES: u32 = 5;

/// The rows that are left, where that can be asked.
pub(in crate::backfill) async fn left(
    session: &Session,
    job: &Job,
    shape: &Shape,
) -> Result<Option<u64>, Error> {
    let Some(query) = Statements::new(&job.backfill, shape).left() else { return Ok(None) };
    Ok(session.worker.value(&query).await?.and_then(|count| count.parse().ok()))
}

impl Going<'_> {
    /// The pass is through: whether all is done, or another one begins.
    pub(super) async fn through(&mut self, tell: Tell<'_>) -> Result<Option<Ended>, Error> {
        let before = self.saved.rows_left;
        self.saved.rows_left = left(&self.session, self.job, &self.shape).await?;
        if let Some(left) = self.saved.rows_left.filter(|left| *left > 0) {
            let gets_less = self.saved.pass == 1 || before.is_none_or(|before| left < before);
            if gets_less && self.saved.pass < PASSES {
                self.saved.pass += 1;
                (self.saved.cursor, self.saved.upper, self.saved.part, self.saved.passed) =
                    (None, None, None, 0);
                let set = format!(
                    "pass = {}, rows_left = {left}, cursor = NULL, upper = NULL, part = NULL, passed = 0",
                    self.saved.pass
                );
                self.set(&set).await?;
                tell(Event::Again { backfill: self.name(), pass: self.saved.pass, left });
                return Ok(None);
            }
        }
        if self.asked.vacuum {
            self.vacuum(tell).await?;
        }
        let left = self.saved.rows_left.map_or("NULL".to_owned(), |left| left.to_string());
        let set = format!(
            "state = 'finished', error = NULL, wanted = NULL, rows_left = {left}, finished_at = pg_catalog.clock_timestamp()"
        );
        self.set(&set).await?;
        Ok(Some(Ended::Finished))
    }

    /// VACUUM of the table. A role that may not is told so by a WARNING only, so that the right is looked at first.
    async fn vacuum(&self, tell: Tell<'_>) -> Result<(), Error> {
        let table = &self.job.backfill.table;
        let unfit = self.session.worker.value(&no_right(table, self.session.worker.version().major)).await?;
        let skipped = unfit.map(|unfit| {
            format!(
                "this role may not vacuum {unfit}: its owner does, or the owner of the database{}",
                if self.session.worker.version().major >= 17 { ", or a role with MAINTAIN" } else { "" }
            )
        });
        tell(Event::Vacuum { backfill: self.name(), skipped });
        // The server passes over what may not be vacuumed, and does the rest.
        Ok(self.session.worker.batch(&format!("VACUUM (ANALYZE) {table}")).await?)
    }
}

/// The first of a table and its partitions that this role may not vacuum (vacuum.c, vacuum_is_permitted_for_relation: the
/// owner of the table or of the database; from 17 on whoever has MAINTAIN).
fn no_right(table: &str, major: u16) -> String {
    let maintain = match major {
        17.. => "OR pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')",
        _ => "",
    };
    format!(
        "WITH RECURSIVE below (oid) AS (SELECT {}::pg_catalog.regclass::oid UNION SELECT i.inhrelid \
         FROM pg_catalog.pg_inherits i JOIN below ON below.oid = i.inhparent) \
         SELECT c.oid::pg_catalog.regclass FROM below JOIN pg_catalog.pg_class c ON c.oid = below.oid \
         WHERE NOT (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR EXISTS (SELECT FROM pg_catalog.pg_database d \
         WHERE d.datname = pg_catalog.current_database() AND pg_catalog.pg_has_role(d.datdba, 'USAGE')) {maintain}) \
         ORDER BY c.relname LIMIT 1",
        literal(table)
    )
}
