//! Folders in the journal format: what is loaded and what is said.

mod common;

use common::{expect, fixture};
use drizzle::{Dialect, Layout, MemoryFiles, check_snapshots, load, load_sql_files};

/// A folder `d` with this journal and empty SQL files of these names.
fn folder(journal: &str, sql: &[(&str, &str)]) -> MemoryFiles {
    let mut files = MemoryFiles::new([("d/meta/_journal.json", journal)]);
    for (name, text) in sql {
        files.insert(&format!("d/{name}"), *text);
    }
    files
}

fn journal(entries: &[(&str, i64)]) -> String {
    let entries: Vec<String> =
        entries.iter().map(|(tag, when)| format!("{{\"tag\":\"{tag}\",\"when\":{when}}}")).collect();
    format!("{{\"version\":\"7\",\"dialect\":\"postgresql\",\"entries\":[\n{}\n]}}", entries.join(",\n"))
}

#[test]
fn fixtures_load_clean() {
    for (name, migrations, chunks) in [
        ("v5-kit0.20.18", 1, 7),
        ("v6-kit0.21.4", 1, 7),
        ("v7-kit0.31.11", 1, 13),
        ("v7-prefix-index", 3, 3),
        ("v7-prefix-supabase", 3, 3),
        ("v7-prefix-timestamp", 3, 3),
        ("v7-prefix-unix", 3, 3),
    ] {
        let files = fixture(name);
        let (project, diagnostics) = load(&files, name, None);
        expect(&diagnostics, &[]);
        expect(&check_snapshots(&files, &project), &[]);
        assert_eq!((project.layout, project.dialect), (Layout::Journal, Dialect::Postgres), "{name}");
        assert_eq!(project.migrations.len(), migrations, "{name}");
        assert_eq!(project.migrations.iter().map(|m| m.chunks.len()).sum::<usize>(), chunks, "{name}");
        assert!(project.migrations.iter().all(|m| m.snapshot.is_some() && m.readable && m.when.is_some()));
        assert_eq!(
            (project.ledger.schema.as_str(), project.ledger.table.as_str()),
            ("drizzle", "__drizzle_migrations")
        );
    }
}

#[test]
fn prefix_none_is_said_to_be_broken() {
    let files = fixture("v7-prefix-none");
    let (project, diagnostics) = load(&files, "v7-prefix-none", None);
    expect(&diagnostics, &[]);
    expect(
        &check_snapshots(&files, &project),
        &[
            "missing-snapshot Warning v7-prefix-none/meta/_journal.json:9:14 [\"_one\"] (_one) `_one` has no snapshot",
            "missing-snapshot Warning v7-prefix-none/meta/_journal.json:16:14 [\"_two\"] (_two) `_two` has no snapshot",
            "broken-snapshot-chain Warning v7-prefix-none/meta/_snapshot.json:1:1 [] (_cust) drizzle-kit never reads `_snapshot.json`",
        ],
    );
}

#[test]
fn files_and_journal_disagree() {
    let files = folder(
        &journal(&[("0000_a", 1), ("0001_b", 2), ("0002_c", 3)]),
        &[("0000_a.sql", "a"), ("0001_x.sql", "b"), ("notes.txt", "")],
    );
    let (project, diagnostics) = load(&files, "./d/", None);
    expect(
        &diagnostics,
        &[
            "missing-sql-file Error d/meta/_journal.json:3:8 [\"0001_b\"] (0001_b) the journal names `0001_b`, but there is no file `d/0001_b.sql`",
            "missing-sql-file Error d/meta/_journal.json:4:8 [\"0002_c\"] (0002_c) the journal names `0002_c`, but there is no file `d/0002_c.sql`",
            "unjournaled-sql Warning d/0001_x.sql:1:1 [] (0001_x) `0001_x.sql` is not in the journal, so Drizzle never runs it",
        ],
    );
    assert!(diagnostics[0].remedy.text.contains("Rename `0001_x.sql` to `0001_b.sql`"));
    let tags: Vec<(&str, bool)> = project.migrations.iter().map(|m| (m.tag.as_str(), m.readable)).collect();
    assert_eq!(tags, [("0000_a", true), ("0001_b", false), ("0002_c", false)]);
}

