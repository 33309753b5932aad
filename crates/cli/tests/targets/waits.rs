//! What keeps a migration or a backfill from one database and not from another: rows that are not done yet, Citus, a partition
//! on another server.

use super::*;
use servers::MAJORS;

const NEEDS: &str = "0000_create.users_nick";
const FILE: &str = "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"nick\" = \"name\"\n\
                    -- where: \"nick\" IS NULL\n-- batch: 100\nDO $brolly$ ..\n";

#[test]
fn a_promoted_migration_waits_where_its_backfill_is_not_finished() {
    let server = server(17);
    let folder = project(&[CREATE]);
    databases(&server, &folder, 3);
    folder.write(&format!("drizzle/backfills/{NEEDS}.sql"), FILE);
    let contract = format!(
        "-- brolly contract: require users.nick\n-- of: 0000_create\n-- needs: backfill {NEEDS} is finished\n\
         ALTER TABLE \"users\" ADD CONSTRAINT \"named\" CHECK (\"nick\" IS NOT NULL) NOT VALID;\n"
    );
    folder.write("drizzle/contract/0000_create.1_require_nick.sql", contract).commit(".", "first");
    migrate(&folder, &server, &["--at-once", "1"]).says(0, &["3 targets: 3 done"]);
    for name in ["t00", "t01"] {
        sql(&server, name, "INSERT INTO users (name) SELECT 'n' || i FROM generate_series(1, 10) i");
    }
    let backfill = |name: &str| {
        folder.brolly(&["backfill", "--database-url", &server.url(name)]).says(0, &["none is left"]);
    };
    backfill("t00");
    let url = server.url("t00");
    folder
        .brolly(&["contract", "--deployed", "HEAD", "--write", "--database-url", &url])
        .says(0, &["ready", "wrote"]);
    let made = std::fs::read_dir(folder.at("drizzle")).expect("a folder").flatten();
    let made = made.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("0001_"));
    let text = std::fs::read_to_string(made.expect("a migration")).expect("it can be read");
    assert!(
        text.contains(&format!("from 0000_create\n-- needs: backfill {NEEDS} is finished\nALTER")),
        "{text}"
    );

    // Done in the first, nothing to do in the last, and open in between.
    let one =
        |name: &str| folder.brolly(&["migrate", "--database-url", &server.url(name), "--format", "json"]);
    let refused = one("t01");
    assert!(
        refused.code == 2 && refused.out.contains("can't run yet: 10 rows are left of backfill"),
        "{refused}"
    );
    migrate(&folder, &server, &["--at-once", "1"]).says(
        1,
        &["3 targets: 1 done, 1 failed, 1 not started", &format!("10 rows are left of backfill {NEEDS}")],
    );
    let sent = "SELECT count(*) FROM pg_constraint WHERE conname = 'named'";
    assert_eq!((value(&server, "t00", sent), value(&server, "t01", sent)), ("1".to_owned(), "0".to_owned()));
    backfill("t01");
    migrate(&folder, &server, &[]).says(0, &["3 targets: 3 done"]);
    // A new database runs all of it.
    sql(&server, "postgres", "CREATE DATABASE fresh");
    assert_eq!(one("fresh").code, 0);
}

/// What Citus leaves in the catalogues, as far as it is looked at: there is no Citus here.
const STAND_IN: &str = "SET allow_system_table_mods = on; \
     INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) \
     SELECT 99999, 'citus', 10, 'pg_catalog'::regnamespace, false, '12.1-1'; \
     CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass); \
     INSERT INTO pg_catalog.pg_dist_partition VALUES ('users')";

#[test]
fn a_database_of_citus_is_recognised() {
    for major in [MAJORS[0], MAJORS[5]] {
        let server = server(major);
        let folder = project(&[CREATE]);
        let url = server.url("postgres");
        let run = |args: &[&str]| folder.brolly(&[args, &["--database-url", &url]].concat());
        run(&["migrate"]).says(0, &["1 migration applied"]);
        sql(&server, "postgres", STAND_IN);
        folder.journal("drizzle", &[CREATE, INDEX]);
        let what = "a database of Citus 12.1-1, with 1 tables that lie on other servers too";
        run(&["preflight"]).says(1, &[what]);
        run(&["migrate"]).complains(2, &[what, "brolly migrate --allow REASON", "nothing was run"]);
        assert_eq!(applied(&server, "postgres", "drizzle"), 1);
        run(&["migrate", "--allow", "a copy of the cluster went well"]).says(0, &["1 migration applied"]);
        let noted = "SELECT reason FROM drizzle.__brolly_allowed";
        assert_eq!(value(&server, "postgres", noted), "a copy of the cluster went well");
        folder.write(&format!("drizzle/backfills/{NEEDS}.sql"), FILE);
        run(&["backfill"]).complains(2, &["\"users\" is distributed by Citus"]);
    }
}

#[test]
fn a_partition_on_another_server_is_no_place_for_a_backfill() {
    let server = server(17);
    let folder = project(&[CREATE]);
    sql(
        &server,
        "postgres",
        "CREATE TABLE users (id int NOT NULL, name text, nick text) PARTITION BY RANGE (id); \
         CREATE TABLE near PARTITION OF users FOR VALUES FROM (0) TO (100); \
         CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far; \
         CREATE FOREIGN TABLE far PARTITION OF users FOR VALUES FROM (100) TO (200) SERVER far; \
         CREATE INDEX ON near (id); INSERT INTO users (id, name) VALUES (1, 'a')",
    );
    let run = || folder.brolly(&["backfill", "--database-url", &server.url("postgres")]);
    let write = |name: &str, text: &str| {
        folder.write(&format!("drizzle/backfills/{name}.sql"), text);
    };
    let without_key = FILE.replace("-- key: \"id\"\n", "");
    for (name, text) in [("by_key", FILE), ("by_page", &without_key)] {
        write(name, text);
        run().complains(2, &["partition public.far is a foreign table"]);
        std::fs::remove_file(folder.at(&format!("drizzle/backfills/{name}.sql"))).expect("it goes");
    }
    sql(&server, "postgres", "ALTER TABLE users DETACH PARTITION far");
    write("near", &without_key);
    run().says(0, &["1 row changed"]);
}
