//! `--rows`: how many rows tables get.

use crate::errors::Error;
use catalog::QName;
use verify::Amounts;

/// Reads `1000`, `users=1e6`, `auth.users=5_000`.
pub fn amounts(wanted: &[String]) -> Result<Amounts, Error> {
    let mut amounts = Amounts::default();
    for text in wanted {
        let bad = || Error::BadRows { text: text.clone() };
        match text.split_once('=') {
            None => amounts.default = number(text).ok_or_else(bad)?,
            Some((table, rows)) => {
                let (schema, name) = table.split_once('.').unwrap_or(("public", table));
                if name.is_empty() {
                    return Err(bad());
                }
                amounts.tables.insert(QName::new(schema, name), number(rows).ok_or_else(bad)?);
            }
        }
    }
    Ok(amounts)
}

/// Bytes that so many rows may take, generously.
pub fn space(amounts: &Amounts) -> u64 {
    let named: u64 = amounts.tables.values().sum();
    named.saturating_mul(ROW) + amounts.default.saturating_mul(ROW * TABLES)
}

/// A row with its share of indexes and WAL.
const ROW: u64 = 600;
/// Tables that a project may have.
const TABLES: u64 = 50;

/// A whole number, with `_` between digits or as `1e6`.
fn number(text: &str) -> Option<u64> {
    let plain = text.trim().replace('_', "");
    match plain.split_once(['e', 'E']) {
        None => plain.parse().ok(),
        Some((digits, zeros)) => {
            digits.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(zeros.parse().ok()?)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_tables() {
        let texts = ["20", "users=1e6", "auth.users=5_000"].map(str::to_owned);
        let amounts = amounts(&texts).expect("they are fine");
        assert_eq!(amounts.default, 20);
        assert_eq!(amounts.tables[&QName::new("public", "users")], 1_000_000);
        assert_eq!(amounts.tables[&QName::new("auth", "users")], 5_000);
        for bad in ["many", "users=", "=3", "1e99", "-1", "1.5"] {
            assert!(super::amounts(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
