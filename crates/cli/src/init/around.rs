//! What is around the projects: the top of the repository, the server, the CI service, and the
//! package.json with its package manager. Only looks.

use crate::args::{Ci, InitArguments};
use crate::disk::Disk;
use crate::projects::{Found, relative};
use drizzle::{Files, join, parent};

/// What was found.
pub struct Around {
    /// The top of the repository, or where brolly was started outside of one.
    pub top: String,
    /// The version of Postgres, and the file that says so.
    pub postgres: Option<(u8, String)>,
    /// The CI service; `None` where neither files nor the remote tell.
    pub ci: Option<Ci>,
    /// The package.json that people run scripts of.
    pub package: Option<Package>,
}

/// A package.json.
pub struct Package {
    /// Its folder.
    pub dir: String,
    /// What installs its dependencies.
    pub manager: Manager,
}

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// npm
    Npm,
    /// pnpm; whether the folder is the root of a workspace.
    Pnpm { workspace: bool },
    /// Yarn 2 and later.
    Yarn,
    /// Yarn 1
    YarnClassic,
    /// bun
    Bun,
}

impl Manager {
    /// Its program.
    pub fn name(self) -> &'static str {
        match self {
            Manager::Npm => "npm",
            Manager::Pnpm { .. } => "pnpm",
            Manager::Yarn | Manager::YarnClassic => "yarn",
            Manager::Bun => "bun",
        }
    }

    /// The command that adds brolly to the development dependencies.
    pub fn add(self) -> &'static str {
        match self {
            Manager::Npm => "npm install --save-dev brolly",
            Manager::Pnpm { workspace: false } => "pnpm add --save-dev brolly",
            Manager::Pnpm { workspace: true } => "pnpm add --save-dev --workspace-root brolly",
            Manager::Yarn => "yarn add --dev brolly",
            Manager::YarnClassic => "yarn add --dev --ignore-workspace-root-check brolly",
            Manager::Bun => "bun add --dev brolly",
        }
    }

    /// The command that installs what the lock file says.
    pub fn install(self) -> &'static str {
        match self {
            Manager::Npm => "npm ci",
            Manager::Pnpm { .. } => "pnpm install --frozen-lockfile",
            Manager::Yarn => "yarn install --immutable",
            Manager::YarnClassic => "yarn install --frozen-lockfile",
            Manager::Bun => "bun install --frozen-lockfile",
        }
    }

    /// What starts a program of an installed package.
    pub fn exec(self) -> &'static str {
        match self {
            Manager::Npm => "npx",
            Manager::Pnpm { .. } => "pnpm exec",
            Manager::Yarn | Manager::YarnClassic => "yarn",
            Manager::Bun => "bunx",
        }
    }
}

impl Around {
    /// What was found, in lines.
    pub fn lines(&self) -> Vec<String> {
        let postgres = match &self.postgres {
            Some((version, path)) => format!("PostgreSQL {version} in {path}"),
            None => "no version of PostgreSQL: set \"postgres\" in brolly.json if it is not 16".to_owned(),
        };
        let ci = match self.ci {
            Some(Ci::Github) => Some("GitHub"),
            Some(Ci::Gitlab) => Some("GitLab"),
            Some(Ci::None) => None,
            None => Some("neither GitHub nor GitLab: no CI job (--ci names one)"),
        };
        let package = match &self.package {
            Some(package) => format!("{} ({})", join(&package.dir, "package.json"), package.manager.name()),
            None => "no package.json: no script".to_owned(),
        };
        [Some(postgres), Some(package), ci.map(str::to_owned)].into_iter().flatten().collect()
    }

    /// How a user starts brolly here.
    pub fn brolly(&self) -> String {
        self.package.as_ref().map_or_else(|| "brolly".to_owned(), |p| format!("{} brolly", p.manager.exec()))
    }
}

/// Looks around the projects.
pub fn around(disk: &Disk, found: &Found, wanted: &InitArguments) -> Around {
    let top = disk.repository(".").map_or(".".to_owned(), |top| disk.tidy(&relative(disk, &top)));
    let configs =
        found.targets.iter().filter_map(|target| Some(target.project.config.as_ref()?.path.clone()));
    let dirs = found.targets.iter().map(|target| target.project.dir.clone());
    let from = configs.chain(found.without_migrations.iter().cloned()).chain(dirs).next();
    Around {
        postgres: postgres(disk, &top),
        ci: wanted.ci.or_else(|| ci(disk, &top)),
        package: package(disk, &top, from.as_deref()),
        top,
    }
}

