//! What the new app can't do as long as a pending set is not committed.

use crate::analysis::Step;
use crate::app::{App, AppRelation};
use crate::breaks::{find, last};
use crate::model::{Break, BreakCause, Operation};
use catalog::{Catalog, Change, QName};

/// What the new app declares and the schema before the set does not have.
pub(crate) fn not_there_yet(
    start: &Catalog,
    app: &App,
    name: &QName,
    declared: &AppRelation,
    now: &Catalog,
    steps: &mut [Step],
) {
    let Some(relation) = find(now, name) else { return };
    let before = find(start, name);
    for column in &declared.columns {
        if relation.column(&column.name).is_none() || before.is_some_and(|r| r.column(&column.name).is_some())
        {
            continue;
        }
        let (id, wanted) = (relation.id, &column.name);
        let brings = |change: &Change| match change {
            Change::ColumnAdded { relation, name, .. } if *relation == id && name == wanted => Some(()),
            Change::ColumnRenamed { relation, to, .. } if *relation == id && to == wanted => Some(()),
            Change::RelationCreated { relation, .. } if *relation == id => Some(()),
            Change::RelationRenamed { relation, .. } if *relation == id => Some(()),
            _ => None,
        };
        let Some((at, ())) = last(steps, brings) else { continue };
        let (sqlstate, reason) = match before {
            Some(_) => ("42703", format!("column {wanted} of {name} is not there before this migration")),
            None => ("42P01", format!("{name} is not there before this migration")),
        };
        let operations: &[Operation] = match column.generated {
            true => &[Operation::Select],
            false => &[Operation::Select, Operation::Insert],
        };
        for operation in operations {
            let column = before.map(|_| wanted.as_str());
            let cause = BreakCause::NotThereYet;
            let new = Break::new(name, column, *operation, Some(sqlstate), cause, reason.clone());
            let Some(new) = crate::evidence::of_new_app(app, name, wanted, new) else { continue };
            if !steps[at].facts.breaks_new_app.contains(&new) {
                steps[at].facts.breaks_new_app.push(new);
            }
        }
    }
}
