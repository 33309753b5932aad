//! What gets worse is told: waits for locks, invalid indexes, slower statements, rollbacks, a server that is gone.

use crate::kit::{Watch, app, during, items, lines, load, sql, told, watch, with};
use crate::run::{config, folder};
use crate::servers::wait;
use pg::Connection;
use std::time::Duration;

#[test]
fn a_queue_for_a_lock_is_told_with_who_is_at_its_head() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        let (folder, url) = (folder(), server.url("postgres"));
        let ended = wait(async {
            let head = pg::connect(&server.target("postgres").named("report")).await.expect("a connection");
            let pid = head.pid().await.expect("a number");
            head.batch("begin").await.expect("it works");
            head.batch("select 'a secret' from items limit 1").await.expect("it works");
            let (second, third) = (app(&server).await, app(&server).await);
            let queue = async {
                let alter = second.batch("alter table items add column age text default 'a third secret'");
                let read = async {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    third.batch("select name from items where name = 'another secret'").await
                };
                let (one, two) = tokio::join!(alter, read);
                one.and(two)
            };
            let looking = async {
                let (folder, url) = (folder.path().to_owned(), url.clone());
                let ended = tokio::task::spawn_blocking(move || {
                    let folder = Watched(folder);
                    folder.watch(&url, &["--for", "2200ms", "--max-wait", "1s", "--html", "w.html"])
                });
                let ended = ended.await.expect("it ends");
                head.batch("rollback").await.expect("it works");
                // The reader waits until this is over, too.
                ended
            };
            let finish = async {
                let ended = looking.await;
                let _ = server.connect().await.expect("a connection").rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shop'",
                )
                .await;
                ended
            };
            let (_, ended) = tokio::join!(queue, finish);
            (pid, ended)
        });
        let (pid, ended) = ended;
        ended.says(
            1,
            &[
                "bad      locks        up to 2 sessions at once waited for locks, the longest ",
                " on items (",
                " of postgres (shop): alter table items add column age text default ?",
                &format!("in the way was process {pid} of postgres (report): select ? from items limit ?, idle in transaction"),
                &format!("SELECT pg_terminate_backend({pid})"),
                "1 bad",
            ],
        );
        let page = std::fs::read_to_string(folder.at("w.html")).expect("a page");
        assert!(page.contains("Waits for locks") && page.contains("AccessExclusiveLock"), "{page}");
        assert!(
            !page.contains("secret") && !ended.out.contains("secret") && !ended.err.contains("secret"),
            "{ended}"
        );
    }
}

/// A folder that another thread watches from.
struct Watched(std::path::PathBuf);

impl Watched {
    fn watch(&self, url: &str, args: &[&str]) -> crate::run::Ended {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_brolly"));
        command.args(["watch", "--database-url", url, "--every", "200ms"]).args(args).current_dir(&self.0);
        let done = command.env_clear().env("HOME", &self.0).output().expect("it starts");
        crate::run::Ended {
            code: done.status.code().expect("it ends by itself"),
            out: String::from_utf8(done.stdout).expect("text"),
            err: String::from_utf8(done.stderr).expect("text"),
        }
    }
}

#[test]
fn an_index_that_becomes_invalid_is_bad_and_one_that_was_is_said() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        sql(&server, "create table doubles as select 1 as n from generate_series(1, 2)");
        let (folder, url) = (folder(), server.url("postgres"));
        watch(&folder, &url, &["--take", "before.json", "--for", "400ms"])
            .complains(0, &["before.json: 3 looks"]);
        let mut going =
            Watch::start(&folder, &url, &["--against", "before.json", "--for", "2s", "--format", "json"]);
        going.line("\"sample\"");
        wait(async {
            let session = server.connect().await.expect("a connection");
            let unique = "create unique index concurrently \"By n\" on doubles (n)";
            session.batch(unique).await.expect_err("there are duplicates");
        });
        let ended = going.end();
        let verdict = lines(&ended).pop().expect("a verdict");
        assert_eq!(ended.code, 1, "{verdict:#}");
        let indexes = told(&verdict, "indexes");
        assert_eq!(
            (indexes.len(), &indexes[0]["state"], &indexes[0]["object"]),
            (1, &"bad".into(), &"By n".into()),
            "{verdict:#}"
        );
        let cure = indexes[0]["cure"].as_str().expect("a cure");
        assert!(cure.contains("DROP INDEX CONCURRENTLY \"By n\""), "{cure}");
        // It was there before the next deploy.
        watch(&folder, &url, &["--for", "600ms"])
            .says(0, &["worse    indexes", "By n on doubles is invalid", "; so it was before"]);
    }
}

