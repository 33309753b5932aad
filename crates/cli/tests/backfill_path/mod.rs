//! Backfills as `brolly fix` writes them, from the migration to the last row: in which order they run, and what waits
//! for them.

use super::{backfill, sql, value};
use crate::run::{Ended, Folder, config, folder};
use crate::servers::server;
use pg::Server;

const CREATE: &str = "CREATE TABLE users (id int PRIMARY KEY, name text, full_name text);\n\
     --> statement-breakpoint\n\
     CREATE TABLE accounts (id int PRIMARY KEY, user_id int, status text, owner text);\n";

/// A repository whose main branch makes tables, and whose next migration `fix` has taken apart.
fn fixed(create: &str, fill: &str) -> Folder {
    let folder = folder();
    let first = ("0000_create", create);
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[first]);
    folder.commit(".", "Make tables");
    folder.journal("drizzle", &[first, ("0001_fill", fill)]);
    folder.brolly(&["fix", "--base", "HEAD", "--write"]).says(0, &["wrote"]);
    folder.commit(".", "Fill them");
    folder
}

fn migrate(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    let url = server.url("postgres");
    folder.brolly(&[&["migrate", "--database-url", &url, "--deployed", "HEAD"], args].concat())
}

fn statements(all: &[&str]) -> String {
    all.join("\n--> statement-breakpoint\n")
}

/// By their names the DELETE and the copy of what is not there yet would come first.
#[test]
fn backfills_run_in_the_order_of_their_statements() {
    let server = server(17);
    let fill = statements(&[
        "UPDATE \"accounts\" SET \"status\" = 'active' WHERE \"status\" = 'old';",
        "DELETE FROM \"accounts\" WHERE \"status\" = 'old';",
        "UPDATE users SET full_name = upper(name) WHERE full_name IS NULL;",
        "UPDATE accounts SET owner = u.full_name FROM users u WHERE u.id = accounts.user_id;",
    ]);
    let folder = fixed(CREATE, &fill);
    let [status, rows, name, owner] =
        ["accounts_status", "accounts_rows", "users_full_name", "accounts_owner"]
            .map(|what| format!("0001_fill.{what}"));
    for (one, before) in [(&rows, &status), (&name, &rows), (&owner, &name)] {
        let text = folder.read(&format!("drizzle/backfills/{one}.sql"));
        assert!(text.contains(&format!("\n-- after: {before}\n")), "{text}");
    }
    migrate(&folder, &server, &[]).says(0, &["2 migrations applied"]);
    sql(
        &server,
        "INSERT INTO users SELECT n, 'n' || n FROM generate_series(1, 500) n; \
         INSERT INTO accounts SELECT n, n, CASE n % 2 WHEN 0 THEN 'old' ELSE 'new' END FROM generate_series(1, 500) n",
    );
    // None begins before the one that it comes after, whoever names it and whyever that one is not finished.
    let waits = |name: &str, why: &str| {
        backfill(&folder, &server, &[name]).says(1, &[&format!("{name}: not begun: it waits for"), why]);
    };
    waits(&rows, &format!("{status}, which has not run here yet: brolly backfill {status}"));
    backfill(&folder, &server, &["--pause", &status]).complains(0, &["paused"]);
    waits(&rows, &format!("{status}, which is paused: brolly backfill --resume {status}"));
    let ended = backfill(&folder, &server, &[]);
    ended.says(1, &[&format!("{rows}: not begun")]).complains(1, &[&format!("{status} is paused")]);
    assert_eq!(value(&server, "SELECT count(*) FROM accounts WHERE status = 'old'"), "250");
    backfill(&folder, &server, &["--resume", &status]).complains(0, &["goes on"]);
    let ended = backfill(&folder, &server, &[]);
    ended.says(0, &[&status, "finished", &rows, "finished", &name, "finished", &owner, "finished"]);
    let now = "SELECT (SELECT count(*) FILTER (WHERE status = 'active') || ' of ' || count(*) FROM accounts) || ', ' || \
               (SELECT count(*) FROM accounts a JOIN users u ON u.id = a.user_id WHERE a.owner = upper(u.name))";
    assert_eq!(value(&server, now), "250 of 500, 500");
    // A circle is none.
    let path = format!("drizzle/backfills/{status}.sql");
    let text = folder.read(&path).replace("-- table:", &format!("-- after: {owner}\n-- table:"));
    folder.write(&path, text);
    backfill(&folder, &server, &[]).complains(2, &["by its line `after`, waits for another one"]);
}

