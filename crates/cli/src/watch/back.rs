//! How to take back what a deploy migrated: which migrations those are, and which commands do it.

use crate::args::WatchArguments;
use crate::disk::Disk;
use crate::ledger::standing_of;
use crate::rollback::companion;
use drizzle::{Layout, Migration, Project};
use pg::Target;
use plan::reverse::Said;
use report::WayBack;
use runner::standing::ledger_rows;

/// The migrations that a database has run, in the order of the folder; `None` where the ledger can't be read.
pub(super) async fn migrated(target: &Target, project: &Project) -> Option<Vec<String>> {
    if project.layout == Layout::Bare {
        return None;
    }
    let session = pg::connect(&target.named("brolly watch")).await.ok()?;
    let rows = ledger_rows(&session, project).await.ok();
    session.close().await;
    let standing = standing_of(project, &rows?).ok()?;
    let ran = standing.applied.iter().filter(|at| !standing.passed_over.contains(at));
    Some(ran.map(|at| project.migrations[*at].tag.clone()).collect())
}

/// The way back. `before` is what the baseline knew to have run: `None` without a baseline, `Some(None)` where it did
/// not know; then it is of the last migration alone.
pub(super) fn way_back(
    disk: &Disk,
    project: Option<&Project>,
    wanted: &WatchArguments,
    before: Option<Option<&[String]>>,
    now: Option<&[String]>,
) -> WayBack {
    let nothing = |what: &str| WayBack { what: what.to_owned(), ..WayBack::default() };
    let Some(project) = project else {
        return nothing("there is no Drizzle project here, so what was migrated is not known");
    };
    let Some(now) = now else {
        return nothing("Drizzle's ledger can't be read, so what was migrated is not known");
    };
    let known = before.flatten();
    let taken: Vec<&Migration> = match known {
        Some(known) => now.iter().rev().filter(|tag| !known.contains(tag)).collect(),
        None => now.iter().rev().take(1).collect::<Vec<_>>(),
    }
    .into_iter()
    .filter_map(|tag| project.migrations.iter().find(|one| one.tag == *tag))
    .collect();
    let Some(newest) = taken.first() else {
        return nothing(match known {
            Some(_) => "no migration ran since the baseline: only the app's version is to be taken back",
            None => "the ledger holds no migration of this folder",
        });
    };
    let migrations: Vec<String> = taken.iter().map(|one| one.tag.clone()).collect();
    let flags = flags(wanted);
    let mut commands = Vec::new();
    let mut lost_all = Vec::new();
    for one in &taken {
        match disk.text(&companion(project, one)) {
            Some(text) => lost_all.extend(Said::of(&text).lost),
            None => commands.push(format!("brolly rollback {} --write", one.sql_path)),
        }
    }
    let written = commands.is_empty();
    let mut run = "brolly rollback --run".to_owned();
    if taken.len() > 1 {
        run.push_str(&format!(" --last {}", taken.len()));
    }
    run.push_str(&flags);
    commands.push(run);
    let which = match (known, taken.len()) {
        (None, _) => format!("{} ran last", newest.tag),
        (Some(_), 1) => format!("{} ran since the baseline", newest.tag),
        (Some(_), more) => format!("{more} migrations ran since the baseline, {} last", newest.tag),
    };
    let lost_all = match lost_all.as_slice() {
        [] => String::new(),
        lost => format!(
            "; lost is then: {}, which --lose-data agrees to",
            lost.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        ),
    };
    let look = if written { "" } else { "; look at what is written before it is run" };
    WayBack { migrations, commands, what: format!("{which}{look}{lost_all}") }
}

/// The flags that name project and database, but for a URL.
fn flags(wanted: &WatchArguments) -> String {
    let named = [
        ("config", &wanted.place.config),
        ("out", &wanted.place.out),
        ("database-url-env", &wanted.database.database_url_env),
    ];
    let given =
        named.iter().filter_map(|(flag, value)| value.as_ref().map(|value| format!(" --{flag} {value}")));
    let mut flags: String = given.collect();
    if wanted.database.database_url.is_some() {
        flags.push_str(" --database-url \"$DATABASE_URL\"");
    }
    flags
}
