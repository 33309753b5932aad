//! Ways back for programs.

use super::{Note, Reverse};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

/// The document that `brolly rollback --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The version of this form, 1.
    pub version: u32,
    /// The ways back, in the order of their migrations.
    pub rollbacks: Vec<Rollback>,
}

/// The way back of one migration.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollback {
    /// The migration's tag or folder name.
    pub migration: String,
    /// Where the companion is, or would be.
    pub path: String,
    /// The text of the companion.
    pub text: String,
    /// What to run, in order, and what is to know about it.
    pub statements: Vec<Statement>,
}

/// One statement, or what is said in the place of one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// The statement without a semicolon; null where there is only something to say.
    pub sql: Option<String>,
    /// Index of the statement of the migration that it undoes.
    pub undoes: usize,
    /// It runs outside of a transaction block only.
    pub outside_transaction: bool,
    /// What running it loses, or what it brings back lacks.
    pub lost: Vec<String>,
    /// What is not undone.
    pub not_reversed: Vec<String>,
    /// When it fails.
    pub fails_if: Vec<String>,
}

/// The JSON Schema of [`Document`], made of the type that is printed.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}

/// A way back for programs, `text` being that of its file at `path`.
pub fn json(back: &Reverse, path: &str, text: &str) -> Rollback {
    let statements = back.sql.iter().map(|statement| {
        let notes =
            |pick: fn(&Note) -> Option<&String>| statement.notes.iter().filter_map(pick).cloned().collect();
        Statement {
            sql: statement.sql.clone(),
            undoes: statement.undoes,
            outside_transaction: statement.outside_transaction,
            lost: notes(|note| if let Note::Lost(text) = note { Some(text) } else { None }),
            not_reversed: notes(|note| if let Note::NotReversed(text) = note { Some(text) } else { None }),
            fails_if: notes(|note| if let Note::Fails(text) = note { Some(text) } else { None }),
        }
    });
    Rollback {
        migration: back.tag.clone(),
        path: path.to_owned(),
        text: text.to_owned(),
        statements: statements.collect(),
    }
}
