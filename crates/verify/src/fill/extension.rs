//! Values of types that extensions bring, by the type's name.
//!
//! A type that is not known here may still be filled by NULL or by its default.

use super::schema::Type;
use super::text;
use super::values::{Place, Values};

pub(crate) fn values(of: &Type, typmod: i32, place: Place<'_>, k: &str) -> Option<Values> {
    let (sql, distinct) = match of.name.as_str() {
        "citext" => (text::text(place, k, None).sql, None),
        "hstore" => (format!("'n=>' || {k}"), None),
        "ltree" => (format!("'top.n' || {k}"), None),
        "lquery" | "ltxtquery" => (format!("'n' || {k}"), None),
        "cube" => (format!("'(' || {k} || ')'"), None),
        "vector" | "halfvec" => {
            let size = usize::try_from(typmod).ok().filter(|size| *size > 0).unwrap_or(3);
            (format!("'[' || {k} % 1000 || repeat(',1', {}) || ']'", size - 1), Some(1000))
        }
        "sparsevec" => (format!("'{{1:' || {k} % 1000 + 1 || '}}/{}'", typmod.max(3)), Some(1000)),
        "geometry" | "geography" => (geometry(typmod, k), None),
        _ => return None,
    };
    Some(Values { sql: format!("({sql})::text::{}", of.sql), distinct })
}

/// PostGIS keeps kind, dimensions and SRID in the modifier: gserialized_typmod.c, `TYPMOD_GET_*`.
fn geometry(typmod: i32, k: &str) -> String {
    let modifier = typmod.max(0);
    let srid = (modifier & 0x0FFF_FF00) >> 8;
    let (z, m) = (modifier & 2 != 0, modifier & 1 != 0);
    let more = " 0".repeat(usize::from(z) + usize::from(m));
    let at = |x: &str, y: &str| format!("{x} {y}{more}");
    let (a, b) = (at("' || K % 170 || '", "1"), at("171", "2"));
    let c = at("0", "50");
    let shape = match (modifier & 0xFC) >> 2 {
        2 => format!("LINESTRING D({a}, {b})"),
        3 => format!("POLYGON D(({a}, {b}, {c}, {a}))"),
        4 => format!("MULTIPOINT D({a}, {b})"),
        5 => format!("MULTILINESTRING D(({a}, {b}))"),
        6 => format!("MULTIPOLYGON D((({a}, {b}, {c}, {a})))"),
        7 => format!("GEOMETRYCOLLECTION D(POINT D({a}))"),
        _ => format!("POINT D({a})"),
    };
    let dimensions = match (z, m) {
        (true, true) => "ZM ",
        (true, false) => "Z ",
        (false, true) => "M ",
        (false, false) => "",
    };
    let shape = shape.replace("D(", &format!("{dimensions}(")).replace('K', k);
    format!("'SRID={srid};{shape}'")
}
