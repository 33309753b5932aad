//! What goes wrong in the middle: cut connections, a server that dies, locks, deadlocks, cancelled statements, a full
//! disk. Rows are changed once each, whatever it is, and the next run goes on.

use crate::hand::{Disk, postgres};
use crate::kit::{asked, finishes, job, ran, sql, value};
use crate::servers::{MAJORS, server, wait};
use pg::Server;
use runner::backfill::{Asked, Ended, Error, Event, Job, Pace, run};
use std::process::Command;
use std::time::{Duration, Instant};

/// Rows that are counted up: done twice shows, and nothing but how far it came tells which are done.
fn counted(server: &Server, rows: u32) -> Job {
    sql(
        server,
        &format!(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, j json); \
                          INSERT INTO t SELECT i, 0 FROM generate_series(1, {rows}) i"
        ),
    );
    // These servers commit before it is on the disk.
    sql(server, "CHECKPOINT");
    job("count", &["table: \"t\"", "key: \"id\"", "set: \"n\" = \"n\" + 1, \"j\" = '1'::json"])
}

#[track_caller]
fn each_once(server: &Server) {
    assert_eq!(value(server, "SELECT min(n) || '-' || max(n) FROM t"), "1-1");
}

/// A run with something that happens after each so many batches, given how often it has happened.
fn disturbed<F: Future<Output = ()>>(
    asked: &Asked,
    job: &Job,
    every: u64,
    mut disturb: impl FnMut(u32) -> F,
) -> (Result<Ended, Error>, Vec<Event>) {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut tell = |event: Event| drop(told.send(event));
    let others = async {
        let (mut events, mut times, mut count) = (Vec::new(), 0, 0);
        while let Some(event) = heard.recv().await {
            events.push(event.clone());
            match event {
                Event::Ended { .. } => break,
                Event::Batch { .. } => {
                    count += 1;
                    if count % every == 0 {
                        disturb(times).await;
                        times += 1;
                    }
                }
                _ => {}
            }
        }
        events
    };
    wait(async { tokio::join!(run(asked, job, &mut tell), others) })
}

fn reconnected(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Reconnecting { tries: 1, .. })).count()
}

#[test]
fn cut_connections() {
    let server = server(17);
    let job = counted(&server, 4000);
    let names = ["[0-9a-f]{8}$", "[(]watch"];
    let (ended, events) = disturbed(&asked(&server), &job, 6, |times| {
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^brolly backfill {}'",
            names[times as usize % 2]
        );
        let server = &server;
        async move { server.connect().await.expect("a connection").batch(&cut).await.expect("it is cut") }
    });
    assert_eq!(ended.expect("no error"), Ended::Finished, "{events:#?}");
    assert!(reconnected(&events) >= 3, "{events:#?}");
    each_once(&server);
}

/// Whoever else counts batches on, as another run would: one with the old number is taken back.
#[test]
fn a_batch_with_a_number_that_was_used_is_taken_back() {
    let server = server(15);
    let job = counted(&server, 2000);
    let before = "SELECT batch::text FROM drizzle.__brolly_backfills";
    let (ended, events) = disturbed(&asked(&server), &job, 4, |_| {
        let server = &server;
        async move {
            let connection = server.connect().await.expect("a connection");
            let next = "UPDATE drizzle.__brolly_backfills SET batch = batch + 1";
            connection.batch(next).await.expect("it can be written to");
        }
    });
    assert_eq!(ended.expect("no error"), Ended::Finished, "{events:#?}");
    let committed = events.iter().filter(|event| matches!(event, Event::Batch { .. })).count();
    let counted: usize = value(&server, before).parse().expect("a number");
    assert!(counted >= committed + 4, "{counted} {committed}");
    each_once(&server);
}

