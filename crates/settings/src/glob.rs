//! Globs over paths: `*` and `?` stay inside a name, `**` crosses folders.

/// Whether `path`, with forward slashes, is meant by `glob`. A glob that names a folder means all of it.
pub fn matches(glob: &str, path: &str) -> bool {
    let glob = glob.trim_start_matches("./").trim_end_matches('/');
    let pattern: Vec<&str> = glob.split('/').collect();
    let parts: Vec<&str> = path.trim_start_matches("./").split('/').collect();
    (1..=parts.len()).any(|length| all(&pattern, &parts[..length]))
}

/// The classic row-by-row table over pattern and parts: no backtracking, whatever the pattern.
fn all(pattern: &[&str], parts: &[&str]) -> bool {
    table(pattern, parts, |part| *part == "**", |part, name| of_name(part, name))
}

fn of_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    table(&pattern, &name, |c| *c == '*', |c, other| *c == '?' || c == other)
}

fn table<P, T>(pattern: &[P], text: &[T], any: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for part in pattern {
        let mut next = vec![false; text.len() + 1];
        next[0] = row[0] && any(part);
        for (n, item) in text.iter().enumerate() {
            next[n + 1] = if any(part) { row[n + 1] || next[n] } else { row[n] && one(part, item) };
        }
        row = next;
    }
    row[text.len()]
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn globs() {
        for (glob, path, expected) in [
            ("drizzle/0001_*.sql", "drizzle/0001_init.sql", true),
            ("drizzle/0001_*.sql", "drizzle/a/0001_init.sql", false),
            ("**/0001_*.sql", "apps/api/drizzle/0001_x.sql", true),
            ("**/0001_*.sql", "0001_x.sql", true),
            ("drizzle", "drizzle/0001_x.sql", true),
            ("./drizzle/", "drizzle/20240101_x/migration.sql", true),
            ("driz", "drizzle/0001_x.sql", false),
            ("a/**/b.sql", "a/b.sql", true),
            ("a/**/b.sql", "a/c/d/b.sql", true),
            ("000?_x.sql", "0007_x.sql", true),
            ("*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} on {path}");
        }
    }
}
