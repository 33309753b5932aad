//! A replica that streams: given by mistake, among several hosts, and behind, also while a backfill runs.

use crate::replica::{Replica, primary};
use crate::run::Ended;
use crate::servers::wait;
use crate::streaming::{caught_up, on, started, until};
use crate::{ADD, CREATE, migrate, project, sql};
use std::time::{Duration, Instant};

#[test]
fn a_replica_is_told_from_its_primary() {
    for major in [13, 18] {
        let server = primary(major);
        let folder = project(&[CREATE]);
        let url = server.url("postgres");
        migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
        folder.journal("drizzle", &[CREATE, ADD]);
        let replica = Replica::with(&server, major, &["recovery_min_apply_delay=1500ms"], &[]);
        wait(replica.connect());
        let by = replica.url();

        // It takes no writes: nothing is run, whatever is asked.
        migrate(&folder, &by, &[])
            .complains(2, &["the server is a replica, which takes no writes", "name the primary"]);
        let said = ["the server is a replica, or read-only: nothing was run", "name the primary"];
        migrate(&folder, &by, &["--skip-preflight"]).complains(2, &said);
        folder.brolly(&["ledger", "mark", "0001_add", "--yes", "--database-url", &by]).complains(2, &said);
        assert_eq!(sql(&server, "SELECT count(*) FROM drizzle.__drizzle_migrations").as_deref(), Some("1"));

        // What it is behind is told by its primary, and is no reason not to run.
        let late = |folder: &crate::run::Folder| -> Ended {
            folder.brolly(&["preflight", "--database-url", &url, "--max-lag", "1s"])
        };
        let start = Instant::now();
        let ended = loop {
            sql(&server, "INSERT INTO users (name) VALUES ('x')");
            let ended = late(&folder);
            if ended.code == 1 {
                break ended;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{ended}");
        };
        ended.says(1, &["replica behind (streaming) is ", " behind", "wait until it has caught up"]);

        // Of several hosts the one that takes writes is found, and what was run comes to the replica.
        let hosts = |url: &str| {
            let host = url.split("host=").nth(1).and_then(|rest| rest.split('&').next());
            host.expect("a host").to_owned()
        };
        let both = format!(
            "postgres:///postgres?host={},{}&user=postgres&target_session_attrs=read-write",
            hosts(&by),
            hosts(&url)
        );
        migrate(&folder, &both, &[]).says(0, &["1 migration applied"]);
        let there =
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'age'";
        let start = Instant::now();
        while wait(async { replica.connect().await.value(there).await }).expect("an answer").as_deref()
            != Some("1")
        {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not come");
            std::thread::sleep(Duration::from_millis(100));
        }
        migrate(&folder, &by, &["--check"]).complains(0, &["nothing is pending"]);
    }
}

/// A replica that is asked by `brolly backfill` itself, of a role to which the primary tells nothing.
#[test]
fn a_backfill_is_held_for_a_replica_that_replays_nothing() {
    let (server, folder) = (primary(17), project(&[CREATE]));
    migrate(&folder, &server.url("postgres"), &[]).says(0, &["1 migration applied"]);
    sql(
        &server,
        "ALTER TABLE users ADD nick text; INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 3000) i; \
         CREATE ROLE weak LOGIN; ALTER TABLE users OWNER TO weak; GRANT ALL ON SCHEMA drizzle TO weak",
    );
    let replica = Replica::of(&server, 17);
    folder.write(
        "drizzle/backfills/0000_create.users_nick.sql",
        "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"nick\" = \"name\"\n\
         -- where: \"nick\" IS DISTINCT FROM \"name\"\nDO $brolly$ ..\n",
    );
    let (url, by) = (server.url("postgres").replace("user=postgres", "user=weak"), replica.url());
    let variables = [("REPLICA", by.as_str())];
    let start = |more: &[&str]| {
        let ask = ["backfill", "--format", "json", "--database-url", &url, "--replica-env", "REPLICA"];
        started(&folder, &[&ask, more].concat(), &variables)
    };
    let host = replica.target().host();
    wait(async {
        let there = replica.connect().await;
        there.batch("SELECT pg_wal_replay_pause()").await.expect("it can be paused");
        // It has replayed no transaction since it was started, and tells no time.
        let time = "SELECT pg_last_xact_replay_timestamp()";
        assert_eq!(there.value(time).await.expect("an answer"), None);
        let running = start(&["--max-lag", "300ms", "--batch", "10", "--max-batch", "10", "--nice", "100"]);
        let held = running.says(r#""event":"held""#);
        assert!(
            held.contains(&format!("replica {host} is ")) && held.contains(" s behind, more than 0.3 s"),
            "{held}"
        );
        assert_eq!(there.value(time).await.expect("an answer"), None);
        there.batch("SELECT pg_wal_replay_resume()").await.expect("it goes on");
        running.says(r#""event":"released""#);
        running.says(r#""event":"batch""#);
        drop(running);
        caught_up(&server, &there).await;

        // The same by size, to its end.
        there.batch("SELECT pg_wal_replay_pause()").await.expect("it can be paused");
        let paused = "SELECT pg_get_wal_replay_pause_state()";
        until(&there, paused, "paused").await;
        folder
            .brolly(&["preflight", "--database-url", &server.url("postgres"), "--replica", &by])
            .says(1, &["replay is paused on replica ", "SELECT pg_wal_replay_resume() there"]);
        on(&server, "UPDATE users SET name = name || 'x'; UPDATE users SET name = name || 'y'").await;
        let running = start(&["--max-lag", "10min", "--max-lag-bytes", "200kB"]);
        let held = running.says(r#""event":"held""#);
        assert!(
            held.contains(&format!("replica {host} is ")) && held.contains(" MB behind, more than 0.2 MB"),
            "{held}"
        );
        there.batch("SELECT pg_wal_replay_resume()").await.expect("it goes on");
        running.ends_well();
    });
    assert_eq!(
        sql(&server, "SELECT count(*) FROM users WHERE nick IS DISTINCT FROM name").as_deref(),
        Some("0")
    );
}
