//! TypeScript and JavaScript as text: what it imports and exports, and where it calls what.
//!
//! No parser: comments, strings and templates are blanked out, each byte in its place, and the rest is
//! looked at word by word. What that can't tell is not told.

use crate::files::{Files, folder, has, joined, name};

/// Drivers for Postgres whose migrator takes no lock, as drizzle-orm calls them.
const DRIVERS: &[&str] = &[
    "aws-data-api/pg",
    "bun-sql",
    "bun-sql/postgres",
    "neon-http",
    "neon-serverless",
    "node-postgres",
    "pg-proxy",
    "postgres-js",
    "vercel-postgres",
    "xata-http",
];

/// Whether a path is of a module that may run where the app does.
pub(crate) fn is_module(path: &str) -> bool {
    const ENDS: &[&str] = &[".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs"];
    let name = name(path);
    let declares = name.contains(".d.") || name.contains(".test.") || name.contains(".spec.");
    ENDS.iter().any(|end| name.ends_with(end)) && !declares
}

/// The code without comments, strings and templates.
pub(crate) fn blanked(text: &str) -> String {
    let mut out: Vec<u8> = text.as_bytes().to_vec();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'/')) => end_of(text, at, "\n"),
            (b'/', Some(b'*')) => end_of(text, at + 2, "*/") + 2,
            (quote @ (b'"' | b'\'' | b'`'), _) => closing(bytes, at, quote) + 1,
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end.min(bytes.len());
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).unwrap_or_default()
}

fn end_of(text: &str, at: usize, mark: &str) -> usize {
    text.get(at..).and_then(|rest| rest.find(mark)).map_or(text.len(), |found| at + found)
}

