//! What the heads of migrations say that has to be so before they run, and what waits behind them in `contract/`: a
//! throwaway server brings about the one and runs the other last.

use crate::disk::Disk;
use crate::plan::BACKFILLS;
use drizzle::{Project, join};
use plan::{Gate, Waiting};
use std::collections::BTreeSet;
use verify::{Later, Needed};

/// What these migrations need of rows.
pub fn needed(disk: &Disk, project: &Project, migrations: &[usize]) -> Needed {
    let mut needed = Needed::default();
    for at in migrations {
        let gates = plan::needs(&project.migrations[*at].file.text);
        if !gates.is_empty() {
            needed.migrations.insert(*at);
        }
        for gate in gates {
            add(disk, project, gate, &mut needed);
        }
    }
    needed
}

/// What waits in `contract/` and was taken from these migrations.
pub fn later(disk: &Disk, project: &Project, migrations: &[usize]) -> Later {
    let tags: BTreeSet<&str> = migrations.iter().map(|at| project.migrations[*at].tag.as_str()).collect();
    let mut waiting: Vec<Waiting> = Vec::new();
    for file in &project.waiting {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let read = Waiting::read(name.strip_suffix(".sql").unwrap_or(name), &file.text);
        waiting.extend(read.ok().filter(|one| tags.contains(one.of.as_str())));
    }
    // `<migration>.<n>_<what>`: the tenth comes behind the second.
    waiting.sort_by_key(|one| {
        let behind = one.name.strip_prefix(one.of.as_str()).unwrap_or_default().trim_start_matches('.');
        let number = behind.split('_').next().and_then(|digits| digits.parse::<u32>().ok());
        (one.of.clone(), number.unwrap_or(u32::MAX))
    });
    let mut later = Later::default();
    for one in waiting {
        for gate in one.gates {
            add(disk, project, gate, &mut later.needed);
        }
        later.files.push(one.sql);
    }
    later
}

fn add(disk: &Disk, project: &Project, gate: Gate, needed: &mut Needed) {
    match gate {
        Gate::Backfilled { backfill } => {
            let path = join(&project.dir, &format!("{BACKFILLS}/{backfill}.sql"));
            let known = needed.backfills.iter().any(|(name, _)| *name == backfill);
            if let Some(script) = disk.text(&path).filter(|_| !known) {
                needed.backfills.push((backfill, script));
            }
        }
        Gate::NoRows { table, condition } => needed.no_rows.push((table, condition)),
        Gate::Unused { .. } | Gate::Deployed { .. } => {}
    }
}
