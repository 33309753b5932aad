//! Runs the blocks of the rule pages and the linter's single-purpose cases on real servers, Postgres 13
//! to 18: what is predicted for each version must be what a server of that version does.
//!
//! `RULE=name`, `CASE=part of its title` and `MAJOR=17` narrow it down.

#![allow(clippy::disallowed_methods, reason = "a test may look at its environment")]

#[path = "../../linter/tests/case/mod.rs"]
mod case;
#[path = "../../linter/tests/page/mod.rs"]
mod page;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use catalog::QName;
use drizzle::Project;
use facts::{Analysis, Version};
use page::Page;
use pg::{Connection, Error, Observer, Scratch, Server};
use runner::ledger;
use source::Group;
use std::fmt::Write as _;
use verify::history::apply_history;
use verify::migrate::{End, run_set};
use verify::roles::{make_roles, roles_of};
use verify::{Amounts, Asked, fill, observed, prove};

#[test]
fn rule_pages_on_13() {
    pages_on(13);
}

#[test]
fn rule_pages_on_14() {
    pages_on(14);
}

#[test]
fn rule_pages_on_15() {
    pages_on(15);
}

#[test]
fn rule_pages_on_16() {
    pages_on(16);
}

#[test]
fn rule_pages_on_17() {
    pages_on(17);
}

#[test]
fn rule_pages_on_18() {
    pages_on(18);
}

/// The queries of the old app, too, on one version: which of them break depends on no version.
#[test]
fn broken_queries_of_rule_pages() {
    broken_queries_on(16);
}

