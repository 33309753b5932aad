//! A clock that can be moved, for servers and for brolly itself. Taken in as `crate::clock`; wants a C compiler, as the
//! build does.

#![allow(dead_code, reason = "not every test needs everything")]
#![allow(clippy::disallowed_methods, reason = "tests start programs and write files")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A clock that shows the right time until it is moved.
pub struct Clock {
    _dir: tempfile::TempDir,
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// One of its own for a test.
    pub fn new() -> Clock {
        let permissions = PermissionsExt::from_mode(0o755);
        let dir = tempfile::Builder::new().permissions(permissions).tempdir().expect("a folder");
        let (library, file) = (dir.path().join("clock.so"), dir.path().join("moved"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/clock.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output();
        let built = built.expect("cc is there");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let clock = Clock { _dir: dir, library, file };
        clock.moves(0);
        clock
    }

    /// Moves it by so many seconds from the right time, in programs that run as well.
    pub fn moves(&self, seconds: i64) {
        // In one step: nobody reads a half-written number.
        let next = self.file.with_extension("next");
        std::fs::write(&next, seconds.to_string()).expect("it is written");
        std::fs::rename(&next, &self.file).expect("it is there");
    }

    /// What a program has to be started with.
    pub fn variables(&self) -> [(&str, &Path); 2] {
        [("LD_PRELOAD", &self.library), ("CLOCK_MOVED", &self.file)]
    }
}
