//! One version everywhere: crates, npm packages, lock file, editor extension, changelog, tag.

use crate::npm::version;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Whether everything that names a version names the one of the crates. npm packages take it from there.
pub fn agree(root: &Path) -> Result<String, String> {
    let version = version();
    let mut wrong = Vec::new();
    let lock = read(&root.join("Cargo.lock"))?;
    for block in lock.split("[[package]]").filter(|block| !block.contains("\nsource = ")) {
        let field = |name: &str| {
            block.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim_matches('"'))
        };
        if let (Some(name), Some(locked)) = (field("name = "), field("version = "))
            && (name == "brolly" || name.starts_with("brolly-"))
            && locked != version
        {
            wrong.push(format!("Cargo.lock has {name} {locked}"));
        }
    }
    let own: Value = serde_json::from_str(&read(&root.join("npm/brolly/package.json"))?).unwrap_or_default();
    if !own["version"].is_null() {
        wrong.push("npm/brolly/package.json has a version of its own".to_owned());
    }
    // An extension for an editor has a manifest that its tools read as it lies there.
    for entry in fs::read_dir(root.join("editors")).into_iter().flatten().flatten() {
        let path = entry.path().join("package.json");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let manifest: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if manifest["version"] != version {
            wrong.push(format!("{} has version {}", path.display(), manifest["version"]));
        }
    }
    if wrong.is_empty() {
        Ok(version.to_owned())
    } else {
        Err(format!("{}, the crates have {version}", wrong.join("\n")))
    }
}

/// Whether the changelog has a section for this version. For a tag, its date has to be there.
pub fn changelog(root: &Path, tag: Option<&str>) -> Result<String, String> {
    let version = version();
    if let Some(tag) = tag.filter(|tag| tag.strip_prefix('v') != Some(version)) {
        return Err(format!("the tag is {tag}, and the version {version}"));
    }
    let text = read(&root.join("CHANGELOG.md"))?;
    let mut sections = text.split("\n## ").skip(1);
    let section = sections.find(|section| section.split([' ', '\n']).next() == Some(version));
    let section = section.ok_or_else(|| format!("CHANGELOG.md has no section `## {version}`"))?;
    let (title, lines) = section.split_once('\n').unwrap_or((section, ""));
    let entries = lines.lines().filter(|line| line.starts_with("- ")).count();
    match (entries, title.contains("unreleased"), tag) {
        (0, ..) => Err(format!("the section `## {title}` of CHANGELOG.md is empty")),
        (_, true, Some(_)) => Err(format!("`## {title}`: write the date of the release there")),
        (_, true, None) => {
            Ok(format!("{entries} entries; before the tag, write the date where it says (unreleased)"))
        }
        (_, false, _) => Ok(format!("{entries} entries, {title}")),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
