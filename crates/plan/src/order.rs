//! Rows in the order in which the migration changes them: a statement that was moved behind the migration takes along
//! what counts on the rows that it leaves.
//!
//! The replay covers the schema and knows of no rows, so this is told from what statements name. Where that is not
//! certain they count as meeting. Nothing here runs a query.

use crate::follow;
use crate::model::{Followers, Gate, Part, Phase, Stage};
use crate::site::Site;
use crate::touching::{constrains, says};
use catalog::{Catalog, Change, ColumnId, QName, RelationId};
use facts::{Analysis, Certainty, Operation, Step};
use sql::{Stmt, TokenKind};
use std::collections::BTreeSet;

/// When something runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    /// Where it stands, in the migrator's transaction.
    Here,
    /// In the same deploy, behind it.
    Outside,
    /// In a backfill, once this deploy's migrations have run.
    Backfill,
    /// In a file that waits.
    Deploy(Phase),
}

/// The part of a statement, or what there is instead, where it has to come behind rows that are changed later than
/// it says: `Ok` with nothing where all is well as it is.
pub(crate) fn behind(site: Site<'_>, part: Option<Part>) -> Result<Option<Part>, String> {
    let counted_on = moved(site.analysis, site.parts, site.at);
    let late: Vec<&Moved<'_>> =
        counted_on.iter().filter(|moved| !comes_after(site.parts.len(), part.as_ref(), moved)).collect();
    let Some(first) = late.first() else { return Ok(part) };
    let refuse = || Err(reason(site.analysis, first.at));
    if is_of_rows(site.step) || late.iter().any(|moved| matches!(moved.when, At::Deploy(_))) {
        return refuse();
    }
    let gates: BTreeSet<Gate> =
        late.iter().filter_map(|moved| moved.part.backfill.as_ref()).map(finished).collect();
    if gates.is_empty() {
        let part = part.unwrap_or_else(|| {
            site.part("follows", follow::title(site), follow::WHY).here(site.text().to_owned())
        });
        return Ok(Some(outside(part)));
    }
    // What the new version can't do without is there before it serves.
    // ON CONFLICT asks for a unique index.
    let makes = |change: &Change| match change {
        Change::RelationCreated { .. } => true,
        Change::IndexCreated { index, .. } => site.after().index(*index).is_some_and(|index| index.unique),
        _ => false,
    };
    let is_needed = !site.facts().breaks_new_app.is_empty() || site.step.changes.iter().any(makes);
    let phase = if is_needed { Phase::Expand(1) } else { Phase::Contract(1) };
    let bound = Followers { statements: vec![site.at], phase, gates: gates.into_iter().collect() };
    match part {
        None => Ok(Some(follow::alone(site, &bound))),
        Some(part) => match follow::moved(part, &bound) {
            Some(part) => Ok(Some(gated(part, &bound.gates))),
            None => refuse(),
        },
    }
}

/// Two statements of which the second would meet other rows than it does in the migration, and why that is so; none
/// where the parts keep all rows in order.
pub(crate) fn broken(analysis: &Analysis, parts: &[Part]) -> Option<(usize, String)> {
    for at in 0..analysis.steps.len() {
        let mine = parts.iter().position(|part| part.statements.contains(&at));
        let place = mine.unwrap_or(parts.len());
        let part = mine.map(|n| &parts[n]);
        let late = moved(analysis, parts, at).into_iter().find(|moved| !comes_after(place, part, moved));
        if let Some(late) = late {
            return Some((at, reason(analysis, late.at)));
        }
    }
    None
}

/// A statement that changes rows, and does so later than where it stands.
struct Moved<'a> {
    at: usize,
    /// Where its part is among all.
    place: usize,
    part: &'a Part,
    when: At,
}

