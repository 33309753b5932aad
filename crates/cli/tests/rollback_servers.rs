//! Up, down and up again on real servers: after the way back of a migration the server holds what it held before, but
//! for what the way back says, and the migration runs again.
//!
//! The shop, drizzle-kit's histories, the blocks of the rule pages and the linter's cases; half of them on the
//! oldest and half on the newest version, and a share of them on each other one. `MAJOR=17` and `CASE=part of its name` narrow it down.

#![allow(clippy::disallowed_methods, reason = "tests read files and look at their environment")]
#![allow(clippy::disallowed_macros, reason = "how much was tried is said")]

#[path = "../../linter/tests/case/mod.rs"]
mod case;
#[path = "../../pg/tests/catalogues/mod.rs"]
mod catalogues;
#[path = "../../linter/tests/page/mod.rs"]
mod page;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use catalog::{Catalog, Difference};
use drizzle::{Migration, Project};
use facts::{Options, PendingSet, Version};
use pg::{Connection, Server};
use plan::reverse::{Note, Reverse, reverse_each, text};
use std::path::Path;
use verify::roles::{make_roles, roles_of};
use verify::{Amounts, fill};

#[test]
fn there_and_back_on_13() {
    there_and_back_on(13);
}

#[test]
fn there_and_back_on_14() {
    there_and_back_on(14);
}

#[test]
fn there_and_back_on_15() {
    there_and_back_on(15);
}

#[test]
fn there_and_back_on_16() {
    there_and_back_on(16);
}

#[test]
fn there_and_back_on_17() {
    there_and_back_on(17);
}

#[test]
fn there_and_back_on_18() {
    there_and_back_on(18);
}

fn narrowed(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A history, and the migrations of it that are taken back.
struct Subject {
    name: String,
    project: Project,
    from: usize,
}

fn subjects(major: u8) -> Vec<Subject> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    let mut dirs = vec![root.join("examples/shop/drizzle")];
    let fixtures = std::fs::read_dir(root.join("crates/drizzle/tests/fixtures")).expect("fixtures");
    dirs.extend(fixtures.flatten().map(|entry| entry.path()));
    dirs.sort();
    for dir in dirs {
        let project = catalogues::project(&catalogues::folder(&dir));
        found.push(Subject { name: dir.display().to_string(), project, from: 0 });
    }
    for one in linter::RULES {
        for block in page::Page::new(one.meta.name, one.page).blocks {
            let (project, analysis) = block.analysis(major);
            let from = analysis.sets.iter().flat_map(|set| &set.migrations).min().copied().unwrap_or(0);
            found.push(Subject { name: format!("{}.md:{}", one.meta.name, block.line), project, from });
        }
    }
    let (base, cases) = case::all();
    for case in &cases {
        let (project, _) = case.analysis(base, Version(major));
        found.push(Subject { name: case.title.to_owned(), project, from: 2 });
    }
    found
}

