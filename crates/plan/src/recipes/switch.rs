//! The transaction in which a column and the one beside it change places, with all that goes with the column.

use super::set_not_null::not_null_name;
use super::shadow::{Names, Shadow};
use crate::names;
use crate::site::shown;
use crate::touching::constrains;
use catalog::written::{constraint_definition, index_definition, quoted, sql_name, sql_type};
use catalog::{Column, ColumnId, Constraint, ConstraintKind, Identity, Index, QName, Relation, apply};

/// The statements.
#[derive(Default)]
pub(super) struct Switch {
    /// Indexes on the new column, built before.
    pub copies: Vec<String>,
    /// The transaction.
    pub inside: Vec<String>,
    /// What is checked and built after it.
    pub outside: Vec<String>,
    /// What people have to know.
    pub advice: Vec<String>,
}

/// All of it.
pub(super) fn switch(shadow: &Shadow<'_>, last: &Relation, names: &Names) -> Result<Switch, String> {
    let mut out = Switch::default();
    let table = sql_name(&last.name);
    let own = sql_name(&QName::new(&*shadow.table.name.schema, &*names.function));
    out.inside.push(format!("DROP TRIGGER {} ON {table}", quoted(&names.function)));
    out.inside.push(format!("DROP FUNCTION {own}()"));
    let constraints = constraints(shadow);
    // Foreign keys first: they hold on to the keys.
    let mut order: Vec<&(&Relation, &Constraint)> = constraints.iter().collect();
    order.sort_by_key(|(_, constraint)| !matches!(constraint.kind, ConstraintKind::ForeignKey { .. }));
    for (owner, constraint) in &order {
        let owner = sql_name(&owner.name);
        out.inside.push(format!("ALTER TABLE {owner} DROP CONSTRAINT {}", quoted(&constraint.name)));
    }
    let (name, old, new) = (quoted(&shadow.column.name), quoted(&names.old), quoted(&names.new));
    let mut renames = Vec::new();
    let mut keys = Vec::new();
    indexes(shadow, last, names, &mut out, &mut renames, &mut keys)?;
    out.inside.push(format!("ALTER TABLE {table} RENAME COLUMN {name} TO {old}"));
    out.inside.push(format!("ALTER TABLE {table} RENAME COLUMN {new} TO {name}"));
    defaults(shadow, &table, names, &mut out);
    // Behind DROP IDENTITY, which holds on to it.
    if shadow.column.not_null {
        out.inside.push(format!("ALTER TABLE {table} ALTER COLUMN {old} DROP NOT NULL"));
        out.inside.extend(name_of_not_null(shadow, last, names));
    }
    out.inside.append(&mut renames);
    out.inside.append(&mut keys);
    for (owner, constraint) in order.iter().rev() {
        if constraint.index().is_some() {
            continue;
        }
        let now = shadow.end().relation(owner.id).and_then(|owner| owner.constraint(&constraint.name));
        let written = now.and_then(|now| constraint_definition(shadow.end(), owner, now));
        let Some(written) = written else {
            return Err(format!(
                "{} `{}` of `{}` can't be written anew from what is known of it",
                constraint.noun(),
                constraint.name,
                shown(&owner.name)
            ));
        };
        let (owner, name) = (sql_name(&owner.name), quoted(&constraint.name));
        let not_valid = if written.ends_with("NOT VALID") { "" } else { " NOT VALID" };
        out.inside.push(format!("ALTER TABLE {owner} ADD CONSTRAINT {name} {written}{not_valid}"));
        if not_valid.is_empty() {
            continue;
        }
        out.outside.push(format!("ALTER TABLE {owner} VALIDATE CONSTRAINT {name}"));
    }
    Ok(out)
}

/// From 18 on NOT NULL is a constraint with a name, which goes over to the new column too.
fn name_of_not_null(shadow: &Shadow<'_>, last: &Relation, names: &Names) -> Option<String> {
    let then = last.not_null_name(last.column_by_id(shadow.column.id)?)?;
    if shadow.site.analysis.options.version.0 < 18 {
        return None;
    }
    let now = not_null_name(last, &names.new);
    let table = sql_name(&last.name);
    Some(format!("ALTER TABLE {table} RENAME CONSTRAINT {} TO {}", quoted(&now), quoted(&then)))
}

