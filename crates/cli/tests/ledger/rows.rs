//! Which row is whose, and which is the last: rows of one time, rows of names, and migrations that came late.

use super::{Room, server};

const ROWS: &str = "select id, created_at from drizzle.__drizzle_migrations order by id";

/// Gives two migrations one time.
fn of_one_time(room: &Room<'_>) {
    let path = "drizzle/meta/_journal.json";
    let journal = room.folder.read(path);
    assert!(journal.contains("1002"), "{journal}");
    room.folder.write(path, journal.replace("1002", "1001"));
}

#[test]
fn of_two_rows_of_one_time_one_is_taken_away() {
    let server = server(14);
    let room = Room::new(&server, "equal");
    let (a, b) = (("0001_a", "CREATE TABLE a (id int);\n"), ("0002_b", "CREATE TABLE b (id int);\n"));
    room.holds(&[a, b]);
    of_one_time(&room);
    room.migrate().says(0, &["2 migrations applied"]);
    assert_eq!(room.line(ROWS), "1 1000 2 1001 3 1001");
    room.back(&[]).says(0, &["0002_b is taken back"]);
    assert_eq!(room.line(ROWS), "1 1000 2 1001");
    let file = room.folder.read("drizzle/rollbacks/0002_b.sql");
    assert!(file.contains("WHERE created_at = 1001 AND hash = '"), "{file}");
    // Neither is the other with another text.
    room.brolly(&["ledger"]).says(0, &["applied  0001_a", "skipped  0002_b"]);
    room.brolly(&["ledger", "repair", "--yes"]).complains(0, &["nothing to change"]);
    room.brolly(&["migrate", "--skipped", "run"]).says(0, &["1 migration applied"]);
    room.brolly(&["ledger", "forget", "0001_a", "--yes"]).says(0, &["1 change to the ledger"]);
    assert_eq!(room.line(ROWS), "1 1000 4 1001");
    room.brolly(&["ledger"]).says(0, &["skipped  0001_a", "applied  0002_b"]);
}

#[test]
fn a_migration_is_marked_once_and_what_drizzle_skips_by_that_is_said() {
    let server = server(14);
    let room = Room::new(&server, "marks");
    room.holds(&[("0001_a", "SELECT 1;\n"), ("0002_b", "SELECT 2;\n")]);
    room.brolly(&["ledger", "mark", "0002_b", "drizzle/0002_b.sql"]).complains(
        2,
        &["skipped by Drizzle from then on", ": 0001_a", "-- 0002_b is noted as run", "nothing was run"],
    );
    room.brolly(&["ledger", "mark", "0002_b", "0002_b", "--yes"]).says(0, &["1 change to the ledger"]);
    assert_eq!(room.line(ROWS), "1 1000 2 1002");
    room.brolly(&["ledger"]).says(0, &["skipped  0001_a", "applied  0002_b"]);
}

#[test]
fn what_ran_last_goes_back_first_whatever_it_is_called() {
    let server = server(18);
    let room = Room::new(&server, "late");
    let url = room.url();
    let folder = super::folder();
    let at = |args: &[&str]| folder.brolly(&[args, &["--out", "drizzle", "--database-url", &url]].concat());
    let back = |args: &[&str]| {
        folder.brolly(&["rollback", "--out", "drizzle", "--all", "--write"]);
        let run = ["rollback", "--run", "--yes", "--lose-data", "--database-url", &url];
        folder.brolly(&[&run, args].concat())
    };
    room.rows("drop schema drizzle cascade");
    let (c, late) = ("drizzle/20240103000000_c/migration.sql", "drizzle/20240102000000_late/migration.sql");
    folder.write("drizzle.config.ts", super::config("./drizzle"));
    folder.write(c, "CREATE TABLE c (id int);\n");
    at(&["migrate"]).says(0, &["1 migration applied"]);
    folder.write(late, "ALTER TABLE c ADD COLUMN late int;\n");
    at(&["migrate", "--allow", "test"]).says(0, &["1 migration applied"]);
    back(&[c]).complains(2, &["20240102000000_late ran there after 20240103000000_c"]);
    back(&[]).says(0, &["20240102000000_late is taken back"]);
    assert_eq!(room.line("select name from drizzle.__drizzle_migrations"), "20240103000000_c");
    let file = folder.read("drizzle/rollbacks/20240103000000_c.sql");
    assert!(file.contains("WHERE name = '20240103000000_c';"), "{file}");
    back(&["--last", "0"]).complains(2, &["invalid value '0' for '--last <N>'"]);
}
