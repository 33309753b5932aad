//! A table or view goes by its new name at once, and a view with the old one stays until nobody asks for it.

use super::Answer;
use crate::model::{Gate, Part, Phase, Stage};
use crate::site::{Site, shown};
use catalog::written::{quoted, sql_name};
use catalog::{Change, QName, Relation, RelationId, RelationKind};
use facts::BreakCause;
use sql::Stmt;

pub(super) fn make(site: Site<'_>) -> Answer {
    if !site.breaks(&[BreakCause::RelationRenamed]) {
        return None;
    }
    let renamed: Vec<(RelationId, &QName, &QName)> = site
        .step
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::RelationRenamed { relation, from, to } => Some((*relation, from, to)),
            _ => None,
        })
        .filter(|(id, _, _)| site.after().relation(*id).is_some_and(|relation| is_asked(relation)))
        .collect();
    let (id, from, to) = *renamed.first()?;
    if renamed.len() > 1 || !matches!(site.stmt()?, Stmt::Rename(_) | Stmt::SetSchema(_)) {
        return Some(Err(format!(
            "`{}` and others are renamed by one statement: rename them one by one, or make the new schema and move the tables to it",
            shown(from)
        )));
    }
    Some(path(site, id, from, to))
}

fn is_asked(relation: &Relation) -> bool {
    relation.is_table() || matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView)
}

fn path(site: Site<'_>, id: RelationId, from: &QName, to: &QName) -> Result<Part, String> {
    let (start, end) = (&site.judged().start, &site.judged().end);
    let name = shown(from);
    if end.slot(from).is_some() {
        return Err(format!(
            "the old name `{name}` stands for something else when the set has run, so no view can have it: rename in one deploy, and take the name again in a later one"
        ));
    }
    let (Some(was), Some(last)) = (start.relation(id), end.relation(id)) else {
        return Err(format!("`{name}` was made or goes in the same set"));
    };
    if was.name != *from || last.name != *to {
        return Err(format!("`{name}` is renamed more than once in the set"));
    }
    if !end.has_schema(&from.schema) {
        return Err(format!(
            "schema `{}` goes in the same set, and the view would have to lie there",
            from.schema
        ));
    }
    let invoker = site.analysis.options.version.0 >= 15;
    if last.row_security.enabled && !invoker {
        return Err(format!(
            "`{name}` has row level security, which a view with the old name would not heed before Postgres 15"
        ));
    }
    let with = if invoker { " WITH (security_invoker = true)" } else { "" };
    let columns = columns(site, was)?;
    let title = match from.schema == to.schema {
        true => format!("rename {name} to {}", to.name),
        false => format!("move {name} to schema {}", to.schema),
    };
    let gate = Gate::Unused { relation: site.label(id), column: None };
    let part = site
        .part(
            "rename-table",
            title,
            "the deployed version asks for the old name, and the new version for the new one: a view answers to the old name for a while",
        )
        .here(site.text())
        .here(format!("CREATE VIEW {}{with} AS SELECT {columns} FROM {}", sql_name(from), sql_name(to)))
        .then(Stage::later(Phase::Contract(1), vec![format!("DROP VIEW {}", sql_name(from))], vec![gate]))
        .advice(format!(
            "if the app connects as another role than the one that migrates, give it the privileges on view `{name}` that it has on `{}`",
            shown(to)
        ));
    Ok(part)
}

/// What the view gives: the columns that the table had when the set began, by the names that they had then.
fn columns(site: Site<'_>, was: &Relation) -> Result<String, String> {
    let Some(now) = site.after().relation(was.id) else { return Err("the table is gone".to_owned()) };
    let postponed = |wanted: &dyn Fn(&Change) -> bool| {
        site.parts
            .iter()
            .any(|part| part.statements.iter().any(|at| site.analysis.steps[*at].changes.iter().any(wanted)))
    };
    let mut list = Vec::new();
    let mut plain = now.columns.len() == was.columns.len();
    for column in &was.columns {
        let renamed = |change: &Change| matches!(change, Change::ColumnRenamed { relation, column: id, .. } if (*relation, *id) == (was.id, column.id));
        let dropped = |change: &Change| matches!(change, Change::ColumnDropped { relation, column: id, .. } if (*relation, *id) == (was.id, column.id));
        match now.column_by_id(column.id) {
            None if postponed(&dropped) => {
                return Err(format!(
                    "`{}` loses column `{}` before it is renamed: put the drop behind the rename",
                    shown(&was.name),
                    column.name
                ));
            }
            None => plain = false,
            Some(there) if there.name == column.name => list.push(quoted(&column.name)),
            Some(_) if postponed(&renamed) => {
                plain = false;
                list.push(quoted(&column.name));
            }
            Some(there) => {
                plain = false;
                list.push(format!("{} AS {}", quoted(&there.name), quoted(&column.name)));
            }
        }
    }
    Ok(if plain || list.is_empty() { "*".to_owned() } else { list.join(", ") })
}
