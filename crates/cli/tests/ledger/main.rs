//! `brolly ledger` and `brolly rollback --run` on real servers: what they show and what they change, and what
//! runs afterwards.

#![allow(clippy::disallowed_methods, reason = "tests start programs")]

mod halves;
mod indexes;
mod lost;
mod rows;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;
mod told;

use pg::Server;
use run::{Ended, Folder, config, folder};
use servers::{server, wait};

const ONE: (&str, &str) = ("0000_one", "CREATE TABLE one (id int);\n");
const TWO: (&str, &str) = ("0001_two", "CREATE TABLE two (id int);\n");

fn project(migrations: &[(&str, &str)]) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", migrations);
    folder
}

fn ledger(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    folder.brolly(&[&["ledger"], args, &["--database-url", &server.url("postgres")]].concat())
}

fn migrate(folder: &Folder, server: &Server) -> Ended {
    folder.brolly(&["migrate", "--database-url", &server.url("postgres")])
}

/// A database of its own on a server, in which `users` was made, and the folder that made it.
struct Room<'a> {
    server: &'a Server,
    database: String,
    folder: Folder,
}

const INIT: (&str, &str) =
    ("0000_init", "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL, n int);\n");

impl Room<'_> {
    fn new<'a>(server: &'a Server, database: &str) -> Room<'a> {
        sql(server, &format!("create database {database}"));
        let folder = project(&[INIT]);
        folder.write("brolly.json", r#"{ "runner": "brolly" }"#);
        let room = Room { server, database: database.to_owned(), folder };
        room.migrate().says(0, &["1 migration applied"]);
        room
    }

    fn url(&self) -> String {
        self.server.url(&self.database)
    }

    /// Puts these migrations behind the first one.
    fn holds(&self, migrations: &[(&str, &str)]) -> &Self {
        self.folder.journal("drizzle", &[&[INIT], migrations].concat());
        self
    }

    fn brolly(&self, args: &[&str]) -> Ended {
        self.folder.brolly(&[args, &["--database-url", &self.url()]].concat())
    }

    fn migrate(&self) -> Ended {
        self.brolly(&["migrate"])
    }

    /// Writes all ways back, and runs those that are asked for.
    fn back(&self, args: &[&str]) -> Ended {
        self.folder.brolly(&["rollback", "--all", "--write"]);
        self.brolly(&[&["rollback", "--run", "--yes", "--lose-data"], args].concat())
    }

    fn rows(&self, text: &str) -> Vec<Vec<Option<String>>> {
        let work = async {
            let session = pg::connect(&self.server.target(&self.database)).await.expect("a connection");
            session.rows(text).await.expect("it works")
        };
        wait(work)
    }

    /// The cells of all rows, in one line.
    fn line(&self, text: &str) -> String {
        let cells = self.rows(text).into_iter().flatten();
        cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned())).collect::<Vec<_>>().join(" ")
    }

    /// The columns of `users`, and its indexes beside its key, invalid ones with a mark.
    fn users(&self) -> String {
        self.line(
            "select string_agg(attname, ',' order by attnum) from pg_attribute \
             where attrelid = 'users'::regclass and attnum > 0 and not attisdropped union all \
             (select relname || case when indisvalid then '' else '!' end from pg_index join pg_class on oid = indexrelid \
             where indrelid = 'users'::regclass and not indisprimary order by 1)",
        )
    }
}

fn sql(server: &Server, text: &str) -> Vec<Option<String>> {
    let work = async { server.connect().await.expect("a connection").rows(text).await.expect("it works") };
    wait(work).into_iter().flatten().collect()
}

