//! A column of another type beside the one that is there: a trigger fills it, a backfill catches up, and in one
//! transaction the two change places. No recipe by itself; those for types and enums are made of it.

use super::set_not_null;
use crate::model::{Backfill, Followers, Gate, Part, Phase, Stage};
use crate::names;
use crate::site::key;
use crate::site::{Site, shown};
use crate::text;
use crate::touching;
use catalog::written::{quoted, sql_name};
use catalog::{Catalog, Column, QName, Relation, RelationKind};
use source::Span;

/// What is asked for.
pub(super) struct Shadow<'a> {
    /// The statement.
    pub site: Site<'a>,
    /// The table before the change.
    pub table: &'a Relation,
    /// The column before the change.
    pub column: &'a Column,
    /// The column after it.
    pub target: &'a Column,
    /// The new type as SQL, with a collation.
    pub ty: String,
    /// The new value, as an expression over the table's columns.
    pub value: String,
    /// Whether the value can be NULL where the column is not.
    pub nulls: bool,
    /// Whether there may be no new value.
    pub fails: bool,
    /// When the columns change places.
    pub phase: Phase,
    /// Whether every deployed version has to have the migration before.
    pub deployed: bool,
    /// Statements that are part of the change; the first gives the place.
    pub statements: Vec<usize>,
}

/// Names that are used for a while.
pub(super) struct Names {
    /// The new column before the columns change places.
    pub new: String,
    /// The old one after it.
    pub old: String,
    /// The trigger and its function.
    pub function: String,
}

impl Shadow<'_> {
    /// The schema when the set has run.
    pub fn end(&self) -> &Catalog {
        &self.site.judged().end
    }

    /// The table when the set has run.
    pub fn last(&self) -> Option<&Relation> {
        self.end().relation(self.table.id).map(|last| &**last)
    }
}

/// The path.
pub(super) fn path(
    shadow: &Shadow<'_>,
    recipe: &'static str,
    title: String,
    why: String,
) -> Result<Part, String> {
    let (site, table, column) = (shadow.site, shadow.table, shadow.column);
    let name = format!("{}.{}", shown(&table.name), column.name);
    if let Some(why) = refused(shadow) {
        return Err(format!("`{name}` can't have a second column beside it: {why}"));
    }
    let Some(last) = shadow.last() else { return Err(format!("`{name}` goes in the same set")) };
    let known = [site.before(), shadow.end()];
    let stem = format!("{}{}_{}", first_letters(table), table.name.name, column.name);
    let names = Names {
        new: names::of_column(&known, table, &column.name, "__new"),
        old: names::of_column(&known, table, &column.name, "__old"),
        function: names::of_function(&known, site.parts, &table.name.schema, &stem, "__sync"),
    };
    let (relation, moved) = (sql_name(&table.name), sql_name(&last.name));
    let own = sql_name(&QName::new(&*table.name.schema, &*names.function));
    let (now, new) = (quoted(&column.name), quoted(&names.new));
    let fresh = match shadow.nulls {
        true => format!("{new} IS NULL AND ({}) IS NOT NULL", shadow.value),
        false => format!("{new} IS NULL AND {now} IS NOT NULL"),
    };
    let backfill = Backfill {
        name: backfill_name(site, table, &column.name),
        table: relation.clone(),
        alias: None,
        key: key(table),
        set: format!("{new} = {}", shadow.value),
        from: None,
        condition: Some(fresh.clone()),
        batch: 1000,
        after: Vec::new(),
    };
    let mut gates = vec![
        Gate::Backfilled { backfill: backfill.name.clone() },
        Gate::NoRows { table: moved.clone(), condition: fresh },
    ];
    if shadow.deployed {
        gates.push(Gate::Deployed { migration: site.tag().to_owned() });
    }
    let switch = super::switch::switch(shadow, last, &names)?;
    let mut part = site.part(recipe, title, why);
    part.statements.clone_from(&shadow.statements);
    part = part
        .here(format!("ALTER TABLE {relation} ADD COLUMN {new} {}", shadow.ty))
        .here(format!("CREATE FUNCTION {own}() RETURNS trigger LANGUAGE plpgsql AS {}", body(shadow, &names)))
        .here(format!(
            "CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON {relation} FOR EACH ROW EXECUTE FUNCTION {own}()",
            quoted(&names.function)
        ));
    if !switch.copies.is_empty() {
        part = part.then(Stage::outside(switch.copies));
    }
    let mut waits = gates.clone();
    let required = column.not_null && last.column_by_id(column.id).is_some_and(|last| last.not_null);
    if required {
        part = part.then_all(set_not_null::stages(&site, last, &names.new, shadow.phase, &waits));
        waits = Vec::new();
    }
    part = part.then(Stage::at_once(shadow.phase, switch.inside, waits));
    if !switch.outside.is_empty() {
        part = part.then(Stage::later(shadow.phase, switch.outside, Vec::new()).apart());
    }
    let drop = format!("ALTER TABLE {moved} DROP COLUMN {}", quoted(&names.old));
    part = part.then(Stage::later(shadow.phase.next(), vec![drop], Vec::new()));
    let followers = followers(shadow)?;
    if !followers.is_empty() {
        part.followers = Some(Followers { statements: followers, phase: shadow.phase, gates: gates.clone() });
    }
    part.backfill = Some(backfill);
    part.advice = switch.advice;
    if shadow.deployed {
        part = part.advice(format!(
            "the new version serves traffic before `{name}` has its new type: let it write and read what both types hold until then"
        ));
    }
    Ok(part)
}

