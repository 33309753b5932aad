//! A view that loses columns which the deployed app reads: the new one waits, or has the columns of both for a while.

use super::{Answer, view_columns};
use crate::model::{Gate, Part, Phase, Stage};
use crate::names;
use crate::site::{Site, shown};
use crate::text;
use catalog::written::{quoted, sql_name, view_definition};
use catalog::{Change, Found, QName, Relation, RelationKind};
use facts::{BreakCause, Step};
use source::Span;
use sql::{Name, Stmt};

const RECIPE: &str = "view-change";
const BOTH: &str = "the deployed version reads columns that the new view has not, and the new version others: for a while the view has both";

pub(super) fn make(site: Site<'_>) -> Answer {
    if !site.found(&["view-loses-column"]) {
        return None;
    }
    let id = site.step.changes.iter().find_map(|change| match change {
        Change::RelationCreated { relation, .. }
        | Change::ViewReplaced { relation, .. }
        | Change::ColumnRenamed { relation, .. } => Some(*relation),
        _ => None,
    })?;
    let new = site.judged().end.relation(id)?;
    let Some(Found::Relation(old)) = site.judged().start.slot(&new.name) else { return None };
    Some(path(site, old, new))
}

/// What is known of the change.
struct Views<'a> {
    old: &'a Relation,
    new: &'a Relation,
    /// The statement that drops it, and the one that makes it.
    statements: [usize; 2],
    /// Columns that the deployed app reads and the new view has not.
    lost: Vec<String>,
}

fn path(site: Site<'_>, old: &Relation, new: &Relation) -> Result<Part, String> {
    let name = shown(&new.name);
    let by_hand = format!(
        "make a second view under a new name, let the app move to it, and drop `{name}` in a later migration"
    );
    if !matches!(site.stmt(), Some(Stmt::CreateView(_) | Stmt::CreateTableAs(_))) {
        return Err(format!("`{name}` changes in a way that can't be taken apart: {by_hand}"));
    }
    let Some(dropped) = dropped(site, old) else {
        return Err(format!(
            "the statement that drops `{name}` does more than that, or is in another migration"
        ));
    };
    let columns = |cause: &[BreakCause]| -> Vec<String> {
        let facts = site.facts();
        let all = facts.breaks_old_app.iter().chain(&facts.may_break_old_app);
        let mut names: Vec<_> =
            all.filter(|one| cause.contains(&one.cause)).filter_map(|one| one.column.clone()).collect();
        names.sort();
        names.dedup();
        names
    };
    if let Some(column) = columns(&[BreakCause::ViewRetyped]).first() {
        return Err(format!(
            "`{name}.{column}` has one type for the deployed version and another one for the new version: give the new one another name, or {by_hand}"
        ));
    }
    if let Some(reader) = reader(site, new) {
        return Err(format!(
            "view `{reader}` reads `{name}`, so that it can't be dropped again later: {by_hand}"
        ));
    }
    let lost = columns(&[BreakCause::ColumnDropped, BreakCause::ColumnRenamed]);
    let views = Views { old, new, statements: [dropped, site.at], lost };
    let fresh = new.columns.iter().find(|column| old.column(&column.name).is_none());
    let materialized_view = new.kind == RelationKind::MaterializedView;
    let made = match (fresh.is_some(), materialized_view) {
        (false, false) => return Ok(waiting(site, &views)),
        (false, true) => materialized(site, &views),
        (true, false) => both(site, &views),
        (true, true) => both_materialized(site, &views),
    };
    made.map_err(|why| {
        format!("{why}, so that no view can be written that has the columns of both versions: {by_hand}")
    })
}

/// The statement of the same migration that drops the old view and nothing else.
fn dropped(site: Site<'_>, old: &Relation) -> Option<usize> {
    let drops = |step: &Step| {
        let is_one = |change: &Change| matches!(change, Change::RelationDropped { relation, .. } if *relation == old.id);
        let alone = matches!(&step.statement.as_deref()?.stmt, Stmt::Drop(drop) if drop.objects.len() == 1);
        Some(alone && step.changes.len() == 1 && step.changes.iter().all(is_one))
    };
    let mut all = site.others().filter(|(at, step)| *at < site.at && step.migration == site.step.migration);
    let free = |at: usize| !site.parts.iter().any(|part| part.statements.contains(&at));
    all.find(|(at, step)| drops(step) == Some(true) && free(*at)).map(|(at, _)| at)
}

