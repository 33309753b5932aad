//! `brolly lsp`, as an editor meets it: a client of its own, the real program, real repositories.

#![allow(clippy::disallowed_methods, reason = "tests start the program and read recorded sessions")]

mod client;
#[path = "../run/mod.rs"]
mod run;
mod session;

use client::{Client, edited, of_rule, offset, rules};
use run::Folder;
use serde_json::{Value, json};
use std::path::Path;

/// The migration that is being written.
const NEW: &str = "drizzle/0019_new.sql";
/// What the schema of the base declares.
const PHONE: &str = "  phone: text(\"phone\"),\n";

/// The shop of the examples in a repository of its own, with a migration that the base does not have.
fn shop(sql: &str) -> Folder {
    let folder = run::folder();
    for part in ["drizzle", "src", "drizzle.config.ts", "package.json"] {
        match part.contains('.') {
            true => folder.write(part, text(&format!("examples/shop/{part}"))),
            false => folder.copy(&format!("examples/shop/{part}"), part),
        };
    }
    folder.git(".", &["init", "-q"]);
    folder.git(".", &["add", "-A"]);
    folder.git(".", &["commit", "-q", "-m", "Open the shop"]);
    let journal = folder.at("drizzle/meta/_journal.json");
    let journal = std::fs::read_to_string(journal).expect("it is there");
    let entry = r#",{"idx":19,"version":"7","when":1800000000000,"tag":"0019_new","breakpoints":true}"#;
    let end = journal.rfind(']').expect("a list of entries");
    let journal = format!("{}{entry}{}", journal[..end].trim_end(), &journal[end..]);
    folder.write("drizzle/meta/_journal.json", journal);
    folder.write("brolly.json", r#"{"rules": {"missing-snapshot": "off", "no-lock-timeout": "off"}}"#);
    // The app to come does without the phone.
    folder.write("src/schema.ts", text("examples/shop/src/schema.ts").replace(PHONE, ""));
    folder.write(NEW, sql);
    folder
}

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(path).expect("it is there")
}

#[test]
fn sessions_go_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lsp/sessions");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        session::play(&path, &shop("SELECT 1;\n"));
    }
}

#[test]
fn what_is_typed_goes_before_the_disk() {
    let folder = shop("ALTER TABLE \"users\" DROP COLUMN \"phone\";\n");
    let mut client = Client::open(&folder);
    // What the branch adds is told without opening anything.
    assert_eq!(rules(&client.diagnostics(NEW, None)), ["drop-column"]);
    let drop = "ALTER TABLE \"users\" DROP COLUMN \"phone\";\n";
    assert_eq!(rules(&client.open_file(NEW, "sql", drop)), ["drop-column"]);
    assert!(client.retype(NEW, 2, "SELECT 1;\n").is_empty());
    let found = client.retype(NEW, 3, "ALTER TABLE \"users\" DROP COLUMN \"nam\";\n");
    assert_eq!(rules(&found), ["missing-object"]);
    // Closed without saving: the disk counts again.
    client.tell("textDocument/didClose", json!({ "textDocument": { "uri": client.uri(NEW) } }));
    assert_eq!(rules(&client.diagnostics(NEW, None)), ["drop-column"]);
    assert_eq!(client.leave(), 0);
}

#[test]
fn the_findings_are_those_of_lint() {
    let sql = "ALTER TABLE \"orders\" ALTER COLUMN \"status\" DROP DEFAULT;\n--> statement-breakpoint\n\
               CREATE INDEX \"a\" ON \"orders\" (\"currency\");\n--> statement-breakpoint\nDROP TABLE \"products\" CASCADE;\n";
    let folder = shop(sql);
    let ended = folder.brolly(&["lint", "--format", "json"]);
    let lint: Value = serde_json::from_str(&ended.out).expect("JSON");
    let told = lint["findings"].as_array().expect("a list").iter().filter(|one| one["file"] == NEW);
    let mut expected: Vec<&str> = told.filter_map(|one| one["rule"].as_str()).collect();
    expected.sort_unstable();
    assert!(expected.len() > 3, "{ended}");
    let mut client = Client::open(&folder);
    assert_eq!(rules(&client.open_file(NEW, "sql", sql)), expected);
    assert_eq!(client.leave(), 0);
}

