//! `brolly explain <migration>`: find the migration, analyze it on top of its history, draw.

use crate::Outcome;
use crate::args::{ExplainArguments, ExplainFormat, Places};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Choice, Judge};
use crate::projects;
use crate::settings_file::{Found, SettingsFiles};
use report::HumanOptions;
use std::collections::BTreeSet;

/// Draws the migration that `what` names, by path or by tag. `None` where there is no such thing.
pub fn timeline(
    disk: &Disk,
    what: &str,
    wanted: &ExplainArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Option<Outcome>, Error> {
    let path = disk.is_file(what) || disk.is_dir(what);
    let looks = path || what.ends_with(".sql");
    let places = Places {
        paths: if looks { vec![what.to_owned()] } else { Vec::new() },
        config: wanted.config.clone(),
        out: wanted.out.clone(),
        settings: wanted.settings.clone(),
    };
    let found = match projects::find(disk, &places) {
        Ok(found) => found,
        // A word that is no path is a misspelt rule as likely as not: that is said by the caller.
        Err(Error::NoProject { .. }) if !looks => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut judge = Judge::new(disk, Choice::Facts, &crate::args::Choice::default(), env);
    let mut files = SettingsFiles::new(disk, places.settings.as_deref());
    let mut output = String::new();
    let mut seen = false;
    for mut target in found.targets {
        if !looks {
            let tagged = target.project.migrations.iter().filter(|migration| migration.tag == what);
            let named: BTreeSet<String> = tagged.map(|migration| migration.sql_path.clone()).collect();
            if named.is_empty() {
                continue;
            }
            target.named = Some(named);
        }
        seen = true;
        let options = wanted.server.options(&files.of(&target.project)?.settings);
        let selected = judge.select(target, &Found::default())?;
        let analysis = facts::analyze(&selected.project, &selected.sets, &options);
        for set in 0..analysis.sets.len() {
            let timeline = report::timeline(&analysis, set);
            output.push_str(&match wanted.format {
                ExplainFormat::Json => report::timeline_json(&timeline),
                ExplainFormat::Human => report::timeline_text(&timeline, paper),
            });
        }
    }
    Ok(seen.then(|| Outcome { output, ..Outcome::default() }))
}
