//! Cells of rows as values, and counts and times as people write them.

use pg::Row;
use source::shown;

/// The text of a cell; empty for NULL.
pub fn text(row: &Row, at: usize) -> &str {
    row.get(at).and_then(|cell| cell.as_deref()).unwrap_or_default()
}

/// The number in a cell; `None` for NULL.
pub fn number(row: &Row, at: usize) -> Option<f64> {
    row.get(at).and_then(|cell| cell.as_deref()?.parse().ok())
}

/// Whether a cell holds true.
pub fn is(row: &Row, at: usize) -> bool {
    text(row, at) == "t"
}

/// Names as one list.
pub fn list(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().map(|name| shown(name)).collect();
    match shown.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Seconds.
pub fn time(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1000.0),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

/// A count of transactions.
pub fn count(number: f64) -> String {
    match number {
        ..1e6 => format!("{number:.0}"),
        ..1e9 => format!("{:.0} million", number / 1e6),
        _ => format!("{:.2} billion", number / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_do() {
        assert_eq!([time(0.2), time(90.0), time(600.0), time(9000.0)], ["200 ms", "90 s", "10 min", "2 h"]);
        assert_eq!([count(120_000.0), count(2e8), count(1.9e9)], ["120000", "200 million", "1.90 billion"]);
        let names = ["public.a", "x.b", "public.c"].map(str::to_owned);
        assert_eq!(list(&names), "a, x.b and c");
    }
}
