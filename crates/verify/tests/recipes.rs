//! SQL of the recipes on a real server: what old and new versions write stays in step, rows are backfilled, and the
//! end is the schema that the migration makes by itself.

#[path = "../../plan/tests/planned/mod.rs"]
mod planned;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use catalog::diff;
use drizzle::split_chunks;
use pg::{Connection, Scratch, Server, introspect};
use plan::Phase;
use planned::planned_on;
use std::collections::BTreeSet;

const MAJORS: [u8; 3] = [13, 15, 18];

/// A migration, and what is asked on its way: SQL, and what its last query must give.
struct Case<'a> {
    schema: &'a str,
    migration: &'a str,
    /// After the deploy of the migration itself.
    during: &'a [(&'a str, &'a str)],
    /// After the backfill.
    filled: &'a [(&'a str, &'a str)],
    /// After the last deploy.
    end: &'a [(&'a str, &'a str)],
}

/// Sends a file as Drizzle does, chunk by chunk.
async fn send(connection: &Connection, text: &str) {
    for chunk in split_chunks(text) {
        let sql = chunk.of(text);
        connection.batch(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
}

async fn ask(connection: &Connection, questions: &[(&str, &str)]) {
    for (sql, wanted) in questions {
        let rows = connection.rows(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let rows: Vec<String> = rows
            .into_iter()
            .map(|row| row.into_iter().map(|v| v.unwrap_or("-".to_owned())).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(rows.join(", "), *wanted, "{sql}");
    }
}

async fn rolls_out(server: &Server, case: &Case<'_>, major: u8) {
    let plan = planned_on(major, case.schema, case.migration);
    assert!(plan.path.is_some(), "{:?}", plan.refused);
    let naive = Scratch::create(&server.target("postgres")).await.expect("a database");
    let connection = naive.connect().await.expect("a connection");
    send(&connection, case.schema).await;
    send(&connection, case.migration).await;
    let wanted = introspect(&connection).await.expect("a catalogue");
    naive.finish().await.expect("it goes");

    let scratch = Scratch::create(&server.target("postgres")).await.expect("a database");
    let connection = scratch.connect().await.expect("a connection");
    send(&connection, case.schema).await;
    connection.batch("INSERT INTO t VALUES (DEFAULT, '1')").await.expect("a row");
    connection.batch("BEGIN").await.expect("a transaction");
    for text in plan.texts.migrations.values() {
        send(&connection, text).await;
    }
    connection.batch("COMMIT").await.expect("an end");
    for own in &plan.texts.own {
        send(&connection, &own.text).await;
    }
    ask(&connection, case.during).await;
    for backfill in &plan.texts.backfills {
        let condition = backfill.condition.as_deref().unwrap_or("true");
        let sql = format!("UPDATE {} SET {} WHERE {condition}", backfill.table, backfill.set);
        connection.batch(&sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
    ask(&connection, case.filled).await;
    let phases: BTreeSet<Phase> = plan.texts.waiting.iter().map(|waiting| waiting.phase).collect();
    for phase in phases {
        for waiting in plan.texts.waiting.iter().filter(|waiting| waiting.phase == phase) {
            for gate in &waiting.gates {
                if let plan::Gate::NoRows { table, condition } = gate {
                    let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
                    ask(&connection, &[(&sql, "0")]).await;
                }
            }
            send(&connection, &waiting.sql).await;
        }
    }
    ask(&connection, case.end).await;
    let end = introspect(&connection).await.expect("a catalogue");
    assert_eq!(diff(&wanted, &end), [], "{}", case.migration);
    scratch.finish().await.expect("it goes");
}

fn on_servers(cases: &[Case<'_>]) {
    for major in MAJORS {
        let server = servers::server(major.into());
        servers::wait(async {
            for case in cases {
                rolls_out(&server, case, major).await;
            }
        });
    }
}

#[test]
fn renames() {
    on_servers(&[
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT 'x' NOT NULL UNIQUE CHECK (length(a) < 9));",
            migration: "ALTER TABLE t RENAME COLUMN a TO b;",
            during: &[
                ("INSERT INTO t (a) VALUES ('2'); SELECT b FROM t WHERE id = 2", "2"),
                ("INSERT INTO t (b) VALUES ('3'); SELECT a FROM t WHERE id = 3", "3"),
                ("INSERT INTO t DEFAULT VALUES; SELECT a, b FROM t WHERE id = 4", "x x"),
                ("UPDATE t SET a = '22' WHERE id = 2; SELECT b FROM t WHERE id = 2", "22"),
                ("UPDATE t SET b = '33' WHERE id = 3; SELECT a FROM t WHERE id = 3", "33"),
                (
                    "INSERT INTO t (a) VALUES ('22') ON CONFLICT (a) DO UPDATE SET a = 'o'; SELECT a, b FROM t WHERE id = 2",
                    "o o",
                ),
                (
                    "INSERT INTO t (b) VALUES ('33') ON CONFLICT (b) DO UPDATE SET b = 'n'; SELECT a, b FROM t WHERE id = 3",
                    "n n",
                ),
            ],
            filled: &[("SELECT count(*) FROM t WHERE a IS DISTINCT FROM b", "0")],
            end: &[("SELECT b FROM t ORDER BY id", "1, o, n, x")],
        },
        // No equality for its values.
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a json);",
            migration: "ALTER TABLE t RENAME COLUMN a TO b;",
            during: &[
                (
                    "INSERT INTO t (a) VALUES ('2'); UPDATE t SET b = '[]' WHERE id = 2; SELECT a FROM t WHERE id = 2",
                    "[]",
                ),
                ("UPDATE t SET a = NULL WHERE id = 2; SELECT b FROM t WHERE id = 2", "-"),
            ],
            filled: &[("SELECT b FROM t WHERE id = 1", "1")],
            end: &[("SELECT b FROM t ORDER BY id", "1, -")],
        },
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a text UNIQUE, c integer);",
            migration: "ALTER TABLE t RENAME TO u;--> statement-breakpoint\nALTER TABLE u RENAME COLUMN c TO d;",
            during: &[
                ("INSERT INTO t (a, c) VALUES ('2', 5) RETURNING id", "2"),
                ("SELECT d FROM u WHERE a = '2'", "5"),
                ("INSERT INTO t (a) VALUES ('2') ON CONFLICT (a) DO UPDATE SET c = 6 RETURNING c", "6"),
                ("UPDATE u SET d = 7 WHERE id = 2; SELECT c FROM t WHERE id = 2", "7"),
                ("DELETE FROM t WHERE id = 1; SELECT count(*) FROM u", "1"),
            ],
            filled: &[],
            end: &[("SELECT a, d FROM u", "2 7")],
        },
    ]);
}

#[test]
fn types() {
    on_servers(&[
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT '7' NOT NULL CHECK (a <> '0'));
                --> statement-breakpoint
                CREATE UNIQUE INDEX t_a ON t (a, id); CREATE INDEX t_some ON t (id) WHERE a <> '5';",
            migration: "ALTER TABLE t DROP CONSTRAINT t_a_check;--> statement-breakpoint
                ALTER TABLE t ALTER COLUMN a DROP DEFAULT;--> statement-breakpoint
                DROP INDEX t_some;--> statement-breakpoint
                ALTER TABLE t ALTER COLUMN a SET DATA TYPE integer USING a::integer;--> statement-breakpoint
                ALTER TABLE t ALTER COLUMN a SET DEFAULT 7;",
            during: &[
                ("INSERT INTO t (a) VALUES ('2'); SELECT a__new FROM t WHERE id = 2", "2"),
                ("INSERT INTO t (a) VALUES ('no') RETURNING id", "3"),
                ("UPDATE t SET a = '22' WHERE id = 2; SELECT a__new FROM t WHERE id = 2", "22"),
                ("UPDATE t SET a = '3' WHERE id = 3; SELECT a__new FROM t WHERE id = 3", "3"),
            ],
            filled: &[("SELECT a__new FROM t ORDER BY id", "1, 22, 3")],
            end: &[("INSERT INTO t DEFAULT VALUES; SELECT a + 1 FROM t ORDER BY id", "2, 23, 4, 8")],
        },
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a varchar(20) NOT NULL UNIQUE CHECK (length(a) < 9));
                CREATE INDEX t_some ON t (id) WHERE a <> '5';",
            migration: "ALTER TABLE t ALTER COLUMN a SET DATA TYPE varchar(5);",
            during: &[
                ("INSERT INTO t (a) VALUES ('long on'); SELECT a__new FROM t WHERE id = 2", "-"),
                ("UPDATE t SET a = 'long' WHERE id = 2; SELECT a__new FROM t WHERE id = 2", "long"),
            ],
            filled: &[],
            end: &[("INSERT INTO t (a) VALUES ('long') ON CONFLICT (a) DO UPDATE SET a = 'l'; SELECT a FROM t", "1, l")],
        },
        // A USING that is more than a cast, over other columns.
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a text);",
            migration: "ALTER TABLE t ALTER COLUMN a SET DATA TYPE boolean USING (t.a IS NOT NULL AND id > 0);",
            during: &[("INSERT INTO t (a) VALUES (NULL); SELECT a__new FROM t WHERE id = 2", "f")],
            filled: &[("SELECT a__new FROM t ORDER BY id", "t, f")],
            end: &[("SELECT a FROM t ORDER BY id", "t, f")],
        },
        Case {
            schema: "CREATE TABLE t (id serial PRIMARY KEY, a text);
                CREATE TABLE c (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, t integer NOT NULL REFERENCES t ON DELETE CASCADE);",
            migration: "ALTER TABLE t ALTER COLUMN id SET DATA TYPE bigint;--> statement-breakpoint
                ALTER TABLE c ALTER COLUMN t SET DATA TYPE bigint;--> statement-breakpoint
                ALTER TABLE c ALTER COLUMN id SET DATA TYPE bigint;",
            during: &[("INSERT INTO c (t) VALUES (1), (1); SELECT id, id__new, t, t__new FROM c", "1 1 1 1, 2 2 1 1")],
            filled: &[],
            end: &[
                ("INSERT INTO t (a) VALUES ('n') RETURNING id", "2"),
                ("INSERT INTO c (t) VALUES (2) RETURNING id", "3"),
                ("DELETE FROM t WHERE id = 1; SELECT t FROM c", "2"),
            ],
        },
    ]);
}