/// Of what is finished, rows that its `where` finds by now are done again; rows to be deleted only where it is named. What
/// is taken back is not finished any more.
#[test]
fn what_is_finished_is_asked_again() {
    let server = server(15);
    let fill = statements(&[
        "ALTER TABLE users ADD COLUMN nick text;",
        "UPDATE users SET nick = name WHERE nick IS NULL;",
        "DELETE FROM accounts WHERE status = 'old';",
    ]);
    let folder = fixed(CREATE, &fill);
    let (nick, rows) = ("0001_fill.users_nick", "0001_fill.accounts_rows");
    // A table without rows has nothing to be filled.
    migrate(&folder, &server, &[]).says(0, &["2 migrations applied"]).lacks("next: brolly backfill");
    sql(
        &server,
        "INSERT INTO users SELECT n, 'n' || n FROM generate_series(1, 500) n; INSERT INTO accounts VALUES (1, 1, 'old')",
    );
    backfill(&folder, &server, &[]).says(0, &["500 rows changed in all", "1 row changed in all"]);
    backfill(&folder, &server, &[]).complains(0, &["nothing is to be done: every backfill is finished"]);

    sql(&server, "UPDATE users SET nick = NULL WHERE id < 10; INSERT INTO accounts VALUES (2, 2, 'old')");
    let ended = backfill(&folder, &server, &[]);
    ended.says(1, &[nick, "finished", "none is left"]);
    ended.complains(1, &[nick, "9 rows are left by now: it runs once more"]);
    ended.complains(1, &[rows, "1 row is left by now", &format!("brolly backfill {rows} deletes them too")]);
    assert_eq!(
        value(
            &server,
            "SELECT count(*) FILTER (WHERE nick IS NULL) || ' ' || (SELECT count(*) FROM accounts) FROM users"
        ),
        "0 1"
    );
    backfill(&folder, &server, &[rows]).says(0, &["finished", "none is left"]);

    let states = "SELECT count(*) FROM drizzle.__brolly_backfills";
    assert_eq!(value(&server, states), "2");
    let url = server.url("postgres");
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0001_fill.sql"]);
    folder
        .brolly(&["rollback", "--run", "--database-url", &url, "--lose-data", "--yes"])
        .says(0, &["0001_fill is taken back"]);
    assert_eq!(value(&server, states), "0", "what is taken back counts as finished");
    migrate(&folder, &server, &[])
        .says(0, &["1 migration applied", "next: brolly backfill, for 0001_fill.users_nick"]);
    let ended = migrate(&folder, &server, &["--format", "json"]);
    ended.says(0, &["\"event\":\"end\""]).lacks("\"backfills\"");
    backfill(&folder, &server, &[]).says(0, &["500 rows changed in all"]);
    assert_eq!(value(&server, "SELECT count(*) FROM users WHERE nick IS NULL"), "0");
}

/// What the moment gives, or the session, is another value each time: it tells no row that is right.
#[test]
fn values_of_the_moment_are_written_once() {
    let server = server(14);
    let create = "CREATE TABLE users (id int PRIMARY KEY, seen_at timestamptz, by text);\n\
                  --> statement-breakpoint\nCREATE TABLE orders (id int PRIMARY KEY, total int, country text);\n";
    let fill = statements(&[
        "UPDATE \"users\" SET \"seen_at\" = now();",
        "UPDATE \"users\" SET \"by\" = CURRENT_USER, \"seen_at\" = CURRENT_TIMESTAMP;",
        "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
        "ALTER TABLE orders ALTER COLUMN country SET NOT NULL;",
    ]);
    let folder = fixed(create, &fill);
    migrate(&folder, &server, &["--allow", "a test"]).says(0, &["applied"]);
    sql(&server, "INSERT INTO users SELECT n FROM generate_series(1, 2500) n");
    let ended = backfill(&folder, &server, &[]);
    ended.says(0, &["2,500 rows changed in all", "2,500 rows changed in all"]).lacks("LEFT");
    backfill(&folder, &server, &[]).complains(0, &["nothing is to be done"]);

    // What requires one column does not wait for what fills another one.
    let waiting = std::fs::read_dir(folder.at("drizzle/contract")).expect("something waits");
    let texts = waiting.map(|entry| std::fs::read_to_string(entry.expect("a file").path()).expect("a text"));
    let country: Vec<String> = texts.filter(|text| text.contains("(\"country\" IS NOT NULL)")).collect();
    assert_eq!(country.len(), 1, "{country:?}");
    assert!(!country[0].contains("needs: backfill"), "{}", country[0]);
}

const NAME: &str = "0000_create.users_full_name";
const FILE: &str = "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"full_name\" = \"name\"\n\
                    -- where: \"full_name\" IS NULL\n-- batch: 100\nDO $brolly$ ..\n";

