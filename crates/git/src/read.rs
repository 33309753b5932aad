//! Files as they were at a commit.
//!
//! The bytes are those that git stores: no line ends are converted, no filters run.

use crate::{Error, run};
use std::path::Path;

/// The bytes of a file at a commit, `None` where there was no such file. `path` is relative to the
/// top of the repository, with forward slashes.
pub fn read_at(root: &Path, commit: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(read_many(root, commit, &[path])?.pop().flatten())
}

/// The bytes of each of `paths` at a commit, in their order; one process reads them all.
pub fn read_many(root: &Path, commit: &str, paths: &[&str]) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let full = crate::repo::commit(root, commit)?;
    let full = full.ok_or_else(|| Error::MissingCommit { commit: commit.to_owned() })?;
    let mut input = String::new();
    // The protocol is one name a line. A name that spans lines is asked for by itself, below.
    for path in paths.iter().filter(|path| !path.contains('\n')) {
        input.extend([&full, ":", path, "\n"]);
    }
    let answers = match input.is_empty() {
        true => Vec::new(),
        false => run::output_of_input(root, &["cat-file", "--batch"], input.as_bytes())?,
    };
    let mut rest = answers.as_slice();
    paths
        .iter()
        .map(|path| if path.contains('\n') { single(root, &full, path) } else { Ok(next(&mut rest)) })
        .collect()
}

/// The files below a folder at a commit, all levels; the top folder is the empty string.
pub fn list_at(root: &Path, commit: &str, dir: &str) -> Result<Vec<String>, Error> {
    let full = crate::repo::commit(root, commit)?;
    let full = full.ok_or_else(|| Error::MissingCommit { commit: commit.to_owned() })?;
    let dir = dir.trim_end_matches('/');
    let mut args = vec!["ls-tree", "-r", "-z", "--name-only", "--full-tree", &full, "--"];
    if !dir.is_empty() {
        args.push(dir);
    }
    let listed = run::output(root, &args)?;
    let below = |path: &String| dir.is_empty() || path[dir.len()..].starts_with('/');
    Ok(run::parts(&listed).filter(|path| path.starts_with(dir)).filter(below).collect())
}

/// Takes the next answer of `cat-file --batch`: `<object> blob <size>`, the bytes and a line end; or
/// one line that says what is the matter.
fn next(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let header = run::text(&rest[..end]);
    *rest = &rest[end + 1..];
    // `missing` and its kin may repeat the path, spaces and all; a size is always the last word.
    let mut words = header.rsplit(' ');
    let size = words.next()?.parse::<usize>().ok()?;
    let kind = words.next()?;
    let bytes = rest.get(..size)?.to_vec();
    *rest = rest.get(size + 1..).unwrap_or_default();
    (kind == "blob").then_some(bytes)
}

fn single(root: &Path, commit: &str, path: &str) -> Result<Option<Vec<u8>>, Error> {
    let done = run::attempt(root, &["cat-file", "blob", &format!("{commit}:{path}")])?;
    Ok(done.status.success().then_some(done.stdout))
}
