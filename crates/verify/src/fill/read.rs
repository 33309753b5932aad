//! Reads the catalogue of a server (13 to 18) into a [`Schema`].
//!
//! Asks a handful of set-based questions, whatever the number of tables. Decides nothing.

use super::schema::{Check, Column, ForeignKey, Schema, Table, TableId, Type, Unique};
use crate::Error;
use crate::error::failed;
use catalog::QName;
use std::collections::HashMap;
use tokio_postgres::{Client, Row};

/// Tables that take rows; partitions get theirs through the root, extensions look after their own.
const TABLES: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p',
  pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname";

const COLUMNS: &str = "
SELECT a.attrelid, a.attnum, a.attname::text, a.atttypid, a.atttypmod,
  pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum";

/// All types but the row types of tables.
const TYPES: &str = "
SELECT t.oid, n.nspname = 'pg_catalog', t.typname::text, pg_catalog.format_type(t.oid, NULL),
  t.typtype::text, CASE WHEN t.typtype = 'd' THEN t.typbasetype WHEN t.typtype = 'r' THEN r.rngsubtype
    ELSE t.typelem END, t.typtypmod, t.typcategory = 'A', t.typnotnull,
  ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
  ARRAY(SELECT pg_catalog.pg_get_expr(o.conbin, 0) FROM pg_catalog.pg_constraint o
    WHERE o.contypid = t.oid AND o.contype = 'c'),
  ARRAY(SELECT a.atttypid FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
  ARRAY(SELECT a.atttypmod FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
WHERE t.typtype <> 'p' AND (c.oid IS NULL OR c.relkind = 'c')";

/// Since 14 a range knows its multirange.
const MULTIRANGES: &str = "
SELECT (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid, r.rngtypid FROM pg_catalog.pg_range r
WHERE pg_catalog.to_jsonb(r) ? 'rngmultitypid'";

const FOREIGN_KEYS: &str = "
SELECT o.conrelid, o.conkey::int2[], o.confrelid, o.confkey::int2[], o.confmatchtype = 'f'
FROM pg_catalog.pg_constraint o WHERE o.contype = 'f' AND o.conrelid = ANY($1) ORDER BY o.conrelid, o.conname";

const CHECKS: &str = "
SELECT o.conrelid, o.conkey::int2[], pg_catalog.pg_get_expr(o.conbin, o.conrelid)
FROM pg_catalog.pg_constraint o
WHERE o.contype = 'c' AND o.conrelid = ANY($1)
  AND coalesce((pg_catalog.to_jsonb(o) ->> 'conenforced')::bool, true)
ORDER BY o.conrelid, o.conname";

/// Columns inside of expressions and predicates are among the dependencies.
const UNIQUES: &str = "
SELECT i.indrelid, (i.indkey::int2[])[0:i.indnkeyatts - 1], i.indpred IS NOT NULL,
  coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false),
  i.indexprs IS NOT NULL,
  ARRAY(SELECT DISTINCT d.refobjsubid::int2 FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
      AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0),
  (SELECT string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, false), ' ')
    FROM generate_series(1, i.indnkeyatts::int) k)
FROM pg_catalog.pg_index i
WHERE (i.indisunique OR i.indisexclusion) AND i.indislive AND i.indrelid = ANY($1)
ORDER BY i.indrelid, i.indexrelid";

const TRIGGERS: &str = "
SELECT t.tgrelid, t.tgname::text FROM pg_catalog.pg_trigger t
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 4 <> 0 AND t.tgrelid = ANY($1)";

/// The partitions that hold rows, each with all that is demanded of a row in it.
const PARTITIONS: &str = "
SELECT p.oid, pg_catalog.pg_get_partition_constraintdef(t.relid)
FROM pg_catalog.pg_class p, pg_catalog.pg_partition_tree(p.oid) t
WHERE p.oid = ANY($1) AND p.relkind = 'p' AND t.isleaf AND t.relid <> p.oid";

/// Reads everything that [`super::fill`] needs to know.
pub(crate) async fn schema(client: &Client) -> Result<Schema, Error> {
    let mut tables: HashMap<TableId, Table> = HashMap::new();
    let mut order = Vec::new();
    for row in rows(client, TABLES, None).await? {
        let name = QName::new(row.get::<_, String>(1), row.get::<_, String>(2));
        order.push(row.get::<_, TableId>(0));
        tables.insert(row.get(0), table(&row, name));
    }
    for row in rows(client, COLUMNS, Some(&order)).await? {
        on(&mut tables, &row, |table| table.columns.push(column(&row)));
    }
    for row in rows(client, FOREIGN_KEYS, Some(&order)).await? {
        on(&mut tables, &row, |table| table.foreign_keys.push(foreign_key(&row)));
    }
    for row in rows(client, CHECKS, Some(&order)).await? {
        let columns = row.get::<_, Option<Vec<i16>>>(1).unwrap_or_default();
        let check = Check { columns, sql: row.get(2), partition: false };
        on(&mut tables, &row, |table| table.checks.push(check));
    }
    for row in rows(client, UNIQUES, Some(&order)).await? {
        on(&mut tables, &row, |table| table.uniques.push(unique(&row, table)));
    }
    for row in rows(client, TRIGGERS, Some(&order)).await? {
        on(&mut tables, &row, |table| table.triggers.push(row.get(1)));
    }
    partitions(client, &mut tables, &order).await?;
    let tables = order.iter().filter_map(|id| tables.remove(id)).collect();
    Ok(Schema { tables, types: types(client).await? })
}

