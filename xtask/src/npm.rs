//! `cargo xtask npm`: the folders that `npm pack` and `npm publish` take. `brolly` is `npm/brolly` with what
//! is known elsewhere (version, platforms, schema, licences); each platform's package is made of its program.

mod platforms;

pub use platforms::{PLATFORMS, Platform};

use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What to build, and where to.
#[derive(Debug)]
pub struct Npm {
    /// A program by its target, for each package to write.
    pub binaries: Vec<(String, PathBuf)>,
    /// The folder to write to; what is in it goes.
    pub out: PathBuf,
    /// Whether a platform without a program is an error: what is published has all.
    pub complete: bool,
}

impl Npm {
    /// Reads `--complete`, `--binary TARGET=PATH` and `--out DIR`.
    pub fn from_words(root: &Path, words: &[&str]) -> Result<Npm, String> {
        let mut npm = Npm { binaries: Vec::new(), out: root.join("target/npm"), complete: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "--complete" {
                npm.complete = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match *word {
                "--out" => npm.out = PathBuf::from(value),
                "--binary" => {
                    let pair = value.split_once('=').filter(|(target, _)| by_target(target).is_some());
                    let (target, path) = pair.ok_or_else(|| wrong_binary(value))?;
                    npm.binaries.push((target.to_owned(), PathBuf::from(path)));
                }
                other => {
                    return Err(format!("cargo xtask npm knows --complete, --binary and --out, not {other}"));
                }
            }
        }
        Ok(npm)
    }

    /// Writes the folders, and says which packages were written and which left out.
    pub fn write(&self, root: &Path) -> Result<String, String> {
        if self.out.exists() {
            fs::remove_dir_all(&self.out).map_err(|error| format!("{}: {error}", self.out.display()))?;
        }
        let version = version();
        let mut said = vec![format!("in {}, version {version}", self.out.display())];
        for platform in PLATFORMS {
            let Some((_, binary)) = self.binaries.iter().find(|(target, _)| target == platform.target) else {
                let lacks = format!("{}: no program for {}", platform.package(), platform.target);
                if self.complete {
                    return Err(lacks);
                }
                said.push(format!("left out {lacks}"));
                continue;
            };
            self.write_platform(root, platform, binary, version)?;
            said.push(format!("wrote {}", platform.package()));
        }
        self.write_brolly(root, version)?;
        said.push("wrote brolly".to_owned());
        Ok(said.join("\n"))
    }

    /// The package with the launcher, the types and the functions for JavaScript.
    fn write_brolly(&self, root: &Path, version: &str) -> Result<(), String> {
        let from = root.join("npm/brolly");
        let to = self.out.join("brolly");
        copy_tree(&from, &to)?;
        write_json(
            &to.join("lib/platforms.json"),
            &Value::Array(PLATFORMS.iter().map(Platform::entry).collect()),
        )?;
        copy(&root.join("schema/brolly.schema.json"), &to.join("schema/brolly.schema.json"))?;
        licences(root, &to)?;
        let mut manifest = read_json(&from.join("package.json"))?;
        common(&mut manifest, version, "npm/brolly");
        let programs = PLATFORMS.iter().map(|one| (one.package(), Value::from(version))).collect();
        manifest.insert("optionalDependencies".to_owned(), Value::Object(programs));
        let servers: Map<String, Value> = PLATFORMS.iter().map(|one| (one.postgres(), "*".into())).collect();
        let optional = servers.keys().map(|name| (name.clone(), json!({ "optional": true }))).collect();
        manifest.insert("peerDependencies".to_owned(), Value::Object(servers));
        manifest.insert("peerDependenciesMeta".to_owned(), Value::Object(optional));
        write_json(&to.join("package.json"), &Value::Object(manifest))
    }

    /// The package with the program for a platform.
    fn write_platform(
        &self,
        root: &Path,
        platform: &Platform,
        binary: &Path,
        version: &str,
    ) -> Result<(), String> {
        let to = self.out.join(platform.name);
        let program = to.join(platform.binary());
        copy(binary, &program)?;
        executable(&program)?;
        licences(root, &to)?;
        let Platform { os, cpu, libc, target, .. } = platform;
        let package = platform.package();
        let mut manifest = Map::new();
        manifest.insert("name".to_owned(), package.as_str().into());
        manifest.insert("description".to_owned(), format!("The program of brolly for {target}.").into());
        common(&mut manifest, version, "npm");
        manifest.insert("files".to_owned(), json!([platform.binary(), "LICENSE-*"]));
        manifest.insert("os".to_owned(), json!([os]));
        manifest.insert("cpu".to_owned(), json!([cpu]));
        if let Some(libc) = libc {
            manifest.insert("libc".to_owned(), json!([libc]));
        }
        // Yarn would keep it in an archive, and nothing can be started from there.
        manifest.insert("preferUnplugged".to_owned(), true.into());
        let readme = format!(
            "# {package}\n\nThe program of [brolly]({}) for `{target}`. Install `brolly`, which brings the package that fits.\n",
            env!("CARGO_PKG_REPOSITORY")
        );
        write(&to.join("README.md"), &readme)?;
        write_json(&to.join("package.json"), &Value::Object(manifest))
    }
}

/// The version of all packages: that of the crates.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn by_target(target: &str) -> Option<&'static Platform> {
    PLATFORMS.iter().find(|platform| platform.target == target)
}

fn wrong_binary(value: &str) -> String {
    let targets: Vec<&str> = PLATFORMS.iter().map(|platform| platform.target).collect();
    format!("--binary wants TARGET=PATH, not {value}. The targets are {}", targets.join(", "))
}

/// What all manifests say alike.
fn common(manifest: &mut Map<String, Value>, version: &str, directory: &str) {
    let url = format!("git+{}.git", env!("CARGO_PKG_REPOSITORY"));
    manifest.insert("version".to_owned(), version.into());
    manifest.insert("license".to_owned(), env!("CARGO_PKG_LICENSE").into());
    manifest.insert("homepage".to_owned(), env!("CARGO_PKG_REPOSITORY").into());
    manifest.insert("repository".to_owned(), json!({ "type": "git", "url": url, "directory": directory }));
    manifest.insert("publishConfig".to_owned(), json!({ "access": "public" }));
}

fn licences(root: &Path, to: &Path) -> Result<(), String> {
    ["LICENSE-MIT", "LICENSE-APACHE"].iter().try_for_each(|name| copy(&root.join(name), &to.join(name)))
}

/// Copies a folder with all that is in it.
pub fn copy_tree(from: &Path, to: &Path) -> Result<(), String> {
    let entries = fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", from.display()))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() { copy_tree(&path, &to.join(name))? } else { copy(&path, &to.join(name))? }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    parent(to)?;
    fs::copy(from, to).map_err(|error| format!("{}: {error}", from.display()))?;
    Ok(())
}

/// Writes a file, and the folders above it.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    parent(path)?;
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn parent(path: &Path) -> Result<(), String> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.map_err(|error| format!("{}: {error}", path.display()))
}

fn write_json(path: &Path, value: &Value) -> Result<(), String> {
    write(path, &(serde_json::to_string_pretty(value).unwrap_or_default() + "\n"))
}

fn read_json(path: &Path) -> Result<Map<String, Value>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// npm packs the bit that makes a file a program; artifacts of CI services lose it.
#[cfg(unix)]
fn executable(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let bits = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, bits).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<(), String> {
    Ok(())
}
