//! The body of a trigger that fills new columns from old ones, and old ones from new ones where that is known. No recipe
//! by itself: the one for split and merged columns is made of it.

use super::rename_column::compared;
use super::shadow::of_row;
use super::split_merge::is_default;
use crate::site::{Site, shown};
use crate::text::code;
use crate::touching;
use catalog::written::quoted;
use catalog::{Column, Relation};
use sql::Shape;

/// What one UPDATE does to a row.
pub(super) struct Filled<'a> {
    /// New columns, each with its value as it is written.
    pub values: &'a [(&'a Column, &'a str)],
    /// The columns that the values are made of.
    pub sources: &'a [&'a Column],
    /// Which rows it is about.
    pub condition: Option<&'a str>,
    /// The name that the row goes by in values and condition, where that is not the table's.
    pub called: Option<&'a str>,
}

/// Old columns with what gives their value back: what was said with `--value`, or the new column that is a copy.
pub(super) fn backs<'a>(
    site: Site<'_>,
    table: &Relation,
    olds: &[&'a Column],
    values: &[(&Column, &str)],
) -> Vec<(&'a Column, String)> {
    let copy = |old: &Column| {
        let is_copy = |value: &str| {
            sql::parse_expression(value).is_some_and(|expr| {
                matches!(expr.shape, Shape::Column { .. })
                    && expr.uses.columns.iter().any(|used| used.name.as_deref() == Some(&*old.name))
            })
        };
        let copied = values.iter().find(|(column, value)| column.ty == old.ty && is_copy(value));
        copied.map(|(column, _)| quoted(&column.name))
    };
    let back = |old: &&'a Column| {
        let said = site.value(&table.name, &old.name).map(str::to_owned);
        said.or_else(|| copy(old)).map(|value| (*old, value))
    };
    olds.iter().filter_map(back).collect()
}

/// The body.
pub(super) fn body(
    table: &Relation,
    each: &[Filled<'_>],
    olds: &[&Column],
    back: &[(&Column, String)],
) -> Result<String, String> {
    let targets: Vec<&Column> = each.iter().flat_map(|one| one.values).map(|(column, _)| *column).collect();
    let any = |columns: &[&Column]| list(columns.iter().map(|column| changed(column)), " OR ");
    // Only the new version gives the new columns values.
    let unset = list(targets.iter().map(|column| is_default(column, "NEW.")), " AND ");
    let theirs = format!("({}) AND NOT ({})", any(&targets), any(olds));
    let (mut inserted, mut updated, mut is_caught) = (Vec::new(), Vec::new(), false);
    for filled in each {
        let (gone, kept): (Vec<&Column>, Vec<&Column>) =
            filled.sources.iter().partition(|source| olds.iter().any(|old| old.id == source.id));
        let given = list(gone.iter().map(|old| format!("NEW.{} IS NOT NULL", quoted(&old.name))), " OR ");
        let mut turned = any(&gone);
        if !kept.is_empty() {
            is_caught = true;
            turned = format!("{turned} OR (({}) AND {})", any(&kept), computed(table, filled, "OLD.")?);
        }
        inserted.extend(nested(format!("IF {given} THEN"), assigned(table, filled, false)?, "END IF;"));
        updated.extend(nested(format!("IF {turned} THEN"), assigned(table, filled, true)?, "END IF;"));
    }
    let set = given_back(table, back)?;
    let mut lines = vec!["IF TG_OP = 'INSERT' THEN".to_owned()];
    if set.is_empty() {
        lines.extend(inside(nested(format!("IF {unset} THEN"), inserted, "END IF;")));
        lines.push("ELSE".to_owned());
        lines.extend(inside(nested(format!("IF NOT ({theirs}) THEN"), updated, "END IF;")));
    } else {
        // The backfill changes new columns too, to what the old ones come to.
        is_caught = true;
        let given = |filled: &Filled<'_>| {
            let own: Vec<&Column> = filled.values.iter().map(|(column, _)| *column).collect();
            Ok(format!("(({}) AND NOT ({}))", any(&own), computed(table, filled, "NEW.")?))
        };
        let given: Result<Vec<String>, String> = each.iter().map(given).collect();
        let theirs_alone = format!("IF {} THEN", given?.join(" OR "));
        lines.extend(inside(nested(format!("IF {unset} THEN"), inserted, "ELSE")));
        lines.extend(inside(inside(set.clone())));
        lines.extend(["  END IF;".to_owned(), "ELSE".to_owned()]);
        let set = nested(theirs_alone, set, "END IF;");
        lines.extend(inside(nested(format!("IF {theirs} THEN"), set, "ELSE")));
        lines.extend(inside(inside(updated)));
        lines.push("  END IF;".to_owned());
    }
    lines.extend(["END IF;".to_owned(), "RETURN NEW;".to_owned()]);
    let end = if is_caught { vec![CAUGHT.to_owned(), "  RETURN NEW;".to_owned()] } else { Vec::new() };
    let lines = nested("BEGIN".to_owned(), lines, "");
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).chain(end).collect();
    let text = lines.join("\n");
    let head = if text.contains(ROW) { "#variable_conflict use_column\n" } else { "" };
    Ok(format!("$$\n{head}{text}\nEND\n$$"))
}

