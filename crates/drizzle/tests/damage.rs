//! Damaged files: whatever is cut off or overwritten, nothing panics.

mod common;

use common::fixture;
use drizzle::{Files, MemoryFiles, check_snapshots, load, snapshot, snapshots};

#[test]
fn damage_never_panics() {
    for (name, paths) in [
        ("v7-prefix-index", ["meta/_journal.json", "meta/0001_snapshot.json", "0000_one.sql"]),
        (
            "v9-kit1.0.0-rc.5",
            [
                "20261120230337_init/snapshot.json",
                "20261120230344_second/snapshot.json",
                "20261120230344_second/migration.sql",
            ],
        ),
    ] {
        let whole = fixture(name);
        for path in paths {
            let path = format!("{name}/{path}");
            let bytes = whole.read(&path).expect("a file of the fixture");
            let step = (bytes.len() / 60).max(1);
            for at in (0..bytes.len()).step_by(step) {
                look(&with(&whole, &path, bytes[..at].to_vec()), name);
                for byte in [b'"', b'{', 0, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[at] = byte;
                    look(&with(&whole, &path, damaged), name);
                }
            }
        }
    }
}

fn with(files: &MemoryFiles, path: &str, bytes: Vec<u8>) -> MemoryFiles {
    let mut files = files.clone();
    files.insert(path, bytes);
    files
}

fn look(files: &MemoryFiles, dir: &str) {
    let (project, _) = load(files, dir, None);
    check_snapshots(files, &project);
    let (all, _) = snapshots(files, &project);
    for (index, expected) in all.iter().enumerate() {
        assert_eq!(snapshot(files, &project, index).0, *expected);
    }
}
