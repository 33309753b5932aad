//! What it takes to see a replica and the program at work: both are asked until something is so.

use crate::replica::{Replica, primary};
use crate::run::Folder;
use crate::servers::wait;
use crate::{CREATE, migrate, project};
use pg::{Connection, Server};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// How long something may take that is to come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What has run before.
pub const FIRST: [(&str, &str); 2] = [
    CREATE,
    (
        "0001_more",
        "CREATE INDEX users_name ON users (name);\n--> statement-breakpoint\nCREATE TABLE posts (id int);\n",
    ),
];

/// Asks again and again until the answer is this one.
pub async fn until(session: &Connection, query: &str, answer: &str) {
    let start = Instant::now();
    loop {
        let now = session.value(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        if now.as_deref() == Some(answer) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{query}: {now:?}, never {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a replica has replayed what its primary has committed; the servers of the tests flush it late.
pub async fn caught_up(server: &Server, there: &Connection) {
    let primary = server.connect().await.expect("a connection");
    primary
        .batch("SET synchronous_commit = on; SELECT pg_logical_emit_message(true, '', '')")
        .await
        .expect("it can");
    let end = primary.value("SELECT pg_current_wal_flush_lsn()").await.expect("an answer").expect("a place");
    until(there, &format!("SELECT pg_last_wal_replay_lsn() >= '{end}'"), "t").await;
}

/// Runs a statement on the primary.
pub async fn on(server: &Server, text: &str) {
    let done = server.connect().await.expect("a connection").batch(text).await;
    done.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// A server with the first migrations, a replica that ends a query after so long, and the project.
pub fn begun(major: u16, settings: &[&str], pending: &[(&str, &str)]) -> (Server, Replica, Folder) {
    let server = primary(major);
    let folder = project(&FIRST);
    migrate(&folder, &server.url("postgres"), &[]).says(0, &["2 migrations applied"]);
    let replica = Replica::with(&server, major, settings, &[]);
    wait(async { caught_up(&server, &replica.connect().await).await });
    folder.journal("drizzle", &[&FIRST, pending].concat());
    (server, replica, folder)
}

/// The program, at work.
pub struct Running {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

/// Starts it; its lines are those of its output with `--format json`, else those of the error stream.
pub fn started(folder: &Folder, args: &[&str], variables: &[(&str, &str)]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brolly"));
    command.args(args).current_dir(folder.path()).env("HOME", folder.path()).envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("brolly starts");
    let stream: Box<dyn std::io::Read + Send> = match args.contains(&"json") {
        true => Box::new(child.stdout.take().expect("it is piped")),
        false => Box::new(child.stderr.take().expect("it is piped")),
    };
    let (told, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let _ = told.send(line.expect("text"));
        }
    });
    Running { child, lines }
}

impl Running {
    /// The first line to come that holds this.
    pub fn says(&self, piece: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(piece) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no {piece:?} in:\n{}", seen.join("\n")),
            }
        }
    }

    /// Waits for its end, which is a good one.
    pub fn ends_well(mut self) {
        let status = self.child.wait().expect("it ends");
        let mut rest: String = self.lines.iter().map(|line| line + "\n").collect();
        for stream in [
            self.child.stdout.take().map(|it| Box::new(it) as Box<dyn std::io::Read>),
            self.child.stderr.take().map(|it| Box::new(it) as _),
        ] {
            stream.into_iter().for_each(|mut stream| drop(stream.read_to_string(&mut rest)));
        }
        assert!(status.success(), "{status}\n{rest}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
