//! A path is proved before it is offered: it is replayed deploy by deploy, each is linted with the apps that serve
//! traffic then, and the end is held against the end of the migration as it was.

use crate::files::Texts;
use crate::model::{Phase, Refusal};
use crate::plan::{Request, asks, with_text};
use catalog::{Catalog, Difference, What, diff};
use drizzle::{Migration, Project};
use facts::{Analysis, App, Certainty, PendingSet, Step};
use source::{Diagnostic, Severity, SourceFile, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A path that holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The project as the path leaves it.
    pub project: Project,
    /// One set a deploy.
    pub analysis: Analysis,
    /// The deploys, in the order of the sets.
    pub deploys: Vec<Deploy>,
}

/// The migrations of one deploy.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// When.
    pub phase: Phase,
    /// Their indexes in the project.
    pub migrations: Vec<usize>,
}

/// A path that does not hold.
pub(crate) struct Broken {
    /// In words.
    pub refusal: Refusal,
    /// Statements that fail on the way, and did not before.
    pub statements: Vec<String>,
}

/// The path of these texts, if it is one.
pub(crate) fn check(
    project: &Project,
    request: Request<'_>,
    before: &Analysis,
    found: &[Diagnostic],
    texts: &Texts,
) -> Result<Checked, Box<Broken>> {
    let (whole, sets, deploys) = deployed(project, request, before, texts);
    let analysis = facts::analyze(&whole, &sets, request.options);
    let tag = project.migrations[request.set.migrations[0]].tag.clone();
    let refuse = |rule: &str, what: String, why: String, statements: Vec<String>| {
        let rule = rule.to_owned();
        let refusal =
            Refusal { migration: tag.clone(), statement: None, rule, what, why, span: Span::default() };
        Box::new(Broken { refusal, statements })
    };
    let failing: Vec<&Step> =
        analysis.steps.iter().filter(|step| fails(step) && !failed_before(before, step)).collect();
    if let Some(first) = failing.first() {
        let text = |step: &Step| step.span.of(&step.file.text).to_owned();
        let why = match (&first.error, first.facts.failures.iter().find(|f| f.certainty == Certainty::Always))
        {
            (_, Some(failure)) => format!("{}: {}", failure.sqlstate, failure.when),
            (Some(error), None) => error.message.clone(),
            _ => String::new(),
        };
        let statements = failing.iter().map(|step| text(step)).collect();
        return Err(refuse("replay", text(first), format!("on the path it would fail: {why}"), statements));
    }
    let (naive, path) = (&before.sets[0].end, &analysis.end);
    if let Some(difference) = diff(naive, path).first() {
        let why = "the path would not end where the migration ends".to_owned();
        return Err(refuse("end", words(difference), why, Vec::new()));
    }
    let findings = linter::accept(linter::lint(&analysis, &whole), &analysis, &whole);
    let findings = linter::weigh(findings, request.weights);
    let contract = contracts(&whole, &deploys);
    // What waited until every deployed version has the migration meets the app that the migration is for.
    let is_meant = |one: &Diagnostic| {
        one.migration.as_ref().is_some_and(|tag| contract.contains(tag))
            && found.iter().any(|other| other.rule == one.rule && other.what == one.what)
    };
    let left = |one: &&Diagnostic| asks(one) && !is_lived_with(one, found) && !is_meant(one);
    let left: Vec<&Diagnostic> = findings.iter().filter(left).collect();
    if let Some(first) = left.iter().max_by_key(|one| one.severity) {
        let statements = left
            .iter()
            .filter_map(|one| {
                let step = analysis.steps.iter().find(|step| {
                    one.migration.as_deref() == Some(&step.tag) && one.statement == Some(step.index)
                })?;
                Some(step.span.of(&step.file.text).to_owned())
            })
            .collect();
        let place = first.migration.as_deref().unwrap_or_default().to_owned();
        let mut why = format!("{} would still be found on the path, in {place}", first.rule);
        if first.rule == "delete-without-where" {
            why.push_str(": give it a WHERE, or say `-- brolly-allow delete-without-where: REASON` above it");
        }
        return Err(refuse(first.rule, first.what.clone(), why, statements));
    }
    Ok(Checked { project: whole, analysis, deploys })
}

/// A difference between the end of the migration (left) and that of the path (right), for people.
fn words(difference: &Difference) -> String {
    let part = difference.part.as_ref().map_or(String::new(), |part| format!(" {part}"));
    let name = format!("{}{part} of {}", difference.kind.word(), difference.object);
    match &difference.what {
        What::OnlyLeft(_) => format!("{name} would be missing"),
        What::OnlyRight(_) => format!("{name} would be left over"),
        What::Name { left, right } => format!("{name} would be called {right}, not {left}"),
        What::Facet { facet, left, right } | What::Undecided { facet, left, right } => {
            format!("{facet} of {name} would be {right}, not {left}")
        }
    }
}

