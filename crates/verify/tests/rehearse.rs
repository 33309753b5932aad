//! What is known about migrations under traffic, seen by a rehearsal on a real server: which waits are
//! long and which are not, what a lock queue does, and what breaks.
//!
//! Times depend on the machine, so what is slow is made slow (`SLOW`), and what waits is compared with
//! how long the migration took rather than with a clock.

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use drizzle::{MemoryFiles, load_sql_files};
use facts::{Options, PendingSet, Version, analyze};
use pg::{Server, Setup};
use std::time::Duration;
use verify::rehearse::{Asked, End, Kind, Limits, Rehearsal, TableWaits, rehearse, verdict};
use verify::{Amounts, Error};

const MAJOR: u16 = 16;

/// Settings that make one process do all the work, with little memory.
const SLOW: [(&str, &str); 4] = [
    ("max_parallel_workers", "0"),
    ("max_parallel_maintenance_workers", "0"),
    ("maintenance_work_mem", "1MB"),
    ("max_wal_size", "4GB"),
];

const HISTORY: &str = "create table users (id serial primary key, email text not null, nickname text, \
                       code integer not null default 1);";

/// A CHECK that a server needs long for, on few rows.
const SLOW_CHECK: &str = "repeat(md5(email || code), 400) <> repeat(md5(email), 401)";

fn server() -> Server {
    let settings = SLOW.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let setup = Setup { settings, space: 1_000_000_000, ..servers::setup() };
    Server::start_with(&servers::binaries(MAJOR), &setup).expect("it starts")
}

fn asked(rows: u64) -> Asked {
    Asked { amounts: Amounts::of(rows), ours: true, ..Asked::default() }
}

/// The pending migration, rehearsed on top of the history.
fn rehearsed(pending: &str, asked: &Asked) -> Result<Rehearsal, Error> {
    let files = [("drizzle/0000_users.sql", HISTORY), ("drizzle/0001_pending.sql", pending)];
    let paths = files.map(|(path, _)| path.to_owned());
    let (project, _) = load_sql_files(&MemoryFiles::new(files), &paths);
    let options = Options { version: Version(MAJOR as u8), ..Options::default() };
    let set = PendingSet { migrations: vec![1], ..PendingSet::default() };
    let analysis = analyze(&project, &[set], &options);
    let server = server();
    let target = server.target("postgres");
    servers::wait(rehearse(&target, &project, &analysis, 0, asked, &mut |_| {}))
}

fn seen(pending: &str, asked: &Asked) -> Rehearsal {
    rehearsed(pending, asked).unwrap_or_else(|error| panic!("{error}"))
}

fn users(seen: &Rehearsal) -> &TableWaits {
    seen.tables.iter().find(|table| table.relation.name == "users").expect("it has traffic")
}

/// How long the chunk with this text ran.
fn took(seen: &Rehearsal, text: &str) -> Duration {
    let mut all = seen.tries.iter().flat_map(|one| &one.statements);
    let ran = all.find(|ran| ran.sql.contains(text)).unwrap_or_else(|| panic!("{text} ran"));
    ran.to.saturating_sub(ran.from)
}

fn committed(seen: &Rehearsal) {
    assert_eq!(seen.outcome(), Some(&End::Committed), "{:?}", seen.tries);
    assert!(seen.left_out.is_empty(), "{:?}", seen.left_out);
}

#[test]
fn create_index_stalls_writes_and_not_reads() {
    let seen = seen("create index users_email on users (md5(md5(md5(email))));", &asked(300_000));
    committed(&seen);
    let build = took(&seen, "create index");
    let users = users(&seen);
    assert!(users.writes.during.longest > build.mul_f64(0.7), "{build:?} {users:?}");
    assert!(users.reads.during.longest < build.mul_f64(0.5), "{build:?} {users:?}");
    let most = |length: fn(&verify::rehearse::Sample) -> u16| seen.queue.iter().map(length).max();
    assert_eq!(most(|sample| sample.writes), Some(4), "all writers stand in the queue");
    assert!(seen.failed.is_empty(), "{:?}", seen.failed);
}

