//! Histories that drizzle-kit itself makes, both lines: found, chosen and judged.

#![allow(clippy::disallowed_methods, reason = "tests copy folders and start the program")]

mod kit;
mod run;

use kit::{Line, Step, generate, generate_steps};
use run::{Ended, Folder, folder};
use serde_json::Value;

const IMPORTS: &str = "import { integer, pgEnum, pgTable, text, varchar } from 'drizzle-orm/pg-core';\n";

/// schema.ts with these columns of `users` beside its key, and what else it declares.
fn schema(columns: &str, rest: &str) -> String {
    format!(
        "{IMPORTS}{rest}\nexport const users = pgTable('users', {{\n  id: integer().primaryKey(),\n  {columns}\n}});\n"
    )
}

/// A history as a folder of its own, without the packages that made it.
fn project(history: &kit::History) -> Folder {
    let folder = folder();
    let config = std::fs::read_to_string(history.project().join("drizzle.config.ts")).expect("it is there");
    folder.write("drizzle.config.ts", config);
    for file in &history.files {
        let text = std::fs::read(history.migrations().join(file)).expect("it is there");
        folder.write(&format!("drizzle/{file}"), text);
        if let Some(dir) = file.strip_suffix("/migration.sql") {
            let path = format!("{dir}/snapshot.json");
            let text = std::fs::read(history.migrations().join(&path)).expect("it is there");
            folder.write(&format!("drizzle/{path}"), text);
        }
    }
    if let Ok(meta) = std::fs::read_dir(history.migrations().join("meta")) {
        for entry in meta {
            let entry = entry.expect("it can be read");
            let text = std::fs::read(entry.path()).expect("it is there");
            folder.write(&format!("drizzle/meta/{}", entry.file_name().display()), text);
        }
    }
    folder
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// The facts of the statement whose SQL holds `piece`.
#[track_caller]
fn facts_of<'a>(facts: &'a [Value], piece: &str) -> &'a Value {
    let found = facts.iter().find(|line| line["sql"].as_str().is_some_and(|sql| sql.contains(piece)));
    found.unwrap_or_else(|| panic!("no statement with {piece:?} in {facts:#?}"))
}

