//! A value of any type as a SQL expression of a number.
//!
//! Expressions grow with the number where the type has an order, and with the column's place in the
//! table, so that `ends_at > starts_at` holds by itself. Knows nothing of keys and conditions.

use super::extension;
use super::literals::{Literal, literals};
use super::schema::{Column, Schema, Table, Type, literal};
use super::text;

/// Values of a column: an expression of a number, and how many numbers give values of their own.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    /// SQL, with the type cast to.
    pub sql: String,
    /// `None`: as many as there are numbers.
    pub distinct: Option<u64>,
}

/// What an expression may depend on besides the number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Name of the column, which often says what a text looks like.
    pub name: &'a str,
    /// Makes values of different columns differ.
    pub seed: u32,
    /// The column's place in its table.
    pub ordinal: i16,
}

/// The natural values of a column for the number `k` (SQL of type bigint, from 0).
pub(crate) fn values(schema: &Schema, table: &Table, column: &Column, k: &str) -> Option<Values> {
    let seed = table.id.wrapping_mul(31).wrapping_add(column.number.unsigned_abs().into());
    let place = Place { name: &column.name, seed, ordinal: column.number };
    if let Some(list) = listed(schema, table, column) {
        return Some(cycled(&list, &column.sql_type, k));
    }
    let values = of_type(schema, column.ty, column.typmod, place, k, 0)?;
    match schema.types.get(&column.ty).is_some_and(|ty| ty.kind == 'd') {
        true => Some(values),
        false => Some(Values { sql: format!("({})::{}", values.sql, column.sql_type), ..values }),
    }
}

/// Types may be made of types; a circle of them ends here.
const DEEP: u8 = 8;

pub(crate) fn of_type(
    schema: &Schema,
    ty: u32,
    typmod: i32,
    place: Place<'_>,
    k: &str,
    depth: u8,
) -> Option<Values> {
    let of = schema.types.get(&ty).filter(|_| depth < DEEP)?;
    let inner = |ty, typmod, k: &str| of_type(schema, ty, typmod, place, k, depth + 1);
    match of.kind {
        'e' => one_of(of, k),
        // An INSERT makes a domain's value of one of its base type.
        'd' => inner(of.of, if of.of_typmod >= 0 { of.of_typmod } else { typmod }, k),
        'r' => {
            let low = inner(of.of, -1, &format!("(2 * {k})"))?;
            let high = inner(of.of, -1, &format!("(2 * {k} + 1)"))?;
            Some(Values {
                sql: format!("{}({}, {})", of.sql, low.sql, high.sql),
                distinct: low.distinct.map(|n| n / 2),
            })
        }
        'm' => {
            let range = inner(of.of, -1, k)?;
            Some(Values { sql: format!("{}({})", of.sql, range.sql), ..range })
        }
        'c' => {
            let parts: Option<Vec<_>> =
                of.attributes.iter().map(|(ty, typmod)| inner(*ty, *typmod, k)).collect();
            let parts = parts?;
            let sql: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
            let distinct = match parts.iter().any(|part| part.distinct.is_none()) {
                true => None,
                false => parts.iter().filter_map(|part| part.distinct).max(),
            };
            Some(Values { sql: format!("ROW({})::{}", sql.join(", "), of.sql), distinct })
        }
        // Which elements a domain takes is not known here; none at all is always right.
        _ if of.array && schema.types.get(&of.of).is_some_and(|of| !of.checks.is_empty()) => {
            Some(Values { sql: format!("'{{}}'::{}", of.sql), distinct: Some(1) })
        }
        _ if of.array => {
            let element = inner(of.of, typmod, k)?;
            Some(Values { sql: format!("ARRAY[{}]::{}", element.sql, of.sql), ..element })
        }
        _ if of.builtin => builtin(of, typmod, place, k),
        _ => extension::values(of, typmod, place, k),
    }
}

fn one_of(of: &Type, k: &str) -> Option<Values> {
    (!of.labels.is_empty()).then(|| cycled(&of.labels, &of.sql, k))
}

fn cycled(labels: &[String], sql_type: &str, k: &str) -> Values {
    let count = labels.len();
    let labels: Vec<String> = labels.iter().map(|label| literal(label)).collect();
    Values {
        sql: format!("(ARRAY[{}]::{sql_type}[])[1 + ({k} % {count})]", labels.join(", ")),
        distinct: Some(count as u64),
    }
}

/// The texts that a CHECK lists for a column: `kind IN ('a', 'b')` is an enum by other means.
pub(crate) fn listed(schema: &Schema, table: &Table, column: &Column) -> Option<Vec<String>> {
    let text = |ty: &Type| matches!(ty.name.as_str(), "text" | "varchar" | "bpchar" | "citext");
    schema.types.get(&column.ty).filter(|ty| ty.kind == 'b' && text(ty))?;
    table.checks.iter().find_map(|check| {
        let plain = check.sql.contains("= ANY (")
            && !["~", "<", ">", " AND ", "NOT ", "lower(", "upper("].iter().any(|op| check.sql.contains(op));
        let list: Vec<String> = (literals(&check.sql).into_iter())
            .filter_map(|one| match one {
                Literal::Text(text) | Literal::Number(text) => Some(text),
                Literal::Like(_) | Literal::Regex(_) => None,
            })
            .collect();
        (plain && check.columns == [column.number] && !list.is_empty()).then_some(list)
    })
}

/// How many numbers below which `int4` arithmetic is safe.
const MANY: u64 = 1_000_000_000;

