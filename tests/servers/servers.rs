//! Real servers for the tests of all crates: Postgres 13 to 18, as `bin/prepare test` installs them
//! here. A test takes this file in by its path:
//!
//! ```ignore
//! #[path = "../../../tests/servers/servers.rs"]
//! mod servers;
//! ```

#![allow(dead_code, reason = "not every test needs everything")]

use pg::{Binaries, Search, Server, Setup};
use std::path::{Path, PathBuf};

/// The major versions that are installed here.
pub const MAJORS: [u16; 6] = [13, 14, 15, 16, 17, 18];

/// The programs of a major version.
pub fn binaries(major: u16) -> Binaries {
    pg::binaries(&search(major))
        .unwrap_or_else(|error| panic!("the servers of the tests are missing: run bin/prepare test\n{error}"))
}

/// What finds the programs of a major version, here and nowhere else.
pub fn search(major: u16) -> Search {
    let node_modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/node_modules");
    Search { major: Some(major), extra: vec![node_modules], cache: Some(cache()), ..Search::default() }
}

/// A running server of a major version.
pub fn server(major: u16) -> Server {
    Server::start_with(&binaries(major), &setup()).unwrap_or_else(|error| panic!("{error}"))
}

/// The default, but what is cached stays among the files of the build.
pub fn setup() -> Setup {
    Setup { cache: Some(cache()), ..Setup::default() }
}

/// A cache that all tests share.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("brolly-cache")
}

/// Runs what asks a server: a test is no async function by itself.
pub fn wait<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}
