//! `brolly contract`: what it asks a database, and what it says where that does not answer.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::Server;
use run::{Ended, Folder, config, folder};

const CREATE: &str =
    "CREATE TABLE \"users\" (\"id\" integer PRIMARY KEY, \"country\" text, \"team\" text);\n";
const REQUIRE: &str = "ALTER TABLE \"users\" ALTER COLUMN \"country\" SET NOT NULL;\n--> statement-breakpoint\n\
                       ALTER TABLE \"users\" ALTER COLUMN \"team\" SET NOT NULL;\n";
const ROWS: &str = "insert into users select n, null, null from generate_series(1, 2500) n";

/// A password that nobody may see.
const SECRET: &str = "s3cr3t-and-more";

/// The schema of the app, with what comes behind the type of columns.
fn schema(folder: &Folder, required: &str) {
    folder.write(
        "src/schema.ts",
        format!(
            "import {{ integer, pgTable, text }} from 'drizzle-orm/pg-core';\n\n\
             export const users = pgTable('users', {{\n  id: integer('id').primaryKey(),\n  \
             country: text('country'){required},\n  team: text('team'){required},\n}});\n"
        ),
    );
}

/// A repository that has deployed a migration, of which two parts wait: one for a backfill, one for rows alone.
fn project() -> Folder {
    let folder = folder();
    folder.write(
        "drizzle.config.ts",
        "export default { dialect: 'postgresql', schema: './src/schema.ts', out: './drizzle' };\n",
    );
    schema(&folder, "");
    folder.journal("drizzle", &[("0000_create", CREATE)]);
    folder.commit(".", "Start");
    schema(&folder, ".notNull()");
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_require", REQUIRE)]);
    folder
        .brolly(&["fix", "--base", "HEAD", "--write", "--value", "users.country=upper('de')"])
        .says(0, &["wrote"]);
    folder.commit(".", "Require country and team");
    folder
}

/// The URL of a server, with a password.
fn url(server: &Server) -> String {
    let target = server.target("postgres");
    let host = target.host().split(" (port").next().unwrap_or_default().to_owned();
    format!("postgresql:///postgres?host={host}&user=postgres&password={SECRET}")
}

fn run(server: &Server, sql: &str) {
    servers::wait(async {
        let session = pg::connect(&server.target("postgres")).await.expect("it connects");
        session.batch(sql).await.expect("it runs");
        session.close().await;
    });
}

fn contract(folder: &Folder, more: &[&str]) -> Ended {
    let ended = folder.brolly(&[&["contract", "--deployed", "HEAD"], more].concat());
    assert!(!ended.to_string().contains(SECRET), "{ended}");
    ended
}

