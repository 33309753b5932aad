//! Each kind of key and of change, against one UPDATE for all on a copy.

use crate::kit::{asked, batches, finishes, job, ran, sql, value};
use crate::servers::{MAJORS, server, wait};
use pg::Server;
use runner::backfill::{Ended, Error, Event, run};

/// A table `@` with rows, and the backfill of it.
struct Case {
    name: &'static str,
    make: &'static str,
    lines: &'static [&'static str],
    /// What does it at once.
    whole: &'static str,
    /// Fewest batches that it takes.
    batches: usize,
}

const CASES: &[Case] = &[
    Case {
        name: "integer",
        make: "CREATE TABLE @ (id int PRIMARY KEY, name text, c text); \
               INSERT INTO @ SELECT i * 7 - 900, 'n' || i, CASE WHEN i % 5 = 0 THEN 'n' || i END FROM generate_series(1, 2000) i",
        lines: &["key: \"id\"", "set: \"c\" = \"name\"", "where: \"c\" IS DISTINCT FROM \"name\""],
        whole: "UPDATE @ SET c = name WHERE c IS DISTINCT FROM name",
        batches: 18,
    },
    Case {
        name: "bigint, no condition",
        make: "CREATE TABLE @ (id bigint PRIMARY KEY, n bigint, c numeric); \
               INSERT INTO @ SELECT 5000000000 + i * i, i, CASE WHEN i < 1000 THEN i * 2 END FROM generate_series(1, 2000) i",
        lines: &["key: \"id\"", "set: \"c\" = \"n\" * 2"],
        whole: "UPDATE @ SET c = n * 2",
        batches: 18,
    },
    Case {
        name: "uuid",
        make: "CREATE TABLE @ (id uuid PRIMARY KEY, name text, c text); \
               INSERT INTO @ SELECT md5(i::text)::uuid, 'n' || i, NULL FROM generate_series(1, 1500) i",
        lines: &["alias: u", "key: \"id\"", "set: c = upper(u.name)", "where: u.c IS NULL"],
        whole: "UPDATE @ SET c = upper(name) WHERE c IS NULL",
        batches: 13,
    },
    Case {
        name: "text with all that hurts",
        make: "CREATE TABLE @ (id text PRIMARY KEY, c text); \
               INSERT INTO @ SELECT CASE i % 4 WHEN 0 THEN '' WHEN 1 THEN '''; --' WHEN 2 THEN E'\\\\n\\n' ELSE '\u{fc}$1' END || md5(i::text) \
               FROM generate_series(1, 1000) i",
        lines: &["key: \"id\"", "set: \"c\" = \"id\" || '!'", "where: \"c\" IS NULL"],
        whole: "UPDATE @ SET c = id || '!' WHERE c IS NULL",
        batches: 8,
    },
    Case {
        name: "composite",
        make: "CREATE TABLE @ (a int, \"B c\" char(4), at timestamptz, c int, PRIMARY KEY (a, \"B c\", at)); \
               INSERT INTO @ SELECT i % 7, chr(65 + i % 26), '2024-03-31 01:00+01'::timestamptz + i * interval '7 min 1.000001 s' \
               FROM generate_series(1, 1500) i",
        lines: &["key: \"a\", \"B c\", \"at\"", "set: \"c\" = \"a\" + 1", "where: \"c\" IS NULL"],
        whole: "UPDATE @ SET c = a + 1 WHERE c IS NULL",
        batches: 13,
    },
    Case {
        name: "an index that is not unique",
        make: "CREATE TABLE @ (id int, kind float8 NOT NULL, c int); CREATE INDEX ON @ (kind); \
               INSERT INTO @ SELECT i, (i / 300) / 3.0 FROM generate_series(1, 1500) i",
        lines: &["key: \"kind\"", "set: \"c\" = \"id\"", "where: \"c\" IS NULL"],
        whole: "UPDATE @ SET c = id WHERE c IS NULL",
        batches: 4,
    },
    Case {
        // Fewer numbers than rows: how wide a range is does not say how many it holds.
        name: "whole numbers that are there again and again",
        make: "CREATE TABLE @ (id int, kind int NOT NULL, c int); CREATE INDEX ON @ (kind); \
               INSERT INTO @ SELECT i, i % 20 FROM generate_series(1, 1500) i",
        lines: &["key: \"kind\"", "set: \"c\" = \"id\"", "where: \"c\" IS NULL"],
        whole: "UPDATE @ SET c = id WHERE c IS NULL",
        batches: 13,
    },
    Case {
        name: "no key",
        make: "CREATE TABLE @ (id int, c int) WITH (fillfactor = 50); INSERT INTO @ SELECT i FROM generate_series(1, 3000) i; \
               DELETE FROM @ WHERE id % 3 = 0",
        lines: &["set: \"c\" = \"id\" * 2"],
        whole: "UPDATE @ SET c = id * 2",
        batches: 5,
    },
    Case {
        name: "partitioned by key",
        make: "CREATE TABLE @ (id int, at int, c int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); \
               CREATE TABLE @1 PARTITION OF @ FOR VALUES FROM (0) TO (10); \
               CREATE TABLE @2 PARTITION OF @ FOR VALUES FROM (10) TO (20) PARTITION BY LIST (at); \
               CREATE TABLE @21 PARTITION OF @2 DEFAULT; \
               INSERT INTO @ SELECT i, i % 20 FROM generate_series(1, 1500) i",
        lines: &["key: \"id\", \"at\"", "set: \"c\" = \"id\" + \"at\"", "where: \"c\" IS NULL"],
        whole: "UPDATE @ SET c = id + at WHERE c IS NULL",
        batches: 13,
    },
    Case {
        name: "partitioned without a key",
        make: "CREATE TABLE @ (id int, at int, c int) PARTITION BY RANGE (at); \
               CREATE TABLE @1 PARTITION OF @ FOR VALUES FROM (0) TO (10); \
               CREATE TABLE @0 PARTITION OF @ FOR VALUES FROM (30) TO (40); \
               CREATE TABLE @2 PARTITION OF @ FOR VALUES FROM (10) TO (20); \
               INSERT INTO @ SELECT i, i % 20 FROM generate_series(1, 3000) i",
        lines: &["set: \"c\" = \"id\" + \"at\"", "where: \"c\" IS NULL"],
        whole: "UPDATE @ SET c = id + at WHERE c IS NULL",
        batches: 4,
    },
    Case {
        name: "a join",
        make: "CREATE TABLE @ (id int PRIMARY KEY, other int, c text); CREATE TABLE @o_ (id int PRIMARY KEY, name text); \
               INSERT INTO @o_ SELECT i, 'o' || i FROM generate_series(1, 50) i; \
               INSERT INTO @ SELECT i, i % 60 FROM generate_series(1, 1500) i",
        lines: &[
            "key: \"id\"",
            "set: \"c\" = o.name",
            "from: @o_ AS o",
            "where: o.id = @.other AND @.c IS NULL",
        ],
        whole: "UPDATE @ SET c = o.name FROM @o_ AS o WHERE o.id = @.other AND @.c IS NULL",
        batches: 13,
    },
    Case {
        name: "rows that go",
        make: "CREATE TABLE @ (id int PRIMARY KEY, at int); INSERT INTO @ SELECT i, i % 9 FROM generate_series(1, 1500) i",
        lines: &["key: \"id\"", "where: \"at\" < 4"],
        whole: "DELETE FROM @ WHERE at < 4",
        batches: 13,
    },
    Case {
        name: "what is counted up",
        make: "CREATE TABLE @ (id int PRIMARY KEY, j json, n int NOT NULL); \
               INSERT INTO @ SELECT i, '{}', i FROM generate_series(1, 1500) i",
        // Of a type that can't be compared: nothing tells which rows are done but how far it came.
        lines: &["key: \"id\"", "set: \"j\" = '[1]'::json, \"n\" = \"n\" + 1"],
        whole: "UPDATE @ SET j = '[1]', n = n + 1",
        batches: 13,
    },
];

