//! Snapshots of all versions, in one shape.

mod common;

use common::{expect, fixture};
use drizzle::{Column, MemoryFiles, QName, Snapshot, load, snapshot, snapshots};
use std::sync::Arc;

/// The snapshot of the newest migration of a fixture, which both ways of reading must agree on.
fn newest(name: &str) -> Arc<Snapshot> {
    let files = fixture(name);
    let (project, _) = load(&files, name, None);
    let (all, diagnostics) = snapshots(&files, &project);
    expect(&diagnostics, &[]);
    assert_eq!(all.len(), project.migrations.len());
    for (index, expected) in all.iter().enumerate() {
        assert_eq!(snapshot(&files, &project, index).0, *expected, "{name} {index}");
    }
    all.into_iter().next_back().flatten().expect("a snapshot")
}

fn shape(column: &Column) -> String {
    let mut out = format!("{} {}", column.name, column.sql_type);
    if let Some(schema) = &column.type_schema {
        out += &format!(" in {schema}");
    }
    if column.primary_key {
        out += " pk";
    }
    if column.not_null {
        out += " not null";
    }
    if let Some(default) = &column.default {
        out += &format!(" = {default}");
    }
    if let Some(generated) = &column.generated {
        out += &format!(" as {} {}", generated.expr, generated.stored);
    }
    if let Some(identity) = &column.identity {
        out += &format!(" identity {} {:?}", identity.always, identity.sequence.name);
    }
    out
}

fn columns(snapshot: &Snapshot, schema: &str, table: &str) -> Vec<String> {
    snapshot.tables[&QName::new(schema, table)].columns.iter().map(shape).collect()
}

#[test]
fn one_schema_in_three_versions() {
    for (name, version) in [("v5-kit0.20.18", 5), ("v6-kit0.21.4", 6), ("v8-kit1.0.0-rc.4", 8)] {
        let snapshot = newest(name);
        assert_eq!(snapshot.version, version);
        let tables: Vec<String> = snapshot.tables.keys().map(QName::to_string).collect();
        assert_eq!(tables, ["auth.sessions", "public.members", "public.users"], "{name}");
        assert_eq!(
            columns(&snapshot, "", "users"),
            [
                "id serial pk not null",
                "email varchar(255) not null",
                "role role in public not null = 'member'",
                "tags text[]",
                "created_at timestamp with time zone not null = now()",
            ],
            "{name}"
        );
        assert_eq!(
            columns(&snapshot, "", "members"),
            ["org_id integer pk not null", "user_id integer pk not null"]
        );
        assert_eq!(snapshot.enums[&QName::new("public", "role")], ["admin", "member"]);
        assert_eq!(snapshot.schemas, ["auth"]);
        let members = &snapshot.tables[&QName::new("", "members")];
        assert_eq!(members.primary_key.as_ref().map(|key| key.columns.len()), Some(2));
        assert_eq!(members.foreign_keys[0].to, QName::new("public", "users"));
        assert_eq!(members.foreign_keys[0].on_delete, "cascade");
        let users = &snapshot.tables[&QName::new("", "users")];
        assert_eq!(users.uniques.len(), 2);
        assert_eq!(
            (users.indexes[0].columns[0].expression.as_str(), users.indexes[0].unique),
            ("role", false)
        );
    }
}

#[test]
fn version_7_has_everything() {
    let snapshot = newest("v7-kit0.31.11");
    assert_eq!(
        columns(&snapshot, "", "users"),
        [
            "id integer pk not null identity true Some(\"users_id_seq\")",
            "email varchar(255) not null",
            "mood mood in public not null = 'ok'",
            "tags text[]",
            "email_lower text as lower(email) true",
            "meta jsonb = '{\"a\":1}'::jsonb",
            "created_at timestamp with time zone not null = now()",
        ]
    );
    let users = &snapshot.tables[&QName::new("", "users")];
    assert!(users.rls_enabled && users.policies[0].permissive && users.policies[0].roles == ["app_admin"]);
    assert_eq!(users.checks[0].expr, "length(\"users\".\"email\") > 3");
    assert!(users.uniques.iter().any(|unique| unique.name == "users_tags_uq" && unique.nulls_not_distinct));
    let index = users.indexes.iter().find(|index| index.name == "users_mood_idx").unwrap();
    assert!(index.concurrently && !index.columns[0].asc && index.filter.is_some());
    assert_eq!(snapshot.roles, ["app_admin"]);
    assert_eq!(snapshot.sequences[&QName::new("", "my_seq")].start.as_deref(), Some("100"));
    assert_eq!(snapshot.views[&QName::new("", "active_users")].columns.len(), 2);
}

