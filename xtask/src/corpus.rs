//! Replays whole folders of migrations on a real server, one migration after the other with rows in
//! every table, and says how far predicted and observed facts agree.

use drizzle::{MemoryFiles, Project};
use facts::{Analysis, Options, PendingSet, Version};
use pg::{Connection, Observer, Scratch, Search, Server, Target};
use runner::ledger;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use verify::compare::Disagreement;
use verify::history::apply_history;
use verify::migrate::{End, Run, run_set};
use verify::roles::{make_roles, roles_of};
use verify::{Amounts, fill};

/// What was counted.
#[derive(Clone, Debug, Default)]
struct Tally {
    folders: usize,
    statements: usize,
    /// Refused by the server for no fault that was foreseen: mostly extensions that it lacks.
    refused: BTreeMap<String, usize>,
    /// Failures that were foreseen.
    foreseen: usize,
    /// Statements with a lock that others wait for, and those of them that agree.
    strong: (usize, usize),
    rewrites: (usize, usize),
    scans: (usize, usize),
    unknown: usize,
    differences: Vec<String>,
}

/// Replays every folder under `dir` on a server of this major version.
pub fn corpus(dir: &Path, major: u16, show: usize) -> Result<String, String> {
    let folders = folders(dir)?;
    let mut search = Search::from_env(Path::new("."));
    search.major = Some(major);
    let binaries = pg::binaries(&search).map_err(|error| error.to_string())?;
    let server = Server::start(&binaries).map_err(|error| error.to_string())?;
    let target = server.target("postgres");
    let left = Mutex::new(VecDeque::from(folders));
    let all = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(folder) = next else { return };
                    let name = folder.strip_prefix(dir).unwrap_or(&folder).display().to_string();
                    let tally = replayed(&target, &folder, &name, major);
                    all.lock().unwrap_or_else(PoisonError::into_inner).add(&name, tally);
                }
            });
        }
    });
    Ok(all.into_inner().unwrap_or_else(PoisonError::into_inner).text(major, show))
}