fn check(server: &Server, case: &Case) {
    let at = |text: &str, name: &str| text.replace('@', name);
    for name in ["t", "u"] {
        sql(server, &at(case.make, name));
    }
    sql(server, &at(case.whole, "u"));
    let lines: Vec<String> = case.lines.iter().map(|line| at(line, "t")).collect();
    let lines: Vec<&str> = ["table: \"t\""].into_iter().chain(lines.iter().map(String::as_str)).collect();
    let job = job(case.name, &lines);
    let events = finishes(&asked(server), &job);
    assert!(batches(&events) >= case.batches, "{}: {} batches", case.name, batches(&events));
    let differ = value(
        server,
        "SELECT count(*) FROM ((SELECT t::text FROM t EXCEPT ALL SELECT u::text FROM u) UNION ALL \
         (SELECT u::text FROM u EXCEPT ALL SELECT t::text FROM t)) AS d",
    );
    assert_eq!(differ, "0", "{} on {}", case.name, server.version());
    // Nothing is written again.
    let versions = "SELECT coalesce(string_agg(xmin::text, ',' ORDER BY t::text), '') FROM t";
    let before = value(server, versions);
    assert_eq!(ran(&asked(server), &job).0.ok(), Some(Ended::WasFinished), "{}", case.name);
    assert_eq!(value(server, versions), before);
    sql(server, "DROP TABLE t, u; DROP TABLE IF EXISTS to_, uo_; DELETE FROM drizzle.__brolly_backfills");
}

#[test]
fn rows_are_as_one_update_leaves_them_on_every_version() {
    for major in MAJORS {
        let server = server(major);
        CASES.iter().for_each(|case| check(&server, case));
    }
}

