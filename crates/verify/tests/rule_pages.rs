//! Runs the blocks of the rule pages on real servers, Postgres 13 to 18: what is predicted for each
//! version must be what a server of that version does.
//!
//! `RULE=name` and `MAJOR=17` narrow it down.

#![allow(clippy::disallowed_methods, reason = "a test may look at its environment")]

#[path = "../../linter/tests/page/mod.rs"]
mod page;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use catalog::QName;
use page::{Block, Page};
use pg::{Connection, Error, Observer, Scratch, Server};
use std::fmt::Write as _;
use verify::history::apply_history;
use verify::ledger;
use verify::migrate::{End, run_set};
use verify::roles::{make_roles, roles_of};
use verify::{Amounts, fill};

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

fn pages_on(major: u16) {
    let only = |name: &str| std::env::var(name).ok();
    if only("MAJOR").is_some_and(|wanted| wanted != major.to_string()) {
        return;
    }
    let rule = only("RULE");
    let server = servers::server(major);
    let mut wrong = Vec::new();
    let mut blocks = 0;
    servers::wait(async {
        for one in linter::RULES.iter().filter(|one| rule.as_deref().is_none_or(|rule| rule == one.meta.name))
        {
            let page = Page::new(one.meta.name, one.page);
            for block in &page.blocks {
                blocks += 1;
                for problem in on_server(&server, block, major).await.expect("the server answers") {
                    wrong.push(format!("{}.md:{} on {major}: {problem}", one.meta.name, block.line));
                }
            }
        }
    });
    assert!(blocks > 0);
    assert!(wrong.is_empty(), "{} differences in {blocks} blocks:\n{}", wrong.len(), wrong.join("\n"));
}

async fn on_server(server: &Server, block: &Block, major: u16) -> Result<Vec<String>, Error> {
    let scratch = Scratch::create(&server.target("postgres")).await?;
    let session = scratch.connect().await?;
    let watcher = scratch.connect().await?;
    let problems = problems(&session, &watcher, block, major).await?;
    session.close().await;
    watcher.close().await;
    scratch.finish().await?;
    Ok(problems)
}

async fn problems(
    session: &Connection,
    watcher: &Connection,
    block: &Block,
    major: u16,
) -> Result<Vec<String>, Error> {
    let (project, analysis) = block.analysis(major as u8);
    session.batch(&format!("set timezone = '{}'", block.zone)).await?;
    make_roles(session, &roles_of(&project)).await?;
    ledger::prepare(session, &project).await?;
    let mut problems = Vec::new();
    for refused in apply_history(session, &project, &[0], &mut |_| {}).await? {
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
        let run = run_set(session, &mut observer, &project, &analysis, set, &rows, &mut |_| {}).await?;
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
