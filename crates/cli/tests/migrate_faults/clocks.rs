//! Clocks that are moved, of the server and of brolly, back and ahead, between runs and in the middle of one: what is
//! done is known by what is written down, and times are told by clocks that only go forward.

use crate::clock::Clock;
use crate::cut::{DONE, begun, disturbed, goes_on};
use crate::hand::{postgres_with, stop, takes_connections};
use crate::servers::wait;
use crate::sql;
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;

#[test]
fn clocks_that_are_moved() {
    let (server, folder) = begun(17);
    let (url, clock) = (server.url("postgres"), Clock::new());
    stop(&server, "INT");
    let _again = postgres_with(17, &server.dir().join("data"), server.dir(), &[], &clock.variables());
    takes_connections(&server);
    let right = "SELECT abs(extract(epoch FROM clock_timestamp())::bigint - $now) < 1000";
    let is_moved_by = |seconds: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later");
        let now = i64::try_from(now.as_secs()).expect("it fits") + seconds;
        assert_eq!(sql(&server, &right.replace("$now", &now.to_string())).as_deref(), Some("t"), "{seconds}");
    };

    // Cut short a day ahead of the time, and gone on with a day behind it.
    clock.moves(DAY);
    is_moved_by(DAY);
    let ended = disturbed(&server, &folder, &url, || {
        sql(&server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    });
    ended.complains(2, &["statement 4 of 0001_steps"]);
    clock.moves(-DAY);
    is_moved_by(-DAY);
    goes_on(&server, &folder, &url);

    // Somebody holds the table, and his transaction becomes older than it is, or younger than new, while brolly waits.
    let target = server.target("postgres");
    for (column, moved) in [("later", DAY), ("earlier", -DAY)] {
        clock.moves(0);
        let next = format!("ALTER TABLE users ADD COLUMN {column} int;\n");
        let tag = format!("0002_{column}");
        let mut all = vec![crate::cut::CREATE, crate::cut::STEPS];
        if column == "earlier" {
            all.push(("0002_later", "ALTER TABLE users ADD COLUMN later int;\n"));
        }
        all.push((&tag, &next));
        folder.journal("drizzle", &all);
        let holder = std::thread::scope(|scope| {
            let running = wait(async {
                let app = pg::connect(&target).await.expect("a connection");
                app.batch("BEGIN; LOCK TABLE users").await.expect("it is free");
                clock.moves(moved);
                let program = clock.variables().map(|(name, path)| (name, path.to_str().expect("a name")));
                let (folder, url) = (&folder, &url);
                let running = scope.spawn(move || {
                    let args = ["migrate", "--database-url", url, "--allow", "a test", "--skip-preflight"];
                    let start = Instant::now();
                    (folder.brolly_in(".", &args, &program), start.elapsed())
                });
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                app.batch("COMMIT").await.expect("it ends");
                running
            });
            running.join().expect("it ran")
        });
        let (ended, took) = holder;
        ended.says(0, &["1 migration applied"]);
        assert!(took < Duration::from_secs(30), "{moved}: {took:?}");
    }
    assert_eq!(sql(&server, DONE).as_deref(), Some("1 2 3, 4 in the ledger, 2 indexes"));
}
