//! Folders in the v1 format.

mod common;

use common::{expect, fixture};
use drizzle::{Layout, MemoryFiles, check_snapshots, load};

#[test]
fn fixtures_load_clean() {
    for (name, migrations) in [("v8-kit1.0.0-rc.4", 1), ("v9-kit1.0.0-rc.5", 3)] {
        let files = fixture(name);
        let (project, diagnostics) = load(&files, name, None);
        expect(&diagnostics, &[]);
        expect(&check_snapshots(&files, &project), &[]);
        assert_eq!((project.layout, project.migrations.len()), (Layout::Folders, migrations));
        assert!(project.migrations.iter().all(|m| m.snapshot.is_some() && m.when.is_some()));
    }
}

#[test]
fn branches_that_touch_the_same_column_conflict() {
    let files = fixture("v9-conflicting-branches");
    let (project, diagnostics) = load(&files, "v9-conflicting-branches", None);
    expect(&diagnostics, &[]);
    let found = check_snapshots(&files, &project);
    expect(
        &found,
        &[
            "conflicting-branches Error v9-conflicting-branches/20261120231108_brA/migration.sql:1:1 [] (20261120231108_brA) `20261120231108_brA` and `20261120231131_brC` were generated side by side, and no migration joins them",
            "conflicting-branches Error v9-conflicting-branches/20261120231131_brC/migration.sql:1:1 [] (20261120231131_brC) `20261120231131_brC` and `20261120231108_brA` were generated side by side, and no migration joins them",
        ],
    );
    assert!(found[0].why[0].contains("`20261120231104_base`") && found[0].why[1].contains("`public.a.x`"));
}

#[test]
fn branches_that_touch_different_things_are_a_warning() {
    let files =
        v9(&[("1", "base", "A", &["0"], "a"), ("2", "x", "B", &["A"], "b"), ("3", "y", "C", &["A"], "c")]);
    let (project, _) = load(&files, "d", None);
    let found = check_snapshots(&files, &project);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|d| d.severity == source::Severity::Warning));

    let joined = v9(&[
        ("1", "base", "A", &["0"], "a"),
        ("2", "x", "B", &["A"], "b"),
        ("3", "y", "C", &["A"], "c"),
        ("4", "merge", "D", &["B", "C"], "d"),
    ]);
    let (project, _) = load(&joined, "d", None);
    expect(&check_snapshots(&joined, &project), &[]);
}

#[test]
fn folders_that_drizzle_can_not_use() {
    let mut files =
        v9(&[("1", "base", "A", &["0"], "a"), ("2", "x", "B", &["C"], "b"), ("3", "y", "C", &["A"], "c")]);
    files.insert("d/init/migration.sql", "select 1");
    files.insert("d/20260101000009_gone/notes.md", "");
    files.insert("d/seed.sql", "");
    let (project, diagnostics) = load(&files, "d", None);
    let tags: Vec<&str> = project.migrations.iter().map(|m| m.tag.as_str()).collect();
    assert_eq!(tags, ["20260101000001_base", "20260101000002_x", "20260101000003_y", "init"]);
    expect(
        &diagnostics,
        &[
            "missing-sql-file Error d/20260101000009_gone:1:1 [] (20260101000009_gone) the migration folder `20260101000009_gone` holds no `migration.sql`",
            "broken-journal Error d/init/migration.sql:1:1 [] (init) the folder name `init` does not begin with a time",
            "unjournaled-sql Warning d/seed.sql:1:1 [] (seed) `seed.sql` lies beside the migration folders, so Drizzle never runs it",
        ],
    );
    expect(
        &check_snapshots(&files, &project),
        &[
            "missing-snapshot Warning d/init/migration.sql:1:1 [] (init) `init` has no snapshot",
            "broken-snapshot-chain Warning d/20260101000002_x/snapshot.json:1:1 [] (20260101000002_x) `20260101000002_x` runs before `20260101000003_y`, which it was generated after",
        ],
    );
}

/// Folders with snapshots of version 9: digit of the time, name, id, parents, and what is written.
fn v9(nodes: &[(&str, &str, &str, &[&str], &str)]) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    for (at, name, id, parents, writes) in nodes {
        let dir = format!("d/2026010100000{at}_{name}");
        let parents: Vec<String> = parents
            .iter()
            .map(|id| {
                if *id == "0" {
                    "\"00000000-0000-0000-0000-000000000000\"".to_owned()
                } else {
                    format!("\"{id}\"")
                }
            })
            .collect();
        files.insert(&format!("{dir}/migration.sql"), "select 1");
        files.insert(
            &format!("{dir}/snapshot.json"),
            format!(
                "{{\"version\":\"9\",\"id\":\"{id}\",\"prevIds\":[{}],\"footprints\":[{{\"writes\":[\"n|tbl|{writes}\"]}}],\"deltas\":[]}}",
                parents.join(",")
            ),
        );
    }
    files
}
