//! What a backfill is held for, each made to happen: a file, a query, sessions at work, sessions that wait, WAL that
//! is not archived, a replica that is behind, autovacuum.

use crate::clock::Clock;
use crate::kit::{asked, job, sql, value};
use crate::replica::{Replica, primary};
use crate::servers::{binaries, server, setup, wait};
use pg::{Server, Setup};
use runner::backfill::{Asked, Cause, Ended, Event, Job, Limits, Pace, Reason, run};
use std::time::{Duration, Instant};

fn table(server: &Server, rows: u32) -> Job {
    sql(
        server,
        &format!(
            "CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t SELECT i FROM generate_series(1, {rows}) i"
        ),
    );
    job("x", &["table: t", "key: id", "set: c = 1", "where: c IS NULL"])
}

/// Runs it until it is held; then `release` lets it go on, and it has to finish. The reason.
fn held<F: Future<Output = ()>>(asked: &Asked, job: &Job, release: F) -> Reason {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut tell = |event: Event| drop(told.send(event));
    let others = async {
        let reason = loop {
            match heard.recv().await {
                Some(Event::Held { reason, .. }) => break reason,
                Some(Event::Ended { .. }) | None => panic!("it was not held"),
                Some(_) => {}
            }
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        while let Ok(event) = heard.try_recv() {
            assert!(matches!(event, Event::Held { .. }), "it goes on while it is held: {event:?}");
        }
        release.await;
        reason
    };
    let (ended, reason) = wait(async { tokio::join!(run(asked, job, &mut tell), others) });
    assert_eq!(ended.expect("no error"), Ended::Finished);
    reason
}

#[test]
fn a_file() {
    let server = server(16);
    let job = table(&server, 300);
    let dir = tempfile::tempdir().expect("a folder");
    let flag = dir.path().join("hold");
    std::fs::write(&flag, "").expect("it can be written");
    let limits = Limits { flag: Some(flag.clone()), ..Limits::usual() };
    let reason = held(&Asked { limits, ..asked(&server) }, &job, async {
        std::fs::remove_file(&flag).expect("it is there");
    });
    assert_eq!(reason.cause, Cause::Flag);
}

#[test]
fn a_query() {
    let server = server(13);
    let job = table(&server, 300);
    sql(&server, "CREATE TABLE load (n numeric); INSERT INTO load VALUES (0.5)");
    let limits = Limits { query: Some("SELECT n FROM load".to_owned()), ..Limits::default() };
    let asked = Asked { limits, ..asked(&server) };
    let reason = held(&asked, &job, async {
        server.connect().await.expect("a connection").batch("UPDATE load SET n = 0").await.expect("it works");
    });
    assert_eq!(
        (reason.cause, reason.what.as_str()),
        (Cause::Query, "the query of --throttle-query gives 0.5")
    );
    // A query that can't be asked says nothing, and does not let it run.
    sql(&server, "DROP TABLE load; UPDATE t SET c = NULL");
    let (ended, _) = crate::kit::ran(&asked, &job);
    assert!(ended.expect_err("there is no such table").to_string().contains("load"));
    assert_eq!(value(&server, "SELECT count(c) FROM t"), "0");
}

#[test]
fn sessions_at_work() {
    let server = server(14);
    let job = table(&server, 300);
    let limits = Limits { active: Some(0), ..Limits::default() };
    let asked = Asked { limits, ..asked(&server) };
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut tell = |event: Event| drop(told.send(event));
    let ended = wait(async {
        let busy = server.connect().await.expect("a connection");
        let work = busy.batch("SELECT pg_sleep(0.7)");
        let begun = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            run(&asked, &job, &mut tell).await
        };
        tokio::join!(work, begun).1
    });
    assert_eq!(ended.expect("no error"), Ended::Finished);
    let held = std::iter::from_fn(|| heard.try_recv().ok())
        .find_map(|event| if let Event::Held { reason, .. } = event { Some(reason) } else { None });
    assert_eq!(held.map(|reason| reason.what), Some("1 sessions are at work, more than 0".to_owned()));
}

