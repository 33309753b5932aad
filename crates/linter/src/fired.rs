//! What `drop-column` says of triggers: a column that no code has to name for its drop to break queries.

use crate::prelude::*;
use crate::rules::drop_column;

/// A column that a trigger goes on naming when all is done: nothing keeps it from being dropped, and then whatever fires
/// the trigger fails, whoever sends it.
pub(crate) fn dropped_under_a_trigger(at: At<'_>, change: &Change) -> Option<Diagnostic> {
    let Change::ColumnDropped { relation, name, .. } = change else { return None };
    let end = &at.cx.judged().end;
    let table = end.relation(*relation).filter(|table| table.column(name).is_none())?;
    let trigger = facts::trigger_that_names(end, table, name)?;
    let label = table.name.to_string();
    let (shown, events) = (format!("{}.{name}", shown(&label)), listed(&trigger.events));
    let finding = at.finding(
        &drop_column::META,
        format!("drops `{shown}`, which the trigger `{}` still names", trigger.name),
    );
    Some(
        finding
            .about(&label)
            .on(at.on_part(name))
            .why(format!(
                "predicted: each {events} that fires it fails with 42703 (record has no such field) once this is committed"
            ))
            .why(format!("PL/pgSQL looks the fields of NEW and OLD up as `{}` runs", trigger.function.name))
            .fix(
                "Drop the trigger first, once the column that it keeps up is needed no more. Where `brolly fix` made it, the \
                 files in contract/ do both in their order: `brolly contract` says what they wait for.",
            )
            .code(format!(
                "DROP TRIGGER {} ON {};\nALTER TABLE {} DROP COLUMN {};\n",
                quoted(&trigger.name),
                catalog::written::sql_name(&table.name),
                catalog::written::sql_name(&table.name),
                quoted(name)
            )),
    )
}