/// A process of the server that is killed takes all sessions with it, and the server recovers from its log. It
/// commits before that is on the disk, so that a crash takes batches back: with them goes how far they came.
#[test]
fn a_server_that_crashes() {
    for major in [13, 18] {
        let server = server(major);
        let job = counted(&server, 3000);
        let (ended, events) = disturbed(&asked(&server), &job, 7, |times| {
            let server = &server;
            async move {
                let Ok(connection) = server.connect().await else { return };
                if times >= 5 {
                    return;
                }
                let query = "SELECT pid FROM pg_stat_activity WHERE application_name ~ '^brolly backfill [0-9a-f]{8}$'";
                // It may have been cut already.
                if let Ok(Some(pid)) = connection.value(query).await {
                    let _ = Command::new("kill").args(["-9", &pid]).status();
                }
            }
        });
        assert_eq!(ended.expect("no error"), Ended::Finished, "{events:#?}");
        assert!(reconnected(&events) >= 2, "{events:#?}");
        // A crash behind the last batch may take that back, and the end with it: the state says so, and the next run goes on.
        std::thread::sleep(Duration::from_millis(300));
        if value(&server, "SELECT state FROM drizzle.__brolly_backfills") != "finished" {
            finishes(&asked(&server), &job);
        }
        each_once(&server);
    }
}

