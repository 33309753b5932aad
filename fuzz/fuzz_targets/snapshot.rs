//! Snapshots of both layouts, and the journal: any bytes end in a value and findings.

#![no_main]

use drizzle::MemoryFiles;
use libfuzzer_sys::fuzz_target;

const JOURNAL: &str = r#"{"version":"7","dialect":"postgresql","entries":[
    {"idx":0,"version":"7","when":1,"tag":"0000_a","breakpoints":true}]}"#;

fuzz_target!(|bytes: &[u8]| {
    let journal = MemoryFiles::new([
        ("drizzle/meta/_journal.json", JOURNAL.as_bytes()),
        ("drizzle/0000_a.sql", b"SELECT 1;".as_slice()),
        ("drizzle/meta/0000_snapshot.json", bytes),
    ]);
    let folders = MemoryFiles::new([
        ("drizzle/20240101000000_a/migration.sql", b"SELECT 1;".as_slice()),
        ("drizzle/20240101000000_a/snapshot.json", bytes),
    ]);
    let broken = MemoryFiles::new([("drizzle/meta/_journal.json", bytes)]);
    for files in [journal, folders, broken] {
        let (project, _) = drizzle::load(&files, "drizzle", None);
        drizzle::snapshots(&files, &project);
        drizzle::check_snapshots(&files, &project);
    }
});
