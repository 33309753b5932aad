//! The files of the working tree, as git sees them.

use crate::tree::is_installed;
use crate::{Error, run};
use std::path::{Path, PathBuf};

/// The top folder, and the paths below it of all files that git follows or does not ignore, sorted.
/// Some may be gone from the disk. Names that are no UTF-8 are left out, and so are installed packages.
pub fn working_files(dir: &Path) -> Result<(PathBuf, Vec<String>), Error> {
    let root = run::top(dir)?;
    let listed = run::offline(&root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let names = listed.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    // A repository inside this one is listed as a folder.
    let files = names.filter(|name| !name.is_empty() && !name.ends_with('/') && !is_installed(name));
    let mut files: Vec<String> = files.map(str::to_owned).collect();
    files.sort();
    // While a merge is under way a file is in the index several times.
    files.dedup();
    Ok((root, files))
}
