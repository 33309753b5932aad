//! Recorded sessions: what an editor sent and what the server said, a message a line.
//!
//! A file in `sessions` is one session in the repository of `main.rs`. Its lines are
//!
//! - `{"->": message}`: sent to the server,
//! - `{"<-": message}`: the next message that comes back,
//! - `{"save": path, "text": text}`, `{"git": [..]}`: done to the repository meanwhile,
//! - `{"exit": code}`: how the server ends.
//!
//! `{root}` stands for the URI of the repository, `{head}` for its commit. Of long texts only the first line is kept: words are the
//! affair of other tests. `RECORD=1` writes down what comes in the place of each `<-`.

use crate::client::Client;
use crate::run::Folder;
use serde_json::{Value, json};
use std::path::Path;

/// Plays a session.
pub fn play(path: &Path, folder: &Folder) {
    let recorded = std::fs::read_to_string(path).expect("the session can be read");
    let mut client = Some(Client::start(folder));
    let root = client.as_ref().map(|client| client.uri("")).unwrap_or_default();
    let root = root.trim_end_matches('/');
    let head = folder.git(".", &["rev-parse", "--short=7", "HEAD"]);
    let mut played = String::new();
    for (n, line) in recorded.lines().enumerate() {
        let said = line.replace("{root}", root).replace("{head}", &head);
        let step: Value =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("line {}: {error}", n + 1));
        let mut line = line.to_owned();
        if let Some(message) = step.get("->") {
            client.as_mut().expect("it runs").send(message);
        } else if step.get("<-").is_some() {
            let message = shortened(client.as_mut().expect("it runs").receive());
            let seen = json!({ "<-": message }).to_string().replace(root, "{root}").replace(&head, "{head}");
            line = seen;
        } else if let Some(path) = step["save"].as_str() {
            folder.write(path, step["text"].as_str().expect("a text"));
        } else if let Some(args) = step["git"].as_array() {
            let args: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
            folder.git(".", &args);
        } else if let Some(code) = step["exit"].as_i64() {
            let ended = client.take().expect("it runs").ended();
            assert_eq!(i64::from(ended), code, "{}", path.display());
        } else {
            panic!("{}:{}: this is no step", path.display(), n + 1);
        }
        played.push_str(&line);
        played.push('\n');
    }
    assert!(client.is_none(), "{}: the session does not end", path.display());
    if std::env::var_os("RECORD").is_some() {
        std::fs::write(path, played).expect("the session can be written");
        return;
    }
    for (n, (recorded, played)) in recorded.lines().zip(played.lines()).enumerate() {
        let (recorded, played): (Value, Value) = (parsed(recorded), parsed(played));
        assert_eq!(played, recorded, "{}:{}", path.display(), n + 1);
    }
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// A message with the first lines of its texts.
fn shortened(mut message: Value) -> Value {
    for list in ["/params/diagnostics", "/result"] {
        let list = message.pointer_mut(list).and_then(Value::as_array_mut);
        for item in list.into_iter().flatten() {
            first_line(item.get_mut("message"));
            first_line(item.pointer_mut("/diagnostics/0/message"));
        }
    }
    if message["method"] == "window/logMessage" {
        first_line(message.pointer_mut("/params/message"));
    }
    if let Some(Value::String(text)) = message.pointer_mut("/result/contents/value") {
        // What is known of the statement, and the names of the pages.
        let short = |part: &str| match part.starts_with("# ") {
            true => part.lines().next().unwrap_or_default().to_owned(),
            false => part.to_owned(),
        };
        *text = text.split("\n\n---\n\n").map(short).collect::<Vec<_>>().join("\n\n");
    }
    // Each release has another one.
    if let Some(version) = message.pointer_mut("/result/serverInfo/version") {
        *version = json!("..");
    }
    message
}

fn first_line(text: Option<&mut Value>) {
    if let Some(Value::String(text)) = text {
        *text = text.lines().next().unwrap_or_default().to_owned();
    }
}