/// Why a column can't have another beside it that takes its place.
fn refused(shadow: &Shadow<'_>) -> Option<String> {
    let (table, column) = (shadow.table, shadow.column);
    if column.generated.is_some() {
        return Some("it is generated".to_owned());
    }
    if table.kind == RelationKind::Partitioned {
        return Some(
            "the table is partitioned, and neither CONCURRENTLY nor USING INDEX works there".to_owned(),
        );
    }
    let taken = |at: &usize| shadow.site.parts.iter().any(|part| part.statements.contains(at));
    if shadow.statements.iter().any(taken) {
        return Some("another change of the set takes a statement of this one".to_owned());
    }
    untriggered(table)
        .or_else(|| touching::unmoved(shadow.site.before(), table, column.id))
        .or_else(|| touching::unmoved(shadow.end(), shadow.last()?, column.id))
}

/// Why a trigger on a table would not see all rows.
pub(super) fn untriggered(table: &Relation) -> Option<String> {
    if table.kind == RelationKind::Foreign {
        return Some("the table is a foreign one".to_owned());
    }
    if table.partition || !table.parents.is_empty() {
        return Some("the table belongs to another one".to_owned());
    }
    let inherited = table.kind != RelationKind::Partitioned && !table.children.is_empty();
    inherited.then(|| "other tables inherit from it, and a trigger does not see their rows".to_owned())
}

/// BEFORE triggers run in the order of their names: one that reads what others have set comes last.
pub(super) fn first_letters(table: &Relation) -> &'static str {
    let others = table.triggers.iter().any(|trigger| trigger.before);
    if others { "zz_" } else { "" }
}

/// The name of the backfill of a column.
pub(super) fn backfill_name(site: Site<'_>, table: &Relation, column: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '_' };
    let words: String = format!("{}_{column}", table.name.name).chars().map(plain).take(50).collect();
    let wanted = format!("{}.{words}", site.tag());
    let taken = site.parts.iter().filter_map(|part| part.backfill.as_ref());
    match taken.filter(|other| other.name.starts_with(&wanted)).count() {
        0 => wanted,
        n => format!("{wanted}_{}", n + 1),
    }
}

