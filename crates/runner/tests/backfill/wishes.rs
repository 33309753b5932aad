//! What other sessions want: pause, resume, cancel, begin anew; and that one run is there at a time.

use crate::kit::{asked, finishes, job, ran, sql, value};
use crate::servers::{server, wait};
use pg::Server;
use runner::backfill::{
    Asked, Cause, Ended, Error, Event, Gate, Heard, Job, Pace, State, Wish, gate, restart, run, standings,
    wish,
};
use std::time::Duration;

const LINES: &[&str] = &["table: \"t\"", "key: \"id\"", "set: \"n\" = \"n\" + 1"];

/// A table whose rows are counted up by [`LINES`]: done twice shows.
fn counted(server: &Server, rows: u32) {
    sql(
        server,
        &format!(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, j json); \
                          INSERT INTO t SELECT i, 0 FROM generate_series(1, {rows}) i"
        ),
    );
}

/// The same without a way to tell which rows are done.
fn job_of_counts() -> Job {
    job("count", &["table: \"t\"", "key: \"id\"", "set: \"n\" = \"n\" + 1, \"j\" = '1'::json"])
}

#[track_caller]
fn each_once(server: &Server) {
    assert_eq!(value(server, "SELECT min(n) || '-' || max(n) FROM t"), "1-1");
}

/// Batches with rest between them, so that there is time to wish something.
fn slow(server: &Server) -> Asked {
    let asked = asked(server);
    Asked { pace: Pace { nice: 30.0, ..asked.pace }, ..asked }
}

async fn wished(server: &Server, job: &Job, what: Wish) -> Heard {
    let connection = server.connect().await.expect("a connection");
    wish(&connection, "drizzle", job, what).await.expect("it can be wished")
}

async fn state(server: &Server, job: &Job) -> State {
    let connection = server.connect().await.expect("a connection");
    standings(&connection, "drizzle", std::slice::from_ref(job)).await.expect("an answer")[0].state
}

#[test]
fn paused_resumed_and_cancelled_while_it_runs() {
    let server = server(15);
    counted(&server, 3000);
    let (job, asked) = (job_of_counts(), slow(&server));
    let mut events = Vec::new();
    wait(async {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut tell = |event: Event| drop(told.send(event));
        let others = async {
            while !matches!(heard.recv().await, Some(Event::Batch { batch: 3.., .. })) {}
            assert_eq!(wished(&server, &job, Wish::Pause).await, Heard::ByItsRun);
            loop {
                match heard.recv().await {
                    Some(Event::Held { reason, .. }) => break assert_eq!(reason.cause, Cause::Paused),
                    Some(_) => {}
                    None => panic!("it ended"),
                }
            }
            assert_eq!(state(&server, &job).await, State::Paused);
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert!(heard.try_recv().is_err(), "it goes on while it is paused");
            assert_eq!(wished(&server, &job, Wish::Resume).await, Heard::ByItsRun);
            while !matches!(heard.recv().await, Some(Event::Batch { .. })) {}
            assert_eq!(state(&server, &job).await, State::Running);
            wished(&server, &job, Wish::Cancel).await;
            while let Some(event) = heard.recv().await {
                let last = matches!(event, Event::Ended { .. });
                events.push(event);
                if last {
                    break;
                }
            }
        };
        let (ended, ()) = tokio::join!(run(&asked, &job, &mut tell), others);
        assert_eq!(ended.expect("it ended well"), Ended::Cancelled);
        assert_eq!(state(&server, &job).await, State::Cancelled);
    });
    let done: u32 = value(&server, "SELECT count(*) FROM t WHERE n = 1").parse().expect("a number");
    assert!(done > 200 && done < 3000, "{done}");
    // It stays so until somebody says otherwise, and then goes on where it was.
    assert_eq!(ran(&asked, &job).0.expect("no error"), Ended::Cancelled);
    assert_eq!(wait(wished(&server, &job, Wish::Resume)), Heard::Noted);
    finishes(&crate::kit::asked(&server), &job);
    each_once(&server);
    // What is finished stays so, and says it.
    for what in [Wish::Pause, Wish::Resume, Wish::Cancel] {
        assert_eq!(wait(wished(&server, &job, what)), Heard::Finished);
    }
    assert_eq!(ran(&asked, &job).0.expect("no error"), Ended::WasFinished);
}

#[test]
fn paused_before_it_runs() {
    let server = server(14);
    counted(&server, 500);
    let job = job_of_counts();
    assert_eq!(wait(wished(&server, &job, Wish::Pause)), Heard::Noted);
    assert_eq!(ran(&asked(&server), &job).0.expect("no error"), Ended::Paused);
    assert_eq!(value(&server, "SELECT max(n) FROM t"), "0");
    wait(wished(&server, &job, Wish::Resume));
    finishes(&asked(&server), &job);
    each_once(&server);
}

