//! A column becomes an identity, is one of another kind, or is none any more; its numbers go on behind the rows.

use super::Answer;
use crate::model::{Gate, Part, Phase, Stage};
use crate::names;
use crate::site::{Site, shown};
use crate::text;
use catalog::written::{literal, quoted, sql_name};
use catalog::{Change, Column, QName, Relation};
use facts::{BreakCause, Step};
use sql::{AlterAction, Stmt};

pub(super) fn make(site: Site<'_>) -> Answer {
    let Stmt::AlterTable(alter) = site.stmt()? else { return None };
    let [command] = alter.commands.as_slice() else { return None };
    let table = site.before().find_relation(&alter.name)?;
    let always = site.breaks(&[BreakCause::Generated]);
    match &command.action {
        AlterAction::AddIdentity { column, start, .. } => {
            let column = table.column(&column.text)?;
            let short = site.breaks(&[BreakCause::StartsOver]);
            (always || short).then(|| added(site, table, column, *start, short))
        }
        AlterAction::SetIdentity { column, always: Some(true) } if always => {
            let column = table.column(&column.text)?;
            let name = format!("{}.{}", shown(&table.name), column.name);
            let part = site.part("identity", format!("make {name} GENERATED ALWAYS"), REFUSED);
            Some(Ok(part.then(refusing(site, table, column, site.text().to_owned()))))
        }
        AlterAction::DropIdentity { column, .. } if site.breaks(&[BreakCause::DefaultDropped]) => {
            let name = format!("{}.{}", shown(&table.name), column.text);
            let why = "inserts of the deployed version leave the column to its numbers";
            let part = site.part("identity", format!("end the identity of {name}"), why);
            let gate = Gate::Deployed { migration: site.tag().to_owned() };
            let stage = Stage::later(Phase::Contract(1), vec![site.text().to_owned()], vec![gate]);
            Some(Ok(part.then(stage)))
        }
        _ => None,
    }
}

const REFUSED: &str =
    "GENERATED ALWAYS refuses values that are given, and the deployed version may give some";