#[test]
fn entries_that_drizzle_skips() {
    let sql: Vec<(String, &str)> =
        ["a", "b", "c", "d", "e"].iter().map(|name| (format!("{name}.sql"), "")).collect();
    let sql: Vec<(&str, &str)> = sql.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let files = folder(&journal(&[("a", 10), ("b", 30), ("c", 20), ("d", 30), ("e", 31)]), &sql);
    let (_, diagnostics) = load(&files, "d", None);
    expect(
        &diagnostics,
        &[
            "skipped-by-drizzle Error d/meta/_journal.json:4:19 [20] (c) a database that has `b` never runs `c`",
            "skipped-by-drizzle Error d/meta/_journal.json:5:19 [30] (d) a database that has `b` never runs `d`",
        ],
    );
    assert_eq!(diagnostics[0].remedy.code.as_deref(), Some("\"when\": 32"));
    assert_eq!(diagnostics[0].secondary[0].span.of(&diagnostics[0].secondary[0].file.text), "30");
}

#[test]
fn broken_journals_give_what_they_can() {
    let cut = "{\"dialect\":\"postgresql\",\"entries\":[{\"tag\":\"a\",\"when\":1},\n{\"tag\":\"b\",\"wh";
    let (project, diagnostics) = load(&folder(cut, &[("a.sql", "x"), ("b.sql", "y")]), "d", None);
    assert_eq!(project.migrations.len(), 1);
    expect(
        &diagnostics,
        &[
            "broken-journal Error d/meta/_journal.json:2:15 [] (-) `_journal.json` is not valid JSON",
            "unjournaled-sql Warning d/b.sql:1:1 [] (b) `b.sql` is not in the journal, so Drizzle never runs it",
        ],
    );

    let conflict = "{\"entries\":[{\"tag\":\"a\",\"when\":1}\n<<<<<<< HEAD\n,{\"tag\":\"b\",\"when\":2}\n=======\n,{\"tag\":\"c\",\"when\":3}\n>>>>>>> x\n]}";
    let (project, diagnostics) =
        load(&folder(conflict, &[("a.sql", ""), ("b.sql", ""), ("c.sql", "")]), "d", None);
    assert_eq!(project.migrations.len(), 3);
    expect(
        &diagnostics,
        &[
            "broken-journal Error d/meta/_journal.json:2:1 [<<<<<<<] (-) `_journal.json` holds an unresolved merge conflict",
        ],
    );

    for (text, what) in [
        ("", "`_journal.json` is not valid JSON"),
        ("[]", "`_journal.json` has no list of entries"),
        ("{\"entries\":{}}", "`_journal.json` has no list of entries"),
        ("{\"entries\":[{\"when\":1}]}", "a journal entry has no `tag`"),
        ("{\"entries\":[{\"tag\":\"a\"}]}", "`a` has no usable `when`"),
        (
            "{\"entries\":[{\"tag\":\"a\",\"when\":1},{\"tag\":\"a\",\"when\":2}]}",
            "`a` is in the journal twice",
        ),
    ] {
        let (_, diagnostics) = load(&folder(text, &[("a.sql", "")]), "d", None);
        assert!(
            diagnostics.iter().any(|d| d.rule == "broken-journal" && d.what == what),
            "{text}: {diagnostics:?}"
        );
    }
}

#[test]
fn other_databases_and_other_folders() {
    let (project, diagnostics) =
        load(&folder("{\"dialect\":\"sqlite\",\"entries\":[{\"tag\":\"a\",\"when\":1}]}", &[]), "d", None);
    assert!(project.migrations.is_empty());
    expect(
        &diagnostics,
        &[
            "other-dialect Info d/meta/_journal.json:1:1 [] (-) `d` holds migrations for sqlite and was skipped",
        ],
    );

    let (_, diagnostics) = load(&MemoryFiles::new([("d/20220101000000/x.sql", "")]), "d", None);
    expect(
        &diagnostics,
        &["unsupported-layout Error d:1:1 [] (-) `d` is in a migration format older than drizzle-kit 0.19"],
    );

    let (_, diagnostics) = load(&MemoryFiles::new([("d/a.sql", "")]), "d", None);
    expect(&diagnostics, &["unsupported-layout Error d:1:1 [] (-) `d` is no Drizzle migrations folder"]);

    let (_, diagnostics) = load(&MemoryFiles::default(), "d", None);
    expect(&diagnostics, &["unreadable-file Error d:1:1 [] (-) there is no migrations folder `d`"]);
}