fn replayed(server: &Target, folder: &Path, name: &str, major: u16) -> Result<Tally, String> {
    let project = project(folder, false)?.0;
    let sets: Vec<PendingSet> = (0..project.migrations.len())
        .map(|index| PendingSet { migrations: vec![index], ..PendingSet::default() })
        .collect();
    let version = Version(u8::try_from(major).map_err(|error| error.to_string())?);
    let analysis = facts::analyze(&project, &sets, &Options { version, ..Options::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(on_server(server, &project, &analysis, name)).map_err(|error| error.to_string())
}

async fn on_server(
    server: &Target,
    project: &Project,
    analysis: &Analysis,
    name: &str,
) -> Result<Tally, verify::Error> {
    let scratch = Scratch::create(server).await?;
    let (session, watcher) = (scratch.connect().await?, scratch.connect().await?);
    // Two folders may speak of one role at the same time.
    let _ = make_roles(&session, &roles_of(project)).await;
    ledger::prepare(&session, project).await?;
    let mut tally = Tally { folders: 1, ..Tally::default() };
    for (set, judged) in analysis.sets.iter().enumerate() {
        let filled = fill(session.client(), &Amounts::default()).await?;
        let rows = |relation: &str| {
            let (schema, name) = relation.split_once('.')?;
            Some(filled.tables.get(&catalog::QName::new(schema, name))?.rows() > 0)
        };
        let mut observer = Observer::begin(&session, Some(&watcher)).await?;
        let mut run = run_set(&session, &mut observer, project, analysis, set, &rows, &mut |_| {}).await?;
        if let Some(code) = failed(&run).filter(|code| code.starts_with("22") || code.starts_with("23")) {
            tally.note(analysis, &run, name, Some(code));
            empty(&session).await?;
            observer = Observer::begin(&session, Some(&watcher)).await?;
            run = run_set(&session, &mut observer, project, analysis, set, &|_| None, &mut |_| {}).await?;
        }
        if matches!(run.end, End::Failed { .. }) {
            apply_history(&session, project, &judged.migrations, &mut |_| {}).await?;
        }
        tally.statements += judged.steps.len();
        tally.note(analysis, &run, name, None);
    }
    session.close().await;
    watcher.close().await;
    scratch.finish().await?;
    Ok(tally)
}

fn failed(run: &Run) -> Option<&'static str> {
    Some(run.steps.last()?.observation.facts.failures.first()?.sqlstate)
}

async fn empty(session: &Connection) -> Result<(), pg::Error> {
    let tables = session
        .value(
            "select string_agg(format('%I.%I', n.nspname, c.relname), ', ') from pg_class c \
             join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') \
             and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'drizzle')",
        )
        .await?;
    match tables {
        Some(tables) => session.batch(&format!("truncate {tables} cascade")).await,
        None => Ok(()),
    }
}

impl Tally {
    /// Counts a run; with `rows` only the statement that failed on rows, since the rest runs again.
    fn note(&mut self, analysis: &Analysis, run: &Run, name: &str, rows: Option<&str>) {
        let from = if rows.is_some() { run.steps.len().saturating_sub(1) } else { 0 };
        for ran in &run.steps[from..] {
            let step = &analysis.steps[ran.step];
            let seen = &ran.observation.facts;
            if let Some(failure) = seen.failures.first() {
                match step.facts.failures.iter().any(|one| one.sqlstate == failure.sqlstate) {
                    true => self.foreseen += 1,
                    false => {
                        *self.refused.entry(format!("{} {}", failure.sqlstate, failure.when)).or_default() +=
                            1
                    }
                }
                continue;
            }
            let wrong = |kind: fn(&Disagreement) -> bool| usize::from(!ran.disagreements.iter().any(kind));
            let old_strong = |facts: &facts::Facts| {
                facts.locks.iter().any(|lock| !lock.new && lock.mode > facts::LockMode::RowExclusive)
            };
            if old_strong(&step.facts) || old_strong(seen) {
                self.strong.0 += 1;
                self.strong.1 += wrong(|one| matches!(one, Disagreement::Lock { .. }));
            }
            if !seen.rewrites.is_empty() || !step.facts.rewrites.is_empty() {
                self.rewrites.0 += 1;
                self.rewrites.1 += wrong(|one| matches!(one, Disagreement::Rewrite { .. }));
            }
            if !seen.scans.is_empty() || !step.facts.scans.is_empty() {
                self.scans.0 += 1;
                self.scans.1 += wrong(|one| matches!(one, Disagreement::Scan { .. }));
            }
            self.unknown += usize::from(!step.facts.unknown.is_empty());
            let sql: String = step.span.of(&step.file.text).split_whitespace().collect::<Vec<_>>().join(" ");
            let sql: String = sql.chars().take(160).collect();
            for one in &ran.disagreements {
                self.differences.push(format!("{name} {} n{}: {one:?}\n    {sql}", step.tag, step.index));
            }
        }
    }

    fn add(&mut self, name: &str, other: Result<Tally, String>) {
        let other = match other {
            Ok(other) => other,
            Err(error) => return self.differences.push(format!("{name}: {error}")),
        };
        self.folders += other.folders;
        self.statements += other.statements;
        self.foreseen += other.foreseen;
        self.unknown += other.unknown;
        for (sum, more) in [
            (&mut self.strong, other.strong),
            (&mut self.rewrites, other.rewrites),
            (&mut self.scans, other.scans),
        ] {
            sum.0 += more.0;
            sum.1 += more.1;
        }
        for (refused, count) in other.refused {
            *self.refused.entry(refused).or_default() += count;
        }
        self.differences.extend(other.differences);
    }

    fn text(&self, major: u16, show: usize) -> String {
        let share = |(of, agree): (usize, usize)| match of {
            0 => "none".to_owned(),
            _ => format!("{:.2}% ({agree}/{of})", 100.0 * agree as f64 / of as f64),
        };
        let refused: usize = self.refused.values().sum();
        let mut text = format!(
            "PostgreSQL {major}: {} folders, {} statements, {refused} refused by this server, {} of unknown effect\n\
             strong locks agree   {}\nrewrites agree       {}\nscans agree          {}\n\
             failures             {} foreseen\ndifferences          {}",
            self.folders,
            self.statements,
            self.unknown,
            share(self.strong),
            share(self.rewrites),
            share(self.scans),
            self.foreseen,
            self.differences.len()
        );
        let mut refused: Vec<_> = self.refused.iter().collect();
        refused.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (what, count) in refused.into_iter().take(show) {
            let _ = write!(text, "\nrefused {count} times: {what}");
        }
        for one in self.differences.iter().take(show) {
            let _ = write!(text, "\n{one}");
        }
        text
    }
}

/// The folders of migrations under a folder, of both layouts.
/// The migrations folders below a folder.
pub fn folders(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = BTreeSet::new();
    let mut todo = vec![dir.to_path_buf()];
    while let Some(at) = todo.pop() {
        if at.join("meta/_journal.json").exists() {
            found.insert(at);
            continue;
        }
        for entry in fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?.flatten() {
            let path = entry.path();
            if path.join("migration.sql").exists() {
                found.insert(at.clone());
                break;
            }
            if path.is_dir() {
                todo.push(path);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// A folder, with its files: of snapshots only if they are wanted.
pub fn project(folder: &Path, snapshots: bool) -> Result<(Project, MemoryFiles), String> {
    let mut files = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(at) = todo.pop() {
        for entry in fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?.flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            if path.is_dir() {
                todo.push(path);
            } else if name.ends_with(".sql")
                || name.ends_with("_journal.json")
                || (snapshots && name.ends_with(".json"))
            {
                let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                files.push((format!("drizzle/{name}"), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    let files = MemoryFiles::new(files);
    Ok((drizzle::load(&files, "drizzle", None).0, files))
}