/// ADD GENERATED: BY DEFAULT at first where the deployed version may give values, and behind all numbers that are
/// taken.
fn added(
    site: Site<'_>,
    table: &Relation,
    column: &Column,
    start: Option<i64>,
    short: bool,
) -> Result<Part, String> {
    let name = format!("{}.{}", shown(&table.name), column.name);
    let Some(sequence) = own_sequence(site, table, column) else {
        return Err(format!("the sequence of `{name}` is not known by its name"));
    };
    if counts_down(site.text()) {
        return Err(format!("the sequence of `{name}` counts down, and brolly can't tell where to begin"));
    }
    let refused = site.breaks(&[BreakCause::Generated]);
    let was = site.judged().start.relation(table.id).and_then(|start| start.column_by_id(column.id));
    if was.is_some_and(|was| !was.has_value_by_default()) && start.is_none_or(|start| start == 1) {
        return Err(format!(
            "the deployed version gives `{name}` its numbers, and the new one takes them from the sequence: while both run they meet. START WITH a number that the deployed version does not come to keeps them apart"
        ));
    }
    let why = match (short, refused) {
        (true, true) => format!("{BEHIND}; and {REFUSED}"),
        (true, false) => BEHIND.to_owned(),
        (false, _) => REFUSED.to_owned(),
    };
    let mut part = site.part("identity", format!("make {name} an identity"), why);
    let told = site.others().find(|(at, step)| *at > site.at && sets(step, &sequence));
    let told = told.filter(|(at, _)| !site.parts.iter().any(|part| part.statements.contains(at)));
    let mut numbers = Vec::new();
    if indexed(site, table, column) {
        numbers.push(behind(table, column));
    }
    let mut last = None;
    match old_sequence(site, table, column) {
        Some((old, Some((at, step)))) => {
            part.statements.push(at);
            let takes_default = |change: &Change| matches!(change, Change::DefaultDropped { .. });
            if step.changes.iter().any(takes_default) {
                let (table, column) = (sql_name(&table.name), quoted(&column.name));
                part = part.here(format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"));
            }
            // The counter is read before it goes, and its name may be wanted.
            let aside = match old == sequence {
                true => {
                    let known = [site.before(), site.after(), &*site.judged().end];
                    let aside = names::of_index(&known, site.parts, &old.schema, &old.name, "__old");
                    part =
                        part.here(format!("ALTER SEQUENCE {} RENAME TO {}", sql_name(&old), quoted(&aside)));
                    QName::new(&*old.schema, &*aside)
                }
                false => old,
            };
            numbers.push(going_on(&aside));
            last = Some(format!("DROP SEQUENCE {}", sql_name(&aside)));
        }
        Some((old, None)) => {
            numbers.push(going_on(&old));
            if site.judged().end.slot(&old).is_some() {
                part = part.advice(format!(
                    "sequence `{}` stays, as in the migration, and nothing uses it: DROP SEQUENCE takes it away",
                    shown(&old)
                ));
            }
        }
        None => {}
    }
    part = part.here(if refused { by_default(site.text()) } else { site.text().to_owned() });
    if !numbers.is_empty() && (short || told.is_none()) {
        part.statements.extend(told.map(|(at, _)| at));
        numbers.extend(start.filter(|start| *start != 1).map(|start| start.to_string()));
        part = part.here(set(&sequence, &numbers));
    } else if told.is_none() {
        part = part.advice(format!(
            "no index begins with `{name}`: its sequence begins as the migration says, whatever numbers rows have"
        ));
    }
    part.here.extend(last);
    if refused {
        let column_name = quoted(&column.name);
        let always =
            format!("ALTER TABLE {} ALTER COLUMN {column_name} SET GENERATED ALWAYS", sql_name(&table.name));
        part = part.then(refusing(site, table, column, always));
    }
    Ok(part)
}

const BEHIND: &str = "the new sequence knows nothing of the rows that are there, and would give their numbers again: it is set behind them while the table is locked";

/// SET GENERATED ALWAYS once nobody gives values, behind those that were given until then.
fn refusing(site: Site<'_>, table: &Relation, column: &Column, always: String) -> Stage {
    let mut sql = vec![always];
    if let Some(sequence) = own_sequence(site, table, column)
        && indexed(site, table, column)
    {
        sql.push(set(&sequence, &[behind(table, column), going_on(&sequence)]));
    }
    Stage::at_once(Phase::Contract(1), sql, vec![Gate::Deployed { migration: site.tag().to_owned() }])
}

/// The sequence that the identity has once the statement has run: of several the newest.
fn own_sequence(site: Site<'_>, table: &Relation, column: &Column) -> Option<QName> {
    let owned = site.after().sequences_of(table.id).filter(|one| one.owned_by == Some((table.id, column.id)));
    owned.max_by_key(|sequence| sequence.id).map(|sequence| sequence.name.clone())
}

/// The sequence that the column took its values from when the set began, and the statement before this one that
/// drops it.
fn old_sequence<'a>(
    site: Site<'a>,
    table: &Relation,
    column: &Column,
) -> Option<(QName, Option<(usize, &'a Step)>)> {
    let start = &site.judged().start;
    let owned = (table.id, column.id);
    let old = start.sequences_of(table.id).find(|sequence| sequence.owned_by == Some(owned))?;
    let drops =
        |change: &Change| matches!(change, Change::RelationDropped { relation, .. } if *relation == old.id);
    let gone = site.others().find(|(at, step)| *at < site.at && step.changes.iter().any(drops));
    let taken = |at: &usize| site.parts.iter().any(|part| part.statements.contains(at));
    match gone {
        Some((at, _)) if taken(&at) => None,
        gone => Some((old.name.clone(), gone)),
    }
}

/// Whether the highest value is found without reading the table.
fn indexed(site: Site<'_>, table: &Relation, column: &Column) -> bool {
    let mut all = table.indexes.iter().filter_map(|id| site.before().index(*id));
    all.any(|index| index.valid && !index.partial && index.keys.first() == Some(&Some(column.id)))
}

/// The first number behind those of all rows.
fn behind(table: &Relation, column: &Column) -> String {
    format!("coalesce((SELECT max({}) FROM {}), 0) + 1", quoted(&column.name), sql_name(&table.name))
}

/// The number that a sequence would give next.
fn going_on(sequence: &QName) -> String {
    format!("(SELECT last_value + is_called::integer FROM {})", sql_name(sequence))
}

/// What makes a sequence go on with the highest of some numbers.
fn set(sequence: &QName, numbers: &[String]) -> String {
    let first = match numbers {
        [one] => one.clone(),
        several => format!("greatest({})", several.join(", ")),
    };
    format!("SELECT setval({}, {first}, false)", literal(&sql_name(sequence)))
}

/// Whether a statement sets this sequence and does nothing else.
fn sets(step: &Step, sequence: &QName) -> bool {
    match step.statement.as_deref().map(|statement| &statement.stmt) {
        Some(Stmt::Query(query)) => query.uses.functions.iter().any(|call| {
            let named = call.strings.first().and_then(Option::as_ref);
            call.name.name == "setval" && named.is_some_and(|name| name.contains(&*sequence.name))
        }),
        Some(Stmt::AlterSequence(alter)) => alter.name.name == sequence.name,
        _ => false,
    }
}

/// ADD GENERATED ALWAYS as BY DEFAULT.
fn by_default(statement: &str) -> String {
    let tokens = text::code(statement);
    let generated = text::word(statement, &tokens, "GENERATED", 0);
    let always = generated.and_then(|from| text::word(statement, &tokens, "ALWAYS", from));
    match always {
        Some(at) => text::with(statement, vec![(tokens[at].span, "BY DEFAULT".to_owned())]),
        None => statement.to_owned(),
    }
}

fn counts_down(statement: &str) -> bool {
    let tokens = text::code(statement);
    let Some(at) = text::word(statement, &tokens, "INCREMENT", 0) else { return false };
    tokens.iter().skip(at + 1).take(2).any(|token| token.span.of(statement).starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::{by_default, counts_down};

    #[test]
    fn words_of_an_identity() {
        let up = "ALTER TABLE t ALTER COLUMN \"always\" ADD GENERATED ALWAYS AS IDENTITY (INCREMENT BY 2)";
        let expected =
            "ALTER TABLE t ALTER COLUMN \"always\" ADD GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY 2)";
        assert_eq!(by_default(up), expected);
        assert!(!counts_down(up));
        assert!(counts_down(&up.replace("BY 2", "BY -2")));
    }
}
