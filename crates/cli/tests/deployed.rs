//! The deployed code decides: which versions that are, what `lint` says by them, and what is said where
//! they can't be read.

mod run;

use run::{Ended, Folder, config, folder};

const SCHEMA: &str = "\
import { pgTable, integer, text } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: integer('id').primaryKey(),
  fullName: text('full_name'),
});
";

const CODE: &str = "\
import { db } from './db';
import { users } from './schema';

export const names = () => db.select({ name: users.fullName }).from(users);
";

const CREATE: &str = "CREATE TABLE \"users\" (\n\t\"id\" integer PRIMARY KEY,\n\t\"full_name\" text\n);\n";
const DROP: &str = "ALTER TABLE \"users\" DROP COLUMN \"full_name\";\n";

/// Three releases: `v1` uses the column, `v2` declares it, `v3` does not know it. Then a migration that
/// drops it is written, and is not committed.
fn repository() -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE)]);
    folder.write("drizzle.config.ts", config("./drizzle").replace("./schema.ts", "./src/schema.ts"));
    folder.write("src/schema.ts", SCHEMA).write("src/users.ts", CODE);
    folder.write(
        "src/db.ts",
        "import { drizzle } from 'drizzle-orm/node-postgres';\nexport const db = drizzle();\n",
    );
    folder.commit(".", "Show names").git(".", &["tag", "v1"]);
    folder.write("src/users.ts", CODE.replace("{ name: users.fullName }", "{ id: users.id }"));
    folder.commit(".", "Show no names").git(".", &["tag", "v2"]);
    folder.write("src/schema.ts", SCHEMA.replace("  fullName: text('full_name'),\n", ""));
    folder.commit(".", "Forget the full name").git(".", &["tag", "v3"]);
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_drop", DROP)]);
    folder
}

