//! Which file of a package is meant: what its manifest says, held against the files that there are.

use super::build::sources;
use super::files::{Files, joined};
use super::manifest::{GoodFor, Listed, Manifest, Target};
use std::sync::Arc;

/// Where entries lie of which nobody says anything.
const ENTRIES: &[&str] = &["src/index", "index", "src/main", "main", "lib/index", "src/lib/index"];

/// The file that a path in a package means, the empty path being its entry; else why there is none.
/// `outputs` are folders of output and of sources that are known of the package.
pub fn module(
    package: &Manifest,
    subpath: &str,
    files: &Files,
    outputs: &[(String, String)],
) -> Result<Arc<str>, String> {
    let place =
        if package.dir.is_empty() { "package.json" } else { &format!("{}/package.json", package.dir) };
    let said = match package.exported(subpath) {
        Listed::Closed => return Err(format!("{place} keeps it to itself")),
        Listed::No => None,
        Listed::At(targets) => {
            if let Some(found) = best(&targets, &package.dir, files, outputs) {
                return Ok(found);
            }
            targets.first().map(|target| target.path.clone())
        }
    };
    let at = |path: &str| joined(&package.dir, path);
    let guessed = match subpath {
        "" => ENTRIES.iter().find_map(|path| files.source(&at(path)?)),
        // Where nothing is listed, code may well name the output itself.
        path => [format!("src/{path}"), path.to_owned()]
            .iter()
            .find_map(|path| module_or_index(files, &at(path)?))
            .or_else(|| built_from(path, &package.dir, files, outputs)),
    };
    guessed.ok_or_else(|| match said {
        Some(path) => {
            format!("{place} says `{path}`, which is not in the tree, nor is a source that it is built from")
        }
        None => format!("{place} does not say which file it is, and none has that path"),
    })
}

/// The file that a path means when all of it is a folder's name.
pub fn index(files: &Files, manifest: Option<&Manifest>, dir: &str) -> Option<Arc<str>> {
    let named = manifest.and_then(|manifest| match manifest.mains("") {
        Listed::At(targets) => best(&targets, dir, files, &[]),
        _ => None,
    });
    named.or_else(|| files.source(&joined(dir, "index")?))
}

/// The first of these targets that has a file. One that is in the tree goes before one that would
/// have to be built, what runs before types, and servers before all else.
pub fn best(targets: &[Target], dir: &str, files: &Files, outputs: &[(String, String)]) -> Option<Arc<str>> {
    let there = |target: &Target| module_or_index(files, &joined(dir, &target.path)?);
    let built = |target: &Target| built_from(&target.path, dir, files, outputs);
    let ranked = targets.iter().enumerate().filter_map(|(n, target)| {
        let server = target.good_for != GoodFor::Elsewhere;
        let found = there(target);
        if let Some(found) = found.as_ref().filter(|path| !is_declaration(path)) {
            return Some((server, 2, target.good_for, n, found.clone()));
        }
        if let Some(found) = built(target) {
            return Some((server, 1, target.good_for, n, found));
        }
        found.map(|found| (server, 0, target.good_for, n, found))
    });
    use std::cmp::Reverse;
    let best =
        ranked.max_by_key(|(server, there, good_for, n, _)| (*server, *there, Reverse((*good_for, *n))));
    best.map(|(.., found)| found)
}

/// The source of something that a build leaves at this path of a package.
pub fn built_from(path: &str, dir: &str, files: &Files, outputs: &[(String, String)]) -> Option<Arc<str>> {
    let path = joined("", path)?;
    sources(&path, outputs).iter().find_map(|stem| {
        let stem_in_dir = joined(dir, stem)?;
        match stem.is_empty() || stem.ends_with('/') {
            true => files.source(&joined(&stem_in_dir, "index")?),
            false => files.source(&stem_in_dir),
        }
    })
}

/// The file that a path means, as a module or as the folder of one.
pub fn module_or_index(files: &Files, path: &str) -> Option<Arc<str>> {
    files.module(path).or_else(|| files.source(&joined(path, "index")?))
}

fn is_declaration(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| path.ends_with(ending))
}
