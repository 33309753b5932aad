//! When a text came or went.

use crate::reference::named_commit;
use crate::{Error, run};
use std::path::Path;
use std::time::Duration;

/// A commit as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its full name.
    pub id: String,
    /// As much of its name as is needed here.
    pub short: String,
    /// When it was committed: ISO 8601, with the offset.
    pub date: String,
    /// The first line of its message.
    pub subject: String,
}

/// The newest commit that a reference holds in which the number of occurrences of a text changed in
/// these paths (files or folders from the top, literally; none means all). `None` where there is none,
/// or where history is cut off before it. Fails when it takes longer than `limit`.
pub fn last_change<P: AsRef<str>>(
    dir: &Path,
    reference: &str,
    text: &str,
    paths: &[P],
    limit: Duration,
) -> Result<Option<Commit>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let commit = named_commit(dir, reference)?;
    let search = format!("-S{text}");
    // Nothing that the user has configured may change the answer.
    let args = [
        "-c",
        "log.follow=false",
        "--literal-pathspecs",
        "log",
        "-1",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--no-show-signature",
        FORMAT,
        &search,
        "--stdin",
    ];
    let mut input = format!("{commit}\n--\n");
    // One path a line; they are seen from the top, as git is started there.
    for path in paths.iter().map(AsRef::as_ref).filter(|path| !path.contains('\n')) {
        input.extend([path, "\n"]);
    }
    told(dir, &run::within(&run::top(dir)?, &args, input.as_bytes(), limit)?)
}

/// The commit that added a file, the newest if it was added several times; `None` where none did, or
/// where history is cut off before it. `path` is seen from the top.
pub fn added(dir: &Path, path: &str) -> Result<Option<Commit>, Error> {
    let args = [
        "-c",
        "log.follow=false",
        "--literal-pathspecs",
        "log",
        "-1",
        "--diff-filter=A",
        "--no-renames",
        "--no-color",
        "--no-show-signature",
        FORMAT,
        "--",
        path,
    ];
    told(dir, &run::offline(&run::top(dir)?, &args)?)
}

/// How a commit is asked for.
const FORMAT: &str = "--format=%H%x00%h%x00%cI%x00%P%x00%s";

/// The commit that was told of in [`FORMAT`].
fn told(dir: &Path, bytes: &[u8]) -> Result<Option<Commit>, Error> {
    let told = run::text(bytes);
    let mut parts = told.trim_end_matches('\n').splitn(5, '\0').map(str::to_owned);
    let (Some(id), Some(short), Some(date), Some(parents), Some(subject)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    // Where history is cut off, everything seems to begin.
    if parents.is_empty() && crate::repo::is_shallow(dir)? {
        return Ok(None);
    }
    Ok(Some(Commit { id, short, date, subject }))
}
