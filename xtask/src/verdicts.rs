//! Holds the reading of deployed code against the verdicts of `docs/deployed-code-verdicts.tsv`: what an
//! engineer found in the app when a public repository dropped or renamed something.

use code::{Certainty, Code, Request, Role, Tree, TreeFiles};
use drizzle::QName;
use git::GitTree;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// One line of the table.
struct Verdict<'a> {
    repository: &'a str,
    migration: &'a str,
    parent: &'a str,
    config: &'a str,
    object: &'a str,
    verdict: &'a str,
    evidence: &'a str,
}

/// Compares all verdicts of a table. `mirrors` holds bare repositories by `owner+name`.
pub fn verdicts(table: &Path, mirrors: &Path, show: usize) -> Result<String, String> {
    let table = std::fs::read_to_string(table).map_err(|e| e.to_string())?;
    let rows: Vec<Verdict<'_>> = table.lines().skip(1).filter_map(row).collect();
    let mut by_version: BTreeMap<(&str, &str, &str), Vec<&Verdict<'_>>> = BTreeMap::new();
    for row in &rows {
        by_version.entry((row.repository, row.parent, row.config)).or_default().push(row);
    }
    let (mut right, mut safe, mut unread, mut text) = (0, 0, 0, String::new());
    let mut confusion: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut slowest = std::time::Duration::ZERO;
    for ((repository, parent, config), rows) in by_version {
        let dir = mirrors.join(repository.replace('/', "+")).join("repo");
        let tree = match git::tree_at(&dir, parent) {
            Ok(tree) => AtCommit(tree),
            Err(error) => {
                unread += rows.len();
                wrong.push(format!("{repository} {parent}: {error}"));
                continue;
            }
        };
        let started = std::time::Instant::now();
        let interest: BTreeSet<QName> =
            rows.iter().filter_map(|row| object(row.object)).map(|(name, _)| name).collect();
        let code = read(&tree, config, &interest);
        slowest = slowest.max(started.elapsed());
        for row in rows {
            let Some((relation, column)) = object(row.object) else { continue };
            let found = judged(&code, &relation, column.as_deref());
            *confusion.entry((row.verdict, found)).or_default() += 1;
            if found == row.verdict {
                right += 1;
                continue;
            }
            safe += usize::from(found == "free");
            wrong.push(format!(
                "{} instead of {}: {repository} {} {} at {}, {}",
                found,
                row.verdict,
                row.migration,
                row.object,
                &row.parent[..12],
                row.evidence
            ));
        }
    }
    for ((expected, found), count) in &confusion {
        text.push_str(&format!("{expected:10} told as {found:10} {count:4}\n"));
    }
    for line in wrong.iter().take(show) {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!(
        "{right} of {} verdicts right, {safe} called free that are not, {unread} not read; slowest version {slowest:.0?}",
        rows.len()
    ));
    Ok(text)
}

/// What brolly would say: free, raw, declared, used.
fn judged(code: &Code, relation: &QName, column: Option<&str>) -> &'static str {
    let declared = code.schema.relation(relation).is_some_and(|known| match column {
        Some(column) => known.column(column).is_some() || known.open.is_some(),
        None => true,
    });
    let of_it = || code.uses_of(relation, column).filter(|found| found.role != Role::Type);
    let elsewhere = |found: &code::Use| found.why.starts_with("declared outside");
    let again = of_it().any(elsewhere);
    let used = of_it().any(|found| found.certainty >= Certainty::Likely && !elsewhere(found));
    match (declared || again, used) {
        (true, true) => "used",
        (true, false) => "declared",
        (false, true) => "raw",
        (false, false) => "free",
    }
}

fn read(tree: &dyn Tree, config: &str, interest: &BTreeSet<QName>) -> Code {
    let (config, _) = match config {
        "" => (None, Vec::new()),
        path => {
            let (config, found) = drizzle::read_config(&TreeFiles(tree), path);
            (Some(config), found)
        }
    };
    let schema = config.as_ref().and_then(|config| config.schema.value().cloned()).unwrap_or_default();
    let casing = config.as_ref().and_then(|config| config.casing.clone());
    code::read(
        tree,
        &Request { schema: &schema, casing: casing.as_deref(), interest: Some(interest), schema_only: false },
    )
}

fn row(line: &str) -> Option<Verdict<'_>> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [repository, migration, parent, config, object, verdict, evidence] = cells.as_slice() else {
        return None;
    };
    Some(Verdict { repository, migration, parent, config, object, verdict, evidence })
}

/// `public.users.full_name`
fn object(name: &str) -> Option<(QName, Option<String>)> {
    let mut parts = name.splitn(3, '.');
    let (schema, table) = (parts.next()?, parts.next()?);
    Some((QName::new(schema, table), parts.next().map(str::to_owned)))
}

/// The files of a commit, for crate `code`.
struct AtCommit(GitTree);

impl Tree for AtCommit {
    fn paths(&self) -> &[Arc<str>] {
        self.0.paths()
    }

    fn read(&self, path: &str) -> Option<Arc<str>> {
        self.0.read(path)?.text().cloned()
    }

    fn links(&self) -> &[(Arc<str>, Arc<str>)] {
        self.0.links()
    }

    fn prefetch(&self, paths: &[Arc<str>]) {
        self.0.prefetch(paths);
    }
}