/// A policy hides rows from a role: then nothing is finished, and no gate opens, until it sees all of them.
#[test]
fn rows_that_a_policy_hides_are_not_done() {
    for major in [13, 18] {
        let server = server(major);
        let folder = folder();
        let first = ("0000_create", CREATE);
        folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[first]);
        folder.commit(".", "Make tables");
        sql(
            &server,
            "CREATE ROLE app LOGIN; CREATE ROLE other; GRANT ALL ON DATABASE postgres TO app; GRANT ALL ON SCHEMA public TO app",
        );
        let url = server.url("postgres").replace("user=postgres", "user=app");
        let brolly = |args: &[&str]| folder.brolly(&[args, &["--database-url", &url]].concat());
        brolly(&["migrate"]).says(0, &["1 migration applied"]);
        sql(
            &server,
            "INSERT INTO users SELECT n, 'n' || n FROM generate_series(1, 500) n; \
             ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY; \
             CREATE POLICY p ON users USING (id % 2 = 1)",
        );
        folder.write(&format!("drizzle/backfills/{NAME}.sql"), FILE);
        let needs = format!(
            "-- needs: backfill {NAME} is finished\n-- needs: no row of users where full_name IS NULL\n"
        );
        folder.write(
            "drizzle/contract/0000_create.1_require.sql",
            format!(
                "-- brolly contract: require\n-- of: 0000_create\n{needs}COMMENT ON TABLE users IS 'x';\n"
            ),
        );
        let cure = "run it as a role with BYPASSRLS";
        brolly(&["backfill"]).complains(2, &[NAME, "row level security shows this role some rows", cure]);
        brolly(&["backfill", "--dry-run"]).complains(2, &["row level security", cure]);
        brolly(&["contract", "--deployed", "HEAD"]).says(0, &["waits", cure, cure]).lacks("ready");
        let comment = format!("{needs}COMMENT ON TABLE users IS 'x';\n");
        folder.journal("drizzle", &[first, ("0001_require", &comment)]);
        brolly(&["migrate"]).complains(2, &["nothing was run: 0001_require can't run yet", cure, cure]);
        assert_eq!(value(&server, "SELECT count(full_name) FROM users"), "0");

        // Whoever sees all rows may do them; VACUUM is its owner's, and says nothing of that.
        sql(
            &server,
            "ALTER ROLE app BYPASSRLS; ALTER TABLE users OWNER TO other; GRANT SELECT, UPDATE ON users TO app",
        );
        let ended = brolly(&["backfill", "--vacuum"]);
        ended.says(0, &["500 rows changed in all, none is left"]);
        ended.complains(0, &["no VACUUM: this role may not vacuum users"]);
        assert_eq!(value(&server, "SELECT count(full_name) FROM users"), "500");

        // Somebody's reason opens a gate, and it is said which one.
        sql(&server, "UPDATE users SET full_name = NULL WHERE id = 7; ALTER TABLE users OWNER TO app");
        let ended = brolly(&["migrate", "--allow", "we know", "--format", "json"]);
        let said = "\"event\":\"allowed\",\"what\":\"0001_require can't run yet: 1 row is left of backfill";
        ended.says(0, &[said, "\"reason\":\"we know\"", "\"event\":\"end\""]);
    }
}

/// A value that can't be is one backfill's: it is said which, and where; the others run.
#[test]
fn what_one_backfill_can_not_do_leaves_the_others() {
    let server = server(16);
    sql(
        &server,
        "CREATE TABLE users (id int PRIMARY KEY, name text, full_name text, n int); \
         INSERT INTO users SELECT n, n FROM generate_series(1, 500) n; UPDATE users SET name = 'secretvalue' WHERE id = 350",
    );
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[("0000_create", CREATE)]);
    let number =
        FILE.replace("\"full_name\" = \"name\"", "n = name::int").replace("\"full_name\" IS", "n IS");
    folder.write("drizzle/backfills/0000_create.a.sql", number);
    folder.write("drizzle/backfills/0000_create.b.sql", FILE);
    folder.write(
        "drizzle/backfills/0000_create.c.sql",
        FILE.replace("-- table", "-- after: 0000_create.a\n-- table"),
    );
    let ended = backfill(&folder, &server, &["--max-batch", "100"]);
    ended.says(
        2,
        &[
            "0000_create.a: FAILED, 300 rows changed in all",
            "0000_create.b: finished",
            "0000_create.c: not begun: it waits for 0000_create.a, which failed",
        ],
    );
    ended.complains(
        2,
        &[
            "backfill 0000_create.a can't go on: invalid input syntax for type integer",
            "rows of \"users\" with id from 301 to before 401",
            "what was done before is kept",
        ],
    );
    assert_eq!(value(&server, "SELECT count(n) || ' ' || count(full_name) FROM users"), "300 500");
    // Who is in the way is not for everybody to see.
    sql(
        &server,
        "CREATE ROLE app LOGIN; GRANT ALL ON DATABASE postgres TO app; GRANT ALL ON ALL TABLES IN SCHEMA public TO app; \
                  UPDATE users SET full_name = NULL",
    );
    sql(&server, "DROP SCHEMA drizzle CASCADE");
    let url = server.url("postgres").replace("user=postgres", "user=app");
    let holder = crate::servers::wait(async {
        let holder = server.connect().await.expect("a connection");
        holder.batch("BEGIN; UPDATE users SET full_name = 'x' WHERE id = 3").await.expect("it can");
        let args = ["backfill", "0000_create.b", "--lock-timeout", "500ms", "--database-url", &url];
        folder.brolly(&args).complains(
            2,
            &["gave up", "in the way: pid ", "for an unknown time; grant pg_read_all_stats to app to see it"],
        );
        holder
    });
    drop(holder);
}