#[test]
fn a_check_under_lock_stalls_reads_and_writes() {
    let check = format!("alter table users add constraint c check ({SLOW_CHECK});");
    let seen = seen(&check, &asked(100_000));
    committed(&seen);
    let scan = took(&seen, "add constraint");
    let users = users(&seen);
    assert!(users.writes.during.longest > scan.mul_f64(0.7), "{scan:?} {users:?}");
    assert!(users.reads.during.longest > scan.mul_f64(0.7), "{scan:?} {users:?}");
    let limits = Limits { wait: scan.mul_f64(0.5), ..Limits::default() };
    let verdict = verdict(&seen, &limits);
    let mut kinds: Vec<Kind> = verdict.waits.iter().map(|(_, kind, _)| *kind).collect();
    kinds.dedup();
    assert_eq!(kinds, [Kind::Read, Kind::Write]);
    assert!(!verdict.is_fine());
}

#[test]
fn not_valid_then_validate_stalls_neither() {
    let path = format!(
        "alter table users add constraint c check (nickname is not null and {SLOW_CHECK}) not valid;\n\
         --> statement-breakpoint\ncommit;\n--> statement-breakpoint\n\
         alter table users validate constraint c;\n--> statement-breakpoint\n\
         alter table users alter column nickname set not null;"
    );
    let seen = seen(&path, &asked(100_000));
    committed(&seen);
    let scan = took(&seen, "validate");
    let users = users(&seen);
    assert!(users.writes.during.longest < scan.mul_f64(0.5), "{scan:?} {users:?}");
    assert!(users.reads.during.longest < scan.mul_f64(0.5), "{scan:?} {users:?}");
    assert!(took(&seen, "set not null") < scan.mul_f64(0.2), "proven by the constraint: no scan");
}

const BRIEF: &str = "alter table users add column phone text;";

#[test]
fn everyone_queues_behind_a_brief_alter_that_waits_for_a_reader() {
    let reader = Duration::from_millis(1_500);
    let seen = seen(BRIEF, &Asked { long_reader: Some(reader), ..asked(1_000) });
    committed(&seen);
    let users = users(&seen);
    let least = reader.mul_f64(0.7);
    assert!(users.reads.during.longest > least && users.writes.during.longest > least, "{users:?}");
    assert!(users.reads.during.longest < reader * 3, "{users:?}");
    assert!(seen.queue.iter().any(|sample| sample.migration && sample.reads == 4 && sample.writes == 4));
}

#[test]
fn lock_timeout_cures_the_queue() {
    let reader = Duration::from_millis(1_500);
    let timeout = Duration::from_millis(100);
    let cure = Asked { long_reader: Some(reader), lock_timeout: Some(timeout), ..asked(1_000) };
    let gave_up = seen(BRIEF, &cure);
    let Some(End::Refused { sqlstate, .. }) = gave_up.outcome() else { panic!("{:?}", gave_up.tries) };
    assert_eq!(sqlstate, "55P03");
    assert!(verdict(&gave_up, &Limits::default()).failed);

    let again = seen(BRIEF, &Asked { retries: 5, ..cure });
    committed(&again);
    assert!(again.tries.len() > 1 && again.tries[0].lost_a_lock(), "{:?}", again.tries);
    let users = users(&again);
    let most = reader.mul_f64(0.4);
    assert!(users.reads.during.longest < most && users.writes.during.longest < most, "{users:?}");
}

#[test]
fn statements_of_the_old_app_that_break_are_told() {
    let seen = seen("alter table users drop column nickname;", &asked(100));
    committed(&seen);
    let mut broken: Vec<&str> = seen.failed.iter().map(|one| one.label.as_str()).collect();
    broken.sort_unstable();
    let expected = ["insert()", "select()", "select() by its key", "update of \"nickname\""];
    assert_eq!(broken, expected);
    assert!(seen.failed.iter().all(|one| one.sqlstate == "42703" && one.first >= seen.tries[0].from));
    assert_eq!(verdict(&seen, &Limits::default()).broken.len(), 4);
}

/// What the measuring itself adds: a migration that has nothing to do with the table.
#[test]
fn who_waits_for_nothing_is_not_said_to_wait() {
    let seen = seen("create table other (id integer);", &asked(1_000));
    committed(&seen);
    let users = users(&seen);
    let median = users.reads.during.median.max(users.writes.during.median);
    assert!(median < Duration::from_millis(5), "{users:?}");
    assert!(seen.queue.len() > 50, "{} looks", seen.queue.len());
    assert!(seen.queue.windows(2).all(|two| two[0].at <= two[1].at));
}
