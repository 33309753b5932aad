//! Values move to new columns, and the columns that they come from go: one becomes several, several become one. A
//! trigger fills the new ones while the deployed version writes the old ones.

use super::backfill::{Pieces, pieces};
use super::rename_column::compared;
use super::{Answer, shadow, sync_body};
use crate::model::{Backfill, Gate, Part, Phase, Stage};
use crate::names;
use crate::site::{Site, key, shown};
use catalog::written::{quoted, sql_name};
use catalog::{Change, Column, ColumnId, QName, Relation, RelationId};
use facts::Step;
use sql::{QueryKind, Stmt};
use std::collections::BTreeSet;

/// An UPDATE that fills new columns from old ones.
struct Move<'a> {
    at: usize,
    /// New columns, each with its value as it is written.
    values: Vec<(&'a Column, &'a str)>,
    /// The columns that the values are made of.
    sources: Vec<&'a Column>,
    pieces: Pieces,
}

pub(super) fn make(site: Site<'_>) -> Answer {
    let id = table_of(site)?;
    let table = site.judged().start.relation(id).filter(|table| table.is_table())?;
    let free = |at: &usize| !site.parts.iter().any(|part| part.statements.contains(at));
    let steps = site.judged().steps.clone().map(|at| (at, &site.analysis.steps[at]));
    let mut moves: Vec<Move<'_>> = Vec::new();
    let mut drops: Vec<(usize, &Column)> = Vec::new();
    for (at, step) in steps.filter(|(at, _)| free(at)) {
        moves.extend(moved(at, step, table));
        drops.extend(dropped(step, table).map(|column| (at, column)));
    }
    drops.retain(|(at, column)| moves.iter().any(|one| one.at < *at && one.uses(column.id)));
    moves.retain(|one| drops.iter().any(|(at, column)| one.at < *at && one.uses(column.id)));
    let ids: Vec<ColumnId> = moves.iter().flat_map(|one| &one.values).map(|(column, _)| column.id).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        // Which of two UPDATEs has the last word can't be told of a row afterwards.
        return None;
    }
    let involved = moves.iter().any(|one| one.at == site.at) || drops.iter().any(|(at, _)| *at == site.at);
    involved.then(|| path(site, table, moves, &drops))
}

impl Move<'_> {
    fn uses(&self, column: ColumnId) -> bool {
        self.sources.iter().any(|source| source.id == column)
    }
}

/// The table that the statement updates, or drops a column of.
fn table_of(site: Site<'_>) -> Option<RelationId> {
    if let Stmt::Query(query) = site.stmt()? {
        let target = query.target.as_ref().filter(|_| query.kind == QueryKind::Update)?;
        return site.before().find_relation(&target.name).map(|table| table.id);
    }
    site.step.changes.iter().find_map(|change| match change {
        Change::ColumnDropped { relation, cascade: false, .. } => Some(*relation),
        _ => None,
    })
}

/// The column of the table that a statement drops, and nothing else.
fn dropped<'a>(step: &Step, table: &'a Relation) -> Option<&'a Column> {
    let Stmt::AlterTable(alter) = &step.statement.as_deref()?.stmt else { return None };
    let column = step.changes.iter().find_map(|change| match change {
        Change::ColumnDropped { relation, column, cascade: false, .. } if *relation == table.id => {
            Some(*column)
        }
        _ => None,
    })?;
    table.column_by_id(column).filter(|_| alter.commands.len() == 1)
}

