//! `brolly rollback --run` on many databases and on schemas of tenants.

use super::*;

const NICK: (&str, &str) = (
    "0001_nick",
    "ALTER TABLE users ADD COLUMN short text;\n--> statement-breakpoint\n\
     CREATE INDEX CONCURRENTLY users_short ON users (short);\n",
);
const LATER: (&str, &str) = ("0002_later", "CREATE TABLE later (id int);\n");
const FILE: &str = "drizzle/0001_nick.sql";
const COLUMNS: &str = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'short'";

fn back(folder: &Folder, server: &Server, args: &[&str]) -> Ended {
    let url = server.url("postgres");
    let run = ["rollback", "--run", "--targets", "targets.json", "--database-url", &url];
    let ended = folder.brolly(&[&run, args].concat());
    assert!(!ended.out.contains("secret") && !ended.err.contains("secret"), "a password: {ended}");
    ended
}

fn state(end: &Value, target: &str) -> (String, String) {
    let one = end["targets"].as_array().expect("targets").iter().find(|one| one["target"] == target);
    let text = |name: &str| one.expect("it is there")[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("why"))
}

#[test]
fn what_is_named_goes_back_where_it_ran_last_and_nowhere_else() {
    let server = server(17);
    let folder = project(&[CREATE, NICK, LATER]);
    let names = databases(&server, &folder, 6);
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0001_nick.sql: 2 statements"]);
    // In t04 another one ran after it, in t05 it did not run.
    let only = |name: &str, migrations: &[(&str, &str)]| {
        folder.journal("drizzle", migrations);
        folder.brolly(&["migrate", "--database-url", &server.url(name)]).says(0, &["applied"]);
    };
    only("t04", &[CREATE, NICK, LATER]);
    only("t05", &[CREATE]);
    for name in &names[..4] {
        only(name, &[CREATE, NICK]);
    }
    folder.journal("drizzle", &[CREATE, NICK, LATER]);
    let standing = |ran: &[usize]| {
        let now: Vec<usize> = names.iter().map(|name| applied(&server, name, "drizzle")).collect();
        assert_eq!(now, ran);
    };

    // What goes back has to be named: the last is another one in each of them.
    back(&folder, &server, &["--yes", "--lose-data"]).complains(
        2,
        &[
            "--targets takes back what is named",
            "0001_nick ran last in 4 targets: t00, t01",
            "0002_later ran last in 1 target: t04",
            "brolly rollback --run --targets FILE drizzle/0002_later.sql",
            "nothing was run",
        ],
    );
    // One that can't be taken back counts as a failure: nobody is asked to agree to what would not be begun.
    let enough = back(&folder, &server, &[FILE]);
    enough.says(1, &["6 targets: 1 nothing to do, 1 failed, 4 not started"]);
    assert!(!enough.err.contains("DROP INDEX"), "{enough}");
    let lost = back(&folder, &server, &["--yes", "--stop-after", "2", FILE]);
    lost.says(1, &["6 targets: 1 nothing to do, 1 failed, 4 not started"]);
    lost.complains(1, &["lost: the values of users.short", "nothing was run: --lose-data"]);
    assert_eq!(lost.err.matches("DROP INDEX CONCURRENTLY").count(), 1, "{lost}");
    back(&folder, &server, &["--lose-data", "--stop-after", "2", FILE])
        .complains(2, &["nothing was run", "--yes"]);
    standing(&[2, 2, 2, 2, 3, 1]);

    // With one that fails nothing is begun behind it.
    sql(&server, "t02", "ALTER TABLE users RENAME COLUMN short TO other");
    let run = ["--yes", "--lose-data", "--at-once", "1", FILE];
    let ended = back(&folder, &server, &[&run[..], &["--stop-after", "2"]].concat());
    ended.says(
        1,
        &[
            "6 targets: 2 done, 1 nothing to do, 2 failed, 1 not started",
            "  done           t00, t01\n",
            "  nothing to do  t05: 0001_nick has not run there\n",
            "  not started    t03\n",
            "  failed         t02: column \"short\"",
            "  failed         t04: 0002_later ran there after 0001_nick: take it back first, or with it",
        ],
    );
    ended.complains(
        1,
        &[
            "t04: FAILED: 0002_later ran there after 0001_nick",
            "drizzle: 0001_nick goes back in 4 targets: t00, t01",
            "drizzle: 0001_nick has not run there, so there is nothing to do in 1 target: t05",
            "t00: 0001_nick is taken back; it is pending again",
            "t02: FAILED: drizzle/rollbacks/0001_nick.sql:",
        ],
    );
    standing(&[1, 1, 2, 2, 3, 1]);

    // The next run does what is left, a few at once.
    sql(&server, "t02", "ALTER TABLE users RENAME COLUMN other TO short");
    let schema = report::migrate_schema();
    let both = ["--yes", "--lose-data", "--format", "json", FILE, "drizzle/0002_later.sql"];
    let (most, ended) = most_at_once(&server, "datname", || back(&folder, &server, &both));
    assert_eq!(ended.code, 0, "{ended}");
    assert!(most <= 4, "{most} at once");
    let told = lines(&ended, &schema);
    let end = summary(&told);
    assert_eq!(
        (&end["done"], &end["failed"], &end["not_started"]),
        (&json!(6), &json!(0), &json!(0)),
        "{end}"
    );
    let nothing = ("nothing".to_owned(), "0001_nick, 0002_later has not run there".to_owned());
    assert_eq!((state(end, "t00"), state(end, "t05")), (nothing.clone(), nothing));
    assert_eq!(state(end, "t03"), ("done".to_owned(), String::new()));
    let taken = |target: &str| {
        let ends = told.iter().find(|line| line["event"] == "end" && line["target"] == target);
        ends.expect("it ends")["taken_back"].clone()
    };
    assert_eq!((taken("t03"), taken("t04")), (json!(["0001_nick"]), json!(["0002_later", "0001_nick"])));
    let begun = of(&told, "begins");
    assert_eq!(begun.iter().collect::<BTreeSet<_>>().len(), 3, "{begun:?}");
    standing(&[1; 6]);
    for name in &names {
        assert_eq!(value(&server, name, COLUMNS), "0", "{name}");
        assert_eq!(value(&server, name, "SELECT to_regclass('later')"), "", "{name}");
    }
    migrate(&folder, &server, &[]).says(0, &["6 targets: 6 done"]);
    standing(&[3; 6]);
}

