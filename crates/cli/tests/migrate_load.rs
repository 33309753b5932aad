//! Whole deploys by the program itself, while sessions of the old and the new app read and write at a steady rate and
//! a report holds the tables: `brolly fix` writes the path, `migrate`, `backfill` and `contract` go along it. No
//! statement of the app may fail, none may wait for as long as the report takes, and no row may be lost or stale.
//!
//! The same load finds fault with the change as it was.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests start programs and write files")]

mod load;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use catalog::{Scope, diff_within};
use load::{App, Version, Watch, Written, long_reader, pass};
use pg::{Row, Server};
use run::{Ended, Folder, folder};
use servers::{server, wait};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the report holds the tables.
const REPORT: Duration = Duration::from_secs(3);
/// The longest that brolly asks for a lock at a time.
const LOCK_WAIT: &str = "200ms";
/// What a statement of the app may wait for a lock: far more than [`LOCK_WAIT`] and what a transaction of the path
/// holds its lock for on a busy machine, and far less than the report takes.
const MOST: Duration = Duration::from_millis(1_500);

const CONFIG: &str =
    "export default { dialect: 'postgresql', schema: './src/schema.ts', out: './drizzle' };\n";

const BEFORE: &str = "\
import { integer, pgTable, text } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: integer('id').primaryKey(),
  email: text('email').notNull(),
  name: text('name'),
  visits: integer('visits').notNull(),
});

export const orders = pgTable('orders', {
  id: integer('id').primaryKey(),
  userId: integer('user_id').notNull(),
  country: text('country'),
});
";

const AFTER: &str = "\
import { bigint, index, integer, pgTable, text } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: integer('id').primaryKey(),
  email: text('email').notNull(),
  fullName: text('full_name'),
  visits: bigint('visits', { mode: 'number' }).notNull(),
}, (table) => [index('users_email_idx').on(table.email)]);

export const orders = pgTable('orders', {
  id: integer('id').primaryKey(),
  userId: integer('user_id').notNull().references(() => users.id),
  country: text('country').notNull(),
});
";

const CREATE: &str = "\
CREATE TABLE \"users\" (\"id\" integer PRIMARY KEY, \"email\" text NOT NULL, \"name\" text, \"visits\" integer NOT NULL);
--> statement-breakpoint
CREATE TABLE \"orders\" (\"id\" integer PRIMARY KEY, \"user_id\" integer NOT NULL, \"country\" text);
";

/// A column renamed, a type changed, a column required, a foreign key and an index.
const CHANGE: &str = "\
ALTER TABLE \"users\" RENAME COLUMN \"name\" TO \"full_name\";
--> statement-breakpoint
ALTER TABLE \"users\" ALTER COLUMN \"visits\" SET DATA TYPE bigint;
--> statement-breakpoint
ALTER TABLE \"orders\" ALTER COLUMN \"country\" SET NOT NULL;
--> statement-breakpoint
ALTER TABLE \"orders\" ADD CONSTRAINT \"orders_user_id_users_id_fk\" FOREIGN KEY (\"user_id\") REFERENCES \"users\"(\"id\");
--> statement-breakpoint
CREATE INDEX \"users_email_idx\" ON \"users\" (\"email\");
";

const ROWS: i64 = 3_000;
const FILL: &str = "INSERT INTO users SELECT n, 'e' || n, 'n' || n, n FROM generate_series(1, 3000) n; \
                    INSERT INTO orders SELECT n, n, CASE n % 2 WHEN 0 THEN 'FR' END FROM generate_series(1, 3000) n";

#[test]
fn no_statement_of_the_app_fails_or_waits_on_13() {
    deploys_under_load_on(13);
}

#[test]
fn no_statement_of_the_app_fails_or_waits_on_18() {
    deploys_under_load_on(18);
}

fn deploys_under_load_on(major: u16) {
    let server = server(major);
    let url = server.url("postgres");
    let folder = deployed(&server);
    folder
        .write("src/schema.ts", AFTER)
        .journal("drizzle", &[("0000_create", CREATE), ("0001_change", CHANGE)]);
    folder
        .brolly(&["fix", "--base", "HEAD", "--write", "--value", "orders.country=upper('de')"])
        .says(0, &["wrote"]);
    folder.commit(".", "Change");

    let watch = Watch::start(&server);
    let old: Vec<App> = (1..3).map(|number| App::start(&server, Version::Old, number)).collect();
    pass(&old);
    behind_a_report(&folder, &server).says(0, &["2 migrations applied"]);
    let backfill = |args: &[&str]| folder.brolly(&[&["backfill", "--database-url", &url], args].concat());
    backfill(&["0001_change.users_full_name", "0001_change.users_visits"]).says(0, &["none is left"]);
    let new: Vec<App> = (3..5).map(|number| App::start(&server, Version::New, number)).collect();
    pass(&old);
    pass(&new);
    let mut written: Vec<Written> = old.into_iter().map(App::stop).collect();
    // The old app has written orders without a country until now.
    backfill(&[]).says(0, &["orders_country: finished", "none is left"]);

    let contract = ["contract", "--deployed", "HEAD", "--database-url", &url, "--write"];
    folder.brolly(&contract).says(0, &["ready", "wrote drizzle/"]);
    folder.commit(".", "Contract");
    behind_a_report(&folder, &server).says(0, &["8 migrations applied"]);
    pass(&new);
    folder.brolly(&contract).says(0, &["ready", "wrote drizzle/"]).lacks("waits");
    folder.commit(".", "Drop what is left");
    migrate(&folder, &server).says(0, &["1 migration applied"]);
    pass(&new);
    written.extend(new.into_iter().map(App::stop));
    let longest = watch.stop();

    for one in &written {
        assert!(one.failures.is_empty(), "{major}: {:#?}", one.failures);
    }
    assert!(longest.time < MOST, "{major}: {:?} for {}", longest.time, longest.sql);
    assert_eq!(lost(&server, &written), Vec::<String>::new(), "{major}");
    ends_as_the_change_as_it_was(&server);
}

