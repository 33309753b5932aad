//! `brolly plan`: the pending set of each project, its path, and the files that the path comes to.

mod changes;
mod pending;
mod schema;

pub use changes::{BACKFILLS, bare_name, files};
pub use pending::{Planned, planned};

use crate::Outcome;
use crate::args::{PlanArguments, PlanFormat};
use crate::disk::Disk;
use crate::errors::{self, Error};
use plan::{Outline, outline};
use report::HumanOptions;

/// Shows the path of what is pending.
pub fn plan(
    disk: &Disk,
    wanted: &PlanArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let (all, mut notes) = planned(disk, &wanted.pending, &wanted.choice, &wanted.server, env)?;
    let mut outlines: Vec<Outline> = Vec::new();
    for one in &all {
        let own = match files(disk, one) {
            Ok(files) => files.own,
            Err(error) => {
                notes.push(format!("brolly fix can't write this path: {error}"));
                Vec::new()
            }
        };
        let mut outline = outline(&one.plan, &own, &one.rows);
        schema::add_patches(disk, one, &mut outline);
        outlines.push(outline);
    }
    let refused = outlines.iter().any(|outline| !outline.refused.is_empty());
    let output = match wanted.format {
        PlanFormat::Json => report::plan_json(&outlines),
        PlanFormat::Markdown => report::plan_markdown(&outlines),
        PlanFormat::Human => {
            let texts: Vec<String> =
                outlines.iter().map(|outline| report::plan_text(outline, paper)).collect();
            texts.join("\n")
        }
    };
    Ok(Outcome { output, notes, code: if refused { errors::FINDINGS } else { errors::CLEAN } })
}
