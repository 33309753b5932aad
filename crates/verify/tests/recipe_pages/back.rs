//! Start, roll back, start, complete: each deploy of a path is made, taken back by the files of its migrations, made
//! again, taken back once more in one go, as the plan shows it, when the app has written rows, and made for good.
//!
//! What a way back leaves, loses or fails on has to be said by it.

use crate::deploys::{ships_with, waiting};
use crate::load::{deployed, tables};
use crate::page::{Example, Planned};
use crate::writer::Writer;
use crate::{Naive, rows};
use catalog::written::{quoted, sql_name};
use catalog::{Catalog, diff};
use pg::{Connection, Scratch, Server};
use plan::reverse::{Note, Reverse, reverse, reverse_each};
use plan::{Checked, Gate};
use std::collections::{BTreeMap, BTreeSet};
use verify::Error;
use verify::history::before_set;

/// Statements that the app sends between a deploy and its way back.
const WRITES: usize = 24;

/// What is wrong with the ways back of the deploys of a path.
pub async fn returned(
    server: &Server,
    example: &Example,
    planned: &Planned,
    naive: &Naive,
) -> Result<Vec<String>, Error> {
    let Some(path) = &planned.plan.path else { return Ok(Vec::new()) };
    let on = On { server, example, planned, naive, path };
    let mut problems = Vec::new();
    let mut there = on.started().await?;
    for n in 0..path.deploys.len() {
        let steps = path.analysis.steps_of(n);
        let mut files = reverse_each(steps);
        files.reverse();
        let rounds = [("the files", files, 0), ("the plan", vec![reverse(steps)], WRITES)];
        on.ready(&there.1, n).await?;
        let mut start = Held::of(&there.1).await?;
        for (whose, backs, writes) in rounds {
            let back = on.there_and_back(&there.1, n, &start, &backs, writes).await?;
            problems.extend(back.problems.iter().map(|one| format!("{whose}, deploy {}: {one}", n + 1)));
            if !back.again {
                there.1.close().await;
                there.0.finish().await?;
                there = on.started().await?;
                for before in 0..n {
                    on.made(&there.1, before).await?;
                }
                on.ready(&there.1, n).await?;
                start = Held::of(&there.1).await?;
            }
        }
        if let Err(error) = deployed(&there.1, path, n).await {
            problems.push(format!("deploy {} fails after its way back: {error}", n + 1));
            break;
        }
    }
    if problems.is_empty() {
        let end = diff(&naive.catalog, &pg::introspect(&there.1).await?);
        problems.extend(end.iter().map(|one| format!("with ways back, it ends elsewhere: {one:?}")));
    }
    there.1.close().await;
    there.0.finish().await?;
    Ok(problems)
}

/// What the ways back are tried on.
struct On<'a> {
    server: &'a Server,
    example: &'a Example,
    planned: &'a Planned,
    naive: &'a Naive,
    path: &'a Checked,
}

/// How a deploy and its way back went.
struct Back {
    problems: Vec<String>,
    /// Whether all is as it was before the deploy.
    again: bool,
}

