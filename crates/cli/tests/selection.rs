//! What is judged: real repositories, what CI says, and what is said where there is no base.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod run;

use run::{Folder, config, folder};

const CREATE: (&str, &str) =
    ("0000_create", "CREATE TABLE users (id int PRIMARY KEY, name text, nick text);\n");
const DROP: (&str, &str) = ("0001_drop", "ALTER TABLE users DROP COLUMN nick;\n");
const INDEX: (&str, &str) = ("0002_index", "CREATE INDEX users_name ON users (name);\n");

/// A repository whose main has the first migration and whose branch adds the second.
fn branch() -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[CREATE]).commit(".", "first");
    folder.git(".", &["checkout", "-q", "-b", "topic"]);
    folder.journal("drizzle", &[CREATE, DROP]).commit(".", "second");
    folder
}

/// The same behind a remote: `server` has main, `clone` the branch.
fn cloned() -> Folder {
    let folder = folder();
    folder
        .write("server/drizzle.config.ts", config("./drizzle"))
        .journal("server/drizzle", &[CREATE])
        .commit("server", "first");
    folder.git(".", &["clone", "-q", "server", "clone"]);
    folder.git("clone", &["checkout", "-q", "-b", "topic"]);
    folder.journal("clone/drizzle", &[CREATE, DROP]).commit("clone", "second");
    folder
}

#[test]
fn what_a_branch_adds_is_judged() {
    let folder = branch();
    let ended = folder.brolly(&["lint", "--base", "main"]);
    ended.says(
        1,
        &[
            "1 of 2 migrations is new against main (--base)",
            "error[drop-column]: ",
            "drizzle/0001_drop.sql:1:",
        ],
    );
    ended.lacks("0000_create.sql");
    let last = ended.out.lines().last().unwrap_or_default().to_owned();
    assert!(last.contains("1 error") && last.contains("in 1 of 1 migration"), "{last}");
}