/// The change as it was, as Drizzle sends it.
#[test]
fn the_change_as_it_was_makes_the_app_wait_and_fail() {
    let server = server(16);
    drop(deployed(&server));
    let watch = Watch::start(&server);
    let old: Vec<App> = (1..3).map(|number| App::start(&server, Version::Old, number)).collect();
    pass(&old);
    let report = long_reader(&server, REPORT);
    // Rows without a country would end it at once.
    let change = CHANGE.replace("ALTER TABLE \"orders\" ALTER COLUMN \"country\" SET NOT NULL;", "SELECT 1;");
    sql(&server, &format!("BEGIN; {change}; COMMIT"));
    report.join().expect("it ended");
    pass(&old);
    let written: Vec<Written> = old.into_iter().map(App::stop).collect();
    let longest = watch.stop();
    assert!(longest.time > MOST, "{:?} for {}", longest.time, longest.sql);
    let failed = written.iter().flat_map(|one| &one.failures).any(|one| one.contains("42703"));
    assert!(failed, "{written:?}");
}

/// A repository whose first migration has run, with rows.
fn deployed(server: &Server) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", CONFIG).write("brolly.json", r#"{ "runner": "brolly" }"#);
    folder.write("src/schema.ts", BEFORE).journal("drizzle", &[("0000_create", CREATE)]).commit(".", "Start");
    folder.brolly(&["migrate", "--database-url", &server.url("postgres")]).says(0, &["1 migration applied"]);
    sql(server, FILL);
    folder
}

fn migrate(folder: &Folder, server: &Server) -> Ended {
    let url = server.url("postgres");
    folder.brolly(&["migrate", "--database-url", &url, "--deployed", "HEAD~1", "--lock-wait", LOCK_WAIT])
}

/// Migrates while a report holds the tables, which it has to have met.
fn behind_a_report(folder: &Folder, server: &Server) -> Ended {
    let report = long_reader(server, REPORT);
    let ended = migrate(folder, server);
    report.join().expect("it ended");
    ended.complains(0, &["waits for: process", "(report)", "tried again"]);
    ended
}

fn sql(server: &Server, text: &str) -> Vec<Row> {
    wait(async { server.connect().await.expect("a connection").rows(text).await.expect("it works") })
}

/// Rows that are not what was written last.
fn lost(server: &Server, written: &[Written]) -> Vec<String> {
    let mut users: BTreeMap<i64, (String, i64)> = (1..=ROWS).map(|n| (n, (format!("n{n}"), n))).collect();
    let mut orders: BTreeMap<i64, (i64, String)> =
        (1..=ROWS).map(|n| (n, (n, if n % 2 == 0 { "FR" } else { "DE" }.to_owned()))).collect();
    for one in written {
        users.extend(one.users.clone());
        let given = |country: &Option<String>| country.clone().unwrap_or_else(|| "DE".to_owned());
        orders.extend(one.orders.iter().map(|(id, (user, country))| (*id, (*user, given(country)))));
    }
    let users = users.iter().map(|(id, (name, visits))| format!("{id} {name} {visits}"));
    let orders = orders.iter().map(|(id, (user, country))| format!("{id} {user} {country}"));
    let mut wrong = differ(users.collect(), &sql(server, "SELECT id, full_name, visits FROM users"));
    wrong.extend(differ(orders.collect(), &sql(server, "SELECT id, user_id, country FROM orders")));
    wrong
}

fn differ(written: BTreeSet<String>, rows: &[Row]) -> Vec<String> {
    let text = |row: &Row| row.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let there: BTreeSet<String> = rows.iter().map(text).collect();
    let lost = written.difference(&there).map(|one| format!("lost: {one}"));
    lost.chain(there.difference(&written).map(|one| format!("nobody wrote: {one}"))).collect()
}

/// The schema is the one that the change makes by itself.
fn ends_as_the_change_as_it_was(server: &Server) {
    sql(server, "CREATE DATABASE plain");
    let (there, plain) = wait(async {
        let plain = pg::connect(&server.target("plain")).await.expect("a connection");
        plain.batch(&format!("{CREATE}; {CHANGE}")).await.expect("it runs on empty tables");
        let there = server.connect().await.expect("a connection");
        (pg::introspect(&there).await.expect("a schema"), pg::introspect(&plain).await.expect("a schema"))
    });
    let scope = Scope { except_schemas: vec!["drizzle".to_owned()], ..Scope::default() };
    let differences = diff_within(&plain, &there, &scope);
    assert!(differences.is_empty(), "{differences:#?}");
}