impl On<'_> {
    /// A database before the first deploy.
    async fn started(&self) -> Result<(Scratch, Connection), Error> {
        let scratch = Scratch::create(&self.server.target("postgres")).await?;
        let session = scratch.connect().await?;
        let (project, analysis) = (&self.path.project, &self.path.analysis);
        before_set(&session, project, analysis, 0, true, &mut |_, _, _| {}).await?;
        let suited = rows::must_suit(self.planned, self.naive);
        rows::fill(&session, self.example, &self.planned.plan.before, suited, 3).await?;
        Ok((scratch, session))
    }

    /// A deploy with what has to come before and after it.
    async fn made(&self, session: &Connection, n: usize) -> Result<(), Error> {
        self.ready(session, n).await?;
        Ok(deployed(session, self.path, n).await?)
    }

    async fn ready(&self, session: &Connection, n: usize) -> Result<(), Error> {
        let waiting = waiting(self.planned, self.path.deploys[n].phase);
        for backfill in &self.planned.plan.texts.backfills {
            let asks =
                |gate: &Gate| matches!(gate, Gate::Backfilled { backfill: name } if *name == backfill.name);
            if waiting.iter().any(|one| one.gates.iter().any(asks)) {
                session.batch(&plan::script(backfill)).await?;
            }
        }
        rows::put_right(session, &waiting, &self.planned.plan.before.sets[0].end).await?;
        Ok(())
    }

    async fn there_and_back(
        &self,
        session: &Connection,
        n: usize,
        start: &Held,
        backs: &[Reverse],
        writes: usize,
    ) -> Result<Back, Error> {
        let mut problems = Vec::new();
        let mut held = start.contents.clone();
        if let Err(error) = deployed(session, self.path, n).await {
            return Ok(Back { problems: vec![format!("it fails: {error}")], again: false });
        }
        if writes > 0 {
            problems.extend(self.written(session, n, writes).await?);
            // What the app can't name any more has been changed by nobody.
            let now = Held::of(session).await?.contents;
            held.retain(|name, _| now.contains_key(name));
            held.extend(now.into_iter().filter(|(name, _)| held.contains_key(name)).collect::<Vec<_>>());
        }
        for one in backs.iter().flat_map(|back| &back.sql) {
            let Some(sql) = &one.sql else { continue };
            if let Err(error) = session.batch(sql).await {
                let said = one.notes.iter().any(|note| matches!(note, Note::Fails(_) | Note::Lost(_)));
                if writes == 0 || !said {
                    problems.push(format!("the way back fails: {error}: {sql}"));
                }
                return Ok(Back { problems, again: false });
            }
        }
        let end = Held::of(session).await?;
        let left = diff(&start.catalog, &end.catalog);
        let unsaid = left.iter().filter(|one| !backs.iter().any(|back| back.says(one)));
        problems.extend(unsaid.map(|one| format!("the way back leaves {one:?}")));
        let gone = changed(&held, &end.contents);
        let said: Vec<&str> = backs.iter().flat_map(|back| back.lost().chain(back.not_reversed())).collect();
        let unsaid = gone.iter().filter(|name| !said.iter().any(|text| names(text, name)));
        problems.extend(unsaid.map(|name| format!("the way back loses rows of {name}, and does not say so")));
        Ok(Back { again: problems.is_empty() && left.is_empty(), problems })
    }

    /// What fails of the statements that the app sends which serves behind a deploy.
    async fn written(&self, session: &Connection, n: usize, writes: usize) -> Result<Vec<String>, Error> {
        let judged = &self.planned.plan.before.sets[0];
        let (start, end) = (&judged.start, &judged.end);
        let ships = n >= ships_with(self.path);
        let (known, other) = if ships { (end, start) } else { (start, end) };
        let mut tables = tables(session, known, other).await?;
        tables.retain(|table| other.relation(table.id).is_some());
        let mut writer = Writer::new(known, &tables, usize::from(ships));
        writer.number = 2_000 * (n as u64 + 1);
        for _ in 0..if writer.tables.is_empty() { 0 } else { writes } {
            writer.one(session).await?;
        }
        let failures: BTreeSet<String> = writer.failures.into_iter().collect();
        Ok(failures.into_iter().map(|one| format!("the app fails: {one}")).collect())
    }
}

/// The values of each column of each table, in an order of their own.
type Contents = BTreeMap<String, Vec<String>>;

/// What a database holds at one moment.
struct Held {
    catalog: Catalog,
    contents: Contents,
}

impl Held {
    async fn of(session: &Connection) -> Result<Held, Error> {
        let catalog = pg::introspect(session).await?;
        let mut contents = Contents::new();
        for relation in catalog.relations().filter(|one| one.is_table()) {
            let (table, shown) = (sql_name(&relation.name), relation.name.to_string());
            let shown = shown.strip_prefix("public.").unwrap_or(&shown);
            let names: Vec<&String> = relation.columns.iter().map(|column| &column.name).collect();
            let texts: Vec<String> =
                names.iter().map(|name| format!("coalesce({}::text, 'NULL')", quoted(name))).collect();
            let rows = session.rows(&format!("SELECT {} FROM {table}", texts.join(", "))).await?;
            for (n, name) in names.iter().enumerate() {
                let mut values: Vec<String> = rows.iter().filter_map(|row| row[n].clone()).collect();
                values.sort();
                contents.insert(format!("{shown}.{name}"), values);
            }
        }
        Ok(Held { catalog, contents })
    }
}

/// Columns that hold something else, or are away.
fn changed<'a>(before: &'a Contents, after: &Contents) -> Vec<&'a str> {
    let other = before.iter().filter(|(name, rows)| after.get(*name) != Some(rows));
    other.map(|(name, _)| name.as_str()).collect()
}

/// Whether a text is about a column, or about all of its table.
fn names(text: &str, column: &str) -> bool {
    let table = column.rsplit_once('.').map_or(column, |(table, _)| table);
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')'));
    words.any(|word| word == column || word == table)
}
