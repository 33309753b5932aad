//! Differences between schemas in words, grouped by object, and as JSON (`JSON.md`).

use catalog::{Difference, What};
use serde::Serialize;
use std::fmt::Write;

/// What was compared with what in one project.
#[derive(Clone, Debug)]
pub struct Drift {
    /// The migrations folder.
    pub project: String,
    /// The comparisons.
    pub comparisons: Vec<Comparison>,
}

/// Two schemas, and what differs.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// One side.
    pub left: Side,
    /// The other.
    pub right: Side,
    /// What differs, by object.
    pub differences: Vec<Difference>,
    /// What the reader should know: what was left out, what could not be read.
    pub notes: Vec<String>,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// `history`, `snapshot` or `database`.
    pub word: &'static str,
    /// Which one: `19 migrations`, `0018_x`, `shop on localhost:5432`.
    pub text: String,
    /// What stands for its schema in one line, as far as this comparison looks at it.
    pub fingerprint: String,
}

impl Comparison {
    /// Whether the two mean different things.
    pub fn has_drift(&self) -> bool {
        self.differences.iter().any(Difference::is_drift)
    }
}

/// Longer texts of expressions are cut, for people.
const LONGEST: usize = 160;

/// For people.
pub fn drift_text(all: &[Drift]) -> String {
    let mut text = String::new();
    for drift in all {
        let _ = writeln!(text, "{}", drift.project);
        for comparison in &drift.comparisons {
            one(&mut text, comparison);
        }
    }
    text
}

fn one(text: &mut String, comparison: &Comparison) {
    let (left, right) = (&comparison.left, &comparison.right);
    let (drift, rest): (Vec<&Difference>, Vec<&Difference>) =
        comparison.differences.iter().partition(|difference| difference.is_drift());
    let count = match drift.len() {
        0 => "no drift".to_owned(),
        1 => "1 difference".to_owned(),
        more => format!("{more} differences"),
    };
    let _ = writeln!(text, "  {} ({}) and {} ({}): {count}", left.word, left.text, right.word, right.text);
    objects(text, comparison, &drift);
    if !rest.is_empty() {
        let _ = writeln!(text, "    not counted, since only names or partitions differ:");
        objects(text, comparison, &rest);
    }
    for note in &comparison.notes {
        let _ = writeln!(text, "    note: {note}");
    }
}

fn objects(text: &mut String, comparison: &Comparison, differences: &[&Difference]) {
    let (left, right) = (comparison.left.word, comparison.right.word);
    let mut last = None;
    for difference in differences {
        let what = words(&difference.what, left, right);
        let Some(part) = &difference.part else {
            let _ = writeln!(text, "    {} {}: {what}", difference.kind.word(), difference.object);
            last = None;
            continue;
        };
        if last != Some(&difference.object) {
            let _ = writeln!(text, "    {}", difference.object);
            last = Some(&difference.object);
        }
        let _ = writeln!(text, "      {} {part}: {what}", difference.kind.word());
    }
}

fn words(what: &What, left: &str, right: &str) -> String {
    let only = |side: &str, text: &str| match text {
        "" => format!("only in the {side}"),
        text => format!("only in the {side}: {}", short(text)),
    };
    match what {
        What::OnlyLeft(text) => only(left, text),
        What::OnlyRight(text) => only(right, text),
        What::Facet { facet, left: l, right: r } => match (l.as_str(), r.as_str()) {
            ("yes", "no") if *facet == "not null" => {
                format!("NOT NULL in the {left}, nullable in the {right}")
            }
            ("no", "yes") if *facet == "not null" => {
                format!("nullable in the {left}, NOT NULL in the {right}")
            }
            ("yes" | "no", "yes" | "no") => format!("{facet}: {l} in the {left}, {r} in the {right}"),
            _ => format!("{facet}: the {left} says {}, the {right} says {}", short(l), short(r)),
        },
        What::Name { left: l, right: r } => format!("called {l} in the {left}, {r} in the {right}"),
        What::Undecided { facet, left: l, right: r } => {
            format!("{facet}: can't be compared: the {left} says {}, the {right} says {}", short(l), short(r))
        }
    }
}

fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{} ..", &text[..cut]),
        None => text,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u32,
    drift: bool,
    comparisons: Vec<ComparisonJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparisonJson<'a> {
    project: &'a str,
    left: SideJson<'a>,
    right: SideJson<'a>,
    drift: bool,
    differences: Vec<DifferenceJson<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct SideJson<'a> {
    schema: &'a str,
    text: &'a str,
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    kind: &'static str,
    object: &'a str,
    part: Option<&'a str>,
    what: &'static str,
    facet: Option<&'a str>,
    left: Option<&'a str>,
    right: Option<&'a str>,
    drift: bool,
}

/// One JSON document.
pub fn drift_json(all: &[Drift]) -> String {
    let comparisons: Vec<ComparisonJson<'_>> = all
        .iter()
        .flat_map(|drift| {
            drift.comparisons.iter().map(|comparison| comparison_json(&drift.project, comparison))
        })
        .collect();
    let drift = comparisons.iter().any(|comparison| comparison.drift);
    let mut text =
        serde_json::to_string_pretty(&Document { version: 1, drift, comparisons }).unwrap_or_default();
    text.push('\n');
    text
}

fn comparison_json<'a>(project: &'a str, comparison: &'a Comparison) -> ComparisonJson<'a> {
    let side =
        |side: &'a Side| SideJson { schema: side.word, text: &side.text, fingerprint: &side.fingerprint };
    ComparisonJson {
        project,
        left: side(&comparison.left),
        right: side(&comparison.right),
        drift: comparison.has_drift(),
        differences: comparison.differences.iter().map(difference_json).collect(),
        notes: &comparison.notes,
    }
}

fn difference_json(difference: &Difference) -> DifferenceJson<'_> {
    let (what, facet, left, right) = match &difference.what {
        What::OnlyLeft(text) => ("only-left", None, Some(text.as_str()), None),
        What::OnlyRight(text) => ("only-right", None, None, Some(text.as_str())),
        What::Facet { facet, left, right } => {
            ("differs", Some(*facet), Some(left.as_str()), Some(right.as_str()))
        }
        What::Name { left, right } => ("name", Some("name"), Some(left.as_str()), Some(right.as_str())),
        What::Undecided { facet, left, right } => {
            ("undecided", Some(*facet), Some(left.as_str()), Some(right.as_str()))
        }
    };
    DifferenceJson {
        kind: difference.kind.word(),
        object: &difference.object,
        part: difference.part.as_deref(),
        what,
        facet,
        left,
        right,
        drift: difference.is_drift(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::Kind;

    #[test]
    fn differences_in_words() {
        let facet = |left: &str, right: &str| What::Facet {
            facet: "type",
            left: left.to_owned(),
            right: right.to_owned(),
        };
        for (what, expected) in [
            (What::OnlyLeft(String::new()), "only in the history"),
            (What::OnlyRight("text NOT NULL".to_owned()), "only in the database: text NOT NULL"),
            (facet("varchar(100)", "text"), "type: the history says varchar(100), the database says text"),
            (facet("yes", "no"), "type: yes in the history, no in the database"),
        ] {
            assert_eq!(words(&what, "history", "database"), expected);
        }
        let long = "x".repeat(500);
        assert!(words(&facet(&long, "y"), "history", "database").len() < 300);
    }

    #[test]
    fn parts_stand_below_their_table() {
        let difference = |part: Option<&str>, what| Difference {
            kind: if part.is_some() { Kind::Column } else { Kind::Table },
            object: "public.users".to_owned(),
            part: part.map(str::to_owned),
            what,
        };
        let side = |word| Side { word, text: "x".to_owned(), fingerprint: "f".to_owned() };
        let comparison = Comparison {
            left: side("history"),
            right: side("database"),
            differences: vec![
                difference(Some("a"), What::OnlyLeft(String::new())),
                difference(Some("b"), What::Name { left: "b".to_owned(), right: "c".to_owned() }),
            ],
            notes: Vec::new(),
        };
        let drift = Drift { project: "drizzle".to_owned(), comparisons: vec![comparison] };
        let expected = "drizzle\n  history (x) and database (x): 1 difference\n    public.users\n      column a: only in the history\n    not counted, since only names or partitions differ:\n    public.users\n      column b: called b in the history, c in the database\n";
        assert_eq!(drift_text(&[drift]), expected);
    }
}
