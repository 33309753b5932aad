//! The GitHub action: the steps of `action.yml`, run one after the other as a runner does, in shallow
//! clones of real repositories. The forge is the other end of the comment.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read files")]

mod forge;
mod run;

use forge::{Forge, TOKEN, forge};
use run::{Folder, folder};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const CREATE: &str = "CREATE TABLE users (id int PRIMARY KEY, nick text);\n";
const DROP: &str = "ALTER TABLE users DROP COLUMN nick;\n";
const ADD: &str = "ALTER TABLE users ADD COLUMN age int;\n";

/// `origin` with a base and a topic that adds a migration, and `work`, a clone of one commit.
fn pull_request(sql: &str) -> Folder {
    let folder = folder();
    folder.journal("origin/drizzle", &[("0000_create", CREATE)]).commit("origin", "first");
    folder.git("origin", &["tag", "v1"]);
    folder.write("origin/README.md", "").commit("origin", "second");
    folder.git("origin", &["switch", "-q", "-c", "topic"]);
    folder
        .journal("origin/drizzle", &[("0000_create", CREATE), ("0001_next", sql)])
        .commit("origin", "topic");
    clone(&folder);
    folder
}

fn clone(folder: &Folder) {
    std::fs::remove_dir_all(folder.at("work")).ok();
    let url = format!("file://{}", folder.at("origin").display());
    folder.git(".", &["clone", "-q", "--depth", "1", "--branch", "topic", &url, "work"]);
}

/// How a run of the action ended.
struct Ran {
    code: i32,
    log: String,
    summary: String,
    outputs: BTreeMap<String, String>,
}

impl Ran {
    #[track_caller]
    fn says(&self, code: i32, pieces: &[&str]) -> &Ran {
        assert_eq!(self.code, code, "{}\n{}", self.log, self.summary);
        for piece in pieces {
            assert!(self.log.contains(piece), "no {piece:?} in\n{}", self.log);
        }
        self
    }
}

const PULL_REQUEST: &str = r#"{"pull_request": {"number": 12,
    "head": {"repo": {"full_name": "acme/shop"}}, "base": {"repo": {"full_name": "acme/shop"}}}}"#;
const FORK: &str = r#"{"pull_request": {"number": 12,
    "head": {"repo": {"full_name": "someone/shop"}}, "base": {"repo": {"full_name": "acme/shop"}}}}"#;
const PUSH: &str = r#"{"ref": "refs/heads/topic"}"#;

/// Runs the steps of `action.yml` that are scripts, in `work`.
fn action(folder: &Folder, forge: &Forge, event: &str, inputs: &[(&str, &str)]) -> Ran {
    run_with(folder, forge, event, inputs, Some(env!("CARGO_BIN_EXE_brolly")))
}

fn run_with(
    folder: &Folder,
    forge: &Forge,
    event: &str,
    inputs: &[(&str, &str)],
    binary: Option<&str>,
) -> Ran {
    folder.write("event.json", event).write("output", "").write("summary", "");
    let top = root();
    let text = std::fs::read_to_string(top.join("action.yml")).expect("it is there");
    let (mut values, steps) = parsed(&text);
    for (name, value) in inputs {
        let key = format!("inputs.{name}");
        assert!(values.insert(key.clone(), (*value).to_owned()).is_some(), "there is no {key}");
    }
    let mut ran = Ran { code: 0, log: String::new(), summary: String::new(), outputs: BTreeMap::new() };
    for step in &steps {
        let Some(script) = step.run.as_ref().filter(|_| step.is_due(&values)) else { continue };
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.current_dir(folder.at("work")).env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GITHUB_ACTION_PATH", &top);
        for (name, path) in [
            ("GITHUB_EVENT_PATH", "event.json"),
            ("GITHUB_OUTPUT", "output"),
            ("GITHUB_STEP_SUMMARY", "summary"),
            ("RUNNER_TEMP", "."),
        ] {
            command.env(name, folder.at(path));
        }
        if event.contains("pull_request") {
            command.env("GITHUB_BASE_REF", "main");
        }
        command.env("GITHUB_API_URL", &forge.url).env("GITHUB_REPOSITORY", "acme/shop");
        if let Some(binary) = binary {
            command.env("BROLLY_BINARY", binary);
        }
        command.envs(step.env.iter().map(|(name, value)| (name, filled(value, &values))));
        let done = command.output().expect("bash starts");
        ran.log += &String::from_utf8_lossy(&done.stdout);
        ran.log += &String::from_utf8_lossy(&done.stderr);
        ran.code = done.status.code().expect("it ends by itself");
        let written = std::fs::read_to_string(folder.at("output")).expect("it is there");
        ran.outputs = written
            .lines()
            .filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        values.extend(ran.outputs.iter().map(|(name, v)| (format!("steps.lint.outputs.{name}"), v.clone())));
        if ran.code != 0 {
            break;
        }
    }
    ran.summary = std::fs::read_to_string(folder.at("summary")).expect("it is there");
    ran
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it is there")
}

