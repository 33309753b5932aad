//! Columns that SQL of the new app names, that its schema does not declare, and that are not there once a
//! pending set has run: nobody else would notice them before the query is sent.
//!
//! Only what is certain: a query that is sent as it is written, on a relation that is there.

use crate::analysis::JudgedSet;
use crate::app_code::Cited;
use crate::breaks::find;
use catalog::QName;
use code::{Certainty, Columns};

/// A column that is named and not there.
#[derive(Clone, Debug, PartialEq)]
pub struct MissingColumn {
    /// The relation.
    pub relation: QName,
    /// The column.
    pub column: String,
    /// Whether the set takes it away; otherwise no migration has brought it.
    pub taken: bool,
    /// Where it is named.
    pub uses: Vec<Cited>,
}

/// The columns, without those that a deployed version names in the same way and that were missing before.
pub fn missing_columns(judged: &JudgedSet) -> Vec<MissingColumn> {
    let Some(code) = judged.new_app.as_ref().and_then(|app| app.code.as_ref()) else { return Vec::new() };
    let mut found = Vec::new();
    for relation in code.undeclared_names() {
        let Some(after) = find(&judged.end, relation) else { continue };
        let before = find(&judged.start, relation);
        for column in code.undeclared(relation).into_iter().flatten() {
            if after.column(column).is_some() || SYSTEM.contains(&column.as_str()) {
                continue;
            }
            let taken = before.is_some_and(|before| before.column(column).is_some());
            let known = judged.old_apps.iter().any(|app| match &app.code {
                Some(code) => code.undeclared(relation).is_some_and(|named| named.contains(column)),
                // Nobody knows what it named.
                None => true,
            });
            let certain = |one: &&code::Use| {
                one.certainty == Certainty::Certain && one.columns == Columns::One(column.clone())
            };
            let uses = code.uses(relation).iter().filter(certain);
            let mut uses: Vec<Cited> =
                uses.map(|one| Cited { version: code.version.label().into(), found: one.clone() }).collect();
            Cited::in_order(&mut uses);
            if !uses.is_empty() && (taken || !known) {
                found.push(MissingColumn { relation: relation.clone(), column: column.clone(), taken, uses });
            }
        }
    }
    found
}

/// Columns that every table has without declaring them.
/// <https://www.postgresql.org/docs/current/ddl-system-columns.html>
const SYSTEM: &[&str] = &["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid"];
