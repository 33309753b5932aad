//! An `ALTER TABLE` that does several things, as one statement each, so that each can have its own deploy.

use crate::plan::with_text;
use crate::text;
use drizzle::{BREAKPOINT, Project};
use facts::{Analysis, PendingSet, Step};
use source::Span;
use sql::{AlterAction, Stmt};

/// The project with such statements taken apart; `None` where there are none.
pub(crate) fn split(project: &Project, set: &PendingSet, analysis: &Analysis) -> Option<Project> {
    let mut changed = project.clone();
    let mut any = false;
    for index in &set.migrations {
        let steps = analysis.steps.iter().filter(|step| step.migration == *index);
        let edits: Vec<(Span, String)> = steps.filter_map(apart).collect();
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