fn there_and_back_on(major: u16) {
    if narrowed("MAJOR").is_some_and(|wanted| wanted != major.to_string()) {
        return;
    }
    let only = narrowed("CASE");
    let version = u8::try_from(major).expect("a small number");
    let server = servers::server(major);
    let (mut wrong, mut there, mut whole) = (Vec::new(), 0, 0);
    servers::wait(async {
        for (n, subject) in subjects(version).into_iter().enumerate() {
            let share = match major {
                13 => n % 2 == 0,
                18 => n % 2 == 1,
                other => n % 5 == usize::from(other) % 5,
            };
            let wanted = only.as_deref().map_or(share, |only| subject.name.contains(only));
            if !wanted {
                continue;
            }
            let tried = there_and_back(&server, &format!("case{n}"), &subject, version, &mut wrong).await;
            (there, whole) = (there + tried.0, whole + tried.1);
        }
    });
    eprintln!("{major}: {there} migrations taken back, {whole} of them whole");
    assert!(there > 0);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// How many migrations were taken back, and how many of them with nothing left.
async fn there_and_back(
    server: &Server,
    database: &str,
    subject: &Subject,
    version: u8,
    wrong: &mut Vec<String>,
) -> (usize, usize) {
    let project = &subject.project;
    let admin = server.connect().await.expect("a connection");
    make_roles(&admin, &roles_of(project)).await.expect("roles");
    admin.batch(&format!("CREATE DATABASE \"{database}\"")).await.expect("a database");
    let session = pg::connect(&server.target(database)).await.expect("a connection");
    let backs = ways_back(subject, version);
    let (mut there, mut whole) = (0, 0);
    for (index, migration) in project.migrations.iter().enumerate() {
        let name = format!("{}, {} on {version}", subject.name, migration.tag);
        let before = catalog(&session).await;
        let refused = up(&session, migration).await;
        let Some(back) =
            backs.iter().find(|back| back.tag == migration.tag).filter(|_| index >= subject.from)
        else {
            continue;
        };
        if !refused.is_empty() {
            break;
        }
        if !back.refused.is_empty() {
            wrong.push(format!("{name}: a replay refuses {:#?}", back.refused));
        }
        let after = catalog(&session).await;
        let file = text(back);
        let problems = down(&session, &file).await;
        if !problems.is_empty() {
            wrong.push(format!("{name}: refused on the way back:\n{}\n{file}", problems.join("\n")));
            break;
        }
        let left = unsaid(back, &before, &catalog(&session).await);
        if !left.is_empty() {
            wrong.push(format!("{name}: left after the way back: {left:#?}\n{file}"));
        }
        there += 1;
        let nothing_left = back.not_reversed().next().is_none();
        whole += usize::from(nothing_left);
        let again = up(&session, migration).await;
        if nothing_left {
            let differs = drift(&after, &catalog(&session).await);
            if !again.is_empty() || !differs.is_empty() {
                wrong.push(format!("{name}: not the same again: {again:#?} {differs:#?}\n{file}"));
                break;
            }
        } else if !again.is_empty() {
            break;
        }
    }
    session.close().await;
    admin.batch(&format!("DROP DATABASE \"{database}\"")).await.expect("it goes");
    admin.close().await;
    (there, whole)
}

/// With rows in all tables: what the way back runs is refused only where it says so.
#[test]
fn there_and_back_with_rows_on_16() {
    let server = servers::server(16);
    let (mut wrong, mut there, mut refused) = (Vec::new(), 0, 0);
    servers::wait(async {
        let only = narrowed("CASE");
        for (n, subject) in subjects(16).into_iter().enumerate() {
            let wanted = only.as_deref().map_or(n % 3 == 0, |only| subject.name.contains(only));
            if wanted {
                let ended = with_rows(&server, &format!("rows{n}"), &subject, &mut wrong).await;
                (there, refused) = (there + ended.0, refused + ended.1);
            }
        }
    });
    eprintln!("{there} migrations taken back, {refused} of them refused as said");
    assert!(there > 0);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// How many migrations were taken back, and how many of them failed as it was said.
async fn with_rows(
    server: &Server,
    database: &str,
    subject: &Subject,
    wrong: &mut Vec<String>,
) -> (usize, usize) {
    let project = &subject.project;
    let admin = server.connect().await.expect("a connection");
    make_roles(&admin, &roles_of(project)).await.expect("roles");
    admin.batch(&format!("CREATE DATABASE \"{database}\"")).await.expect("a database");
    let session = pg::connect(&server.target(database)).await.expect("a connection");
    let backs = ways_back(subject, 16);
    let (mut there, mut as_said) = (0, 0);
    for (index, migration) in project.migrations.iter().enumerate() {
        let back = backs.iter().find(|back| back.tag == migration.tag).filter(|_| index >= subject.from);
        if index >= subject.from {
            fill(session.client(), &Amounts::default()).await.expect("a schema that can be read");
        }
        if !up(&session, migration).await.is_empty() {
            break;
        }
        let Some(back) = back else { continue };
        fill(session.client(), &Amounts::default()).await.expect("a schema that can be read");
        there += 1;
        let mut failed = false;
        for statement in &back.sql {
            let Some(sql) = &statement.sql else { continue };
            let Err(error) = session.batch(sql).await else { continue };
            failed = true;
            let said = statement.notes.iter().any(|note| match note {
                Note::Fails(_) => true,
                Note::Lost(text) => text.contains("makes this fail"),
                Note::NotReversed(_) => false,
            });
            if !said {
                let file = text(back);
                wrong.push(format!("{}, {}: {error}: {sql}\n{file}", subject.name, migration.tag));
            }
            break;
        }
        as_said += usize::from(failed);
        if failed || !up(&session, migration).await.is_empty() {
            break;
        }
    }
    session.close().await;
    admin.batch(&format!("DROP DATABASE \"{database}\"")).await.expect("it goes");
    admin.close().await;
    (there, as_said)
}

/// The ways back of the migrations of a subject.
fn ways_back(subject: &Subject, version: u8) -> Vec<Reverse> {
    let sets = (subject.from..subject.project.migrations.len())
        .map(|index| PendingSet { migrations: vec![index], ..PendingSet::default() });
    let sets: Vec<PendingSet> = sets.collect();
    let options = Options { version: Version(version), ..Options::default() };
    reverse_each(&facts::analyze(&subject.project, &sets, &options).steps)
}

async fn catalog(session: &Connection) -> Catalog {
    pg::introspect(session).await.expect("a schema")
}

fn drift(left: &Catalog, right: &Catalog) -> Vec<Difference> {
    catalog::diff(left, right).into_iter().filter(Difference::is_drift).collect()
}

/// What is different and was not said.
fn unsaid(back: &Reverse, before: &Catalog, now: &Catalog) -> Vec<Difference> {
    let mut left = drift(before, now);
    left.retain(|difference| !back.says(difference));
    left
}

/// Runs a migration statement by statement; what was refused.
async fn up(session: &Connection, migration: &Migration) -> Vec<String> {
    let text = &migration.file.text;
    let mut refused = Vec::new();
    for chunk in &migration.chunks {
        let parsed = sql::parse(chunk.of(text), chunk.start);
        for statement in parsed.statements {
            if let Err(error) = session.batch(statement.span.of(text)).await {
                refused.push(format!("{error}: {}", statement.span.of(text)));
            }
        }
        refused.extend(parsed.errors.iter().map(|error| error.message.clone()));
    }
    refused
}

/// Runs a file as psql would; what was refused.
async fn down(session: &Connection, file: &str) -> Vec<String> {
    let mut refused = Vec::new();
    for statement in sql::parse(file, 0).statements {
        let text = statement.span.of(file);
        if let Err(error) = session.batch(text).await {
            refused.push(format!("{error}: {text}"));
        }
    }
    refused
}
