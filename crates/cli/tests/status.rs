//! `brolly status`: what is half-way in a real repository, with its migration, its commit and its age.

#![allow(clippy::disallowed_methods, reason = "tests start programs and write their files")]

mod run;

use run::{Ended, Folder, config, folder};
use serde_json::Value;

const CREATE: &str = "\
CREATE TABLE \"users\" (\"id\" integer PRIMARY KEY, \"full_name\" text, \"email\" text, \"nick\" text);
--> statement-breakpoint
CREATE TABLE \"orders\" (\"id\" integer PRIMARY KEY, \"user_id\" integer, \"total\" integer);
";

const EXPAND: &str = "\
ALTER TABLE \"users\" ADD COLUMN \"name\" text;
--> statement-breakpoint
ALTER TABLE \"users\" ADD CONSTRAINT \"email_there\" CHECK (\"email\" IS NOT NULL) NOT VALID;
--> statement-breakpoint
ALTER TABLE \"orders\" ADD CONSTRAINT \"of_user\" FOREIGN KEY (\"user_id\") REFERENCES \"users\"(\"id\") NOT VALID;
--> statement-breakpoint
ALTER TABLE \"orders\" ADD CONSTRAINT \"total_there\" CHECK (\"total\" IS NOT NULL);
--> statement-breakpoint
CREATE FUNCTION copy_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.name := COALESCE(NEW.name, NEW.full_name);
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER \"users_copy_name\" BEFORE INSERT OR UPDATE ON \"users\" FOR EACH ROW EXECUTE FUNCTION copy_name();
--> statement-breakpoint
CREATE INDEX \"users_nick_idx_ccnew\" ON \"users\" (\"nick\");
";

const NOT_NULL: &str = "\
ALTER TABLE \"users\" VALIDATE CONSTRAINT \"email_there\";
--> statement-breakpoint
ALTER TABLE \"users\" ALTER COLUMN \"email\" SET NOT NULL;
";

const SCHEMA: &str = "\
import { pgTable, integer, text } from 'drizzle-orm/pg-core';
export const users = pgTable('users', {
  id: integer('id').primaryKey(),
  fullName: text('full_name'),
  name: text('name'),
  email: text('email').notNull(),
  nick: text('nick'),
});
export const orders = pgTable('orders', {
  id: integer('id').primaryKey(),
  userId: integer('user_id'),
  total: integer('total'),
});
";

const CODE: &str = "\
import { db } from './db';
import { users } from './schema';
export const add = (given: Given) =>
  db.insert(users).values({ id: given.id, fullName: given.name, name: given.name, email: given.mail, nick: null });
";

fn project() -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE)]);
    folder.write("drizzle.config.ts", config("./drizzle").replace("./schema.ts", "./src/schema.ts"));
    folder.write("src/schema.ts", SCHEMA).write("src/users.ts", CODE);
    folder.write(
        "src/db.ts",
        "import { drizzle } from 'drizzle-orm/node-postgres';\nexport const db = drizzle();\n",
    );
    folder.commit(".", "Begin");
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_expand", EXPAND)]);
    folder.commit(".", "Expand");
    folder
}

fn items(folder: &Folder, args: &[&str]) -> Vec<Value> {
    let ended = folder.brolly(&[&["status", "--format", "json"], args].concat());
    let json: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no JSON: {ended}"));
    assert_eq!(ended.code, 0, "{ended}");
    json["projects"][0]["items"].as_array().expect("a list").clone()
}

/// Kinds with what they are about, in the order in which they are told.
fn kinds(items: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    items
        .iter()
        .map(|i| format!("{} {} {}", text(&i["kind"]), text(&i["relation"]), text(&i["part"])))
        .collect()
}

fn find<'i>(items: &'i [Value], kind: &str, part: &str) -> &'i Value {
    items.iter().find(|item| item["kind"] == kind && item["part"] == part).expect("it is there")
}

#[test]
fn what_the_history_left_half_way() {
    let folder = project();
    let found = items(&folder, &[]);
    assert_eq!(
        kinds(&found),
        [
            "written-twice public.users name",
            "sync-trigger public.users users_copy_name",
            "not-validated public.orders of_user",
            "not-validated public.users email_there",
            "not-null-half-way public.orders total_there",
            "leftover-index public.users users_nick_idx_ccnew",
        ]
    );
    let trigger = find(&found, "sync-trigger", "users_copy_name");
    assert_eq!(trigger["what"], "its function copy_name copies full_name to name");
    assert_eq!(
        (&trigger["migration"], &trigger["commit"]["subject"]),
        (&"0001_expand".into(), &"Expand".into())
    );
    assert_eq!(trigger["commit"]["id"], folder.git(".", &["rev-parse", "HEAD"]));
    assert_eq!(trigger["commit"]["days"], 0);
    let twice = find(&found, "written-twice", "name");
    assert_eq!(twice["what"], "one value goes to it and to full_name, which is older");
    assert_eq!(
        (&twice["places"][0]["place"]["file"], &twice["places"][0]["place"]["line"]),
        (&"src/users.ts".into(), &4.into())
    );
    // A step further, which is not committed.
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_expand", EXPAND), ("0002_set", NOT_NULL)]);
    let found = items(&folder, &[]);
    assert!(kinds(&found).contains(&"leftover-check public.users email_there".to_owned()), "{found:#?}");
    assert!(!kinds(&found).contains(&"not-validated public.users email_there".to_owned()), "{found:#?}");
    let ended: Ended = folder.brolly(&["status"]);
    let head = folder.git(".", &["rev-parse", "--short", "HEAD"]);
    ended.says(
        0,
        &[
            "drizzle: 6 things are half-way; deployed: main (",
            "written twice",
            "  users.name  one value goes to it",
            &format!("made by 0001_expand, {head} ("),
            ", today, 'Expand')",
            "src/users.ts:4:",
            "left over from a SET NOT NULL: drop the CHECK",
            "  users.email_there  CHECK (",
        ],
    );
}

