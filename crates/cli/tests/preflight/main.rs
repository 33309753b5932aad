//! `brolly preflight` on real servers: each thing is found once it is made on purpose, and nothing is found on a
//! server that is well; `brolly migrate` goes by it.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

#[path = "../../../../tests/servers/bouncer.rs"]
mod bouncer;
mod database;
mod poolers;
mod replica;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;

use pg::{Connection, Server, Setup};
use run::{Ended, Folder, config, folder};
use serde_json::{Value, json};
use servers::{MAJORS, binaries, server, setup, wait};
use std::time::Duration;

const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id serial PRIMARY KEY, name text, nick text);\n--> statement-breakpoint\n\
     CREATE TABLE posts (id serial PRIMARY KEY, user_id int REFERENCES users (id));\n",
);
const ADD: (&str, &str) = ("0001_add", "ALTER TABLE users ADD COLUMN age int;\n");
const INDEX: (&str, &str) = ("0002_index", "CREATE INDEX CONCURRENTLY users_name ON users (name);\n");
/// `users` is written anew.
const RETYPE: (&str, &str) = ("0001_retype", "ALTER TABLE users ALTER COLUMN id TYPE bigint;\n");

const TOPICS: [&str; 12] = [
    "server",
    "pooler",
    "rights",
    "transactions",
    "prepared",
    "connections",
    "timeouts",
    "replication",
    "slots",
    "disk",
    "indexes",
    "wraparound",
];

fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", migrations);
    folder
}

/// A project of which the first migration has run, and the others are pending.
fn begun(server: &Server, pending: &[(&str, &str)]) -> Folder {
    let folder = project(&[CREATE]);
    folder.brolly(&["migrate", "--database-url", &server.url("postgres")]).says(0, &["1 migration applied"]);
    folder.journal("drizzle", &[&[CREATE], pending].concat());
    folder
}

fn preflight(folder: &Folder, url: &str, args: &[&str]) -> Ended {
    folder.brolly(&[&["preflight", "--database-url", url], args].concat())
}

/// The document, and what of it is not as it should be: topic and state.
fn seen(folder: &Folder, url: &str, args: &[&str]) -> (Value, Vec<(String, String)>) {
    let ended = preflight(folder, url, &[&["--format", "json"], args].concat());
    let document: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended}"));
    let text = |check: &Value, field: &str| check[field].as_str().expect("a text").to_owned();
    let checks = document["checks"].as_array().expect("checks").iter();
    let odd =
        checks.map(|check| (text(check, "topic"), text(check, "state"))).filter(|(_, state)| state != "ok");
    let odd: Vec<_> = odd.collect();
    let found = odd.iter().any(|(_, state)| state != "unknown");
    assert_eq!(ended.code, i32::from(found), "{ended}");
    (document, odd)
}

#[track_caller]
fn finds(folder: &Folder, url: &str, args: &[&str], expected: &[(&str, &str)]) -> Value {
    let (document, odd) = seen(folder, url, args);
    let odd: Vec<(&str, &str)> = odd.iter().map(|(topic, state)| (topic.as_str(), state.as_str())).collect();
    assert_eq!(odd, expected, "{document:#}");
    document
}

fn with(major: u16, settings: &[(&str, &str)]) -> Server {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Server::start_with(&binaries(major), &Setup { settings, ..setup() })
        .unwrap_or_else(|error| panic!("{error}"))
}

fn sql(server: &Server, text: &str) {
    wait(async { server.connect().await.expect("a connection").batch(text).await.expect("it works") });
}

fn value(server: &Server, text: &str) -> String {
    let value = wait(async { server.connect().await.expect("a connection").value(text).await });
    value.expect("it works").unwrap_or_default()
}

/// As another role.
fn as_role(server: &Server, role: &str) -> String {
    server.url("postgres").replace("user=postgres", &format!("user={role}"))
}

