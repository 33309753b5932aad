//! The words of a file that takes a migration back.

use super::{Note, Reverse};
use std::fmt::Write;

/// How the first line of such a file begins; the tag of the migration follows.
pub const HEADER: &str = "-- brolly rollback of ";

/// A whole file: a header, and statements in transactions, with what is to know as comments before each. Those that
/// run outside of a transaction block only stand between transactions.
pub fn text(back: &Reverse) -> String {
    let mut text = format!("{HEADER}{}\n", back.tag);
    let mut open = false;
    for statement in &back.sql {
        let runs = statement.sql.is_some();
        text.push('\n');
        if runs && open && statement.outside_transaction {
            text.push_str("COMMIT;\n\n");
            open = false;
        }
        if runs && !open && !statement.outside_transaction {
            text.push_str("BEGIN;\n\n");
            open = true;
        }
        if runs && statement.outside_transaction {
            text.push_str("-- outside of a transaction\n");
        }
        for note in &statement.notes {
            let (word, note) = match note {
                Note::Lost(note) => ("lost", note),
                Note::NotReversed(note) => ("not reversed", note),
                Note::Fails(note) => ("fails if", note),
            };
            let _ = writeln!(text, "-- {word}: {}", note.lines().collect::<Vec<_>>().join(" "));
        }
        if let Some(sql) = &statement.sql {
            let _ = writeln!(text, "{sql};");
        }
    }
    if open {
        text.push_str("\nCOMMIT;\n");
    }
    if back.sql.is_empty() {
        text.push_str("\n-- nothing to take back\n");
    }
    text
}
