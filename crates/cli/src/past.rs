//! Which commit took a table or a column out of the code.
//!
//! Git finds commits that changed how often a name is written; whether it was this table's name is
//! looked up in the schema before each of them.

use crate::versions::{Version, Versions, is_code};
use code::Schema;
use drizzle::{Project, QName};
use git::Commit;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// History is searched for so long, and no longer.
const LIMIT: Duration = Duration::from_secs(3);
/// So many commits are looked at.
const COMMITS: usize = 12;

/// The commit that took a relation, or a column of it, out of the schema of the project's app, as seen
/// from a version that has it no longer. `None` where none is found in time.
pub fn taken_out(
    versions: &mut Versions<'_>,
    project: &Project,
    version: &Version,
    schema: &Schema,
    (relation, column): (&QName, Option<&str>),
) -> Option<Commit> {
    let name = column.unwrap_or(&relation.name);
    let camel = camel_case(name);
    let mut names = vec![name];
    names.extend(Some(camel.as_str()).filter(|camel| *camel != name));
    let migrations = versions.inside(version, &project.dir).unwrap_or_default();
    let folders = code_folders(version).into_iter().filter(|dir| !is_inside(&migrations, dir));
    let until = Instant::now() + LIMIT;
    // Where it was declared the last time is where it was declared ever, most of the time.
    let places = [schema.files.clone(), folders.collect::<Vec<Arc<str>>>()];
    for paths in places.iter().filter(|paths| !paths.is_empty()) {
        let mut from = version.commit.clone().unwrap_or_else(|| "HEAD".to_owned());
        for _ in 0..COMMITS {
            let changed = names.iter().filter_map(|name| {
                let left = until.saturating_duration_since(Instant::now());
                git::last_change(&version.root, &from, name, paths, left).ok().flatten()
            });
            let Some(commit) = changed.max_by(|a, b| a.date.cmp(&b.date)) else { break };
            let Ok(before) = versions.at(project, &format!("{}^", commit.id)) else { break };
            let declared = versions.schema(&before, project);
            let known = declared.relation(relation);
            if known.is_some_and(|known| column.is_none_or(|column| known.column(column).is_some())) {
                return Some(commit);
            }
            from = format!("{}^", commit.id);
        }
    }
    None
}

/// The folders and files at the top that are, or hold, code.
fn code_folders(version: &Version) -> Vec<Arc<str>> {
    let code = version.paths().iter().filter(|path| is_code(path));
    let top = |path: &Arc<str>| path.split_once('/').map_or_else(|| path.clone(), |(top, _)| top.into());
    let mut tops: Vec<Arc<str>> = code.map(top).collect();
    tops.dedup();
    tops
}

fn is_inside(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `full_name` as Drizzle's schemas have it: `fullName`.
fn camel_case(name: &str) -> String {
    let mut upper = false;
    let mut text = String::new();
    for letter in name.chars() {
        match letter {
            '_' => upper = !text.is_empty(),
            letter if upper => {
                text.extend(letter.to_uppercase());
                upper = false;
            }
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_columns() {
        assert_eq!(camel_case("full_name"), "fullName");
        assert_eq!(camel_case("id"), "id");
        assert_eq!(camel_case("_a__b1_c"), "aB1C");
    }
}