/// Waits until nobody else is there: a server ends a session after its client has gone, and counts it until then.
async fn alone(session: &Connection) {
    let others = "select string_agg(application_name, ', ') from pg_stat_activity \
                  where usename is not null and datname is not null and pid <> pg_backend_pid()";
    for _ in 0..600 {
        if session.value(others).await.expect("it works").is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("sessions are left: {:?}", session.value(others).await);
}

/// Does something while connections of others are open, and no more than these.
fn beside<T>(server: &Server, sessions: &[&str], work: impl FnOnce() -> T) -> T {
    wait(async {
        let mut open: Vec<Connection> = Vec::new();
        for text in sessions {
            let session =
                pg::connect(&server.target("postgres").named("report")).await.expect("a connection");
            if open.is_empty() {
                alone(&session).await;
            }
            session.batch(text).await.expect("it works");
            open.push(session);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        let done = work();
        for session in open {
            session.close().await;
        }
        done
    })
}

#[test]
fn a_server_that_is_well_is_said_to_be() {
    for major in MAJORS {
        let server = server(major);
        let url = server.url("postgres");
        let fresh = project(&[CREATE, ADD, INDEX]);
        preflight(&fresh, &url, &[]).says(0, &["3 migrations are pending", "ok", "nothing is in the way"]);
        let folder = begun(&server, &[ADD, INDEX]);
        let document = finds(&folder, &url, &[], &[]);
        assert_eq!(document["pending"], json!(["0001_add", "0002_index"]));
        let topics: Vec<&str> = document["checks"]
            .as_array()
            .expect("checks")
            .iter()
            .filter_map(|one| one["topic"].as_str())
            .collect();
        assert_eq!(topics, TOPICS);
        let validator = jsonschema::validator_for(&closed(report::preflight_schema())).expect("a schema");
        let problems: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new());
        folder.journal("drizzle", &[CREATE]);
        preflight(&folder, &url, &[]).says(0, &["nothing is pending"]);
    }
}

/// Takes what it describes and nothing else.
fn closed(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                members.values_mut().for_each(close);
                let open = members.get("additionalProperties").is_some();
                if members.contains_key("properties") && !open {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

#[test]
fn rights_that_are_missing_are_named() {
    for major in MAJORS {
        let server = server(major);
        sql(&server, "create role weak login; create role helper login; create role owner login");
        let (weak, fresh) = (as_role(&server, "weak"), project(&[CREATE]));
        sql(&server, "revoke create on schema public from public");
        preflight(&fresh, &weak, &[]).says(
            1,
            &[
                "the ledger drizzle.__drizzle_migrations is not there yet, and role weak may not make its schema",
                "GRANT CREATE ON DATABASE postgres TO weak",
                "role weak may not make anything in schema public",
                "GRANT CREATE ON SCHEMA public TO weak",
                "2 to mend first",
            ],
        );
        // What is said is what happens, also where the schema is there already.
        sql(
            &server,
            "create schema drizzle; grant all on schema drizzle to weak; grant create on schema public to weak",
        );
        preflight(&fresh, &weak, &[]).says(1, &["role weak may not make its schema", "1 to mend first"]);
        fresh
            .brolly(&["migrate", "--database-url", &weak, "--skip-preflight"])
            .complains(2, &["permission denied for database postgres"]);
        sql(&server, "drop schema drizzle; grant create on database postgres to weak");
        preflight(&fresh, &weak, &[]).says(0, &["nothing is in the way"]);
        fresh.brolly(&["migrate", "--database-url", &weak]).says(0, &["1 migration applied"]);

        let more = "ALTER TABLE users ADD COLUMN age int;\nCREATE TABLE likes (id int REFERENCES posts (id));\n\
                    INSERT INTO posts DEFAULT VALUES;\nCREATE EXTENSION postgres_fdw;\nCREATE EXTENSION no_such;\n";
        fresh.journal("drizzle", &[CREATE, ("0001_more", more)]);
        let helper = as_role(&server, "helper");
        preflight(&fresh, &helper, &[])
            .says(1, &["what is pending is not known", "role helper may not read the ledger"]);
        sql(
            &server,
            "grant usage on schema drizzle to helper; grant select on drizzle.__drizzle_migrations to helper",
        );
        preflight(&fresh, &helper, &[]).says(
            1,
            &[
                "role helper may not add rows to the ledger",
                "GRANT INSERT ON drizzle.__drizzle_migrations TO helper",
                "role helper may not use the sequence of the ledger",
                "users belongs to role weak, and only its owner may change it: this is role helper",
                "migrate as weak, or GRANT weak TO helper",
                "role helper lacks INSERT on posts",
                "role helper lacks REFERENCES on posts",
                "role helper may not make anything in schema public",
                "the extension no_such is not among those",
                "only a superuser may make the extension postgres_fdw",
            ],
        );
        sql(&server, "alter schema drizzle owner to postgres; grant usage on schema drizzle to weak");
        fresh.journal("drizzle", &[CREATE, INDEX]);
        preflight(&fresh, &weak, &[]).says(
            1,
            &["role weak may not make a table in schema drizzle: progress is noted there", "1 to mend first"],
        );
        sql(&server, "grant weak to helper");
        fresh.journal("drizzle", &[CREATE, ADD]);
        preflight(&fresh, &helper, &[]).says(0, &["role helper may do what", "nothing is in the way"]);
        fresh.brolly(&["migrate", "--database-url", &helper]).says(0, &["1 migration applied"]);

        // What names no schema is made where the role's search_path says.
        sql(
            &server,
            "create schema app; create role moved login; alter role moved set search_path = app; \
             grant usage on schema app, drizzle to moved; grant select, insert on drizzle.__drizzle_migrations to moved; \
             grant usage on all sequences in schema drizzle to moved",
        );
        let moved = as_role(&server, "moved");
        fresh.journal("drizzle", &[CREATE, ADD, ("0002_t", "CREATE TABLE \"t\" (id serial);\n")]);
        preflight(&fresh, &moved, &[])
            .says(1, &["role moved may not make anything in schema app", "1 to mend first"]);
        sql(&server, "grant create on schema app to moved; grant create on database postgres to moved");
        preflight(&fresh, &moved, &[]).says(0, &["nothing is in the way"]);
        fresh.brolly(&["migrate", "--database-url", &moved]).says(0, &["1 migration applied"]);
        assert_eq!(value(&server, "select to_regclass('app.t')"), "app.t");
        fresh.journal(
            "drizzle",
            &[CREATE, ADD, ("0002_t", ""), ("0003_p", "CREATE TABLE public.p (id int);\n")],
        );
        preflight(&fresh, &moved, &[]).says(1, &["role moved may not make anything in schema public"]);
    }
}

#[test]
fn connections_are_counted_against_the_limit() {
    for major in [13, 18] {
        let server = with(major, &[("max_connections", "20"), ("superuser_reserved_connections", "3")]);
        let url = server.url("postgres");
        let folder = begun(&server, &[ADD]);
        finds(&folder, &url, &[], &[]);
        beside(&server, &["select 1"; 13], || {
            let document = finds(&folder, &url, &[], &[("connections", "warning")]);
            let check = document["checks"].as_array().expect("checks").iter();
            let said = check.filter(|check| check["topic"] == "connections").map(|check| &check["what"]);
            assert_eq!(said.collect::<Vec<_>>(), ["13 of 17 connections of the server are in use (76 %)"]);
        });
        beside(&server, &["select 1"; 13], || finds(&folder, &url, &["--connections", "80"], &[]));
        beside(&server, &["select 1"; 15], || {
            finds(&folder, &url, &["--connections", "100"], &[("connections", "stop")]);
        });
        sql(&server, "create role few login connection limit 2; grant postgres to few");
        preflight(&folder, &as_role(&server, "few"), &[])
            .says(1, &["0 of 2 connections of role few are in use", "brolly takes 3 connections"]);
        wait(async { alone(&server.connect().await.expect("a connection")).await });
        sql(&server, "alter role few connection limit 1");
        preflight(&folder, &as_role(&server, "few"), &[])
            .says(1, &["a second connection was refused", "0 of 1 connections of role few are in use"]);
    }
}

#[test]
fn timeouts_that_would_cut_it_are_found() {
    for major in MAJORS {
        let server = server(major);
        let (url, folder) = (server.url("postgres"), begun(&server, &[ADD]));
        sql(
            &server,
            "alter role postgres set statement_timeout = '30s'; alter role postgres set lock_timeout = '1s'",
        );
        finds(&folder, &url, &[], &[]);
        folder.journal("drizzle", &[CREATE, ADD, INDEX]);
        preflight(&folder, &url, &[]).says(
            1,
            &[
                "statement_timeout is 30 s, set for role postgres",
                "it would cut a statement that goes through all of users",
                "ALTER ROLE postgres SET statement_timeout = 0",
            ],
        );
        // What the database URL says comes first, and no timeout of another kind.
        finds(&folder, &format!("{url}&options=-c%20statement_timeout%3D0"), &[], &[]);
        sql(&server, "alter role postgres reset statement_timeout");
        if major >= 14 {
            sql(&server, "alter database postgres set idle_session_timeout = '30s'");
            preflight(&folder, &url, &[]).says(1, &["idle_session_timeout is 30 s, set for the database"]);
            sql(&server, "alter database postgres reset idle_session_timeout");
        }
        if major >= 17 {
            sql(&server, "alter role postgres set transaction_timeout = '30s'");
            preflight(&folder, &url, &[]).says(1, &["transaction_timeout is 30 s, set for role postgres"]);
        }
    }
}

#[test]
fn a_server_that_takes_no_writes_or_is_another_version_is_told() {
    let server = server(16);
    let (url, folder) = (server.url("postgres"), begun(&server, &[ADD]));
    folder.write("brolly.json", r#"{ "postgres": 14 }"#);
    finds(&folder, &url, &[], &[("server", "warning")]);
    preflight(&folder, &url, &[]).says(1, &["brolly.json says PostgreSQL 14, and this is 16"]);
    folder.write("brolly.json", r#"{ "postgres": 16 }"#);
    finds(&folder, &url, &[], &[]);
    sql(&server, "alter database postgres set default_transaction_read_only = on");
    preflight(&folder, &url, &[]).says(1, &["stop", "transactions of this role are read-only"]);
    preflight(&folder, "postgres:///postgres?host=/nowhere", &[]).complains(2, &["brolly: "]);
}

#[test]
fn migrate_looks_first() {
    let server = with(16, &[("max_prepared_transactions", "4")]);
    let (url, folder) = (server.url("postgres"), begun(&server, &[ADD]));
    sql(&server, "create role weak login; grant usage on schema drizzle to weak");
    sql(&server, "grant select on drizzle.__drizzle_migrations to weak");
    let weak = as_role(&server, "weak");
    let migrate =
        |url: &str, args: &[&str]| folder.brolly(&[&["migrate", "--database-url", url], args].concat());
    migrate(&weak, &[]).complains(
        2,
        &[
            "stop",
            "users belongs to role postgres",
            "migrate as postgres, or GRANT postgres TO weak",
            "things have to be mended first",
            "--skip-preflight",
        ],
    );
    migrate(&weak, &["--skip-preflight"]).complains(2, &["must be owner of table users"]);
    let ended = migrate(&weak, &["--format", "json"]);
    assert!(
        ended.out.contains(r#"{"event":"preflight","checks":[{"topic":"rights","state":"stop""#),
        "{ended}"
    );
    // A warning is said, and it goes on.
    sql(&server, "select pg_create_physical_replication_slot('left_behind', true)");
    migrate(&url, &[])
        .says(0, &["1 migration applied"])
        .complains(0, &["warning", "nobody reads slot left_behind"]);
}
