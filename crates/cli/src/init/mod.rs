//! `brolly init`: settings and a CI job for the project at hand. Says what it found, and overwrites
//! nothing unless it is told to.

use crate::Outcome;
use crate::args::{Ci, InitArguments, Places};
use crate::disk::Disk;
use crate::errors::Error;
use crate::projects;
use crate::settings_file::NAME;
use drizzle::{Files, Layout, Project, join};
use serde_json::{Map, Value, json};
use std::fmt::Write;

const SCHEMA: &str = "https://raw.githubusercontent.com/brolly/brolly/main/schema/brolly.schema.json";
const GITHUB: &str = include_str!("../templates/github.yml");
const GITLAB: &str = include_str!("../templates/gitlab.yml");

/// Looks around and writes.
pub fn init(disk: &Disk, wanted: &InitArguments) -> Result<Outcome, Error> {
    let found = projects::find(disk, &Places::default())?;
    let top = disk.repository(".").map_or(".".to_owned(), |top| disk.tidy(&top.to_string_lossy()));
    let mut said = String::from("found\n");
    for target in &found.targets {
        let _ = writeln!(said, "  {}", described(&target.project));
    }
    let mut settings = Map::new();
    settings.insert("$schema".to_owned(), json!(SCHEMA));
    match postgres(disk, &top) {
        Some((version, path)) => {
            let _ = writeln!(said, "  PostgreSQL {version} in {path}");
            settings.insert("postgres".to_owned(), json!(version));
        }
        None => {
            said.push_str("  no version of PostgreSQL: set \"postgres\" if it is not 16\n");
            settings.insert("postgres".to_owned(), json!(16));
        }
    }
    settings.insert("failOn".to_owned(), json!("error"));
    settings.insert("rules".to_owned(), json!({}));
    settings.insert("busyTables".to_owned(), json!([]));
    settings.insert("tables".to_owned(), json!({}));
    let mut text = serde_json::to_string_pretty(&Value::Object(settings)).unwrap_or_default();
    text.push('\n');
    let mut files = vec![(join(&top, NAME), text)];
    let folders: Vec<&str> = found.targets.iter().map(|target| target.project.dir.as_str()).collect();
    match wanted.ci.or_else(|| ci(disk, &top)) {
        Some(Ci::Github) => {
            said.push_str("  GitHub\n");
            files.push((join(&top, ".github/workflows/brolly.yml"), github(disk, &top, &folders)));
        }
        Some(Ci::Gitlab) => {
            said.push_str("  GitLab\n");
            files.push((join(&top, ".gitlab/brolly.yml"), GITLAB.to_owned()));
        }
        Some(Ci::None) => {}
        None => said.push_str("  neither GitHub nor GitLab: no CI job (--ci names one)\n"),
    }
    let there: Vec<String> =
        files.iter().map(|(path, _)| path.clone()).filter(|path| disk.is_file(path)).collect();
    if !there.is_empty() && !wanted.force {
        return Err(Error::WouldOverwrite { paths: there });
    }
    said.push_str("wrote\n");
    for (path, text) in &files {
        disk.write(path, text)?;
        let _ = writeln!(said, "  {path}");
    }
    if files.iter().any(|(path, _)| path.ends_with(".gitlab/brolly.yml")) {
        said.push_str("next\n  add to .gitlab-ci.yml:  include: [{ local: .gitlab/brolly.yml }]\n");
    }
    Ok(Outcome { output: said, notes: found.notes, code: crate::errors::CLEAN })
}

fn described(project: &Project) -> String {
    let count = match project.migrations.len() {
        1 => "1 migration".to_owned(),
        count => format!("{count} migrations"),
    };
    let layout = match project.layout {
        Layout::Journal => "a journal",
        Layout::Folders => "a folder each",
        Layout::Bare => "SQL files",
    };
    let config = project.config.as_ref().map_or(String::new(), |config| format!(" ({})", config.path));
    let newest = project.migrations.last().map_or(String::new(), |last| format!(", the newest {}", last.tag));
    format!("{}{config}: {count}, {layout}{newest}", project.dir)
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
    paths.into_iter().find_map(|path| {
        let text = source::decode(&disk.read(&path).ok()?).text;
        Some((image_version(&text)?, path))
    })
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
    let config = disk.read(&join(top, ".git/config")).ok()?;
    let config = source::decode(&config).text;
    let url = config.lines().find(|line| line.trim_start().starts_with("url"))?;
    match (url.contains("github"), url.contains("gitlab")) {
        (true, _) => Some(Ci::Github),
        (_, true) => Some(Ci::Gitlab),
        _ => None,
    }
}

/// The job, which runs where migrations or settings change.
fn github(disk: &Disk, top: &str, folders: &[&str]) -> String {
    let top = disk.canonical(top);
    let inside = |folder: &&str| {
        let whole = disk.canonical(folder)?;
        let below = whole.strip_prefix(top.as_ref()?).ok()?.to_string_lossy().replace('\\', "/");
        Some(if below.is_empty() { "**".to_owned() } else { format!("{below}/**") })
    };
    let mut paths = String::new();
    for path in folders.iter().filter_map(inside).chain([NAME.to_owned()]) {
        let _ = writeln!(paths, "      - {}", Value::String(path));
    }
    GITHUB.replace("      - {paths}\n", &paths)
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
