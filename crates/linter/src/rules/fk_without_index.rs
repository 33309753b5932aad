//! A foreign key whose columns have no index.

use crate::prelude::*;
use catalog::{Catalog, Constraint, ConstraintKind, Relation};

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "fk-without-index",
    group: Group::Advice,
    severity: Severity::Info,
    summary: "a new foreign key has no index on its columns, so deletes of referenced rows read the whole table",
};

/// Keys that the set adds and that no index serves at its end: one note a table.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    let end: &Catalog = &cx.judged().end;
    let mut told = Vec::new();
    for at in cx.steps() {
        for change in at.changes() {
            let (id, name) = match change {
                Change::ConstraintAdded { relation, name, .. } => (*relation, Some(name)),
                Change::RelationCreated { relation, .. } => (*relation, None),
                _ => continue,
            };
            let Some(table) = end.relation(id).filter(|table| table.is_table() && !told.contains(&table.id))
            else {
                continue;
            };
            let mine = |key: &&Constraint| match name {
                Some(name) => key.name == *name,
                None => at.after(id).is_some_and(|made| made.constraint(&key.name).is_some()),
            };
            let Some(key) = table.constraints.iter().filter(mine).find(|key| lacks_index(end, table, key))
            else {
                continue;
            };
            told.push(table.id);
            let label = at.label(id);
            let columns = table.column_names(&key.columns);
            let ConstraintKind::ForeignKey { target_name, .. } = &key.kind else { continue };
            let target = target_name.to_string();
            let index = quoted(&format!("{}_{}_idx", table.name.name, columns.join("_")));
            let (list, sql) =
                (catalog::written::column_list(&columns), catalog::written::sql_name(&table.name));
            out.push(
                at.finding(&META, format!("foreign key `{}` has no index on `{}` ({})", key.name, shown(&label), columns.join(", ")))
                    .about(&label)
                    .on(at.on_part(&key.name).or_else(|| at.on_part(columns.first()?)))
                    .why(format!("each DELETE of a row of `{}`, and each UPDATE of its key, reads all of `{}`", shown(&target), shown(&label)))
                    .why("Postgres makes an index for the referenced columns, never for the referencing ones")
                    .fix("Add `index().on(..)` for these columns in schema.ts. On a table that holds rows, build it CONCURRENTLY.")
                    .code(format!("CREATE INDEX {index} ON {sql} ({list});\n")),
            );
        }
    }
}

/// Whether no index starts with the columns of a foreign key, in whatever order.
fn lacks_index(catalog: &Catalog, table: &Relation, key: &Constraint) -> bool {
    if !matches!(key.kind, ConstraintKind::ForeignKey { .. }) {
        return false;
    }
    let serves = |index: &catalog::Index| {
        let leading = index.keys.get(..key.columns.len()).unwrap_or_default();
        index.valid
            && !index.partial
            && !leading.is_empty()
            && key.columns.iter().all(|column| leading.contains(&Some(*column)))
    };
    !table.indexes.iter().filter_map(|id| catalog.index(*id)).any(|index| serves(index))
}
