//! `brolly facts`: find, choose, analyze, print.

use crate::Outcome;
use crate::args::FactsArguments;
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, line};
use crate::projects;
use crate::settings_file::SettingsFiles;
use source::Group;

/// One JSON object a statement, in execution order.
pub fn facts(
    disk: &Disk,
    wanted: &FactsArguments,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, Error> {
    let found = projects::find(disk, &wanted.places)?;
    let asked = &wanted.choice;
    let compare = asked.base.is_some() || asked.fetch_base || asked.allow_missing_base;
    let choice = if compare { Choice::New } else { Choice::Facts };
    let mut judge = Judge::new(disk, choice, asked, env);
    let mut files = SettingsFiles::new(disk, wanted.places.settings.as_deref());
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    for target in found.targets {
        let settings = files.of(&target.project)?;
        let options = wanted.server.options(&settings.settings);
        // Facts are no verdict: what the settings leave alone is shown too.
        let selected = judge.select(target, &settings.deployed_only())?;
        outcome.notes.extend(selected.codes.notes.iter().cloned());
        let analysis = facts::analyze(&selected.project, &selected.sets, &options);
        for step in &analysis.steps {
            outcome.output.push_str(&report::facts_line(step, &analysis));
            outcome.output.push('\n');
        }
        if selected.diagnostics.iter().any(|d| d.group == Group::Input && d.migration.is_none())
            && analysis.steps.is_empty()
        {
            outcome.code = errors::COULD_NOT;
        }
        outcome.notes.extend(selected.unreadable().map(line));
    }
    Ok(outcome)
}
