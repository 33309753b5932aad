//! What a name of a version stands for: a tag, a branch, a commit.

use crate::repo::{commit, open};
use crate::{Error, run};
use std::path::Path;

/// So many names are shown of those that may be meant.
const SHOWN: usize = 3;

/// The full name of the commit that a reference stands for. A branch that only a remote has will do.
pub fn named_commit(dir: &Path, reference: &str) -> Result<String, Error> {
    if let Some(found) = commit(dir, reference)? {
        return Ok(found);
    }
    // Everything from here on is for the message, or for names that git itself does not know.
    let repo = open(dir)?;
    if !reference.is_empty() && !reference.starts_with('-') {
        for remote in &repo.remotes {
            if let Some(found) = commit(dir, &format!("refs/remotes/{remote}/{reference}"))? {
                return Ok(found);
            }
        }
    }
    let listed = ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"];
    let names = run::text(&run::output(&repo.root, &listed)?);
    let near = near(reference, names.lines());
    let remote = repo.remote().map(str::to_owned);
    Err(Error::NoSuchReference { reference: reference.to_owned(), near, remote, shallow: repo.shallow })
}

/// Those names that most likely were meant, the likeliest first.
fn near<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut ranked: Vec<(bool, usize, &str)> = names
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let last = lower.rsplit('/').next().unwrap_or(&lower);
            let holds =
                wanted.len() > 1 && (lower.contains(&wanted) || (last.len() > 1 && wanted.contains(last)));
            let far = distance(&wanted, &lower).min(distance(&wanted, last));
            (holds || far <= 1 + wanted.len() / 5).then_some((!last.starts_with(&wanted), far, name))
        })
        .collect();
    ranked.sort();
    ranked.truncate(SHOWN);
    ranked.into_iter().map(|(.., name)| name.to_owned()).collect()
}

/// How many letters have to be changed, added or taken away.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, one) in a.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], n + 1);
        for (m, other) in b.iter().enumerate() {
            let changed = before + usize::from(one != *other);
            before = row[m + 1];
            row[m + 1] = changed.min(before + 1).min(row[m] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn names_that_may_be_meant() {
        let names = ["main", "production", "v2.40.0", "v2.41.0", "v2.41.1", "origin/release/2.41"];
        for (wanted, expected) in [
            ("v2.41", &["v2.41.0", "v2.41.1", "origin/release/2.41"][..]),
            ("2.41.1", &["v2.41.1", "origin/release/2.41", "v2.41.0"]),
            ("prodution", &["production"]),
            ("Main", &["main"]),
            ("zzzzzz", &[]),
        ] {
            assert_eq!(near(wanted, names.iter().copied()), expected, "{wanted}");
        }
    }
}
