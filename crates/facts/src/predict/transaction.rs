//! What Postgres refuses inside a transaction block (`PreventInTransactionBlock`).

use crate::model::{Certainty, Facts, Failure, FailureCause};
use sql::{AlterAction, ObjectKind, Stmt};

/// Adds the failure of a statement that must run outside of a transaction, if one is open.
pub(crate) fn outside_only(stmt: &Stmt, open: bool, facts: &mut Facts) {
    let Some(what) = needs_no_transaction(stmt) else { return };
    if !open {
        return;
    }
    facts.failures.push(Failure {
        sqlstate: "25001",
        cause: FailureCause::InTransaction,
        when: format!("{what} can't run inside a transaction block"),
        certainty: Certainty::Always,
        relation: None,
        column: None,
        span: None,
    });
}

/// The words for a statement that can't run in a transaction; `None` where it can.
pub fn needs_no_transaction(stmt: &Stmt) -> Option<String> {
    let what = match stmt {
        Stmt::CreateIndex(create) if create.concurrently => "CREATE INDEX CONCURRENTLY",
        Stmt::Drop(drop) if drop.concurrently => "DROP INDEX CONCURRENTLY",
        Stmt::Reindex(reindex) if reindex.concurrently => "REINDEX CONCURRENTLY",
        Stmt::Reindex(reindex) if matches!(reindex.kind, ObjectKind::Schema | ObjectKind::Database) => {
            "REINDEX of a schema or database"
        }
        Stmt::Vacuum(vacuum) if vacuum.vacuum => "VACUUM",
        Stmt::Cluster(cluster) if cluster.table.is_none() => "CLUSTER of all tables",
        Stmt::AlterTable(alter) => {
            let concurrently = alter
                .commands
                .iter()
                .any(|c| matches!(c.action, AlterAction::DetachPartition { concurrently: true, .. }));
            return concurrently.then(|| "ALTER TABLE .. DETACH PARTITION CONCURRENTLY".to_owned());
        }
        Stmt::Other(other) if other.outside_transaction => other.what,
        _ => return None,
    };
    Some(what.to_owned())
}