async fn delayed(session: Connection) -> Connection {
    session.batch("select pg_sleep(seconds) from delay where id = 1").await.expect("it works");
    session
}

#[test]
fn a_statement_that_takes_longer_is_named() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        sql(
            &server,
            "create table delay (id int primary key, seconds float8); insert into delay values (1, 0.001)",
        );
        let (folder, url) = (folder(), server.url("postgres"));
        during(&server, delayed, || {
            watch(&folder, &url, &["--take", "before.json", "--for", "1500ms"]);
            sql(&server, "update delay set seconds = 0.05");
            watch(&folder, &url, &["--against", "before.json", "--for", "2s", "--html", "w.html"]).says(
                1,
                &[
                    "ok       statements",
                    "on the average of all statements, before",
                    "bad      statements   takes ",
                    " ms, before ",
                    "times as long): select pg_sleep(seconds) from delay where id = $1",
                ],
            );
            watch(&folder, &url, &["--against", "before.json", "--for", "1500ms", "--slower", "1000"])
                .says(0, &["nothing got worse"]);
        });
        assert!(folder.read("w.html").contains("select pg_sleep(seconds) from delay where id = $1"));
    }
}

async fn failing(session: Connection) -> Connection {
    session.batch("select name from items where id = 1/0").await.expect_err("it is no number");
    session
}

#[test]
fn rollbacks_that_rise_are_bad_and_are_in_no_statement() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        let (folder, url) = (folder(), server.url("postgres"));
        watch(&folder, &url, &["--take", "before.json", "--for", "600ms"]);
        during(&server, failing, || {
            let ended =
                watch(&folder, &url, &["--against", "before.json", "--for", "2s", "--format", "json"]);
            let verdict = lines(&ended).pop().expect("a verdict");
            assert_eq!(ended.code, 1, "{verdict:#}");
            let errors = told(&verdict, "errors");
            assert_eq!(errors[0]["state"], "bad", "{verdict:#}");
            assert!(
                errors[0]["what"].as_str().is_some_and(|what| what.contains("were rolled back")),
                "{verdict:#}"
            );
            // What docs/watch.md says of it.
            let texts = verdict["statements"].to_string();
            assert!(!texts.contains("from items"), "a statement that fails is counted: {texts}");
        });
    }
}

#[test]
fn a_server_that_goes_is_told_with_what_was_seen() {
    let server = with(18);
    let (folder, url) = (folder(), server.url("postgres"));
    let mut going = Watch::start(&folder, &url, &["--for", "2s", "--format", "json"]);
    going.line("\"sample\"");
    drop(server);
    let ended = going.end();
    let verdict = lines(&ended).pop().expect("a verdict");
    assert_eq!((ended.code, &told(&verdict, "server")[0]["state"]), (1, &"bad".into()), "{verdict:#}");
}

#[test]
fn a_session_that_is_ended_is_opened_again() {
    let server = with(14);
    items(&server);
    let (folder, url) = (folder(), server.url("postgres"));
    let mut going = Watch::start(&folder, &url, &["--for", "2s", "--format", "json"]);
    going.line("\"sample\"");
    sql(
        &server,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'brolly watch'",
    );
    let ended = going.end();
    let lines = lines(&ended);
    let looks: Vec<_> = lines.iter().filter(|line| line["event"] == "sample").collect();
    // Whether a look was under way just then is a matter of luck.
    let seen = looks.iter().filter(|look| look["connections"].is_object()).count();
    assert!(looks.len() >= 4 && seen + 1 >= looks.len(), "{ended}");
    assert!(looks.last().is_some_and(|look| look["connections"].is_object()), "{ended}");
}

