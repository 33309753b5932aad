//! Those who read on a replica while its primary is migrated: what a lock does to them there, and that they are waited for.

use crate::replica::Replica;
use crate::servers::wait;
use crate::streaming::{FIRST, PATIENCE, begun, caught_up, on, started, until};
use crate::{ADD, migrate, sql};
use std::sync::mpsc::channel;

/// What a query on the replica that goes on for as long as it can ends with, when this is done on the primary meanwhile.
fn read_while(replica: &Replica, table: &str, work: impl FnOnce()) -> pg::Error {
    let (told, began) = channel();
    let target = replica.target();
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            wait(async {
                let reader = pg::connect(&target).await.expect("a connection");
                reader.batch(&format!("BEGIN; SELECT * FROM {table}")).await.expect("it reads");
                told.send(()).expect("somebody hears it");
                reader.batch("SELECT pg_sleep(60)").await.expect_err("it is ended")
            })
        });
        began.recv_timeout(PATIENCE).expect("it reads");
        work();
        reading.join().expect("no panic")
    })
}

/// What is said of Postgres: a lock that the primary holds for a moment ends who reads on a replica, whatever
/// hot_standby_feedback says; until then everybody waits behind it. CREATE INDEX CONCURRENTLY does not.
#[test]
fn a_brief_lock_ends_a_reader_on_a_replica() {
    for major in [13, 18] {
        let settings = ["max_standby_streaming_delay=300ms", "hot_standby_feedback=on"];
        let (server, replica, folder) = begun(major, &settings, &[ADD]);
        let url = server.url("postgres");
        let one = |text: &'static str| {
            let server = &server;
            move || drop(sql(server, text))
        };
        let mut ended = vec![
            read_while(&replica, "users", || {
                migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
            }),
            read_while(&replica, "users", one("REINDEX INDEX CONCURRENTLY users_name")),
            read_while(&replica, "users", one("DROP INDEX CONCURRENTLY users_name")),
        ];
        if major >= 14 {
            let parts = "CREATE TABLE parts (id int) PARTITION BY RANGE (id)";
            wait(async {
                on(&server, parts).await;
                on(&server, "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9)").await;
                caught_up(&server, &replica.connect().await).await;
            });
            ended.push(read_while(
                &replica,
                "parts",
                one("ALTER TABLE parts DETACH PARTITION part CONCURRENTLY"),
            ));
        }
        for error in ended {
            assert_eq!(error.sqlstate(), Some("40001"), "{error}");
            assert!(error.to_string().contains("conflict with recovery"), "{error}");
        }
        // A build alone is replayed beside a reader.
        wait(async {
            let reader = replica.connect().await;
            reader.batch("BEGIN; SELECT * FROM users").await.expect("it reads");
            on(&server, "CREATE INDEX CONCURRENTLY users_name ON users (name)").await;
            caught_up(&server, &reader).await;
            reader.batch("SELECT * FROM users; COMMIT").await.expect("nothing ended it");
        });
    }
}

