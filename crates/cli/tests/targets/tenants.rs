//! Schemas of tenants in one database: each with its own ledger, and `public` left alone.

use super::*;

#[test]
fn schemas_of_tenants_have_ledgers_of_their_own() {
    for major in [13, 18] {
        let server = server(major);
        let folder = project(&[CREATE, SLEEP, INDEX]);
        let names = schemas(&server, &folder, if major == 13 { 3 } else { 20 });
        let (most, ended) =
            most_at_once(&server, "application_name", || migrate(&folder, &server, &["--at-once", "3"]));
        ended.says(0, &["targets: ", " done"]);
        assert!((2..=3).contains(&most), "{most} at once");
        for name in &names {
            assert_eq!(applied(&server, "postgres", name), 3, "{name}");
            let index = format!(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = '\"{name}\".users_name'::regclass"
            );
            assert_eq!(value(&server, "postgres", &index), "t");
        }
        let public = "SELECT count(*) FROM pg_class WHERE relnamespace IN ('public'::regnamespace, to_regnamespace('drizzle'))";
        assert_eq!(value(&server, "postgres", public), "0");
        let url = format!("{}&options=-c%20search_path%3D%22Tenant%5C%2001%22", server.url("postgres"));
        drizzle_agrees(&folder, &url, &names[1]);
        assert_eq!(applied(&server, "postgres", &names[1]), 3);
        assert_eq!(value(&server, "postgres", public), "0");

        // What is in the way is looked for in the schema of the tenant.
        let more = ("0003_more", "ALTER TABLE users ADD COLUMN age int;\n");
        folder.journal("drizzle", &[CREATE, SLEEP, INDEX, more]);
        wait(async {
            let reader = pg::connect(&server.target("postgres").named("report")).await.expect("a connection");
            reader.batch("BEGIN; SELECT * FROM \"Tenant 02\".users").await.expect("it reads");
            migrate(&folder, &server, &["--lock-wait", "50ms", "--patience", "1s", "--skip-preflight"])
                .complains(
                    1,
                    &["Tenant 02: FAILED: drizzle/0003_more.sql:1", "(report), idle in transaction"],
                );
            reader.batch("COMMIT").await.expect("it ends");
        });
        migrate(&folder, &server, &[]).says(0, &[" done"]);
    }
}

#[test]
fn what_all_tenants_share_is_not_changed_unless_that_is_said() {
    let server = server(17);
    let key = "ALTER TABLE posts ADD FOREIGN KEY (user_id) REFERENCES \"public\".\"users\" (id) NOT VALID;\n";
    let folder = project(&[CREATE, ("0001_key", key)]);
    schemas(&server, &folder, 2);
    sql(&server, "postgres", "CREATE TABLE public.users (id int PRIMARY KEY)");
    migrate(&folder, &server, &[]).complains(
        1,
        &["Tenant 00: FAILED: nothing was run: drizzle/0001_key.sql:1 names the schema public, which all tenants share"],
    );
    assert_eq!(applied(&server, "postgres", "Tenant 00"), 0);
    migrate(&folder, &server, &["--allow", "users are shared"]).says(0, &["2 targets: 2 done"]);
    let noted = "SELECT reason FROM \"Tenant 01\".__brolly_allowed";
    assert_eq!(value(&server, "postgres", noted), "users are shared");
}