#[test]
fn columns_are_those_of_editors() {
    let folder = shop("");
    let mut client = Client::open(&folder);
    for (n, before) in ["", "/* 😀é */ ", "\u{feff}", "-- 😀\r\n", "-- a\r"].iter().enumerate() {
        let sql = format!("{before}ALTER TABLE \"users\" DROP COLUMN \"phone\";\r\n");
        let found = match n {
            0 => client.open_file(NEW, "sql", &sql),
            n => client.retype(NEW, n as i32 + 1, &sql),
        };
        let range = &of_rule(&found, "drop-column")["range"];
        let at = sql.find("\"phone\"").expect("it is there");
        let line = before.matches(['\r', '\n']).count() - before.matches("\r\n").count();
        let start = if line > 0 { before.len() } else { 0 };
        let character = sql[start..at].encode_utf16().count();
        assert_eq!(range["start"], json!({ "line": line, "character": character }), "{before:?}");
        assert_eq!(range["end"], json!({ "line": line, "character": character + 7 }), "{before:?}");
    }
    assert_eq!(client.leave(), 0);
}

#[test]
fn typing_letter_by_letter() {
    let folder = shop("");
    let mut client = Client::open(&folder);
    client.open_file(NEW, "sql", "");
    let sql = "ALTER TABLE \"users\" DROP COLUMN \"phone\";";
    for (n, letter) in sql.chars().enumerate() {
        let at = json!({ "line": 0, "character": n });
        let range = json!({ "start": at, "end": at });
        client.change(NEW, n as i32 + 2, json!([{ "range": range, "text": letter.to_string() }]));
    }
    let found = client.diagnostics(NEW, Some(sql.len() as i32 + 1));
    assert_eq!(rules(&found), ["drop-column"]);
    assert_eq!(client.leave(), 0);
}

/// Applies the first fix for a rule, and gives the text and what is found in it.
fn fixed(client: &mut Client, version: i32, sql: &str, rule: &str) -> (String, Vec<Value>) {
    let found = client.retype(NEW, version, sql);
    let diagnostic = of_rule(&found, rule).clone();
    let actions = client.actions(NEW, &diagnostic);
    let fix = actions.iter().find(|action| action["isPreferred"] == true);
    let fix = fix.unwrap_or_else(|| panic!("no fix of {rule} in {}", json!(actions)));
    assert_eq!(fix["diagnostics"][0]["code"], rule);
    let text = edited(sql, fix);
    let found = client.retype(NEW, version + 1, &text);
    (text, found)
}

#[test]
fn the_safer_form_is_clean() {
    let folder = shop("");
    let mut client = Client::open(&folder);
    client.open_file(NEW, "sql", "");
    let mut version = 1;
    for (rule, sql, expected) in [
        (
            "index-blocks-writes",
            "CREATE INDEX \"a\" ON \"orders\" (\"currency\");\n",
            "COMMIT;\n--> statement-breakpoint\nCREATE INDEX CONCURRENTLY \"a\" ON \"orders\" (\"currency\");\n",
        ),
        (
            "drop-column",
            "-- 😀\r\nALTER TABLE \"users\" DROP COLUMN \"phone\" ;\r\n",
            "-- 😀\r\n-- left for a later deploy:\r\n-- ALTER TABLE \"users\" DROP COLUMN \"phone\" ;\r\n",
        ),
    ] {
        version += 2;
        let (text, found) = fixed(&mut client, version, sql, rule);
        assert_eq!(text, expected);
        assert_eq!(rules(&found), Vec::<&str>::new(), "{text}");
    }
    assert_eq!(client.leave(), 0);
}