fn builtin(of: &Type, typmod: i32, place: Place<'_>, k: &str) -> Option<Values> {
    let o = place.ordinal;
    let (sql, distinct) = match of.name.as_str() {
        "bool" => (format!("{k} % 2 = 0"), Some(2)),
        "int2" => (format!("(({k} + {o}) % 32000)::int2"), Some(32_000)),
        "int4" => (format!("({k} + {o}) % {MANY}"), Some(MANY)),
        "int8" => (format!("{k} + {o}"), None),
        "oid" | "xid" | "cid" => (format!("(({k} + {o}) % {MANY})::text::{}", of.sql), Some(MANY)),
        "numeric" => return Some(numeric(typmod, o, k)),
        "float4" => (format!("({k} + {o}) % 8000000 + 0.5"), Some(8_000_000)),
        "float8" => (format!("{k} + {o} + 0.5"), None),
        "money" => (format!("(({k} + {o}) % {MANY})::numeric::money"), Some(MANY)),
        "text" => (text::text(place, k, None).sql, None),
        "varchar" | "bpchar" => {
            let length = u32::try_from(typmod - 4).ok().filter(|_| typmod >= 4);
            let length = length.or((of.name == "bpchar").then_some(1));
            return Some(text::text(place, k, length));
        }
        "name" => (format!("'n' || {k}"), None),
        "char" => ("'a'".to_owned(), Some(1)),
        "bytea" => (format!("decode(lpad(to_hex({k}), 16, '0'), 'hex')"), None),
        "uuid" => (format!("md5('{}.' || {k})::uuid", place.seed), None),
        "date" => (format!("date '2024-01-01' + (({k} + {o}) % 1000000)::int"), Some(1_000_000)),
        "timestamp" | "timestamptz" => (
            format!("timestamp '2024-01-01 00:00:00' + {o} * interval '1 minute' + {k} * interval '3 hours'"),
            None,
        ),
        "time" | "timetz" => (
            format!("time '06:00:00' + {o} * interval '1 second' + ({k} % 700) * interval '1 minute'"),
            Some(700),
        ),
        "interval" => (format!("({k} + {o}) * interval '1 day'"), None),
        "json" => (format!("json_build_object('n', {k})"), None),
        "jsonb" => (format!("jsonb_build_object('n', {k})"), None),
        "jsonpath" => (format!("'$.n' || {k}"), None),
        "inet" => (format!("inet '10.0.0.0' + {k} % 16000000"), Some(16_000_000)),
        "cidr" => (format!("(inet '10.0.0.0' + {k} % 16000000)::cidr"), Some(16_000_000)),
        "macaddr" => (format!("'02' || lpad(to_hex({k} % {MANY}), 10, '0')"), Some(MANY)),
        "macaddr8" => (format!("'02' || lpad(to_hex({k} % {MANY}), 14, '0')"), Some(MANY)),
        "bit" | "varbit" => {
            let bits = if typmod > 0 { typmod } else { 1 }.min(if of.name == "bit" { i32::MAX } else { 32 });
            (format!("({k})::bit({bits})"), Some(1u64 << bits.min(32)))
        }
        "point" => (format!("point({k}, {o})"), None),
        "line" => (format!("line(point(0, 0), point(1, {k} + 1))"), None),
        "lseg" => (format!("lseg(point(0, 0), point(1, {k} + 1))"), None),
        "box" => (format!("box(point({k}, 0), point({k} + 1, 1))"), None),
        "path" => (format!("'[(0,0),(1,' || {k} || ')]'"), None),
        "polygon" => (format!("polygon(box(point({k}, 0), point({k} + 1, 1)))"), None),
        "circle" => (format!("circle(point({k} * 3, 0), 1)"), None),
        "xml" => (format!("xmlparse(CONTENT '<n>' || {k} || '</n>')"), None),
        "tsvector" => (format!("to_tsvector('simple', 'word' || {k})"), None),
        "tsquery" => (format!("to_tsquery('simple', 'word' || {k})"), None),
        "pg_lsn" => (format!("'0/' || to_hex({k} % {MANY})"), Some(MANY)),
        "regclass" => ("'pg_catalog.pg_class'".to_owned(), Some(1)),
        "regtype" => ("'pg_catalog.int4'".to_owned(), Some(1)),
        "regrole" => ("current_user".to_owned(), Some(1)),
        _ => return None,
    };
    Some(Values { sql: format!("({sql})::{}", of.sql), distinct })
}

/// Whole numbers where they fit, else fractions from the smallest step on.
fn numeric(typmod: i32, o: i16, k: &str) -> Values {
    let Some((precision, scale)) = precision(typmod) else {
        return Values { sql: format!("({k} + {o})"), distinct: None };
    };
    let whole = precision - scale;
    let power = |n: i32| 10u64.saturating_pow(n.clamp(0, 9).unsigned_abs());
    if whole >= 6 && scale >= 0 {
        let distinct = power(whole) - 1;
        return Values { sql: format!("(({k} + {o}) % {distinct})"), distinct: Some(distinct) };
    }
    let distinct = power(precision).max(2) - 1;
    Values {
        sql: format!("(({k} + {o}) % {distinct} * (10::numeric ^ {}))", -scale),
        distinct: Some(distinct),
    }
}

/// Precision and scale of a numeric: `numeric_typmod_precision`, `numeric_typmod_scale` in
/// src/backend/utils/adt/numeric.c. The scale may be negative.
pub(crate) fn precision(typmod: i32) -> Option<(i32, i32)> {
    let bits = typmod.checked_sub(4).filter(|bits| *bits >= 0)?;
    Some(((bits >> 16) & 0xffff, ((bits & 0x7ff) ^ 1024) - 1024))
}
