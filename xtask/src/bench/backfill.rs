//! Measures what a backfill costs a server, beside other SQL for the same: one UPDATE for all, and batches that join
//! the table with the rows that a common table expression has locked. Tables of three sizes, with statistics that are
//! right and with such of a hundred rows, on one throwaway server in one run.
//!
//! CPU is that of the server processes that do it, as the kernel counts it in nanoseconds: `brolly backfill` has two
//! from where it starts on the first batch to its end, its last count included.

use pg::{Connection, Search, Server, Setup};
use runner::backfill::{Asked, Ended, Event, Job, run};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
/// Rows of a batch of the joins.
const JOINED: u32 = 1_000;

/// The ways to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One UPDATE.
    Whole,
    /// The engine of `brolly backfill`.
    Brolly,
    /// Batches that join the table with the rows that they have locked.
    Joined,
    /// The same as pgroll (of May 2026) has it for a new column: rows wear a mark until they are done, which the batch asks for;
    /// the UPDATE sets the key to itself, and a trigger that knows all columns by their names and asks for the version of
    /// the schema sets the column and takes the mark away.
    Triggered,
    /// The same for a column that is changed: a second trigger is there for what the new version of the app writes.
    TwiceTriggered,
}

const WAYS: [Way; 5] = [Way::Whole, Way::Brolly, Way::Joined, Way::Triggered, Way::TwiceTriggered];

/// What one took.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

/// The figures, with what they are held against.
pub fn times(root: &Path, major: u16) -> Result<String, String> {
    if cfg!(debug_assertions) {
        return optimised(root, major);
    }
    let node_modules = root.join("tests/servers/node_modules");
    let search = Search { major: Some(major), extra: vec![node_modules], ..Search::default() };
    let binaries = pg::binaries(&search).map_err(|error| error.to_string())?;
    let settings = [
        ("shared_buffers", "1GB"),
        ("max_wal_size", "4GB"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let setup = Setup { settings, space: 6_000_000_000, ..Setup::default() };
    let server = Server::start_with(&binaries, &setup).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(all(&server)).map_err(|error| error.to_string())
}

/// The same by a program built as users have it: what the client takes is a part of the time.
fn optimised(root: &Path, major: u16) -> Result<String, String> {
    let major = major.to_string();
    let args = ["run", "--quiet", "--release", "--package", "xtask", "--", "bench", "backfill", &major];
    let done = Command::new("cargo").args(args).current_dir(root).stderr(Stdio::inherit()).output();
    let done = done.map_err(|error| format!("cargo: {error}"))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned()),
        false => Err("the optimised program did not come to its end".to_owned()),
    }
}

async fn all(server: &Server) -> Result<String, pg::Error> {
    let mut text = format!("PostgreSQL {}, server CPU a row and rows a second\n\n", server.version());
    let _ = writeln!(
        text,
        "{:<10} {:>9}  {:>20}  {:>20}  {:>20}  {:>20}  {:>20}  {:>6} {:>8} {:>11} {:>11}",
        "statistics",
        "rows",
        "one UPDATE",
        "brolly backfill",
        "CTE join",
        "pgroll, new column",
        "pgroll, changed one",
        "x one",
        "CTE / it",
        "new / it",
        "changed / it"
    );
    let mut flat = Flat::default();
    let mut worst = [0.0_f64, f64::MAX, f64::MAX, f64::MAX];
    for fresh in [true, false] {
        for rows in SIZES {
            let rounds = rounds(server, rows, fresh).await?;
            let times = |one: Way, other: Way| ratio(&rounds, one, other, |cost| cost.cpu);
            let of_one = times(Way::Brolly, Way::Whole);
            let [joined, by_one, by_two] =
                [Way::Joined, Way::Triggered, Way::TwiceTriggered].map(|way| times(way, Way::Brolly));
            let counts = |less: f64| if fresh { less } else { f64::MAX };
            worst = [
                worst[0].max(of_one),
                worst[1].min(joined),
                worst[2].min(counts(by_one)),
                worst[3].min(counts(by_two)),
            ];
            let bests = WAYS.map(|way| best(&rounds, way));
            let rate = |cost: &Cost| f64::from(rows) / cost.wall.as_secs_f64();
            flat.rates.push(rate(&bests[1]));
            flat.beside.push(1.0 / ratio(&rounds, Way::Brolly, Way::Whole, |cost| cost.wall));
            let statistics = if fresh { "fresh" } else { "stale" };
            let _ = write!(text, "{statistics:<10} {rows:>9}");
            for cost in &bests {
                let micros = cost.cpu.as_secs_f64() * 1e6 / f64::from(rows);
                let _ = write!(text, "  {:>20}", format!("{micros:.2} us, {:>7.0}/s", rate(cost)));
            }
            let _ = writeln!(text, "  {of_one:>6.2} {joined:>8.1} {by_one:>11.1} {by_two:>11.1}");
        }
    }
    let _ = write!(
        text,
        "\nat worst {:.2} times one UPDATE (goal 1.3), {:.1} times less than the join, and with fresh statistics {:.1} times less than pgroll's SQL for a new column and {:.1} for a changed one (goal 3);\n\
         rows a second: the slowest has {:.0}% of the fastest (goal 80%), and {:.0}% beside one UPDATE of the same rows, which a busy machine changes less.\n\
         CPU and rows a second are the best of the rounds, ratios the medians of those of each round.",
        worst[0],
        worst[1],
        worst[2],
        worst[3],
        spread(&flat.rates),
        spread(&flat.beside)
    );
    Ok(text)
}

