//! Times `brolly lint` on projects that are generated, always the same ones: 10,000 migrations with
//! `--all`, and one new migration on top of 300; `brolly uses` on code (`app.rs`), and keystrokes in an editor
//! (`lsp.rs`). With squawk at hand, the same files in the same run, by turns, called as its manual says: one
//! process, a pattern, and the reporter that it has unless told otherwise; and once more with the cheapest
//! reporter that tells the same.

mod app;
pub mod backfill;
mod lsp;

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MANY: usize = 10_000;
const FEW: usize = 300;
const ROUNDS: usize = 5;
/// Where a run keeps what it read, in the folder that it is started in.
const CACHE: &str = ".brolly-cache";

/// Builds brolly, generates, runs, and tells the numbers.
pub fn bench(root: &Path, squawk: Option<&str>) -> Result<String, String> {
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--package", "brolly"])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !built.success() {
        return Err("brolly does not build".to_owned());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let brolly = root.join(&target).join("release/brolly");
    let work = root.join(&target).join("bench");
    let _ = fs::remove_dir_all(&work);
    let many = work.join("many");
    let few = work.join("few");
    write_project(&many, MANY)?;
    write_project(&few, FEW)?;

    let mut text = of_many(&brolly, squawk, &many)?;
    let newest = format!("drizzle/{}.sql", tag(FEW - 1));
    let newest = ["lint", newest.as_str(), "--format", "json", "--output", "out.json"];
    let one = best(&[(brolly.as_path(), &newest[..])], ROUNDS, &few)?;
    let _ = writeln!(text, "one new migration of {FEW}       {}", one[0]);
    text.push_str(&app::times(&brolly, &work.join("app"))?);
    in_git(&few, FEW)?;
    text.push_str(&lsp::times(&brolly, &few, &work.join("app"))?);
    text.push_str(
        "goals: 10 times squawk, under 300 MB; under 20 ms for the new one; under 500 ms where code is read; under 50 ms a key.\n\
         Times are the best of five, and the CPU time is that of the same run.",
    );
    Ok(text)
}

