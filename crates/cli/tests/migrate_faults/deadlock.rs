//! Deadlocks of the app and a migration: Postgres ends the session that finds one, which is the one that has waited for
//! `deadlock_timeout`. It is not to be the app's, whoever began to wait first.

use crate::servers::server;
use crate::{CREATE, migrate, project, sql};
use pg::Connection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// It is some time at work between the two tables.
const TWO: (&str, &str) = (
    "0001_two",
    "ALTER TABLE users ADD COLUMN age int;\n--> statement-breakpoint\nSELECT pg_sleep(0.6);\n--> statement-breakpoint\n\
     ALTER TABLE posts ADD COLUMN age int;\n",
);
/// Tries grow: the last of these would wait for longer than what `deadlock_timeout` leaves.
const ROUNDS: usize = 8;

#[test]
fn the_app_never_pays_for_one_on_13() {
    the_app_never_pays_for_one_on(13);
}

#[test]
fn the_app_never_pays_for_one_on_18() {
    the_app_never_pays_for_one_on(18);
}

fn the_app_never_pays_for_one_on(major: u16) {
    let server = server(major);
    let folder = project(&[CREATE]);
    let url = server.url("postgres");
    migrate(&folder, &url, &[]).says(0, &[]);
    sql(&server, "CREATE TABLE posts (id int PRIMARY KEY, n int)");
    sql(&server, "INSERT INTO posts VALUES (1, 0)");
    folder.journal("drizzle", &[CREATE, TWO]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let ended =
                migrate(&folder, &url, &["--lock-wait", "10s", "--allow", "a test", "--skip-preflight"]);
            over.store(true, Ordering::Relaxed);
            ended
        });
        crate::wait(async {
            let (app, other) = (server.connect().await.expect("one"), server.connect().await.expect("two"));
            let mut waited = Vec::new();
            while waited.len() < ROUNDS && !over.load(Ordering::Relaxed) {
                waited.extend(crossed(&app, &other, &over).await);
            }
            // Each time it waited until the migration let go, and then went on.
            assert_eq!(waited.len(), ROUNDS, "{waited:?}");
            assert!(waited.iter().all(|waited| *waited > Duration::from_millis(100)), "{waited:?}");
        });
        run.join().expect("it ran").says(0, &["1 migration applied"]);
    });
}

/// A transaction that takes the second table, and the first one as soon as the migration has it: how long it waited.
async fn crossed(app: &Connection, other: &Connection, over: &AtomicBool) -> Option<Duration> {
    app.batch("BEGIN; UPDATE posts SET n = n + 1").await.expect("nobody is in its way");
    let has = "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND granted \
               AND mode = 'AccessExclusiveLock'";
    while other.value(has).await.expect("it looks").as_deref() == Some("0") {
        if over.load(Ordering::Relaxed) {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let start = Instant::now();
    app.batch("SELECT FROM users").await.expect("the migration gives way");
    app.batch("COMMIT").await.expect("it ends");
    Some(start.elapsed())
}
