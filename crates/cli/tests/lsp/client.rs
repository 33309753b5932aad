//! An editor: starts `brolly lsp` in a folder, sends messages over its standard input, and reads what comes
//! back. Nothing of the server is linked in.

use crate::run::Folder;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Nothing takes longer, on whatever machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An editor and its server.
pub struct Client {
    server: Child,
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    root: String,
    asked: i32,
}

impl Client {
    /// Starts the server in a folder.
    pub fn start(folder: &Folder) -> Client {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brolly"));
        command.args(["lsp", "--stdio"]).current_dir(folder.path()).env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", folder.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("BROLLY_CACHE", folder.path().join(".git/brolly-cache"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = command.spawn().expect("brolly starts");
        let stdin = server.stdin.take();
        let mut stdout = BufReader::new(server.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let root = format!("file://{}", folder.path().canonicalize().expect("a path").display());
        Client { server, stdin, messages, root, asked: 0 }
    }

    /// The same after the handshake, with the folder opened.
    pub fn open(folder: &Folder) -> Client {
        let mut client = Client::start(folder);
        let capabilities = json!({
            "textDocument": { "publishDiagnostics": { "relatedInformation": true, "codeDescriptionSupport": true } },
            "workspace": { "workspaceEdit": { "documentChanges": true } },
        });
        let params = json!({ "processId": null, "rootUri": client.root, "capabilities": capabilities });
        client.ask("initialize", params);
        client.tell("initialized", json!({}));
        client
    }

    /// The URI of a file of the folder.
    pub fn uri(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the server reads");
    }

    /// Sends a message.
    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    /// Sends a notification.
    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request, and waits for its answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// The next message of the server.
    pub fn receive(&mut self) -> Value {
        self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nothing comes: {}", self.stderr()))
    }

    /// Opens a file with this text, and gives its diagnostics.
    pub fn open_file(&mut self, path: &str, language: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": self.uri(path), "languageId": language, "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.diagnostics(path, Some(1))
    }

    /// Types a whole new text, and gives its diagnostics.
    pub fn retype(&mut self, path: &str, version: i32, text: &str) -> Vec<Value> {
        self.change(path, version, json!([{ "text": text }]));
        self.diagnostics(path, Some(version))
    }

    /// Types.
    pub fn change(&mut self, path: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(path), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// Waits for the diagnostics of a file, of this version of its text.
    pub fn diagnostics(&mut self, path: &str, version: Option<i32>) -> Vec<Value> {
        let uri = self.uri(path);
        loop {
            let message = self.receive();
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri.as_str()
                && (version.is_none() || params["version"] == json!(version))
            {
                return params["diagnostics"].as_array().expect("a list").clone();
            }
        }
    }

    /// The code actions at a diagnostic.
    pub fn actions(&mut self, path: &str, diagnostic: &Value) -> Vec<Value> {
        let uri = self.uri(path);
        let context = json!({ "diagnostics": [diagnostic] });
        let params =
            json!({ "textDocument": { "uri": uri }, "range": diagnostic["range"], "context": context });
        let answer = self.ask("textDocument/codeAction", params);
        answer["result"].as_array().unwrap_or_else(|| panic!("no actions: {answer}")).clone()
    }

    /// The text of a hover; empty where there is none.
    pub fn hover(&mut self, path: &str, line: u32, character: u32) -> String {
        let uri = self.uri(path);
        let position = json!({ "line": line, "character": character });
        let answer =
            self.ask("textDocument/hover", json!({ "textDocument": { "uri": uri }, "position": position }));
        answer["result"]["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Takes leave; the exit code.
    pub fn leave(mut self) -> i32 {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.ended()
    }

    /// The exit code of a server that was told to end, or that nobody writes to any more.
    pub fn ended(mut self) -> i32 {
        drop(self.stdin.take());
        self.server.wait().expect("it ends").code().expect("by itself")
    }

    fn stderr(&mut self) -> String {
        let _ = self.server.kill();
        let mut text = String::new();
        if let Some(mut stderr) = self.server.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The next message; `None` at the end.
fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                if let Some(number) = line.strip_prefix("Content-Length: ") {
                    length = number.parse().ok()?;
                }
            }
        }
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The rules of diagnostics, sorted.
pub fn rules(diagnostics: &[Value]) -> Vec<&str> {
    let mut rules: Vec<&str> = diagnostics.iter().filter_map(|one| one["code"].as_str()).collect();
    rules.sort_unstable();
    rules
}

/// The diagnostic of a rule.
#[track_caller]
pub fn of_rule<'d>(diagnostics: &'d [Value], rule: &str) -> &'d Value {
    let found = diagnostics.iter().find(|one| one["code"] == rule);
    found.unwrap_or_else(|| panic!("no {rule} in {}", json!(diagnostics)))
}

/// A text after the edits of a code action, which are all in one file.
#[track_caller]
pub fn edited(text: &str, action: &Value) -> String {
    let edits = &action["edit"]["documentChanges"][0]["edits"];
    let mut edits = edits.as_array().unwrap_or_else(|| panic!("no edits in {action}")).clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(offset(text, &edit["range"]["start"])));
    edits.iter().fold(text.to_owned(), |mut text, edit| {
        let (start, end) = (offset(&text, &edit["range"]["start"]), offset(&text, &edit["range"]["end"]));
        text.replace_range(start..end, edit["newText"].as_str().expect("a text"));
        text
    })
}

/// The byte of a position, found in another way than the server's.
pub fn offset(text: &str, position: &Value) -> usize {
    let number = |name: &str| position[name].as_u64().expect("a number") as usize;
    let line: usize = text.split_inclusive('\n').take(number("line")).map(str::len).sum();
    let mut units = 0;
    let letters = text[line..].char_indices().find(|(_, letter)| {
        let here = units >= number("character");
        units += letter.len_utf16();
        here
    });
    line + letters.map_or(text.len() - line, |(at, _)| at)
}
