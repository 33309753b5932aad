//! Rows for every table, on real servers: they satisfy all constraints, and they are as poor as those of
//! production may be.

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use catalog::QName;
use pg::{Connection, Server};
use servers::{MAJORS, server, wait};
use verify::{Amounts, FilledTable, fill};

const ALL: [(u16, &str); 4] = [
    (13, include_str!("fill/all.sql")),
    (14, include_str!("fill/from14.sql")),
    (15, include_str!("fill/from15.sql")),
    (18, include_str!("fill/from18.sql")),
];

async fn database(server: &Server, major: u16) -> Connection {
    let admin = server.connect().await.expect("a connection");
    admin.batch("CREATE DATABASE filled").await.expect("a database");
    let connection = pg::connect(&server.target("filled")).await.expect("a connection");
    for (_, sql) in ALL.iter().filter(|(from, _)| *from <= major) {
        connection.batch(sql).await.expect("tables");
    }
    connection
}

fn public(name: &str) -> QName {
    QName::new("public", name)
}

async fn number(connection: &Connection, sql: &str) -> u64 {
    let value = connection.value(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{sql}"))
}

/// For each foreign key a query that counts rows which point to nothing.
const DANGLING: &str = "
SELECT format('SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)', o.conrelid::regclass,
  (SELECT string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ') FROM unnest(o.conkey) k
    JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k),
  o.confrelid::regclass,
  (SELECT string_agg(format('p.%I %s c.%I', b.attname, CASE a.atttypid WHEN 'daterange'::regtype THEN '&&' ELSE '=' END,
      a.attname), ' AND ')
    FROM unnest(o.conkey, o.confkey) k(a, b)
    JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.a
    JOIN pg_attribute b ON b.attrelid = o.confrelid AND b.attnum = k.b))
FROM pg_constraint o WHERE o.contype = 'f'";

/// For each nullable column a query for its name, should it lack NULLs or values.
const ONE_SIDED: &str = "
SELECT format('SELECT %L WHERE (SELECT count(*) FROM %s) > 2 AND NOT (EXISTS (SELECT FROM %s WHERE %I IS NULL) AND EXISTS (SELECT FROM %s WHERE %I IS NOT NULL))',
  c.relname || '.' || a.attname, c.oid::regclass, c.oid::regclass, a.attname, c.oid::regclass, a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull AND NOT t.typnotnull AND a.attgenerated = ''
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'Odd \"one')
  AND coalesce((SELECT o.convalidated FROM pg_constraint o
    WHERE o.conrelid = c.oid AND o.contype = 'n' AND a.attnum = ANY (o.conkey)), true)";

async fn first_column(connection: &Connection, sql: &str) -> Vec<String> {
    let rows = connection.rows(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
}

async fn all_filled(major: u16) {
    let server = server(major);
    let connection = database(&server, major).await;
    let filled = fill(connection.client(), &Amounts::default()).await.expect("rows");

    let empty: Vec<_> = filled.empty().map(|(name, why)| format!("{name}: {why}")).collect();
    assert_eq!(empty, ["public.impossible: it has no partition"], "{major}");
    let ledger = &filled.tables[&QName::new("drizzle", "__drizzle_migrations")];
    assert_eq!(*ledger, FilledTable::default(), "Drizzle's own table is left alone");
    let forced: Vec<_> = filled.tables.iter().filter(|(_, table)| table.without_triggers).collect();
    let forced: Vec<_> = forced.iter().map(|(name, _)| name.name.as_str()).collect();
    assert_eq!(forced, ["dropped", "hard_a", "refused"], "{major}");
    for (name, table) in &filled.tables {
        let less = table.wanted > 0 && table.inserted < table.wanted;
        assert_eq!(less, table.reason.is_some(), "{major}: {name}: {table:?}");
        assert_eq!(number(&connection, &count(name)).await, table.rows(), "{major}: {name}");
    }

    for sql in first_column(&connection, DANGLING).await {
        assert_eq!(number(&connection, &sql).await, 0, "{major}: {sql}");
    }
    let mut one_sided = Vec::new();
    for sql in first_column(&connection, ONE_SIDED).await {
        one_sided.extend(first_column(&connection, &sql).await);
    }
    assert!(one_sided.is_empty(), "{major}: {one_sided:?}");
    for (table, column) in
        [("all_types", "b3"), ("kids", "tenant"), ("conditions", "url"), ("lots", "payload")]
    {
        let sql = format!("SELECT count({column}) - count(DISTINCT {column}) FROM {table}");
        assert!(number(&connection, &sql).await > 0, "{major}: {table}.{column} holds no duplicates");
    }

    // A second time there is nothing to do.
    let again = fill(connection.client(), &Amounts::default()).await.expect("rows");
    let inserted: u64 = again.tables.values().map(|table| table.inserted).sum();
    assert_eq!(inserted, 0, "{major}");
}

fn count(name: &QName) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    // Rows of children are their own.
    format!(
        "SELECT CASE WHEN relkind = 'p' THEN (SELECT count(*) FROM {0}) ELSE (SELECT count(*) FROM ONLY {0}) END \
         FROM pg_class WHERE oid = '{0}'::regclass",
        format!("{}.{}", quoted(&name.schema), quoted(&name.name)).replace('\'', "''")
    )
}

#[test]
fn all_tables_on_all_versions() {
    for major in MAJORS {
        wait(all_filled(major));
    }
}

#[test]
fn as_many_as_wanted() {
    let server = server(17);
    wait(async {
        let connection = database(&server, 17).await;
        let mut amounts = Amounts::of(20);
        amounts.tables.insert(public("lots"), 100_000);
        amounts.tables.insert(public("tenants"), 5_000);
        amounts.tables.insert(public("nobody"), 1);
        amounts.skip.insert(public("all_types"));
        let filled = fill(connection.client(), &amounts).await.expect("rows");
        assert_eq!(filled.unknown, [public("nobody")]);
        let rows = |name: &str| filled.tables[&public(name)].rows();
        assert_eq!(
            (rows("lots"), rows("tenants"), rows("all_types"), rows("one_each")),
            (100_000, 5_000, 0, 20)
        );
        assert_eq!(rows("few"), 6);
        let few = filled.tables[&public("few")].reason.as_deref();
        assert_eq!(few, Some("a key on (\"a\", \"b\") leaves room for no more"));
        for sql in first_column(&connection, DANGLING).await {
            assert_eq!(number(&connection, &sql).await, 0, "{sql}");
        }
        let analysed = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'lots'";
        assert_eq!(number(&connection, analysed).await, 100_000);

        // What holds rows is filled up only where that is asked for.
        let mut amounts = Amounts::of(50);
        amounts.tables.insert(public("lots"), 100_500);
        amounts.tables.insert(public("tenants"), 10);
        let filled = fill(connection.client(), &amounts).await.expect("rows");
        let lots = &filled.tables[&public("lots")];
        assert_eq!((lots.before, lots.inserted), (100_000, 500));
        let others = filled.tables.iter().filter(|(name, table)| name.name != "lots" && table.inserted > 0);
        let others: Vec<_> = others.map(|(name, _)| name.name.as_str()).collect();
        assert_eq!(others, ["all_types"]);
    });
}

#[test]
fn without_the_rights_of_a_superuser() {
    let server = server(16);
    wait(async {
        let admin = server.connect().await.expect("a connection");
        admin.batch("CREATE DATABASE owned; ").await.expect("a database");
        let connection = pg::connect(&server.target("owned")).await.expect("a connection");
        let tables = "CREATE TABLE other (id int PRIMARY KEY); CREATE ROLE plain; GRANT REFERENCES ON other TO plain; GRANT CREATE, USAGE ON SCHEMA public TO plain; SET ROLE plain;
            CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE b (id serial PRIMARY KEY, a int NOT NULL REFERENCES a);
            CREATE TABLE c (id int); CREATE TABLE d (id int REFERENCES other);
            CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
            CREATE TRIGGER no BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION no()";
        connection.batch(tables).await.expect("tables");
        let filled = fill(connection.client(), &Amounts::of(2_000)).await.expect("rows");
        let empty: Vec<_> = filled.empty().map(|(name, why)| format!("{name}: {why}")).collect();
        assert_eq!(empty, ["public.c: no (P0001)", "public.other: the role may not look into it"]);
        assert_eq!(filled.tables[&public("b")].inserted, 2_000);
    });
}
