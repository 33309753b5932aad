//! Times `brolly lsp`: from a keystroke to the diagnostics of the text with it, in a project of 300
//! migrations and in code of 3,000 files.

use super::ms;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const KEYS: usize = 50;

/// The figures, a line for each place where somebody types. `few` are migrations, `app` is code.
pub fn times(brolly: &Path, few: &Path, app: &Path) -> Result<String, String> {
    let last = format!("drizzle/{}.sql", super::tag(super::FEW - 1));
    let sql = "ALTER TABLE \"table_1_2\" DROP COLUMN \"note\";    ";
    let schema = "  // the name that is shown, if there is one.    ";
    let mut text = String::new();
    for (what, dir, file, before, typed) in [
        (format!("in SQL, {} migrations", super::FEW), few, last.as_str(), "", sql),
        ("in SQL, 3000 files of code".to_owned(), app, "drizzle/0001_drop.sql", "", sql),
        ("in schema.ts, 3000 files".to_owned(), app, "src/db/schema.ts", "note: text('note'),", schema),
    ] {
        let mut times = session(brolly, dir, file, before, typed)?;
        times.sort();
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        let what = format!("a key {what}");
        let _ = writeln!(text, "{what:<31} {:>9}   {} at worst, of {}", ms(median), ms(worst), times.len());
    }
    Ok(text)
}

/// Types into a file, behind `before`, letter by letter. The text that `before` is in is left out: what
/// deployed code needs is gone while this is typed.
fn session(
    brolly: &Path,
    dir: &Path,
    file: &str,
    before: &str,
    typed: &str,
) -> Result<Vec<Duration>, String> {
    let root = fs::canonicalize(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let uri = format!("file://{}/{file}", root.display());
    let text = fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
    let at = text.rfind(before).unwrap_or(0);
    let text = format!("{}{}", &text[..at], &text[at + before.len()..]);
    let (line, column) = (text[..at].matches('\n').count(), at - text[..at].rfind('\n').map_or(0, |n| n + 1));
    let mut server = Server::start(brolly, &root)?;
    let folder = serde_json::json!({ "processId": null, "capabilities": {}, "rootUri": format!("file://{}", root.display()) });
    server
        .send(serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": folder }))?;
    server.until(|message| message["id"] == 1)?;
    server.tell("initialized", serde_json::json!({}))?;
    let document = serde_json::json!({ "uri": uri, "languageId": "sql", "version": 0, "text": text });
    server.tell("textDocument/didOpen", serde_json::json!({ "textDocument": document }))?;
    let judged = |version: usize| {
        let uri = uri.clone();
        move |message: &serde_json::Value| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
                && message["params"]["version"] == version
        }
    };
    server.until(judged(0))?;
    let mut times = Vec::new();
    for (n, letter) in typed.chars().cycle().take(KEYS).enumerate() {
        let place = serde_json::json!({ "line": line, "character": column + n });
        let change =
            serde_json::json!({ "range": { "start": place, "end": place }, "text": letter.to_string() });
        let document = serde_json::json!({ "uri": uri, "version": n + 1 });
        let start = Instant::now();
        let params = serde_json::json!({ "textDocument": document, "contentChanges": [change] });
        server.tell("textDocument/didChange", params)?;
        server.until(judged(n + 1))?;
        times.push(start.elapsed());
    }
    Ok(times)
}

struct Server {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(brolly: &Path, dir: &Path) -> Result<Server, String> {
        let mut command = Command::new(brolly);
        command.arg("lsp").current_dir(dir).env("BROLLY_CACHE", dir.join(super::CACHE));
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = started.map_err(|error| format!("{}: {error}", brolly.display()))?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Server { process, stdin, stdout: BufReader::new(stdout) }),
            _ => Err("the server has no pipes".to_owned()),
        }
    }

    fn tell(&mut self, method: &str, params: serde_json::Value) -> Result<(), String> {
        self.send(serde_json::json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: serde_json::Value) -> Result<(), String> {
        let text = message.to_string();
        let written = write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len());
        written.and_then(|()| self.stdin.flush()).map_err(|error| format!("the server is gone: {error}"))
    }

    /// Reads up to a message.
    fn until(&mut self, wanted: impl Fn(&serde_json::Value) -> bool) -> Result<(), String> {
        while !wanted(&self.receive().map_err(|error| format!("the server is gone: {error}"))?) {}
        Ok(())
    }

    fn receive(&mut self) -> std::io::Result<serde_json::Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => {
                    length =
                        line.strip_prefix("Content-Length: ").and_then(|n| n.parse().ok()).unwrap_or(length)
                }
            }
        }
        let mut bytes = vec![0; length];
        self.stdout.read_exact(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