/// The statements before this one that changed rows it meets, or met rows it changes, and were moved.
fn moved<'a>(analysis: &Analysis, parts: &'a [Part], at: usize) -> Vec<Moved<'a>> {
    let step = &analysis.steps[at];
    let mut found = Vec::new();
    for (place, part) in parts.iter().enumerate().filter(|(_, part)| !part.statements.contains(&at)) {
        let when = latest(part);
        // What takes several steps itself keeps its own statements in order.
        let alone = ["backfill", "follows", "outside"].contains(&part.recipe);
        if !alone && !queries(step) {
            continue;
        }
        let earlier = part.statements.iter().filter(|other| when > At::Here && **other < at);
        for other in earlier.filter(|other| is_of_rows(&analysis.steps[**other])) {
            if meets(&analysis.steps[*other], step) {
                found.push(Moved { at: *other, place, part, when });
            }
        }
    }
    found
}

/// Whether a part (at this place among all) does what it does once the other statement has done its own.
fn comes_after(place: usize, part: Option<&Part>, moved: &Moved<'_>) -> bool {
    let when = part.map_or(At::Here, earliest);
    let waits_for = |gates: &[Gate]| {
        let Some(part) = part else { return false };
        let mut first = part.stages.iter().filter(|stage| at(stage) == when);
        first.next().is_some_and(|stage| gates.iter().all(|gate| stage.gates.contains(gate)))
    };
    match moved.when {
        At::Here => true,
        At::Outside => when > At::Outside || (when == At::Outside && place > moved.place),
        At::Backfill if when == At::Backfill => place > moved.place,
        At::Backfill => {
            when > At::Backfill && moved.part.backfill.as_ref().is_some_and(|one| waits_for(&[finished(one)]))
        }
        At::Deploy(_) => {
            let gates = moved.part.stages.last().map(|stage| stage.gates.as_slice()).unwrap_or_default();
            (when > moved.when || (when == moved.when && place > moved.place)) && waits_for(gates)
        }
    }
}

fn at(stage: &Stage) -> At {
    match (stage.phase, stage.outside) {
        (Phase::Expand(0), false) => At::Here,
        (Phase::Expand(0), true) => At::Outside,
        (phase, _) => At::Deploy(phase),
    }
}

/// When a part begins to do something.
fn earliest(part: &Part) -> At {
    let here = (!part.here.is_empty()).then_some(At::Here);
    let backfill = part.backfill.as_ref().map(|_| At::Backfill);
    here.into_iter().chain(part.stages.iter().map(at)).chain(backfill).min().unwrap_or(At::Here)
}

/// When a part has changed its rows.
fn latest(part: &Part) -> At {
    if part.backfill.is_some() {
        return At::Backfill;
    }
    part.stages.iter().map(at).max().unwrap_or(At::Here)
}

fn finished(backfill: &crate::model::Backfill) -> Gate {
    Gate::Backfilled { backfill: backfill.name.clone() }
}

/// A part that does nothing within the migrator's transaction.
fn outside(mut part: Part) -> Part {
    let here = std::mem::take(&mut part.here);
    for stage in part.stages.iter_mut().filter(|stage| stage.phase == Phase::Expand(0)) {
        stage.outside = true;
    }
    if !here.is_empty() {
        part.stages.insert(0, Stage::outside(here));
    }
    part
}

/// A part whose first stage waits for this, too.
fn gated(mut part: Part, gates: &[Gate]) -> Part {
    let first = part.stages.iter().map(|stage| stage.phase).min();
    for stage in part.stages.iter_mut().filter(|stage| Some(stage.phase) == first).take(1) {
        stage.gates.extend(gates.iter().cloned());
        stage.gates.sort();
        stage.gates.dedup();
    }
    part
}

/// Whether a statement is one that changes rows, or code that may.
pub(crate) fn is_of_rows(step: &Step) -> bool {
    match step.statement.as_deref().map(|statement| &statement.stmt) {
        Some(Stmt::Query(_) | Stmt::Copy(_) | Stmt::Call(_) | Stmt::Explain { .. }) => true,
        Some(Stmt::Do(_)) => step.changes.is_empty(),
        _ => false,
    }
}

