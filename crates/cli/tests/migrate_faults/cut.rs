//! A run that is cut short in the middle of a migration, with a transaction committed behind it and an index built:
//! the server is stopped, a session ended, the network gone, the disk full. It says what happened and at which
//! statement; what was committed stays, and the next run finishes with everything done once.

use crate::hand::{Disk, postgres, stop, takes_connections};
use crate::run::{Ended, Folder};
use crate::servers::server;
use crate::{migrate, project, sql};
use pg::Server;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const CREATE: (&str, &str) = (
    "0000_create",
    "CREATE TABLE users (id serial PRIMARY KEY, name text);\n--> statement-breakpoint\n\
     CREATE TABLE log (n int);\n--> statement-breakpoint\n\
     CREATE TABLE pause AS SELECT 60 AS s;\n--> statement-breakpoint\n\
     INSERT INTO users (name) SELECT repeat('x', 100) || n FROM generate_series(1, 20000) n;\n",
);
/// A transaction, an index, and a transaction that is held up in its middle.
pub const STEPS: (&str, &str) = (
    "0001_steps",
    "INSERT INTO log VALUES (1);\n--> statement-breakpoint\n\
     CREATE INDEX CONCURRENTLY users_name ON users (name);\n--> statement-breakpoint\n\
     INSERT INTO log VALUES (2);\n--> statement-breakpoint\n\
     SELECT pg_sleep(s) FROM pause;\n--> statement-breakpoint\n\
     INSERT INTO log VALUES (3);\n",
);
const HELD_UP: &str =
    "pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(s)%' AND wait_event = 'PgSleep'";
/// What is done, in the order in which it happened.
pub const DONE: &str = "SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') || ', ' || (SELECT count(*) FROM \
                    drizzle.__drizzle_migrations) || ' in the ledger, ' || (SELECT count(*) FROM pg_index WHERE \
                    indrelid = 'users'::regclass AND indisvalid) || ' indexes' FROM log";
const KEPT: &str =
    "what was committed is kept, what was open is rolled back: start again, and it goes on from there";
const PLACE: &str = "drizzle/0001_steps.sql:7, statement 4 of 0001_steps: the connection to";

/// A server with the first migration applied, and a folder with both.
pub fn begun(major: u16) -> (Server, Folder) {
    let server = server(major);
    let folder = project(&[CREATE]);
    migrate(&folder, &server.url("postgres"), &[]).says(0, &["1 migration applied"]);
    folder.journal("drizzle", &[CREATE, STEPS]);
    (server, folder)
}

/// A run that is held up at the fourth statement, and what happens then.
pub fn disturbed(server: &Server, folder: &Folder, url: &str, disturb: impl FnOnce()) -> Ended {
    std::thread::scope(|scope| {
        let running = scope.spawn(|| migrate(folder, url, &["--allow", "a test"]));
        let start = Instant::now();
        while sql(server, &format!("SELECT {HELD_UP}")).is_none() {
            assert!(!running.is_finished(), "{}", running.join().expect("it ran"));
            assert!(start.elapsed() < Duration::from_secs(30), "it does not come to its fourth statement");
            std::thread::sleep(Duration::from_millis(20));
        }
        disturb();
        running.join().expect("it ran")
    })
}

/// The next run has two statements to pass over, and the rest to do.
#[track_caller]
pub fn goes_on(server: &Server, folder: &Folder, url: &str) -> Ended {
    assert_eq!(sql(server, DONE).as_deref(), Some("1, 1 in the ledger, 2 indexes"));
    sql(server, "UPDATE pause SET s = 0");
    let ended = migrate(folder, url, &["--allow", "a test"]);
    ended
        .complains(0, &["statement 1 was done by an earlier run", "statement 2 was done"])
        .says(0, &["1 migration applied"]);
    assert_eq!(sql(server, DONE).as_deref(), Some("1 2 3, 2 in the ledger, 2 indexes"));
    assert_eq!(sql(server, "SELECT count(*) FROM drizzle.__brolly_statements").as_deref(), Some("0"));
    ended
}

#[test]
fn a_server_that_is_stopped_and_started_again() {
    for (major, signal, said) in [
        (13, "INT", "terminating connection due to administrator command"),
        (18, "QUIT", "terminating connection due to immediate shutdown command"),
    ] {
        let (server, folder) = begun(major);
        let url = server.url("postgres");
        let ended = disturbed(&server, &folder, &url, || {
            // These servers commit before it is on the disk.
            sql(&server, "CHECKPOINT");
            stop(&server, signal);
        });
        ended.complains(2, &["brolly: ", PLACE, said, KEPT]);
        // While there is none, nothing is run.
        migrate(&folder, &url, &[]).complains(2, &["cannot connect to", "start the server"]);
        let _again = postgres(major, &server.dir().join("data"), server.dir(), &[]);
        takes_connections(&server);
        goes_on(&server, &folder, &url);
    }
}

