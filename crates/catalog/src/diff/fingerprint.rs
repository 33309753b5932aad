//! A short hash of a schema: equal where [`super::diff`] finds no drift.

use super::describe::describe;
use super::{Kind, Scope};
use crate::Catalog;

/// 16 hexadecimal digits that stand for what a schema means. The order in which things were made, ids,
/// the order of columns, names of constraints and indexes, partitions and spellings of expressions
/// don't show in it; the digits may change with the version of brolly.
pub fn fingerprint(catalog: &Catalog, scope: &Scope) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut scope = scope.clone();
    scope.without.push((Kind::Partition, None));
    for entry in describe(catalog, &scope) {
        let name = match entry.kind.goes_by_meaning() || entry.kind == Kind::Index {
            true => entry.meaning.as_deref(),
            false => entry.part.as_deref(),
        };
        let mut line = format!("{} {} {}", entry.kind.word(), entry.object, name.unwrap_or_default());
        for facet in &entry.facets {
            line.push_str(&format!("\n {} {}", facet.what, facet.strict));
        }
        lines.push(line);
    }
    lines.sort();
    let mut hash: u128 = 0x6c62272e07bb014262b821756295c58d;
    for byte in lines.iter().flat_map(|line| line.bytes().chain([0])) {
        // FNV-1a of 128 bits.
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000000001000000000000000000013b);
    }
    format!("{:016x}", (hash >> 64) as u64 ^ hash as u64)
}
