//! Arguments, files and exit codes. The thinking is in the other crates.

mod disk;

use facts::{App, Options, PendingSet, Version, analyze};
use std::io::Write;
use std::sync::Arc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let folder = args[2].clone();
    let pg = args.iter().position(|a| a == "--pg").map_or(16, |at| args[at + 1].parse().unwrap_or(16));
    let disk = disk::Disk::new(".");
    let (project, _) = drizzle::load(&disk, &folder, None);
    let (snapshots, _) = drizzle::snapshots(&disk, &project);
    let app = |n: usize| {
        let tag = &project.migrations[n].tag;
        snapshots[n].as_ref().map(|s| Arc::new(App::of_snapshot(s, format!("the snapshot of {tag}"))))
    };
    let mut old = None;
    let mut sets = Vec::new();
    for n in 0..project.migrations.len() {
        let new = app(n);
        sets.push(PendingSet { migrations: vec![n], old_app: old.clone(), new_app: new.clone() });
        old = new.or(old);
    }
    let options = Options { version: Version(pg), ..Options::default() };
    let analysis = analyze(&project, &sets, &options);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for step in &analysis.steps {
        let _ = writeln!(out, "{}", report::facts_line(step, &analysis));
    }
}