/// Rows a second of all sizes, and how many times those of one UPDATE that is.
#[derive(Default)]
struct Flat {
    rates: Vec<f64>,
    beside: Vec<f64>,
}

/// The least in percent of the most.
fn spread(all: &[f64]) -> f64 {
    let least = all.iter().copied().fold(f64::MAX, f64::min);
    100.0 * least / all.iter().copied().fold(0.0, f64::max)
}

/// All ways one after the other, again and again: what else the machine does meets them alike.
async fn rounds(server: &Server, rows: u32, fresh: bool) -> Result<Vec<Vec<(Way, Cost)>>, pg::Error> {
    let count = if rows >= 1_000_000 { 3 } else { 9 };
    let mut rounds = Vec::new();
    for round in 0..count {
        let mut costs = Vec::new();
        for way in WAYS {
            // The dearest are seen well enough by less.
            if round % 3 == 1 || matches!(way, Way::Whole | Way::Brolly) {
                fill(server, rows, fresh, triggers(way)).await?;
                costs.push((way, cost(server, way).await?));
            }
        }
        rounds.push(costs);
    }
    Ok(rounds)
}

fn of(costs: &[(Way, Cost)], way: Way) -> Option<Cost> {
    costs.iter().find(|(one, _)| *one == way).map(|(_, cost)| *cost)
}

/// The least of all rounds.
fn best(rounds: &[Vec<(Way, Cost)>], way: Way) -> Cost {
    let of_way = rounds.iter().filter_map(|costs| of(costs, way));
    let least = |best: Cost, cost: Cost| Cost { cpu: best.cpu.min(cost.cpu), wall: best.wall.min(cost.wall) };
    of_way.fold(Cost { cpu: Duration::MAX, wall: Duration::MAX }, least)
}

/// How many times another way one takes, in the median of the rounds that have both.
fn ratio(rounds: &[Vec<(Way, Cost)>], one: Way, other: Way, what: impl Fn(Cost) -> Duration) -> f64 {
    let of_round = |costs: &Vec<(Way, Cost)>| {
        Some(what(of(costs, one)?).as_secs_f64() / what(of(costs, other)?).as_secs_f64())
    };
    let mut all: Vec<f64> = rounds.iter().filter_map(of_round).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// A new table of so many rows; its statistics are those of all, or of the first hundred.
async fn fill(server: &Server, rows: u32, fresh: bool, triggers: &[&str]) -> Result<(), pg::Error> {
    let connection = server.connect().await?;
    let insert = |from: u32, to: u32| {
        format!(
            "INSERT INTO t SELECT i, 'User number ' || i, 'user' || i || '@example.org', now() \
             FROM generate_series({from}, {to}) i"
        )
    };
    connection.batch("DROP TABLE IF EXISTS t; DROP SCHEMA IF EXISTS drizzle CASCADE").await?;
    connection
        .batch("CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL, email text, created timestamptz, c text)")
        .await?;
    connection.batch(&insert(1, 100)).await?;
    connection.batch("ANALYZE t").await?;
    connection.batch(&insert(101, rows)).await?;
    if fresh {
        connection.batch("VACUUM (ANALYZE) t").await?;
    }
    if !triggers.is_empty() {
        connection.batch("ALTER TABLE t ADD COLUMN waits boolean DEFAULT true").await?;
    }
    for (name, is) in triggers.iter().zip(["<>", "="]) {
        let value = if is == "<>" { "new.c := upper(name)" } else { "new.name := lower(new.c)" };
        let function = format!(
            "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
             'DECLARE id t.id%TYPE := new.id; name t.name%TYPE := new.name; email t.email%TYPE := new.email; \
              created t.created%TYPE := new.created; waits t.waits%TYPE := new.waits; version text; path text; \
              BEGIN SELECT s INTO path FROM current_setting(''search_path'') AS s; \
              IF path {is} ''public_new'' THEN {value}; new.waits := false; END IF; RETURN new; END'"
        );
        connection.batch(&function).await?;
        let trigger =
            format!("CREATE TRIGGER {name} BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION {name}()");
        connection.batch(&trigger).await?;
    }
    connection.batch("CHECKPOINT").await?;
    connection.close().await;
    Ok(())
}

/// The triggers that a way has.
fn triggers(way: Way) -> &'static [&'static str] {
    match way {
        Way::Whole | Way::Brolly | Way::Joined => &[],
        Way::Triggered => &["up"],
        Way::TwiceTriggered => &["up", "down"],
    }
}