#[test]
fn sessions_that_waited_for_a_batch() {
    let server = server(17);
    let job = table(&server, 300);
    sql(
        &server,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 97 THEN PERFORM pg_sleep(1); END IF; RETURN new; END'; \
                  CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut tell = |event: Event| drop(told.send(event));
    let asked = asked(&server);
    let (ended, waited) = wait(async {
        let app = server.connect().await.expect("a connection");
        let waiting = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let start = Instant::now();
            app.batch("UPDATE t SET c = 5 WHERE id = 3").await.expect("it waits, and is done");
            start.elapsed()
        };
        tokio::join!(run(&asked, &job, &mut tell), waiting)
    });
    assert_eq!(ended.expect("no error"), Ended::Finished);
    assert!(waited > Duration::from_millis(100), "it did not wait: {waited:?}");
    let events: Vec<Event> = std::iter::from_fn(|| heard.try_recv().ok()).collect();
    let what = events.iter().find_map(|event| match event {
        Event::Held { reason, .. } if reason.cause == Cause::Waiters => Some(reason.what.clone()),
        _ => None,
    });
    assert!(what.is_some_and(|what| what.starts_with("1 session waited for the last batch")), "{events:#?}");
}

#[test]
fn wal_that_is_not_archived() {
    let settings = [("archive_mode", "on"), ("archive_command", "false"), ("wal_level", "replica")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(&binaries(15), &Setup { settings, ..setup() }).expect("a server");
    let job = table(&server, 300);
    for _ in 0..3 {
        sql(&server, "INSERT INTO t SELECT max(id) + 1 FROM t");
        sql(&server, "SELECT pg_switch_wal()");
    }
    let limits = Limits { segments: Some(1), ..Limits::default() };
    let asked = Asked { limits, ..asked(&server) };
    let reason = held(&asked, &job, async {
        let connection = server.connect().await.expect("a connection");
        connection.batch("ALTER SYSTEM SET archive_command = 'true'").await.expect("it can be set");
        // The command line of the server wins, so the segments are marked as done by hand.
        let done = server.dir().join("data/pg_wal/archive_status");
        for entry in std::fs::read_dir(&done).expect("it is there").flatten() {
            let _ = std::fs::remove_file(entry.path());
        }
    });
    assert_eq!(reason.cause, Cause::Archiver);
    assert!(reason.what.ends_with("WAL segments wait for the archiver, more than 1"), "{}", reason.what);
}

#[test]
fn autovacuum() {
    let settings = [
        ("autovacuum", "on"),
        ("autovacuum_naptime", "1s"),
        ("autovacuum_vacuum_cost_delay", "100ms"),
        ("autovacuum_vacuum_cost_limit", "20"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let server = Server::start_with(&binaries(16), &Setup { settings, ..setup() }).expect("a server");
    let job = table(&server, 60_000);
    sql(&server, "UPDATE t SET c = NULL");
    let start = Instant::now();
    while value(&server, "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 't'::regclass") == "0" {
        assert!(start.elapsed() < Duration::from_secs(30), "no autovacuum came");
        std::thread::sleep(Duration::from_millis(50));
    }
    let asked =
        Asked { pace: Pace { most: 100_000, first: Some(10_000), ..Pace::default() }, ..asked(&server) };
    let reason = held(&asked, &job, async {
        let connection = server.connect().await.expect("a connection");
        connection
            .batch("ALTER TABLE t SET (autovacuum_enabled = off)")
            .await
            .expect("it waits for the vacuum, which gives way");
    });
    assert_eq!((reason.cause, reason.what.as_str()), (Cause::Autovacuum, "autovacuum works on t"));
}

#[test]
fn a_replica_that_is_behind() {
    for major in [14, 17] {
        let server = primary(major);
        let job = table(&server, 3000);
        let replica = Replica::of(&server, major);
        // As the primary tells, and as it is asked itself.
        for (lag_bytes, replicas) in [(Some(200_000), vec![]), (Some(200_000), vec![replica.target()])] {
            wait(async {
                let standby = replica.connect().await;
                standby.batch("SELECT pg_wal_replay_pause()").await.expect("it can be paused");
            });
            // Twice, so that it is behind before the first batch.
            sql(&server, "UPDATE t SET c = NULL");
            sql(&server, "UPDATE t SET c = NULL");
            let streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL";
            let start = Instant::now();
            while value(&server, streams) != "1" {
                assert!(start.elapsed() < Duration::from_secs(20), "it does not stream");
            }
            let named = !replicas.is_empty();
            let limits = Limits { lag_bytes, replicas, ..Limits::default() };
            let asked = Asked { limits, ..asked(&server) };
            let reason = held(&asked, &job, async {
                replica.connect().await.batch("SELECT pg_wal_replay_resume()").await.expect("it goes on");
            });
            assert_eq!(reason.cause, Cause::Replica, "{}", reason.what);
            assert!(reason.what.contains("behind, more than 0.2 MB"), "{}", reason.what);
            assert!(named || reason.what.starts_with("replica behind is"), "{}", reason.what);
            wait(replica.connect());
        }
        // Nothing can be written to it.
        let (ended, _) = crate::kit::ran(&Asked { target: replica.target(), ..asked(&server) }, &job);
        let said = ended.expect_err("it is a replica").to_string();
        assert!(said.contains("takes no writes: it is a replica"), "{said}");
    }
}

/// How far behind a replica is that has another time than its primary is told by the primary's clock alone.
#[test]
fn a_replica_with_another_clock() {
    let server = primary(15);
    let (job, clock) = (table(&server, 1000), Clock::new());
    clock.moves(86_400);
    let replica = Replica::with(&server, 15, &[], &clock.variables());
    wait(async {
        let standby = replica.connect().await;
        let replayed = "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '23 hours'";
        let start = Instant::now();
        while standby.value(replayed).await.expect("an answer").as_deref() != Some("t") {
            assert!(start.elapsed() < Duration::from_secs(30), "nothing is replayed");
            server
                .connect()
                .await
                .expect("one")
                .batch("UPDATE t SET c = NULL WHERE id = 1")
                .await
                .expect("done");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // From now on it is behind, by as long as this takes.
        standby.batch("SELECT pg_wal_replay_pause()").await.expect("it can be paused");
    });
    let limits = Limits { lag_seconds: Some(60.0), replicas: vec![replica.target()], ..Limits::default() };
    let asked = Asked { limits, ..asked(&server) };
    let mut events = Vec::new();
    let mut tell = |event: Event| events.push(event);
    let ended =
        wait(async { tokio::time::timeout(Duration::from_secs(30), run(&asked, &job, &mut tell)).await });
    assert_eq!(ended.expect("it is not held").expect("no error"), Ended::Finished, "{events:#?}");
}

/// A replica that applies what it gets half a second late is never much more behind than it may be.
#[test]
fn lag_is_held_under_its_limit() {
    let server = primary(16);
    let job = table(&server, 150_000);
    let replica = Replica::of(&server, 16);
    const LIMIT: u64 = 3_000_000;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut tell = |event: Event| drop(told.send(event));
    let limits = Limits { lag_bytes: Some(LIMIT), ..Limits::usual() };
    let asked = Asked { limits, look: Duration::from_millis(50), pace: Pace::default(), ..asked(&server) };
    let behind = "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint FROM pg_stat_replication";
    let (ended, most) = wait(async {
        let standby = replica.connect().await;
        standby.batch("ALTER SYSTEM SET recovery_min_apply_delay = '500ms'").await.expect("it can be set");
        standby.batch("SELECT pg_reload_conf()").await.expect("it is read");
        let watch = server.connect().await.expect("a connection");
        let start = Instant::now();
        while watch.value(behind).await.expect("an answer").as_deref() != Some("0") {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not catch up");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let watched = async {
            let mut most = 0_u64;
            loop {
                let now = watch.value(behind).await.expect("an answer").and_then(|bytes| bytes.parse().ok());
                most = most.max(now.unwrap_or(0));
                tokio::time::sleep(Duration::from_millis(10)).await;
                while let Ok(event) = heard.try_recv() {
                    match event {
                        Event::Held { reason, .. } => assert_eq!(reason.cause, Cause::Replica),
                        Event::Ended { .. } => return most,
                        _ => {}
                    }
                }
            }
        };
        tokio::join!(run(&asked, &job, &mut tell), watched)
    });
    assert_eq!(ended.expect("no error"), Ended::Finished);
    let written = value(&server, "SELECT pg_relation_size('t')").parse::<u64>().expect("a number");
    // What is written between two looks, and by the batch that is under way, comes on top.
    assert!(most > LIMIT / 2 && most < LIMIT * 4 && written > LIMIT * 3, "{most} of {written}");
}
