//! What is found in a database: transactions, slots, replicas, indexes, room on the disk, and what is to be frozen.

use crate::replica::replica;
use crate::servers::{MAJORS, server, wait};
use crate::{ADD, INDEX, RETYPE, begun, beside, finds, preflight, sql, value, with};
use std::time::{Duration, Instant};

/// Uses transaction IDs up.
const BURN: &str = "do $$ begin for i in 1..101000 loop begin perform 1; insert into posts (id) values (1); \
    raise exception 'x'; exception when others then null; end; end loop; end $$";

#[test]
fn what_is_left_open_is_found_with_who_and_what_to_do() {
    for major in MAJORS {
        let server = with(major, &[("max_prepared_transactions", "4")]);
        let url = server.url("postgres");
        let folder = begun(&server, &[ADD]);
        beside(&server, &["begin; select * from posts", "begin; select * from users"], || {
            finds(&folder, &url, &[], &[]);
            let two = [("transactions", "warning"), ("transactions", "warning")];
            finds(&folder, &url, &["--long", "200ms"], &two);
            preflight(&folder, &url, &["--long", "200ms"]).says(
                1,
                &[
                    "of postgres (report), idle in transaction, its transaction",
                    "select * from posts",
                    "SELECT pg_terminate_backend(",
                    "select * from users; it holds users, which the migrations lock",
                    "2 to wait for or mend",
                ],
            );
        });
        sql(&server, "begin; select * from posts; prepare transaction 'other one'");
        std::thread::sleep(Duration::from_millis(250));
        finds(&folder, &url, &["--long", "200ms"], &[("prepared", "warning")]);
        sql(&server, "begin; select * from users; prepare transaction 'it''s held'");
        std::thread::sleep(Duration::from_millis(250));
        preflight(&folder, &url, &["--long", "200ms"]).says(
            1,
            &[
                "the prepared transaction other one",
                "stop",
                "the prepared transaction it's held",
                "of postgres; it holds users, which the migrations lock",
                "ROLLBACK PREPARED 'it''s held'",
                "1 to mend first, 1 to wait for or mend",
            ],
        );
        sql(&server, "rollback prepared 'other one'");
        sql(&server, "rollback prepared 'it''s held'");
        finds(&folder, &url, &["--long", "200ms"], &[]);
    }
}

#[test]
fn slots_replicas_and_invalid_indexes_are_found() {
    for major in MAJORS {
        let server = server(major);
        let url = server.url("postgres");
        let folder = begun(&server, &[ADD]);
        sql(&server, "select pg_create_physical_replication_slot('never_read')");
        finds(&folder, &url, &[], &[]);
        sql(&server, "select pg_create_physical_replication_slot('left_behind', true)");
        sql(
            &server,
            "create table rows as select generate_series(1, 10000) as id; insert into users (name) values ('a'), ('a')",
        );
        wait(async {
            let session = server.connect().await.expect("a connection");
            let unique = "create unique index concurrently \"By name\" on users (name)";
            session.batch(unique).await.expect_err("there are duplicates");
        });
        finds(&folder, &url, &[], &[("slots", "warning"), ("indexes", "warning")]);
        preflight(&folder, &url, &[]).says(
            1,
            &[
                "nobody reads slot left_behind: it keeps",
                "until the disk is full",
                "SELECT pg_drop_replication_slot('left_behind')",
                "index By name on users is invalid",
                "DROP INDEX CONCURRENTLY \"By name\"",
            ],
        );
        sql(&server, "select pg_drop_replication_slot('left_behind')");
        sql(&server, "drop index \"By name\"");
        finds(&folder, &url, &[], &[]);

        let place = || value(&server, "select pg_current_wal_flush_lsn()");
        let mut reading = replica(server.dir(), "standby", &place());
        std::thread::sleep(Duration::from_millis(300));
        finds(&folder, &url, &["--max-lag", "1s"], &[]);
        sql(&server, "set synchronous_commit = local; insert into rows select generate_series(1, 300)");
        let half = place();
        std::thread::sleep(Duration::from_millis(1_500));
        sql(&server, "set synchronous_commit = local; insert into rows select generate_series(1, 300)");
        reading.is_at(&half);
        std::thread::sleep(Duration::from_millis(300));
        let document = finds(&folder, &url, &["--max-lag", "1s"], &[("replication", "warning")]);
        let checks = document["checks"].as_array().expect("checks").iter();
        let replica = checks.filter(|one| one["topic"] == "replication").collect::<Vec<_>>();
        assert_eq!(replica[0]["object"], "standby", "{document:#}");
        assert!(replica[0]["numbers"]["bytes"].as_f64() > Some(10_000.0), "{document:#}");
        assert!(replica[0]["numbers"]["lag"].as_f64() > Some(1.0), "{document:#}");
        drop(reading);
    }
}