/// The first words of what is said of each waiting file, and of the lines below it.
fn lines(ended: &Ended) -> Vec<String> {
    ended.out.lines().map(|line| line.split(':').next().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn rows_that_are_left_are_counted() {
    for major in [13, 18] {
        let folder = project();
        let server = servers::server(major);
        run(&server, &CREATE.replace("--> statement-breakpoint", ""));
        run(&server, ROWS);
        let url = url(&server);
        let asked = || contract(&folder, &["--database-url", &url]);

        contract(&folder, &[])
            .says(0, &["waits", "needs that backfill 0001_require.users_country is finished"]);
        contract(&folder, &["--done", "0001_require.users_cuontry", "--write"]).complains(
            2,
            &["--done 0001_require.users_cuontry: no backfill and nothing that waits is called so"],
        );
        let ended = asked();
        let count = |column: &str| {
            format!("2500 rows are left: SELECT count(*) FROM \"users\" WHERE \"{column}\" IS NULL")
        };
        ended.says(0, &["waits", &count("country"), "waits", &count("team")]);
        assert!(!lines(&ended).iter().any(|line| line.starts_with("ready")), "{ended}");

        // The backfill as it is written, but for the rows that it had not seen.
        let script = folder.read("drizzle/backfills/0001_require.users_country.sql");
        run(&server, &script);
        run(&server, "insert into users values (3000), (3001); update users set team = 'x' where id < 2500");
        asked().says(0, &["waits", "2 rows are left", "\"country\" IS NULL", "waits", "3 rows are left"]);

        run(&server, &script);
        let ended = asked();
        ended.says(0, &["ready", "require users.country", "waits", "require users.team", "3 rows are left"]);

        run(&server, "update users set team = 'x' where team is null");
        let ended = asked();
        assert!(!lines(&ended).iter().any(|line| line.starts_with("waits")), "{ended}");
        ended.says(0, &["ready", "require users.country", "ready", "require users.team"]);

        // A table that is not there is no table without rows.
        run(&server, "alter table users rename to people");
        let ended = asked();
        ended.says(0, &["waits", "the database does not say: relation \"users\" does not exist"]);
        assert!(!lines(&ended).iter().any(|line| line.starts_with("ready")), "{ended}");
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let folder = project();
    let server = servers::server(16);
    let wrong = |url: &str, pieces: &[&str]| {
        contract(&folder, &["--database-url", url]).complains(2, pieces).lacks("ready");
    };
    let nobody = format!("postgresql://postgres:{SECRET}@127.0.0.1:1/postgres");
    wrong(&nobody, &["127.0.0.1"]);
    wrong(&format!("mysql://root:{SECRET}@localhost/x"), &["the database URL can't be used"]);
    wrong(&url(&server).replace("/postgres?", "/nothing?"), &["has no database nothing"]);
}

#[test]
fn a_file_that_can_not_be_read_is_not_nothing() {
    let folder = project();
    std::fs::remove_dir_all(folder.at("drizzle/contract")).expect("it was there");
    contract(&folder, &[]).complains(0, &["nothing waits"]);
    folder.write("drizzle/contract/0001_require.1_x.sql", "ALTER TABLE \"users\" DROP COLUMN \"team\";\n");
    let ended = contract(&folder, &[]);
    ended.complains(
        2,
        &["drizzle/contract/0001_require.1_x.sql:1: it does not begin with `-- brolly contract:`"],
    );
}

/// A repository with two tables, whose branch adds a constraint between them.
fn shop(constraint: &str) -> Folder {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle"));
    folder.journal("drizzle", &[TEAMS]).commit(".", "Start");
    folder.journal("drizzle", &[TEAMS, ("0001_constrain", constraint)]);
    folder.brolly(&["fix", "--base", "HEAD", "--write"]).says(0, &["wrote"]);
    folder.commit(".", "Constrain");
    folder
}

const TEAMS: (&str, &str) = (
    "0000_create",
    "CREATE TABLE \"teams\" (\"id\" integer, \"area\" integer, PRIMARY KEY (\"id\", \"area\"));\n--> statement-breakpoint\n\
     CREATE TABLE \"users\" (\"id\" integer PRIMARY KEY, \"email\" text, \"team\" integer, \"area\" integer);\n",
);

#[test]
fn rows_without_what_they_refer_to_are_asked_for_before_they_are_checked() {
    let key = "ALTER TABLE \"users\" ADD CONSTRAINT \"users_team_fk\" FOREIGN KEY (\"team\", \"area\") \
               REFERENCES \"public\".\"teams\"(\"id\", \"area\");\n";
    let folder = shop(key);
    for major in [13, 18] {
        let server = servers::server(major);
        run(&server, &TEAMS.1.replace("--> statement-breakpoint", ""));
        run(
            &server,
            "insert into teams values (1, 1); insert into users values (1, 'a', 1, 1), (2, 'b', 99, 1), (3, 'c', 99, null), (4, 'd', null, 7)",
        );
        let url = url(&server);
        let asked = || contract(&folder, &["--database-url", &url]);
        folder.write(".env", format!("SHOP=\"{url}\"\n"));
        let ended = asked();
        assert_eq!(contract(&folder, &["--database-url-env", "SHOP"]).out, ended.out);
        contract(&folder, &["--database-url-env", "GONE"]).complains(2, &["--database-url-env GONE"]);
        ended.says(
            0,
            &[
                "ready",
                "add foreign key",
                "waits",
                "add foreign key",
                "1 row is left: SELECT count(*) FROM \"users\" WHERE",
            ],
        );
        run(&server, "update users set team = 1 where id = 2");
        let ended = asked();
        assert!(!lines(&ended).iter().any(|line| line.starts_with("waits")), "{ended}");
    }
}

#[test]
fn what_runs_outside_of_the_transaction_is_asked_for_by_migrate() {
    let folder = shop(
        "ALTER TABLE \"users\" ADD COLUMN \"age\" integer;\n--> statement-breakpoint\n\
                       ALTER TABLE \"users\" ADD CONSTRAINT \"users_email_unique\" UNIQUE(\"email\");\n",
    );
    let server = servers::server(16);
    let url = url(&server);
    let migrate = || folder.brolly(&["migrate", "--database-url", &url]);
    folder.git(".", &["stash", "-q", "-u"]);
    folder.git(".", &["checkout", "-q", "HEAD~1"]);
    migrate().says(0, &["applied"]);
    folder.git(".", &["checkout", "-q", "-"]);
    run(&server, "insert into users (id, email) values (1, 'a'), (2, 'a'), (3, null), (4, null)");
    let ended = migrate();
    assert_ne!(ended.code, 0, "{ended}");
    let said = ended.to_string();
    assert!(said.contains("2 rows are left") && !said.contains("23505"), "{said}");
    run(&server, "update users set email = 'b' where id = 2");
    migrate().says(0, &["applied"]);
}

#[test]
fn a_value_that_fits_nothing_is_an_error() {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle"));
    let create = (
        "0000_create",
        "CREATE SCHEMA \"My Shop\";\n--> statement-breakpoint\n\
        CREATE TABLE \"My Shop\".\"Order Items\" (\"id\" integer PRIMARY KEY, \"qty\" integer);\n--> statement-breakpoint\n\
        CREATE TABLE \"users\" (\"id\" integer PRIMARY KEY, \"name\" text, \"nope\" text);\n",
    );
    folder.journal("drizzle", &[create]).commit(".", "Start");
    let require = "ALTER TABLE \"My Shop\".\"Order Items\" ALTER COLUMN \"qty\" SET NOT NULL;\n--> statement-breakpoint\n\
                   ALTER TABLE \"users\" ALTER COLUMN \"name\" SET NOT NULL;\n";
    folder.journal("drizzle", &[create, ("0001_require", require)]);
    let plan = |value: &str| folder.brolly(&["plan", "--base", "HEAD", "--value", value]);
    for wrong in ["nosuch.col", "users.nope", "Order Items.qty"] {
        plan(&format!("{wrong}=1")).complains(
            2,
            &[
                &format!("--value `{wrong}`: nothing that is pending wants a value there"),
                "a value may be given for My Shop.Order Items.qty, users.name",
            ],
        );
    }
    for right in
        ["\"My Shop\".\"Order Items\".qty", "My Shop.Order Items.qty", "\"My Shop\".\"Order Items\".\"qty\""]
    {
        plan(&format!("{right}=id * 2")).says(0, &["\"qty\" = id * 2"]);
    }
    plan("users.name='='").says(0, &["\"name\" = '='"]);
    plan("users=1").complains(2, &["write TABLE.COLUMN=SQL"]);
}

#[test]
fn a_database_that_is_several_deploys_behind_runs_the_whole_path() {
    let folder = folder();
    let config = "export default { dialect: 'postgresql', schema: './src/schema.ts', out: './drizzle' };\n";
    folder.write("drizzle.config.ts", config);
    let schema = |total: &str, country: &str| {
        folder.write(
            "src/schema.ts",
            format!(
                "import {{ bigint, integer, pgTable, text }} from 'drizzle-orm/pg-core';\n\n\
             export const orders = pgTable('orders', {{\n  id: integer('id').primaryKey(),\n  \
             total: {total}.notNull(),\n  country: text('country'){country},\n}});\n"
            ),
        );
    };
    let create = (
        "0000_create",
        "CREATE TABLE \"orders\" (\"id\" integer PRIMARY KEY, \"total\" integer NOT NULL, \"country\" text);\n",
    );
    let change = "ALTER TABLE \"orders\" ALTER COLUMN \"total\" SET DATA TYPE bigint;\n--> statement-breakpoint\n\
                  ALTER TABLE \"orders\" ALTER COLUMN \"country\" SET NOT NULL;\n";
    schema("integer('total')", "");
    folder.journal("drizzle", &[create]).commit(".", "Start");
    let server = servers::server(16);
    let url = url(&server);
    let migrate = |more: &[&str]| folder.brolly(&[&["migrate", "--database-url", &url], more].concat());
    migrate(&[]).says(0, &["applied"]);
    run(&server, "insert into orders values (1, 7, 'DE'), (2, 8, 'FR')");

    schema("bigint('total', { mode: 'number' })", ".notNull()");
    folder.journal("drizzle", &[create, ("0001_change", change)]);
    folder.brolly(&["fix", "--base", "HEAD", "--write"]).says(0, &["wrote"]);
    folder.commit(".", "Change");
    let backfill = "0001_change.orders_total";
    for _ in 0..2 {
        let waiting = std::fs::read_dir(folder.at("drizzle/contract")).expect("what waits");
        let mut args = vec!["contract".to_owned(), "--deployed".into(), "HEAD".into(), "--write".into()];
        args.extend(["--done".to_owned(), backfill.to_owned()]);
        for entry in waiting {
            let name =
                entry.expect("a file").file_name().to_string_lossy().trim_end_matches(".sql").to_owned();
            args.extend(["--done".to_owned(), name]);
        }
        folder.brolly(&args.iter().map(String::as_str).collect::<Vec<_>>()).says(0, &["wrote"]);
        folder.commit(".", "Go on");
    }
    assert_eq!(std::fs::read_dir(folder.at("drizzle/contract")).map_or(0, Iterator::count), 0);

    // By its schema the app of the start serves here still.
    let ended = migrate(&["--dry-run"]);
    ended.lacks("drop-and-add-is-a-rename");
    let said = ended.to_string();
    assert!(
        said.contains("set-not-null-old-writers") && said.contains("--deployed REF names the version"),
        "{said}"
    );
    // The version that serves has all of the files. What waits for rows stops the run.
    let ended = migrate(&["--deployed", "HEAD"]);
    assert!(
        ended.to_string().contains("0001_change.orders_total is not finished")
            || ended.to_string().contains("rows are left"),
        "{ended}"
    );
    folder.brolly(&["backfill", "--database-url", &url]).says(0, &[]);
    migrate(&["--deployed", "HEAD"]).says(0, &["applied"]);
}