/// The same with brolly, which asks the replica.
#[test]
fn a_reader_on_a_replica_is_waited_for() {
    for major in [13, 18] {
        let later = ("0003_drop", "DROP INDEX CONCURRENTLY users_name;\n");
        let (server, replica, folder) = begun(major, &[], &[ADD]);
        // Locks are seen from the database alone that they are in, so that brolly goes there.
        let (url, by) = (server.url("postgres"), replica.url().replace("///postgres", "///template1"));
        let ask = ["--database-url", &url, "--replica-env", "REPLICA"];
        let variables = [("REPLICA", by.as_str())];
        wait(async {
            let (reader, look) = (replica.connect().await, replica.connect().await);
            let set = |delay: &str| format!("ALTER SYSTEM SET max_standby_streaming_delay = '{delay}'");

            // Where nobody is ended, a lock of a moment keeps all others waiting for as long as one reads.
            look.batch(&set("-1")).await.expect("it can be set");
            look.batch("SELECT pg_reload_conf()").await.expect("it is read");
            until(&look, "SHOW max_standby_streaming_delay", "-1").await;
            reader.batch("BEGIN; SELECT * FROM users").await.expect("it reads");
            migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
            let replay = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                          WHERE l.relation = 'users'::regclass AND NOT l.granted AND a.backend_type = 'startup'";
            until(&look, replay, "1").await;
            look.batch("SET lock_timeout = '100ms'").await.expect("it can be set");
            let second = look.batch("SELECT * FROM users").await.expect_err("it waits behind the replay");
            assert_eq!(second.sqlstate(), Some("55P03"), "{second}");
            reader.batch("SELECT * FROM users; COMMIT").await.expect("nothing ended it");
            caught_up(&server, &look).await;
            look.batch("SELECT age FROM users").await.expect("what was migrated is there");

            // Who reads for longer than the replica allows is told, and waited for.
            look.batch(&set("300ms")).await.expect("it can be set");
            look.batch("SELECT pg_reload_conf()").await.expect("it is read");
            until(&look, "SHOW max_standby_streaming_delay", "300ms").await;
            let all =
                [FIRST[0], FIRST[1], ADD, later, ("0004_nick", "ALTER TABLE users ADD COLUMN nick text;\n")];
            for (at, what) in [(3, "users_name"), (4, "nick")] {
                folder.journal("drizzle", &all[..=at]);
                reader.batch("BEGIN; SELECT * FROM users").await.expect("it reads");
                let pid = reader.pid().await.expect("a number");
                let old = format!(
                    "SELECT clock_timestamp() - xact_start > interval '300ms' FROM pg_stat_activity WHERE pid = {pid}"
                );
                until(&look, &old, "t").await;
                if at == 3 {
                    let seen = folder.brolly_in(".", &[&["preflight"], &ask[..]].concat(), &variables);
                    seen.says(
                        1,
                        &[
                            "(asked) is ",
                            "a query there may hold up replay for 300 ms (max_standby_streaming_delay), hot_standby_feedback is off",
                            &format!("process {pid} of postgres (brolly) on replica "),
                            "idle in transaction, its transaction",
                            "it holds users: the migrations would stop replay there, with all who read users, and end it after 300 ms",
                            &format!("SELECT pg_terminate_backend({pid}) there"),
                        ],
                    );
                }
                if at == 4 {
                    let short = [&["migrate", "--patience", "100ms"], &ask[..]].concat();
                    folder.brolly_in(".", &short, &variables).complains(
                        2,
                        &[
                            &format!(
                                "older transactions hold the table: process {pid} of postgres (brolly) on replica "
                            ),
                            "brolly: the lock was not to be had in 0 s and 0 tries",
                            &format!("process {pid} of postgres (brolly) on replica "),
                        ],
                    );
                }
                let running =
                    started(&folder, &[&["migrate", "--format", "json"], &ask[..]].concat(), &variables);
                let held = running.says(r#""event":"held""#);
                let held = as_its_schema_says(&held);
                let host = replica.target().host();
                assert_eq!(
                    (&held["sessions"][0]["pid"], &held["sessions"][0]["replica"]),
                    (&pid.into(), &host.into())
                );
                // Nothing of it is on the primary yet, and the reader reads on.
                let there = format!(
                    "SELECT (SELECT count(*) FROM pg_class WHERE relname = '{what}') + \
                     (SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = '{what}')"
                );
                let before = server.connect().await.expect("one").value(&there).await.expect("an answer");
                assert_eq!(before.as_deref(), Some(if at == 3 { "1" } else { "0" }));
                reader.batch("SELECT * FROM users; COMMIT").await.expect("nothing ended it");
                running.ends_well();
                caught_up(&server, &look).await;
                let after = look.value(&there).await.expect("an answer");
                assert_eq!(after.as_deref(), Some(if at == 3 { "0" } else { "1" }));
            }
        });
    }
}

/// A way back locks what the migration locked.
#[test]
fn a_reader_on_a_replica_is_waited_for_on_the_way_back() {
    let (server, replica, folder) = begun(16, &["max_standby_streaming_delay=300ms"], &[ADD]);
    let (url, by) = (server.url("postgres"), replica.url());
    migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
    folder.brolly(&["rollback", "drizzle/0001_add.sql", "--write"]).says(0, &[]);
    let back = ["rollback", "--run", "--yes", "--lose-data", "--database-url", &url, "--replica", &by];
    wait(async {
        let reader = replica.connect().await;
        caught_up(&server, &reader).await;
        reader.batch("BEGIN; SELECT age FROM users; SELECT pg_sleep(0.4)").await.expect("it reads");
        folder.brolly(&[&back[..], &["--patience", "100ms"]].concat()).complains(
            2,
            &["older transactions hold the table", " on replica ", "the lock was not to be had"],
        );
        reader.batch("SELECT age FROM users; COMMIT").await.expect("nothing ended it");
    });
    folder.brolly(&back).says(0, &[]);
    let left = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'age'";
    assert_eq!(sql(&server, left).as_deref(), Some("0"));
}

/// hot_standby_feedback keeps rows for an old snapshot on a replica, and the primary from cleaning up. Nothing that is migrated
/// waits for it, and an index that is built concurrently lacks what only that snapshot sees.
#[test]
fn an_old_snapshot_on_a_replica_holds_back_vacuum_and_no_migration() {
    let index = ("0002_index", "CREATE INDEX CONCURRENTLY users_by_name ON users (name);\n");
    let add = ("0003_add", ADD.1);
    let (server, replica, folder) = begun(18, &["hot_standby_feedback=on"], &[index, add]);
    let (url, by) = (server.url("postgres"), replica.url());
    sql(
        &server,
        "DROP INDEX users_name; INSERT INTO users (name) SELECT 'gone' FROM generate_series(1, 100); CREATE ROLE weak LOGIN",
    );
    let preflight =
        |url: &str, by: &str| folder.brolly(&["preflight", "--database-url", url, "--replica", by]);
    wait(async {
        let (reader, look) = (replica.connect().await, server.connect().await.expect("a connection"));
        caught_up(&server, &reader).await;
        reader.batch("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM posts").await.expect("it reads");
        until(&look, "SELECT count(backend_xmin) FROM pg_stat_replication", "1").await;
        preflight(&url, &by).says(0, &["hot_standby_feedback is on", "nothing is in the way"]);
        let weak = by.replace("user=postgres", "user=weak");
        preflight(&url, &weak).says(
            0,
            &[
                "on replica ",
                "session of other roles does is hidden from role weak: nobody of them is waited for",
            ],
        );
        look.batch("DELETE FROM users WHERE name = 'gone'").await.expect("it can");
        migrate(&folder, &url, &["--replica", &by]).says(0, &["2 migrations applied"]);
        caught_up(&server, &reader).await;
        let count = "SELECT count(*) FROM users WHERE name = 'gone'";
        let scans = "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_seqscan = off";
        reader.batch(scans).await.expect("it can be set");
        assert_eq!(reader.value(count).await.expect("an answer").as_deref(), Some("0"), "by the new index");
        reader.batch("SET enable_seqscan = on; SET enable_bitmapscan = off").await.expect("it can be set");
        assert_eq!(reader.value(count).await.expect("an answer").as_deref(), Some("100"), "by the table");

        // It is told once it is old, with a slot and without.
        preflight(&url, &by).lacks("holds a snapshot");
        look.batch(BURN).await.expect("it can");
        preflight(&url, &by).says(
            1,
            &[
                "replica behind holds a snapshot that is ",
                " transactions old (hot_standby_feedback)",
                "end the oldest transaction",
            ],
        );
        look.batch("SELECT pg_create_physical_replication_slot('kept')").await.expect("it can");
        let there = replica.connect().await;
        there.batch("ALTER SYSTEM SET primary_slot_name = 'kept'").await.expect("it can be set");
        there.batch("SELECT pg_reload_conf()").await.expect("it is read");
        until(&look, "SELECT count(xmin) FROM pg_replication_slots", "1").await;
        preflight(&url, &by).says(1, &["slot kept holds a snapshot that is "]);
        reader.batch("COMMIT").await.expect("nothing ended it");
        until(&look, "SELECT age(xmin) < 100000 FROM pg_replication_slots", "t").await;
        preflight(&url, &by).lacks("holds a snapshot");
    });

    // What is named and can't be waited for keeps a migration from being run. Servers of one version are copies here, with
    // one identifier.
    let other = crate::servers::server(17);
    preflight(&url, &url).says(1, &["is no replica: it takes writes", "name a replica of the server"]);
    preflight(&other.url("postgres"), &by).says(1, &["is a replica of another server"]);
    folder.journal(
        "drizzle",
        &[FIRST[0], FIRST[1], index, add, ("0004_more", "ALTER TABLE users ADD COLUMN more int;\n")],
    );
    drop(replica);
    let why = "can't be asked: cannot connect to";
    preflight(&url, &by).says(1, &[why, "leave it out of --replica"]);
    migrate(&folder, &url, &["--replica", &by]).complains(2, &[why, "nothing was run"]);
    migrate(&folder, &url, &["--replica", &by, "--skip-preflight", "--patience", "100ms"]).complains(
        2,
        &["no lock is asked for while replica", "can't be asked who reads there", "cannot connect to"],
    );
    let json = ["--replica", &by, "--skip-preflight", "--patience", "100ms", "--format", "json"];
    let ended = migrate(&folder, &url, &json);
    let silent = ended.out.lines().find(|line| line.contains(r#""event":"silent""#)).expect("a line");
    assert_eq!(as_its_schema_says(silent)["replica"], pg::target(&by).expect("a URL").host());
    migrate(&folder, &url, &["--replica-env", "NO_SUCH"]).complains(2, &["NO_SUCH"]);
    assert_eq!(
        sql(&server, "SELECT count(*) FROM pg_attribute WHERE attname = 'more'").as_deref(),
        Some("0")
    );
}

/// A line of `brolly migrate --format json`.
fn as_its_schema_says(line: &str) -> serde_json::Value {
    let value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let schema = report::migrate_schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema can be used");
    let problems: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(problems, Vec::<String>::new(), "{line}");
    value
}

/// Uses transaction IDs up.
const BURN: &str = "do $$ begin for i in 1..101000 loop begin perform 1; insert into posts (id) values (1); \
    raise exception 'x'; exception when others then null; end; end loop; end $$";
