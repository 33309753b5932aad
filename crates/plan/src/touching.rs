//! Which statements of a set are about a column, by what they change.

use catalog::{Catalog, Change, ColumnId, Constraint, ConstraintKind, Relation, RelationId};
use facts::Step;
use sql::{Stmt, TokenKind};

/// Whether a statement changes something of a column, or makes something that depends on it.
pub(crate) fn is_about(step: &Step, relation: RelationId, column: ColumnId) -> bool {
    step.changes
        .iter()
        .any(|change| of_column(change, relation, column) || uses(step, change, relation, column))
}

/// Whether a change is one of the column itself.
pub(crate) fn of_column(change: &Change, table: RelationId, wanted: ColumnId) -> bool {
    match change {
        Change::ColumnDropped { relation, column, .. }
        | Change::ColumnRenamed { relation, column, .. }
        | Change::TypeChanged { relation, column, .. }
        | Change::NotNullSet { relation, column }
        | Change::NotNullDropped { relation, column }
        | Change::DefaultSet { relation, column }
        | Change::DefaultDropped { relation, column, .. }
        | Change::IdentitySet { relation, column }
        | Change::IdentityDropped { relation, column }
        | Change::ExpressionDropped { relation, column }
        | Change::ExpressionSet { relation, column } => (*relation, *column) == (table, wanted),
        _ => false,
    }
}

/// Whether what a change makes depends on the column.
fn uses(step: &Step, change: &Change, table: RelationId, wanted: ColumnId) -> bool {
    let after: &Catalog = &step.after;
    match change {
        Change::IndexCreated { relation, index, .. } => {
            *relation == table && after.index(*index).is_some_and(|index| index.depends.contains(&wanted))
        }
        Change::ConstraintAdded { relation, name, .. } | Change::ConstraintValidated { relation, name } => {
            let owner = after.relation(*relation);
            let constraint = owner.and_then(|owner| owner.constraint(name));
            constraint.is_some_and(|constraint| constrains(*relation, constraint, table, wanted))
        }
        Change::ViewReplaced { relation, .. } | Change::RelationCreated { relation, .. } => {
            let view = after.relation(*relation).and_then(|relation| relation.view.as_ref());
            view.is_some_and(|view| view.uses.contains(&(table, Some(wanted))))
        }
        Change::PolicySet { relation, policy } => *relation == table && policy.columns.contains(&wanted),
        Change::TriggerCreated { relation, name } if *relation == table => {
            let relation = after.relation(table);
            let trigger =
                relation.and_then(|relation| relation.triggers.iter().find(|one| one.name == *name));
            trigger.is_some_and(|trigger| trigger.columns.contains(&wanted))
        }
        Change::ColumnAdded { relation, column, .. } if *relation == table => {
            let Some(relation) = after.relation(table) else { return false };
            let generated = relation.column_by_id(*column).and_then(|column| column.generated.as_ref());
            let name = relation.column_by_id(wanted).map(|column| column.name.as_str());
            generated.is_some_and(|generated| {
                generated.expr.uses.columns.iter().any(|used| used.name.as_deref() == name)
            })
        }
        _ => false,
    }
}

/// Whether a constraint of `owner` is about a column, as its own or as one that it refers to.
pub(crate) fn constrains(
    owner: RelationId,
    constraint: &Constraint,
    table: RelationId,
    wanted: ColumnId,
) -> bool {
    let own = owner == table && constraint.columns.contains(&wanted);
    own || match &constraint.kind {
        ConstraintKind::ForeignKey { target, target_columns, .. } => {
            *target == Some(table) && target_columns.contains(&wanted)
        }
        _ => false,
    }
}

/// Whether a statement reads or changes rows, or may, and says this name.
pub(crate) fn is_query_with(step: &Step, name: &str) -> bool {
    let Some(statement) = step.statement.as_deref() else { return false };
    let text = step.span.of(&step.file.text);
    match statement.stmt {
        Stmt::Query(_) => says(text, name),
        // Names within are in a string.
        Stmt::Do(_) => text.contains(name),
        _ => false,
    }
}

/// Whether a text names something of this name.
pub(crate) fn says(text: &str, name: &str) -> bool {
    sql::tokens(text).iter().any(|token| {
        let written = token.span.of(text);
        match token.kind {
            TokenKind::Word => written.to_lowercase() == name,
            TokenKind::Quoted => written.trim_matches('"').replace("\"\"", "\"") == name,
            _ => false,
        }
    })
}

/// What depends on a column in a way that a switch to another one can't carry over, in words.
pub(crate) fn unmoved(catalog: &Catalog, table: &Relation, column: ColumnId) -> Option<String> {
    let views = table.viewed_by.iter().filter_map(|id| catalog.relation(*id));
    let mut views = views.filter(|relation| {
        relation.view.as_ref().is_some_and(|view| view.uses.contains(&(table.id, Some(column))))
    });
    if let Some(view) = views.next() {
        return Some(format!("view `{}` reads it", view.name.name));
    }
    if let Some(policy) = table.policies.iter().find(|policy| policy.columns.contains(&column)) {
        return Some(format!("policy `{}` reads it", policy.name));
    }
    if let Some(trigger) = table.triggers.iter().find(|trigger| trigger.columns.contains(&column)) {
        return Some(format!("trigger `{}` names it", trigger.name));
    }
    let name = table.column_by_id(column).map(|column| column.name.as_str());
    let mut generated = table.columns.iter().filter(|other| {
        other.generated.as_ref().is_some_and(|generated| {
            generated.expr.uses.columns.iter().any(|used| used.name.as_deref() == name)
        })
    });
    if let Some(other) = generated.next() {
        return Some(format!("generated column `{}` is computed from it", other.name));
    }
    let excluding = |constraint: &&Constraint| {
        matches!(constraint.kind, ConstraintKind::Exclude(_)) && constraint.columns.contains(&column)
    };
    table.constraints.iter().find(excluding).map(|constraint| {
        format!("exclusion constraint `{}` is about it, and its elements are not known here", constraint.name)
    })
}