#[test]
fn what_would_not_help_is_not_offered() {
    let folder = shop("");
    let mut client = Client::open(&folder);
    // The file holds another statement, which COMMIT would tear off; and the other drops two columns, of
    // which the remedy speaks of one.
    let sql = "CREATE INDEX \"a\" ON \"orders\" (\"currency\");\n--> statement-breakpoint\n\
               ALTER TABLE \"users\" DROP COLUMN \"phone\", DROP COLUMN \"name\";\n";
    let found = client.open_file(NEW, "sql", sql);
    for rule in ["index-blocks-writes", "drop-column"] {
        let actions = client.actions(NEW, of_rule(&found, rule));
        assert!(actions.iter().all(|action| action["isPreferred"] != true), "{}", json!(actions));
        assert!(!actions.is_empty(), "a comment can allow it");
    }
    assert_eq!(client.leave(), 0);
}

#[test]
fn a_comment_allows_with_a_reason_only() {
    let sql = "SELECT 1;\n--> statement-breakpoint\nALTER TABLE \"users\" DROP COLUMN \"phone\";\n";
    let folder = shop(sql);
    let mut client = Client::open(&folder);
    let found = client.open_file(NEW, "sql", sql);
    let actions = client.actions(NEW, of_rule(&found, "drop-column"));
    let allow: Vec<&Value> = actions
        .iter()
        .filter(|it| it["title"].as_str().is_some_and(|title| title.starts_with("Allow")))
        .collect();
    assert_eq!(allow.len(), 2, "for the statement and for the file");
    for (n, action) in allow.iter().enumerate() {
        let version = 2 * n as i32 + 2;
        let text = edited(sql, action);
        assert_eq!(rules(&client.retype(NEW, version, &text)), ["drop-column", "ignore-without-reason"]);
        let position = &action["edit"]["documentChanges"][0]["edits"][0]["range"]["start"];
        let line = offset(&text, position);
        let end = line + text[line..].find('\n').expect("a line");
        let text = format!("{}nobody reads it{}", &text[..end], &text[end..]);
        let found = client.retype(NEW, version + 1, &text);
        assert_eq!(rules(&found), ["drop-column"]);
        // A hint, with the reason.
        assert_eq!(found[0]["severity"], 4);
        assert!(found[0]["message"].as_str().is_some_and(|it| it.contains("accepted: nobody reads it")));
        client.retype(NEW, version + 1, sql);
    }
    assert_eq!(client.leave(), 0);
}

