//! `brolly diff`: history, snapshot and a real database.

#![allow(clippy::disallowed_methods, reason = "tests copy folders and start the program")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use run::{Ended, Folder, folder};
use serde_json::Value;
use servers::{server, wait};
use std::path::Path;

/// The shop as a project of its own.
fn shop() -> Folder {
    let folder = folder();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop"), &folder, "");
    folder
}

fn copy(from: &Path, folder: &Folder, below: &str) {
    for entry in std::fs::read_dir(from).expect("the shop").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if name == "node_modules" {
            continue;
        } else if entry.path().is_dir() {
            copy(&entry.path(), folder, &format!("{path}/"));
        } else {
            folder.write(&path, std::fs::read(entry.path()).expect("a file"));
        }
    }
}

/// Runs the migrations of the shop up to this one, and leaves the ledger that Drizzle would have.
async fn migrate(connection: &pg::Connection, shop: &Folder, last: &str) {
    let journal = std::fs::read_to_string(shop.at("drizzle/meta/_journal.json")).expect("a journal");
    let journal: Value = serde_json::from_str(&journal).expect("JSON");
    let ledger = "CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, \
                  hash text NOT NULL, created_at bigint)";
    connection.batch(ledger).await.expect("a ledger");
    for entry in journal["entries"].as_array().expect("entries") {
        let tag = entry["tag"].as_str().expect("a tag");
        let text = std::fs::read_to_string(shop.at(&format!("drizzle/{tag}.sql"))).expect("SQL");
        for statement in text.split("--> statement-breakpoint") {
            connection.batch(statement).await.unwrap_or_else(|error| panic!("{tag}: {error}"));
        }
        let note = "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES";
        let hash = format!("encode(sha256(convert_to($text${text}$text$, 'UTF8')), 'hex')");
        connection.batch(&format!("{note} ({hash}, {})", entry["when"])).await.expect("a note");
        if tag == last {
            break;
        }
    }
}

#[test]
fn the_snapshot_of_the_shop_agrees_and_one_that_was_edited_does_not() {
    let shop = shop();
    shop.brolly(&["diff"]).says(0, &["drizzle", "history (19 migrations) and snapshot (0018", "no drift"]);
    let path = "drizzle/meta/0018_snapshot.json";
    let text = std::fs::read_to_string(shop.at(path)).expect("a snapshot");
    shop.write(path, text.replace("\"phone\"", "\"mobile\""));
    let ended = shop.brolly(&["diff"]);
    ended.says(1, &["2 differences", "public.users", "column mobile: only in the snapshot: text"]);
    ended.says(1, &["column phone: only in the history: text"]);
    let lines: Vec<String> = shop.brolly(&["diff", "--fingerprint"]).out.lines().map(str::to_owned).collect();
    let [history, snapshot] = lines.as_slice() else { panic!("{lines:?}") };
    assert_ne!(history.split(' ').next(), snapshot.split(' ').next(), "{lines:?}");
}