/// A view that reads this one in the end.
fn reader(site: Site<'_>, view: &Relation) -> Option<String> {
    let end = &site.judged().end;
    let all = view.viewed_by.iter().filter_map(|id| end.relation(*id));
    let mut readers = all.filter(|one| {
        one.view.as_ref().is_some_and(|query| query.uses.iter().any(|(used, _)| *used == view.id))
    });
    readers.next().map(|one| shown(&one.name))
}

/// Later statements that are about the new view: privileges, triggers, indexes, comments.
fn about<'a>(site: Site<'a>, view: &Relation) -> Vec<(usize, &'a Step)> {
    let named = |name: &Name| site.judged().end.find_relation(name).is_some_and(|one| one.id == view.id);
    let is_one = |step: &Step| {
        let changed = |change: &Change| change.relation() == Some(view.id);
        step.changes.iter().any(changed)
            || match step.statement.as_deref().map(|statement| &statement.stmt) {
                Some(Stmt::Grant(grant)) => grant.objects.iter().any(named),
                Some(Stmt::Comment(comment)) => comment.name.as_ref().is_some_and(named),
                _ => false,
            }
    };
    let later = site.others().filter(|(at, step)| *at > site.at && step.migration == site.step.migration);
    later.filter(|(_, step)| is_one(step)).collect()
}

fn sql_of(step: &Step) -> String {
    step.span.of(&step.file.text).to_owned()
}

fn gates(site: Site<'_>, views: &Views<'_>) -> Vec<Gate> {
    let relation = site.label(views.old.id);
    let gate = |column: &String| Gate::Unused { relation: relation.clone(), column: Some(column.clone()) };
    views.lost.iter().map(gate).collect()
}

fn title(views: &Views<'_>) -> String {
    format!("take {} out of view {}", views.lost.join(", "), shown(&views.new.name))
}

/// All of it once nobody reads the columns: the new version reads nothing that the old view has not.
fn waiting(site: Site<'_>, views: &Views<'_>) -> Part {
    let about = about(site, views.new);
    let mut statements = views.statements.to_vec();
    statements.extend(about.iter().map(|(at, _)| *at));
    let sql = statements.iter().map(|at| sql_of(&site.analysis.steps[*at])).collect();
    let why =
        "the deployed version reads the columns, and the new one reads none that the view has not today";
    let mut part = site.part(RECIPE, title(views), why);
    part.statements = statements;
    part.then(Stage::at_once(Phase::Contract(1), sql, gates(site, views))).advice(format!(
        "until the last deploy `{}` shows the rows that it shows today",
        shown(&views.new.name)
    ))
}

/// A materialized view: the new one is filled beside the old one, and takes its name.
fn materialized(site: Site<'_>, views: &Views<'_>) -> Result<Part, String> {
    let (build, swap) = beside(site, views, site.text())?;
    let why = "the deployed version reads the columns, and filling the new view would keep readers waiting";
    let mut part = site.part(RECIPE, title(views), why);
    part.statements = views.statements.to_vec();
    part.statements.extend(about(site, views.new).iter().map(|(at, _)| *at));
    Ok(part
        .then(Stage::later(Phase::Contract(1), build, gates(site, views)).apart())
        .then(Stage::at_once(Phase::Contract(1), swap, Vec::new()))
        .advice(format!("until the last deploy `{}` shows what it shows today", shown(&views.new.name))))
}

/// A materialized view with the columns of both, filled beside the old one, and the new one beside that.
fn both_materialized(site: Site<'_>, views: &Views<'_>) -> Result<Part, String> {
    let (first, mut swap) = beside(site, views, &interim(site, views)?)?;
    let mut now = first;
    now.push("BEGIN".to_owned());
    now.append(&mut swap);
    now.push("COMMIT".to_owned());
    let (build, swap) = beside(site, views, site.text())?;
    let mut part = site.part(RECIPE, title(views), BOTH);
    part.statements = views.statements.to_vec();
    part.statements.extend(about(site, views.new).iter().map(|(at, _)| *at));
    Ok(part
        .then(Stage::outside(now))
        .then(Stage::later(Phase::Contract(1), build, gates(site, views)).apart())
        .then(Stage::at_once(Phase::Contract(1), swap, Vec::new())))
}

