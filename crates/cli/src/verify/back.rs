//! What became of ways back: judged by what their files say, and told.

use super::Proven;
use drizzle::Migration;
use pg::Refusal;
use plan::reverse::{Said, left};
use serde_json::{Value, json};
use std::fmt::Write;
use verify::Trip;

/// A way back, judged.
pub struct Back {
    /// The migration.
    pub tag: String,
    /// The file.
    pub path: String,
    /// Whether it was tried: a later migration may not have been taken back.
    pub tried: bool,
    /// What is wrong with it.
    pub wrong: Vec<String>,
    /// What is as it says.
    pub as_said: Vec<String>,
}

/// The ways back of a set, in the order of its migrations; `files` are those that were asked for.
pub fn judged(proven: &Proven, files: &[(usize, Migration)]) -> Vec<Back> {
    let one = |seen: &verify::Returned| {
        let (_, file) = files.iter().find(|(of, _)| *of == seen.migration)?;
        let said = Said::of(&file.file.text);
        let steps = proven.analysis.steps_of(proven.set);
        let tag = steps.iter().find(|step| step.migration == seen.migration).map(|step| step.tag.clone());
        let mut back = Back {
            tag: tag.unwrap_or_default(),
            path: file.sql_path.clone(),
            tried: seen.trip.is_some(),
            wrong: Vec::new(),
            as_said: Vec::new(),
        };
        match (&seen.trip, &seen.without_rows) {
            (Some(Trip { refused: Some(refusal), .. }), Some(empty)) if said.may_fail() => {
                back.as_said.push(format!("it fails on these rows: {}", words(refusal)));
                back.judge(empty, &said);
            }
            (Some(trip), _) => back.judge(trip, &said),
            (None, _) => {}
        }
        Some(back)
    };
    proven.proof.backs.iter().filter_map(one).collect()
}

impl Back {
    fn judge(&mut self, trip: &Trip, said: &Said) {
        if let Some(refusal) = &trip.refused {
            self.wrong.push(format!("it fails: {}", words(refusal)));
            return;
        }
        for difference in &trip.left {
            let what = left(difference);
            if said.is_left(difference) { self.as_said.push(what) } else { self.wrong.push(what) }
        }
        for column in &trip.changed {
            let what = format!("the values of {column} are not what they were");
            if said.is_lost(column) { self.as_said.push(what) } else { self.wrong.push(what) }
        }
        if let Some(refusal) = &trip.refused_again {
            let what = format!("the migration does not run again: {}", words(refusal));
            // What stays may be in its way.
            if said.not_reversed.is_empty() { self.wrong.push(what) } else { self.as_said.push(what) }
        }
        let ends = trip.ends.iter().filter(|difference| !said.is_left(difference));
        self.wrong.extend(ends.map(|difference| format!("after running again: {}", left(difference))));
    }
}

fn words(refusal: &Refusal) -> String {
    format!("{} {}", refusal.code, refusal.message)
}

/// The lines for people.
pub fn human(text: &mut String, backs: &[Back]) {
    for back in backs {
        let Back { tag, path, .. } = back;
        let _ = match (back.tried, back.wrong.is_empty()) {
            (false, _) => {
                writeln!(text, "way back of {tag}: not tried, since a later migration was not taken back")
            }
            (true, true) => writeln!(text, "way back of {tag}: leads back, and the migration runs again"),
            (true, false) => writeln!(text, "way back of {tag}: WRONG, and {path} does not say so:"),
        };
        for wrong in &back.wrong {
            let _ = writeln!(text, "  {wrong}");
        }
        for said in &back.as_said {
            let _ = writeln!(text, "  as it says: {said}");
        }
    }
}

/// The same for machines.
pub fn document(backs: &[Back]) -> Value {
    let one = |back: &Back| {
        json!({
            "migration": back.tag, "path": back.path, "tried": back.tried, "wrong": back.wrong,
            "asSaid": back.as_said,
        })
    };
    backs.iter().map(one).collect()
}