/// The package.json at the top, or else the nearest one above the first project.
fn package(disk: &Disk, top: &str, from: Option<&str>) -> Option<Package> {
    let here = |dir: &str| disk.is_file(&join(dir, "package.json"));
    let dir = if here(top) {
        top.to_owned()
    } else {
        let (end, start) = (disk.canonical(top)?, disk.canonical(&parent(from?))?);
        let above = start.ancestors().take_while(|dir| dir.starts_with(&end));
        above.map(|dir| disk.tidy(&relative(disk, dir))).find(|dir| here(dir))?
    };
    let manager = manager(disk, &dir).or_else(|| manager(disk, top)).unwrap_or(Manager::Npm);
    Some(Package { dir, manager })
}

/// The package manager by its lock file, or by what package.json asks for.
fn manager(disk: &Disk, dir: &str) -> Option<Manager> {
    let there = |name: &str| disk.is_file(&join(dir, name));
    let pnpm = Manager::Pnpm { workspace: there("pnpm-workspace.yaml") };
    if there("pnpm-lock.yaml") {
        return Some(pnpm);
    }
    if there("bun.lock") || there("bun.lockb") {
        return Some(Manager::Bun);
    }
    if let Some(lock) = disk.text(&join(dir, "yarn.lock")) {
        let classic = lock.contains("yarn lockfile v1");
        return Some(if classic { Manager::YarnClassic } else { Manager::Yarn });
    }
    if there("package-lock.json") || there("npm-shrinkwrap.json") {
        return Some(Manager::Npm);
    }
    let package: serde_json::Value = serde_json::from_str(&disk.text(&join(dir, "package.json"))?).ok()?;
    match package["packageManager"].as_str()?.split_once('@')? {
        ("npm", _) => Some(Manager::Npm),
        ("pnpm", _) => Some(pnpm),
        ("yarn", version) if version.starts_with("1.") => Some(Manager::YarnClassic),
        ("yarn", _) => Some(Manager::Yarn),
        ("bun", _) => Some(Manager::Bun),
        _ => None,
    }
}

/// The version of an image that compose files or CI jobs start.
fn postgres(disk: &Disk, top: &str) -> Option<(u8, String)> {
    let mut paths: Vec<String> =
        ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", ".gitlab-ci.yml"]
            .map(|name| join(top, name))
            .to_vec();
    let workflows = join(top, ".github/workflows");
    let mut jobs: Vec<String> = disk
        .list(&workflows)
        .unwrap_or_default()
        .into_iter()
        .map(|entry| join(&workflows, &entry.name))
        .collect();
    jobs.sort();
    paths.extend(jobs.into_iter().filter(|path| path.ends_with(".yml") || path.ends_with(".yaml")));
    paths.into_iter().find_map(|path| Some((image_version(&disk.text(&path)?)?, path)))
}

/// The number behind the first `postgres:` or `postgresql:` that is a version brolly knows.
fn image_version(text: &str) -> Option<u8> {
    let after = text.match_indices("postgres").filter_map(|(at, word)| {
        let rest = &text[at + word.len()..];
        rest.strip_prefix("ql:").or_else(|| rest.strip_prefix(':'))
    });
    let number = |rest: &str| -> Option<u8> {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    };
    after.filter_map(number).find(|version| (13..=18).contains(version))
}

/// The service that the repository uses: by its files, or else by where it was cloned from.
fn ci(disk: &Disk, top: &str) -> Option<Ci> {
    if disk.is_file(&join(top, ".gitlab-ci.yml")) {
        return Some(Ci::Gitlab);
    }
    if disk.is_dir(&join(top, ".github")) {
        return Some(Ci::Github);
    }
    let config = disk.text(&join(top, ".git/config"))?;
    let url = config.lines().find(|line| line.trim_start().starts_with("url"))?;
    match (url.contains("github"), url.contains("gitlab")) {
        (true, _) => Some(Ci::Github),
        (_, true) => Some(Ci::Gitlab),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::image_version;

    #[test]
    fn versions_of_images() {
        assert_eq!(image_version("image: postgres:15-alpine"), Some(15));
        assert_eq!(image_version("postgres://x postgres:latest\nbitnami/postgresql:17"), Some(17));
        assert_eq!(image_version("postgres:9.6 postgres:5432"), None);
    }
}
