//! `brolly watch` on real servers: nothing is told of one that is well, and each thing that gets worse is, once it is
//! made to.

#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and read their files")]

#[path = "../../../../tests/servers/hand.rs"]
mod hand;
mod kit;
mod limits;
#[path = "../../../../tests/servers/replica.rs"]
mod replica;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;
mod worse;

use kit::{Watch, closed, during, items, lines, load, watch, with};
use run::folder;
use serde_json::Value;
use servers::{MAJORS, server};

#[test]
fn a_server_that_is_well_is_said_to_be() {
    for major in MAJORS {
        let server = with(major);
        items(&server);
        let (folder, url) = (folder(), server.url("postgres"));
        let validator = jsonschema::validator_for(&closed(report::watch_schema())).expect("a schema");
        during(&server, load, || {
            watch(&folder, &url, &["--take", "before.json", "--for", "1200ms", "--format", "json"]);
            let ended = watch(
                &folder,
                &url,
                &[
                    "--against",
                    "before.json",
                    "--for",
                    "1s",
                    "--slower",
                    "1000",
                    "--html",
                    "w.html",
                    "--format",
                    "json",
                ],
            );
            let lines = lines(&ended);
            for line in &lines {
                let problems: Vec<String> =
                    validator.iter_errors(line).map(|error| error.to_string()).collect();
                assert_eq!(problems, Vec::<String>::new(), "{line:#}");
            }
            let events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
            assert_eq!((events.first(), events.last()), (Some(&"begun"), Some(&"verdict")), "{ended}");
            assert!(events.len() >= 5, "{ended}");
            let verdict = lines.last().expect("a line");
            assert_eq!(ended.code, 0, "{major}: {verdict:#}");
            let states: Vec<&str> =
                findings(verdict).iter().filter_map(|one| one["state"].as_str()).collect();
            assert_eq!(states, ["ok"; 8], "{major}: {verdict:#}");
            // Our own questions are none of the app's.
            let texts: Vec<&str> = verdict["statements"]
                .as_array()
                .expect("statements")
                .iter()
                .filter_map(|one| one["text"].as_str())
                .collect();
            assert!(texts.contains(&"select name from items where id = $1"), "{major}: {texts:?}");
            assert!(!texts.iter().any(|text| text.contains("pg_catalog")), "{texts:?}");
            let known = verdict["statements"][0]["kind"].as_str();
            assert_eq!(known, Some("known"), "{verdict:#}");
        });
        let page = folder.read("w.html");
        assert!(page.contains("Nothing got worse.") && page.contains(">deploy<"), "{page}");
        for outside in ["http:", "https:", "<script", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "the page names something outside: {outside}");
        }
        if major == 18 {
            watch(&folder, &url, &["--for", "1s"])
                .says(0, &["ok       server", "nothing got worse", "its first"]);
        }
    }
}

fn findings(verdict: &Value) -> &Vec<Value> {
    verdict["findings"].as_array().expect("findings")
}

#[test]
fn what_can_not_be_looked_at_is_an_error() {
    let folder = folder();
    let nowhere = "postgres://me:s3cret@127.0.0.1:1/shop";
    let ended = watch(&folder, nowhere, &[]);
    ended.complains(2, &["cannot connect to 127.0.0.1:1"]);
    assert!(!ended.err.contains("s3cret"), "{ended}");
    watch(&folder, nowhere, &["--against", "none.json"]).complains(
        2,
        &["none.json, the baseline, can't be read: there is no such file", "brolly watch --take none.json"],
    );
    let server = server(16);
    folder.write("dir/file", "");
    // Before anything is watched, which would take a minute.
    watch(&folder, &server.url("postgres"), &["--take", "dir"]).complains(2, &["dir can't be written"]);
    folder.write("odd.json", "{\"version\": 9}");
    watch(&folder, nowhere, &["--against", "odd.json"])
        .complains(2, &["odd.json, the baseline, can't be read"]);
}

#[test]
fn ctrl_c_ends_it_with_a_verdict() {
    let server = with(17);
    let (folder, url) = (folder(), server.url("postgres"));
    let mut going = Watch::start(&folder, &url, &["--for", "10min", "--html", "w.html", "--format", "json"]);
    going.line("\"sample\"");
    going.line("\"sample\"");
    let ended = going.interrupt();
    let verdict = lines(&ended).pop().expect("a verdict");
    assert_eq!(
        (verdict["event"].as_str(), verdict["interrupted"].as_bool()),
        (Some("verdict"), Some(true)),
        "{ended}"
    );
    assert_eq!(ended.code, 0, "{ended}");
    assert!(folder.read("w.html").contains("It was ended early."));
    watch(&folder, &url, &["--html", "."]).complains(2, &["brolly: "]).lacks("server");
}