/// An UPDATE of nothing but new columns, whose values are made of old ones of the same row.
fn moved<'a>(at: usize, step: &'a Step, table: &'a Relation) -> Option<Move<'a>> {
    let Stmt::Query(query) = &step.statement.as_deref()?.stmt else { return None };
    let target = query.target.as_ref().filter(|_| query.kind == QueryKind::Update)?;
    let now = step.before.find_relation(&target.name).filter(|now| now.id == table.id)?;
    if !query.uses.queries.is_empty() || query.sets.is_empty() {
        return None;
    }
    let pieces = pieces(step.span.of(&step.file.text), "UPDATE").filter(|pieces| pieces.from.is_none())?;
    let (mut values, mut sources) = (Vec::new(), Vec::new());
    for (name, value) in &query.sets {
        let (column, value) = (now.column(&name.text)?, value.as_ref()?);
        if table.column_by_id(column.id).is_some() {
            return None;
        }
        let used = value.uses.columns.iter().filter_map(|used| now.column(used.name.as_deref()?));
        sources.extend(used.filter_map(|used| table.column_by_id(used.id)));
        values.push((column, value.text.as_str()));
    }
    let asked = query.filter.iter().flat_map(|filter| &filter.uses.columns);
    let asked = asked.filter_map(|used| now.column(used.name.as_deref()?));
    sources.extend(asked.filter_map(|used| table.column_by_id(used.id)));
    sources.sort_by_key(|column| column.id);
    sources.dedup_by_key(|column| column.id);
    Some(Move { at, values, sources, pieces })
}

fn path(
    site: Site<'_>,
    table: &Relation,
    moves: Vec<Move<'_>>,
    drops: &[(usize, &Column)],
) -> Result<Part, String> {
    let shown_table = shown(&table.name);
    let olds: Vec<&Column> = drops.iter().map(|(_, column)| *column).collect();
    let targets: Vec<&Column> = moves.iter().flat_map(|one| &one.values).map(|(column, _)| *column).collect();
    let title = title(&shown_table, &olds, &targets);
    if let Some(why) = shadow::untriggered(table) {
        return Err(format!("no trigger can fill the new columns of `{shown_table}`: {why}"));
    }
    if let Some(old) =
        olds.iter().find(|old| table.primary_key().is_some_and(|key| key.columns.contains(&old.id)))
    {
        return Err(format!(
            "`{shown_table}.{}` is part of the primary key: rows of the new version can't leave it out, so it can't stay for a while",
            old.name
        ));
    }
    let values: Vec<(&Column, &str)> = moves.iter().flat_map(|one| one.values.clone()).collect();
    let back = sync_body::backs(site, table, &olds, &values);
    let known = [site.before(), &*site.judged().end];
    let stem = format!("{}{}_{}", shadow::first_letters(table), table.name.name, targets[0].name);
    let function = names::of_function(&known, site.parts, &table.name.schema, &stem, "__sync");
    let own = sql_name(&QName::new(&*table.name.schema, &*function));
    let relation = sql_name(&table.name);
    let why = "the deployed version writes the old columns only: a trigger fills the new ones until it is gone, and a backfill those of rows that are there";
    let mut part = site.part("split-merge", title, why);
    part.statements = vec![moves[0].at];
    for old in olds.iter().filter(|old| old.not_null) {
        part = part.here(format!("ALTER TABLE {relation} ALTER COLUMN {} DROP NOT NULL", quoted(&old.name)));
    }
    let each: Vec<sync_body::Filled<'_>> = moves
        .iter()
        .map(|one| sync_body::Filled {
            values: &one.values,
            sources: &one.sources,
            condition: one.pieces.condition.as_deref(),
            called: one.pieces.alias.as_deref(),
        })
        .collect();
    let body = sync_body::body(table, &each, &olds, &back)?;
    part = part.here(format!("CREATE FUNCTION {own}() RETURNS trigger LANGUAGE plpgsql AS {body}")).here(
        format!(
            "CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON {relation} FOR EACH ROW EXECUTE FUNCTION {own}()",
            quoted(&function)
        ),
    );
    let mut gates: Vec<Gate> = olds
        .iter()
        .map(|old| Gate::Unused { relation: site.label(table.id), column: Some(old.name.clone()) })
        .collect();
    let mut made = site.parts.to_vec();
    for (n, one) in moves.iter().enumerate() {
        let backfill = backfill(Site { parts: &made, ..site }, table, one);
        gates.push(Gate::Backfilled { backfill: backfill.name.clone() });
        if n == 0 {
            part.backfill = Some(backfill);
            part.code_waits = true;
            made.push(part.clone());
            continue;
        }
        let columns: Vec<&Column> = one.values.iter().map(|(column, _)| *column).collect();
        let title = format!("fill {}", words(&shown_table, &columns));
        let mut beside = site.part("split-merge", title, "it is one change with the other new columns");
        beside.statements = vec![one.at];
        beside.backfill = Some(backfill);
        beside.code_waits = true;
        made.push(beside.clone());
        part.beside.push(beside);
    }
    let mut contract =
        vec![format!("DROP TRIGGER {} ON {relation}", quoted(&function)), format!("DROP FUNCTION {own}()")];
    for (at, _) in drops {
        let step = &site.analysis.steps[*at];
        part.statements.push(*at);
        contract.push(step.span.of(&step.file.text).to_owned());
    }
    for old in olds.iter().filter(|old| !back.iter().any(|(column, _)| column.id == old.id)) {
        part = part.advice(format!(
            "rows that the new version writes have no `{shown_table}.{old}` for the deployed one until it is gone, and changed ones keep what they had: `--value {shown_table}.{old}=EXPRESSION` over the new columns makes the trigger write it; without it, code of the new version has to go on writing `{old}` itself",
            old = old.name
        ));
    }
    for old in olds.iter().filter(|old| old.default.is_some()) {
        part = part.advice(format!(
            "an INSERT of the new version that leaves all of {} out gets them from the default of `{}`",
            words(&shown_table, &targets),
            old.name
        ));
    }
    Ok(part.then(Stage::at_once(Phase::Contract(1), contract, gates)))
}