/// A history of the usual steps: tables, a column more, one less, a required one, an enum that
/// grows, an index.
fn usual_steps(line: Line) {
    let versions = [
        schema("name: text().notNull(),\n  nick: text()", ""),
        schema("name: text().notNull(),\n  nick: text(),\n  phone: text()", ""),
        schema("name: text().notNull(),\n  phone: text()", ""),
        schema("name: text().notNull(),\n  phone: text().notNull()", ""),
        schema(
            "name: text().notNull(),\n  phone: text().notNull(),\n  role: role().notNull().default('user')",
            "export const role = pgEnum('role', ['user', 'admin']);",
        ),
        schema(
            "name: varchar({ length: 40 }).notNull(),\n  phone: text().notNull(),\n  role: role().notNull().default('user')",
            "export const role = pgEnum('role', ['user', 'admin', 'owner']);",
        ),
    ];
    let history = generate(line, &versions.each_ref().map(String::as_str));
    let folder = project(&history);
    let tag = |n: usize| {
        let file = &history.files[n];
        file.trim_end_matches("/migration.sql").trim_end_matches(".sql").to_owned()
    };

    let ended = folder.brolly(&["facts", "--pg", "15"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended}");
    let facts = lines(&ended);
    let first = facts_of(&facts, "CREATE TABLE");
    assert_eq!((&first["migration"], &first["locks"][0]["new"]), (&tag(0).into(), &true.into()), "{first}");
    let add = facts_of(&facts, r#"ADD COLUMN "phone""#);
    assert_eq!(add["migration"], tag(1));
    assert_eq!(add["locks"][0]["mode"], "AccessExclusive");
    assert_eq!((&add["rewrites"], &add["breaks_old_app"]), (&serde_json::json!([]), &serde_json::json!([])));
    let drop = facts_of(&facts, r#"DROP COLUMN "nick""#);
    assert_eq!(drop["migration"], tag(2));
    let broken: Vec<&str> = drop["breaks_old_app"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|b| b["operation"].as_str())
        .collect();
    assert!(broken.contains(&"select") && broken.contains(&"insert"), "{drop}");
    let required = facts_of(&facts, r#"ALTER COLUMN "phone" SET NOT NULL"#);
    assert_eq!(required["scans"], serde_json::json!(["public.users"]), "{required}");
    assert_eq!(required["may_fail"][0]["sqlstate"], "23502", "{required}");
    let narrow = facts_of(&facts, "varchar(40)");
    assert_eq!(narrow["rewrites"], serde_json::json!(["public.users"]), "{narrow}");

    // On a branch: main has the first two, the rest are one deploy.
    let ended = folder.brolly(&["lint", "--all"]);
    ended
        .says(1, &["all 6 migrations", "error[drop-column]", "error[scan-under-lock]"])
        .lacks("syntax-error");
    ended.lacks("journal").lacks("snapshot-chain");
    let named = folder.brolly(&["lint", &format!("drizzle/{}", history.files[1])]);
    named.says(0, &["1 of 6 migrations, as named"]);
    folder.commit(".", "all but the new one");
    let more = generate_more(line, &versions);
    let (file, sql) = more;
    folder.write(&format!("drizzle/{file}"), sql);
    if line == Line::V1 {
        folder.brolly(&["lint"]).says(1, &["1 of 7 migrations is new against main", "error[drop-table]"]);
    } else {
        // Its journal entry is missing: the file would never run.
        folder.brolly(&["lint"]).says(0, &["none of 6 migrations is new", "unjournaled-sql"]);
    }
}

/// A migration that was written by hand, as a file of this line.
fn generate_more(line: Line, _: &[String]) -> (String, &'static str) {
    let file = match line {
        Line::Stable => "0099_drop_all.sql".to_owned(),
        Line::V1 => "20991231235959_drop_all/migration.sql".to_owned(),
    };
    (file, "DROP TABLE \"users\";\n")
}

#[test]
fn usual_steps_of_the_stable_line() {
    usual_steps(Line::Stable);
}

#[test]
fn usual_steps_of_the_v1_line() {
    usual_steps(Line::V1);
}

/// The safe order is clean in both lines: a custom migration proves what `SET NOT NULL` then takes.
fn custom_steps(line: Line) {
    let before = schema("name: text()", "");
    let after = schema("name: text().notNull()", "");
    let proof = "ALTER TABLE \"users\" ADD CONSTRAINT \"users_name_set\" CHECK (\"name\" IS NOT NULL) NOT VALID;\n--> statement-breakpoint\nCOMMIT;\n--> statement-breakpoint\nALTER TABLE \"users\" VALIDATE CONSTRAINT \"users_name_set\";\n";
    let history = generate_steps(
        line,
        &[
            Step::Schema { name: "init", schema: &before, hints: "" },
            Step::Custom { name: "prove", sql: proof },
            Step::Schema { name: "require", schema: &after, hints: "" },
        ],
    );
    let folder = project(&history);
    let facts = lines(&folder.brolly(&["facts"]));
    let required = facts_of(&facts, "SET NOT NULL");
    assert_eq!(required["scans"], serde_json::json!([]), "{required}");
    let validate = facts_of(&facts, "VALIDATE");
    assert_eq!(validate["transaction"], Value::Null, "{validate}");
    assert_eq!(validate["locks"][0]["mode"], "ShareUpdateExclusive", "{validate}");
    folder.brolly(&["lint", "--all"]).lacks("scan-under-lock");
}

#[test]
fn custom_steps_of_the_stable_line() {
    custom_steps(Line::Stable);
}

#[test]
fn custom_steps_of_the_v1_line() {
    custom_steps(Line::V1);
}
