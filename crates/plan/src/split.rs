//! Statements put into a shape that recipes can take: an `ALTER TABLE` that does several things as one statement each,
//! so that each can have its own deploy, and what drizzle-kit writes of serial to identity as a server takes it.

use crate::plan::with_text;
use crate::text;
use catalog::written::{quoted, sql_name};
use drizzle::{BREAKPOINT, Project};
use facts::{Analysis, PendingSet, Step};
use source::Span;
use sql::{AlterAction, Stmt};

/// The project with such statements in another shape; `None` where there are none.
pub(crate) fn split(project: &Project, set: &PendingSet, analysis: &Analysis) -> Option<Project> {
    let mut changed = project.clone();
    let mut any = false;
    for index in &set.migrations {
        let steps = analysis.steps.iter().filter(|step| step.migration == *index);
        let edits: Vec<(Span, String)> =
            steps.filter_map(|step| apart(step).or_else(|| mended(step))).collect();
        let Some(migration) = changed.migrations.get_mut(*index).filter(|_| !edits.is_empty()) else {
            continue;
        };
        *migration = with_text(migration, text::with(&migration.file.text, edits));
        any = true;
    }
    any.then_some(changed)
}

fn apart(step: &Step) -> Option<(Span, String)> {
    let Stmt::AlterTable(alter) = &step.statement.as_deref()?.stmt else { return None };
    // What existed before is what others use.
    step.before.find_relation(&alter.name)?;
    let one_by_one = |action: &AlterAction| !matches!(action, AlterAction::Other(_));
    if alter.commands.len() < 2 || !alter.commands.iter().all(|command| one_by_one(&command.action)) {
        return None;
    }
    let text = step.span.of(&step.file.text);
    let head = (alter.name.span.end - step.span.start) as usize;
    let pieces = text::listed(text, head);
    if pieces.len() != alter.commands.len() {
        return None;
    }
    let single: Vec<String> = pieces.iter().map(|piece| format!("{} {piece}", &text[..head])).collect();
    Some((step.span, single.join(&format!(";\n{BREAKPOINT}\n"))))
}

/// An identity that is added beside the default of serial and the sequence with its name, which no server takes: both
/// go first.
fn mended(step: &Step) -> Option<(Span, String)> {
    let Stmt::AlterTable(alter) = &step.statement.as_deref()?.stmt else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    let AlterAction::AddIdentity { column, .. } = &command.action else { return None };
    let table = step.before.find_relation(&alter.name)?;
    let column = table.column(&column.text)?;
    let default = column.default.as_ref()?;
    let owned = (table.id, column.id);
    let sequence = step.before.sequences_of(table.id).find(|one| one.owned_by == Some(owned))?;
    if !default.uses.functions.iter().any(|call| call.name.name == "nextval") {
        return None;
    }
    let (table, column) = (sql_name(&table.name), quoted(&column.name));
    let first = format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT");
    let then = format!("DROP SEQUENCE {}", sql_name(&sequence.name));
    let all = [first, then, step.span.of(&step.file.text).to_owned()];
    Some((step.span, all.join(&format!(";\n{BREAKPOINT}\n"))))
}