#[test]
fn rows_are_made_and_taken_away() {
    let server = server(17);
    let folder = project(&[ONE, TWO]);
    ledger(&folder, &server, &[]).says(0, &["pending  0000_one", "pending  0001_two"]);
    ledger(&folder, &server, &["mark", "0000_one"])
        .complains(2, &["-- 0000_one is noted as run", "insert into", "nothing was run", "--yes"]);
    assert_eq!(sql(&server, "select to_regclass('drizzle.__drizzle_migrations')"), [None]);
    ledger(&folder, &server, &["mark", "0000_one", "--yes"]).says(0, &["1 change to the ledger"]);
    ledger(&folder, &server, &["mark", "0000_one", "--yes"]).complains(0, &["nothing to change"]);
    ledger(&folder, &server, &[]).says(0, &["applied  0000_one", "pending  0001_two"]);
    migrate(&folder, &server).says(0, &["1 migration applied"]);
    assert_eq!(sql(&server, "select to_regclass('one')"), [None], "it was noted and not run");
    ledger(&folder, &server, &["forget", "drizzle/0000_one.sql", "--yes"]).says(0, &["1 change"]);
    ledger(&folder, &server, &["list", "--format", "json"])
        .says(0, &[r#"{"migration":"0000_one","state":"skipped"}"#]);
    ledger(&folder, &server, &["forget", "0009_none", "--yes"])
        .complains(2, &["no migration is called `0009_none`"]);
}

#[test]
fn a_database_made_with_push_is_adopted_where_it_is_what_the_history_makes() {
    let server = server(16);
    let folder = project(&[ONE, TWO]);
    sql(&server, "create table one (id int)");
    ledger(&folder, &server, &["adopt", "--yes"]).says(1, &["two"]).complains(1, &["--force"]);
    assert_eq!(sql(&server, "select to_regclass('drizzle.__drizzle_migrations')"), [None]);
    sql(&server, "create table two (id int)");
    ledger(&folder, &server, &["adopt", "--yes"]).says(0, &["2 changes to the ledger"]);
    migrate(&folder, &server).says(0, &["nothing was run"]);
}

#[test]
fn rows_of_edited_and_renumbered_files_are_mended() {
    let server = server(15);
    let folder = project(&[ONE, TWO]);
    migrate(&folder, &server).says(0, &["2 migrations applied"]);
    folder.journal("drizzle", &[ONE, ("0001_two", "CREATE TABLE two (id int); -- edited\n")]);
    ledger(&folder, &server, &[]).says(0, &["edited   0001_two"]);
    ledger(&folder, &server, &["repair", "--yes"])
        .complains(0, &["0001_two was edited since it ran"])
        .says(0, &["1 change to the ledger"]);
    ledger(&folder, &server, &[]).says(0, &["applied  0001_two"]);
    // A journal that was made anew has other times.
    let journal = folder.read("drizzle/meta/_journal.json").replace("1001", "5000");
    folder.write("drizzle/meta/_journal.json", journal);
    ledger(&folder, &server, &[]).says(0, &["pending  0001_two", "orphan"]);
    ledger(&folder, &server, &["repair", "--yes"]).says(0, &["1 change to the ledger"]);
    migrate(&folder, &server).says(0, &["nothing was run"]);
    let row = sql(&server, "select count(*), max(created_at) from drizzle.__drizzle_migrations");
    assert_eq!(row, ["2", "5000"].map(|text| Some(text.to_owned())));
}

#[test]
fn what_was_run_last_is_taken_back() {
    for major in [13, 18] {
        let server = server(major);
        let add = "ALTER TABLE one ADD COLUMN name text;\n--> statement-breakpoint\nCREATE INDEX CONCURRENTLY one_name ON one (name);\n";
        let folder = project(&[ONE, ("0001_name", add)]);
        let back = |args: &[&str]| {
            folder.brolly(&[&["rollback", "--run", "--database-url", &server.url("postgres")], args].concat())
        };
        let columns = "select string_agg(attname, ',') from pg_attribute where attrelid = 'one'::regclass and attnum > 0 and not attisdropped";
        back(&["--yes"]).complains(0, &["nothing to take back"]);
        migrate(&folder, &server).says(0, &["2 migrations applied"]);
        back(&["--yes"]).complains(2, &["drizzle/rollbacks/0001_name.sql is not there", "--write"]);
        folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0001_name.sql"]);
        back(&[]).complains(1, &["DROP INDEX CONCURRENTLY", "lost: the values of one.name", "--lose-data"]);
        back(&["--lose-data"]).complains(2, &["nothing was run", "--yes"]);
        assert_eq!(sql(&server, columns), [Some("id,name".to_owned())]);
        back(&["--lose-data", "--yes"]).says(0, &["0001_name is taken back; it is pending again"]);
        assert_eq!(sql(&server, columns), [Some("id".to_owned())]);
        assert_eq!(sql(&server, "select count(*) from drizzle.__brolly_statements"), [Some("0".to_owned())]);
        migrate(&folder, &server).says(0, &["1 migration applied"]);
        back(&["--lose-data", "--yes", "--last", "2"]).says(0, &["0001_name is taken", "0000_one is taken"]);
        assert_eq!(sql(&server, "select to_regclass('one')"), [None]);
        assert_eq!(sql(&server, "select count(*) from drizzle.__drizzle_migrations"), [Some("0".to_owned())]);
    }
}
