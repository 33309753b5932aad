//! The VS Code extension: it compiles under `strict`, becomes one file, finds its brolly, and the protocol
//! library of VS Code gets along with the server. bin/prepare installs what it is built with.

#![allow(clippy::disallowed_methods, reason = "the test runs npm")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_extension_builds_and_its_tests_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/vscode");
    assert!(folder.join("node_modules").exists(), "bin/prepare test installs what the extension needs");
    for script in ["build", "test"] {
        let mut command = Command::new("npm");
        command.args(["run", "--silent", script]).current_dir(&folder);
        command.env("BROLLY", env!("CARGO_BIN_EXE_brolly"));
        let done = command.output().expect("npm starts");
        let said =
            [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(done.status.success(), "npm run {script}\n{said}");
    }
    assert!(folder.join("dist/extension.js").exists());
}
