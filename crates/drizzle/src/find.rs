//! Finding Drizzle configs and migration folders in a tree of files.
//!
//! Installed packages, build output and hidden directories are not looked into, nor anything
//! deeper than [`DEPTH`] directories. A directory that can't be listed counts as empty: a search
//! is a guess, and what it misses can be named on the command line.

use crate::files::{Entry, Files, join};

const DEPTH: usize = 24;

/// Paths of the Drizzle configs below `root`, sorted.
pub fn find_configs(files: &dyn Files, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(files, root, 0, &mut |dir, entries| {
        let names = entries.iter().filter(|entry| !entry.is_dir && is_config(&entry.name));
        found.extend(names.map(|entry| join(dir, &entry.name)));
    });
    found.sort();
    found
}

/// Paths of the directories below `root` (or `root` itself) that look like migration folders, sorted.
pub fn find_folders(files: &dyn Files, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(files, root, 0, &mut |dir, entries| {
        if looks_like_migrations(files, dir, entries) {
            found.push(join("", dir));
        }
    });
    found.sort();
    found
}

/// Whether `dir` is a migrations folder of either format.
pub(crate) fn is_migrations_folder(files: &dyn Files, dir: &str) -> bool {
    files.list(dir).is_ok_and(|entries| looks_like_migrations(files, dir, &entries))
}

fn looks_like_migrations(files: &dyn Files, dir: &str, entries: &[Entry]) -> bool {
    let holds = |sub: &str, name: &str| {
        files.list(&join(dir, sub)).is_ok_and(|inside| inside.iter().any(|e| !e.is_dir && e.name == name))
    };
    let dirs = || entries.iter().filter(|entry| entry.is_dir && !is_skipped(&entry.name));
    dirs().any(|entry| entry.name == "meta") && holds("meta", "_journal.json")
        // Only folders that begin with a time are Drizzle's: other tools keep a `migration.sql`
        // in their folders too, but those have no `snapshot.json` beside it.
        || dirs().any(|entry| {
            starts_with_time(&entry.name)
                && holds(&entry.name, "migration.sql")
                && holds(&entry.name, "snapshot.json")
        })
}

/// Whether a name begins with the 14 digits that v1 begins a folder's name with.
pub(crate) fn starts_with_time(name: &str) -> bool {
    name.len() >= 14 && name.bytes().take(14).all(|b| b.is_ascii_digit())
}

fn walk(files: &dyn Files, dir: &str, depth: usize, visit: &mut dyn FnMut(&str, &[Entry])) {
    let Ok(entries) = files.list(dir) else { return };
    visit(dir, &entries);
    if depth == DEPTH {
        return;
    }
    for entry in entries.iter().filter(|entry| entry.is_dir && !is_skipped(&entry.name)) {
        walk(files, &join(dir, &entry.name), depth + 1, visit);
    }
}

fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "dist" | "build" | "target")
}

/// `drizzle.config.ts`, `drizzle.<name>.config.ts`, `drizzle.config.<name>.ts`, `my-drizzle.config.js`, …
fn is_config(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    matches!(extension, "ts" | "js" | "mjs" | "cjs" | "mts" | "cts" | "json")
        && !stem.ends_with(".d")
        && !stem.ends_with(".test")
        && !stem.ends_with(".spec")
        && stem.find("drizzle").is_some_and(|at| {
            let rest = &stem[at..];
            rest.ends_with(".config") || rest.contains(".config.") || rest.ends_with("-config")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFiles;

    #[test]
    fn knows_configs_by_name() {
        for name in [
            "drizzle.config.ts",
            "drizzle.config.json",
            "drizzle.events.config.mts",
            "drizzle.config.events.ts",
            "my-drizzle.config.cjs",
            "drizzle-prod.config.js",
        ] {
            assert!(is_config(name), "{name}");
        }
        for name in
            ["drizzle.ts", "config.ts", "drizzle.config.d.ts", "vite.config.ts", "drizzle.config.ts.bak"]
        {
            assert!(!is_config(name), "{name}");
        }
    }

    #[test]
    fn finds_what_is_there_and_nothing_in_packages() {
        let files = MemoryFiles::new([
            ("apps/api/drizzle.config.ts", ""),
            ("apps/api/node_modules/x/drizzle.config.ts", ""),
            ("apps/api/drizzle/meta/_journal.json", ""),
            ("db/20261120230337_a/migration.sql", ""),
            ("db/20261120230337_a/snapshot.json", ""),
            ("prisma/20210101000000_a/migration.sql", ""),
            (".cache/drizzle.config.ts", ""),
        ]);
        assert_eq!(find_configs(&files, "."), ["apps/api/drizzle.config.ts"]);
        assert_eq!(find_folders(&files, "."), ["apps/api/drizzle", "db"]);
        assert_eq!(find_folders(&files, "db"), ["db"]);
    }
}