async fn rows(client: &Client, sql: &str, of: Option<&Vec<TableId>>) -> Result<Vec<Row>, Error> {
    let answer = match of {
        Some(tables) => client.query(sql, &[tables]).await,
        None => client.query(sql, &[]).await,
    };
    answer.map_err(|error| failed(error, sql))
}

fn on(tables: &mut HashMap<TableId, Table>, row: &Row, put: impl FnOnce(&mut Table)) {
    if let Some(table) = tables.get_mut(&row.get::<_, TableId>(0)) {
        put(table);
    }
}

fn table(row: &Row, name: QName) -> Table {
    Table {
        id: row.get(0),
        name,
        partitioned: row.get(3),
        readable: row.get(4),
        columns: Vec::new(),
        foreign_keys: Vec::new(),
        uniques: Vec::new(),
        checks: Vec::new(),
        triggers: Vec::new(),
    }
}

fn column(row: &Row) -> Column {
    let expr: Option<String> = row.get(7);
    let generated = !row.get::<_, String>(9).is_empty();
    Column {
        number: row.get(1),
        name: row.get(2),
        ty: row.get(3),
        typmod: row.get(4),
        sql_type: row.get(5),
        not_null: row.get(6),
        default: expr.clone().filter(|_| !generated),
        identity: !row.get::<_, String>(8).is_empty(),
        generated: expr.filter(|_| generated),
    }
}

fn foreign_key(row: &Row) -> ForeignKey {
    ForeignKey { columns: row.get(1), target: row.get(2), target_columns: row.get(3), full: row.get(4) }
}

fn unique(row: &Row, table: &Table) -> Unique {
    let plain: Vec<i16> = row.get::<_, Vec<i16>>(1).into_iter().filter(|number| *number > 0).collect();
    let mut inside: Vec<i16> = Vec::new();
    if row.get::<_, bool>(4) {
        let text: String = row.get::<_, Option<String>>(6).unwrap_or_default();
        let depends: Vec<i16> = row.get(5);
        inside = depends.into_iter().filter(|n| !plain.contains(n)).collect();
        // The predicate's columns are dependencies too; the keys' text tells them apart.
        inside.retain(|n| table.column(*n).is_some_and(|column| mentions(&text, &column.name)));
    }
    // A generated column repeats where what it is made of does.
    let (generated, mut columns): (Vec<i16>, Vec<i16>) = plain
        .iter()
        .chain(&inside)
        .partition(|n| table.column(**n).is_some_and(|column| column.generated.is_some()));
    for text in generated.iter().filter_map(|n| table.column(*n)?.generated.as_deref()) {
        inside.extend(table.columns.iter().filter(|other| mentions(text, &other.name)).map(|c| c.number));
    }
    columns.extend(&inside);
    columns.retain(|n| !generated.contains(n));
    columns.sort_unstable();
    columns.dedup();
    Unique { columns, inside, partial: row.get(2), nulls_not_distinct: row.get(3) }
}

/// Whether an identifier occurs in an expression as a word of its own.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

/// One condition for a partitioned table: that of any of its partitions.
async fn partitions(
    client: &Client,
    tables: &mut HashMap<TableId, Table>,
    order: &Vec<TableId>,
) -> Result<(), Error> {
    let mut found: HashMap<TableId, Vec<String>> = HashMap::new();
    for row in rows(client, PARTITIONS, Some(order)).await? {
        let condition = row.get::<_, Option<String>>(1).unwrap_or_else(|| "true".to_owned());
        found.entry(row.get(0)).or_default().push(format!("({condition})"));
    }
    for (id, conditions) in found {
        let Some(table) = tables.get_mut(&id) else { continue };
        let sql = conditions.join(" OR ");
        let used = table.columns.iter().filter(|column| mentions(&sql, &column.name));
        let columns = used.map(|column| column.number).collect();
        table.checks.push(Check { columns, sql, partition: true });
    }
    Ok(())
}

/// Some names of types mean one character or bit unless they are quoted.
fn plain(sql: String) -> String {
    match sql.strip_suffix("[]").unwrap_or(&sql) {
        "character" => sql.replace("character", "pg_catalog.bpchar"),
        "bit" => sql.replace("bit", "pg_catalog.\"bit\""),
        _ => sql,
    }
}

async fn types(client: &Client) -> Result<HashMap<u32, Type>, Error> {
    let mut types = HashMap::new();
    for row in rows(client, TYPES, None).await? {
        let attributes: Vec<u32> = row.get(11);
        let typmods: Vec<i32> = row.get(12);
        let ty = Type {
            builtin: row.get(1),
            name: row.get(2),
            sql: plain(row.get(3)),
            kind: row.get::<_, String>(4).chars().next().unwrap_or('b'),
            of: row.get(5),
            of_typmod: row.get(6),
            array: row.get(7),
            not_null: row.get(8),
            labels: row.get(9),
            checks: row.get(10),
            attributes: attributes.into_iter().zip(typmods).collect(),
        };
        types.insert(row.get::<_, u32>(0), ty);
    }
    for row in rows(client, MULTIRANGES, None).await? {
        if let Some(ty) = row.get::<_, Option<u32>>(0).and_then(|id| types.get_mut(&id)) {
            ty.of = row.get(1);
        }
    }
    Ok(types)
}
