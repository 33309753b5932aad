//! Package scripts and workflows: which are looked at, and in which runs.

mod run;

use run::{Folder, config, folder};

const WORKFLOW: &str = "on: [push]
jobs:
  ship:
    steps:
      - run: flyctl deploy
      - run: npm run db:migrate
";

fn project(folder: &Folder, dir: &str) {
    folder.journal(&format!("{dir}/drizzle"), &[("0000_a", "CREATE TABLE a (id int PRIMARY KEY);\n")]);
    folder.write(&format!("{dir}/drizzle.config.ts"), config("./drizzle"));
}

fn next(folder: &Folder, dir: &str) {
    let migrations =
        [("0000_a", "CREATE TABLE a (id int PRIMARY KEY);\n"), ("0001_b", "ALTER TABLE a ADD b int;\n")];
    folder.journal(&format!("{dir}/drizzle"), &migrations);
}

const WHAT: &str = "warning[migrate-after-deploy]: job `ship` deploys first and migrates then";

#[test]
fn told_where_something_is_deployed() {
    let folder = folder();
    project(&folder, "api");
    folder.write(".github/workflows/deploy.yml", WORKFLOW).commit(".", "first");
    folder.brolly(&["lint", "--base", "main"]).lacks("migrate-after-deploy");
    folder.brolly(&["lint", "--all"]).says(0, &[WHAT, ".github/workflows/deploy.yml:6:14", "flyctl deploy"]);
    next(&folder, "api");
    folder.brolly(&["lint", "--base", "main"]).says(0, &[WHAT, "deploy.yml:6:14"]);
    folder
        .brolly_in("api/drizzle", &["lint", "--base", "main"], &[])
        .says(0, &[WHAT, "../../.github/workflows/deploy.yml:6:14"]);
    folder.brolly(&["lint", "api/drizzle/0001_b.sql"]).lacks("migrate-after-deploy");
    folder.write("brolly.json", r#"{ "rules": { "migrate-after-deploy": "off" } }"#);
    folder.brolly(&["lint", "--all"]).lacks("migrate-after-deploy");
}

#[test]
fn scripts_of_the_project_and_of_the_repository() {
    let folder = folder();
    project(&folder, "packages/db");
    folder.write(
        "packages/db/package.json",
        "{\n\t\"scripts\": { \"migrate\": \"drizzle-kit migrate\",\n\t\"build\": \"drizzle-kit push\" }\n}\n",
    );
    folder.write("package.json", r#"{ "scripts": { "ship": "sst deploy && pnpm -F db migrate" } }"#);
    folder.write("other/package.json", r#"{ "scripts": { "build": "drizzle-kit push" } }"#);
    folder.commit(".", "first");
    let ended = folder.brolly(&["lint", "--all", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.out).expect("it is JSON");
    let findings = json["findings"].as_array().expect("a list").iter();
    let places: Vec<String> = findings
        .filter(|one| one["rule"] == "migrate-after-deploy")
        .map(|one| format!("{}:{}:{}", one["file"], one["line"], one["column"]))
        .collect();
    assert_eq!(places, [r#""package.json":1:39"#, r#""packages/db/package.json":3:12"#]);
}

#[test]
fn said_once_for_several_projects() {
    let folder = folder();
    project(&folder, "a");
    project(&folder, "b");
    folder.write(".gitlab-ci.yml", "ship:\n  script:\n    - fly deploy\n    - npx drizzle-kit migrate\n");
    folder.commit(".", "first");
    let ended = folder.brolly(&["lint", "--all"]);
    assert_eq!(ended.rules().iter().filter(|rule| *rule == "migrate-after-deploy").count(), 1, "{ended}");
}

#[test]
fn broken_files_are_left_alone() {
    let folder = folder();
    project(&folder, "api");
    folder.write("package.json", b"{ \"scripts\": \xff").write(".github/workflows/a.yml", "jobs: [\n");
    folder.write(".github/workflows/b.yml", "[".repeat(100_000)).write(".gitlab-ci.yml", "a: &a [*a]\n");
    folder.commit(".", "first");
    folder.brolly(&["lint", "--all"]).lacks("migrate-after-deploy").lacks("package.json");
}