#[derive(Default)]
struct Step {
    condition: Option<String>,
    env: Vec<(String, String)>,
    run: Option<String>,
}

impl Step {
    /// Whether its `if` holds: comparisons with literals, joined by `&&`.
    fn is_due(&self, values: &BTreeMap<String, String>) -> bool {
        self.condition.iter().flat_map(|all| all.split(" && ")).all(|one| {
            let (left, equal, right) = match one.split_once(" == ") {
                Some((left, right)) => (left, true, right),
                None => {
                    one.split_once(" != ").map(|(left, right)| (left, false, right)).expect("a comparison")
                }
            };
            (values.get(left).map_or("", String::as_str) == right.trim_matches('\'')) == equal
        })
    }
}

/// The defaults of the inputs, and the steps, of a file that is written like ours.
fn parsed(text: &str) -> (BTreeMap<String, String>, Vec<Step>) {
    let mut values = BTreeMap::from([
        ("github.token".to_owned(), TOKEN.to_owned()),
        ("github.workspace".to_owned(), ".".to_owned()),
    ]);
    let (inputs, rest) = text.split_once("\noutputs:\n").expect("inputs come before outputs");
    let mut name = "";
    for line in inputs.lines() {
        if let Some(default) = line.strip_prefix("    default: ") {
            let default = filled(default.trim_matches('"'), &values);
            values.insert(format!("inputs.{name}"), default);
        } else if let Some(key) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')) {
            name = key;
        }
    }
    let (_, steps) = rest.split_once("  steps:\n").expect("it has steps");
    let mut found: Vec<Step> = Vec::new();
    for line in steps.lines() {
        if line.starts_with("    - name: ") {
            found.push(Step::default());
        }
        let Some(step) = found.last_mut() else { continue };
        if let Some(run) = line.strip_prefix("      run: ") {
            step.run = Some(run.to_owned());
        } else if let Some(condition) = line.strip_prefix("      if: ") {
            step.condition = Some(condition.to_owned());
        } else if let Some((name, value)) =
            line.strip_prefix("        ").and_then(|line| line.split_once(": "))
        {
            step.env.push((name.to_owned(), value.to_owned()));
        }
    }
    assert_eq!(found.iter().filter(|step| step.run.is_some()).count(), 3, "lint, comment, verdict");
    (values, found)
}

/// Expressions replaced by their values. An output that a step did not set is empty.
fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{ ") {
        let (expression, after) = after.split_once(" }}").expect("it is closed");
        let known = values.contains_key(expression) || expression.starts_with("steps.lint.outputs.");
        assert!(known, "{expression} means nothing here");
        out += before;
        out += values.get(expression).map_or("", String::as_str);
        rest = after;
    }
    out + rest
}

#[test]
fn one_comment_is_written_and_kept_up_to_date() {
    let (folder, forge) = (pull_request(DROP), forge());
    let ran = action(&folder, &forge, PULL_REQUEST, &[]);
    ran.says(
        1,
        &["::error file=drizzle/0001_next.sql,line=1,", "title=brolly drop-column::", "wrote a comment"],
    );
    assert_eq!((ran.outputs["errors"].as_str(), ran.outputs["exit-code"].as_str()), ("1", "1"));
    assert_eq!(forge.writes(), ["POST /repos/acme/shop/issues/12/comments"]);
    let comments = forge.comments();
    assert!(comments[0].starts_with("<!-- brolly -->\n### ❌ Can't be rolled out like this"), "{comments:?}");
    assert!(ran.summary.starts_with("### ❌ Can't be rolled out like this"), "{}", ran.summary);
    let sarif = std::fs::read(&ran.outputs["sarif"]).expect("it is written");
    let sarif: serde_json::Value = serde_json::from_slice(&sarif).expect("it is JSON");
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place["uri"], "drizzle/0001_next.sql");

    // The same again writes nothing; a push that mends it changes the comment that is there.
    action(&folder, &forge, PULL_REQUEST, &[]).says(1, &["the comment is up to date"]);
    assert_eq!(forge.writes(), [""; 0]);
    folder.write("origin/drizzle/0001_next.sql", ADD).commit("origin", "mended");
    clone(&folder);
    let ran = action(&folder, &forge, PULL_REQUEST, &[]);
    ran.says(0, &["brought the comment up to date"]);
    assert_eq!(forge.writes(), ["PATCH /repos/acme/shop/issues/comments/1"]);
    let comments = forge.comments();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].starts_with("<!-- brolly -->\n### ✅ Can be rolled out"), "{comments:?}");
}