/// What fills the materialized view that `create` makes under another name, and what gives it the name of the old one.
fn beside(site: Site<'_>, views: &Views<'_>, create: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let catalogs = [&*site.judged().start, &*site.judged().end];
    let name = &views.new.name;
    let free = |stem: &str| names::of_index(&catalogs, site.parts, &name.schema, stem, "__new");
    let beside = QName::new(&*name.schema, free(&name.name));
    let within = |step: &Step, span: Span| Span {
        start: span.start - step.span.start,
        end: span.end - step.span.start,
    };
    let written = match site.stmt() {
        Some(Stmt::CreateTableAs(create)) => create.name.span,
        _ => return Err("the statement can't be read as CREATE MATERIALIZED VIEW".to_owned()),
    };
    // The name stands before all that may differ.
    let renamed = text::with(create, vec![(within(site.step, written), sql_name(&beside))]);
    let mut build = vec![format!("DROP MATERIALIZED VIEW IF EXISTS {}", sql_name(&beside)), renamed];
    let mut swap = vec![
        sql_of(&site.analysis.steps[views.statements[0]]),
        format!("ALTER MATERIALIZED VIEW {} RENAME TO {}", sql_name(&beside), quoted(&name.name)),
    ];
    for (_, step) in about(site, views.new) {
        let Some(Stmt::CreateIndex(create)) = step.statement.as_deref().map(|statement| &statement.stmt)
        else {
            swap.push(sql_of(step));
            continue;
        };
        let Some(index) = &create.name else {
            return Err("an index of the view has no name of its own".to_owned());
        };
        let fresh = free(&index.text);
        swap.push(format!(
            "ALTER INDEX {} RENAME TO {}",
            sql_name(&QName::new(&*name.schema, &*fresh)),
            quoted(&index.text)
        ));
        build.push(text::with(
            &sql_of(step),
            vec![
                (within(step, index.span), quoted(&fresh)),
                (within(step, create.table.span), sql_name(&beside)),
            ],
        ));
    }
    Ok((build, swap))
}

/// The statement that makes the view with the columns of both.
fn interim(site: Site<'_>, views: &Views<'_>) -> Result<String, String> {
    let names = match site.stmt() {
        Some(Stmt::CreateView(create)) => create.columns.as_slice(),
        Some(Stmt::CreateTableAs(create)) => create.columns.as_slice(),
        _ => &[],
    };
    if !names.is_empty() {
        return Err("the columns have their names in a list of their own".to_owned());
    }
    let old = view_definition(&site.judged().start, views.old)
        .ok_or_else(|| "how the old view would be written today is not known".to_owned())?;
    let columns: Vec<String> = views.old.columns.iter().map(|column| column.name.clone()).collect();
    view_columns::with_columns(site.text(), &old, &columns, &views.lost)
}

/// A view with the columns of both, and the new one once nobody reads the old columns.
fn both(site: Site<'_>, views: &Views<'_>) -> Result<Part, String> {
    let name = shown(&views.new.name);
    let interim = interim(site, views)?;
    let drop = sql_of(&site.analysis.steps[views.statements[0]]);
    let mut sql = vec![drop.clone(), site.text().to_owned()];
    sql.extend(about(site, views.new).into_iter().map(|(_, step)| sql_of(step)));
    let list = views.lost.join(", ");
    // It comes where the old view is dropped, before what else has to be gone by then.
    let mut part = site.part(RECIPE, title(views), BOTH);
    part.statements = vec![views.statements[0]];
    let beside = site.part(
        RECIPE,
        format!("keep {list} in view {name}"),
        "the deployed version reads them until it is gone",
    );
    part.beside.push(beside.here(interim));
    Ok(part.here(drop).then(Stage::at_once(Phase::Contract(1), sql, gates(site, views))))
}