#[test]
fn the_canary_goes_first_and_nothing_is_begun_once_it_failed() {
    let server = server(15);
    let folder = project(&[CREATE, LATER]);
    let names = databases(&server, &folder, 3);
    let text = folder.read("targets.json");
    folder.write("targets.json", text.replace(r#"{"name":"t02","#, r#"{"canary":true,"name":"t02","#));
    migrate(&folder, &server, &[]).says(0, &["3 targets: 3 done"]);
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0002_later.sql"]);
    sql(&server, "t02", "ALTER TABLE later RENAME TO other");
    let run = ["--yes", "--lose-data", "--stop-after", "9", "drizzle/0002_later.sql"];
    back(&folder, &server, &run)
        .says(1, &["3 targets: 1 failed, 2 not started", "not started    t00, t01", "t02: table \"later\""]);
    assert!(names.iter().all(|name| applied(&server, name, "drizzle") == 2));

    // What ran there and is not in the folder is in the way of what is older.
    sql(&server, "t02", "ALTER TABLE other RENAME TO later");
    sql(
        &server,
        "t01",
        "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('x', 9000000000000)",
    );
    back(&folder, &server, &run).says(
        1,
        &[
            "3 targets: 2 done, 1 failed",
            "t01: the ledger has a later row than that of 0002_later, of a migration",
        ],
    );
    assert_eq!(names.iter().map(|name| applied(&server, name, "drizzle")).collect::<Vec<_>>(), [1, 3, 1]);
}

#[test]
fn one_database_takes_back_what_is_named_only_if_it_ran_last() {
    let server = server(16);
    let folder = project(&[CREATE, NICK, LATER]);
    let url = server.url("postgres");
    let back = |args: &[&str]| {
        folder.brolly(&[&["rollback", "--run", "--database-url", &url, "--yes"], args].concat())
    };
    folder.brolly(&["migrate", "--database-url", &url]).says(0, &["3 migrations applied"]);
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0001_nick.sql"]);
    back(&["--lose-data", FILE]).complains(2, &["0002_later ran there after 0001_nick", "nothing was run"]);
    folder.write(FILE, format!("-- edited\n{}", NICK.1));
    back(&["--lose-data", "--last", "1", FILE]).complains(2, &["--last and a migration that is named"]);
    let later = "drizzle/0002_later.sql";
    back(&["--lose-data", later]).says(0, &["0002_later is taken back; it is pending again"]);
    back(&["--lose-data", later]).complains(0, &["0002_later has not run there: nothing to take back"]);
    back(&[FILE]).complains(1, &["drizzle: 0001_nick was edited since it ran; its way back", "lost: "]);
    let told = back(&["--lose-data", "--format", "json", FILE]);
    let told = lines(&told, &report::migrate_schema());
    assert_eq!(told.last().expect("a line")["taken_back"], json!(["0001_nick"]));
    assert_eq!(applied(&server, "postgres", "drizzle"), 1);
    folder.brolly(&["rollback", "--targets", "targets.json"]).complains(2, &["--run"]);
}

#[test]
fn schemas_of_tenants_go_back_each_by_itself() {
    let server = server(13);
    let key = ("0001_key", "ALTER TABLE posts ADD COLUMN by int REFERENCES users (id);\n");
    let folder = project(&[CREATE, key, NICK]);
    let names = schemas(&server, &folder, 4);
    sql(&server, "postgres", "CREATE TABLE public.users (id int PRIMARY KEY, short text)");
    migrate(&folder, &server, &[]).says(0, &["4 targets: 4 done"]);
    folder.brolly(&["rollback", "--all", "--write"]).says(0, &["0001_nick.sql"]);
    let files = ["--yes", "--lose-data", FILE, "drizzle/0001_key.sql"];
    // A reader in one of them holds up that one alone.
    wait(async {
        let reader = pg::connect(&server.target("postgres").named("report")).await.expect("a connection");
        reader.batch(&format!("BEGIN; SELECT * FROM \"{}\".posts", names[2])).await.expect("it reads");
        let short = ["--lock-wait", "50ms", "--patience", "500ms", "--stop-after", "2"];
        back(&folder, &server, &[&files[..], &short].concat())
            .complains(
                1,
                &["Tenant 02: FAILED: drizzle/rollbacks/0001_key.sql:", "(report), idle in transaction"],
            )
            .says(1, &["4 targets: 3 done, 1 failed"]);
        reader.batch("COMMIT").await.expect("it ends");
    });
    back(&folder, &server, &files)
        .says(0, &["4 targets: 1 done, 3 nothing to do", "done           Tenant 02"]);
    for name in &names {
        assert_eq!(applied(&server, "postgres", name), 1, "{name}");
    }
    assert_eq!(value(&server, "postgres", COLUMNS), "1", "that of public stays");
    migrate(&folder, &server, &[]).says(0, &["4 targets: 4 done"]);

    // A file that names what all of them share is not run.
    let path = "drizzle/rollbacks/0001_nick.sql";
    let text = folder.read(path);
    folder.write(path, text.replace("ALTER TABLE \"users\"", "ALTER TABLE \"public\".\"users\""));
    back(&folder, &server, &["--yes", "--lose-data", FILE]).says(
        1,
        &[
            "4 targets: 1 failed, 3 not started",
            "Tenant 00: nothing was run: drizzle/rollbacks/0001_nick.sql:",
        ],
    );
    assert_eq!(
        (value(&server, "postgres", COLUMNS).as_str(), applied(&server, "postgres", &names[0])),
        ("5", 3)
    );
}
