//! Versions of an app at work at a steady rate, what they have written by what the server acknowledged, and for how
//! long the server saw them wait for locks.

use pg::{Connection, Server, Target};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// From one statement or transaction to the next.
const EVERY: Duration = Duration::from_millis(15);
/// From one look at who waits to the next.
const LOOKS: Duration = Duration::from_millis(10);
/// Whoever has sent less than was asked for by then is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// A version of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// It knows `users.name`, and writes orders without a country.
    Old,
    /// It knows `users.full_name`, and gives every order a country.
    New,
}

/// What a session has written.
#[derive(Debug, Default)]
pub struct Written {
    /// Names and visits by key.
    pub users: BTreeMap<i64, (String, i64)>,
    /// Users and countries by key.
    pub orders: BTreeMap<i64, (i64, Option<String>)>,
    /// What the server refused, and what was read and was not what had been written.
    pub failures: BTreeSet<String>,
}

/// A session that is at work.
pub struct App {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    thread: JoinHandle<Written>,
}

impl App {
    /// Starts the session of this number.
    pub fn start(server: &Server, version: Version, number: i64) -> App {
        let target = server.target("postgres").named(&format!("app {number}"));
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let work = move || crate::servers::wait(work(&target, version, number, &told, &count));
        App { stop, sent, thread: std::thread::spawn(work) }
    }

    /// Stops it.
    pub fn stop(self) -> Written {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}

/// Lets all of these work until each has sent something twenty times.
pub fn pass(apps: &[App]) {
    let before: Vec<usize> = apps.iter().map(|one| one.sent.load(Ordering::Relaxed)).collect();
    let start = Instant::now();
    let has_sent = |(one, before): (&App, &usize)| one.sent.load(Ordering::Relaxed) >= before + 20;
    while !apps.iter().zip(&before).all(has_sent) {
        assert!(start.elapsed() < STUCK, "a session of the app is stuck");
        std::thread::sleep(Duration::from_millis(10));
    }
}

async fn work(
    target: &Target,
    version: Version,
    number: i64,
    stop: &AtomicBool,
    sent: &AtomicUsize,
) -> Written {
    let session = pg::connect(target).await.expect("a connection");
    let mut written = Written::default();
    let mut next = number * 1_000_000;
    while !stop.load(Ordering::Relaxed) {
        next += 1;
        if let Err(error) = one(&session, version, next, &mut written).await {
            written.failures.insert(format!("{version:?}: {error}"));
            session.batch("ROLLBACK").await.expect("it is connected");
        }
        sent.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(EVERY).await;
    }
    session.close().await;
    written
}

/// What the app does once: `n` makes keys and values that nobody else has.
async fn one(session: &Connection, version: Version, n: i64, written: &mut Written) -> Result<(), pg::Error> {
    let name = if version == Version::Old { "name" } else { "full_name" };
    let mine = written.users.keys().nth(n as usize % written.users.len().max(1)).copied();
    let country = (version == Version::New || n % 3 == 0).then(|| "FR".to_owned());
    let shown = country.as_ref().map_or("NULL".to_owned(), |country| format!("'{country}'"));
    let insert_order =
        |user: i64| format!("INSERT INTO orders (id, user_id, country) VALUES ({n}, {user}, {shown})");
    match (n % 5, mine) {
        (0, _) | (_, None) => {
            let values = format!("({n}, 'e{n}', 'n{n}', 1)");
            session.batch(&format!("INSERT INTO users (id, email, {name}, visits) VALUES {values}")).await?;
            written.users.insert(n, (format!("n{n}"), 1));
        }
        (1, Some(user)) => {
            let sql = format!("UPDATE users SET {name} = 'm{n}', visits = {n} WHERE id = {user}");
            session.batch(&sql).await?;
            written.users.insert(user, (format!("m{n}"), n));
        }
        (2, Some(user)) => {
            session.batch("BEGIN").await?;
            session.batch(&format!("UPDATE users SET visits = visits + 1 WHERE id = {user}")).await?;
            session.batch(&insert_order(user)).await?;
            session.batch("COMMIT").await?;
            written.users.entry(user).and_modify(|(_, visits)| *visits += 1);
            written.orders.insert(n, (user, country));
        }
        (3, Some(user)) => {
            let sql = format!("SELECT {name}, visits FROM users WHERE id = {user}");
            let read = session.rows(&sql).await?;
            let (name, visits) = &written.users[&user];
            let known = vec![vec![Some(name.clone()), Some(visits.to_string())]];
            if read != known {
                written.failures.insert(format!("{version:?}: read {read:?} where {known:?} was written"));
            }
        }
        (_, Some(user)) => {
            session.batch(&insert_order(user)).await?;
            written.orders.insert(n, (user, country));
            if let Some(gone) = written.orders.keys().next().copied().filter(|_| n % 2 == 0) {
                session.batch(&format!("DELETE FROM orders WHERE id = {gone}")).await?;
                written.orders.remove(&gone);
            }
        }
    }
    Ok(())
}

/// Looks which sessions of the app wait for locks.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Longest>,
}

/// The longest wait for a lock that was seen.
#[derive(Clone, Debug, Default)]
pub struct Longest {
    /// From the start of the statement, by the clock of the server.
    pub time: Duration,
    /// The statement.
    pub sql: String,
}

/// By the server's own account: <https://www.postgresql.org/docs/current/monitoring-stats.html>
const WAITING: &str = "SELECT (extract(epoch FROM clock_timestamp() - query_start) * 1000)::bigint, query \
                       FROM pg_stat_activity WHERE application_name LIKE 'app %' AND state = 'active' \
                       AND wait_event_type = 'Lock' ORDER BY 1 DESC LIMIT 1";

impl Watch {
    /// Begins to look.
    pub fn start(server: &Server) -> Watch {
        let target = server.target("postgres").named("watch");
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || crate::servers::wait(looked(&target, &told)));
        Watch { stop, thread }
    }

    /// Ends, and says what was seen.
    pub fn stop(self) -> Longest {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}

async fn looked(target: &Target, stop: &AtomicBool) -> Longest {
    let session = pg::connect(target).await.expect("a connection");
    let mut longest = Longest::default();
    while !stop.load(Ordering::Relaxed) {
        for row in session.rows(WAITING).await.expect("it answers") {
            let [Some(ms), Some(sql)] = row.as_slice() else { continue };
            let time = Duration::from_millis(ms.parse().unwrap_or(0));
            if time > longest.time {
                longest = Longest { time, sql: sql.clone() };
            }
        }
        tokio::time::sleep(LOOKS).await;
    }
    longest
}

/// Opens a transaction that has read both tables, and closes it after that time. It is open when this returns.
pub fn long_reader(server: &Server, time: Duration) -> JoinHandle<()> {
    let target = server.target("postgres").named("report");
    let (begun, begins) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        crate::servers::wait(async {
            let session = pg::connect(&target).await.expect("a connection");
            session
                .batch("BEGIN; SELECT count(*) FROM users; SELECT count(*) FROM orders")
                .await
                .expect("it reads");
            begun.send(()).expect("somebody waits for it");
            tokio::time::sleep(time).await;
            session.batch("COMMIT").await.expect("it ends");
        });
    });
    begins.recv().expect("it reads");
    thread
}
