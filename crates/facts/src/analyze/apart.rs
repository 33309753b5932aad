//! Transactions as `brolly migrate` opens them: one for each migration, outside of which statements run
//! that can't run in one.

use super::Fold;
use super::item::{Item, is_begin};
use crate::predict;

impl Fold<'_> {
    /// Ends the transaction of the migration before, and opens one.
    pub(super) fn transaction_of_its_own(&mut self) {
        let first = self.analysis.sets.last().is_none_or(|set| set.steps.start == self.analysis.steps.len());
        if first {
            return;
        }
        if let Some(current) = &mut self.current {
            current.session.close();
        }
        self.commit();
        if let Some(current) = &mut self.current {
            current.session.open(&self.catalog);
        }
    }

    /// Ends the runner's transaction before a statement that can't run in one, and begins it anew behind.
    /// Whether it is ended is passed from statement to statement.
    pub(super) fn taken_out(&mut self, item: &Item, ended: bool) -> bool {
        let outside = match item {
            Item::Statement(one) => predict::transaction::needs_no_transaction(&one.stmt).is_some(),
            Item::Error(_) => false,
        };
        let Some(current) = &mut self.current else { return false };
        match (outside, ended) {
            (true, false) if current.session.is_of_the_runner() => {
                current.session.close();
                self.commit();
                true
            }
            (false, true) => {
                if !is_begin(item) {
                    current.session.open(&self.catalog);
                }
                false
            }
            _ => ended,
        }
    }
}
