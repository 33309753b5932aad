//! Whatever bytes stand in a project's files, the whole way from loading to printing ends, and does
//! not panic.

#![allow(clippy::disallowed_methods, reason = "tests start the program and make links")]

mod run;

use drizzle::{Files, MemoryFiles};
use facts::{App, Options, PendingSet};
use proptest::prelude::*;
use report::{HumanOptions, Run};
use run::folder;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Load, analyze, lint, accept, weigh, and print in every format.
fn whole_way(files: &MemoryFiles) -> usize {
    let (config, mut found) = drizzle::read_config(files, "drizzle.config.ts");
    let (project, more) = drizzle::load(files, "drizzle", Some(config));
    found.extend(more);
    found.extend(drizzle::check_snapshots(files, &project));
    let (snapshots, more) = drizzle::snapshots(files, &project);
    found.extend(more);
    let app = |n: usize| {
        snapshots
            .get(n)
            .cloned()
            .flatten()
            .map(|snapshot| Arc::new(App::of_snapshot(&snapshot, "a snapshot".to_owned())))
    };
    let sets: Vec<PendingSet> = (0..project.migrations.len())
        .map(|n| {
            let old_apps = n.checked_sub(1).and_then(app).into_iter().collect();
            PendingSet { migrations: vec![n], old_apps, new_app: app(n) }
        })
        .collect();
    let analysis = facts::analyze(&project, &sets, &Options::default());
    found.extend(linter::lint(&analysis, &project));
    let settings = files.read("brolly.json").unwrap_or_default();
    let settings = source::SourceFile::new("brolly.json", source::decode(&settings).text);
    let (_, more) = settings::read(&settings, &["drop-column"]);
    found.extend(more);
    let found = linter::weigh(linter::accept(found, &analysis, &project), &linter::Weights::default());
    let run = Run::default();
    let mut length = report::human(&found, &run, &HumanOptions::default()).len();
    length += report::json(&found, &run).len() + report::github(&found).len();
    length += report::sarif(&found, &run, &[]).len() + report::gitlab(&found).len();
    length += report::junit(&found, &run).len() + report::markdown(&found, &run).len();
    for set in 0..analysis.sets.len() {
        let timeline = report::timeline(&analysis, set);
        length += report::timeline_text(&timeline, &HumanOptions::default()).len();
    }
    length + analysis.steps.iter().map(|step| report::facts_line(step, &analysis).len()).sum::<usize>()
}

const JOURNAL: &str = r#"{"version":"7","dialect":"postgresql","entries":[
    {"idx":0,"version":"7","when":1,"tag":"0000_a","breakpoints":true},
    {"idx":1,"version":"7","when":2,"tag":"0001_b","breakpoints":true}]}"#;
const CONFIG: &str = "export default { dialect: 'postgresql', schema: './schema.ts', out: './drizzle' };";
const FIRST: &str = "CREATE TABLE \"users\" (\"id\" serial PRIMARY KEY, \"nick\" text);";

fn project(second: &[u8]) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    files.insert("drizzle.config.ts", CONFIG);
    files.insert("drizzle/meta/_journal.json", JOURNAL);
    files.insert("drizzle/0000_a.sql", FIRST);
    files.insert("drizzle/0001_b.sql", second);
    files
}

/// Words that matter to some reader, in any order, with anything between them.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "ALTER TABLE users ",
        "DROP COLUMN ",
        "\"nick\"",
        "ADD CONSTRAINT c ",
        "CHECK (",
        ")",
        "(",
        ";",
        "'",
        "$$",
        "$a$",
        "--> statement-breakpoint",
        "\n",
        "-- brolly-allow ",
        "-- brolly-allow-file ",
        "drop-column",
        ": ",
        ",",
        "/*",
        "*/",
        "DO ",
        "BEGIN",
        "END",
        "EXECUTE ",
        "CREATE INDEX CONCURRENTLY i ON users ",
        "SET NOT NULL",
        "ALTER COLUMN nick ",
        "TYPE varchar(3)",
        "é",
        "\u{0}",
        "\"",
        "E'\\",
        "UPDATE users SET nick = 1 ",
        "-- drizzle-migration-linter: ",
        "allow-breaking",
        "reason=",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\"version\":\"7\"",
        "\"tables\":",
        "\"public.users\":",
        "null",
        "export default ",
        "dialect: 'postgresql'",
        "import x from './x';",
    ]);
    let piece = prop_oneof![
        6 => words.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_migration(bytes in soup()) {
        whole_way(&project(&bytes));
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut files = project(&bytes);
        files.insert("brolly.json", bytes.clone());
        files.insert("drizzle/meta/_journal.json", bytes.clone());
        whole_way(&files);
    }

    #[test]
    fn any_snapshot_config_and_settings(a in soup(), b in soup(), c in soup()) {
        let mut files = project(b"ALTER TABLE users DROP COLUMN nick;");
        files.insert("drizzle/meta/0000_snapshot.json", a);
        files.insert("drizzle.config.ts", b);
        files.insert("brolly.json", c);
        whole_way(&files);
    }

    #[test]
    fn any_folder_of_the_newer_layout(a in soup(), b in soup()) {
        let mut files = MemoryFiles::default();
        files.insert("drizzle/20240101000000_a/migration.sql", FIRST);
        files.insert("drizzle/20240101000000_a/snapshot.json", a);
        files.insert("drizzle/20240102000000_b/migration.sql", b);
        whole_way(&files);
    }
}

