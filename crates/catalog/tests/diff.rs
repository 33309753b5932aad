//! What two schemas differ in, and what is only another spelling. That servers spell as claimed here is
//! tested on them in crate `pg`.

use catalog::{Catalog, Scope, What, apply, diff, fingerprint, normal};

fn schema(sql: &str) -> Catalog {
    let mut catalog = Catalog::new();
    let parsed = sql::parse(sql, 0);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    for statement in &parsed.statements {
        apply(&mut catalog, &statement.stmt);
    }
    catalog
}

const TABLE: &str = "CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE t (a int, b int, n numeric, d double precision, s varchar(20), x text, m mood, j jsonb, at timestamptz, yes bool);";

/// 1 the same, 0 different, and `?` where that can't be told.
fn alike(one: &str, other: &str) -> char {
    let catalog = schema(TABLE);
    let table = catalog.relations().find(|relation| relation.name.name == "t").map(|relation| relation.id);
    let form = |text: &str| {
        let expr = sql::parse_expression(text).unwrap_or_else(|| panic!("{text} is an expression"));
        normal(&catalog, table, &expr)
    };
    let (one, other) = (form(one), form(other));
    match (one.strict == other.strict, one.loose == other.loose || one.opaque || other.opaque) {
        (true, _) => '1',
        (false, true) => '?',
        (false, false) => '0',
    }
}

#[test]
fn spellings_of_expressions() {
    for (expected, one, other) in [
        ('1', "m IN ('ok', 'sad')", "(m = ANY (ARRAY['ok'::public.mood, 'sad'::public.mood]))"),
        (
            '1',
            "s IN ('a', 'b')",
            "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        ),
        ('1', "s IN ('a')", "((s)::text = 'a'::text)"),
        ('1', "m NOT IN ('ok', 'sad')", "(m <> ALL (ARRAY['ok'::mood, 'sad'::mood]))"),
        ('1', "a IN (b, 2)", "((a = b) OR (a = 2))"),
        ('1', "CURRENT_TIMESTAMP", "now()"),
        ('1', "pg_catalog.now()", "now()"),
        ('1', "'{\"b\":1,\"a\":2}'", "'{\"a\": 2, \"b\": 1}'::jsonb"),
        ('1', "-1", "'-1'::integer"),
        ('1', "'0'", "0"),
        ('1', "'1 day 2 hours'", "'1 day 02:00:00'::interval"),
        ('1', "a BETWEEN 1 AND 5 AND yes", "(((a >= 1) AND (a <= 5)) AND yes)"),
        ('1', "a != 1", "a <> 1"),
        ('1', "s LIKE 'a%'", "((s)::text ~~ 'a%'::text)"),
        ('1', "n > 0", "(n > (0)::numeric)"),
        ('1', "a::numeric / b", "((a)::numeric / (b)::numeric)"),
        ('1', "t.a > 0", "a > 0"),
        ('1', "CASE WHEN yes THEN 'a' END", "CASE WHEN yes THEN 'a'::text ELSE NULL::text END"),
        ('1', "coalesce(s, '') || 'x'", "((COALESCE(s, ''::character varying))::text || 'x'::text)"),
        ('1', "public.f(a)", "f(a)"),
        ('1', "extract(year from at)", "date_part('year'::text, at)"),
        (
            '1',
            "EXISTS (SELECT 1 FROM t o WHERE o.a = t.b)",
            "EXISTS (SELECT 2 FROM public.t x WHERE (x.a = t.b))",
        ),
        ('0', "EXISTS (SELECT 1 FROM t o WHERE o.a = t.b)", "EXISTS (SELECT 1 FROM t o WHERE o.b = t.b)"),
        ('?', "a::numeric / b", "a / b"),
        ('?', "(j ->> 'a')::int", "j ->> 'a'"),
        ('?', "'2024-01-01'", "'2024-01-02'::timestamptz"),
        ('?', "sum(a) OVER ()", "sum(b) OVER ()"),
        ('?', "auth.uid()", "uid()"),
        ('0', "a > 0", "a >= 0"),
        ('0', "a > 0", "b > 0"),
        ('0', "yes AND a > 0", "yes OR a > 0"),
        ('0', "'a'", "'b'"),
        ('0', "'A'", "'a'"),
        ('0', "lower(s)", "upper(s)"),
        ('0', "a - b", "b - a"),
    ] {
        assert_eq!(alike(one, other), expected, "{one}  and  {other}");
        assert_eq!(alike(other, one), expected, "{other}  and  {one}");
    }
}

#[test]
fn order_and_names_of_constraints_are_no_drift() {
    let one = schema(
        "CREATE TABLE a (id int PRIMARY KEY, x text, y int CHECK (y > 0)); CREATE TABLE b (id int REFERENCES a);",
    );
    let other = schema(
        "CREATE TABLE b (id int); CREATE TABLE a (y int, id int, x text);
        ALTER TABLE a ADD CONSTRAINT key PRIMARY KEY (id); ALTER TABLE a ADD CONSTRAINT c CHECK ((y > 0));
        ALTER TABLE b ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES a (id);",
    );
    let found = diff(&one, &other);
    assert!(found.iter().all(|d| matches!(d.what, What::Name { .. })) && found.len() == 3, "{found:#?}");
    let scope = Scope::default();
    assert_eq!(fingerprint(&one, &scope), fingerprint(&other, &scope));
    assert_eq!(fingerprint(&one, &scope).len(), 16);
    assert_ne!(fingerprint(&one, &scope), fingerprint(&schema("CREATE TABLE a (id int)"), &scope));
}

/// What `transformIndexConstraints` does with keys that say the same.
#[test]
fn a_key_that_is_repeated_is_one_key() {
    let catalog = schema(
        "CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE, CONSTRAINT named UNIQUE (id), CONSTRAINT other UNIQUE (x));",
    );
    let table = catalog.relations().find(|relation| relation.name.name == "t").expect("it is there");
    let mut names: Vec<&str> = table.constraints.iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["named", "other"]);
    assert_eq!(table.indexes.len(), 2);
}

#[test]
fn what_is_out_of_scope_is_not_seen() {
    let one = schema("CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE ledger (id serial);");
    let other = schema("CREATE TABLE u (a int);");
    let scope = Scope {
        schemas: vec!["public".to_owned()],
        except_relations: vec![catalog::QName::new("public", "ledger")],
        ..Scope::default()
    };
    let found = catalog::diff_within(&one, &other, &scope);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].object.as_str(), found[0].part.as_deref()), ("public.u", None));
}
