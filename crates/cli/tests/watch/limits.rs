//! What can't be seen is said with what makes it visible: other roles, a missing extension, a replica.

use crate::kit::{during, items, lines, load, sql, told, watch, with};
use crate::replica::Replica;
use crate::run::folder;
use crate::servers::{server, wait};

#[test]
fn a_role_that_sees_little_is_told_what_shows_more() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        sql(
            &server,
            "create role weak login; drop extension pg_stat_statements; create schema \"Ext 1\"; \
             grant usage on schema \"Ext 1\" to weak; create extension pg_stat_statements schema \"Ext 1\"",
        );
        let (folder, url) = (folder(), server.url("postgres").replace("user=postgres", "user=weak"));
        during(&server, load, || {
            watch(&folder, &url, &["--for", "1s"]).says(
                0,
                &[
                    "unknown  connections  what sessions of other roles do is hidden from this role",
                    "GRANT pg_read_all_stats to the role",
                    "unknown  statements   statements of other roles are hidden from this role",
                    "2 not known",
                ],
            );
            sql(&server, "grant pg_read_all_stats to weak");
            watch(&folder, &url, &["--for", "1s"]).says(0, &["nothing got worse"]);
        });
    }
}

#[test]
fn a_server_that_counts_no_statements_is_watched_all_the_same() {
    for major in [13, 18] {
        let server = server(major);
        let (folder, url) = (folder(), server.url("postgres"));
        watch(&folder, &url, &["--for", "600ms"]).says(
            0,
            &[
                "unknown  statements",
                "pg_stat_statements is not there",
                "CREATE EXTENSION pg_stat_statements",
            ],
        );
        sql(&server, "create extension pg_stat_statements");
        watch(&folder, &url, &["--for", "600ms"]).says(
            0,
            &["unknown  statements", "pg_stat_statements is not loaded", "shared_preload_libraries"],
        );
    }
}

#[test]
fn replicas_that_fall_behind_are_bad_and_can_be_watched_themselves() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        let (folder, url) = (folder(), server.url("postgres"));
        let replica = Replica::of(&server, major);
        let standby = wait(replica.connect());
        drop(standby);
        let named = replica.url();
        let brief = ["--replica", &named, "--format", "json", "--for", "1s"];
        let watched = |args: &[&str]| {
            let ended = watch(&folder, &url, &[&brief[..], args].concat());
            (ended.code, lines(&ended).pop().expect("a verdict"))
        };
        let (code, verdict) = watched(&[]);
        let names: Vec<&str> =
            told(&verdict, "replication").iter().filter_map(|one| one["object"].as_str()).collect();
        let host = replica.target().host();
        assert_eq!((code, names), (0, vec![host.as_str(), "behind"]), "{verdict:#}");

        wait(async {
            replica.connect().await.batch("select pg_wal_replay_pause()").await.expect("it can be paused");
        });
        sql(&server, "update items set name = name");
        let (code, verdict) = watched(&["--max-lag", "100ms"]);
        let of = told(&verdict, "replication");
        let own = of.iter().find(|one| one["object"] == host.as_str()).expect("it is told");
        // Its first look is its baseline: it is behind by more each time.
        assert!(own["numbers"]["lag"].as_f64() > Some(0.1), "{verdict:#}");
        assert!(own["numbers"]["bytes"].as_f64() > Some(1000.0), "{verdict:#}");
        assert_eq!(code, i32::from(of.iter().any(|one| one["state"] == "bad")), "{verdict:#}");

        watch(&folder, &named, &["--for", "600ms"]).says(
            0,
            &[
                "ok       server",
                "ok       connections",
                "ok       locks",
                "replica this server, a replica, was at most",
                "unknown  tables       old versions of rows: a replica does not count them",
                "ok       indexes",
            ],
        );
        drop(replica);
        let gone = watch(&folder, &url, &["--replica", &named, "--for", "600ms"]);
        gone.says(1, &["bad      replication", "can't be asked"]);
    }
}