#[test]
fn each_set_of_paths_has_its_comment() {
    let (folder, forge) = (pull_request(DROP), forge());
    // Enough of them that there is a second page.
    (0..120).for_each(|n| forge.stranger_says(&format!("comment {n}")));
    action(&folder, &forge, PULL_REQUEST, &[]);
    action(&folder, &forge, PULL_REQUEST, &[("paths", "drizzle")]);
    action(&folder, &forge, PULL_REQUEST, &[("paths", "drizzle")]).says(1, &["the comment is up to date"]);
    let comments = forge.comments();
    assert_eq!(comments.len(), 122);
    assert!(comments[121].starts_with("<!-- brolly:drizzle -->\n"), "{}", comments[121]);
}

#[test]
fn a_token_that_may_only_read_fails_nothing() {
    let (folder, forge) = (pull_request(ADD), forge());
    forge.only_reads();
    let ran = action(&folder, &forge, FORK, &[]);
    ran.says(0, &["::warning title=brolly::no comment was written", "a fork may only read", "403"]);
    assert!(ran.summary.contains("No comment was written on the pull request"), "{}", ran.summary);
    let ran = action(&folder, &forge, PULL_REQUEST, &[("fail-on", "info")]);
    ran.says(1, &["`permissions: pull-requests: write`"]);
}

#[test]
fn what_strangers_write_is_left_alone() {
    let (folder, forge) = (pull_request(DROP), forge());
    forge.stranger_says("<!-- brolly -->\n### ✅ Can be rolled out");
    action(&folder, &forge, PULL_REQUEST, &[]).says(1, &["wrote a comment"]);
    let comments = forge.comments();
    assert_eq!(comments.len(), 2);
    assert!(comments[0].contains("✅") && comments[1].contains("❌"), "{comments:?}");
}

#[test]
fn without_a_pull_request_or_migrations_there_is_no_comment() {
    let (folder, forge) = (pull_request(DROP), forge());
    action(&folder, &forge, PUSH, &[("base", "main")]).says(1, &["no pull request, so no comment"]);
    action(&folder, &forge, PULL_REQUEST, &[("comment", "false")]).says(1, &[]);
    folder.git("work", &["reset", "-q", "--hard", "HEAD"]);
    let ran = action(&folder, &forge, PULL_REQUEST, &[("base", "HEAD")]);
    ran.says(0, &["nothing was judged, so there is no comment"]);
    assert_eq!(forge.writes(), [""; 0]);
}

#[test]
fn a_deployed_version_is_fetched() {
    let (folder, forge) = (pull_request(DROP), forge());
    assert_eq!(folder.git("work", &["tag"]), "");
    let ran = action(&folder, &forge, PUSH, &[("deployed", "v1"), ("base", "main")]);
    ran.says(1, &["drop-column"]);
    assert_eq!(folder.git("work", &["tag"]), "v1");
    let ran = action(&folder, &forge, PUSH, &[("deployed", "v9"), ("base", "main")]);
    ran.says(2, &["v9"]);
    assert!(ran.summary.starts_with("### brolly could not do its job\n\n    brolly: "), "{}", ran.summary);
}

#[test]
fn several_arguments_are_passed_on() {
    let (folder, forge) = (pull_request(DROP), forge());
    let ran = action(&folder, &forge, PUSH, &[("args", "--all --pg 14"), ("paths", "drizzle")]);
    ran.says(1, &["all 2 migrations"]);
    let json = std::fs::read_to_string(&ran.outputs["json"]).expect("it is written");
    assert!(json.contains("\"postgres\": 14"), "{json}");
    action(&folder, &forge, PUSH, &[("args", "--no-such-flag")]).says(2, &["--no-such-flag"]);
}

#[test]
fn the_brolly_of_the_project_goes_first() {
    let (folder, forge) = (pull_request(DROP), forge());
    std::fs::create_dir_all(folder.at("work/node_modules/.bin")).expect("folders can be made");
    std::fs::copy(env!("CARGO_BIN_EXE_brolly"), folder.at("work/node_modules/.bin/brolly"))
        .expect("it is copied");
    run_with(&folder, &forge, PULL_REQUEST, &[], None).says(1, &["drop-column"]);
}
