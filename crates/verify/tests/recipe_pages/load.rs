//! The path while the app writes rows.

use crate::Naive;
use crate::page::{Example, Planned};
use pg::Server;
use verify::Error;

/// What is wrong with the path where both versions of the app are at work.
pub async fn loaded(
    _server: &Server,
    _example: &Example,
    _planned: &Planned,
    _naive: &Naive,
) -> Result<Vec<String>, Error> {
    Ok(Vec::new())
}