/// Constraints that are about the column, before the change and when the set has run.
fn constraints<'s>(shadow: &'s Shadow<'_>) -> Vec<(&'s Relation, &'s Constraint)> {
    let (id, column) = (shadow.table.id, shadow.column.id);
    let mut found = Vec::new();
    for owner in shadow.end().relations() {
        let Some(before) = shadow.site.before().relation(owner.id) else { continue };
        for constraint in &owner.constraints {
            let was = before.constraint(&constraint.name);
            let kept = was.is_some_and(|was| constrains(before.id, was, id, column));
            if kept && constrains(owner.id, constraint, id, column) {
                found.push((&**owner, constraint));
            }
        }
    }
    found
}

/// Indexes of the column: a copy each that takes the name over, and for keys the constraint.
fn indexes(
    shadow: &Shadow<'_>,
    last: &Relation,
    names: &Names,
    out: &mut Switch,
    renames: &mut Vec<String>,
    keys: &mut Vec<String>,
) -> Result<(), String> {
    let (site, end, column) = (shadow.site, shadow.end(), shadow.column.id);
    let table = sql_name(&last.name);
    // The table as it is while both columns are there.
    let mut both = catalog::Catalog::clone(end);
    let add = format!("ALTER TABLE {table} ADD COLUMN {} {}", quoted(&names.new), shadow.ty);
    for statement in sql::parse(&add, 0).statements {
        apply(&mut both, &statement.stmt);
    }
    let beside = both.relation(last.id).and_then(|table| table.column(&names.new)).map(|column| column.id);
    let Some(beside) = beside else { return Err("the new column can't be written".to_owned()) };
    let kept = last.indexes.iter().filter_map(|id| end.index(*id));
    for index in kept.filter(|index| site.before().index(index.id).is_some()) {
        let key = index.keys.contains(&Some(column)) || index.include.contains(&column);
        if !key && !index.depends.contains(&column) {
            continue;
        }
        let (schema, name) = (&index.name.schema, &index.name.name);
        let temporary = names::of_index(&[site.before(), end], site.parts, schema, name, "__new");
        let moved = |ids: &[ColumnId]| -> Vec<ColumnId> {
            ids.iter().map(|id| if *id == column { beside } else { *id }).collect()
        };
        let mut copy = Index {
            name: QName::new(&**schema, &*temporary),
            keys: index
                .keys
                .iter()
                .map(|key| if *key == Some(column) { Some(beside) } else { *key })
                .collect(),
            depends: moved(&index.depends),
            include: moved(&index.include),
            constraint: false,
            valid: true,
            ..(**index).clone()
        };
        let unknown = || format!("index `{name}` can't be written anew from what is known of it");
        let in_terms = names_column(index, &shadow.column.name);
        if in_terms && index.constraint {
            return Err(unknown());
        }
        if in_terms {
            // The expression has the column by its name, which it gets at the switch.
            copy.name = index.name.clone();
            copy.keys.clone_from(&index.keys);
            copy.depends.clone_from(&index.depends);
            copy.include.clone_from(&index.include);
            let written = index_definition(end, &copy, true).ok_or_else(unknown)?;
            let aside = names::of_index(&[site.before(), end], site.parts, schema, name, "__old");
            renames.push(format!("ALTER INDEX {} RENAME TO {}", sql_name(&index.name), quoted(&aside)));
            out.outside.push(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(&index.name)));
            out.outside.push(written);
            out.advice.push(format!(
                "index `{name}` is built after the columns change places: until then reads go without it{}",
                if index.unique { ", and so does ON CONFLICT" } else { "" }
            ));
            continue;
        }
        // Operator classes go with the type.
        if copy.orders.iter().any(|order| order.operator_class.is_some()) {
            return Err(format!("index `{name}` has an operator class, which may not fit the new type"));
        }
        let written = index_definition(&both, &copy, true).ok_or_else(unknown)?;
        out.copies.push(format!("DROP INDEX CONCURRENTLY IF EXISTS {}", sql_name(&copy.name)));
        out.copies.push(written);
        match last.constraints.iter().find(|constraint| constraint.index() == Some(index.id)) {
            Some(constraint) => {
                let kind = match constraint.kind {
                    ConstraintKind::PrimaryKey(_) => "PRIMARY KEY",
                    _ => "UNIQUE",
                };
                let deferrable = if constraint.deferrable { " DEFERRABLE" } else { "" };
                let (constraint, temporary) = (quoted(&constraint.name), quoted(&temporary));
                keys.push(format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {constraint} {kind} USING INDEX {temporary}{deferrable}"
                ));
            }
            None => {
                let aside = names::of_index(&[site.before(), end], site.parts, schema, name, "__old");
                renames.push(format!("ALTER INDEX {} RENAME TO {}", sql_name(&index.name), quoted(&aside)));
                renames.push(format!("ALTER INDEX {} RENAME TO {}", sql_name(&copy.name), quoted(name)));
            }
        }
    }
    Ok(())
}

