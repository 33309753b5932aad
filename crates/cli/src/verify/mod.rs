//! `brolly verify`: find, choose, analyze, run on a real server, tell.

mod back;
pub(crate) mod human;
mod json;
mod needed;
mod plan;
pub(crate) mod rows;
mod theirs;

use crate::Outcome;
use crate::args::{VerifyArguments, VerifyFormat};
use crate::disk::Disk;
use crate::errors::{self, Error};
use crate::judge::{Choice, Judge, Selected, unread};
use crate::migrate::runnable;
use crate::place::{Place, place, version_of};
use crate::projects;
use crate::rollback::way_back;
use crate::settings_file::SettingsFiles;
use back::Back;
use drizzle::Project;
use facts::{Analysis, Options};
use indicatif::{ProgressBar, ProgressStyle};
use report::HumanOptions;
use source::Diagnostic;
use std::time::Duration;
use verify::migrate::End;
use verify::{Amounts, Asked, Phase, Proof, prove};

/// One pending set with what was predicted and what was seen.
pub struct Proven {
    /// The migrations folder.
    pub dir: String,
    /// What was chosen, in words.
    pub selection: String,
    /// The prediction.
    pub analysis: Analysis,
    /// Index into its sets.
    pub set: usize,
    /// The observation.
    pub proof: Proof,
    /// What the rules say about it.
    pub findings: Vec<Diagnostic>,
    /// The ways back of its migrations.
    pub backs: Vec<Back>,
}

/// Runs the pending migrations on a server of our own and says what they did.
pub fn verify(
    disk: &Disk,
    wanted: &VerifyArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    if wanted.on_this_database {
        return theirs::migrated(disk, wanted, paper);
    }
    let amounts = rows::amounts(&wanted.rows)?;
    let found = projects::find(disk, &wanted.places)?;
    let mut judge = Judge::new(disk, Choice::New, &wanted.choice, env);
    let mut files = SettingsFiles::new(disk, wanted.places.settings.as_deref());
    let mut outcome = Outcome { notes: found.notes, ..Outcome::default() };
    let mut proven = Vec::new();
    let mut idle = Vec::new();
    for target in found.targets {
        let settings = files.of(&target.project)?;
        let mut options = wanted.server.options(&settings.settings);
        let asked_for = wanted.server.pg.or(settings.settings.postgres).map(facts::Version);
        let selected = newest_only(judge.select(target, &settings)?);
        let (notes, code) = unread(&selected);
        outcome.notes.extend(notes);
        outcome.notes.extend(selected.codes.notes.iter().cloned());
        outcome.code = outcome.code.max(code);
        if selected.sets.is_empty() {
            idle.push(format!("{}: {}", selected.project.dir, selected.text));
            continue;
        }
        let place = place(disk, &wanted.room, &selected.project.dir, asked_for, rows::space(&amounts))?;
        let role = options.app_role.as_deref();
        let role = place.app_role(&selected.project, role, &mut outcome.notes);
        proven.extend(run(disk, &place, &selected, &mut options, &amounts, role)?);
    }
    outcome.notes.extend(idle.into_iter().map(|text| format!("{text}: nothing to verify")));
    tell(&mut outcome, &proven, wanted.format, paper);
    Ok(outcome)
}

fn tell(outcome: &mut Outcome, proven: &[Proven], format: VerifyFormat, paper: &HumanOptions) {
    outcome.output = match format {
        VerifyFormat::Human => human::text(proven, paper),
        VerifyFormat::Json => json::document(proven),
    };
    let code = if proven.iter().any(fails) { errors::FINDINGS } else { errors::CLEAN };
    outcome.code = outcome.code.max(code);
}

/// Without a base to compare with, the newest migration stands for the pending ones.
pub(crate) fn newest_only(mut selected: Selected) -> Selected {
    if selected.about.everything && selected.sets.len() > 1 {
        selected.sets.drain(..selected.sets.len() - 1);
        selected.text = format!("only the newest of {}", selected.text);
    }
    selected
}