#[test]
fn depth_is_no_trap() {
    let many = 50_000;
    for text in [
        format!("SELECT {}1{};", "(".repeat(many), ")".repeat(many)),
        format!("SELECT {}1;", "1+".repeat(many)),
        format!("SELECT {}true;", "NOT ".repeat(many)),
        format!("SELECT {}1{};", "CASE WHEN true THEN ".repeat(3000), " END".repeat(3000)),
        format!("CREATE TABLE t (a int{});", "[]".repeat(many)),
        format!("ALTER TABLE users ADD CONSTRAINT c CHECK (nick > ''{});", " AND nick > ''".repeat(10_000)),
        format!(
            "DO $$ BEGIN {}DROP TABLE x; {}END $$;",
            "IF true THEN ".repeat(3000),
            "END IF; ".repeat(3000)
        ),
        "/*".repeat(many),
        "$a$".repeat(many),
        format!("-- brolly-allow {}: x\n", "drop-column,".repeat(many)),
    ] {
        let folder = folder();
        folder.write("a.sql", &text);
        let start = Instant::now();
        let ended = folder.brolly(&["lint", "a.sql", "-q"]);
        assert!(ended.code <= 1, "{}: {}", &text[..40], ended.err);
        assert!(start.elapsed() < Duration::from_secs(20), "{} took {:?}", &text[..40], start.elapsed());
    }
    for (path, text) in [
        ("drizzle/meta/_journal.json", "[".repeat(many)),
        (
            "drizzle/meta/0000_snapshot.json",
            format!("{{\"version\":\"7\",\"tables\":{}", "{\"a\":".repeat(many)),
        ),
        ("drizzle.config.ts", format!("export default {}", "{a:".repeat(many))),
        ("brolly.json", "[".repeat(many)),
    ] {
        let folder = folder();
        folder.journal("drizzle", &[("0000_a", FIRST)]);
        folder.write(path, text);
        assert!(folder.brolly(&["lint", "--all", "-q"]).code <= 2, "{path}");
    }
}

/// Megabytes by the dozen: of statements, of one statement, and of nothing.
#[test]
fn large_files_end() {
    let size = 50_000_000;
    let row = "INSERT INTO \"users\" (\"nick\") VALUES ('some text that is not so short');\n--> statement-breakpoint\n";
    let values = format!("INSERT INTO \"users\" (\"nick\") VALUES {}('');", "('some text'),".repeat(400_000));
    // Statements are many facts each: fewer of them in a build that is not optimized.
    for text in [row.repeat(30_000), values, " ".repeat(size), format!("-- {}", "x".repeat(size))] {
        let folder = folder();
        folder.write("a.sql", &text);
        let start = Instant::now();
        let ended = folder.brolly(&["lint", "a.sql", "-q"]);
        assert!(ended.code <= 1, "{}: {}", &text[..40], ended.err);
        assert!(start.elapsed() < Duration::from_secs(60), "{:?} took {:?}", &text[..40], start.elapsed());
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_back_are_no_loop() {
    let folder = folder();
    folder.journal("app/drizzle", &[("0000_a", FIRST)]);
    folder.write("app/drizzle.config.ts", CONFIG);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, folder.at(at)).expect("links can be made");
    link("..", "app/up");
    link("../app", "app/self");
    link(".", "app/drizzle/here");
    link("brolly.json", "app/brolly.json");
    let ended = folder.brolly(&["lint", "--all"]);
    assert!(ended.code <= 1, "{ended}");
    ended.says(ended.code, &["1 migration"]);
}
