//! `brolly stats` on a real server, and what `lint` makes of what it wrote.

#![allow(clippy::disallowed_methods, reason = "tests read files")]

mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use run::{Ended, Folder, folder};
use serde_json::Value;
use std::time::Duration;

const CREATE: &str = "CREATE TABLE \"small\" (\"id\" int PRIMARY KEY, \"a\" int);\n--> statement-breakpoint\n\
                      CREATE TABLE \"counter\" (\"id\" int PRIMARY KEY, \"a\" int);\n--> statement-breakpoint\n\
                      CREATE TABLE \"big\" (\"id\" int PRIMARY KEY, \"a\" int);";
const INDEXES: &str = "CREATE INDEX \"small_a\" ON \"small\" (\"a\");\n--> statement-breakpoint\n\
                       CREATE INDEX \"counter_a\" ON \"counter\" (\"a\");\n--> statement-breakpoint\n\
                       CREATE INDEX \"big_a\" ON \"big\" (\"a\");";

const ROWS: &str = "insert into small select n, n from generate_series(1, 100) n; \
                    insert into counter values (1, 1); \
                    insert into big select n, n from generate_series(1, 200000) n; \
                    create table parted (id int) partition by range (id); \
                    create table parted_1 partition of parted for values from (0) to (1000); \
                    insert into parted select generate_series(1, 500)";

/// After this time counters are up to date.
const COUNTED: Duration = Duration::from_millis(1_500);

/// A server with tables of all sorts, of which one is written to while brolly reads its statistics.
fn stats(folder: &Folder, major: u16) -> Ended {
    let server = servers::server(major);
    let target = server.target("postgres");
    let host = target.host();
    let folder_of_socket = host.split(" (port").next().unwrap_or_default();
    let url = format!("postgresql:///postgres?host={folder_of_socket}&user=postgres");
    servers::wait(async {
        let session = pg::connect(&target).await.expect("it connects");
        session.batch(&CREATE.replace("--> statement-breakpoint", "")).await.expect("tables");
        session.batch(ROWS).await.expect("rows");
        // Up to 14, what a session has counted is told after it has ended, and added to what ANALYZE
        // found where that was earlier.
        session.close().await;
        tokio::time::sleep(COUNTED).await;
        let session = pg::connect(&target).await.expect("it connects");
        session.batch("analyze").await.expect("it analyzes");
        session.batch("create table never (id int)").await.expect("a table");
        session.batch("insert into never values (1)").await.expect("a row");
        session.close().await;
        tokio::time::sleep(COUNTED).await;
    });
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            servers::wait(async {
                let session = pg::connect(&target).await.expect("it connects");
                for _ in 0..150 {
                    session.batch("update counter set a = a + 1").await.expect("it writes");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                session.batch("begin; update counter set a = 0").await.expect("a transaction");
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        let ended = folder.brolly(&["stats", "--database-url", &url, "--sample", "3s"]);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        ended
    })
}

fn project() -> Folder {
    let folder = folder();
    folder.journal("drizzle", &[("0000_create", CREATE), ("0001_index", INDEXES)]);
    folder
}

/// The severity of `index-blocks-writes` on each table, in order.
fn severities(folder: &Folder, more: &[&str]) -> Vec<String> {
    let args = [&["lint", "drizzle/0001_index.sql", "--format", "json"], more].concat();
    let ended = folder.brolly(&args);
    let json: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no JSON: {ended}"));
    let findings = json["findings"].as_array().expect("a list").iter();
    let own = findings.filter(|finding| finding["rule"] == "index-blocks-writes");
    let mut found: Vec<String> = own
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("relation"), text("severity"))
        })
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn what_a_server_says_makes_findings_notes() {
    for major in [13, 18] {
        let folder = project();
        let before = ["public.big error", "public.counter error", "public.small error"];
        assert_eq!(severities(&folder, &[]), before);

        let ended = stats(&folder, major);
        ended.complains(0, &["tables of postgres are in brolly.stats.json"]);
        let text = std::fs::read_to_string(folder.at("brolly.stats.json")).expect("it is written");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let table = |name: &str| file["tables"][name].clone();
        assert_eq!(table("public.small")["rows"], 100, "on {major}: {text}");
        assert_eq!(table("public.big")["rows"], 200_000, "on {major}: {text}");
        assert_eq!(table("public.parted")["rows"], 500, "on {major}: {text}");
        assert!(table("public.big")["bytes"].as_u64() > Some(5_000_000), "on {major}: {text}");
        assert!(table("public.counter")["writesPerSecond"].as_f64() > Some(15.0), "on {major}: {text}");
        assert!(table("public.small")["writesPerSecond"].as_f64() < Some(1.0), "on {major}: {text}");
        assert_eq!(file["longestTransactions"][0]["state"], "idle in transaction", "on {major}: {text}");

        let after = ["public.big error", "public.counter error", "public.small info"];
        assert_eq!(severities(&folder, &["--stats", "brolly.stats.json"]), after);
        folder.write("brolly.json", r#"{ "stats": "brolly.stats.json" }"#);
        assert_eq!(severities(&folder, &[]), after);
        let plan = ["plan", "drizzle/0001_index.sql"];
        folder.brolly(&plan).says(
            0,
            &[
                "SHARE on small, while it reads small: 100 rows, a second or so: writes wait",
                "reads counter while reads and writes go on: 1 row",
                "reads big while reads and writes go on: 200,000 rows, a second or so",
            ],
        );
        let json = folder.brolly(&[&plan[..], &["--format", "json"]].concat());
        let json: Value = serde_json::from_str(&json.out).unwrap_or_else(|_| panic!("no JSON: {json}"));
        let files = json["plans"][0]["deploys"][0]["files"].as_array().expect("a list");
        let reads = files.iter().flat_map(|file| file["reads"].as_array().into_iter().flatten());
        let big = reads.filter(|read| read["relation"] == "public.big").collect::<Vec<_>>();
        assert_eq!(big[0]["rows"], 200_000);
        assert_eq!(big[0]["work"], "index");
        // A person knows better, in both ways.
        folder.write(
            "brolly.json",
            r#"{ "stats": "brolly.stats.json", "tables": { "counter": { "rows": 1 }, "small": { "rows": 1000000 } } }"#,
        );
        assert_eq!(
            severities(&folder, &[]),
            ["public.big error", "public.counter info", "public.small error"]
        );
    }
}

#[test]
fn files_that_are_no_statistics() {
    let folder = project();
    folder.write("brolly.json", r#"{ "stats": "db/stats.json" }"#);
    let lint = || folder.brolly(&["lint", "drizzle/0001_index.sql"]);
    lint().complains(2, &["db/stats.json", "brolly stats --database-url URL"]);
    folder.write("db/stats.json", "{}");
    lint().complains(2, &["db/stats.json", "missing field"]);
    folder.brolly(&["stats", "--database-url", "nonsense"]).complains(2, &["database URL"]);
}
