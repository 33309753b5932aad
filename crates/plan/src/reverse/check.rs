//! What a way back really comes to, by a replay: applied to the schema after, and held against the one before.

use super::ReverseStatement;
use super::said::words_of;
use super::words::object;
use catalog::{Catalog, Difference, What};

/// What a replay gives.
pub(super) struct Replayed {
    /// What is different from before.
    pub left: Vec<Difference>,
    /// What Postgres would refuse.
    pub refused: Vec<String>,
}

/// Applies what undoes a migration.
pub(super) fn replayed(back: &[ReverseStatement], before: &Catalog, after: &Catalog) -> Replayed {
    let mut catalog = after.clone();
    // A session of its own runs it.
    catalog.set_search_path(vec!["public".to_owned()]);
    let mut refused = Vec::new();
    for text in back.iter().filter_map(|statement| statement.sql.as_deref()) {
        let parsed = sql::parse(text, 0);
        refused.extend(parsed.errors.iter().map(|error| format!("{}: {text}", error.message)));
        for statement in &parsed.statements {
            let applied = catalog::apply(&mut catalog, &statement.stmt);
            let refusals = applied.refusals.iter().filter(|refusal| !refusal.outside_history);
            refused.extend(refusals.map(|refusal| format!("{}: {text}", refusal.message)));
        }
    }
    Replayed { left: catalog::diff(before, &catalog), refused }
}

/// Whether a difference needs no more words: something that was said names the object, or it may be none.
pub(super) fn is_said(difference: &Difference, said: &[&str]) -> bool {
    if matches!(difference.what, What::Undecided { .. }) {
        return true;
    }
    let name = object(difference);
    said.iter().any(|text| words_of(text).any(|word| word == name))
}
