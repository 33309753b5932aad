//! Questions about all rows of a table, where row level security may hide some: they fail instead of answering for the
//! rest.
//!
//! With `row_security` off a query that a policy would filter is refused (manual, "Row Security Policies"; 42501). It is
//! set for a transaction, so that no other client of a pooler meets it. Who asks what is not known here.

use pg::{Connection, Error, Refusal};

/// What a session is told that reads all rows or none.
pub(crate) const ALL_ROWS: &str = "SET row_security = off";

/// The way out.
pub(crate) const CURE: &str = "run it as a role with BYPASSRLS, or as the owner of the table while that has no FORCE ROW LEVEL SECURITY";

/// The first value that a query gives where it sees all rows; `None` for NULL and for no row.
///
/// Errors: what the server refuses, a filter of its own among it. The connection can be gone on with.
pub async fn value_of_all_rows(connection: &Connection, query: &str) -> Result<Option<String>, Error> {
    let text = format!("BEGIN READ ONLY; SET LOCAL row_security = off; {query}; COMMIT");
    let value = connection.value(&text).await;
    if let Err(Error::Refused(_)) = &value {
        connection.batch("ROLLBACK").await?;
    }
    value
}

/// What the server said, and the way out where row level security is why. Servers that speak another language than
/// English say it without.
pub fn refusal_with_cure(said: &Refusal) -> String {
    match said.code == "42501" && said.message.contains("row-level security") {
        true => format!("{said}\n  this role would not see all rows: {CURE}"),
        false => said.to_string(),
    }
}
