//! The queries of an app: their texts are those of drizzle-orm, both lines; on a real server they work
//! while the schema is what the app declares, and fail as they should when it is not.

#![allow(clippy::disallowed_methods, reason = "tests read files and start programs")]

#[path = "../../cli/tests/kit/mod.rs"]
mod kit;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use drizzle::{MemoryFiles, Snapshot};
use facts::{App, Operation};
use pg::Connection;
use servers::{MAJORS, server, wait};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use verify::{Amounts, AppQuery, Details, Line, broken, broken_anew, fill, queries};

const SCHEMA: &str = include_str!("queries/schema.ts");

/// What drizzle-kit makes of the schema: SQL and snapshot, and what drizzle-orm would send.
struct Made {
    sql: Vec<String>,
    snapshot: Arc<Snapshot>,
    sent: BTreeMap<(String, String), String>,
}

fn made(line: Line) -> Made {
    let (of_kit, name) = match line {
        Line::Stable => (kit::Line::Stable, "stable"),
        Line::V1 => (kit::Line::V1, "v1"),
    };
    let history = kit::generate(of_kit, &[SCHEMA]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kit/queries.mjs");
    let told = Command::new("node").arg(script).arg(name).arg(history.project()).output().expect("node");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let sent: Vec<BTreeMap<String, String>> = serde_json::from_slice(&told.stdout).expect("JSON");
    let key = |one: &BTreeMap<String, String>| (one["relation"].clone(), one["label"].clone());
    let sent = sent.iter().map(|one| (key(one), one["sql"].clone())).collect();

    let mut files = MemoryFiles::default();
    read_all(&history.migrations(), "drizzle", &mut files);
    let (project, _) = drizzle::load(&files, "drizzle", None);
    let (snapshot, _) = drizzle::snapshot(&files, &project, 0);
    let migration = &project.migrations[0];
    let sql = migration.chunks.iter().map(|chunk| chunk.of(&migration.file.text).to_owned()).collect();
    Made { sql, snapshot: snapshot.expect("a snapshot"), sent }
}

fn read_all(dir: &Path, to: &str, files: &mut MemoryFiles) {
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let name = format!("{to}/{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => read_all(&entry.path(), &name, files),
            false => files.insert(&name, std::fs::read(entry.path()).expect("a file")),
        }
    }
}

fn of_app(made: &Made, line: Line) -> Vec<AppQuery> {
    queries(&App::of_snapshot(&made.snapshot, "the test"), Details::Snapshot(&made.snapshot), line)
}

/// Without the numbers of parameters.
fn plain(sql: &str) -> String {
    sql.split('$').enumerate().fold(String::new(), |plain, (at, part)| match at {
        0 => part.to_owned(),
        _ => format!("{plain}${}", part.trim_start_matches(|c: char| c.is_ascii_digit())),
    })
}

