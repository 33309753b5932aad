//! `brolly uses` in real repositories: at tags, in the working tree, and what is said where nothing is.

#![allow(clippy::disallowed_methods, reason = "tests look at files")]

mod run;

use run::{Folder, config, folder};
use serde_json::Value;

const SCHEMA: &str = "\
import { pgTable, integer, text } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: integer('id').primaryKey(),
  fullName: text('full_name').notNull(),
  nick: text('nick'),
});
";

const CODE: &str = "\
import { eq } from 'drizzle-orm';
import { db } from './db';
import { users } from './schema';

export function names() {
  return db.select({ name: users.fullName }).from(users).where(eq(users.id, 1));
}
";

const CREATE: &str = "CREATE TABLE \"users\" (\n\t\"id\" integer PRIMARY KEY,\n\t\"full_name\" text NOT NULL,\n\t\"nick\" text\n);\n";

/// An app whose tag `v1` uses `full_name`, whose tag `v2` only declares it, and whose newest commit does
/// not know it.
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
    folder.write("src/schema.ts", SCHEMA.replace("  fullName: text('full_name').notNull(),\n", ""));
    folder.commit(".", "Forget the full name");
    folder
}

fn json(folder: &Folder, args: &[&str]) -> Value {
    let ended = folder.brolly(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no JSON: {ended}"))
}

#[test]
fn a_column_at_a_tag_and_in_the_working_tree() {
    let folder = repository();
    let at_v1 = folder.brolly(&["uses", "users.full_name", "--at", "v1"]);
    at_v1.says(
        0,
        &[
            "users.full_name at v1 (",
            "declared in src/schema.ts:5:",
            "`fullName`, text NOT NULL",
            "src/users.ts:6:",
            "select",
            "certain",
            "| return db.select({ name: users.fullName }).from(users)",
            "1 certain use at v1",
            "a DROP would break it",
        ],
    );
    // Nothing was checked out for it.
    folder.brolly(&["uses", "users.full_name", "--at", "v2"]).says(
        0,
        &["no code at v2 uses users.full_name, but src/schema.ts:5 still declares it", "before a DROP"],
    );
    let head = folder.git(".", &["rev-parse", "--short", "HEAD"]);
    folder.brolly(&["uses", "users.full_name"]).says(
        0,
        &[
            "users.full_name at the working tree",
            "no code in the working tree names users.full_name; last named before ",
            &head,
            "'Forget the full name')",
        ],
    );
    // What is not committed counts in the working tree alone.
    folder.write("src/users.ts", CODE).write("src/schema.ts", SCHEMA);
    folder.brolly(&["uses", "users.full_name"]).says(0, &["1 certain use in the working tree"]);
    folder.brolly(&["uses", "users.full_name", "--at", "HEAD"]).says(0, &["no code at HEAD names"]);
}

#[test]
fn the_json_says_the_same() {
    let folder = repository();
    let answer = &json(&folder, &["uses", "users.full_name", "--at", "v1"])["answers"][0];
    assert_eq!(answer["at"]["name"], "v1");
    assert_eq!(answer["at"]["commit"], folder.git(".", &["rev-parse", "v1"]));
    assert_eq!((&answer["relation"], &answer["column"]), (&"public.users".into(), &"full_name".into()));
    assert_eq!(answer["declared"]["place"]["line"], 5);
    assert_eq!(answer["declared"]["key"], "fullName");
    assert_eq!(answer["counts"]["certain"], 1);
    let found = &answer["uses"][0];
    assert_eq!((&found["role"], &found["certainty"]), (&"select".into(), &"certain".into()));
    assert_eq!((&found["place"]["file"], &found["place"]["line"]), (&"src/users.ts".into(), &6.into()));
    let gone = &json(&folder, &["uses", "users.full_name"])["answers"][0];
    assert_eq!(gone["declared"], Value::Null);
    assert_eq!(gone["lastNamed"]["subject"], "Forget the full name");
    assert_eq!(gone["counts"], serde_json::json!({ "certain": 0, "likely": 0, "possible": 0 }));
}

#[test]
fn a_whole_table_and_the_least_sureness() {
    let folder = repository();
    folder.brolly(&["uses", "users", "--at", "v1"]).says(
        0,
        &[
            "users at v1",
            "declared in src/schema.ts:3:",
            "`users`, table of 3 columns",
            "full_name",
            "filter id",
        ],
    );
    folder.write(
        "src/type.ts",
        "import { users } from './schema';\nexport type U = typeof users.$inferSelect;\n",
    );
    let all = json(&folder, &["uses", "users.nick"]);
    let sure = json(&folder, &["uses", "users.nick", "--at-least", "certain"]);
    assert_eq!(all["answers"][0]["counts"], sure["answers"][0]["counts"]);
    assert!(all["answers"][0]["uses"].as_array().is_some_and(|uses| !uses.is_empty()), "{all:#}");
    assert_eq!(sure["answers"][0]["uses"], serde_json::json!([]));
}

#[test]
fn names_that_mean_nothing_get_a_near_one() {
    let folder = repository();
    let near = |name: &str, expected: &[&str]| {
        folder.brolly(&["uses", name, "--at", "v1"]).complains(2, expected);
    };
    near("users.ful_name", &["no table or column `users.ful_name` at v1", "did you mean `users.full_name`?"]);
    near("users.fullName", &["did you mean `users.full_name`?"]);
    near("user.nick", &["did you mean `users.nick`?"]);
    near("usrs", &["did you mean `users`?"]);
    near("elephants", &["there is no table or column `elephants`"]);
    // The code of now has forgotten it, and the migrations have not.
    folder.brolly(&["uses", "users.ful_name"]).complains(2, &["did you mean `users.full_name`?"]);
}

#[test]
fn tables_of_other_schemas_and_renamed_configs() {
    let folder = folder();
    let schema = "\
import { pgSchema, text } from 'drizzle-orm/pg-core';
export const auth = pgSchema('auth');
export const tokens = auth.table('tokens', { hash: text('hash') });
";
    let config = config("./drizzle").replace("./schema.ts", "./db/tables.ts");
    folder.journal(
        "drizzle",
        &[("0000_create", "CREATE SCHEMA auth; CREATE TABLE auth.tokens (hash text);\n")],
    );
    folder.write("drizzle.config.ts", &config).write("db/tables.ts", schema);
    folder.write("db/use.ts", "import { tokens } from './tables';\nimport { db } from 'x';\nexport const all = () => db.select().from(tokens);\n");
    folder.commit(".", "First").git(".", &["tag", "v1"]);
    for name in ["tokens.hash", "auth.tokens.hash"] {
        folder
            .brolly(&["uses", name, "--at", "v1"])
            .says(0, &["auth.tokens.hash at v1", "db/use.ts:3:", "select"]);
    }
    folder.brolly(&["uses", "auth.tokens"]).says(0, &["auth.tokens at the working tree", "db/use.ts:3:"]);
    // At v1 the config had another name, and another schema.
    folder.git(".", &["mv", "drizzle.config.ts", "drizzle.prod.config.ts"]);
    folder.git(".", &["mv", "db/tables.ts", "db/schema.ts"]);
    folder.write("drizzle.prod.config.ts", config.replace("tables", "schema"));
    folder.write("db/use.ts", "");
    folder.commit(".", "Second");
    folder.brolly(&["uses", "tokens.hash", "--at", "v1"]).says(0, &["db/tables.ts:3:", "db/use.ts:3:"]);
    folder.brolly(&["uses", "tokens.hash"]).says(0, &["db/schema.ts:3:", "still declares it"]);
}

#[test]
fn what_is_not_to_be_had() {
    let folder = repository();
    folder.brolly(&["uses", "users", "--at", "v9"]).complains(2, &["there is no tag, branch or commit `v9`"]);
    let clone = run::folder();
    clone.git(
        ".",
        &["clone", "-q", "--depth", "1", &format!("file://{}", folder.path().display()), "shallow"],
    );
    clone.brolly_in("shallow", &["uses", "users", "--at", "v1"], &[]).complains(
        2,
        &["no tag, branch or commit `v1` in this shallow clone", "git fetch --unshallow --tags origin"],
    );
}

#[test]
fn code_without_migrations_and_without_git() {
    let folder = folder();
    folder
        .write("src/schema.ts", SCHEMA)
        .write("src/users.ts", CODE)
        .write("src/db.ts", "export const db = x;\n");
    folder.brolly(&["uses", "users.full_name"]).says(0, &["src/users.ts:6:"]);
    folder.write("src/broken.ts", "import { users } from './schema';\nexport const x = (users.fullName;\n");
    folder
        .brolly(&["uses", "users.full_name"])
        .says(0, &["src/users.ts:6:", "may be hidden", "src/broken.ts:", "may hide others"]);
    folder.brolly(&["uses", "users", "--at", "v1"]).complains(2, &["is not inside a git repository", "`v1`"]);
}

#[test]
fn a_second_run_comes_from_the_cache() {
    let folder = repository();
    let cache = folder.at("kept");
    let cache = cache.to_str().expect("a path");
    let ask =
        || folder.brolly_in(".", &["uses", "users.full_name", "--at", "v1"], &[("BROLLY_CACHE", cache)]);
    let (first, second) = (ask(), ask());
    assert_eq!(first.out, second.out);
    let kept: Vec<_> = std::fs::read_dir(folder.at("kept/code")).expect("it was made").collect();
    let [Ok(entry)] = kept.as_slice() else { panic!("one entry: {kept:?}") };
    // What is kept is what is told.
    let text = std::fs::read_to_string(entry.path()).expect("it can be read");
    assert!(text.contains("\"certain\""), "{text}");
    std::fs::write(entry.path(), text.replace("\"certain\"", "\"likely\"")).expect("it is written");
    ask().says(0, &["likely", "1 likely use"]);
}