#[test]
fn columns_on_their_way_out() {
    let folder = project();
    folder.git(".", &["tag", "v1"]);
    folder.git(".", &["checkout", "-qb", "contract"]);
    folder.write("src/schema.ts", SCHEMA.replace("  fullName: text('full_name'),\n", ""));
    folder.write("src/users.ts", CODE.replace("fullName: given.name, ", ""));
    folder.commit(".", "Forget the full name");
    // The base declares it still, as long as this is a branch.
    let found = items(&folder, &[]);
    let item = find(&found, "undeclared", "full_name");
    assert!(item["what"].as_str().expect("text").starts_with("declared or named at main ("), "{item:#}");
    assert_eq!(item["places"][0]["place"]["file"], "src/schema.ts");
    let head = folder.git(".", &["rev-parse", "HEAD"]);
    assert_eq!(item["takenOut"]["id"], head.as_str());
    assert!(!kinds(&found).iter().any(|kind| kind.starts_with("written-twice")), "{found:#?}");
    // Deployed, nothing is in its way.
    folder.git(".", &["tag", "v2"]);
    let found = items(&folder, &["--deployed", "v2"]);
    let item = find(&found, "ready-to-drop", "full_name");
    assert_eq!(
        (&item["migration"], &item["takenOut"]["subject"]),
        (&"0000_create".into(), &"Forget the full name".into())
    );
    folder.brolly(&["status", "--deployed", "v2"]).says(
        0,
        &[
            "deployed: v2 (",
            "ready to drop: no deployed code declares or names it",
            "users.full_name  no code declares or names it; the trigger users_copy_name does: drop it first",
            "made by 0000_create",
            "'Begin')",
            "out of the code since",
            "'Forget the full name')",
        ],
    );
    // One of two that serve is enough to keep it.
    let found = items(&folder, &["--deployed", "v2", "--deployed", "v1"]);
    assert_eq!(find(&found, "undeclared", "full_name")["kind"], "undeclared");
    folder.brolly(&["status", "--deployed", "v9"]).complains(2, &["there is no tag, branch or commit `v9`"]);
    // What a trigger fills is on its way in, and what waits says itself how it goes on.
    folder.write("src/schema.ts", SCHEMA.replace("  name: text('name'),\n", ""));
    folder.write("src/users.ts", CODE.replace("name: given.name, ", ""));
    folder.commit(".", "Leave the name to the trigger");
    folder.git(".", &["tag", "v3"]);
    assert!(!items(&folder, &["--deployed", "v3"]).iter().any(|item| item["part"] == "name"));
    folder.git(".", &["checkout", "-q", "v2"]);
    let drop = "-- needs: no deployed version names public.users.full_name\nALTER TABLE \"users\" DROP COLUMN \"full_name\";\n";
    folder.write("drizzle/contract/0001_expand.1_drop.sql", drop);
    let ended = folder.brolly(&["status", "--deployed", "v2"]);
    ended.says(
        0,
        &["note: drizzle/contract/0001_expand.1_drop.sql waits for a later deploy: `brolly contract`"],
    );
    assert!(!ended.out.contains("users.full_name"), "{ended}");
    std::fs::remove_dir_all(folder.at("drizzle/contract")).expect("it was there");
    // SQL of the app is code too.
    folder.write("src/raw.ts", "import { sql } from 'drizzle-orm';\nimport { db } from './db';\nexport const raw = () => db.execute(sql`SELECT full_name FROM users`);\n");
    let found = items(&folder, &["--deployed", "v2"]);
    assert_eq!(find(&found, "undeclared", "full_name")["places"][0]["place"]["file"], "src/raw.ts");
}

#[test]
fn nothing_half_way_and_no_code() {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE)]);
    folder.brolly(&["status"]).says(0, &["drizzle: nothing is half-way"]);
    folder.commit(".", "First");
    folder.brolly(&["status"]).says(0, &["drizzle: nothing is half-way"]);
}