/// Puts a project into a repository, with its newest migration not committed, and the newest three with
/// snapshots.
fn in_git(dir: &Path, count: usize) -> Result<(), String> {
    for n in count - 3..count {
        let path = dir.join(format!("drizzle/meta/{n:05}_snapshot.json"));
        fs::write(&path, snapshot(n)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let newest = format!(":!drizzle/{}.sql", tag(count - 1));
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    for args in
        [&["init", "-q", "-b", "main"][..], &["add", "-A", "--", ".", &newest], &["commit", "-qm", "a"]]
    {
        let done = Command::new("git").args(who).args(args).current_dir(dir).status();
        if !done.map_err(|error| format!("git: {error}"))?.success() {
            return Err(format!("git {args:?} failed"));
        }
    }
    Ok(())
}

/// A snapshot with the tables that there are by then.
fn snapshot(n: usize) -> String {
    let columns = [
        "id",
        "name",
        "email",
        "slug",
        "external_id",
        "owner_id",
        "total",
        "note",
        "settings",
        "created_at",
        "updated_at",
    ];
    let column = |name: &&str| {
        let kind = if *name == "id" { "serial" } else { "text" };
        let key = *name == "id";
        (
            name.to_string(),
            serde_json::json!({ "name": name, "type": kind, "primaryKey": key, "notNull": key }),
        )
    };
    let columns: serde_json::Map<_, _> = columns.iter().map(column).collect();
    let table = |(group, part): (usize, usize)| {
        let name = format!("table_{group}_{part}");
        let empty = serde_json::json!({});
        let table = serde_json::json!({
            "name": name, "schema": "", "columns": columns, "indexes": empty, "foreignKeys": empty,
            "compositePrimaryKeys": empty, "uniqueConstraints": empty, "policies": empty,
            "checkConstraints": empty, "isRLSEnabled": false,
        });
        (format!("public.{name}"), table)
    };
    let tables: serde_json::Map<_, _> =
        (0..=n / 10).flat_map(|group| (0..7).map(move |part| (group, part))).map(table).collect();
    let id = |n: usize| format!("00000000-0000-4000-8000-{n:012}");
    let empty = serde_json::json!({});
    let snapshot = serde_json::json!({
        "id": id(n), "prevId": id(n - 1), "version": "7", "dialect": "postgresql", "tables": tables,
        "enums": empty, "schemas": empty, "sequences": empty, "roles": empty, "policies": empty, "views": empty,
        "_meta": { "columns": empty, "schemas": empty, "tables": empty },
    });
    snapshot.to_string()
}

/// The whole history, and squawk on its files.
fn of_many(brolly: &Path, squawk: Option<&str>, dir: &Path) -> Result<String, String> {
    let all = ["lint", "drizzle", "--all", "--format", "json", "--output", "out.json"];
    let plain = ["drizzle/*.sql"];
    let json = ["--reporter", "json", "drizzle/*.sql"];
    let mut text = String::new();
    let Some(squawk) = squawk else {
        let alone = best(&[(brolly, &all[..])], ROUNDS, dir)?;
        let _ = writeln!(text, "lint --all, {MANY} migrations   {}", alone[0]);
        text.push_str("squawk                          not given: --squawk PATH compares with it\n");
        return Ok(text);
    };
    let path = fs::canonicalize(squawk).map_err(|error| format!("{squawk}: {error}"))?;
    let version = Command::new(&path).arg("--version").output().map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let squawk = path.as_path();
    let programs = [(brolly, &all[..]), (squawk, &plain[..]), (squawk, &json[..])];
    let costs = best(&programs, ROUNDS, dir)?;
    let _ = writeln!(text, "lint --all, {MANY} migrations   {}", costs[0]);
    for (how, cost) in ["'drizzle/*.sql'", "--reporter json"].into_iter().zip(&costs[1..]) {
        let name = format!("{version} {how}");
        let _ = writeln!(text, "{name:<31} {cost}, {}", cost.ratio(&costs[0]));
    }
    Ok(text)
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn mib(kib: Option<u64>) -> String {
    kib.map_or("memory unknown".to_owned(), |kib| format!("{:.0} MB at most", kib as f64 * 1024.0 / 1e6))
}

/// The best run of each program of several, which run by turns.
fn best(programs: &[(&Path, &[&str])], rounds: usize, dir: &Path) -> Result<Vec<Cost>, String> {
    let mut costs: Vec<Option<Cost>> = vec![None; programs.len()];
    for _ in 0..rounds {
        for ((program, args), best) in programs.iter().zip(&mut costs) {
            let cost = once(program, args, dir)?;
            let memory = best.as_ref().map_or(cost.memory, |best| best.memory.max(cost.memory));
            if best.as_ref().is_none_or(|best| cost.wall < best.wall) {
                *best = Some(cost);
            }
            if let Some(best) = best {
                best.memory = memory;
            }
        }
    }
    Ok(costs.into_iter().flatten().collect())
}

/// What a run took.
#[derive(Clone)]
struct Cost {
    wall: Duration,
    /// Of all its threads, in steps of ten milliseconds; where the system tells it.
    cpu: Option<Duration>,
    /// The most memory that it held, in KiB.
    memory: Option<u64>,
}

impl Cost {
    /// How many times as much as another.
    fn ratio(&self, other: &Cost) -> String {
        let times = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        let cpu = self.cpu.zip(other.cpu).map(|(a, b)| format!(" ({:.1} of the CPU time)", times(a, b)));
        format!("ratio {:.1}{}", times(self.wall, other.wall), cpu.unwrap_or_default())
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9}   ", ms(self.wall))?;
        if let Some(cpu) = self.cpu.filter(|cpu| *cpu > Duration::from_millis(50)) {
            write!(f, "{:.2} s of CPU, ", cpu.as_secs_f64())?;
        }
        f.write_str(&mib(self.memory))
    }
}

/// One run; its peak memory is exact where the system has `/usr/bin/time` to tell it.
fn once(program: &Path, args: &[&str], dir: &Path) -> Result<Cost, String> {
    let peak = dir.join("peak.txt");
    let gnu_time = Path::new("/usr/bin/time");
    let mut command = if gnu_time.exists() {
        let mut command = Command::new(gnu_time);
        command.args(["-q", "-f", "%M", "-o"]).arg(&peak).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(args).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("BROLLY_CACHE", dir.join(CACHE));
    let before = of_children();
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
    // Without GNU time: the high-water mark that the kernel keeps while the process is there.
    let mut seen = None;
    if !gnu_time.exists() {
        let status = format!("/proc/{}/status", child.id());
        while matches!(child.try_wait(), Ok(None)) {
            seen = seen.max(high_water(&status));
            std::thread::sleep(Duration::from_micros(500));
        }
    }
    let ended = child.wait().map_err(|error| error.to_string())?;
    let wall = start.elapsed();
    let cpu = of_children().zip(before).map(|(now, before)| now.saturating_sub(before));
    if ended.code().is_none_or(|code| code > 1) {
        return Err(format!("{} {} ended with {ended}", program.display(), args.first().unwrap_or(&"")));
    }
    let told = fs::read_to_string(&peak).ok().and_then(|text| text.trim().parse().ok());
    Ok(Cost { wall, cpu, memory: told.or(seen) })
}

/// The CPU time of all processes that were started here and have ended (proc_pid_stat(5): `cutime` and
/// `cstime`, in hundredths of a second).
fn of_children() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(13).map(str::parse::<u64>);
    let ticks = fields.next()?.ok()? + fields.next()?.ok()?;
    Some(Duration::from_millis(ticks * 10))
}

fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

fn tag(n: usize) -> String {
    format!("{n:05}_step")
}

fn write_project(dir: &Path, count: usize) -> Result<(), String> {
    let folder = dir.join("drizzle");
    let write = |path: PathBuf, text: String| {
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(folder.join("meta")).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut entries = Vec::new();
    for n in 0..count {
        write(folder.join(format!("{}.sql", tag(n))), migration(n))?;
        let when = 1_600_000_000_000_u64 + n as u64 * 60_000;
        entries.push(format!(
            "{{\"idx\":{n},\"version\":\"7\",\"when\":{when},\"tag\":\"{}\",\"breakpoints\":true}}",
            tag(n)
        ));
    }
    let journal = format!(
        "{{\"version\":\"7\",\"dialect\":\"postgresql\",\"entries\":[\n{}\n]}}\n",
        entries.join(",\n")
    );
    write(folder.join("meta/_journal.json"), journal)?;
    // Ten thousand snapshots would measure the disk.
    write(dir.join("brolly.json"), "{\"rules\": {\"missing-snapshot\": \"off\"}}\n".to_owned())
}

/// Ten kinds of migrations by turns, in proportions that public Drizzle folders have on the mean: about
/// 1 kB, six statements, two thirds of a table and four findings each.
fn migration(n: usize) -> String {
    let (group, kind) = (n / 10, n % 10);
    let lines: Vec<String> = match kind {
        0..3 => {
            let parts = [2 * kind, 2 * kind + 1];
            let tables = parts.iter().map(|part| new_table(group, *part));
            let owners = parts.iter().map(|part| owner(group, *part));
            let columns = ["owner_id", "created_at", "external_id"];
            let indexes =
                parts.iter().flat_map(|part| columns.map(|column| index(group, *part, "INDEX", column)));
            tables.chain(owners).chain(indexes).collect()
        }
        3 => vec![new_table(group, 6)],
        4 => each_table(|part| alter(group, part, "ADD COLUMN \"more\" jsonb DEFAULT '[]'::jsonb NOT NULL")),
        5 => each_table(|part| alter(group, part, "ADD COLUMN \"extra\" varchar(255)")),
        6 => each_table(|part| match part % 3 {
            0 => index(group, part, "INDEX", "name"),
            1 => index(group, part, "UNIQUE INDEX", "slug"),
            _ => alter(group, part, "ALTER COLUMN \"note\" SET DATA TYPE text"),
        }),
        7 => each_table(|part| match part % 3 {
            0 => alter(group, part, "ALTER COLUMN \"email\" SET NOT NULL"),
            1 => alter(group, part, "ADD COLUMN \"state\" text DEFAULT 'new' NOT NULL"),
            _ => alter(group, part, "ADD CONSTRAINT \"total_check\" CHECK (\"total\" >= 0) NOT VALID"),
        }),
        8 => (0..4)
            .map(|part| {
                format!(
                    "UPDATE \"table_{group}_{part}\" SET \"extra\" = 'old' WHERE \"created_at\" < '2020-01-01';"
                )
            })
            .collect(),
        _ => (0..6).map(|part| alter(group, part, "DROP COLUMN \"extra\"")).collect(),
    };
    lines.join("--> statement-breakpoint\n") + "\n"
}

fn each_table(line: impl Fn(usize) -> String) -> Vec<String> {
    (0..6).map(line).collect()
}

fn alter(group: usize, part: usize, action: &str) -> String {
    format!("ALTER TABLE \"table_{group}_{part}\" {action};")
}

fn index(group: usize, part: usize, kind: &str, column: &str) -> String {
    format!(
        "CREATE {kind} \"table_{group}_{part}_{column}_idx\" ON \"table_{group}_{part}\" USING btree \
         (\"{column}\");"
    )
}

fn new_table(group: usize, part: usize) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS \"table_{group}_{part}\" (\n\t\"id\" serial PRIMARY KEY NOT NULL,\n\t\
         \"name\" text NOT NULL,\n\t\"email\" varchar(255),\n\t\"slug\" text,\n\t\"external_id\" uuid \
         DEFAULT gen_random_uuid() NOT NULL,\n\t\"owner_id\" integer,\n\t\"total\" numeric(10, 2) DEFAULT '0' \
         NOT NULL,\n\t\"note\" varchar(100),\n\t\"settings\" jsonb DEFAULT '{{}}'::jsonb NOT NULL,\n\t\
         \"created_at\" timestamp with time zone DEFAULT now() NOT NULL,\n\t\"updated_at\" timestamp with time \
         zone DEFAULT now() NOT NULL\n);\n"
    )
}

fn owner(group: usize, part: usize) -> String {
    let parent = group.saturating_sub(1);
    format!(
        "ALTER TABLE \"table_{group}_{part}\" ADD CONSTRAINT \"table_{group}_{part}_owner_id_table_{parent}_0_id_fk\" \
         FOREIGN KEY (\"owner_id\") REFERENCES \"public\".\"table_{parent}_0\"(\"id\") ON DELETE cascade \
         ON UPDATE no action;"
    )
}