#[test]
fn enums() {
    on_servers(&[
        Case {
            schema: "CREATE TYPE e AS ENUM ('1', 'busy', 'done'); CREATE TABLE t (id serial PRIMARY KEY, a e DEFAULT '1' NOT NULL, b e);
                CREATE INDEX t_a ON t (a); CREATE INDEX t_b ON t (id) WHERE b = '1';",
            migration: ENUM,
            during: &[
                ("INSERT INTO t (a, b) VALUES ('busy', 'late'); SELECT a__new, b__new FROM t WHERE id = 2", "- late"),
                ("UPDATE t SET a = 'done' WHERE id = 2; SELECT a__new FROM t WHERE id = 2", "done"),
            ],
            filled: &[("SELECT a__new FROM t ORDER BY id", "1, done")],
            end: &[("INSERT INTO t DEFAULT VALUES; SELECT a FROM t ORDER BY a DESC, id", "done, 1, 1")],
        },
        Case {
            schema: "CREATE TYPE e AS ENUM ('1', 'done'); CREATE TABLE t (id serial PRIMARY KEY, a e DEFAULT '1' NOT NULL, b e);",
            migration: ENUM,
            during: &[("INSERT INTO t (a) VALUES ('late'); SELECT a FROM t ORDER BY a DESC", "late, 1")],
            filled: &[],
            end: &[],
        },
    ]);
}

const ENUM: &str = "ALTER TABLE t ALTER COLUMN a SET DATA TYPE text;--> statement-breakpoint
    ALTER TABLE t ALTER COLUMN a SET DEFAULT '1'::text;--> statement-breakpoint
    DROP INDEX IF EXISTS t_b;--> statement-breakpoint
    ALTER TABLE t ALTER COLUMN b SET DATA TYPE text;--> statement-breakpoint
    DROP TYPE e;--> statement-breakpoint
    CREATE TYPE e AS ENUM ('1', 'late', 'done');--> statement-breakpoint
    ALTER TABLE t ALTER COLUMN a SET DEFAULT '1'::e;--> statement-breakpoint
    ALTER TABLE t ALTER COLUMN a SET DATA TYPE e USING a::e;--> statement-breakpoint
    ALTER TABLE t ALTER COLUMN b SET DATA TYPE e USING b::e;";