#[test]
fn the_remotes_default_branch_is_the_base_unless_ci_names_one() {
    let folder = cloned();
    folder.brolly_in("clone", &["lint"], &[]).says(1, &["against origin/main (the remote's default branch)"]);
    let ci = [("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "main")];
    folder
        .brolly_in("clone", &["lint"], &ci)
        .says(1, &["1 of 2 migrations is new against origin/main (GITHUB_BASE_REF)"]);
    for variable in
        ["CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "BUILDKITE_PULL_REQUEST_BASE_BRANCH", "CIRCLE_BASE_BRANCH"]
    {
        let said = format!("against origin/main ({variable})");
        folder.brolly_in("clone", &["lint"], &[(variable, "main")]).says(1, &[&said]);
    }
}

#[test]
fn what_is_not_committed_or_not_even_added_is_new() {
    let folder = branch();
    folder.journal("drizzle", &[CREATE, DROP, INDEX]);
    folder
        .brolly(&["lint", "--base", "main"])
        .says(1, &["2 of 3 migrations are new", "drop-column", "0002_index.sql"]);
    folder
        .brolly(&["lint", "--base", "HEAD"])
        .says(1, &["1 of 3 migrations is new", "0002_index.sql"])
        .lacks("drop-column");
}

#[test]
fn new_migrations_are_one_deploy() {
    let folder = branch();
    let put_back = ("0002_put_back", "ALTER TABLE users ADD COLUMN nick text;\n");
    folder.journal("drizzle", &[CREATE, DROP, put_back]).commit(".", "third");
    // Dropped and put back before anything is committed: no query ever misses the column.
    folder.brolly(&["lint", "--base", "main"]).lacks("the deployed app fail");
    folder
        .brolly(&["lint", "--all"])
        .says(1, &["all 3 migrations, each as a deploy of its own (--all)", "drop-column"]);
}

#[test]
fn nothing_new_is_one_line() {
    let folder = branch();
    let ended = folder.brolly(&["lint", "--base", "HEAD"]);
    assert_eq!((ended.code, ended.out.lines().count(), ended.err.as_str()), (0, 1, ""), "{ended}");
    ended.says(0, &["none of 2 migrations is new against HEAD"]);
    let quiet = folder.brolly(&["lint", "--base", "HEAD", "--quiet"]);
    assert_eq!((quiet.code, quiet.out.as_str()), (0, ""));
}

#[test]
fn a_subfolder_sees_the_whole_repository_with_paths_from_there() {
    let folder = branch();
    folder.write("src/deep/x.ts", "");
    folder
        .brolly_in("src/deep", &["lint", "--base", "main"], &[])
        .says(1, &["--> ../../drizzle/0001_drop.sql:1:"]);
    folder.brolly_in("drizzle", &["lint", "--base", "main"], &[]).says(1, &["--> 0001_drop.sql:1:"]);
}

#[test]
fn a_missing_base_is_an_error_with_its_cure() {
    let folder = cloned();
    let ended = folder.brolly_in("clone", &["lint", "--base", "release"], &[]);
    ended.complains(
        2,
        &["brolly: the base release (--base) is not in this clone", "git fetch", "--fetch-base"],
    );
    assert_eq!(ended.out, "");
    let ended = folder.brolly_in("clone", &["lint", "--base", "release", "--allow-missing-base"], &[]);
    ended.says(0, &["none of 2 migrations is new (the base release (--base) is not in this clone"]);
}

#[test]
fn a_shallow_clone_is_told_what_to_do_and_fetches_when_allowed() {
    let folder = cloned();
    folder.git("clone", &["push", "-q", "origin", "topic"]);
    folder.git("server", &["commit", "-q", "--allow-empty", "-m", "main goes on"]);
    let url = format!("file://{}", folder.at("server").display());
    folder.git(".", &["clone", "-q", "--depth", "1", "--branch", "topic", &url, "ci"]);
    let ci = [("GITHUB_BASE_REF", "main")];
    let ended = folder.brolly_in("ci", &["lint"], &ci);
    ended.complains(2, &["origin/main", "(GITHUB_BASE_REF)", "shallow clone", "git fetch", "fetch-depth: 0"]);
    let ended = folder.brolly_in("ci", &["lint", "--fetch-base"], &ci);
    ended.says(1, &["1 of 2 migrations is new against origin/main (GITHUB_BASE_REF)", "drop-column"]);
}

#[test]
fn an_edited_migration_is_reported_and_judged_where_it_stands() {
    let folder = branch();
    folder.write("drizzle/0001_drop.sql", "-- a comment more\r\nALTER TABLE users DROP COLUMN nick;\r\n");
    folder.brolly(&["lint", "--base", "topic"]).says(0, &["none of 2 migrations is new"]).lacks("edited");
    folder.write("drizzle/0001_drop.sql", "ALTER TABLE users DROP COLUMN name;\n");
    let ended = folder.brolly(&["lint", "--base", "topic"]);
    ended.says(
        1,
        &[
            "none of 2 migrations is new",
            "1 that is there already was edited",
            "error[edited-applied-migration]",
        ],
    );
    for rule in ["edited-applied-migration", "drop-column"] {
        assert!(ended.rules().iter().any(|found| found == rule), "{ended}");
    }
}

#[test]
fn an_entry_without_its_file_is_reported_for_new_entries() {
    let folder = branch();
    folder.journal("drizzle", &[CREATE, DROP, INDEX]);
    std::fs::remove_file(folder.at("drizzle/0002_index.sql")).expect("it is there");
    let ended = folder.brolly(&["lint", "--base", "main"]);
    ended.says(1, &["error[drop-column]", "error[missing-sql-file]"]);
    // The same for a file that this branch removes.
    std::fs::remove_file(folder.at("drizzle/0000_create.sql")).expect("it is there");
    folder.brolly(&["lint", "--base", "main"]).says(1, &["missing-sql-file", "0000_create"]);
}

#[test]
fn journal_findings_of_old_migrations_are_no_news() {
    let folder = folder();
    folder
        .journal("drizzle", &[CREATE, DROP])
        .write("drizzle/9999_stray.sql", "select 1;")
        .commit(".", "first");
    // No snapshots, and a stray file: all of it is there already.
    folder.brolly(&["lint", "--base", "HEAD"]).says(0, &["none of 2"]);
    folder.brolly(&["lint", "--all"]).says(1, &["missing-snapshot", "unjournaled-sql"]);
    folder.write("drizzle/9998_stray.sql", "select 1;");
    let ended = folder.brolly(&["lint", "--base", "HEAD"]);
    assert_eq!(ended.rules(), ["unjournaled-sql"], "{ended}");
    ended.says(0, &["9998_stray"]);
}

#[test]
fn outside_of_git_everything_is_judged_unless_a_base_is_asked_for() {
    let folder = folder();
    folder.journal("drizzle", &[CREATE, DROP]);
    folder.brolly(&["lint"]).says(1, &["all 2 migrations", "not in a git repository", "drop-column"]);
    folder.brolly(&["lint", "--base", "main"]).complains(2, &["is not inside a git repository", "--all"]);
}

#[test]
fn a_repository_without_commits_is_all_new() {
    let folder = folder();
    folder.journal("drizzle", &[CREATE, INDEX]);
    folder.git(".", &["init", "-q"]);
    folder.brolly(&["lint"]).says(0, &["2 of 2 migrations are new (the repository has no commit yet"]);
}

#[test]
fn named_files_are_judged_on_top_of_the_history_before_them() {
    let folder = branch();
    folder.journal("drizzle", &[CREATE, DROP, INDEX]);
    let ended = folder.brolly(&["lint", "drizzle/0002_index.sql"]);
    ended
        .says(1, &["1 of 3 migrations, as named", "index-blocks-writes", "0002_index.sql"])
        .lacks("drop-column");
    let both = ["lint", "./drizzle/0001_drop.sql", "drizzle/0002_index.sql"];
    folder.brolly(&both).says(1, &["2 of 3 migrations, as named", "drop-column", "index-blocks-writes"]);
    // The table is of the same deploy: nobody waits.
    folder.brolly(&["lint", "drizzle/0000_create.sql", "drizzle/0001_drop.sql"]).says(0, &["2 of 3"]);
}

#[test]
fn folders_of_the_v1_line_are_told_apart_by_migration_sql() {
    let folder = folder();
    folder.copy("crates/drizzle/tests/fixtures/v9-kit1.0.0-rc.5", "drizzle").commit(".", "first");
    let last = "drizzle/20991120230349_more";
    folder.write(&format!("{last}/migration.sql"), "ALTER TABLE nowhere DROP COLUMN x;");
    let ended = folder.brolly(&["lint"]);
    ended.says(ended.code, &["1 of 4 migrations is new against main", "20991120230349_more/migration.sql"]);
    assert_ne!(ended.code, 2, "{ended}");
    let ended = folder.brolly(&["lint", &format!("{last}/migration.sql")]);
    ended.says(ended.code, &["1 of 4 migrations, as named"]);
    folder.brolly(&["lint", last]).says(ended.code, &["1 of 4 migrations, as named"]);
    // A snapshot alone makes no migration new.
    std::fs::remove_dir_all(folder.at(last)).expect("it is there");
    let snapshot = "drizzle/20261120230344_second/snapshot.json";
    let text = std::fs::read_to_string(folder.at(snapshot)).expect("it is there");
    folder.write(snapshot, format!("{text}\n"));
    folder.brolly(&["lint"]).says(0, &["none of 3 migrations is new"]);
}

#[test]
fn a_migration_that_sorts_before_applied_ones_still_comes_after_them() {
    let folder = folder();
    let create = "CREATE TABLE users (id int PRIMARY KEY, nick text);";
    folder.write("drizzle.config.ts", config("./drizzle"));
    folder.write("drizzle/20260101000000_a/migration.sql", create);
    folder.write("drizzle/20260103000000_c/migration.sql", "ALTER TABLE users ADD COLUMN late text;");
    folder.commit(".", "first");
    folder.write("drizzle/20260102000000_b/migration.sql", "ALTER TABLE users DROP COLUMN late;");
    folder.brolly(&["lint"]).says(1, &["1 of 3 migrations is new", "error[drop-column]"]);
}

#[test]
fn a_new_branch_of_snapshots_is_told_whichever_of_the_two_is_new() {
    let all = "crates/drizzle/tests/fixtures/v9-conflicting-branches";
    let (one, other) = ("20261120231108_brA", "20261120231131_brC");
    for new in [one, other] {
        let folder = folder();
        folder.write("drizzle.config.ts", config("./drizzle")).copy(all, "drizzle");
        let kept = folder.at("kept");
        std::fs::rename(folder.at(&format!("drizzle/{new}")), &kept).expect("it is there");
        folder.write(".gitignore", "kept\n").commit(".", "first");
        std::fs::rename(&kept, folder.at(&format!("drizzle/{new}"))).expect("it is there");
        let place = format!("--> drizzle/{new}/migration.sql:1:1");
        let ended = folder.brolly(&["lint"]);
        ended.says(1, &["1 of 3 migrations is new", "error[conflicting-branches]", &place]);
        assert_eq!(ended.out.matches("[conflicting-branches]").count(), 1);
        folder.commit(".", "second");
        folder.brolly(&["lint"]).says(0, &["none of 3 migrations is new"]);
    }
}

#[test]
fn a_new_snapshot_that_breaks_the_chain_is_told() {
    let folder = folder();
    folder.copy("crates/drizzle/tests/fixtures/v7-prefix-index", "drizzle");
    let snapshot = "drizzle/meta/0002_snapshot.json";
    let text = std::fs::read_to_string(folder.at(snapshot)).expect("it is there");
    let journal = std::fs::read_to_string(folder.at("drizzle/meta/_journal.json")).expect("it is there");
    let mut before: serde_json::Value = serde_json::from_str(&journal).expect("it is JSON");
    before["entries"].as_array_mut().expect("entries").pop();
    folder.write("drizzle/meta/_journal.json", before.to_string());
    for path in [snapshot, "drizzle/0002_cust.sql"] {
        std::fs::remove_file(folder.at(path)).expect("it is there");
    }
    folder.commit(".", "first");
    folder.write("drizzle/meta/_journal.json", &journal).write("drizzle/0002_cust.sql", "select 1;");
    folder.write(snapshot, &text);
    let ended = folder.brolly(&["lint"]);
    ended.says(ended.code, &["1 of 3 migrations is new"]).lacks("broken-snapshot-chain");
    let mut broken: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    broken["prevId"] = "11111111-1111-1111-1111-111111111111".into();
    folder.write(snapshot, broken.to_string());
    folder.brolly(&["lint"]).says(ended.code, &["warning[broken-snapshot-chain]"]);
}
