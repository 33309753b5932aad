//! The path deploy by deploy, each statement watched, and the queries of the apps after each.

use crate::page::{Example, Planned};
use crate::{Naive, dump, rows};
use catalog::{QName, diff};
use facts::Analysis;
use pg::{Connection, Observer, Scratch, Server};
use plan::{Checked, Deploy, Gate, Phase, Waiting};
use source::Group;
use verify::history::before_set;
use verify::migrate::{End, Run, run_set};
use verify::queries::{AppQuery, BrokenQuery, Details, Line, broken, broken_anew, queries};
use verify::{Error, observed};

/// What is wrong with the path where nobody else is there.
pub async fn watched(
    server: &Server,
    example: &Example,
    planned: &Planned,
    naive: &Naive,
) -> Result<Vec<String>, Error> {
    let Some(path) = &planned.plan.path else { return Ok(Vec::new()) };
    let scratch = Scratch::create(&server.target("postgres")).await?;
    let (session, watcher) = (scratch.connect().await?, scratch.connect().await?);
    let mut problems = problems(&session, &watcher, example, planned, path, naive).await?;
    if problems.is_empty() {
        let path = dump::dump(server, &session).await?;
        problems.extend(dump::differences(naive.dump.as_ref(), path.as_ref()));
    }
    session.close().await;
    watcher.close().await;
    scratch.finish().await?;
    Ok(problems)
}

/// The deploy that the new version of the app goes out with: the last one before the old one is gone.
pub fn ships_with(path: &Checked) -> usize {
    let last = path.deploys.iter().rposition(|deploy| matches!(deploy.phase, Phase::Expand(_)));
    last.unwrap_or_default()
}

/// The first deploy that the old version of the app has to be gone for: one of its gates asks for it. It may be one
/// more than there are.
pub fn gone_with(planned: &Planned, path: &Checked) -> usize {
    let asks = |gate: &Gate| matches!(gate, Gate::Unused { .. } | Gate::Deployed { .. });
    let gone =
        |deploy: &Deploy| waiting(planned, deploy.phase).iter().any(|waiting| waiting.gates.iter().any(asks));
    path.deploys.iter().position(gone).unwrap_or(path.deploys.len())
}

/// What waits for a deploy.
pub fn waiting(planned: &Planned, phase: Phase) -> Vec<&Waiting> {
    planned.plan.texts.waiting.iter().filter(|one| one.phase == phase).collect()
}

async fn problems(
    session: &Connection,
    watcher: &Connection,
    example: &Example,
    planned: &Planned,
    path: &Checked,
    naive: &Naive,
) -> Result<Vec<String>, Error> {
    let analysis = &path.analysis;
    before_set(session, &path.project, analysis, 0, true, &mut |_, _, _| {}).await?;
    rows::fill(session, example, &planned.plan.before, rows::must_suit(planned, naive), 3).await?;
    let mut apps = Apps::new(watcher, example, planned).await?;
    let mut problems = Vec::new();
    let end = planned.plan.before.sets[0].end.clone();
    for (n, deploy) in path.deploys.iter().enumerate() {
        rows::put_right(session, &waiting(planned, deploy.phase), &end).await?;
        let mut observer = Observer::begin(session, Some(watcher)).await?;
        let full = full(session, analysis).await?;
        let rows = |relation: &str| Some(full.iter().any(|name| name == relation));
        let run = run_set(session, &mut observer, &path.project, analysis, n, &rows, &mut |_| {}).await?;
        problems.extend(
            of_run(&run, analysis, planned, path).into_iter().map(|p| format!("deploy {}: {p}", n + 1)),
        );
        if run.end != End::Committed {
            problems.push(format!("deploy {} does not end: {:?}", n + 1, failure(&run, analysis)));
            return Ok(problems);
        }
        if n == 0 {
            for backfill in &planned.plan.texts.backfills {
                session.batch(&plan::script(backfill)).await?;
            }
        }
        for problem in apps.problems(watcher, n < gone_with(planned, path), n >= ships_with(path)).await? {
            problems.push(format!("after deploy {}: {problem}", n + 1));
        }
    }
    for difference in diff(&naive.catalog, &pg::introspect(session).await?) {
        problems.push(format!("it ends elsewhere: {difference:?}"));
    }
    Ok(problems)
}