/// The whole server dies, and is started again: at once while the run waits for it, and long after it gave up.
#[test]
fn a_server_that_is_killed_and_started_again() {
    let server = server(16);
    let job = counted(&server, 3000);
    let data = server.dir().join("data");
    let kill = || {
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("a number").trim().to_owned();
        assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill is there").success());
        // Whoever started it has not asked for its end, so that its number seems to be in use.
        for file in [data.join("postmaster.pid"), server.dir().join(".s.PGSQL.5432.lock")] {
            let _ = std::fs::remove_file(file);
        }
    };
    let mut again = Vec::new();
    let impatient = Asked { reconnects: 1, ..asked(&server) };
    let (ended, events) = disturbed(&impatient, &job, 5, |_| {
        kill();
        std::future::ready(())
    });
    assert!(matches!(ended, Err(Error::Server(_))), "{events:#?}");
    std::thread::sleep(Duration::from_millis(500));
    again.push(postgres(16, &data, server.dir(), &[]));
    let started = wait(async {
        let start = std::time::Instant::now();
        loop {
            if server.connect().await.is_ok() {
                break true;
            }
            if start.elapsed() > Duration::from_secs(20) {
                break false;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(
        started,
        "it does not start again: {}",
        std::fs::read_to_string(server.dir().join("again.log")).unwrap_or_default()
    );
    let mut once = false;
    let (ended, events) = disturbed(&asked(&server), &job, 5, |_| {
        if !std::mem::replace(&mut once, true) {
            kill();
            std::thread::sleep(Duration::from_millis(300));
            again.push(postgres(16, &data, server.dir(), &[]));
        }
        std::future::ready(())
    });
    assert_eq!(ended.expect("no error"), Ended::Finished, "{events:#?}");
    assert!(reconnected(&events) == 1, "{events:#?}");
    each_once(&server);
}

/// A run that was killed leaves a server behind that is at its batch still: the next one ends that.
#[test]
fn what_a_killed_run_left_behind_is_ended() {
    let server = server(13);
    let job = counted(&server, 1000);
    sql(
        &server,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 500 THEN PERFORM pg_sleep(s) FROM pause; END IF; RETURN new; END'; \
                  CREATE TABLE pause AS SELECT 9 AS s; CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    wait(async {
        let cut =
            tokio::time::timeout(Duration::from_millis(800), run(&asked(&server), &job, &mut |_| {})).await;
        assert!(cut.is_err(), "row 500 takes nine seconds");
    });
    assert_eq!(
        value(
            &server,
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%UPDATE \"t\"%' AND state = 'active' AND pid <> pg_backend_pid()"
        ),
        "1"
    );
    sql(&server, "UPDATE pause SET s = 0");
    finishes(&asked(&server), &job);
    each_once(&server);
}

#[test]
fn a_statement_that_is_cancelled_is_tried_again_with_fewer_rows() {
    let server = server(15);
    let job = counted(&server, 2000);
    sql(
        &server,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 500 THEN PERFORM pg_sleep(0.6); END IF; RETURN new; END'; \
                  CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    let asked = Asked {
        pace: Pace { first: Some(400), most: 400, ..Pace::default() },
        statement_timeout: Duration::from_millis(300),
        ..asked(&server)
    };
    let (ended, events) = ran(&asked, &job);
    // Row 500 takes longer than a batch may, each time: it can't get by.
    assert!(matches!(ended, Err(Error::GaveUp { tries: 3, .. })), "{events:#?}");
    let nexts: Vec<u64> = events
        .iter()
        .filter_map(|event| if let Event::Retried { next, .. } = event { Some(*next) } else { None })
        .collect();
    assert_eq!(nexts, [200, 100]);
    assert_eq!(
        value(&server, "SELECT state || ' ' || (error LIKE '%57014%') FROM drizzle.__brolly_backfills"),
        "failed true"
    );
    let patient = Asked { statement_timeout: Duration::from_secs(5), ..asked };
    finishes(&patient, &job);
    each_once(&server);
}

#[test]
fn a_lock_that_is_held_is_waited_for_and_then_said_with_its_holder() {
    let server = server(14);
    let job = counted(&server, 1000);
    let asked = Asked { lock_timeout: Duration::from_millis(400), ..asked(&server) };
    let run_beside = |hold: Duration| {
        wait(async {
            let app = pg::connect(&server.target("postgres").named("the app")).await.expect("a connection");
            app.batch("BEGIN; UPDATE t SET n = n WHERE id = 300").await.expect("it is locked");
            let mut events = Vec::new();
            let mut tell = |event: Event| events.push(event);
            let release = async {
                tokio::time::sleep(hold).await;
                app.batch("COMMIT").await.expect("it is released");
            };
            let (ended, ()) = tokio::join!(run(&asked, &job, &mut tell), release);
            (ended, events)
        })
    };
    let (ended, events) = run_beside(Duration::from_secs(4));
    let said = ended.expect_err("it is locked").to_string();
    assert!(
        said.contains("55P03")
            && said.contains("in the way: pid")
            && said.contains("the app, idle in transaction"),
        "{said}"
    );
    assert!(said.contains("UPDATE t SET n = n WHERE id = 300"), "{said}");
    assert!(
        events.iter().any(|event| matches!(event, Event::Retried { sqlstate, .. } if sqlstate == "55P03"))
    );
    let (ended, events) = run_beside(Duration::from_millis(700));
    assert_eq!(ended.expect("no error"), Ended::Finished, "{events:#?}");
    each_once(&server);
}

/// A run that meets the app crosswise: the app waits for the batch, the batch somewhat later for the app. What it told, and
/// how long the app waited.
fn crossed(server: &Server, asked: &Asked) -> (Vec<Event>, Duration) {
    let job = counted(server, 1000);
    sql(
        server,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN new; END'; \
         CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW WHEN (old.id < 90 AND current_setting('application_name') ~ 'backfill') \
         EXECUTE FUNCTION slow()",
    );
    let mut events = Vec::new();
    let (ended, waited) = wait(async {
        let app = server.connect().await.expect("a connection");
        app.batch("BEGIN; UPDATE t SET n = n WHERE id = 90").await.expect("it is locked");
        let other = server.connect().await.expect("a connection");
        let cross = async {
            // What the transaction saw of the others stays as it is, so that somebody else has to look.
            let sleeps = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            while other.value(sleeps).await.expect("it looks").as_deref() == Some("0") {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            // The batch holds this one, and is on its way to 90.
            let start = Instant::now();
            app.batch("UPDATE t SET n = n WHERE id = 2").await.expect("the batch gives way");
            app.batch("COMMIT").await.expect("it ends");
            start.elapsed()
        };
        let mut tell = |event: Event| events.push(event);
        tokio::join!(run(asked, &job, &mut tell), cross)
    });
    assert_eq!(ended.expect("no error"), Ended::Finished);
    each_once(server);
    (events, waited)
}

fn was_tried_again_for(events: &[Event], code: &str) -> bool {
    events.iter().any(|event| matches!(event, Event::Retried { sqlstate, .. } if sqlstate == code))
}

/// The server ends the session that has waited for `deadlock_timeout`, and that was the app's.
#[test]
fn the_app_never_pays_for_a_deadlock() {
    let server = server(18);
    sql(&server, "ALTER SYSTEM SET deadlock_timeout = '3s'");
    sql(&server, "SELECT pg_reload_conf()");
    let asked = Asked { lock_timeout: Duration::from_secs(20), ..asked(&server) };
    let (events, waited) = crossed(&server, &asked);
    assert!(waited > Duration::from_millis(500), "it never waited: {waited:?}");
    assert!(was_tried_again_for(&events, "55P03"), "{events:#?}");
}

/// Where the batch looks for it at once, it is the one to find it.
#[test]
fn a_deadlock_is_tried_again() {
    let server = server(18);
    let mut asked = asked(&server);
    asked.target = asked.target.with_settings(&[("deadlock_timeout", "1ms")]);
    let (events, _) = crossed(&server, &asked);
    assert!(was_tried_again_for(&events, "40P01"), "{events:#?}");
}

#[test]
fn a_full_disk_is_said_and_the_next_run_goes_on() {
    let Some(disk) = Disk::new("3m") else { return };
    let server = server(17);
    let place = disk.tables(&server);
    sql(&server, &format!("CREATE TABLESPACE small LOCATION '{}'", place.display()));
    sql(
        &server,
        "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, j json, pad text) TABLESPACE small; \
                  INSERT INTO t SELECT i, 0, NULL, repeat('x', 400) FROM generate_series(1, 4000) i",
    );
    let job = job("count", &["table: \"t\"", "key: \"id\"", "set: \"n\" = \"n\" + 1, \"j\" = '1'::json"]);
    let (ended, events) = ran(&asked(&server), &job);
    let said = ended.expect_err("there is no room").to_string();
    assert!(said.contains("53100") && said.contains("No space left on device"), "{said}\n{events:#?}");
    let done: u32 = value(&server, "SELECT count(*) FROM t WHERE n = 1").parse().expect("a number");
    assert!(done > 0 && done < 4000, "{done}");
    assert_eq!(value(&server, "SELECT state FROM drizzle.__brolly_backfills"), "failed");
    disk.grow("60m");
    finishes(&asked(&server), &job);
    each_once(&server);
}

/// Writers that know nothing of it add, change, move and take rows away; at the end no row is left.
#[test]
fn writers_beside_it() {
    for major in MAJORS {
        let server = server(major);
        for (name, key) in [("keyed", Some("key: \"id\"")), ("by place", None)] {
            sql(
                &server,
                "CREATE TABLE w (id int PRIMARY KEY, name text, c text, n int DEFAULT 0); \
                          INSERT INTO w SELECT i * 3, 'n' || i FROM generate_series(1, 3000) i; \
                          CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.c := upper(new.name); RETURN new; END'; \
                          CREATE TRIGGER twice BEFORE INSERT OR UPDATE OF name ON w FOR EACH ROW EXECUTE FUNCTION twice()",
            );
            let lines = ["table: \"w\""]
                .into_iter()
                .chain(key)
                .chain(["set: \"c\" = upper(\"name\")", "where: \"c\" IS NULL"]);
            let job = job(name, &lines.collect::<Vec<_>>());
            let asked = Asked { pace: Pace { nice: 3.0, ..asked(&server).pace }, ..asked(&server) };
            let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
            let mut tell = |event: Event| drop(told.send(event));
            let (ended, writes) = wait(async {
                let app = server.connect().await.expect("a connection");
                let writes = async {
                    let mut count = 0;
                    loop {
                        while let Ok(event) = heard.try_recv() {
                            if matches!(event, Event::Ended { .. }) {
                                return count;
                            }
                        }
                        count += 1;
                        let id = count * 7919 % 9000;
                        let write = match count % 4 {
                            0 => format!("INSERT INTO w VALUES ({id}, 'new') ON CONFLICT (id) DO NOTHING"),
                            1 => format!("UPDATE w SET name = 'm{count}' WHERE id = {}", id / 3 * 3),
                            2 => format!("DELETE FROM w WHERE id = {}", id / 3 * 3),
                            _ => format!("UPDATE w SET n = n + 1 WHERE id = {}", id / 3 * 3),
                        };
                        app.batch(&write).await.expect("the app can write");
                    }
                };
                tokio::join!(run(&asked, &job, &mut tell), writes)
            });
            assert_eq!(ended.expect("no error"), Ended::Finished, "{name} on {major}");
            assert!(writes > 50, "{writes} writes");
            assert_eq!(
                value(&server, "SELECT count(*) FROM w WHERE c IS DISTINCT FROM upper(name)"),
                "0",
                "{name} on {major}"
            );
            sql(&server, "DROP TABLE w; DROP FUNCTION twice; DELETE FROM drizzle.__brolly_backfills");
        }
    }
}