/// Later statements that are about the column.
fn followers(shadow: &Shadow<'_>) -> Result<Vec<usize>, String> {
    let (site, column) = (shadow.site, shadow.column);
    let mut found = Vec::new();
    let after = shadow.statements.iter().max().copied().unwrap_or(site.at);
    for (at, step) in site.others().filter(|(at, _)| !shadow.statements.contains(at)) {
        let lifted = |change: &catalog::Change| matches!(change, catalog::Change::NotNullDropped { .. });
        if !touching::is_about(step, shadow.table.id, column.id) || step.changes.iter().all(lifted) {
            continue;
        }
        if at < after && at < site.at {
            continue;
        }
        if let Some(word) = step.changes.iter().find_map(guards) {
            return Err(format!(
                "`{}.{}`: a {word} of the set depends on the column, was dropped before, and would be missing until the columns change places",
                shown(&shadow.table.name),
                column.name
            ));
        }
        found.push(at);
    }
    Ok(found)
}

/// What must not be missing for some deploys.
fn guards(change: &catalog::Change) -> Option<&'static str> {
    match change {
        catalog::Change::PolicySet { .. } => Some("policy"),
        catalog::Change::TriggerCreated { .. } => Some("trigger"),
        catalog::Change::ViewReplaced { .. } | catalog::Change::RelationCreated { .. } => Some("view"),
        _ => None,
    }
}

/// The body of the trigger's function: one way, from the column to the new one.
fn body(shadow: &Shadow<'_>, names: &Names) -> String {
    let new = quoted(&names.new);
    let (head, set) = match of_row(&shadow.value, "NEW.", &[]) {
        Some(value) => ("", format!("NEW.{new} := {value};")),
        None => {
            let row = quoted(&shadow.table.name.name);
            let value = &shadow.value;
            let head = "#variable_conflict use_column\n";
            (head, format!("SELECT {value} INTO NEW.{new} FROM (SELECT (NEW).*) AS {row};"))
        }
    };
    // A value that does not fit is no reason to refuse the row: it waits for somebody to look at it.
    let caught = match shadow.fails {
        true => format!("EXCEPTION WHEN others THEN\n  NEW.{new} := NULL;\n  RETURN NEW;\n"),
        false => String::new(),
    };
    format!("$$\n{head}BEGIN\n  {set}\n  RETURN NEW;\n{caught}END\n$$")
}

/// An expression over columns as one over a row of a trigger, `NEW.` or `OLD.`. The table goes by one of the names
/// `called`. `None` where a name in it may be something else.
pub(super) fn of_row(value: &str, row: &str, called: &[&str]) -> Option<String> {
    let expr = sql::parse_expression(value)?;
    if !expr.uses.queries.is_empty() {
        return None;
    }
    let mut edits = Vec::new();
    for used in &expr.uses.columns {
        let name = used.name.as_deref()?;
        let written = value.get(used.span.start as usize..used.span.end as usize)?;
        let written = match used.qualifier.as_slice() {
            [] => written,
            [table] if called.contains(&table.as_str()) => written.rsplit_once('.')?.1.trim_start(),
            _ => return None,
        };
        if written != name && written != quoted(name) && written.to_lowercase() != name {
            return None;
        }
        edits.push((
            Span::new(used.span.start as usize, used.span.end as usize),
            format!("{row}{}", quoted(name)),
        ));
    }
    Some(text::with(value, edits))
}

#[cfg(test)]
mod tests {
    use super::of_row;

    #[test]
    fn values_of_a_row() {
        assert_eq!(of_row("\"age\"::integer", "NEW.", &[]).as_deref(), Some("NEW.\"age\"::integer"));
        assert_eq!(of_row("coalesce(Age, 0)", "NEW.", &[]).as_deref(), Some("coalesce(NEW.\"age\", 0)"));
        assert_eq!(of_row("(SELECT max(a) FROM t)", "NEW.", &[]), None);
        assert_eq!(of_row("t.age", "NEW.", &[]), None);
        assert_eq!(of_row("t.\"Age\" + 1", "OLD.", &["t"]).as_deref(), Some("OLD.\"Age\" + 1"));
    }
}