/// Whether one statement, `later`, reads, judges, changes or takes away rows that another changes or reads.
fn meets(one: &Step, later: &Step) -> bool {
    let (written, changed) = (written(one), self::written(later));
    let (said, said_later) = (Words::of(one), Words::of(later));
    let all = one.before.relations().chain(one.after.relations());
    let ids: BTreeSet<RelationId> = all
        .filter(|known| written.contains(&known.id) || said.have(&known.name.name))
        .map(|known| known.id)
        .collect();
    ids.iter().any(|id| {
        let Some(known) = later.before.relation(*id) else { return false };
        let writes = written.contains(id);
        let columns = if writes { columns(one, *id) } else { None };
        let is_named = || {
            said_later.have(&known.name.name)
                || views(&later.before, *id).iter().any(|view| said_later.have(view))
        };
        (writes && queries(later) && is_named())
            || changed.contains(id)
            || later.changes.iter().any(|change| judges(later, change, *id, writes, columns.as_deref()))
            || takes_away(&said, later, *id)
            || (writes && fails_on(later, &known.name, columns.as_deref(), one))
    })
}

/// Relations whose rows a statement changes, those that foreign keys take along among them.
fn written(step: &Step) -> BTreeSet<RelationId> {
    let named = |label: &str| {
        let (schema, name) = label.split_once('.')?;
        let name = QName::new(schema, name);
        let find = |catalog: &Catalog| {
            catalog.relations().find(|relation| relation.name == name).map(|relation| relation.id)
        };
        find(&step.before).or_else(|| find(&step.after))
    };
    let mut all: BTreeSet<RelationId> =
        step.facts.writes.iter().filter_map(|write| named(&write.relation)).collect();
    if matches!(step.statement.as_deref().map(|one| &one.stmt), Some(Stmt::Truncate(_))) {
        let text = text(step);
        let relations = step.before.relations().filter(|known| says(text, &known.name.name));
        all.extend(relations.map(|known| known.id));
    }
    let mut todo: Vec<RelationId> = all.iter().copied().collect();
    while let Some(id) = todo.pop() {
        let Some(relation) = step.before.relation(id) else { continue };
        let others = relation.referenced_by.iter().filter_map(|other| step.before.relation(*other));
        let taken = others.filter(|other| {
            other.constraints.iter().any(|constraint| match &constraint.kind {
                catalog::ConstraintKind::ForeignKey { target, on_delete, on_update, .. } => {
                    let acts = |what: &str| {
                        !["", "no action", "restrict"].contains(&what.to_ascii_lowercase().as_str())
                    };
                    *target == Some(id) && (acts(on_delete) || acts(on_update))
                }
                _ => false,
            })
        });
        let more: Vec<RelationId> =
            taken.map(|other| other.id).chain(relation.children.iter().copied()).collect();
        todo.extend(more.into_iter().filter(|id| all.insert(*id)));
    }
    all
}

/// The columns that a statement changes of a table; `None` where rows come or go, or it can't be told.
fn columns(step: &Step, id: RelationId) -> Option<Vec<ColumnId>> {
    let relation = step.before.relation(id)?;
    let [write] = step.facts.writes.as_slice() else { return None };
    if write.operation != Operation::Update || write.columns.is_empty() {
        return None;
    }
    write.columns.iter().map(|name| relation.column(name).map(|column| column.id)).collect()
}

/// Whether a statement holds a query, or code that may.
fn queries(step: &Step) -> bool {
    let stmt = step.statement.as_deref().map(|statement| &statement.stmt);
    stmt.is_none()
        || is_of_rows(step)
        || matches!(stmt, Some(Stmt::CreateTableAs(_) | Stmt::Refresh(_) | Stmt::Do(_)))
}

/// The names that a statement says, also in code or by way of a function.
struct Words<'a> {
    said: BTreeSet<String>,
    /// Texts in which names may be anywhere.
    code: Vec<&'a str>,
}

impl Words<'_> {
    fn of(step: &Step) -> Words<'_> {
        let text = text(step);
        if matches!(step.statement.as_deref().map(|one| &one.stmt), None | Some(Stmt::Do(_))) {
            return Words { said: BTreeSet::new(), code: vec![text] };
        }
        let tokens = sql::tokens(text).into_iter();
        let said: BTreeSet<String> = tokens
            .filter_map(|token| match token.kind {
                TokenKind::Word => Some(token.span.of(text).to_lowercase()),
                TokenKind::Quoted => Some(token.span.of(text).trim_matches('"').replace("\"\"", "\"")),
                _ => None,
            })
            .collect();
        let functions =
            said.iter().flat_map(|word| step.before.functions_named(&QName::new("public", &**word)));
        let code = functions.filter_map(|one| one.body.as_deref()).collect();
        Words { said, code }
    }

    fn have(&self, name: &str) -> bool {
        self.said.contains(name) || self.code.iter().any(|code| code.contains(name))
    }
}