#[test]
fn version_9_is_replayed() {
    let files = fixture("v9-kit1.0.0-rc.5");
    let (project, _) = load(&files, "v9-kit1.0.0-rc.5", None);
    let (all, _) = snapshots(&files, &project);
    let names = |index: usize| -> Vec<String> {
        let snapshot = all[index].as_ref().unwrap();
        snapshot.tables[&QName::new("", "users")].columns.iter().map(|column| column.name.clone()).collect()
    };
    assert_eq!(names(0), ["id", "email", "mood", "tags", "email_lower", "meta", "created_at"]);
    assert_eq!(names(1), ["id", "email", "mood", "tags", "email_lower", "metadata", "created_at", "extra"]);
    assert_eq!(names(2), names(1));
    newest("v9-kit1.0.0-rc.5");
}

#[test]
fn what_can_not_be_read_is_said() {
    let journal = "{\"entries\":[{\"tag\":\"0_a\",\"when\":1},{\"tag\":\"1_b\",\"when\":2},{\"tag\":\"2_c\",\"when\":3},{\"tag\":\"3_d\",\"when\":4},{\"tag\":\"4_e\",\"when\":5}]}";
    let files = MemoryFiles::new([
        ("d/meta/_journal.json", journal),
        ("d/meta/0_snapshot.json", "{\n \"version\": \"7\", \"tables\": {"),
        ("d/meta/1_snapshot.json", "{\"version\":\"12\",\"id\":\"x\"}"),
        ("d/meta/2_snapshot.json", "{\"version\":\"7\",\n\"tables\":{\"a\":{\"columns\":[]}}}"),
        ("d/meta/3_snapshot.json", "{\n<<<<<<< HEAD\n"),
    ]);
    let (project, _) = load(&files, "d", None);
    let (all, diagnostics) = snapshots(&files, &project);
    assert!(all.iter().all(Option::is_none));
    expect(
        &diagnostics,
        &[
            "broken-snapshot Warning d/meta/0_snapshot.json:2:28 [{] (0_a) the snapshot of `0_a` is not valid JSON",
            "broken-snapshot Warning d/meta/1_snapshot.json:1:1 [] (1_b) the snapshot of `1_b` is of version 12",
            "broken-snapshot Warning d/meta/2_snapshot.json:2:27 []] (2_c) the snapshot of `2_c` is not shaped as expected",
            "broken-snapshot Warning d/meta/3_snapshot.json:2:1 [<<<<<<<] (3_d) the snapshot of `3_d` holds an unresolved merge conflict",
        ],
    );
    assert!(matches!(snapshot(&files, &project, 4), (None, said) if said.is_empty()));
    assert_eq!(snapshot(&files, &project, 99).0, None);
}

#[test]
fn odd_values_become_sql_text() {
    let text = "{\"version\":\"7\",\"id\":\"i\",\"prevId\":null,\"future\":{},\"enums\":null,\"tables\":{\"public.t\":{\"columns\":{
        \"z\":{\"type\":\"integer\",\"default\":0},\"a\":{\"type\":\"boolean\",\"default\":false},
        \"m\":{\"type\":\"jsonb\",\"default\":{\"it's\":[1]}},\"n\":{\"type\":\"text\",\"default\":null}}}}}";
    let files = MemoryFiles::new([
        ("d/meta/_journal.json", "{\"entries\":[{\"tag\":\"0_a\",\"when\":1}]}"),
        ("d/meta/0_snapshot.json", text),
    ]);
    let (project, _) = load(&files, "d", None);
    let (snapshot, diagnostics) = snapshot(&files, &project, 0);
    expect(&diagnostics, &[]);
    assert_eq!(
        columns(&snapshot.unwrap(), "", "t"),
        ["z integer = 0", "a boolean = false", "m jsonb = '{\"it''s\":[1]}'", "n text"]
    );
}
