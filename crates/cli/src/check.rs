//! The check of one project: choose, analyze, lint, accept, weigh. What `lint` prints and what an editor
//! shows are both made here.
//!
//! Does not find projects, and does not say what becomes of the findings.

use crate::args::Server;
use crate::checks;
use crate::deploys::Deploys;
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Judge, Selected};
use crate::projects::Target;
use crate::settings_file::{Found, SettingsFiles};
use drizzle::Project;
use facts::{Analysis, Options};
use linter::Weights;
use report::Unnoticed;
use source::Diagnostic;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

/// What checks have in common, and keep for the next project.
pub struct Checks<'a> {
    disk: &'a Disk,
    /// Chooses.
    pub judge: Judge<'a>,
    files: SettingsFiles<'a>,
    deploys: Deploys<'a>,
    server: &'a Server,
}

/// One project, judged.
pub struct Checked {
    /// What was judged, and why that.
    pub selected: Selected,
    /// What its settings say.
    pub settings: Rc<Found>,
    /// The server that it was judged for.
    pub options: Options,
    /// The findings, in the order in which they are told.
    pub diagnostics: Vec<Diagnostic>,
    /// What is taken away and no deployed version notices.
    pub unnoticed: Vec<Unnoticed>,
}

impl<'a> Checks<'a> {
    /// Nothing is checked yet.
    pub fn new(disk: &'a Disk, judge: Judge<'a>, server: &'a Server) -> Checks<'a> {
        Checks { disk, judge, files: SettingsFiles::new(disk, None), deploys: Deploys::new(disk), server }
    }

    /// Judges a project. `seen` gets what is known of each of its pending sets.
    pub fn project(&mut self, target: Target, seen: &(dyn Fn(Analysis) + Sync)) -> Result<Checked, Error> {
        let settings = self.files.of(&target.project)?;
        self.files.saw(&settings, &target.project);
        let options = self.server.options(&settings.settings);
        let named = target.named.is_some();
        let mut selected = self.judge.select(target, &settings)?;
        if !named {
            let differences = self.judge.schema_differences(&selected)?;
            selected.diagnostics.extend(differences);
        }
        // Files that were named are judged by themselves, and where nothing is new there is no deploy.
        if !named && (selected.about.everything || !selected.sets.is_empty()) {
            selected.diagnostics.extend(self.deploys.findings(&selected.project));
        }
        let (mut diagnostics, unnoticed) =
            judged(self.disk, &mut selected, &options, &settings.weights(), seen);
        self.deploys.once(&mut diagnostics);
        Ok(Checked { selected, settings, options, diagnostics, unnoticed })
    }

    /// Goes by these settings instead of those that are found.
    pub fn with_settings(self, files: SettingsFiles<'a>) -> Checks<'a> {
        Checks { files, ..self }
    }

    /// Begins another run by these settings: what is the same for several projects is said once in each.
    pub fn again(&mut self, files: SettingsFiles<'a>) {
        self.files = files;
        self.deploys.again();
    }

    /// An error where the settings name what no project has.
    pub fn finish(&self) -> Result<(), Error> {
        self.files.finish()
    }
}

/// All findings of one project, in the order in which they are told, and what goes unnoticed.
fn judged(
    disk: &Disk,
    selected: &mut Selected,
    options: &Options,
    weights: &Weights,
    seen: &(dyn Fn(Analysis) + Sync),
) -> (Vec<Diagnostic>, Vec<Unnoticed>) {
    let mut rest = std::mem::take(&mut selected.diagnostics);
    let project = &selected.project;
    rest.extend(checks::snapshots(disk, &selected.as_written, &selected.about));
    let said = Mutex::new(Said { rest: by_migration(rest), found: Vec::new(), unnoticed: Vec::new() });
    // A set is linted while the next one is worked out, and forgotten then: a long history passes
    // through without being held as a whole.
    rayon::scope(|scope| {
        facts::analyze_each(project, &selected.sets, options, &mut |analysis| {
            let said = &said;
            scope.spawn(move |_| {
                let mut found = linter::findings(&analysis, project);
                found.extend(said.lock().unwrap_or_else(PoisonError::into_inner).about(&analysis, project));
                let accepted = linter::accept(found, &analysis, project);
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.found.extend(accepted);
                said.unnoticed.extend(report::unnoticed(&analysis));
                drop(said);
                seen(analysis);
            });
        });
    });
    let Said { rest, mut found, mut unnoticed } = said.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.extend(rest.into_values().flatten());
    found.retain(|d| d.migration.as_ref().is_none_or(|tag| !selected.left_alone.contains(tag)));
    // Comments count before weights, so that none is called unused for what is switched off.
    found = linter::weigh(found, weights);
    linter::in_order(&mut found, project);
    let place = |tag: &str| project.migrations.iter().position(|migration| migration.tag == tag);
    unnoticed.sort_by_cached_key(|one| place(&one.migration));
    (found, unnoticed)
}

/// Findings that are there, and those of the files that wait for their set.
struct Said {
    /// By tag, so that what has no place in the order of the journal is always told in the same one.
    rest: BTreeMap<Option<String>, Vec<Diagnostic>>,
    found: Vec<Diagnostic>,
    unnoticed: Vec<Unnoticed>,
}

impl Said {
    /// Takes what waits for the migrations of a set.
    fn about(&mut self, analysis: &Analysis, project: &Project) -> Vec<Diagnostic> {
        let indexes = analysis.sets.iter().flat_map(|set| &set.migrations);
        let tags = indexes.filter_map(|index| project.migrations.get(*index)).map(|m| Some(m.tag.clone()));
        tags.filter_map(|tag| self.rest.remove(&tag)).flatten().collect()
    }
}

fn by_migration(found: Vec<Diagnostic>) -> BTreeMap<Option<String>, Vec<Diagnostic>> {
    let mut sorted: BTreeMap<Option<String>, Vec<Diagnostic>> = BTreeMap::new();
    for one in found {
        sorted.entry(one.migration.clone()).or_default().push(one);
    }
    sorted
}
