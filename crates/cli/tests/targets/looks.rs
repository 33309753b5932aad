//! `brolly preflight` and `brolly ledger` on many databases and on schemas of tenants.

use super::*;

fn look(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    let url = server.url("postgres");
    folder.brolly(&[&["preflight", "--targets", "targets.json", "--database-url", &url], args].concat())
}

#[test]
fn all_are_looked_at_and_the_worst_is_what_it_comes_to() {
    let server = server(17);
    let folder = project(&[CREATE, INDEX]);
    databases(&server, &folder, 4);
    look(&folder, &server, &[]).says(
        0,
        &[
            "t00: 2 migrations are pending: nothing is in the way\n",
            "4 targets: 4 nothing is in the way",
            "nothing is in the way   t00, t01, t02, t03",
        ],
    );
    migrate(&folder, &server, &[]).says(0, &["4 targets: 4 done"]);
    let more = ("0003_more", "ALTER TABLE users ADD COLUMN more text;\n");
    folder.journal("drizzle", &[CREATE, INDEX, more]);
    sql(&server, "t01", "CREATE ROLE other; ALTER TABLE users OWNER TO other; CREATE ROLE weak LOGIN");
    sql(
        &server,
        "t01",
        "GRANT USAGE ON SCHEMA drizzle TO weak; GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO weak",
    );
    sql(&server, "t02", "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_name'::regclass");
    let worse = look(&folder, &server, &["--at-once", "2"]);
    worse.says(
        1,
        &[
            "t00: 1 migration is pending: 0003_more: nothing is in the way\n",
            "t02: 1 migration is pending: 0003_more: 1 to wait for or mend\n  warning  indexes ",
            "4 targets: 3 nothing is in the way, 1 to wait for or mend",
            "to wait for or mend     t02: ",
        ],
    );
    assert!(!worse.out.contains("secret") && !worse.err.contains("secret"), "a password: {worse}");

    // As a role that may not do it in one, and with one that is not there.
    let text = folder.read("targets.json");
    let weak = text.replacen("user=postgres", "user=weak", 2).replacen("user=weak", "user=postgres", 1);
    folder.write("targets.json", weak);
    look(&folder, &server, &[])
        .says(1, &["t01: 1 migration is pending: 0003_more: ", "to mend first           t01: "]);
    sql(&server, "postgres", "DROP DATABASE t03");
    let ended = look(&folder, &server, &["--format", "json"]);
    assert_eq!(ended.code, 2, "{ended}");
    let told = lines(&ended, &report::preflight_schema());
    let targets: Vec<&Value> = told.iter().map(|line| &line["target"]).collect();
    assert_eq!(targets[..4], ["t00", "t01", "t02", "t03"]);
    let states: Vec<&Value> = told[..4].iter().map(|line| &line["state"]).collect();
    assert_eq!(states, [&json!("ok"), &json!("stop"), &json!("warning"), &Value::Null]);
    assert_eq!((&told[3]["event"], &told[2]["pending"]), (&json!("failed"), &json!(["0003_more"])));
    let end = summary(&told);
    let counts = ["ok", "unknown", "warning", "stop", "failed"].map(|name| end[name].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1), Some(1), Some(1)], "{end}");
    look(&folder, &server, &[]).says(2, &["t03: could not be looked at: ", "1 could not be looked at"]);

    // The ledgers, once for all that stand alike.
    let ledger = |args: &[&str]| {
        let url = server.url("postgres");
        folder.brolly(&[&["ledger"], args, &["--targets", "targets.json", "--database-url", &url]].concat())
    };
    sql(&server, "t02", "DELETE FROM drizzle.__drizzle_migrations WHERE id > 1");
    let listed = ledger(&["list"]);
    listed.says(
        2,
        &[
            "in 2 targets: t00, t01\napplied  0000_create\napplied  0002_index\npending  0003_more\n",
            "in 1 target: t02\napplied  0000_create\npending  0002_index\npending  0003_more\n",
        ],
    );
    listed.complains(2, &["t03: "]);
    let first = r#"{"migration":"0000_create","state":"applied","target":"t00"}"#;
    ledger(&["list", "--format", "json"]).says(2, &[first, r#""target":"t02"}"#]);
    ledger(&["adopt", "--yes"]).complains(2, &["with --targets a ledger is listed", "nothing was run"]);
}

#[test]
fn what_is_pending_is_looked_for_in_the_schema_of_each_tenant() {
    let server = server(14);
    let folder = project(&[CREATE]);
    let names = schemas(&server, &folder, 3);
    migrate(&folder, &server, &[]).says(0, &["3 targets: 3 done"]);
    let more = ("0003_more", "ALTER TABLE users ADD COLUMN more text;\n");
    folder.journal("drizzle", &[CREATE, more]);
    let read = format!("\"{}\".users", names[1]);
    wait(async {
        let reader = pg::connect(&server.target("postgres").named("report")).await.expect("a connection");
        reader.batch(&format!("BEGIN; SELECT * FROM {read}")).await.expect("it reads");
        tokio::time::sleep(Duration::from_millis(250)).await;
        let ended = look(&folder, &server, &["--long", "200ms", "--format", "json"]);
        reader.batch("COMMIT").await.expect("it ends");
        let told = lines(&ended, &report::preflight_schema());
        let held =
            told[..3].iter().map(|line| line["checks"].to_string().contains("it holds Tenant 01.users"));
        assert_eq!(held.collect::<Vec<_>>(), [false, true, false], "{ended}");
    });
}
