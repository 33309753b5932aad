//! What a pending set takes away without anybody noticing: no deployed version declares or names it.
//!
//! Only where the code of every deployed version was read; where one was not, its snapshot decides alone.

use crate::analysis::Step;
use crate::app::App;
use crate::breaks::{find, last};
use crate::model::Unnoticed;
use catalog::{Catalog, Change, QName, RelationKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Notes it in the facts of the step that takes it away.
pub(crate) fn note(
    start: &Catalog,
    now: &Catalog,
    touched: &BTreeSet<QName>,
    apps: &[&Arc<App>],
    steps: &mut [Step],
) {
    let versions: Option<Vec<Arc<str>>> =
        apps.iter().map(|app| Some(app.code.as_ref()?.version.label().into())).collect();
    let Some(versions) = versions else { return };
    for name in touched {
        let Some(before) = find(start, name) else { continue };
        let known: Vec<_> = apps.iter().filter_map(|app| app.met(name)).collect();
        let id = before.id;
        let gone = |change: &Change| match change {
            Change::RelationDropped { relation, .. } | Change::RelationRenamed { relation, .. }
                if *relation == id =>
            {
                Some(())
            }
            _ => None,
        };
        let Some(after) = find(now, name) else {
            if let (true, Some((at, ()))) = (known.is_empty(), last(steps, gone)) {
                add(&mut steps[at], name, None, &versions);
            }
            continue;
        };
        if matches!(before.kind, RelationKind::View | RelationKind::MaterializedView) || after.id != id {
            continue;
        }
        for column in &before.columns {
            let named = |column: &str| known.iter().any(|relation| relation.column(column).is_some());
            if after.column(&column.name).is_some() || named(&column.name) {
                continue;
            }
            let gone = |change: &Change| match change {
                Change::ColumnDropped { relation, column: number, .. }
                | Change::ColumnRenamed { relation, column: number, .. }
                    if (*relation, *number) == (id, column.id) =>
                {
                    Some(())
                }
                _ => None,
            };
            if let Some((at, ())) = last(steps, gone) {
                add(&mut steps[at], name, Some(&column.name), &versions);
            }
        }
    }
}

fn add(step: &mut Step, relation: &QName, column: Option<&str>, versions: &[Arc<str>]) {
    let one = Unnoticed {
        relation: relation.to_string(),
        column: column.map(str::to_owned),
        versions: versions.to_vec(),
    };
    if !step.facts.unnoticed.contains(&one) {
        step.facts.unnoticed.push(one);
    }
}