#[test]
fn bytes_that_are_no_sql_text() {
    let mut files = folder(&journal(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]), &[]);
    files.insert("d/a.sql", &b"\xef\xbb\xbfselect 1"[..]);
    files.insert("d/b.sql", &b"select '\xff'"[..]);
    files.insert("d/c.sql", &b"select\0 1"[..]);
    files.insert("d/d.sql", &b"\xff\xfes\0"[..]);
    let (project, diagnostics) = load(&files, "d", None);
    expect(
        &diagnostics,
        &[
            "unreadable-file Error d/a.sql:1:1 [s] (a) `a.sql` begins with a byte order mark",
            "unreadable-file Warning d/b.sql:1:9 [\u{fffd}] (b) `b.sql` holds bytes that are not UTF-8",
            "unreadable-file Error d/c.sql:1:7 [\0] (c) `c.sql` holds a zero byte",
            "unreadable-file Error d/d.sql:1:1 [] (d) `d.sql` is UTF-16, not UTF-8",
        ],
    );
    assert_eq!(project.migrations[0].file.text, "select 1");
}

#[test]
fn chain_of_snapshots() {
    let mut files = folder(
        &journal(&[("0000_a", 1), ("0001_b", 2), ("0002_c", 3), ("0003_d", 4), ("0004_e", 5)]),
        &[("0000_a.sql", ""), ("0001_b.sql", ""), ("0002_c.sql", ""), ("0003_d.sql", ""), ("0004_e.sql", "")],
    );
    for (name, id, previous) in [
        ("0000", "A", "00000000-0000-0000-0000-000000000000"),
        ("0001", "B", "A"),
        ("0002", "C", "A"),
        ("0003", "D", "gone"),
        ("0009", "Z", "D"),
    ] {
        files.insert(
            &format!("d/meta/{name}_snapshot.json"),
            format!("{{\"version\":\"7\",\"tables\":{{}},\"id\":\"{id}\",\"prevId\":\"{previous}\"}}"),
        );
    }
    let (project, diagnostics) = load(&files, "d", None);
    expect(&diagnostics, &[]);
    let found = check_snapshots(&files, &project);
    expect(
        &found,
        &[
            "missing-snapshot Warning d/meta/_journal.json:6:8 [\"0004_e\"] (0004_e) `0004_e` has no snapshot",
            "conflicting-branches Error d/meta/0002_snapshot.json:1:1 [] (0002_c) the snapshots of `0001_b` and `0002_c` both follow the snapshot of `0000_a`",
            "broken-snapshot-chain Warning d/meta/0003_snapshot.json:1:1 [] (0003_d) the snapshot of `0003_d` does not follow that of `0002_c`",
        ],
    );
    files.insert("d/meta/0004_snapshot.json", "{\"version\":\"7\",\"id\":\"E\",\"prevId\":\"D\"}");
    let (project, _) = load(&files, "d", None);
    let found = check_snapshots(&files, &project);
    assert_eq!(
        found.last().map(common::line).as_deref(),
        Some(
            "broken-snapshot-chain Warning d/meta/0009_snapshot.json:1:1 [] (0004_e) the next `generate` compares with `0009_snapshot.json`, not with the newest migration's snapshot"
        )
    );
}

#[test]
fn bare_files_keep_the_order_given() {
    let files = MemoryFiles::new([("x/2.sql", "b"), ("x/10.sql", "a"), ("y.sql", "c"), ("x/n.md", "")]);
    let (project, diagnostics) =
        load_sql_files(&files, &["y.sql".to_owned(), "x".to_owned(), "z.sql".to_owned()]);
    expect(&diagnostics, &["unreadable-file Error z.sql:1:1 [] (z) `z.sql` can't be read"]);
    let tags: Vec<&str> = project.migrations.iter().map(|m| m.tag.as_str()).collect();
    assert_eq!((project.layout, tags), (Layout::Bare, vec!["y", "10", "2", "z"]));
}
