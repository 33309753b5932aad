//! The packages packed, installed into a project that has never heard of brolly, and started there.

use super::run;
use crate::npm::{PLATFORMS, copy_tree, version, write};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Packs `brolly` and the package for this machine, installs both into a copy of the example, and lints it.
pub fn install(root: &Path, out: &Path) -> Result<String, String> {
    let here = run(root, "rustc", &["--version", "--verbose"])?;
    let here = here.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let platform = PLATFORMS.iter().find(|platform| platform.target == here);
    let platform = platform.filter(|platform| out.join(platform.name).is_dir());
    let platform = platform.ok_or_else(|| format!("there is no package for {here}, where this runs"))?;
    // Outside of the repository, or its history would be judged.
    let scratch = tempfile::tempdir().map_err(|error| format!("no scratch folder: {error}"))?;
    let archives = [pack(out, "brolly", scratch.path())?, pack(out, platform.name, scratch.path())?];
    let shop = scratch.path().join("shop");
    copy_tree(&root.join("examples/shop"), &shop)?;
    std::fs::remove_file(shop.join("package-lock.json")).map_err(|error| format!("the example: {error}"))?;
    write(&shop.join("package.json"), "{ \"name\": \"shop\", \"private\": true }\n")?;
    let archives = archives.map(|name| format!("../{name}"));
    run(&shop, "npm", &["install", "--offline", "--save-dev", &archives[0], &archives[1]])?;
    let said = run(&shop, "npx", &["brolly", "--version"])?;
    if said.trim() != format!("brolly {}", version()) {
        return Err(format!("npx brolly --version says {said}"));
    }
    let lint = Command::new("npx").args(["brolly", "lint", "--format", "json"]).current_dir(&shop).output();
    let lint = lint.map_err(|error| format!("npx did not start: {error}"))?;
    let report: Value = serde_json::from_slice(&lint.stdout)
        .map_err(|error| format!("npx brolly lint: {error}\n{}", String::from_utf8_lossy(&lint.stderr)))?;
    let findings = report["findings"].as_array().map_or(0, Vec::len);
    if lint.status.code() != Some(1) || findings == 0 {
        return Err(format!("npx brolly lint: {}, {findings} findings", lint.status));
    }
    Ok(format!("npm install {} && npx brolly lint: {findings} findings", archives.join(" ")))
}

/// Packs a folder into `to`, and gives the name of the archive.
fn pack(out: &Path, package: &str, to: &Path) -> Result<String, String> {
    let to = to.to_string_lossy();
    let said = run(&out.join(package), "npm", &["pack", "--silent", "--pack-destination", &to])?;
    said.lines().last().map(str::to_owned).ok_or_else(|| "npm pack said nothing".to_owned())
}
