//! Runs every example of the recipe pages on real servers, Postgres 13 to 18: the migration as it was, and the path
//! that is offered in its place, deploy by deploy.
//!
//! Both have to end with one schema. After each deploy the queries of every version of the app that serves then have to
//! pass, no statement may read or write a whole table that it keeps from being written, and while all of it happens
//! sessions write rows as the app does: none may fail, and no row may be lost. Each deploy can be taken back, and made
//! again.
//!
//! `RECIPE=name`, `EXAMPLE=part of its title` and `MAJOR=17` narrow it down.

#![allow(clippy::disallowed_methods, reason = "a test may look at its environment")]

mod back;
mod deploys;
mod dump;
mod load;
#[path = "../../../plan/tests/page/mod.rs"]
mod page;
mod rows;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;
mod writer;

use catalog::Catalog;
use page::{Example, Planned, examples};
use pg::{Scratch, Server};
use verify::fill;
use verify::history::{apply_history, before_set};

#[test]
fn recipes_on_13() {
    recipes_on(13);
}

#[test]
fn recipes_on_14() {
    recipes_on(14);
}

#[test]
fn recipes_on_15() {
    recipes_on(15);
}

#[test]
fn recipes_on_16() {
    recipes_on(16);
}

#[test]
fn recipes_on_17() {
    recipes_on(17);
}

#[test]
fn recipes_on_18() {
    recipes_on(18);
}

fn narrowed(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn recipes_on(major: u8) {
    if narrowed("MAJOR").is_some_and(|wanted| wanted != major.to_string()) {
        return;
    }
    let (recipe, title) = (narrowed("RECIPE"), narrowed("EXAMPLE"));
    let pages = plan::RECIPES.iter().filter(|one| recipe.as_deref().is_none_or(|only| only == one.name));
    let mut all: Vec<Example> = pages.flat_map(|one| examples(one.name, one.page)).collect();
    all.retain(|one| title.as_deref().is_none_or(|part| one.title.contains(part)));
    all.retain(|one| one.pg.is_none_or(|least| least <= major));
    let server = servers::server(major.into());
    let mut wrong = Vec::new();
    let mut proved = 0;
    servers::wait(async {
        for example in &all {
            let planned = example.planned(major);
            if planned.plan.path.is_none() {
                if example.planned(example.shown_for()).plan.path.is_some() {
                    let why = &planned.plan.refused;
                    wrong.push(format!(
                        "{} on {major}: it has a path on the page and none here: {why:?}",
                        example.label()
                    ));
                }
                continue;
            }
            proved += 1;
            let problems = match differences(&server, example, &planned).await {
                Ok(problems) => problems,
                Err(error) => vec![format!("it can't be run: {error}")],
            };
            wrong.extend(
                problems.into_iter().map(|problem| format!("{} on {major}: {problem}", example.label())),
            );
        }
    });
    assert!(proved > 0);
    assert!(wrong.is_empty(), "{} differences in {proved} examples:\n{}", wrong.len(), wrong.join("\n"));
}

async fn differences(
    server: &Server,
    example: &Example,
    planned: &Planned,
) -> Result<Vec<String>, verify::Error> {
    let naive = naive(server, example, planned).await?;
    let mut problems = deploys::watched(server, example, planned, &naive).await?;
    problems.extend(back::returned(server, example, planned, &naive).await?);
    problems.extend(load::loaded(server, example, planned, &naive).await?);
    Ok(problems)
}

/// What the migration comes to as it was.
pub struct Naive {
    /// The schema that it leaves.
    pub catalog: Catalog,
    /// The same in the words of `pg_dump`, where that is asked for.
    pub dump: Option<Vec<String>>,
    /// Why it did not run on rows: 23502, say.
    pub failed: Option<String>,
}

async fn naive(server: &Server, example: &Example, planned: &Planned) -> Result<Naive, verify::Error> {
    let set = &planned.set.migrations;
    let mut failed = None;
    loop {
        let scratch = Scratch::create(&server.target("postgres")).await?;
        let session = scratch.connect().await?;
        let analysis = &planned.plan.before;
        let refused = before_set(&session, &planned.project, analysis, 0, true, &mut |_, _, _| {}).await?;
        assert!(refused.is_empty(), "{}: the schema is refused: {refused:?}", example.label());
        if failed.is_none() {
            rows::fill(&session, example, analysis, false, 3).await?;
        }
        // What can't run as it is written was mended first.
        let refused = apply_history(&session, &planned.plan.project, set, &mut |_| {}).await?;
        let first = refused.first().map(|refused| format!("{} {}", refused.sqlstate, refused.message));
        let done = first.is_none();
        assert!(done || failed.is_none(), "{}: it fails without rows too: {first:?}", example.label());
        let (mut catalog, mut dump) = (None, None);
        if done {
            catalog = Some(pg::introspect(&session).await?);
            dump = dump::dump(server, &session).await?;
        }
        session.close().await;
        scratch.finish().await?;
        match catalog {
            Some(catalog) => return Ok(Naive { catalog, dump, failed }),
            None => failed = first,
        }
    }
}