#[test]
fn the_way_back_is_that_of_what_ran_since() {
    let server = with(16);
    let (folder, url) = (folder(), server.url("postgres"));
    let create = ("0000_create", "CREATE TABLE users (id serial PRIMARY KEY, name text);\n");
    let add = ("0001_add", "ALTER TABLE users ADD COLUMN age int;\n");
    let drop = ("0002_drop", "ALTER TABLE users DROP COLUMN name;\n");
    let migrate = || folder.brolly(&["migrate", "--database-url", &url, "--allow", "a test"]);
    let brief = ["--against", "before.json", "--for", "400ms"];
    folder.write("drizzle.config.ts", config("./drizzle")).journal("drizzle", &[create]);
    migrate().says(0, &[]);
    watch(&folder, &url, &["--take", "before.json", "--for", "400ms"]);
    watch(&folder, &url, &brief).says(0, &["the way back: no migration ran since the baseline"]);
    watch(&folder, &url, &["--for", "400ms"])
        .says(0, &["0000_create ran last", "brolly rollback drizzle/0000_create.sql --write"]);

    folder.journal("drizzle", &[create, add, drop]);
    migrate().says(0, &["2 migrations applied"]);
    watch(&folder, &url, &brief).says(
        0,
        &[
            "2 migrations ran since the baseline, 0002_drop last; look at what is written before it is run",
            "brolly rollback drizzle/0002_drop.sql --write\n",
            "brolly rollback drizzle/0001_add.sql --write\n",
            "brolly rollback --run --last 2 --database-url \"$DATABASE_URL\"\n",
        ],
    );
    folder.brolly(&["rollback", "drizzle/0002_drop.sql", "--write"]).says(0, &[]);
    folder.brolly(&["rollback", "drizzle/0001_add.sql", "--write"]).says(0, &[]);
    let ended = watch(&folder, &url, &brief);
    ended.says(
        0,
        &[
            "lost is then: the values of users.name",
            "which --lose-data agrees to",
            "brolly rollback --run --last 2",
        ],
    );
    ended.lacks("--write").lacks(server.dir().to_str().expect("text"));
    // What is said is what does it.
    let run = ["rollback", "--run", "--last", "2", "--database-url", &url, "--yes", "--lose-data"];
    folder.brolly(&run).says(0, &["0002_drop is taken back", "0001_add is taken back"]);
}

#[test]
fn a_reset_of_the_counters_is_no_traffic() {
    for major in [13, 18] {
        let server = with(major);
        items(&server);
        during(&server, load, || {
            std::thread::sleep(Duration::from_millis(500));
            let (folder, url) = (folder(), server.url("postgres"));
            let mut going = Watch::start(&folder, &url, &["--for", "2s", "--format", "json"]);
            going.line("\"sample\"");
            going.line("\"sample\"");
            sql(&server, "select pg_stat_reset(), pg_stat_statements_reset()");
            let ended = going.end();
            let lines = lines(&ended);
            // Twenty a second at the least would be forty calls in a look that took what was counted for new.
            for look in lines.iter().filter(|line| line["event"] == "sample") {
                let (calls, seconds) = (look["statements"]["calls"].as_f64(), look["seconds"].as_f64());
                let rate = calls.unwrap_or(0.0) / seconds.unwrap_or(1.0).max(0.05);
                assert!(rate < 150.0, "{look:#}");
                let commits = look["work"]["commits"].as_f64().unwrap_or(0.0);
                assert!(commits < 1e6, "{look:#}");
            }
            assert_eq!(ended.code, 0, "{ended}");
        });
    }
}