#[test]
fn rows_that_are_right_are_not_written_again() {
    let server = server(17);
    sql(
        &server,
        "CREATE TABLE t (id int PRIMARY KEY, name text, c text); \
                  INSERT INTO t SELECT i, 'n', CASE WHEN i % 10 > 0 THEN 'n' END FROM generate_series(1, 1000) i",
    );
    let events = finishes(&asked(&server), &job("x", &["table: t", "key: id", "set: c = name"]));
    let changed: u64 = events
        .iter()
        .filter_map(
            |event| if let runner::backfill::Event::Batch { rows, .. } = event { Some(rows) } else { None },
        )
        .sum();
    assert_eq!(changed, 100, "{events:#?}");
}

#[test]
fn what_does_not_fit_is_refused_before_a_row_is_changed() {
    let server = server(16);
    sql(
        &server,
        "CREATE TABLE t (id int PRIMARY KEY, other int, c int); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i; \
                  CREATE VIEW v AS SELECT * FROM t",
    );
    for (lines, why) in [
        (&["table: nowhere", "key: id", "set: c = 1"][..], "there is no table nowhere"),
        (&["table: v", "key: id", "set: c = 1"], "no table with rows of its own"),
        (&["table: t", "key: other", "set: c = 1"], "may be NULL"),
        (&["table: t", "key: gone", "set: c = 1"], "no column gone"),
        (&["table: t", "key: id", "set: id = 1"], "which its batches go by"),
        (&["table: t", "key: id", "set: c = gone", "where: true"], "column \"gone\" does not exist"),
        (&["table: t", "set: c = (random() * 10)::int"], "without a key"),
    ] {
        let (ended, events) = ran(&asked(&server), &job("x", lines));
        let error = ended.expect_err("it does not fit");
        assert!(
            matches!(error, Error::Unfit { .. }) && error.to_string().contains(why),
            "{error}\n{events:#?}"
        );
        sql(&server, "DELETE FROM drizzle.__brolly_backfills");
    }
    sql(&server, "ALTER TABLE t ALTER other SET NOT NULL");
    let (ended, _) = ran(&asked(&server), &job("x", &["table: t", "key: other", "set: c = 1"]));
    assert!(ended.expect_err("it has no index").to_string().contains("no index that begins with other"));
    assert_eq!(value(&server, "SELECT count(c) FROM t"), "0");
}

/// Rows that come to lie on pages that were done are done all the same: the table is written anew while nobody runs it, or
/// an UPDATE of somebody else finds room there.
#[test]
fn rows_that_move_behind_the_pages_that_are_done() {
    let server = server(17);
    let job = job(
        "moved",
        &[
            "table: \"lg\"",
            "alias: l",
            "set: msg = u.name",
            "from: \"users\" u",
            "where: u.id = l.uid and l.msg is null",
        ],
    );
    // One user has no name: what is set from it stays NULL, and is done.
    let fill = "DROP TABLE IF EXISTS users, lg; CREATE TABLE users (id int PRIMARY KEY, name text); \
                INSERT INTO users SELECT i, 'n' || i FROM generate_series(1, 50) i; INSERT INTO users VALUES (0, NULL); \
                CREATE TABLE lg (id int, uid int, msg text, n int); \
                INSERT INTO lg SELECT i, i % 51 FROM generate_series(1, 6000) i; ANALYZE lg";
    let left = "SELECT count(*) FROM lg WHERE msg IS NULL AND uid <> 0";
    for (what, anew) in [("VACUUM FULL lg", true), ("VACUUM lg", false)] {
        sql(&server, fill);
        sql(&server, "DROP TABLE IF EXISTS drizzle.__brolly_backfills");
        let asked = asked(&server);
        wait(async {
            let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
            let mut tell = |event: Event| drop(told.send(event));
            let some =
                async { while !matches!(heard.recv().await, Some(Event::Batch { batch: 12.., .. })) {} };
            tokio::select! {
                ended = run(&asked, &job, &mut tell) => panic!("{ended:?}"),
                () = some => {}
            }
        });
        sql(&server, what);
        if !anew {
            // Room is there on the pages that were done.
            sql(&server, "UPDATE lg SET n = 1 WHERE id > 5500");
            let early = "SELECT count(*) FROM lg WHERE msg IS NULL AND n = 1 AND (ctid::text::point)[0] < 10";
            assert_ne!(value(&server, early), "0", "nothing moved");
        }
        assert_ne!(value(&server, left), "0");
        let events = finishes(&asked, &job);
        assert_eq!(value(&server, left), "0", "{what}: {events:#?}");
        let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
        assert_eq!(count(|event| matches!(event, Event::Anew { .. })), usize::from(anew), "{what}");
        assert_eq!(count(|event| matches!(event, Event::Again { .. })), usize::from(!anew), "{what}");
    }
}
