//! `brolly backfill` on many databases and schemas.

use super::*;

const FILE: &str = "-- brolly backfill\n-- table: \"users\"\n-- key: \"id\"\n-- set: \"nick\" = \"name\"\n\
                    -- where: \"nick\" IS DISTINCT FROM \"name\"\n-- batch: 100\nDO $brolly$ ..\n";

#[test]
fn backfills_run_in_all_of_them() {
    let server = server(17);
    let folder = project(&[CREATE]);
    folder.write("drizzle/backfills/0000_create.users_nick.sql", FILE);
    let mut entries: Vec<Value> = Vec::new();
    for name in databases(&server, &folder, 3) {
        entries.push(json!({ "name": name, "url": server.url(&name), "replicas": [] }));
    }
    for name in schemas(&server, &folder, 20) {
        entries.push(json!({ "name": name, "schema": name }));
    }
    folder.write("targets.json", json!({ "targets": entries }).to_string());
    migrate(&folder, &server, &[]).says(0, &["23 targets: 23 done"]);
    let insert =
        |table: &str| format!("INSERT INTO {table} (name) SELECT 'n' || i FROM generate_series(1, 250) i");
    for n in 0..3 {
        sql(&server, &format!("t{n:02}"), &insert("users"));
    }
    let of_tenant = |n: usize| format!("\"Tenant {n:02}\".users");
    for n in 0..20 {
        sql(&server, "postgres", &insert(&of_tenant(n)));
    }
    // A file that does not fit one of them.
    sql(&server, "postgres", &format!("ALTER TABLE {} RENAME nick TO other", of_tenant(7)));
    let url = server.url("postgres");
    let backfill = |args: &[&str]| {
        folder.brolly(&[&["backfill", "--targets", "targets.json", "--database-url", &url], args].concat())
    };
    let ended = backfill(&["--format", "json", "--at-once", "1"]);
    assert_eq!(ended.code, 1, "{ended}");
    let told = lines(&ended, &report::with_target(runner::backfill::schema()));
    let end = summary(&told);
    assert_eq!(
        (&end["done"], &end["failed"], &end["not_started"]),
        (&json!(10), &json!(1), &json!(12)),
        "{end}"
    );
    assert_eq!(of(&told, "begins").len(), 11);
    sql(&server, "postgres", &format!("ALTER TABLE {} RENAME other TO nick", of_tenant(7)));
    backfill(&[]).says(
        0,
        &["Tenant 07: 0000_create.users_nick: finished in", "250 rows changed", "23 targets: 23 done"],
    );
    for n in 0..20 {
        let left = format!("SELECT count(*) FROM {} WHERE nick IS DISTINCT FROM name", of_tenant(n));
        assert_eq!(value(&server, "postgres", &left), "0", "{n}");
        let state = format!("SELECT state FROM \"Tenant {n:02}\".__brolly_backfills");
        assert_eq!(value(&server, "postgres", &state), "finished", "{n}");
    }
    backfill(&["--status"]).says(0, &["t00: finished   0000_create.users_nick", "Tenant 19: finished"]);
    let left = "SELECT count(*) FROM users WHERE nick IS DISTINCT FROM name";
    assert_eq!(value(&server, "t02", left), "0");
}
