//! How many rows a rehearsal fills in where `--rows` does not say: what is known about a table, or
//! else enough for a wait to show.

use crate::errors::Error;
use crate::verify::rows;
use facts::Analysis;
use settings::Settings;
use verify::Amounts;
use verify::rehearse::touched;

/// Rows of a table that the set touches, where nothing is known about it.
const TOUCHED: u64 = 100_000;
/// Rows of all other tables.
const OTHERS: u64 = 1_000;
/// A row with its share of indexes and WAL, in bytes.
const ROW: u64 = 600;

/// The rows for one set.
pub fn amounts(
    wanted: &[String],
    analysis: &Analysis,
    set: usize,
    settings: &Settings,
) -> Result<Amounts, Error> {
    let mut amounts = rows::amounts(wanted)?;
    if wanted.iter().any(|text| !text.contains('=')) {
        return Ok(amounts);
    }
    amounts.default = OTHERS;
    for table in touched(analysis, set) {
        let known = settings.rows.get(&table.to_string()).copied();
        amounts.tables.entry(table).or_insert(known.unwrap_or(TOUCHED).max(1));
    }
    Ok(amounts)
}

/// Bytes that these rows may take, generously, with what a migration writes anew.
pub fn space(amounts: &Amounts, analysis: &Analysis) -> u64 {
    let tables = analysis.end.relations().count() as u64;
    let named: u64 = amounts.tables.values().sum();
    (named.saturating_mul(2) + amounts.default.saturating_mul(tables)).saturating_mul(ROW)
}
