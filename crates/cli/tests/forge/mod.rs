//! A forge that keeps the comments of one pull request: the other end of what the CI jobs send, on
//! loopback. It answers GitHub's and GitLab's paths alike, and remembers what it was asked.

#![allow(dead_code, reason = "each test file uses its share of this")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running forge; it ends with the test.
#[derive(Clone)]
pub struct Forge {
    /// Where it listens, as a URL.
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    comments: Vec<Value>,
    writes: Vec<String>,
    read_only: bool,
}

/// The token that it takes.
pub const TOKEN: &str = "token-of-the-test";

/// Starts one.
pub fn forge() -> Forge {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let forge = Forge { url, state: Arc::default() };
    let state = forge.state.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(&stream, &state);
        }
    });
    forge
}

impl Forge {
    /// Texts of the comments, in order.
    pub fn comments(&self) -> Vec<String> {
        let state = self.state.lock().expect("no test panicked in it");
        state.comments.iter().map(|comment| comment["body"].as_str().expect("a text").to_owned()).collect()
    }

    /// The writing requests since the last time, as `METHOD path`.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().expect("no test panicked in it").writes)
    }

    /// Refuses to write from now on, as for the token of a fork.
    pub fn only_reads(&self) {
        self.state.lock().expect("no test panicked in it").read_only = true;
    }

    /// A comment by somebody who has nothing to do with the project.
    pub fn stranger_says(&self, body: &str) {
        let mut state = self.state.lock().expect("no test panicked in it");
        let id = state.comments.len() + 1;
        state.comments.push(json!({
            "id": id, "body": body, "author_association": "NONE",
            "user": { "type": "User" }, "author": { "id": 99 },
        }));
    }
}

fn answer(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request");
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut length, mut trusted) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().expect("a number"),
            "authorization" => trusted = value == format!("Bearer {TOKEN}"),
            "private-token" => trusted = value == TOKEN,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("as much as was announced");
    let state = &mut *state.lock().expect("no test panicked in it");
    let (code, answer) = match trusted {
        true => state.serve(&method, &path, &body),
        false => (401, json!({ "message": "Bad credentials" })),
    };
    let text = answer.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {code} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
    .ok();
}

impl State {
    fn serve(&mut self, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        if method == "GET" {
            if path.ends_with("/user") {
                return (200, json!({ "id": 7 }));
            }
            let (_, page) = path.rsplit_once("page=").expect("pages are asked for");
            let page: usize = page.parse().expect("a number");
            let page = self.comments.iter().skip((page - 1) * 100).take(100);
            return (200, page.cloned().collect());
        }
        self.writes.push(format!("{method} {path}"));
        if self.read_only {
            return (403, json!({ "message": "Resource not accessible by integration" }));
        }
        let body: Value = serde_json::from_slice(body).expect("it is JSON");
        let text = body["body"].as_str().expect("a text");
        assert!(text.len() <= 65_536, "GitHub takes no more");
        if method == "POST" {
            let id = self.comments.len() + 1;
            self.comments.push(json!({
                "id": id, "body": text, "author_association": "NONE",
                "user": { "type": "Bot" }, "author": { "id": 7 },
            }));
            return (201, json!({ "id": id }));
        }
        let (_, id) = path.rsplit_once('/').expect("a path");
        let id: u64 = id.parse().expect("a number");
        let comment = self.comments.iter_mut().find(|comment| comment["id"] == id).expect("it is there");
        comment["body"] = text.into();
        (200, json!({ "id": id }))
    }
}