#[test]
fn what_is_written_anew_is_held_against_the_disk() {
    for major in [13, 18] {
        let server = server(major);
        let (url, folder) = (server.url("postgres"), begun(&server, &[RETYPE, INDEX]));
        sql(&server, "insert into users (name) select repeat('x', 100) from generate_series(1, 20000)");
        let document = finds(&folder, &url, &["--free-disk", "100GB"], &[]);
        let disk = document["checks"].as_array().expect("checks").iter().find(|one| one["topic"] == "disk");
        let needed = disk.and_then(|one| one["numbers"]["needed"].as_f64()).expect("a number");
        // The table with its index, and once more for the new index.
        assert!((4e6..12e6).contains(&needed), "{document:#}");
        finds(&folder, &url, &["--free-disk", "5MB"], &[("disk", "stop")]);
        preflight(&folder, &url, &["--free-disk", "5MB"])
            .says(1, &["for users", "more than the 5.0 MB that are free"]);
        finds(&folder, &url, &[], &[]);
        sql(&server, "alter role postgres set temp_file_limit = '1MB'");
        preflight(&folder, &url, &[])
            .says(1, &["temp_file_limit is 1.0 MB, and sorting for an index of users"]);
    }
}

#[test]
fn a_vacuum_that_must_not_be_stopped_ends_it() {
    for major in [13, 18] {
        let server = with(major, &[("autovacuum", "on"), ("autovacuum_naptime", "1s")]);
        let (url, folder) = (server.url("postgres"), begun(&server, &[ADD]));
        // No other vacuum comes to it.
        let slow = "alter table users set (autovacuum_enabled = false, autovacuum_freeze_max_age = 100000, \
                    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)";
        sql(&server, slow);
        sql(&server, "insert into users (name) select repeat('x', 100) from generate_series(1, 20000)");
        sql(&server, BURN);
        let at_work =
            "select count(*) from pg_stat_activity where query like 'autovacuum: VACUUM%users (to prevent%'";
        let start = Instant::now();
        while value(&server, at_work) == "0" {
            assert!(start.elapsed() < Duration::from_secs(30), "no vacuum came");
            std::thread::sleep(Duration::from_millis(100));
        }
        preflight(&folder, &url, &[]).says(
            1,
            &[
                "stop     wraparound",
                "a vacuum that prevents wraparound works on users",
                "it must not be stopped",
            ],
        );
    }
}

#[test]
fn commits_that_wait_for_nobody_end_it() {
    for major in [13, 18] {
        let server = with(major, &[("synchronous_commit", "on")]);
        let (url, folder) = (server.url("postgres"), begun(&server, &[ADD]));
        finds(&folder, &url, &[], &[]);
        sql(&server, "alter system set synchronous_standby_names = 'gone'");
        sql(&server, "select pg_reload_conf()");
        std::thread::sleep(Duration::from_millis(300));
        preflight(&folder, &url, &[])
            .says(1, &["stop", "every commit waits: synchronous_standby_names is gone"]);
    }
}

#[test]
fn a_table_that_is_to_be_frozen_is_named() {
    for major in [13, 18] {
        let server = server(major);
        let (url, folder) = (server.url("postgres"), begun(&server, &[ADD]));
        sql(&server, "alter table users set (autovacuum_freeze_max_age = 100000)");
        finds(&folder, &url, &[], &[]);
        sql(&server, BURN);
        finds(&folder, &url, &[], &[("wraparound", "warning")]);
        preflight(&folder, &url, &[])
            .says(1, &["a vacuum that prevents wraparound is due on users", "VACUUM (FREEZE) users first"]);
        sql(&server, "vacuum (freeze) users");
        finds(&folder, &url, &[], &[]);
    }
}
