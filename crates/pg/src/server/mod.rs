//! Throwaway servers: [`Server::start`] makes one in less than a tenth of a second, reachable through a
//! socket in a folder that is ours alone, so no port can be taken and nobody else gets in.
//!
//! It has no durability, one superuser `postgres`, UTF-8, the locale C.UTF-8 (or C) and UTC. What runs on it is
//! the caller's affair. Nothing of it is left behind, however brolly ends: see `keeper` and `room`.

mod account;
mod copy;
#[cfg(unix)]
mod keeper;
#[cfg(unix)]
mod room;
#[cfg(unix)]
mod start;
#[cfg(unix)]
mod template;
#[cfg(not(unix))]
mod without;

pub(crate) use account::Account;
pub(crate) use copy::copy_tree;
#[cfg(unix)]
pub(crate) use room::unique;
#[cfg(unix)]
pub use start::Server;
#[cfg(not(unix))]
pub use without::Server;
#[cfg(not(unix))]
pub(crate) use without::unique;

use std::path::PathBuf;

/// What a server shall be like; the default is what most want.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Settings of the server, as in `("max_connections", "20")`. They win over ours.
    pub settings: Vec<(String, String)>,
    /// Bytes that have to be free in its folder: 300 MB unless more is said. Less than that is
    /// enough for schemas; rows need what they need, and WAL up to 1 GB more.
    pub space: u64,
    /// Where to put the folder, instead of in memory or in the temporary folder.
    pub parent: Option<PathBuf>,
    /// Where templates are kept; without it each server is made by `initdb`, in half a second.
    pub cache: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { settings: Vec::new(), space: 300_000_000, parent: None, cache: crate::cache_folder() }
    }
}

/// The last lines of a log.
#[cfg(unix)]
fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "an edge crate: it reads what its servers wrote")]
fn text(path: &std::path::Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
