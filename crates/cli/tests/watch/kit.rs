//! Servers, traffic and watches for the tests beside this.

use crate::run::{Ended, Folder};
use crate::servers::{binaries, setup, wait};
use pg::{Connection, Server, Setup, Target};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A server that counts statements and may have replicas.
pub fn with(major: u16) -> Server {
    let settings = [
        ("shared_preload_libraries", "pg_stat_statements"),
        ("wal_level", "replica"),
        ("max_wal_senders", "4"),
        ("hot_standby", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Server::start_with(&binaries(major), &Setup { settings, ..setup() })
        .unwrap_or_else(|error| panic!("{error}"))
}

/// What an app would ask for.
pub fn items(server: &Server) {
    sql(
        server,
        "create extension pg_stat_statements; create table items (id int primary key, name text); \
         insert into items select i, 'item ' || i from generate_series(1, 1000) i; analyze items",
    );
}

pub fn sql(server: &Server, text: &str) {
    wait(async { server.connect().await.expect("a connection").batch(text).await.expect("it works") });
}

/// A session that an app would have.
pub async fn app(server: &Server) -> Connection {
    opened(&server.target("postgres")).await
}

async fn opened(target: &Target) -> Connection {
    pg::connect(&target.named("shop")).await.expect("a connection")
}

/// Traffic that always is the same.
pub async fn load(session: Connection) -> Connection {
    session.batch("select name from items where id = 7").await.expect("it works");
    session
}

/// Does something while traffic goes on: what one session does, again and again.
pub fn during<F: Future<Output = Connection>>(
    server: &Server,
    traffic: fn(Connection) -> F,
    work: impl FnOnce(),
) {
    let (stop, target) = (AtomicBool::new(false), server.target("postgres"));
    std::thread::scope(|scope| {
        let stop_it = &stop;
        scope.spawn(move || {
            wait(async {
                let mut session = opened(&target).await;
                while !stop_it.load(Ordering::Relaxed) {
                    session = traffic(session).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        });
        let stopped = Stop(&stop);
        work();
        drop(stopped);
    });
}

/// Ends traffic, however the work beside it ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const OFTEN: [&str; 2] = ["--every", "200ms"];

pub fn watch(folder: &Folder, url: &str, args: &[&str]) -> Ended {
    folder.brolly(&[&["watch", "--database-url", url], &OFTEN[..], args].concat())
}

/// The documents that were printed.
pub fn lines(ended: &Ended) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {ended}"));
    ended.out.lines().map(line).collect()
}

/// The findings of a topic in the verdict.
pub fn told<'a>(verdict: &'a Value, topic: &str) -> Vec<&'a Value> {
    let findings = verdict["findings"].as_array().expect("findings").iter();
    findings.filter(|one| one["topic"] == topic).collect()
}

/// A watch that goes on.
pub struct Watch {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    read: String,
}

impl Watch {
    pub fn start(folder: &Folder, url: &str, args: &[&str]) -> Watch {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brolly"));
        command.args([&["watch", "--database-url", url], &OFTEN[..], args].concat());
        command
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("an output"));
        Watch { child, out, read: String::new() }
    }

    /// Waits for a line that holds something.
    pub fn line(&mut self, what: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).expect("text") > 0, "no {what} in {}", self.read);
            self.read.push_str(&line);
            if line.contains(what) {
                return serde_json::from_str(&line).expect("JSON");
            }
        }
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(self) -> Ended {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
        self.end()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        self.out.read_to_string(&mut self.read).expect("text");
        let done = self.child.wait_with_output().expect("it ends");
        Ended {
            code: done.status.code().expect("it ends by itself"),
            out: self.read,
            err: String::from_utf8(done.stderr).expect("text"),
        }
    }
}

/// Takes what it describes and nothing else.
pub fn closed(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                members.values_mut().for_each(close);
                // A line is what it refers to, and the name of its event.
                let line = members.get("$ref").is_some();
                if line {
                    members.insert("unevaluatedProperties".to_owned(), json!(false));
                }
                let open = line || members.get("additionalProperties").is_some();
                if members.contains_key("properties") && !open {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    for line in ["Begun", "Sample", "Verdict"] {
        schema["$defs"][line].as_object_mut().expect("it is there").remove("additionalProperties");
    }
    schema
}
