//! The safe path from end to end, with both lines of drizzle-kit: it is planned, written, deployed and contracted,
//! and drizzle-kit stays content all the way.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests start programs and look at files")]

mod guide;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use guide::npm::DrizzleKit;
use run::{Folder, folder};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

const BEFORE: &str = "\
import { integer, pgTable, text } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: integer('id').primaryKey(),
  email: text('email').notNull(),
  nickname: text('nickname').notNull(),
  country: text('country'),
});

export const orders = pgTable('orders', { id: integer('id').primaryKey(), userId: integer('user_id') });
";

const AFTER: &str = "\
import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';

export const users = pgTable(
  'users',
  {
    id: integer('id').primaryKey(),
    email: text('email').notNull(),
    country: text('country').notNull(),
  },
  (table) => [index('users_email_idx').on(table.email)],
);

export const orders = pgTable('orders', {
  id: integer('id').primaryKey(),
  userId: integer('user_id').references(() => users.id),
  status: text('status').notNull(),
});
";

/// A repository whose main branch has the first schema, and whose working tree the second.
fn project(kit: DrizzleKit) -> Folder {
    changed(kit, AFTER)
}

fn changed(kit: DrizzleKit, after: &str) -> Folder {
    let folder = folder();
    kit.install(&folder);
    folder.write("src/schema.ts", BEFORE);
    kit.run(&folder, &["generate", "--name", "start"], None);
    folder.commit(".", "Start");
    folder.git(".", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    folder.git(".", &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    folder.write("src/schema.ts", after);
    kit.run(&folder, &["generate", "--name", "change"], None);
    folder
}

/// All files below `drizzle/`.
fn files(folder: &Folder) -> BTreeMap<String, String> {
    fn walk(dir: &Path, top: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(dir).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                walk(&path, top, found);
            } else {
                let name = path.strip_prefix(top).expect("below").to_string_lossy().into_owned();
                found.insert(name, std::fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&folder.at("drizzle"), &folder.at("drizzle"), &mut found);
    found
}

#[track_caller]
fn kit_is_content(kit: DrizzleKit, folder: &Folder) {
    let said = kit.checked(folder);
    assert!(said.contains("Everything's fine"), "drizzle-kit check: {said}");
    assert_eq!(kit.left_to_generate(folder), None);
}

fn from_plan_to_contract(kit: DrizzleKit) {
    let folder = project(kit);
    let before = files(&folder);
    assert_eq!(folder.brolly(&["lint"]).code, 1);
    folder.brolly(&["plan"]).says(
        0,
        &[
            "drop column users.nickname",
            "Deploy 1",
            "DROP NOT NULL",
            "Deploy 2",
            "once no deployed version names public.users.nickname",
        ],
    );
    let value = "orders.status='new'";

    // Until the column is required, its type says so; drizzle-kit sees no difference.
    folder.brolly(&["plan"]).says(
        0,
        &[
            "Deploy 1",
            "src/schema.ts",
            "+  status: text('status').notNull().$type<string | null>(),",
            "Deploy 2",
        ],
    );
    folder.write(
        "src/schema.ts",
        AFTER.replace("text('status').notNull()", "text('status').notNull().$type<string | null>()"),
    );
    assert_eq!(kit.left_to_generate(&folder), None);
    folder.write("src/schema.ts", AFTER);

    // A diff, and nothing written.
    let shown = folder.brolly(&["fix", "--value", value]);
    shown.says(0, &["+ALTER TABLE \"users\" ALTER COLUMN \"nickname\" DROP NOT NULL;"]);
    assert_eq!(files(&folder), before);

    let written = folder.brolly(&["fix", "--write", "--value", value]);
    written.says(0, &["wrote drizzle/", "later: `brolly contract`"]);
    let after = files(&folder);
    let waiting: Vec<&String> = after.keys().filter(|path| path.starts_with("contract/")).collect();
    assert_eq!(waiting.len(), 6, "{waiting:?}");
    assert!(after.values().any(|text| text.contains("CREATE INDEX CONCURRENTLY \"users_email_idx\"")));
    kit_is_content(kit, &folder);
    folder.brolly(&["lint", "--fail-on", "warning"]).says(0, &[]);

    // Once more changes nothing.
    folder.brolly(&["fix", "--write", "--value", value]).says(0, &["nothing to do"]);
    assert_eq!(files(&folder), after);

    // Nothing may go before it is deployed.
    let waits = folder.brolly(&["contract", "--write"]);
    waits.says(0, &["waits", "drop_column_users_nickname", "it waits until every deployed version has it"]);
    waits.lacks("ready");
    assert_eq!(files(&folder), after);

    folder.commit(".", "Change");
    folder.git(".", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let listed = folder.brolly(&["contract"]);
    listed.says(0, &["ready", "drop_column_users_nickname"]).says(0, &["--database-url URL, or say --done"]);
    // What waits for rows is refused by name, and goes when they are said to be in order.
    let country = waiting.iter().find(|path| path.contains("require_users_country")).expect("it waits");
    let name = country.trim_start_matches("contract/").trim_end_matches(".sql");
    folder.brolly(&["contract", name, "--write"]).says(1, &["waits", name, "needs that no row"]);
    // So is a foreign key of which rows may lack what they refer to: it is the last of its two files.
    let mut keys = waiting.iter().rev().filter(|path| path.contains("add_foreign_key"));
    let key = keys.next().expect("it waits").trim_start_matches("contract/").trim_end_matches(".sql");
    folder.brolly(&["contract", "--write", "--done", name, "--done", key]).says(0, &["wrote drizzle/"]);
    let last = files(&folder);
    assert!(!last.keys().any(|path| path.starts_with("contract/")), "{:?}", last.keys());
    kit_is_content(kit, &folder);
    folder.brolly(&["lint"]).says(0, &[]);
    // The folder says nothing else than the schema in the end.
    folder.brolly(&["diff"]).says(0, &[]);
}

/// Killed at any moment, it leaves the old files or the new ones.
#[test]
fn a_crash_leaves_all_files_old_or_all_new() {
    let folder = project(DrizzleKit::Stable);
    let start = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_brolly"));
        command.args(["fix", "--write"]).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("brolly starts")
    };
    let restore = |files: &BTreeMap<String, String>| {
        std::fs::remove_dir_all(folder.at("drizzle")).expect("it is there");
        for (path, text) in files {
            folder.write(&format!("drizzle/{path}"), text);
        }
    };
    let before = files(&folder);
    let began = Instant::now();
    assert!(start().wait().expect("it ends").success());
    let whole = began.elapsed();
    let after = files(&folder);
    assert_ne!(before, after);
    let (mut old, mut new) = (0, 0);
    const TIMES: u32 = 40;
    for n in 0..TIMES {
        restore(&before);
        let mut child = start();
        // More of the kills in the last third, where files are written.
        std::thread::sleep(whole / 2 + whole * n / TIMES);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        match files(&folder) {
            found if found == before => old += 1,
            found if found == after => new += 1,
            found => panic!("a mixture: {:?}", found.keys()),
        }
    }
    assert_eq!(old + new, TIMES);
    // What dead runs left beside the folder, the next one clears away.
    restore(&before);
    folder.brolly(&["fix", "--write"]).says(0, &["wrote"]);
    let hidden = |name: &str| name.starts_with(".drizzle.brolly-");
    let entries = std::fs::read_dir(folder.path()).expect("it is there");
    assert!(
        !entries.map(|entry| entry.expect("read").file_name()).any(|name| hidden(&name.to_string_lossy()))
    );
}

#[test]
fn the_whole_path_with_a_journal() {
    from_plan_to_contract(DrizzleKit::Stable);
}

#[test]
fn the_whole_path_with_folders() {
    from_plan_to_contract(DrizzleKit::V1);
}

/// With --keep-dropped a table is renamed in one deploy and dropped in another.
fn a_table_is_kept(kit: DrizzleKit) {
    let (users, _) = BEFORE.split_once("\nexport const orders").expect("it is there");
    let folder = changed(kit, users);
    let deployed = |message: &str| {
        folder.commit(".", message);
        folder.git(".", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    };
    folder.brolly(&["fix", "--write", "--keep-dropped"]).says(0, &["wrote drizzle/"]);
    let waiting = |folder: &Folder| files(folder).keys().filter(|path| path.starts_with("contract/")).count();
    assert_eq!(waiting(&folder), 2);
    let content = || {
        kit_is_content(kit, &folder);
        folder.brolly(&["lint", "--fail-on", "warning"]).says(0, &[]);
        folder.brolly(&["diff"]).says(0, &[]);
    };
    content();
    deployed("Change");
    let first = folder.brolly(&["contract", "--write"]);
    first.says(0, &["ready", "waits", "goes first, in a deploy of its own", "wrote drizzle/"]);
    assert_eq!(waiting(&folder), 1);
    assert!(files(&folder).values().any(|text| text.contains("RENAME TO \"orders__dropped\"")));
    content();
    folder
        .brolly(&["contract", "--write"])
        .says(0, &["waits", "it waits until every deployed version has it"]);
    assert_eq!(waiting(&folder), 1);
    deployed("Put orders aside");
    folder.brolly(&["contract", "--write"]).says(0, &["ready", "wrote drizzle/"]);
    assert_eq!(waiting(&folder), 0);
    content();
}

#[test]
fn a_table_is_kept_with_a_journal() {
    a_table_is_kept(DrizzleKit::Stable);
}

#[test]
fn a_table_is_kept_with_folders() {
    a_table_is_kept(DrizzleKit::V1);
}