#[test]
fn a_database_is_compared_with_what_it_has_run() {
    let shop = shop();
    let server = server(17);
    let url = server.url("postgres");
    let diff = |more: &[&str]| -> Ended {
        let mut arguments = vec!["diff", "--database-url", &url];
        arguments.extend(more);
        shop.brolly(&arguments)
    };
    wait(async {
        let connection = server.connect().await.expect("a connection");
        migrate(&connection, &shop, "0016_add_phone").await;
    });
    let ended = diff(&[]);
    ended.says(0, &["history (17 migrations) and database (postgres on", "no drift"]);
    ended.says(0, &["note: left out, since the database has not run them yet: 0017_require_stock, 0018_"]);
    ended.lacks("another hash");
    let first = "drizzle/0016_add_phone.sql".to_owned();
    let text = std::fs::read_to_string(shop.at(&first)).expect("SQL");
    shop.write(&first, format!("{text}-- a word\n"));
    let tag = first.trim_start_matches("drizzle/").trim_end_matches(".sql");
    diff(&[]).says(0, &[&format!("edited since the database ran it (its ledger has another hash): {tag}")]);
    shop.write(&first, text);
    let prints: Vec<String> = diff(&["--fingerprint"]).out.lines().map(str::to_owned).collect();
    assert_eq!(prints.len(), 4, "{prints:?}");
    assert_eq!(prints[2].split(' ').next(), prints[3].split(' ').next(), "{prints:?}");

    wait(async {
        let connection = server.connect().await.expect("a connection");
        let by_hand = "ALTER TABLE users ADD COLUMN vip boolean; ALTER TABLE orders ALTER shipping_address DROP NOT NULL; \
                       CREATE INDEX by_hand ON users (lower(email)); DROP VIEW order_totals; \
                       ALTER TABLE users RENAME CONSTRAINT users_email_unique TO mail_once";
        connection.batch(by_hand).await.expect("drift");
    });
    diff(&[]).says(
        1,
        &[
            "4 differences",
            "view public.order_totals: only in the history",
            "public.orders",
            "column shipping_address: NOT NULL in the history, nullable in the database",
            "public.users",
            "column vip: only in the database: boolean",
            "index by_hand: only in the database: btree (lower((email)::text))",
            "not counted",
            "unique constraint users_email_unique: called users_email_unique in the history, mail_once in the database",
        ],
    );
    diff(&["--schema", "other"]).says(0, &["no drift"]);
    wait(async {
        let connection = server.connect().await.expect("a connection");
        connection.batch("CREATE ROLE reader LOGIN").await.expect("a role");
    });
    let reader = url.replace("user=postgres", "user=reader");
    assert_ne!(reader, url);
    shop.brolly(&["diff", "--database-url", &reader])
        .says(1, &["history (19 migrations)", "vip", "may not be read: compared with the whole history"]);
    let json: Value = serde_json::from_str(&diff(&["--format", "json"]).out).expect("JSON");
    assert_eq!((&json["version"], &json["drift"]), (&1.into(), &true.into()), "{json:#}");
    let found = json["comparisons"][1]["differences"].as_array().expect("differences");
    assert_eq!(found.iter().filter(|one| one["drift"] == true).count(), 4, "{json:#}");
    assert!(found.iter().any(|one| one["part"] == "vip" && one["what"] == "only-right"), "{json:#}");
    wait(async {
        let connection = server.connect().await.expect("a connection");
        let tables =
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
        assert_eq!(connection.value(tables).await.expect("a number").as_deref(), Some("4"));
    });
}

#[test]
fn the_schema_filter_of_the_config_leaves_out_what_others_made() {
    let server = server(16);
    let url = server.url("postgres");
    let folder = folder();
    folder.journal("drizzle", &[("0000_a", "CREATE SCHEMA billing; CREATE TABLE billing.a (id int);")]);
    let config = |more: &str| {
        let text = format!("export default {{ dialect: 'postgresql', out: './drizzle'{more} }}\n");
        folder.write("drizzle.config.ts", text);
    };
    let diff = |more: &[&str]| folder.brolly(&[&["diff", "--database-url", &url], more].concat());
    wait(async {
        let connection = server.connect().await.expect("a connection");
        let made = "CREATE SCHEMA billing; CREATE TABLE billing.a (id int); CREATE SCHEMA auth; \
                    CREATE TABLE auth.users (id int)";
        connection.batch(made).await.expect("a database");
    });
    config("");
    diff(&[]).says(1, &["auth.users: only in the database"]);
    config(", schemaFilter: ['public']");
    diff(&[]).says(0, &["no drift", "left out by schemaFilter of the Drizzle config: auth"]);
    diff(&["--schema", "auth"]).says(1, &["auth.users: only in the database"]);
    config(", schemaFilter: ['a*']");
    diff(&[]).says(1, &["auth.users: only in the database"]);
    // What the migrations make is compared in any case.
    wait(async {
        let connection = server.connect().await.expect("a connection");
        connection.batch("ALTER TABLE billing.a ADD COLUMN x int").await.expect("drift");
    });
    config(", schemaFilter: 'public'");
    diff(&[]).says(1, &["billing.a", "column x: only in the database"]);
    config(", schemaFilter: names()");
    diff(&[]).says(1, &["auth.users", "schemaFilter of the Drizzle config depends on a call of `names`"]);
}

#[test]
fn what_cannot_be_done_is_said() {
    let shop = shop();
    shop.brolly(&["diff", "--database-url-env", "NO_SUCH_VARIABLE"]).complains(2, &["NO_SUCH_VARIABLE"]);
    let refused = "postgres://nobody@localhost:1/none";
    shop.brolly(&["diff", "--database-url", refused]).complains(2, &["cannot connect to localhost:1"]);
    let bare = folder();
    bare.journal("drizzle", &[("0000_a", "CREATE TABLE a (id int);")]);
    bare.brolly(&["diff"]).complains(2, &["no snapshot and no --database-url"]);
}