async fn cost(server: &Server, way: Way) -> Result<Cost, pg::Error> {
    let connection = server.connect().await?;
    let pid = connection.pid().await?;
    let (began, before) = (Instant::now(), cpu(pid));
    match way {
        Way::Whole => connection.batch("UPDATE t SET c = upper(name) WHERE c IS NULL").await?,
        Way::Joined => joined(&connection, "true", "c = upper(name)").await?,
        Way::Triggered | Way::TwiceTriggered => joined(&connection, "waits = true", "id = t.id").await?,
        Way::Brolly => return Ok(brolly(server).await),
    }
    let cost = Cost { cpu: cpu(pid).saturating_sub(before), wall: began.elapsed() };
    connection.close().await;
    Ok(cost)
}

/// Batches by a key that lock their rows first, and join the table with them.
async fn joined(connection: &Connection, wanted: &str, set: &str) -> Result<(), pg::Error> {
    let mut last = "0".to_owned();
    loop {
        let batch = format!(
            "WITH batch AS (SELECT id FROM t WHERE {wanted} AND id > {last} ORDER BY id LIMIT {JOINED} FOR NO KEY UPDATE), \
             changed AS (UPDATE t SET {set} FROM batch WHERE t.id = batch.id RETURNING t.id) \
             SELECT max(id) FROM changed"
        );
        match connection.value(&batch).await? {
            Some(next) => last = next,
            None => return Ok(()),
        }
    }
}

async fn brolly(server: &Server) -> Cost {
    let text = "-- brolly backfill\n-- table: \"t\"\n-- key: \"id\"\n-- set: \"c\" = upper(\"name\")\n\
                -- where: \"c\" IS NULL\n-- batch: 1000\n";
    let job = Job::read("bench", text).unwrap_or_else(|(_, why)| unreachable!("{why}"));
    let asked = Asked::new(server.target("postgres"), "drizzle");
    let watch = Arc::new(Watch::default());
    let (mut began, mut before, mut wall) = (Instant::now(), 0, Duration::ZERO);
    // The processes end with the run, so that somebody has to look in time.
    let looking = Arc::clone(&watch);
    let looks = std::thread::spawn(move || {
        while !looking.ended.load(Ordering::Relaxed) {
            looking.look();
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let mut tell = |event: Event| match event {
        Event::Started { pids, .. } => {
            for (at, pid) in pids.into_iter().enumerate() {
                watch.pids[at].store(pid, Ordering::Relaxed);
            }
            (began, before) = (Instant::now(), watch.look());
        }
        Event::Ended { .. } => wall = began.elapsed(),
        _ => {}
    };
    let done = run(&asked, &job, &mut tell).await;
    assert!(matches!(done, Ok(Ended::Finished)), "{done:?}");
    watch.ended.store(true, Ordering::Relaxed);
    let _ = looks.join();
    Cost { cpu: Duration::from_nanos(watch.latest.load(Ordering::Relaxed).saturating_sub(before)), wall }
}

/// The CPU time of two processes, as long as they are there.
#[derive(Default)]
struct Watch {
    pids: [AtomicI32; 2],
    latest: AtomicU64,
    ended: AtomicBool,
}

impl Watch {
    /// The newest figure, in nanoseconds.
    fn look(&self) -> u64 {
        let [a, b] = [0, 1].map(|at| self.pids[at].load(Ordering::Relaxed));
        let sum = if a > 0 { cpu(a) + cpu(b) } else { Duration::ZERO };
        self.latest.fetch_max(u64::try_from(sum.as_nanos()).unwrap_or(0), Ordering::Relaxed);
        self.latest.load(Ordering::Relaxed)
    }
}

/// The time that a process has been on a processor (proc_schedstat: nanoseconds); none where it is gone.
fn cpu(pid: i32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let spent = text.split_whitespace().next().and_then(|spent| spent.parse().ok()).unwrap_or(0);
    Duration::from_nanos(spent)
}