/// Tables that hold rows.
async fn full(session: &Connection, analysis: &Analysis) -> Result<Vec<String>, Error> {
    let mut full = Vec::new();
    let names = "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
    let _ = analysis;
    for row in session.rows(names).await? {
        let [Some(schema), Some(name)] = row.as_slice() else { continue };
        let any = format!("select 1 from \"{schema}\".\"{name}\" limit 1");
        if !session.rows(&any).await?.is_empty() {
            full.push(QName::new(schema, name).to_string());
        }
    }
    Ok(full)
}

fn failure(run: &Run, analysis: &Analysis) -> String {
    let last = run.steps.last();
    let sql = last.map(|ran| analysis.steps[ran.step].span.of(&analysis.steps[ran.step].file.text));
    let why = last.and_then(|ran| ran.observation.facts.failures.first());
    format!("{:?} {why:?} {:?}", sql, run.end)
}

/// What a deploy was seen to do and should not.
fn of_run(run: &Run, analysis: &Analysis, planned: &Planned, path: &Checked) -> Vec<String> {
    let mut problems = Vec::new();
    for ran in &run.steps {
        let step = &analysis.steps[ran.step];
        let sql = step.span.of(&step.file.text);
        problems.extend(ran.disagreements.iter().map(|one| format!("{one:?} in {sql}")));
        let seen = &ran.observation;
        let blocks = |relation: &str| {
            let held = seen.held.get(relation).into_iter().flatten();
            held.copied()
                .chain(seen.facts.lock_on(relation).map(|lock| lock.mode))
                .any(|mode| mode.blocks_writes())
        };
        let scans = seen.facts.scans.iter().filter(|cost| !cost.new).map(|cost| &cost.relation);
        let rewrites = seen.facts.rewrites.iter().filter(|cost| !cost.new).map(|cost| &cost.relation);
        for relation in scans.chain(rewrites).filter(|relation| blocks(relation)) {
            problems.push(format!("it goes through {relation} while nobody can write to it: {sql}"));
        }
    }
    if run.end == End::Committed {
        let found = linter::lint(&observed(analysis, run), &path.project).into_iter();
        let before = linter::lint(&planned.plan.before, &planned.plan.project);
        let bad = found.filter(|one| {
            one.group == Group::Blocks
                && one.severity == source::Severity::Error
                && !before.iter().any(|other| other.rule == one.rule && other.what == one.what)
        });
        problems.extend(bad.map(|one| format!("seen facts: {} {}", one.rule, one.what)));
    }
    problems
}

/// The queries of both versions of the app.
struct Apps<'a> {
    example: &'a Example,
    old: Vec<AppQuery>,
    new: Vec<AppQuery>,
    /// Queries of the old version that fail before anything happens.
    before: Vec<BrokenQuery>,
}

impl<'a> Apps<'a> {
    async fn new(watcher: &Connection, example: &'a Example, planned: &Planned) -> Result<Apps<'a>, Error> {
        let judged = &planned.plan.before.sets[0];
        let old = queries(judged.old_app(), Details::Catalog(&judged.start), Line::Stable);
        let new = judged.new_app.as_ref();
        let new =
            new.map(|app| queries(app, Details::Catalog(&judged.end), Line::Stable)).unwrap_or_default();
        let before = broken(watcher.client(), &old, None).await?;
        Ok(Apps { example, old, new, before })
    }

    /// Queries that a version of the app that serves now can't send.
    async fn problems(
        &mut self,
        watcher: &Connection,
        serves: bool,
        ships: bool,
    ) -> Result<Vec<String>, Error> {
        let mut problems = Vec::new();
        let mut tell = |whose: &str, broken: Vec<BrokenQuery>| {
            let broken = broken.into_iter().filter(|one| one.unjudged.is_none());
            problems.extend(
                broken
                    .map(|one| format!("{whose} fails: {} {} {}", one.query.sql, one.sqlstate, one.message)),
            );
        };
        if serves {
            let after = broken(watcher.client(), &self.old, None).await?;
            tell("the deployed app", broken_anew(&self.before, &after));
        }
        if ships {
            tell("the new app", broken(watcher.client(), &self.new, None).await?);
        }
        let sets =
            [(serves, "the deployed app", &self.example.old), (ships, "the new app", &self.example.new)];
        for (_, whose, statements) in sets.into_iter().filter(|(asked, ..)| *asked) {
            for statement in sql::parse(statements, 0).statements {
                let text = statement.span.of(statements);
                watcher.batch("BEGIN").await?;
                if let Err(error) = watcher.batch(text).await {
                    problems.push(format!("{whose} fails: {text}: {error}"));
                }
                watcher.batch("ROLLBACK").await?;
            }
        }
        Ok(problems)
    }
}