/// The old columns from the new ones, which may not be possible.
fn given_back(table: &Relation, back: &[(&Column, String)]) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for (old, value) in back {
        let Some(value) = of_row(value, "NEW.", &[&table.name.name]) else {
            let column = format!("{}.{}", shown(&table.name), old.name);
            return Err(format!("`--value {column}={value}`: it has to be made of columns of the row"));
        };
        lines.push(format!("NEW.{} := {value};", quoted(&old.name)));
    }
    Ok(lines)
}

/// A value that can't be had is no reason to refuse the row.
const CAUGHT: &str = "EXCEPTION WHEN others THEN";

fn nested(head: String, lines: Vec<String>, end: &str) -> Vec<String> {
    let mut all = vec![head];
    all.extend(inside(lines));
    all.push(end.to_owned());
    all
}

fn inside(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// The row as a table, for values that name it.
const ROW: &str = "(SELECT (NEW).*)";

fn list(conditions: impl Iterator<Item = String>, word: &str) -> String {
    conditions.collect::<Vec<_>>().join(word)
}

/// Whether the new columns hold what the old ones come to: what the new version gave stays.
fn computed(table: &Relation, filled: &Filled<'_>, row: &str) -> Result<String, String> {
    let asked = |text: &str| {
        let names_new = filled.values.iter().any(|(column, _)| touching::says(text, &column.name));
        let asked = filled.of_row(table, text, row).filter(|_| !names_new);
        asked.ok_or_else(|| format!("`{text}` can't be asked of a row in a trigger"))
    };
    let condition = filled.condition.map(asked).transpose()?;
    let mut same = Vec::new();
    for (column, value) in filled.values {
        let mut before = asked(value)?;
        if let Some(condition) = &condition {
            let default = column.default.as_ref().map_or("NULL", |default| &default.text);
            before = format!("CASE WHEN {condition} THEN {before} ELSE {default} END");
        }
        let cast = if is_compared_as_text(column) { "::text" } else { "" };
        let now = compared(column, row, &column.name);
        same.push(format!("{now} IS NOT DISTINCT FROM ({before}){cast}"));
    }
    Ok(same.join(" AND "))
}

impl Filled<'_> {
    fn of_row(&self, table: &Relation, text: &str, row: &str) -> Option<String> {
        let called = self.called.map(|name| name.trim_matches('"')).unwrap_or(&table.name.name);
        of_row(text, row, &[called])
    }
}

fn changed(column: &Column) -> String {
    format!(
        "{} IS DISTINCT FROM {}",
        compared(column, "NEW.", &column.name),
        compared(column, "OLD.", &column.name)
    )
}

/// The statements that give the new columns their values, anew where the row was there before.
fn assigned(table: &Relation, filled: &Filled<'_>, anew: bool) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for (column, value) in filled.values {
        let value = match filled.of_row(table, value, "NEW.") {
            Some(value) => value,
            None => {
                let row = filled.called.map_or_else(|| quoted(&table.name.name), str::to_owned);
                format!("(SELECT {value} FROM {ROW} AS {row})")
            }
        };
        let value = match default(column).filter(|_| column.not_null) {
            Some(default) => format!("coalesce({value}, {default})"),
            None => value,
        };
        lines.push(format!("NEW.{} := {value};", quoted(&column.name)));
    }
    let resets: Vec<String> = filled.values.iter().map(|(column, _)| reset(column)).collect();
    if let Some(condition) = filled.condition {
        let Some(asked) = filled.of_row(table, condition, "NEW.") else {
            return Err(format!("`{condition}` can't be asked of a row in a trigger"));
        };
        lines = nested(format!("IF {asked} THEN"), lines, "END IF;");
        if anew {
            lines.splice(0..0, resets.clone());
        }
    }
    let mut all = nested("BEGIN".to_owned(), lines, CAUGHT);
    all.extend(inside(resets));
    all.push("END;".to_owned());
    Ok(all)
}

/// A new column as it came into being.
fn reset(column: &Column) -> String {
    let default = column.default.as_ref().map_or("NULL", |default| &default.text);
    format!("NEW.{} := {default};", quoted(&column.name))
}

fn is_compared_as_text(column: &Column) -> bool {
    compared(column, "", &column.name).ends_with("::text")
}

/// The default of a new column as SQL, as comparisons need it.
pub(super) fn default(column: &Column) -> Option<String> {
    let text = &column.default.as_ref()?.text;
    Some(match (is_compared_as_text(column), code(text).len() == 1) {
        (true, _) => format!("({text})::text"),
        (false, true) => text.to_string(),
        (false, false) => format!("({text})"),
    })
}