fn same_texts(line: Line) {
    let made = made(line);
    let mut compared = 0;
    for query in of_app(&made, line) {
        // drizzle-orm has no relational queries of views in both lines.
        let by_value = query.label.contains(" to '");
        if by_value || (query.relation.name == "busy" && query.label == "relational query") {
            continue;
        }
        let key = (query.relation.to_string(), query.label.clone());
        let sent = made.sent.get(&key).unwrap_or_else(|| panic!("{key:?} in {:#?}", made.sent.keys()));
        assert_eq!(plain(&query.sent), plain(sent), "{key:?}");
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn texts_are_those_of_the_stable_line() {
    same_texts(Line::Stable);
}

#[test]
fn texts_are_those_of_v1() {
    same_texts(Line::V1);
}

async fn database(server: &pg::Server, name: &str, made: &Made) -> Connection {
    let admin = server.connect().await.expect("a connection");
    admin.batch(&format!("CREATE DATABASE \"{name}\"")).await.expect("a database");
    let connection = pg::connect(&server.target(name)).await.expect("a connection");
    for sql in &made.sql {
        connection.batch(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    connection
}

#[test]
fn nothing_is_broken_while_nothing_changes() {
    for line in [Line::Stable, Line::V1] {
        let made = made(line);
        let queries = of_app(&made, line);
        for major in MAJORS {
            let server = server(major);
            wait(async {
                let connection = database(&server, "app", &made).await;
                for rows in [0, 3] {
                    fill(connection.client(), &Amounts::of(rows)).await.expect("rows");
                    let found = broken(connection.client(), &queries, None).await.expect("answers");
                    let judged: Vec<_> = found.iter().filter(|one| one.unjudged.is_none()).collect();
                    // An insert takes keys from rows that exist, and there are none yet.
                    let empty = |code: &str| rows == 0 && code == "23502";
                    assert!(judged.iter().all(|one| empty(&one.sqlstate)), "{major}: {judged:#?}");
                }
                let count = connection.value("SELECT count(*) FROM users").await.expect("a count");
                assert_eq!(count.as_deref(), Some("3"), "everything is undone");
            });
        }
    }
}

/// A change, and what breaks: `operation relation[.column] sqlstate`.
const CHANGES: &[(&str, &[&str])] = &[
    (
        "ALTER TABLE users ADD COLUMN phone text NOT NULL DEFAULT ''; ALTER TABLE users ALTER phone DROP DEFAULT",
        &["Insert users 23502", "Upsert users 23502"],
    ),
    ("ALTER TABLE users ADD COLUMN phone text NOT NULL DEFAULT ''", &[]),
    (
        "ALTER TABLE users DROP COLUMN nick",
        &[
            "Delete users 42703",
            "Insert users 42703",
            "Select posts 42703",
            "Select users 42703",
            "Update users 42703",
            "Upsert users 42703",
        ],
    ),
    (
        "ALTER TABLE posts RENAME TO articles",
        &[
            "Delete posts 42P01",
            "Insert posts 42P01",
            "Select posts 42P01",
            "Select tags_of_posts 42P01",
            "Select users 42P01",
            "Update posts 42P01",
            "Upsert posts 42P01",
        ],
    ),
    (
        "ALTER TABLE users DROP CONSTRAINT IF EXISTS users_email_unique, DROP CONSTRAINT IF EXISTS users_email_key",
        &["Upsert users 42P10"],
    ),
    ("DROP INDEX posts_published_title", &["Upsert posts 42P10"]),
    ("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", &["Insert users 22P02", "Update users 22P02"]),
    ("ALTER TYPE mood RENAME VALUE 'it''s fine' TO 'fine'", &["Update users 22P02"]),
    ("ALTER TABLE users ALTER nick TYPE varchar(10)", &["Insert users 22001", "Update users 22001"]),
    ("ALTER TABLE posts ALTER COLUMN views TYPE smallint", &["Insert posts 22003", "Update posts 22003"]),
    ("ALTER TABLE posts ALTER COLUMN views TYPE bigint", &[]),
    (
        "ALTER TABLE posts DROP COLUMN body; ALTER TABLE posts ADD COLUMN body text GENERATED ALWAYS AS (title) STORED",
        &["Insert posts 428C9", "Update posts 428C9"],
    ),
    (
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.nope := 1; RETURN NEW; END'; CREATE TRIGGER touch BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION touch()",
        &["Update posts 42703"],
    ),
    ("ALTER TABLE users ADD CHECK (nick = 'x') NOT VALID", &[]),
];

#[test]
fn what_breaks_is_found() {
    let made = made(Line::Stable);
    let queries = of_app(&made, Line::Stable);
    for major in [13, 18] {
        let server = server(major);
        wait(async {
            let connection = database(&server, "app", &made).await;
            fill(connection.client(), &Amounts::default()).await.expect("rows");
            let before = broken(connection.client(), &queries, None).await.expect("answers");
            for (n, (change, expected)) in CHANGES.iter().enumerate() {
                let name = format!("changed_{n}");
                let changed = database(&server, &name, &made).await;
                fill(changed.client(), &Amounts::default()).await.expect("rows");
                changed.batch(change).await.unwrap_or_else(|error| panic!("{change}: {error}"));
                let after = broken(changed.client(), &queries, None).await.expect("answers");
                let anew = broken_anew(&before, &after);
                let mut found: Vec<String> = (anew.iter())
                    .filter(|one| one.unjudged.is_none())
                    .map(|one| {
                        format!("{:?} {} {}", one.query.operation, one.query.relation.name, one.sqlstate)
                    })
                    .collect();
                found.sort();
                found.dedup();
                // Until 14, writing a generated column was a syntax error.
                let code =
                    |line: &&str| if major < 14 { line.replace("428C9", "42601") } else { line.to_string() };
                let expected: Vec<String> = expected.iter().map(code).collect();
                assert_eq!(found, expected, "{major}: {change}");
            }
        });
    }
}

#[test]
fn a_role_asks_with_its_own_rights() {
    let made = made(Line::V1);
    let queries = of_app(&made, Line::V1);
    let server = server(16);
    wait(async {
        let connection = database(&server, "app", &made).await;
        let client = connection.client();
        fill(client, &Amounts::default()).await.expect("rows");
        let grant = "CREATE ROLE app; GRANT USAGE ON SCHEMA auth TO app; \
             GRANT ALL ON ALL TABLES IN SCHEMA public, auth TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public, auth TO app";
        connection.batch(grant).await.expect("rights");
        let before = broken(client, &queries, Some("app")).await.expect("answers");
        assert!(before.iter().all(|one| one.unjudged.is_some()), "{before:#?}");
        connection.batch("ALTER TABLE posts ENABLE ROW LEVEL SECURITY").await.expect("a change");
        let after = broken(client, &queries, Some("app")).await.expect("answers");
        let anew = broken_anew(&before, &after);
        assert!(!anew.is_empty());
        for one in anew {
            assert_eq!((one.query.relation.name.as_str(), one.sqlstate.as_str()), ("posts", "42501"));
            assert!(matches!(one.query.operation, Operation::Insert | Operation::Upsert));
        }
        let error = broken(client, &queries, Some("nobody")).await.expect_err("no such role");
        assert!(error.to_string().contains("nobody"), "{error}");
        assert_eq!(broken(client, &[], None).await.expect("an answer"), []);
        let mut odd = queries[0].clone();
        odd.sql = "select from where".to_owned();
        let found =
            broken(client, &[queries[0].clone(), odd, queries[1].clone()], None).await.expect("answers");
        assert_eq!(found.iter().map(|one| one.sqlstate.as_str()).collect::<Vec<_>>(), ["42601"]);
    });
}