/// Whether an expression or the predicate of an index names the column.
fn names_column(index: &Index, name: &str) -> bool {
    let mut expressions = index.terms.iter().chain(&index.filter);
    expressions.any(|expr| expr.uses.columns.iter().any(|used| used.name.as_deref() == Some(name)))
}

/// Default, sequence and identity go over to the new column.
fn defaults(shadow: &Shadow<'_>, table: &str, names: &Names, out: &mut Switch) {
    let (old, name) = (quoted(&names.old), quoted(&shadow.column.name));
    let alter = |column: &str, action: String| format!("ALTER TABLE {table} ALTER COLUMN {column} {action}");
    let sequence = shadow
        .end()
        .relations()
        .find(|relation| relation.owned_by == Some((shadow.table.id, shadow.column.id)));
    if let Some(identity) = shadow.column.identity {
        let Some(sequence) = sequence else { return };
        let temporary = names::of_index(
            &[shadow.site.before(), shadow.end()],
            shadow.site.parts,
            &sequence.name.schema,
            &sequence.name.name,
            "__new",
        );
        let fresh = QName::new(&*sequence.name.schema, &*temporary);
        let (fresh, counted) = (sql_name(&fresh), sql_name(&sequence.name));
        if shadow.target.identity.is_some() {
            let kind = match shadow.target.identity.unwrap_or(identity) {
                Identity::Always => "ALWAYS",
                Identity::ByDefault => "BY DEFAULT",
            };
            out.inside
                .push(alter(&name, format!("ADD GENERATED {kind} AS IDENTITY (SEQUENCE NAME {fresh})")));
            out.inside.push(format!(
                "SELECT setval({}, last_value, is_called) FROM {counted}",
                catalog::written::literal(&fresh)
            ));
        }
        out.inside.push(alter(&old, "DROP IDENTITY".to_owned()));
        if shadow.target.identity.is_some() {
            out.inside.push(format!("ALTER SEQUENCE {fresh} RENAME TO {}", quoted(&sequence.name.name)));
            out.advice.push(format!(
                "sequence `{}` is made anew and goes on where it was; what it was told beside that (INCREMENT, CACHE ..) is not known here",
                sequence.name.name
            ));
        }
        return;
    }
    if shadow.column.default.is_some() {
        out.inside.push(alter(&old, "DROP DEFAULT".to_owned()));
    }
    if let Some(default) = &shadow.target.default {
        out.inside.push(alter(&name, format!("SET DEFAULT {}", default.text)));
    }
    if let Some(sequence) = sequence {
        out.inside.push(format!("ALTER SEQUENCE {} OWNED BY {table}.{name}", sql_name(&sequence.name)));
    }
}

/// The type of a column as SQL, with its collation.
pub(super) fn type_of(catalog: &catalog::Catalog, column: &Column) -> Option<String> {
    let ty = sql_type(catalog, &column.ty)?;
    Some(match &column.collation {
        Some(collation) => format!("{ty} COLLATE {}", quoted(collation)),
        None => ty,
    })
}