/// Rows whose new columns are as they came into being, and would not be.
fn backfill(site: Site<'_>, table: &Relation, one: &Move<'_>) -> Backfill {
    let unset: Vec<String> = one.values.iter().map(|(column, _)| is_default(column, "")).collect();
    let given = one.values.iter().map(|(column, value)| match sync_body::default(column) {
        Some(default) if default.ends_with("::text") => format!("({value})::text IS DISTINCT FROM {default}"),
        Some(default) => format!("({value}) IS DISTINCT FROM {default}"),
        None => format!("({value}) IS NOT NULL"),
    });
    let given: Vec<String> = given.collect();
    let given = if given.len() == 1 { given.concat() } else { format!("({})", given.join(" OR ")) };
    let mut conditions = unset;
    // A value is asked for only where the UPDATE asks for it.
    conditions.push(match &one.pieces.condition {
        Some(condition) => format!("CASE WHEN {condition} THEN {given} END"),
        None => given,
    });
    let columns: Vec<&str> = one.values.iter().map(|(column, _)| column.name.as_str()).collect();
    Backfill {
        name: shadow::backfill_name(site, table, &columns.join("_")),
        table: sql_name(&table.name),
        alias: one.pieces.alias.clone(),
        key: key(table),
        set: one.pieces.set.clone(),
        from: None,
        condition: Some(conditions.join(" AND ")),
        batch: 1000,
        after: Vec::new(),
    }
}

/// Whether a new column has the value that it came into being with.
pub(super) fn is_default(column: &Column, of: &str) -> String {
    match sync_body::default(column) {
        Some(default) => format!("{} IS NOT DISTINCT FROM {default}", compared(column, of, &column.name)),
        None => format!("{of}{} IS NULL", quoted(&column.name)),
    }
}

fn title(table: &str, olds: &[&Column], targets: &[&Column]) -> String {
    let (old, new) = (words(table, olds), words(table, targets));
    match (olds.len(), targets.len()) {
        (1, 1) => format!("move {old} to {new}"),
        (1, _) => format!("split {old} into {new}"),
        (_, 1) => format!("merge {old} into {new}"),
        _ => format!("move {old} to {new}"),
    }
}

fn words(table: &str, columns: &[&Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| format!("{table}.{}", column.name)).collect();
    names.join(", ")
}