#[test]
fn three_at_once_do_each_row_once() {
    let server = server(18);
    counted(&server, 5000);
    let (job, asked) = (job_of_counts(), slow(&server));
    let ended = wait(async {
        let mut tells = [|_: Event| {}; 3];
        let [a, b, c] = &mut tells;
        tokio::join!(run(&asked, &job, a), run(&asked, &job, b), run(&asked, &job, c))
    });
    let mut ended = [ended.0, ended.1, ended.2].map(|one| format!("{:?}", one.expect("no error")));
    ended.sort();
    assert_eq!(ended, ["Finished", "Taken", "Taken"]);
    each_once(&server);
}

#[test]
fn a_run_whose_lock_is_gone_does_nothing_twice() {
    let server = server(16);
    counted(&server, 4000);
    let (job, asked) = (job_of_counts(), slow(&server));
    // The second begins while the first believes itself alone: its lock went with the connection that watches.
    let (first, second) = wait(async {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut tell = |event: Event| drop(told.send(event));
        let asked_first = Asked { look: Duration::from_secs(600), ..asked.clone() };
        let second = async {
            while !matches!(heard.recv().await, Some(Event::Batch { batch: 3.., .. })) {}
            let connection = server.connect().await.expect("a connection");
            let watcher = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'brolly backfill (watch)'";
            connection.batch(watcher).await.expect("it is ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
            run(&asked, &job, &mut |_| {}).await
        };
        tokio::join!(run(&asked_first, &job, &mut tell), second)
    });
    assert_eq!(second.expect("no error"), Ended::Finished);
    // Overtaken, it asks, hears that its connection is gone, and finds all done, or the other at it.
    let _ = first;
    each_once(&server);
}

#[test]
fn another_text_is_refused_unless_it_begins_anew() {
    let server = server(13);
    counted(&server, 300);
    finishes(&asked(&server), &job("x", LINES));
    let other = job("x", &["table: \"t\"", "key: \"id\"", "set: \"n\" = 7"]);
    let (ended, _) = ran(&asked(&server), &other);
    assert!(matches!(ended, Err(Error::Changed { .. })), "{ended:?}");
    wait(async {
        let connection = server.connect().await.expect("a connection");
        let standing = &standings(&connection, "drizzle", std::slice::from_ref(&other)).await.expect("it")[0];
        assert!(standing.edited && standing.state == State::Finished, "{standing:?}");
        assert_eq!(gate(&connection, "drizzle", &other).await.expect("an answer"), Gate::Edited);
        let running = restart(&connection, "drizzle", &[&other]).await.expect("it can");
        assert!(running.is_empty());
        assert_eq!(
            gate(&connection, "drizzle", &other).await.expect("an answer"),
            Gate::Unfinished(State::Pending)
        );
    });
    finishes(&asked(&server), &other);
    assert_eq!(value(&server, "SELECT min(n) || '-' || max(n) FROM t"), "7-7");
    wait(async {
        let connection = server.connect().await.expect("a connection");
        assert_eq!(gate(&connection, "drizzle", &other).await.expect("an answer"), Gate::Open);
    });
}

#[test]
fn rows_decide_at_the_gate_where_they_can_be_counted() {
    let server = server(17);
    counted(&server, 300);
    let job = job("x", &["table: \"t\"", "key: \"id\"", "set: \"n\" = 1", "where: \"n\" = 0"]);
    let asks = || {
        wait(async {
            let connection = server.connect().await.expect("a connection");
            gate(&connection, "drizzle", &job).await.expect("an answer")
        })
    };
    assert_eq!(asks(), Gate::Left(300));
    finishes(&asked(&server), &job);
    assert_eq!(asks(), Gate::Open);
    sql(&server, "INSERT INTO t VALUES (1000, 0)");
    assert_eq!(asks(), Gate::Left(1));
    // Finished, but with rows left: it runs again.
    finishes(&asked(&server), &job);
    assert_eq!(asks(), Gate::Open);
    // A later step took away what it asks for: that it was finished is enough, and nothing else is.
    sql(&server, "ALTER TABLE t RENAME COLUMN n TO m");
    assert_eq!(asks(), Gate::Open);
    assert_eq!(ran(&asked(&server), &job).0.expect("no error"), Ended::WasFinished);
    sql(&server, "UPDATE drizzle.__brolly_backfills SET state = 'paused'");
    assert!(matches!(asks(), Gate::Gone(State::Paused, said) if said.code == "42703"));
}
