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

#[test]
fn images_are_followed_into_scripts() {
    let folder = folder();
    project(&folder, "packages/db");
    folder
        .write("packages/db/package.json", r#"{ "scripts": { "db:migrate": "drizzle-kit migrate" } }"#)
        .write("package.json", r#"{ "scripts": { "db:migrate": "turbo run db:migrate" } }"#)
        .write("apps/api/Dockerfile", "FROM node:22\nENTRYPOINT [\"/app/start.sh\"]\n")
        .write("apps/api/start.sh", "#!/bin/sh\nset -e\nnpm run db:migrate\nexec node dist/server.js\n")
        .write("node_modules/x/Dockerfile", "FROM node:22\nCMD npx drizzle-kit push\n")
        .commit(".", "first");
    let expected = [
        "warning[migrate-in-every-pod]: every container of the image migrates before it serves",
        "apps/api/Dockerfile:2:12",
        "apps/api/start.sh:3:1",
        "and serves then",
        "packages/db/package.json:1:",
    ];
    folder.brolly(&["lint", "--all"]).says(0, &expected).lacks("node_modules");
    folder.write("brolly.json", r#"{ "rules": { "migrate-in-every-pod": "off" } }"#);
    folder.brolly(&["lint", "--all"]).lacks("migrate-in-every-pod");
}

#[test]
fn outside_of_a_repository_nothing_is_searched() {
    let folder = folder();
    project(&folder, "api");
    folder.write("Dockerfile", "FROM node:22\nCMD npx drizzle-kit migrate && node server.js\n");
    folder.write("other/Dockerfile", "FROM node:22\nCMD npx drizzle-kit migrate && node server.js\n");
    folder
        .brolly(&["lint", "--all"])
        .says(0, &["migrate-in-every-pod", " --> Dockerfile:2:5"])
        .lacks("other/Dockerfile");
}
