//! PgBouncer between brolly and the server: by transaction or by statement it is refused by whatever would write, by
//! session all of it works.

use crate::bouncer::Bouncer;
use crate::run::{Ended, Folder};
use crate::servers::{server, wait};
use crate::{ADD, INDEX, begun, preflight, sql, value};
use pg::Server;
use std::time::{Duration, Instant};

const BACKFILL: &str = "-- brolly backfill\n-- table: users\n-- key: id\n-- set: nick = name\n-- where: nick IS NULL\n\
                        UPDATE users SET nick = name WHERE nick IS NULL;\n";

/// What is pending needs a transaction and an index that is built outside of one; rows wait to be filled.
fn waiting(server: &Server) -> Folder {
    let folder = begun(server, &[ADD, INDEX]);
    folder.write("drizzle/backfills/nick.sql", BACKFILL);
    sql(server, "INSERT INTO users (name) SELECT 'n' || n FROM generate_series(1, 3000) n");
    folder
}

fn by(folder: &Folder, url: &str, args: &[&str]) -> Ended {
    folder.brolly(&[args, &["--database-url", url]].concat())
}

/// All that a run leaves behind in a server.
fn state(server: &Server) -> String {
    value(
        server,
        "SELECT (SELECT count(*) FROM drizzle.__drizzle_migrations) || ' applied, ' || (SELECT count(nick) FROM users) \
         || ' filled, ' || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') || ' locks, ' || \
         (SELECT count(*) FROM pg_index WHERE NOT indisvalid) || ' invalid indexes'",
    )
}

#[test]
fn by_transaction_it_is_refused_with_what_to_do() {
    let server = server(17);
    let folder = waiting(&server);
    let before = state(&server);
    let bouncer = Bouncer::start(&server, "transaction", "");
    let said = "a pooler hands connections out by transaction: two connections have process";
    let cure = "connect to the server itself, or to a pooler in session mode";
    preflight(&folder, &bouncer.url(), &[]).says(1, &["stop", said, cure]);
    by(&folder, &bouncer.url(), &["migrate"]).complains(2, &[said, cure, "nothing was run"]);
    // What is written over it is refused all the same.
    by(&folder, &bouncer.url(), &["migrate", "--skip-preflight"]).complains(2, &[said, cure]);
    by(&folder, &bouncer.url(), &["backfill"]).complains(2, &[said, "nothing was changed", cure]);
    by(&folder, &bouncer.url(), &["ledger", "mark", "0001_add", "--yes"]).complains(2, &[said, cure]);
    assert_eq!(state(&server), before);

    let bouncer = Bouncer::start(&server, "statement", "");
    let said = "a pooler hands connections out by transaction: transaction blocks not allowed in statement pooling mode";
    preflight(&folder, &bouncer.url(), &[]).says(1, &["stop", said, cure]);
    by(&folder, &bouncer.url(), &["migrate", "--skip-preflight"]).complains(2, &[said, cure]);
    assert_eq!(state(&server), before);
}

/// Others take their turns meanwhile, so that connections of the server change hands.
#[test]
fn by_transaction_it_shows_among_others_too() {
    let server = server(14);
    let folder = waiting(&server);
    for lines in ["server_round_robin=1\nmin_pool_size=5", "min_pool_size=5\ndefault_pool_size=10"] {
        let bouncer = Bouncer::start(&server, "transaction", lines);
        let target = pg::target(&bouncer.url()).expect("a URL");
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    wait(async {
                        let app = pg::connect(&target).await.expect("a connection");
                        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                            app.batch("BEGIN; SELECT pg_sleep(0.002)").await.expect("it works");
                            app.batch("COMMIT").await.expect("it works");
                        }
                    });
                });
            }
            let ended = by(&folder, &bouncer.url(), &["migrate", "--skip-preflight"]);
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            ended.complains(2, &["a pooler hands connections out by transaction: "]);
        });
    }
}

#[test]
fn by_session_all_of_it_works() {
    for major in [13, 18] {
        let server = server(major);
        let folder = waiting(&server);
        let start = Instant::now();
        let bouncer = Bouncer::start(&server, "session", "");
        // Its connection to the server is as new as ours: nothing tells, unless the machine took its time.
        let ended = preflight(&folder, &bouncer.url(), &[]);
        if start.elapsed() < Duration::from_secs(1) {
            ended.says(0, &["connected to the server itself"]);
        }
        std::thread::sleep(Duration::from_millis(1_500));
        preflight(&folder, &bouncer.url(), &[]).says(1, &["warning", "older than the connection"]);
        by(&folder, &bouncer.url(), &["migrate"])
            .complains(0, &["there seems to be a pooler in between"])
            .says(0, &["2 migrations applied"]);
        by(&folder, &bouncer.url(), &["backfill"]).says(0, &[]);
        assert_eq!(state(&server), "3 applied, 3000 filled, 0 locks, 0 invalid indexes");
        by(&folder, &bouncer.url(), &["migrate", "--check"]).complains(0, &["nothing is pending"]);
        // Whoever gets a connection next has none of our settings, nor our name: it would be taken for a run that died.
        let name = "SELECT current_setting('application_name') || '|' || current_setting('lock_timeout') || '|' || \
                    count(*) FROM pg_stat_activity WHERE application_name LIKE 'brolly %' AND state = 'idle'";
        let target = pg::target(&bouncer.url()).expect("a URL").named("the app");
        let seen = wait(async { pg::connect(&target).await.expect("a connection").value(name).await });
        assert_eq!(seen.expect("an answer").as_deref(), Some("the app|0|0"));
    }
}

/// PgBouncer takes only those settings with a connection that it knows.
#[test]
fn settings_that_it_does_not_take_are_said() {
    let server = server(16);
    let folder = waiting(&server);
    let bouncer = Bouncer::start(&server, "session", "");
    let url = format!("{}&options=-c%20statement_timeout%3D1h", bouncer.url());
    by(&folder, &url, &["migrate"]).complains(
        2,
        &["unsupported startup parameter", "options", "ignore_startup_parameters of PgBouncer"],
    );
    let bouncer = Bouncer::start(&server, "session", "ignore_startup_parameters=options");
    let url = format!("{}&options=-c%20statement_timeout%3D1h", bouncer.url());
    by(&folder, &url, &["migrate"]).says(0, &["2 migrations applied"]);
}
