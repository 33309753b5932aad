//! A replica that streams: given by mistake, among several hosts, and behind.

use crate::replica::{Replica, primary};
use crate::run::Ended;
use crate::servers::wait;
use crate::{ADD, CREATE, migrate, project, sql};
use std::time::{Duration, Instant};

#[test]
fn a_replica_is_told_from_its_primary() {
    for major in [13, 18] {
        let server = primary(major);
        let folder = project(&[CREATE]);
        let url = server.url("postgres");
        migrate(&folder, &url, &[]).says(0, &["1 migration applied"]);
        folder.journal("drizzle", &[CREATE, ADD]);
        let replica = Replica::with(&server, major, &["recovery_min_apply_delay=1500ms"], &[]);
        wait(replica.connect());
        let by = replica.url();

        // It takes no writes: nothing is run, whatever is asked.
        migrate(&folder, &by, &[])
            .complains(2, &["the server is a replica, which takes no writes", "name the primary"]);
        let said = ["the server is a replica, or read-only: nothing was run", "name the primary"];
        migrate(&folder, &by, &["--skip-preflight"]).complains(2, &said);
        folder.brolly(&["ledger", "mark", "0001_add", "--yes", "--database-url", &by]).complains(2, &said);
        assert_eq!(sql(&server, "SELECT count(*) FROM drizzle.__drizzle_migrations").as_deref(), Some("1"));

        // What it is behind is told by its primary, and is no reason not to run.
        let late = |folder: &crate::run::Folder| -> Ended {
            folder.brolly(&["preflight", "--database-url", &url, "--max-lag", "1s"])
        };
        let start = Instant::now();
        let ended = loop {
            sql(&server, "INSERT INTO users (name) VALUES ('x')");
            let ended = late(&folder);
            if ended.code == 1 {
                break ended;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{ended}");
        };
        ended.says(1, &["replica behind (streaming) is ", " behind", "wait until it has caught up"]);

        // Of several hosts the one that takes writes is found, and what was run comes to the replica.
        let hosts = |url: &str| {
            let host = url.split("host=").nth(1).and_then(|rest| rest.split('&').next());
            host.expect("a host").to_owned()
        };
        let both = format!(
            "postgres:///postgres?host={},{}&user=postgres&target_session_attrs=read-write",
            hosts(&by),
            hosts(&url)
        );
        migrate(&folder, &both, &[]).says(0, &["1 migration applied"]);
        let there =
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'age'";
        let start = Instant::now();
        while wait(async { replica.connect().await.value(there).await }).expect("an answer").as_deref()
            != Some("1")
        {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not come");
            std::thread::sleep(Duration::from_millis(100));
        }
        migrate(&folder, &by, &["--check"]).complains(0, &["nothing is pending"]);
    }
}