/// Where a string ends that begins at `at`. One of a single line does not go beyond it.
fn closing(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' if quote != b'`' => return at,
            byte if byte == quote => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// An import of names from a module.
#[derive(Debug)]
pub(crate) struct Import<'t> {
    /// What it is imported from.
    pub from: &'t str,
    /// Names as they are exported, and as they are called here.
    pub names: Vec<(&'t str, &'t str)>,
    /// What the module as a whole is called here: `import * as a`, `const a = await import(..)`.
    pub whole: Option<&'t str>,
}

/// The imports of names: `import { a, b as c } from "d"` and `const { a } = await import("d")`.
pub(crate) fn imports<'t>(text: &'t str, blanked: &str) -> Vec<Import<'t>> {
    let mut found = Vec::new();
    for word in ["from", "import", "require"] {
        for at in words(blanked, word) {
            let behind = text[at + word.len()..].trim_start_matches([' ', '\n', '(']);
            let quote = behind.chars().next().filter(|letter| matches!(letter, '"' | '\''));
            let Some((from, _)) = quote.and_then(|quote| behind[1..].split_once(quote)) else { continue };
            // The names stand in the last braces before, with nothing but `from`, `=`, `await` between.
            let before = blanked[..at].trim_end();
            let before = before.strip_suffix("await").unwrap_or(before).trim_end();
            let before = before.strip_suffix('=').unwrap_or(before).trim_end();
            let names = match before
                .strip_suffix('}')
                .and_then(|inside| inside.rfind('{').map(|open| (open, inside.len())))
            {
                Some((open, close)) => named(&text[open + 1..close]),
                None => Vec::new(),
            };
            let whole = before.rsplit([' ', '\n']).next().filter(|word| is_name(word) && *word != "from");
            let whole = whole.map(|word| &text[before.len() - word.len()..before.len()]);
            found.push(Import { from, names, whole });
        }
    }
    found
}

impl Import<'_> {
    /// Where what is exported as `name` is called, and how much of that is its name.
    pub fn calls(&self, blanked: &str, name: &str) -> Vec<(usize, usize)> {
        let own = self.names.iter().find(|(known, _)| *known == name).map(|(_, own)| *own);
        let direct =
            own.into_iter().flat_map(|own| calls(blanked, own).into_iter().map(move |at| (at, own.len())));
        let inside = self.whole.into_iter().flat_map(|whole| {
            let whole = format!("{whole}.");
            let of_it = move |at: &usize| {
                blanked[..*at].ends_with(&whole) && blanked[at + name.len()..].starts_with('(')
            };
            words(blanked, name).into_iter().filter(of_it).map(|at| (at, name.len()))
        });
        direct.chain(inside).collect()
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
        && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn named(list: &str) -> Vec<(&str, &str)> {
    let names = list.split(',').filter_map(|one| {
        let one = one.trim().trim_start_matches("type ");
        let (name, own) = one.split_once(" as ").or_else(|| one.split_once(':')).unwrap_or((one, one));
        (!name.is_empty()).then(|| (name.trim(), own.trim()))
    });
    names.collect()
}

/// What Drizzle's migrator for Postgres is called here, if it is imported.
pub(crate) fn migrator<'t>(text: &'t str, blanked: &str) -> Option<&'t str> {
    if !text.contains("/migrator") {
        return None;
    }
    let is_migrator = |from: &str| {
        let driver = from.strip_prefix("drizzle-orm/").and_then(|rest| rest.strip_suffix("/migrator"));
        driver.is_some_and(|driver| DRIVERS.contains(&driver))
    };
    let of = imports(text, blanked).into_iter().filter(|import| is_migrator(import.from));
    of.flat_map(|import| import.names).find(|(name, _)| *name == "migrate").map(|(_, own)| own)
}

/// No more exports and calls than this are looked at.
const MOST: usize = 500;

/// Where `name` is called in code without comments and strings.
pub(crate) fn calls(blanked: &str, name: &str) -> Vec<usize> {
    let called = |at: &usize| {
        let defines = blanked[..*at].trim_end().ends_with("function");
        let behind = blanked[at + name.len()..].trim_start();
        // A method's definition has a body behind its brackets; a call hardly ever.
        behind.starts_with('(') && !defines && !blanked[..*at].ends_with('.')
    };
    words(blanked, name).into_iter().filter(called).take(MOST).collect()
}

/// Where a word stands.
fn words(blanked: &str, word: &str) -> Vec<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    let whole = |at: &usize| {
        let before = blanked[..*at].chars().next_back();
        let behind = blanked[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !behind.is_some_and(is_part)
    };
    if word.is_empty() {
        return Vec::new();
    }
    blanked.match_indices(word).map(|(at, _)| at).filter(whole).collect()
}

/// The functions that are exported and whose body a place lies in.
pub(crate) fn exported_around(blanked: &str, place: usize) -> Vec<&str> {
    let mut found = Vec::new();
    // A module with more exports is generated.
    for at in words(blanked, "export").into_iter().take_while(|at| *at < place).take(MOST) {
        let mut rest = blanked[at + "export".len()..].trim_start();
        for word in ["async ", "function", "const ", "let "] {
            rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
        }
        let length = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '$'));
        let name = &rest[..length.unwrap_or(rest.len())];
        let start = blanked.len() - rest.len();
        let Some(body) = body(blanked, start) else { continue };
        if !name.is_empty() && name != "default" && body.contains(&place) {
            found.push(name);
        }
    }
    found
}

/// The braces of the function that is defined at `start`.
fn body(blanked: &str, start: usize) -> Option<std::ops::Range<usize>> {
    let mut round = 0usize;
    let mut open = None;
    for (at, letter) in blanked[start..].char_indices() {
        match letter {
            '(' => round += 1,
            ')' => round = round.saturating_sub(1),
            ';' if round == 0 => return None,
            '{' if round == 0 => {
                open = Some(start + at);
                break;
            }
            _ => {}
        }
    }
    let open = open?;
    let mut depth = 0usize;
    for (at, letter) in blanked[open..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(open..open + at);
                }
            }
            _ => {}
        }
    }
    Some(open..blanked.len())
}

/// Where a module begins to serve: a server listens, or the framework runs the module before it does.
pub(crate) fn serves(path: &str, blanked: &str) -> Option<usize> {
    const SERVING: &[&str] = &[
        ".listen(",
        "serve(",
        "Bun.serve(",
        "Deno.serve(",
        "createServer(",
        "NestFactory.create(",
        ".serve(",
    ];
    let name = name(path).split('.').next().unwrap_or_default();
    if name == "instrumentation" {
        return words(blanked, "register").first().copied();
    }
    let word = |mark: &&str| {
        blanked.match_indices(*mark).map(|(at, _)| at).find(|at| {
            let before = blanked[..*at].chars().next_back();
            mark.starts_with('.')
                || !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.')
        })
    };
    SERVING.iter().filter_map(word).min()
}

/// Whether a module may hold a lock of its own, or leaves it to a setting whether it migrates.
pub(crate) fn is_guarded(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut locks = lower.as_str();
    while let Some(at) = locks.find("lock") {
        let before = &locks[..at];
        let behind = &locks[at + "lock".len()..];
        let other =
            before.ends_with(['b', 'c']) || behind.starts_with("_timeout") || behind.starts_with("timeout");
        if !other && !before.ends_with("un") {
            return true;
        }
        locks = behind;
    }
    is_left_to_setting(text)
}

/// Whether the environment is asked if to migrate: `process.env.SKIP_MIGRATIONS`.
fn is_left_to_setting(text: &str) -> bool {
    const PLACES: &[&str] = &["FOLDER", "DIR", "PATH", "URL", "TABLE", "SCHEMA", "TIMEOUT", "DATABASE"];
    let names =
        text.split(|letter: char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'));
    names
        .filter(|name| name.contains("MIGRAT"))
        .any(|name| !name.split('_').any(|word| PLACES.contains(&word)))
}

/// The module that a relative import leads to.
pub(crate) fn imported(files: &dyn Files, path: &str, from: &str) -> Option<String> {
    if !from.starts_with('.') {
        return None;
    }
    let whole = joined(folder(path), from)?;
    let bare = [".js", ".mjs", ".cjs", ".ts", ".mts"]
        .iter()
        .find_map(|end| whole.strip_suffix(end))
        .unwrap_or(&whole);
    const ENDS: &[&str] = &[".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", "/index.ts", "/index.js"];
    ENDS.iter().map(|end| format!("{bare}{end}")).find(|path| has(files, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_without_strings() {
        let text = "a // b\nc /* d */ 'e\\'f' `g\nh` \"é\" 'open\ni";
        let plain = blanked(text);
        assert_eq!(plain.len(), text.len());
        assert_eq!(plain.split_whitespace().collect::<Vec<_>>(), ["a", "c", "i"]);
        for text in ["'", "`", "/*", "/", "//", "\\", "'\\", "é`é"] {
            assert_eq!(blanked(text).len(), text.len());
        }
    }

    #[test]
    fn migrators() {
        for (text, expected) in [
            ("import { migrate } from 'drizzle-orm/node-postgres/migrator'", Some("migrate")),
            ("import { a, migrate as run } from \"drizzle-orm/postgres-js/migrator\";", Some("run")),
            ("const { migrate } = await import('drizzle-orm/neon-http/migrator')", Some("migrate")),
            ("const { migrate: run } = require(\"drizzle-orm/bun-sql/migrator\")", Some("run")),
            ("import { migrate } from 'drizzle-orm/bun-sqlite/migrator'", None),
            ("// import { migrate } from 'drizzle-orm/node-postgres/migrator'", None),
            ("import { migrate } from './x/migrator'", None),
        ] {
            assert_eq!(migrator(text, &blanked(text)), expected, "{text}");
        }
    }

    #[test]
    fn imported_names_are_called() {
        for (text, expected) in [
            ("import { up } from './db';\nawait up();", 1),
            ("import { up as run } from './db';\nrun(); up();", 1),
            ("const db = await import('./db');\nawait db.up();", 1),
            ("import * as db from './db';\ndb.up(); other.up();", 1),
            ("import { up } from './db';\nx = { up };", 0),
            ("import { down } from './db';\nup();", 0),
        ] {
            let plain = blanked(text);
            let found: usize =
                imports(text, &plain).iter().map(|import| import.calls(&plain, "up").len()).sum();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn functions() {
        let text = "export async function up(x: { a: 1 }) { await migrate(db) }\nexport const run = async () => {\n  up();\n};\nfunction up() {}\nx.up();";
        let plain = blanked(text);
        let call = calls(&plain, "migrate");
        assert_eq!(exported_around(&plain, call[0]), ["up"]);
        let call = calls(&plain, "up");
        assert_eq!(call.len(), 1);
        assert_eq!(exported_around(&plain, call[0]), ["run"]);
    }

    #[test]
    fn guards() {
        for (text, expected) in [
            ("SELECT pg_advisory_lock(1)", true),
            ("await withLock(f)", true),
            ("if (env.RUN_MIGRATIONS) {", true),
            ("if (process.env.SKIP_MIGRATIONS) return", true),
            ("SET lock_timeout = '1s'; const block = clock", false),
            ("migrationsFolder: env.MIGRATIONS_FOLDER", false),
            ("{ migrationsFolder: './drizzle' }", false),
        ] {
            assert_eq!(is_guarded(text), expected, "{text}");
        }
    }

    #[test]
    fn servers() {
        for (path, text, expected) in [
            ("src/index.ts", "app.listen(3000)", true),
            ("src/index.ts", "serve({ fetch })", true),
            ("src/index.ts", "observe(x)", false),
            ("src/instrumentation.ts", "export async function register() {}", true),
            ("src/db.ts", "migrate(db)", false),
        ] {
            assert_eq!(serves(path, text).is_some(), expected, "{text}");
        }
    }
}