/// The names of the views that read a relation, materialized ones too.
fn views(catalog: &Catalog, id: RelationId) -> Vec<String> {
    let (mut found, mut todo) = (BTreeSet::new(), vec![id]);
    while let Some(id) = todo.pop() {
        let more = catalog.relation(id).map(|relation| relation.viewed_by.clone()).unwrap_or_default();
        todo.extend(more.into_iter().filter(|id| found.insert(*id)));
    }
    found.iter().filter_map(|id| Some(catalog.relation(*id)?.name.name.clone())).collect()
}

/// Whether a change of the schema judges or converts rows of a table; those of these columns where it is known which
/// the other statement changes.
fn judges(step: &Step, change: &Change, id: RelationId, writes: bool, columns: Option<&[ColumnId]>) -> bool {
    let any = |of: &dyn Fn(ColumnId) -> bool| columns.is_none_or(|all| all.iter().any(|one| of(*one)));
    match change {
        _ if !writes => false,
        Change::ConstraintAdded { relation, name, .. } | Change::ConstraintValidated { relation, name } => {
            let owner = step.after.relation(*relation);
            let Some(constraint) = owner.and_then(|owner| owner.constraint(name)) else { return false };
            let refers = matches!(&constraint.kind, catalog::ConstraintKind::ForeignKey { target, .. }
                if *target == Some(id));
            (*relation == id || refers)
                && (constraint.columns.is_empty() || any(&|one| constrains(*relation, constraint, id, one)))
        }
        Change::IndexCreated { relation, index, .. } => {
            let index = step.after.index(*index);
            *relation == id
                && index.is_some_and(|index| index.unique && any(&|one| index.depends.contains(&one)))
        }
        Change::NotNullSet { relation, column } => *relation == id && any(&|one| one == *column),
        // One that only relabels looks at no row.
        Change::TypeChanged { relation, .. } => {
            let facts = &step.facts;
            *relation == id
                && !(facts.scans.is_empty() && facts.rewrites.is_empty() && facts.failures.is_empty())
        }
        Change::PartitionAttached { parent, partition } => *parent == id || *partition == id,
        _ => false,
    }
}

/// Whether a statement takes away what another one needs.
fn takes_away(said: &Words<'_>, later: &Step, id: RelationId) -> bool {
    later.changes.iter().any(|change| match change {
        Change::RelationDropped { relation, .. } => *relation == id,
        Change::ColumnDropped { relation, name, .. } => *relation == id && said.have(name),
        _ => false,
    })
}

/// Whether a change of the schema may fail on rows of a table that are there.
fn fails_on(later: &Step, table: &QName, columns: Option<&[ColumnId]>, one: &Step) -> bool {
    let label = table.to_string();
    !is_of_rows(later)
        && later.facts.failures.iter().any(|failure| {
            let unchanged = failure.column.as_ref().zip(columns).is_some_and(|(name, columns)| {
                let table = one.before.relations().find(|relation| relation.name == *table);
                let column = table.and_then(|table| table.column(name));
                column.is_some_and(|column| !columns.contains(&column.id))
            });
            failure.certainty == Certainty::DependsOnData
                && failure.relation.as_deref() == Some(label.as_str())
                && !unchanged
        })
}

fn text(step: &Step) -> &str {
    step.span.of(&step.file.text)
}

/// Why one statement can't be moved behind another.
fn reason(analysis: &Analysis, one: usize) -> String {
    let short = |at: usize| {
        let words: Vec<&str> = text(&analysis.steps[at]).split_whitespace().collect();
        let text = words.join(" ");
        if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }
    };
    format!(
        "it counts on rows as `{}` leaves them, which runs after the migration on a path: put it into a later migration, which is deployed once those rows are changed, or keep both here with `-- brolly-allow backfill-in-transaction: REASON` above `{}`",
        short(one),
        short(one)
    )
}