/// Settings with these deployed versions, and without what these folders lack.
fn settings(deployed: &str) -> String {
    format!(r#"{{"rules": {{"missing-snapshot": "off"}}, "deployed": {deployed}}}"#)
}

/// The premature drop: an error that names the line of the code.
fn is_premature(ended: &Ended) {
    ended.says(1, &["error[drop-column]", "src/users.ts", "users.fullName"]);
}

#[test]
fn a_premature_drop_fails_with_the_line_of_the_code() {
    let folder = repository();
    let ended = folder.brolly(&["lint", "--deployed", "v1"]);
    is_premature(&ended);
    ended.says(1, &["; the deployed app is the code at v1 (", ") (--deployed)"]);
    // What serves beside it does not help.
    is_premature(&folder.brolly(&["lint", "--deployed", "v3", "--deployed", "v1"]));
    // The file says so, and so does the whole history.
    is_premature(&folder.brolly(&["lint", "--deployed", "v1", "drizzle/0001_drop.sql"]));
}

#[test]
fn a_column_that_is_declared_is_not_dropped_yet() {
    let folder = repository();
    let ended = folder.brolly(&["lint", "--deployed", "v2"]);
    assert_ne!(ended.rules().iter().filter(|rule| *rule == "drop-column").count(), 0, "{ended}");
}

#[test]
fn the_contract_step_passes_and_says_why() {
    let folder = repository();
    let head = folder.git(".", &["rev-parse", "--short", "HEAD"]);
    let day = folder.git(".", &["log", "-1", "--format=%cs"]);
    let since = format!("names users.full_name since {head} ({day}, 'Forget the full name')");
    // The base is what is deployed where nobody says anything.
    for args in [&["lint"][..], &["lint", "--deployed", "v3"]] {
        let ended = folder.brolly(args);
        ended.says(0, &["the deployed app is the code at ", "no code at ", &since]);
        ended.lacks("error[").lacks("drop-column");
    }
}

#[test]
fn the_settings_name_versions_in_three_ways() {
    let folder = repository();
    let lint = |deployed: &str| {
        folder.write("brolly.json", settings(deployed));
        folder.brolly(&["lint"])
    };
    is_premature(&lint("\"v1\""));
    lint("\"v1\"").says(1, &["the deployed app is the code at v1 (", ") (brolly.json)"]);
    lint("\"v3\"").says(0, &["the deployed app is the code at v3 ("]);
    is_premature(&lint("[\"v3\", \"v1\"]"));
    lint("[\"v3\", \"v1\"]").says(1, &["at v3 (", " and v1 ("]);
    folder.write("bin/deployed", "#!/bin/sh\necho v3\necho v1\n");
    let command = r#"{"command": "sh bin/deployed"}"#;
    is_premature(&lint(command));
    lint(command).says(1, &[" and v1 (", ") (`sh bin/deployed` of brolly.json)"]);
    // It runs where the settings lie, and the command line goes first.
    let ended = folder.brolly_in("src", &["lint", ".."], &[]);
    is_premature(&ended);
    folder.brolly(&["lint", "--deployed", "v3"]).says(0, &["(--deployed)"]);
}

#[test]
fn a_command_that_says_nothing_is_an_error() {
    let folder = repository();
    let said = |command: &str, expected: &[&str]| {
        folder.write("brolly.json", settings(&format!("{{\"command\": \"{command}\"}}")));
        folder.brolly(&["lint"]).complains(2, expected);
    };
    said(
        "echo no host >&2; exit 3",
        &["`echo no host >&2; exit 3` of brolly.json", "exit status: 3: no host"],
    );
    said("true", &["it printed nothing", "--deployed REF"]);
    said("echo a b", &["`a b` is no tag, branch or commit"]);
    said("echo v9", &["there is no tag, branch or commit `v9`", "`echo v9` of brolly.json says"]);
}

#[test]
fn a_version_that_is_not_here() {
    let folder = repository();
    folder
        .brolly(&["lint", "--deployed", "v9"])
        .complains(2, &["there is no tag, branch or commit `v9`", "it is deployed, as --deployed says"]);
    folder.commit(".", "Drop it");
    let clone = run::folder();
    let from = format!("file://{}", folder.path().display());
    clone.git(".", &["clone", "-q", "--depth", "1", &from, "shallow"]);
    clone.write("shallow/drizzle/0002_more.sql", "ALTER TABLE users DROP COLUMN id;\n");
    clone.brolly_in("shallow", &["lint", "drizzle/0001_drop.sql", "--deployed", "v1"], &[]).complains(
        2,
        &["`v1` in this shallow clone", "git fetch --unshallow --tags origin", "--deployed says"],
    );
}

#[test]
fn what_a_deployed_version_has_run_is_not_held_against_it() {
    let folder = repository();
    folder.commit(".", "Drop it").git(".", &["tag", "v4"]);
    // At v4 the migration has run: the app before it is that of the snapshot, as ever.
    let ended = folder.brolly(&["lint", "drizzle/0001_drop.sql", "--deployed", "v4"]);
    ended.lacks("the deployed app is the code");
    is_premature(&folder.brolly(&["lint", "drizzle/0001_drop.sql", "--deployed", "v4", "--deployed", "v1"]));
}

#[test]
fn without_code_all_is_as_before() {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE)]).commit(".", "First");
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_drop", DROP)]);
    let ended = folder.brolly(&["lint"]);
    ended.lacks("the deployed app is the code");
    assert_eq!(ended.err, "");
    assert!(ended.rules().contains(&"drop-column".to_owned()), "{ended}");
}

#[test]
fn a_schema_that_cannot_be_read_is_said_to_be() {
    let folder = repository();
    folder.git(".", &["stash", "-qu"]);
    folder.git(".", &["checkout", "-q", "v1"]);
    folder.write("src/schema.ts", "export const users = elsewhere();\n").commit(".", "Hide it");
    folder.git(".", &["tag", "hidden"]);
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_drop", DROP)]);
    let ended = folder.brolly(&["lint", "--deployed", "hidden"]);
    ended.lacks("the deployed app is the code");
    assert!(
        ended.err.contains("hidden (") && ended.err.contains("the snapshot stands for the code"),
        "{ended}"
    );
    assert!(ended.rules().contains(&"drop-column".to_owned()), "{ended}");
}

#[test]
fn facts_and_the_config_of_then() {
    let folder = repository();
    let breaks = |args: &[&str]| {
        let ended = folder.brolly(args);
        let last = ended.out.lines().last().unwrap_or_else(|| panic!("no facts: {ended}"));
        let step: serde_json::Value = serde_json::from_str(last).expect("JSON");
        step["breaks_old_app"].as_array().expect("a list").len()
    };
    assert_ne!(breaks(&["facts", "--deployed", "v1"]), 0);
    assert_eq!(breaks(&["facts", "--deployed", "v3"]), 0);
    // The config and the schema were moved since, and v1 is read as it was.
    folder.git(".", &["mv", "src", "app"]);
    folder.write("drizzle.config.ts", config("./drizzle").replace("./schema.ts", "./app/schema.ts"));
    is_premature(&folder.brolly(&["lint", "--deployed", "v1"]));
}
