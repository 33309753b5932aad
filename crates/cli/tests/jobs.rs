//! The GitLab templates and the entries for hooks: their commands, run in clones of real repositories, with
//! the built program in the place of the npm package. The forge is the other end of the note.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read files")]

mod forge;
mod run;

use forge::{Forge, TOKEN, forge};
use run::{Folder, folder};
use std::path::Path;
use std::process::Command;

const CREATE: &str = "CREATE TABLE users (id int PRIMARY KEY, nick text);\n";
const DROP: &str = "ALTER TABLE users DROP COLUMN nick;\n";
const ADD: &str = "ALTER TABLE users ADD COLUMN age int;\n";

fn merge_request(sql: &str) -> Folder {
    let folder = folder();
    folder.journal("origin/drizzle", &[("0000_create", CREATE)]).commit("origin", "first");
    folder.git("origin", &["switch", "-q", "-c", "topic"]);
    push(&folder, sql);
    folder
}

fn push(folder: &Folder, sql: &str) {
    folder
        .journal("origin/drizzle", &[("0000_create", CREATE), ("0001_next", sql)])
        .commit("origin", "topic");
    std::fs::remove_dir_all(folder.at("work")).ok();
    let url = format!("file://{}", folder.at("origin").display());
    folder.git(".", &["clone", "-q", "--depth", "1", "--branch", "topic", &url, "work"]);
}

fn template(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path))
        .expect("it is there")
}

/// The lines of a list of the job, those of a block joined.
fn lines(template: &str, key: &str) -> Vec<String> {
    let (_, after) = template.split_once(&format!("\n  {key}:\n")).expect("the job has it");
    let mut found: Vec<String> = Vec::new();
    for line in after.lines().take_while(|line| line.starts_with("    ")) {
        match (line.strip_prefix("    - "), line.strip_prefix("      ")) {
            (Some("|"), _) => found.push(String::new()),
            (Some(line), _) => found.push(line.to_owned()),
            (None, Some(line)) => {
                let block = found.last_mut().expect("a block has begun");
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => assert!(line.starts_with("    #"), "{line}"),
        }
    }
    found
}

/// Runs a script as the job does; gives the exit code and what was said.
fn job(folder: &Folder, forge: &Forge, script: &str) -> (i32, String) {
    let script = script
        .replace("npx --yes \"brolly@$BROLLY_VERSION\"", env!("CARGO_BIN_EXE_brolly"))
        .replace(concat!("npx --yes brolly@", env!("CARGO_PKG_VERSION")), env!("CARGO_BIN_EXE_brolly"));
    assert!(!script.contains("npx"), "{script}");
    let mut command = Command::new("bash");
    command.args(["-eo", "pipefail", "-c", &script]).current_dir(folder.at("work")).env_clear();
    command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", folder.path());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("BROLLY_ARGS", "--pg 15");
    command.env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main").env("CI_API_V4_URL", &forge.url);
    command.env("CI_PROJECT_ID", "3").env("CI_MERGE_REQUEST_IID", "12").env("BROLLY_NOTE_TOKEN", TOKEN);
    let done = command.output().expect("bash starts");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    (done.status.code().expect("it ends by itself"), said)
}

/// The paths in the report.
fn report(folder: &Folder) -> Vec<String> {
    let text = std::fs::read(folder.at("work/gl-code-quality-report.json")).expect("it is written");
    let list: serde_json::Value = serde_json::from_slice(&text).expect("it is JSON");
    let path = |one: &serde_json::Value| one["location"]["path"].as_str().expect("a path").to_owned();
    list.as_array().expect("a list").iter().map(path).collect()
}

#[test]
fn the_template_reports_and_keeps_one_note() {
    let (folder, forge) = (merge_request(DROP), forge());
    let text = template("ci/gitlab/brolly.yml");
    let (script, after) = (lines(&text, "script").join("\n"), lines(&text, "after_script").join("\n"));
    let (code, said) = job(&folder, &forge, &script);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("error[drop-column]") && report(&folder).contains(&"drizzle/0001_next.sql".to_owned())
    );
    // A stranger's note is none of ours, whatever it begins with.
    forge.stranger_says("<!-- brolly -->\nfine");
    assert_eq!(job(&folder, &forge, &after), (0, String::new()));
    assert_eq!(forge.writes(), ["POST /projects/3/merge_requests/12/notes"]);

    push(&folder, ADD);
    assert_eq!(job(&folder, &forge, &script).0, 0);
    assert_eq!(job(&folder, &forge, &after), (0, String::new()));
    assert_eq!(forge.writes(), ["PUT /projects/3/merge_requests/12/notes/2"]);
    let comments = forge.comments();
    assert!(comments[1].starts_with("<!-- brolly -->\n### ✅"), "{comments:?}");

    forge.only_reads();
    folder.write("work/brolly.md", "### something else");
    let (code, said) = job(&folder, &forge, &after);
    assert!(code != 0 && said.contains("no note: PUT"), "{said}");
}

#[test]
fn the_job_of_init_reports() {
    let (folder, forge) = (merge_request(DROP), forge());
    let ended = folder.brolly_in("work", &["init", "--ci", "gitlab"], &[]);
    ended.says(0, &["wrote", ".gitlab/brolly.yml", ".gitlab-ci.yml"]);
    let text = std::fs::read_to_string(folder.at("work/.gitlab/brolly.yml")).expect("it is written");
    let (code, said) = job(&folder, &forge, &lines(&text, "script").join("\n"));
    assert_eq!(code, 1, "{said}");
    assert_eq!(report(&folder).first().map(String::as_str), Some("drizzle/0001_next.sql"));
}

#[test]
fn hooks_judge_what_is_about_to_be_committed() {
    let hook = template(".pre-commit-hooks.yaml");
    let (_, entry) = hook.split_once("\n  entry: brolly ").expect("it starts brolly");
    let hook = template("ci/lefthook.yml");
    let (_, run) = hook.split_once("\n      run: npx --no-install brolly ").expect("it starts brolly");
    for command in [entry, run] {
        let folder = folder();
        folder.journal("drizzle", &[("0000_create", CREATE)]).commit(".", "first");
        let words: Vec<&str> = command.lines().next().unwrap_or_default().split(' ').collect();
        folder.brolly(&words).says(0, &["the only migration is not new"]);
        folder.journal("drizzle", &[("0000_create", CREATE), ("0001_next", DROP)]);
        folder.git(".", &["add", "-A"]);
        folder.brolly(&words).says(1, &["error[drop-column]"]);
    }
}