fn run(
    disk: &Disk,
    place: &Place,
    selected: &Selected,
    options: &mut Options,
    amounts: &Amounts,
    app_role: Option<String>,
) -> Result<Vec<Proven>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let bar = Bar::new();
    let target = place.target();
    let work = async {
        let connection = pg::connect(&target).await?;
        options.version = version_of(&connection);
        connection.close().await;
        let analysis = facts::analyze(&selected.project, &selected.sets, options);
        runnable(&analysis)?;
        let asked =
            Asked { amounts: amounts.clone(), app_role, make_roles: place.is_ours(), ..Asked::default() };
        let mut proven = Vec::new();
        for set in 0..analysis.sets.len() {
            let project = &selected.project;
            let file = |at: &usize| Some((*at, way_back(disk, project, &project.migrations[*at])?));
            let backs = analysis.sets[set].migrations.iter().filter_map(file).collect();
            let migrations = &analysis.sets[set].migrations;
            let needed = needed::needed(disk, project, migrations);
            let later = needed::later(disk, project, migrations);
            let asked = Asked { backs, needed, later, ..asked.clone() };
            let mut tell = |phase: Phase<'_>| bar.show(phase);
            let proof = prove(&target, project, &analysis, set, &asked, &mut tell).await?;
            let mut one = judged(selected, &analysis, set, proof);
            one.backs = back::judged(&one, &asked.backs);
            proven.push(one);
        }
        Ok(proven)
    };
    runtime.block_on(pg::unless_interrupted(work))?
}

/// What was seen, with what the rules say about it.
fn judged(selected: &Selected, analysis: &Analysis, set: usize, proof: Proof) -> Proven {
    let seen = verify::observed(analysis, proof.without_rows.as_ref().unwrap_or(&proof.run));
    let seen = verify::observed(&seen, &proof.run);
    let findings = linter::lint(&seen, &selected.project);
    let findings = linter::accept(findings, &seen, &selected.project);
    Proven {
        findings: of_set(findings, analysis, set, &selected.project),
        dir: selected.project.dir.clone(),
        selection: selected.text.clone(),
        analysis: analysis.clone(),
        set,
        proof,
        backs: Vec::new(),
    }
}

/// The findings about the migrations of a set that no comment allows.
fn of_set(findings: Vec<Diagnostic>, analysis: &Analysis, set: usize, project: &Project) -> Vec<Diagnostic> {
    let tags = analysis.sets[set].migrations.iter().map(|index| project.migrations[*index].tag.as_str());
    let tags: Vec<&str> = tags.collect();
    let own = |found: &Diagnostic| found.migration.as_deref().is_some_and(|tag| tags.contains(&tag));
    findings.into_iter().filter(|found| own(found) && found.accepted.is_none()).collect()
}

/// Whether something is wrong with the migration; a wrong prediction is wrong with brolly.
fn fails(proven: &Proven) -> bool {
    let proof = &proven.proof;
    proof.run.end != End::Committed
        || !proof.old_app.broken.is_empty()
        || !proof.new_app.broken.is_empty()
        || (proof.fresh.as_ref().is_some_and(|fresh| fresh.stopped.is_some()) && !proof.fresh_needs_more())
        || !proof.pending_again.is_empty()
        || proven.backs.iter().any(|back| !back.wrong.is_empty())
}

/// A line on the error stream, on a terminal only.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Bar {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Bar(bar)
    }

    fn show(&self, phase: Phase<'_>) {
        self.0.set_message(match phase {
            Phase::History(tag, at, of) => format!("history {at} of {of}: {tag}"),
            Phase::Filling => "filling tables".to_owned(),
            Phase::Asking => "asking the queries of both apps".to_owned(),
            Phase::Statement(tag, at, of) => format!("statement {at} of {of}: {tag}"),
            Phase::Fresh => "everything again, on an empty database".to_owned(),
            Phase::Back(tag) => format!("the way back of {tag}"),
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
