//! `schemaFilter` of the Drizzle config: which schemas of a database are the project's affair.
//!
//! drizzle-kit goes by it where it looks at a database (`push`, `pull`): names in the stable line, globs
//! in v1, where `!` leaves out.

use catalog::Catalog;
use drizzle::{Project, Setting};

/// The schemas of a database that the filter leaves out, and what to say about it. A schema that the
/// migrations make is looked at in any case.
pub fn left_out(project: &Project, history: &Catalog, database: &Catalog) -> (Vec<String>, Option<String>) {
    let filter = match project.config.as_ref().map(|config| &config.schema_filter) {
        Some(Setting::Known(filter)) if !filter.is_empty() => filter,
        Some(Setting::Unreadable { why, .. }) => {
            let note = format!(
                "schemaFilter of the Drizzle config depends on {why}, so all schemas are compared; --schema names some"
            );
            return (Vec::new(), Some(note));
        }
        _ => return (Vec::new(), None),
    };
    let out = |name: &&String| !history.has_schema(name) && !lets_in(filter, name);
    let out: Vec<String> = database.schemas().filter(out).cloned().collect();
    let note = format!("left out by schemaFilter of the Drizzle config: {}", out.join(", "));
    let note = (!out.is_empty()).then_some(note);
    (out, note)
}

fn lets_in(filter: &[String], name: &str) -> bool {
    let (out, wanted): (Vec<&str>, Vec<&str>) =
        filter.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    let named = wanted.is_empty() || wanted.iter().any(|pattern| matches(pattern, name));
    named && !out.iter().any(|pattern| matches(&pattern[1..], name))
}

/// Whether a glob of `*` and `?` is about a name.
fn matches(glob: &str, name: &str) -> bool {
    let mut rest = glob.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => (0..=name.len())
            .filter(|at| name.is_char_boundary(*at))
            .any(|at| matches(rest.as_str(), &name[at..])),
        Some(wanted) => {
            let mut name = name.chars();
            name.next().is_some_and(|found| wanted == '?' || wanted == found)
                && matches(rest.as_str(), name.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_globs_and_what_is_left_out() {
        let lets = |filter: &[&str], name: &str| {
            lets_in(&filter.iter().map(|&one| one.to_owned()).collect::<Vec<_>>(), name)
        };
        assert!(lets(&["public", "app"], "app") && !lets(&["public", "app"], "auth"));
        assert!(lets(&["tenant_*"], "tenant_1") && !lets(&["tenant_*"], "tenant"));
        assert!(lets(&["t?"], "t1") && !lets(&["t?"], "t12"));
        assert!(lets(&["!auth"], "public") && !lets(&["!auth"], "auth"));
        assert!(lets(&["*", "!pg*"], "app") && !lets(&["*", "!pg*"], "pgboss"));
    }
}