#[test]
fn hovers_tell_locks_and_rules() {
    let sql =
        "SELECT 1;\n--> statement-breakpoint\nALTER TABLE \"users\" ALTER COLUMN \"phone\" SET NOT NULL;\n";
    let folder = shop(sql);
    let mut client = Client::open(&folder);
    client.open_file(NEW, "sql", sql);
    let text = client.hover(NEW, 2, 3);
    for piece in [
        "PostgreSQL 16",
        "ACCESS EXCLUSIVE on `users`",
        "reads and writes wait",
        "reads all of users",
        "23502",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    // On the finding, the page of its rule as well.
    assert!(client.hover(NEW, 2, 40).contains("# scan-under-lock\n"));
    assert_eq!(client.hover(NEW, 1, 3), "", "between statements");
    // One that has run everywhere can be asked about, and is no news.
    let old = "drizzle/0007_drop_nickname.sql";
    let found = client.open_file(old, "sql", &text_of(&folder, old));
    assert!(found.is_empty(), "{}", json!(found));
    assert!(client.hover(old, 0, 3).contains("ACCESS EXCLUSIVE on `users`"));
    assert_eq!(client.leave(), 0);
}

fn text_of(folder: &Folder, path: &str) -> String {
    std::fs::read_to_string(folder.at(path)).expect("it is there")
}

#[test]
fn a_schema_that_forgets_what_is_deployed() {
    let folder = shop("SELECT 1;\n");
    // As `drizzle-kit generate --custom` leaves it: the schema is that of the migration before.
    let newest = text_of(&folder, "drizzle/meta/0018_snapshot.json");
    let snapshot: Value = serde_json::from_str(&newest).expect("JSON");
    let before = snapshot["id"].as_str().expect("an id").to_owned();
    let mut snapshot = snapshot;
    (snapshot["id"], snapshot["prevId"]) = (json!("11111111-2222-4333-8444-555555555555"), json!(before));
    folder.write("drizzle/meta/0019_snapshot.json", snapshot.to_string());
    let path = "src/schema.ts";
    let schema = text("examples/shop/src/schema.ts");
    folder.write(path, &schema);
    let mut client = Client::open(&folder);
    assert_eq!(rules(&client.open_file(path, "typescript", &schema)), Vec::<&str>::new());
    for (n, (from, to, rule, severity)) in [
        (PHONE, "", "drop-column", 2),
        ("phone: text(\"phone\")", "phone: text(\"phone\").notNull()", "scan-under-lock", 2),
        (PHONE, "  phone: text(\"phone\"),\n  age: integer(\"age\").notNull(),\n", "required-column", 2),
        ("text(\"phone\")", "integer(\"phone\")", "type-change-needs-using", 2),
        ("text(\"phone\")", "text(\"telephone\")", "drop-column", 2),
    ]
    .iter()
    .enumerate()
    {
        assert!(schema.contains(from));
        let found = client.retype(path, 2 * n as i32 + 2, &schema.replacen(from, to, 1));
        let diagnostic = of_rule(&found, rule);
        assert_eq!(diagnostic["severity"], *severity);
        let message = diagnostic["message"].as_str().expect("a message");
        assert!(message.contains("`drizzle-kit generate` would write: ALTER TABLE \"users\" "), "{message}");
        // At the table, or at the column where it still stands.
        let at = offset(&schema.replacen(from, to, 1), &diagnostic["range"]["start"]);
        let table =
            schema.find("users").expect("it is declared")..schema.find("export const products").expect("so");
        assert!(table.contains(&at), "{rule} at {at}");
        assert!(client.retype(path, 2 * n as i32 + 3, &schema).is_empty(), "{rule} goes when it is undone");
    }
    // A whole table.
    let start = schema.find("export const orderItems").expect("it is there");
    let found = client.retype(path, 100, &schema[..start]);
    assert_eq!(of_rule(&found, "drop-table")["range"]["start"]["line"], 0);
    assert_eq!(client.leave(), 0);
}

#[test]
fn settings_count_while_they_are_written() {
    let sql = "ALTER TABLE \"users\" DROP COLUMN \"phone\";\n";
    let folder = shop(sql);
    let mut client = Client::open(&folder);
    assert_eq!(client.open_file(NEW, "sql", sql)[0]["severity"], 1);
    client.open_file("brolly.json", "json", &text_of(&folder, "brolly.json"));
    let settings =
        r#"{"rules": {"missing-snapshot": "off", "no-lock-timeout": "off", "drop-column": "info"}}"#;
    client.change("brolly.json", 2, json!([{ "text": settings }]));
    assert_eq!(client.diagnostics(NEW, None)[0]["severity"], 3);
    // Half-written, they change nothing, and it is said once.
    client.change("brolly.json", 3, json!([{ "text": "{\"rules\": {\"drop-" }]));
    let message = std::iter::repeat_with(|| client.receive()).find(|it| it["method"] == "window/logMessage");
    let message = message.expect("a message");
    assert!(
        message["params"]["message"].as_str().is_some_and(|it| it.contains("brolly.json:1:")),
        "{message}"
    );
    assert_eq!(client.retype(NEW, 2, sql)[0]["severity"], 3);
    assert_eq!(client.leave(), 0);
}

#[test]
fn without_git_the_newest_is_judged_while_it_is_open() {
    let folder = run::folder();
    folder.write("drizzle.config.ts", run::config("./drizzle"));
    let old = "CREATE TABLE \"a\" (\"id\" integer PRIMARY KEY, \"b\" text);\n";
    let drop = "ALTER TABLE \"a\" DROP COLUMN \"b\";\n";
    folder.journal("drizzle", &[("0000_old", old), ("0001_drop", drop), ("0002_new", drop)]);
    let mut client = Client::open(&folder);
    let found = client.open_file("drizzle/0002_new.sql", "sql", drop);
    assert!(rules(&found).contains(&"missing-object"), "{}", json!(found));
    assert!(client.open_file("drizzle/0001_drop.sql", "sql", drop).is_empty());
    assert_eq!(client.leave(), 0);
}

#[test]
fn what_is_saved_and_committed_is_seen() {
    let sql = "ALTER TABLE \"users\" DROP COLUMN \"phone\";\n";
    let folder = shop("SELECT 1;\n");
    let mut client = Client::open(&folder);
    assert!(client.open_file(NEW, "sql", "SELECT 1;\n").is_empty());
    folder.write("drizzle/0007_drop_nickname.sql", sql);
    let saved = json!({ "textDocument": { "uri": client.uri(NEW) } });
    client.tell("textDocument/didSave", saved);
    let found = client.diagnostics("drizzle/0007_drop_nickname.sql", None);
    assert!(rules(&found).contains(&"edited-applied-migration"), "{}", json!(found));
    assert_eq!(client.leave(), 0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = shop("");
    let mut client = Client::open(&folder);
    let code = |answer: &Value| answer["error"]["code"].as_i64();
    assert_eq!(code(&client.ask("textDocument/definition", json!({}))), Some(-32601));
    assert_eq!(code(&client.ask("textDocument/hover", json!({ "textDocument": 3 }))), Some(-32602));
    assert_eq!(code(&client.ask("textDocument/hover", Value::Null)), Some(-32602));
    client.tell("textDocument/didChange", json!({ "textDocument": { "uri": "nonsense" } }));
    client.tell("textDocument/didOpen", Value::Null);
    client.tell("$/unknown", json!({}));
    let untitled = json!({ "uri": "untitled:1", "languageId": "sql", "version": 1, "text": "DROP TABLE a;" });
    client.tell("textDocument/didOpen", json!({ "textDocument": untitled }));
    // It is there as before.
    let garbage: String = (0..4000_u32).filter_map(|n| char::from_u32(n * 7 % 0x3000)).collect();
    client.open_file(NEW, "sql", &garbage);
    client.retype(NEW, 2, &"(".repeat(100_000));
    client.retype(NEW, 3, &"SELECT 1;\n".repeat(2_000));
    client.retype(NEW, 4, &"x".repeat(3 << 20));
    let away = json!({ "start": { "line": 99, "character": 99 }, "end": { "line": 0, "character": 0 } });
    client.change(
        NEW,
        5,
        json!([{ "text": "" }, { "range": away, "text": "DROP TABLE \"users\" CASCADE;" }]),
    );
    assert!(rules(&client.diagnostics(NEW, Some(5))).contains(&"drop-table"));
    assert_eq!(client.leave(), 0);
}

#[test]
fn how_it_ends() {
    let folder = run::folder();
    assert_eq!(Client::start(&folder).ended(), 1, "nobody says anything");
    assert_eq!(Client::open(&folder).ended(), 1, "the editor is gone");
    let mut client = Client::open(&folder);
    client.tell("exit", Value::Null);
    assert_eq!(client.ended(), 1, "exit without shutdown");
    let mut client = Client::open(&folder);
    client.send_bytes(b"Content-Length: 3\r\n\r\n{{{");
    assert_eq!(client.ended(), 2, "no JSON");
    let mut client = Client::start(&folder);
    let early = client.ask("textDocument/hover", json!({}));
    assert_eq!(early["error"]["code"], -32002, "before the handshake");
    assert_eq!(Client::open(&folder).leave(), 0);
}
