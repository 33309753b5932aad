//! Where migrations are looked for: configs, folders, files.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod run;

use run::{config, folder};

const CREATE: (&str, &str) = ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, nick text);\n");
const DROP: (&str, &str) = ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n");

#[test]
fn several_configs_are_all_judged_and_other_databases_named() {
    let folder = folder();
    folder
        .write("apps/api/drizzle.config.ts", config("./drizzle"))
        .journal("apps/api/drizzle", &[CREATE, DROP])
        .write("apps/web/drizzle.config.ts", config("./migrations"))
        .journal("apps/web/migrations", &[CREATE])
        .write("apps/web/drizzle.test.config.ts", config("./migrations"))
        .write("apps/cache/drizzle.config.ts", "export default { dialect: 'sqlite', out: './drizzle' };")
        .write("apps/cache/drizzle/meta/_journal.json", r#"{"dialect":"sqlite","entries":[]}"#)
        .write("apps/push/drizzle.config.ts", config("./drizzle"));
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(1, &["apps/api/drizzle: all 2 migrations", "apps/web/migrations: 1 migration", "drop-column"]);
    let skipped = "skipped apps/cache/drizzle.config.ts: it is for sqlite, not for Postgres";
    ended.complains(
        1,
        &[skipped, "apps/push/drizzle.config.ts: there are no migrations in `apps/push/drizzle`"],
    );
    assert_eq!(ended.out.matches("apps/web/migrations: ").count(), 1, "{ended}");
    folder.brolly(&["lint", "apps/web", "--all"]).says(0, &["1 migration"]).lacks("apps/api");
    folder
        .brolly(&["lint", "--config", "apps/api/drizzle.config.ts", "--all"])
        .says(1, &["all 2 migrations"]);
    folder
        .brolly(&["lint", "apps/cache"])
        .complains(2, &["no Drizzle project for Postgres found in apps/cache", skipped]);
}

#[test]
fn folders_without_a_config_are_found() {
    let folder = folder();
    folder.journal("server/db/out", &[CREATE, DROP]);
    folder.brolly(&["lint", "--all"]).says(1, &["all 2 migrations", "--> server/db/out/0001_drop.sql:1:"]);
    for args in [&["lint", "server/db/out", "--all"][..], &["lint", "--out", "./server/db/out/", "--all"]] {
        folder.brolly(args).says(1, &["all 2 migrations", "--> server/db/out/0001_drop.sql:1:"]);
    }
    let absolute = folder.at("server/db/out");
    let absolute = absolute.to_str().expect("the path is UTF-8");
    let elsewhere = run::folder();
    elsewhere.brolly(&["lint", absolute, "--all"]).says(1, &[absolute]);
}

#[test]
fn a_config_that_computes_its_folder_is_told_which_flag_helps() {
    let folder = folder();
    let computed =
        "import { where } from 'somewhere';\nexport default { dialect: 'postgresql', out: where() };\n";
    folder.write("drizzle.config.ts", computed).journal("db", &[CREATE]);
    let ended = folder.brolly(&["lint", "--all"]);
    ended.says(2, &["error[unreadable-config]", "drizzle.config.ts:2:", "--out DIR"]);
    folder.brolly(&["lint", "--all", "--out", "db"]).says(0, &["1 migration"]).lacks("unreadable-config");
    folder
        .brolly(&["lint", "--all", "--out", "db", "--config", "drizzle.config.ts"])
        .says(0, &["1 migration"]);
}

#[test]
fn bare_folders_and_files_work_too() {
    let folder = folder();
    folder.write("sql/1.sql", CREATE.1).write("sql/2.sql", DROP.1);
    folder.brolly(&["lint", "sql", "--all"]).says(1, &["all 2 migrations", "sql/2.sql:1:"]);
    folder.brolly(&["lint", "sql/1.sql", "sql/2.sql"]).says(0, &["2 SQL files as named"]);
    folder
        .brolly(&["lint", "sql/1.sql", "sql/2.sql", "--all"])
        .says(1, &["2 SQL files as named", "drop-column"]);
    let alone = folder.brolly(&["lint", "sql/2.sql"]);
    assert_ne!(alone.code, 2, "{alone}");
}

#[test]
fn what_is_not_there_is_an_error_with_a_cure() {
    let folder = folder();
    folder.write("readme.md", "").write("empty/x.txt", "");
    folder
        .brolly(&["lint"])
        .complains(2, &["no Drizzle project for Postgres found in .", "--config FILE", "--out DIR"]);
    folder.brolly(&["lint", "empty"]).complains(2, &["found in empty"]);
    folder.brolly(&["lint", "gone"]).complains(2, &["there is no `gone`"]);
    folder.brolly(&["lint", "gone.sql"]).complains(2, &["there is no `gone.sql`"]);
    folder.brolly(&["lint", "readme.md"]).complains(2, &["neither a directory nor an SQL file"]);
    folder.brolly(&["lint", "--config", "gone.ts"]).complains(2, &["there is no `gone.ts`"]);
    folder.brolly(&["lint", "--out", "gone", "--all"]).says(2, &["error[unreadable-file]", "`gone`"]);
    folder.brolly(&["lint", "--pg", "12"]).complains(2, &["12 is not in 13..=18"]);
    folder.brolly(&["lint", "--all", "--base", "x"]).complains(2, &["cannot be used with"]);
    folder.brolly(&[]).complains(2, &["Usage: brolly"]);
}

#[cfg(unix)]
#[test]
fn loops_of_links_do_not_hang_the_search() {
    let folder = folder();
    folder.journal("app/drizzle", &[CREATE, DROP]);
    std::os::unix::fs::symlink(folder.path(), folder.at("app/loop")).expect("links can be made");
    std::os::unix::fs::symlink(folder.at("app/drizzle"), folder.at("linked")).expect("links can be made");
    folder.brolly(&["lint", "--all"]).says(1, &["all 2 migrations"]);
    // Named, a link is followed.
    folder.brolly(&["lint", "linked", "--all"]).says(1, &["all 2 migrations", "linked/0001_drop.sql:1:"]);
}

#[test]
fn every_fixture_of_both_layouts_is_judged() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../drizzle/tests/fixtures");
    let names = std::fs::read_dir(fixtures).expect("the fixtures are there");
    let mut count = 0;
    for name in names.map(|entry| entry.expect("it can be read").file_name().into_string().expect("UTF-8")) {
        let folder = folder();
        folder.copy(&format!("crates/drizzle/tests/fixtures/{name}"), "drizzle");
        let ended = folder.brolly(&["lint", "--all"]);
        assert_ne!(ended.code, 2, "{name}: {ended}");
        let facts = folder.brolly(&["facts"]);
        assert_eq!(facts.code, 0, "{name}: {facts}");
        assert!(facts.out.lines().count() > 0, "{name}: {facts}");
        count += 1;
    }
    assert!(count >= 11);
}
