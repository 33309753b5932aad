//! Adding columns and changing them one by one.

use super::{Step, constraint, create};
use crate::model::{GeneratedColumn, Identity};
use crate::{Change, Column, ColumnId, RelationId, names, resolve_type};
use sql::{ColumnConstraint, ColumnDef};
use std::sync::Arc;

/// Changes one column in place.
pub(super) fn edit(step: &mut Step<'_>, id: RelationId, column: ColumnId, change: impl FnOnce(&mut Column)) {
    if let Some(relation) = step.relation_mut(id)
        && let Some(column) = relation.columns.iter_mut().find(|c| c.id == column)
    {
        change(Arc::make_mut(column));
    }
}

/// Adds a column with all its constraints.
pub(super) fn add(step: &mut Step<'_>, id: RelationId, definition: &ColumnDef, if_not_exists: bool) {
    // Borrowed, not held: a relation that is held on to is copied as a whole when it is changed below.
    let Some(relation) = step.catalog.relation(id) else { return };
    let name = &definition.name.text;
    if relation.column(name).is_some() {
        if !if_not_exists {
            let message = format!("column {name} of {} already exists", relation.name);
            step.refuse("42701", message, Some(definition.name.span));
        }
        return;
    }
    let Some(written) = &definition.type_name else { return };
    let column = ColumnId(relation.next_column);
    let ty = resolve_type(step.catalog, written);
    let mut added = Column {
        id: column,
        name: name.clone(),
        ty,
        not_null: written.serial,
        not_null_name: None,
        default: None,
        identity: None,
        generated: None,
        collation: definition.collation.clone(),
        inherited: false,
    };
    if written.serial {
        let sequence = owned_sequence(step, id, name, column, None);
        added.default = nextval(&sequence);
    }
    for clause in &definition.constraints {
        match clause {
            ColumnConstraint::NotNull { .. } => added.not_null = true,
            ColumnConstraint::Null => {}
            ColumnConstraint::Default(expr) => added.default = Some(Arc::new(expr.clone())),
            ColumnConstraint::Generated { expr, stored } => {
                added.generated = Some(GeneratedColumn { expr: Arc::new(expr.clone()), stored: *stored });
            }
            ColumnConstraint::Identity { always, sequence } => {
                owned_sequence(step, id, name, column, sequence.as_ref());
                added.identity = Some(if *always { Identity::Always } else { Identity::ByDefault });
                added.not_null = true;
            }
            ColumnConstraint::Table(_) => {}
        }
    }
    if let Some(relation) = step.relation_mut(id) {
        relation.next_column += 1;
        relation.columns.push(Arc::new(added));
    }
    step.change(Change::ColumnAdded { relation: id, column, name: name.clone() });
    for clause in &definition.constraints {
        if let ColumnConstraint::Table(written) = clause {
            constraint::add(step, id, written, Some(column), false);
        }
    }
}

/// The sequence behind a serial or identity column.
pub(super) fn owned_sequence(
    step: &mut Step<'_>,
    table: RelationId,
    column_name: &str,
    column: ColumnId,
    wanted: Option<&sql::Name>,
) -> crate::QName {
    let Some(relation) = step.catalog.relation(table) else { return crate::QName::new("public", "") };
    let (schema, persistence) = (relation.name.schema.clone(), relation.persistence);
    let name = match wanted {
        Some(name) => {
            crate::QName::new(name.schema.clone().unwrap_or_else(|| schema.clone()), name.name.clone())
        }
        None => {
            let base = |label: &str| names::object_name(&relation.name.name, column_name, label);
            let taken =
                |name: &str| step.catalog.names.contains_key(&crate::QName::new(schema.clone(), name));
            crate::QName::new(schema.clone(), names::first_free(base, "seq", taken))
        }
    };
    if step.catalog.names.contains_key(&name) {
        step.refuse("42P07", format!("relation {name} already exists"), wanted.map(|name| name.span));
        return name;
    }
    create::insert_sequence(step, name.clone(), persistence, Some((table, column)));
    name
}

fn nextval(sequence: &crate::QName) -> Option<Arc<sql::Expr>> {
    let quoted = |name: &str| name.replace('\'', "''").replace('"', "\"\"");
    let text =
        format!("nextval('\"{}\".\"{}\"'::regclass)", quoted(&sequence.schema), quoted(&sequence.name));
    sql::parse_expression(&text).map(Arc::new)
}
