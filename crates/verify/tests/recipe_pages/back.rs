//! Start, roll back, start: the first deploy of a path, its way back, and the same deploy once more.

use crate::load::deployed;
use crate::page::{Example, Planned};
use crate::{Naive, rows};
use catalog::diff;
use pg::{Scratch, Server};
use plan::reverse::reverse_each;
use verify::Error;
use verify::history::before_set;

/// What is wrong with the way back of the first deploy.
pub async fn returned(
    server: &Server,
    example: &Example,
    planned: &Planned,
    naive: &Naive,
) -> Result<Vec<String>, Error> {
    let Some(path) = &planned.plan.path else { return Ok(Vec::new()) };
    let scratch = Scratch::create(&server.target("postgres")).await?;
    let session = scratch.connect().await?;
    before_set(&session, &path.project, &path.analysis, 0, true, &mut |_, _, _| {}).await?;
    rows::fill(&session, example, &planned.plan.before, rows::must_suit(planned, naive), 3).await?;
    let start = pg::introspect(&session).await?;
    let mut problems = Vec::new();
    if let Err(error) = deployed(&session, path, 0).await {
        problems.push(format!("deploy 1 fails: {error}"));
    }
    let there = pg::introspect(&session).await?;
    let backs = reverse_each(path.analysis.steps_of(0));
    for sql in backs.iter().rev().flat_map(|back| &back.sql).filter_map(|one| one.sql.as_deref()) {
        if let Err(error) = session.batch(sql).await {
            problems.push(format!("the way back of deploy 1 fails: {error}: {sql}"));
        }
    }
    let left = diff(&start, &pg::introspect(&session).await?);
    let unsaid = left.iter().filter(|one| !backs.iter().any(|back| back.says(one)));
    problems.extend(unsaid.map(|one| format!("the way back of deploy 1 leaves {one:?}")));
    if problems.is_empty() && left.is_empty() {
        match deployed(&session, path, 0).await {
            Ok(()) => {
                let again = diff(&there, &pg::introspect(&session).await?);
                problems.extend(
                    again.iter().map(|one| format!("deploy 1 comes to something else again: {one:?}")),
                );
            }
            Err(error) => problems.push(format!("deploy 1 fails after its way back: {error}")),
        }
    }
    session.close().await;
    scratch.finish().await?;
    Ok(problems)
}