/// Nor does it how they do, but for generated columns on 13.
#[test]
fn broken_queries_of_cases_on_13() {
    let server = servers::server(13);
    let (base, cases) = case::all();
    let mut wrong = Vec::new();
    servers::wait(async {
        for case in cases.iter().filter(|case| case.title.contains("generated")) {
            let (project, analysis) = case.analysis(base, Version(13));
            wrong.extend(broken(&server, &project, &analysis, case.title).await.expect("the server answers"));
        }
    });
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

fn broken_queries_on(major: u8) {
    let server = servers::server(major.into());
    let mut wrong = Vec::new();
    servers::wait(async {
        for one in linter::RULES {
            for block in Page::new(one.meta.name, one.page).blocks {
                let (project, analysis) = block.analysis(major);
                let place = format!("{}.md:{}", one.meta.name, block.line);
                wrong.extend(broken(&server, &project, &analysis, &place).await.expect("the server answers"));
            }
        }
        let (base, cases) = case::all();
        for case in &cases {
            let (project, analysis) = case.analysis(base, Version(major));
            wrong.extend(broken(&server, &project, &analysis, case.title).await.expect("the server answers"));
        }
    });
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

async fn broken(
    server: &Server,
    project: &Project,
    analysis: &Analysis,
    place: &str,
) -> Result<Vec<String>, verify::Error> {
    let mut wrong = Vec::new();
    for set in 0..analysis.sets.len() {
        let asked = Asked { make_roles: true, ..Asked::default() };
        let proof = prove(&server.target("postgres"), project, analysis, set, &asked, &mut |_| {}).await?;
        wrong.extend(proof.breaks.iter().map(|one| format!("{place}: {one:?}")));
    }
    Ok(wrong)
}

fn narrowed(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn pages_on(major: u16) {
    if narrowed("MAJOR").is_some_and(|wanted| wanted != major.to_string()) {
        return;
    }
    let (only_rule, only_case) = (narrowed("RULE"), narrowed("CASE"));
    let version = Version(u8::try_from(major).expect("a small number"));
    let server = servers::server(major);
    let mut wrong = Vec::new();
    let mut tried = 0;
    servers::wait(async {
        let rules = linter::RULES.iter().filter(|_| only_case.is_none());
        for one in rules.filter(|one| only_rule.as_deref().is_none_or(|rule| rule == one.meta.name)) {
            for block in Page::new(one.meta.name, one.page).blocks {
                tried += 1;
                let (project, analysis) = block.analysis(version.0);
                let problems = on_server(&server, &project, &analysis, 1).await.expect("the server answers");
                let place = format!("{}.md:{} on {major}", one.meta.name, block.line);
                wrong.extend(problems.into_iter().map(|problem| format!("{place}: {problem}")));
            }
        }
        let (base, cases) = case::all();
        let wanted =
            |case: &&case::Case<'_>| only_case.as_deref().is_none_or(|only| case.title.contains(only));
        for case in cases.iter().filter(|_| only_rule.is_none()).filter(wanted) {
            tried += 1;
            let (project, analysis) = case.analysis(base, version);
            let problems = on_server(&server, &project, &analysis, 2).await.expect("the server answers");
            wrong.extend(problems.into_iter().map(|problem| format!("{} on {major}: {problem}", case.title)));
        }
    });
    assert!(tried > 0);
    assert!(wrong.is_empty(), "{} differences in {tried} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// `history` is how many migrations the sets stand on.
async fn on_server(
    server: &Server,
    project: &Project,
    analysis: &Analysis,
    history: usize,
) -> Result<Vec<String>, Error> {
    let scratch = Scratch::create(&server.target("postgres")).await?;
    let session = scratch.connect().await?;
    let watcher = scratch.connect().await?;
    let problems = problems(&session, &watcher, project, analysis, history).await?;
    session.close().await;
    watcher.close().await;
    scratch.finish().await?;
    Ok(problems)
}

async fn problems(
    session: &Connection,
    watcher: &Connection,
    project: &Project,
    analysis: &Analysis,
    history: usize,
) -> Result<Vec<String>, Error> {
    session.batch(&format!("set timezone = '{}'", analysis.options.time_zone)).await?;
    make_roles(session, &roles_of(project)).await?;
    ledger::prepare(session, project).await?;
    let mut problems = Vec::new();
    let history: Vec<usize> = (0..history).collect();
    for refused in apply_history(session, project, &history, &mut |_| {}).await? {
        problems.push(format!(
            "the schema is refused: {} {}: {}",
            refused.sqlstate, refused.message, refused.sql
        ));
    }
    for set in 0..analysis.sets.len() {
        let filled = fill(session.client(), &Amounts::default()).await.expect("the catalogue can be read");
        for (name, reason) in filled.empty() {
            problems.push(format!("no rows in {name}: {reason}"));
        }
        let rows = |relation: &str| {
            let (schema, name) = relation.split_once('.')?;
            Some(filled.tables.get(&QName::new(schema, name))?.rows() > 0)
        };
        let mut observer = Observer::begin(session, Some(watcher)).await?;
        let run = run_set(session, &mut observer, project, analysis, set, &rows, &mut |_| {}).await?;
        // Rules can't tell seen facts from predicted ones.
        if run.end == End::Committed {
            let blocks = |analysis: &Analysis| -> Vec<String> {
                let found = linter::lint(analysis, project).into_iter();
                let found = found.filter(|found| found.group == Group::Blocks);
                let told =
                    found.map(|found| format!("{} {:?} {:?}", found.rule, found.statement, found.severity));
                let mut told: Vec<String> = told.collect();
                told.sort();
                told
            };
            let (real, foreseen) = (blocks(&observed(analysis, &run)), blocks(analysis));
            if real != foreseen {
                problems.push(format!("findings on seen facts {real:?}, on predicted ones {foreseen:?}"));
            }
        }
        for ran in &run.steps {
            let step = &analysis.steps[ran.step];
            let sql = step.span.of(&step.file.text);
            for one in &ran.disagreements {
                let mut text = format!("{one:?}\n    {}", sql.replace('\n', "\n    "));
                let _ = write!(text, "\n    seen {:?}", ran.observation.seen);
                problems.push(text);
            }
        }
        if let End::RefusedAtCommit { sqlstate, message } = run.end {
            problems.push(format!("refused at commit: {sqlstate} {message}"));
        }
    }
    Ok(problems)
}