#[test]
fn a_session_that_is_ended() {
    let (server, folder) = begun(15);
    let url = server.url("postgres");
    let ended = disturbed(&server, &folder, &url, || {
        sql(&server, &format!("SELECT pg_terminate_backend(pid), {HELD_UP}"));
    });
    ended.complains(2, &[PLACE, "terminating connection due to administrator command", KEPT]);
    goes_on(&server, &folder, &url);
}

/// The session that holds the run lock is gone, so that another run may begin: it ends the first one's session,
/// and what was done is done once.
#[test]
fn a_run_that_lost_its_lock_is_ended_by_the_next_one() {
    let (server, folder) = begun(17);
    let url = server.url("postgres");
    let mut next = None;
    let ended = disturbed(&server, &folder, &url, || {
        let guard = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted";
        assert_eq!(sql(&server, guard).as_deref(), Some("t"));
        next = Some(goes_on(&server, &folder, &url));
    });
    ended.complains(2, &[PLACE, "terminating connection due to administrator command", KEPT]);
    let next = next.expect("it ran");
    next.complains(0, &["sessions of a run that died are still at work"]);
}

/// A network between brolly and a server.
struct Network {
    dir: tempfile::TempDir,
    near: Arc<Mutex<Vec<UnixStream>>>,
}

impl Network {
    fn to(server: &Path) -> Network {
        let dir = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).expect("a socket");
        let (far, near) = (server.join(".s.PGSQL.5432"), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&near);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = UnixStream::connect(&far) else { return };
                let both = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
                let (Some((mut up, mut to)), Some((mut down, mut from))) = (both(), both()) else { return };
                all.lock().expect("no panic").push(client);
                std::thread::spawn(move || {
                    let goodbye = pass(&mut up, &mut to);
                    // Of a connection that is cut the server hears nothing.
                    if goodbye {
                        let _ = to.shutdown(Shutdown::Both);
                    }
                    std::mem::forget(to);
                });
                std::thread::spawn(move || pass(&mut from, &mut down));
                std::mem::forget(server);
            }
        });
        Network { dir, near }
    }

    fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.dir.path().display())
    }

    fn cut(&self) {
        for one in self.near.lock().expect("no panic").drain(..) {
            let _ = one.shutdown(Shutdown::Both);
        }
    }
}

/// Hands on what comes, until nothing does; whether the last of it was the message that ends a session.
fn pass(from: &mut UnixStream, to: &mut UnixStream) -> bool {
    let (mut bytes, mut goodbye) = ([0; 8192], false);
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        goodbye = bytes[..count].ends_with(&[b'X', 0, 0, 0, 4]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    goodbye
}

/// The server hears nothing of it, and goes on with the statement: the next run ends that.
#[test]
fn a_network_that_is_gone() {
    let (server, folder) = begun(16);
    let network = Network::to(server.dir());
    let ended = disturbed(&server, &folder, &network.url(), || network.cut());
    ended.complains(2, &[PLACE, "was lost: ", KEPT]);
    assert!(sql(&server, &format!("SELECT {HELD_UP}")).is_some(), "the server heard of it");
    // The run lock is held by a session whose client is gone, too.
    let guards = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted";
    assert_eq!(sql(&server, guards).as_deref(), Some("t"));
    let next = goes_on(&server, &folder, &network.url());
    next.complains(0, &["sessions of a run that died are still at work"]);
}

#[test]
fn a_full_disk() {
    let Some(disk) = Disk::new("1m") else { return };
    let (server, folder) = begun(17);
    let url = server.url("postgres");
    sql(&server, "UPDATE pause SET s = 0");
    sql(&server, &format!("CREATE TABLESPACE small LOCATION '{}'", disk.tables(&server).display()));
    sql(&server, "ALTER ROLE postgres SET default_tablespace = small");
    let ended = migrate(&folder, &url, &["--allow", "a test"]);
    let said = [
        "index users_name could not be built: what is left of it is dropped",
        "drizzle/0001_steps.sql:3, statement 2 of 0001_steps: the server",
        "could not go on: could not extend file",
        "No space left on device (53100)",
        "free some room on its disk",
        KEPT,
    ];
    ended.complains(2, &said);
    assert_eq!(sql(&server, "SELECT to_regclass('users_name')"), None, "the wreck keeps its room");
    assert_eq!(sql(&server, DONE).as_deref(), Some("1, 1 in the ledger, 1 indexes"));
    disk.grow("60m");
    migrate(&folder, &url, &["--allow", "a test"])
        .complains(0, &["statement 1 was done by an earlier run"])
        .says(0, &["1 migration applied"]);
    assert_eq!(sql(&server, DONE).as_deref(), Some("1 2 3, 2 in the ledger, 2 indexes"));
}