/// Warnings that the naive migration has too are no fault of the path; nor is what is no matter of a statement.
fn is_lived_with(finding: &Diagnostic, before: &[Diagnostic]) -> bool {
    if finding.severity < Severity::Error {
        // A check of old rows that finds one stops the deploy, and nobody waits for it.
        return finding.rule == "fails-on-existing-rows"
            || before.iter().any(|one| one.rule == finding.rule && one.what == finding.what);
    }
    finding.statement.is_none()
        && before.iter().any(|one| one.rule == finding.rule && one.what == finding.what)
}

/// The migrations that run once the old app is gone.
fn contracts(project: &Project, deploys: &[Deploy]) -> BTreeSet<String> {
    let late = deploys.iter().filter(|deploy| matches!(deploy.phase, Phase::Contract(_)));
    let indexes = late.flat_map(|deploy| deploy.migrations.iter());
    indexes.filter_map(|index| project.migrations.get(*index)).map(|one| one.tag.clone()).collect()
}

fn fails(step: &Step) -> bool {
    step.error.is_some() || step.facts.failures.iter().any(|failure| failure.certainty == Certainty::Always)
}

/// Whether the same statement failed in the migration as it was.
fn failed_before(before: &Analysis, step: &Step) -> bool {
    let text = step.span.of(&step.file.text);
    before.steps.iter().any(|other| fails(other) && other.span.of(&other.file.text) == text)
}

/// The project with the path's files, and a pending set for each deploy with the apps that meet it.
fn deployed(
    project: &Project,
    request: Request<'_>,
    before: &Analysis,
    texts: &Texts,
) -> (Project, Vec<PendingSet>, Vec<Deploy>) {
    let mut whole = project.clone();
    for migration in &mut whole.migrations {
        if let Some(text) = texts.migrations.get(&migration.tag) {
            *migration = with_text(migration, text.clone());
        }
    }
    let mut now = request.set.migrations.clone();
    for (n, own) in texts.own.iter().enumerate() {
        now.push(whole.migrations.len());
        whole.migrations.push(file(&format!("{}.own_{n}", own.of), &own.text));
    }
    let after = after(request, &before.sets[0].end);
    // What stands in for an old app that nobody knows is the schema that it met when the set began.
    let old_apps = before.sets[0].old_apps.clone();
    // The new version meets the schema from the deploy on that it goes out with.
    let ships =
        texts.waiting.iter().map(|one| one.phase).filter(|phase| matches!(phase, Phase::Expand(_))).max();
    let first = PendingSet {
        migrations: now.clone(),
        old_apps: old_apps.clone(),
        new_app: request.set.new_app.clone().filter(|_| ships.is_none()),
    };
    let mut sets = vec![first];
    let mut deploys = vec![Deploy { phase: Phase::Expand(0), migrations: now }];
    let phases: BTreeSet<Phase> = texts.waiting.iter().map(|waiting| waiting.phase).collect();
    for phase in phases {
        let mut migrations = Vec::new();
        for waiting in texts.waiting.iter().filter(|waiting| waiting.phase == phase) {
            migrations.push(whole.migrations.len());
            whole.migrations.push(file(&waiting.name, &waiting.sql));
        }
        let old_apps = match phase {
            Phase::Expand(_) => old_apps.clone(),
            Phase::Contract(_) => vec![Arc::clone(&after)],
        };
        let new_app = (Some(phase) >= ships).then(|| Arc::clone(&after));
        sets.push(PendingSet { migrations: migrations.clone(), old_apps, new_app });
        deploys.push(Deploy { phase, migrations });
    }
    (whole, sets, deploys)
}

/// The app that serves traffic once the old one is gone.
fn after(request: Request<'_>, end: &Arc<Catalog>) -> Arc<App> {
    let known = request.set.new_app.clone();
    known.unwrap_or_else(|| Arc::new(App::stand_in(Arc::clone(end))))
}

fn file(tag: &str, text: &str) -> Migration {
    let path = format!("{tag}.sql");
    Migration {
        tag: tag.to_owned(),
        file: SourceFile::new(path.clone(), text.to_owned()),
        readable: true,
        when: None,
        chunks: drizzle::split_chunks(text),
        snapshot: None,
        breakpoints: true,
        sql_path: path,
        journal_span: None,
    }
}
