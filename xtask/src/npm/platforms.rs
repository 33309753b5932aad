//! The one list of platforms that there are packages for.

use serde_json::{Value, json};

/// A platform and the package that holds the program for it.
#[derive(Debug)]
pub struct Platform {
    /// The package is `@brolly/` and this.
    pub name: &'static str,
    /// As Rust calls it.
    pub target: &'static str,
    /// As Node calls the system, and npm in `os`.
    pub os: &'static str,
    /// As Node calls the processor, and npm in `cpu`.
    pub cpu: &'static str,
    /// As npm calls the C library, where there are several.
    pub libc: Option<&'static str>,
}

const fn platform(
    name: &'static str,
    target: &'static str,
    os: &'static str,
    cpu: &'static str,
    libc: Option<&'static str>,
) -> Platform {
    Platform { name, target, os, cpu, libc }
}

/// All of them, in the order in which they are told.
pub const PLATFORMS: &[Platform] = &[
    platform("linux-x64-gnu", "x86_64-unknown-linux-gnu", "linux", "x64", Some("glibc")),
    platform("linux-arm64-gnu", "aarch64-unknown-linux-gnu", "linux", "arm64", Some("glibc")),
    platform("linux-x64-musl", "x86_64-unknown-linux-musl", "linux", "x64", Some("musl")),
    platform("linux-arm64-musl", "aarch64-unknown-linux-musl", "linux", "arm64", Some("musl")),
    platform("darwin-x64", "x86_64-apple-darwin", "darwin", "x64", None),
    platform("darwin-arm64", "aarch64-apple-darwin", "darwin", "arm64", None),
    platform("win32-x64", "x86_64-pc-windows-msvc", "win32", "x64", None),
];

impl Platform {
    /// The name of its package.
    pub fn package(&self) -> String {
        format!("@brolly/{}", self.name)
    }

    /// The program inside of the package.
    pub fn binary(&self) -> &'static str {
        if self.os == "win32" { "bin/brolly.exe" } else { "bin/brolly" }
    }

    /// The package with a Postgres server for it, which `brolly verify` can use.
    pub fn postgres(&self) -> String {
        let os = if self.os == "win32" { "windows" } else { self.os };
        format!("@embedded-postgres/{os}-{}", self.cpu)
    }

    /// As the launcher reads it.
    pub fn entry(&self) -> Value {
        let mut entry =
            json!({ "package": self.package(), "os": self.os, "cpu": self.cpu, "binary": self.binary() });
        if let Some(libc) = self.libc {
            entry["libc"] = libc.into();
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::PLATFORMS;

    /// The release workflow builds and tries each, and nothing else; cargo-deny looks at the same targets.
    #[test]
    fn the_release_workflow_knows_the_same_platforms() {
        let lines = |text: &str, start: &str| -> Vec<String> {
            let found = text.lines().filter_map(|line| line.trim().strip_prefix(start));
            found.map(|rest| rest.split(['"', ',', ' ']).next().unwrap_or_default().to_owned()).collect()
        };
        let workflow = include_str!("../../../.github/workflows/release.yml");
        let targets: Vec<&str> = PLATFORMS.iter().map(|platform| platform.target).collect();
        let names: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
        assert_eq!(lines(workflow, "- target: "), targets);
        assert_eq!(lines(workflow, "- { package: "), names);
        let deny = include_str!("../../../deny.toml").split_once("targets = [").expect("it names targets").1;
        assert_eq!(lines(deny.split(']').next().expect("a list"), "\""), targets);
    }
}
