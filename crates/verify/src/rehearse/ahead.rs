//! Rows that the migration can live with. What fills tables puts NULLs and duplicates wherever it may,
//! and a set that adds a constraint would fail on them at once, with nothing measured.
//!
//! So the constraints to come are put on the tables while they are empty, and taken off again once they
//! are full. That a migration may fail on the rows of production is what `lint` and `verify` say.

use crate::Error;
use facts::Analysis;
use pg::Connection;
use sql::{AlterAction, Stmt};

/// What there was before constraints were put on.
pub(crate) struct Before {
    constraints: String,
    indexes: String,
    columns: String,
}

/// Puts on what these migrations of a set will add to tables that are there; what can't be put on yet is passed over.
pub(crate) async fn constrain(
    session: &Connection,
    analysis: &Analysis,
    set: usize,
    of: &dyn Fn(usize) -> bool,
) -> Result<Before, Error> {
    let before = Before {
        constraints: listed(session, "select oid from pg_catalog.pg_constraint").await?,
        indexes: listed(session, "select indexrelid from pg_catalog.pg_index").await?,
        columns: listed(
            session,
            "select attrelid || '.' || attnum from pg_catalog.pg_attribute where attnotnull",
        )
        .await?,
    };
    for step in analysis.steps_of(set).iter().filter(|step| of(step.migration)) {
        let Some(statement) = &step.statement else { continue };
        if !constrains(&statement.stmt) {
            continue;
        }
        match session.batch(step.span.of(&step.file.text)).await {
            Ok(()) | Err(pg::Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(before)
}

/// Takes off what has been put on since.
pub(crate) async fn release(session: &Connection, before: &Before) -> Result<(), Error> {
    // NOT NULL is a constraint of its own since 18; an attribute of the column it always was.
    let constraints = format!(
        "select format('alter table %s drop constraint %I', conrelid::regclass, conname) \
         from pg_catalog.pg_constraint where conrelid <> 0 and contype <> 'n' and coninhcount = 0 \
         and conparentid = 0 and oid::text <> all ({}) order by contype = 'f' desc",
        before.constraints
    );
    let indexes = format!(
        "select format('drop index %s', indexrelid::regclass) from pg_catalog.pg_index \
         where indrelid > 16383 and indexrelid::text <> all ({})",
        before.indexes
    );
    let columns = format!(
        "select format('alter table %s alter column %I drop not null', attrelid::regclass, attname) \
         from pg_catalog.pg_attribute where attnotnull and attrelid > 16383 and attnum > 0 \
         and attrelid || '.' || attnum <> all ({})",
        before.columns
    );
    for query in [constraints, indexes, columns] {
        for row in session.rows(&query).await? {
            let Some(Some(sql)) = row.first() else { continue };
            match session.batch(sql).await {
                Ok(()) | Err(pg::Error::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Whether a statement does nothing but ask more of the rows.
fn constrains(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::AlterTable(alter) => alter.commands.iter().all(|command| {
            matches!(command.action, AlterAction::AddConstraint(_) | AlterAction::SetNotNull { .. })
        }),
        Stmt::CreateIndex(index) => index.unique,
        // Older drizzle-kit puts foreign keys into one.
        Stmt::Do(block) => {
            let body = sql::routine_body(&block.body, block.span.start);
            !body.statements.is_empty() && body.statements.iter().all(|one| constrains(&one.statement.stmt))
        }
        _ => false,
    }
}

/// What a query lists, as an array of texts.
async fn listed(session: &Connection, query: &str) -> Result<String, Error> {
    let rows = session.rows(query).await?;
    let values: Vec<String> =
        rows.into_iter().flatten().flatten().map(|value| format!("'{value}'")).collect();
    Ok(format!("array[{}]::text[]", values.join(",")))
}
