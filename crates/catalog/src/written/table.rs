//! Columns and constraints.

use super::object::is_qualified_otherwise;
use super::{column_list, quoted, sql_name, sql_type};
use crate::names::object_name;
use crate::{
    Catalog, Column, ColumnId, Constraint, ConstraintKind, Identity, Relation, RelationKind, TypeRef,
};
use sql::Expr;

/// A column as it would be written in `CREATE TABLE` or behind `ADD COLUMN`, with collation, default, NOT NULL,
/// identity and generation, but without constraints of other kinds.
///
/// What an identity's or a serial's sequence counts by is not held, nor where it stands.
pub fn column_definition(catalog: &Catalog, relation: &Relation, column: &Column) -> Option<String> {
    let name = quoted(&column.name);
    if let Some(serial) = is_serial(catalog, relation, column) {
        // NOT NULL goes without saying.
        return column.not_null.then(|| format!("{name} {serial}"));
    }
    let mut text = format!("{name} {}", sql_type(catalog, &column.ty)?);
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {}", quoted(collation)));
    }
    if let Some(generated) = &column.generated {
        let stored = if generated.stored { "STORED" } else { "VIRTUAL" };
        let expr = fresh(relation, &generated.expr, None)?;
        text.push_str(&format!(" GENERATED ALWAYS AS ({expr}) {stored}"));
    } else if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {}", default_text(catalog, default)?));
    }
    if let Some(identity) = column.identity {
        text.push_str(&format!(" {}", identity_words(catalog, relation, column, identity)));
    }
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    Some(text)
}

/// `smallserial`, `serial` or `bigserial`, where that is what makes a column such as this one, with its sequence.
pub fn is_serial(catalog: &Catalog, relation: &Relation, column: &Column) -> Option<&'static str> {
    let word = match &column.ty.base {
        TypeRef::Builtin(name) if !column.ty.array && column.identity.is_none() => match name.as_str() {
            "int2" => "smallserial",
            "int4" => "serial",
            "int8" => "bigserial",
            _ => return None,
        },
        _ => return None,
    };
    let default = column.default.as_ref()?;
    let wanted = object_name(&relation.name.name, &column.name, "seq");
    let sequence = catalog.sequences_of(relation.id).find(|sequence| {
        sequence.owned_by == Some((relation.id, column.id))
            && sequence.name.name == wanted
            && sequence.name.schema == relation.name.schema
    })?;
    let call = default.uses.functions.iter().find(|call| call.name.name == "nextval")?;
    let argument = call.strings.first()?.as_deref()?;
    let bare = argument.rsplit('.').next().unwrap_or(argument).trim_matches('"');
    (bare == sequence.name.name && matches!(default.shape, sql::Shape::Call(_))).then_some(word)
}

/// `GENERATED .. AS IDENTITY`, with the name of its sequence.
fn identity_words(catalog: &Catalog, relation: &Relation, column: &Column, identity: Identity) -> String {
    let kind = match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    let sequence =
        catalog.sequences_of(relation.id).find(|other| other.owned_by == Some((relation.id, column.id)));
    let sequence =
        sequence.map_or(String::new(), |found| format!(" (SEQUENCE NAME {})", sql_name(&found.name)));
    format!("GENERATED {kind} AS IDENTITY{sequence}")
}

/// A default as written. `None` for one that takes its values from a sequence that has another name by now.
pub fn default_text<'e>(catalog: &Catalog, default: &'e Expr) -> Option<&'e str> {
    let renamed = default.uses.functions.iter().filter(|call| call.name.name == "nextval").any(|call| {
        let argument = call.strings.first().and_then(|argument| argument.as_deref());
        let sequence = argument.and_then(|argument| {
            let name = sql::parse_expression(argument)?.uses.columns.into_iter().next()?;
            let schema = name.qualifier.first().cloned();
            Some(sql::Name { schema, name: name.name?, span: source::Span::new(0, 0) })
        });
        sequence.is_none_or(|name| catalog.find_relation(&name).is_none())
    });
    (!renamed).then_some(default.text.as_str())
}

/// The text of an expression over the columns of one relation. `None` where a column that it was written with has
/// another name by now: it has to be among `ids`, where they are known. A name that the relation had then is left out.
pub(super) fn fresh(relation: &Relation, expr: &Expr, ids: Option<&[ColumnId]>) -> Option<String> {
    let known = |name: &String| {
        relation.column(name).is_some_and(|column| ids.is_none_or(|ids| ids.contains(&column.id)))
    };
    let here = expr.uses.queries.is_empty();
    let all = here && expr.uses.columns.iter().filter_map(|column| column.name.as_ref()).all(known);
    all.then(|| without_other_names(relation, expr)).flatten()
}

/// An expression over one relation, in which nothing but that relation can be what qualifies a column.
fn without_other_names(relation: &Relation, expr: &Expr) -> Option<String> {
    if !is_qualified_otherwise(relation, expr) {
        return Some(expr.text.clone());
    }
    let mut text = expr.text.clone();
    let mut columns = sql::parse_expression(&text)?.uses.columns;
    columns.sort_by_key(|column| std::cmp::Reverse(column.span.start));
    for column in columns.into_iter().filter(|column| !column.qualifier.is_empty()) {
        let (start, end) = (column.span.start as usize, column.span.end as usize);
        let (before, behind) = (text.get(..start)?, text.get(end..)?);
        text = format!("{before}{}{behind}", quoted(&column.name?));
    }
    Some(text)
}

/// A constraint as it would be written behind `ADD CONSTRAINT name`. `None` for an exclusion, whose elements are not
/// held, for a NOT NULL constraint, and where more was written than is held.
///
/// For UNIQUE and PRIMARY KEY the form that builds the index.
pub fn constraint_definition(
    catalog: &Catalog,
    relation: &Relation,
    constraint: &Constraint,
) -> Option<String> {
    if constraint.more {
        return None;
    }
    let mut text = match &constraint.kind {
        ConstraintKind::Check { expr, no_inherit } => {
            let expr = fresh(relation, expr, Some(&constraint.columns))?;
            format!("CHECK ({expr}){}", if *no_inherit { " NO INHERIT" } else { "" })
        }
        ConstraintKind::ForeignKey { target, target_name, target_columns, on_delete, on_update } => {
            let columns = column_list(&all_names(relation, &constraint.columns)?);
            let found = target.and_then(|id| catalog.relation(id));
            let target = found.map_or(target_name, |found| &found.name);
            let referenced = match found {
                Some(found) => column_list(&all_names(found, target_columns)?),
                None => String::new(),
            };
            let referenced = if referenced.is_empty() { referenced } else { format!(" ({referenced})") };
            let action = |when: &str, action: &str| match action {
                "" | "no action" => String::new(),
                action => format!(" ON {when} {action}"),
            };
            format!(
                "FOREIGN KEY ({columns}) REFERENCES {}{referenced}{}{}",
                sql_name(target),
                action("DELETE", on_delete),
                action("UPDATE", on_update)
            )
        }
        ConstraintKind::Unique(index) => {
            let nulls = catalog.index(*index)?.nulls_not_distinct;
            let nulls = if nulls { " NULLS NOT DISTINCT" } else { "" };
            format!("UNIQUE{nulls} ({})", key_columns(relation, constraint)?)
        }
        ConstraintKind::PrimaryKey(_) => format!("PRIMARY KEY ({})", key_columns(relation, constraint)?),
        ConstraintKind::Exclude(_) | ConstraintKind::NotNull => return None,
    };
    if constraint.deferrable {
        text.push_str(" DEFERRABLE");
    }
    // The one thing that a key of a partitioned table could not have.
    if !constraint.validated && relation.kind != RelationKind::Partitioned {
        text.push_str(" NOT VALID");
    }
    Some(text)
}

fn key_columns(relation: &Relation, constraint: &Constraint) -> Option<String> {
    let columns = all_names(relation, &constraint.columns)?;
    (!columns.is_empty()).then(|| column_list(&columns))
}

/// The names of all of these columns; `None` if one is gone.
pub(super) fn all_names(relation: &Relation, ids: &[ColumnId]) -> Option<Vec<String>> {
    ids.iter().map(|id| relation.column_by_id(*id).map(|column| column.name.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{apply, diff};
    use std::fmt::Write as _;

    fn after(sql: &str) -> Catalog {
        let mut catalog = Catalog::new();
        let parsed = sql::parse(sql, 0);
        assert_eq!(parsed.errors, []);
        for statement in parsed.statements {
            assert_eq!(apply(&mut catalog, &statement.stmt).refusals, [], "{sql}");
        }
        catalog
    }

    const SHOP: &str = r#"CREATE TYPE "Role" AS ENUM ('admin', 'it''s');
        CREATE TABLE "users" (
            "id" bigserial PRIMARY KEY,
            "number" integer GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME "counted" START WITH 7),
            "role" "Role" DEFAULT 'it''s' NOT NULL,
            "email" varchar(320) COLLATE "C" NOT NULL,
            "lower" text GENERATED ALWAYS AS (lower(email)) STORED,
            "tags" text[] DEFAULT '{}'::text[],
            CONSTRAINT "users_email" UNIQUE NULLS NOT DISTINCT ("email", "role") DEFERRABLE,
            CONSTRAINT "short" CHECK (length("email") < 100) NO INHERIT
        );
        CREATE TABLE "posts" ("id" serial, "author" bigint, "other" bigint);
        ALTER TABLE "posts" ADD CONSTRAINT "by" FOREIGN KEY ("author") REFERENCES "users" ON DELETE SET NULL
            ON UPDATE CASCADE NOT VALID;"#;

    /// All of it written and read again is the same schema.
    #[test]
    fn tables_read_as_they_were() {
        let before = after(SHOP);
        let mut text = "CREATE TYPE \"Role\" AS ENUM ('admin', 'it''s');\n".to_owned();
        let tables: Vec<_> = before.relations().filter(|relation| relation.is_table()).collect();
        for table in &tables {
            let columns: Option<Vec<String>> =
                table.columns.iter().map(|column| column_definition(&before, table, column)).collect();
            let columns = columns.expect("all is known").join(", ");
            writeln!(text, "CREATE TABLE {} ({columns});", sql_name(&table.name)).expect("a String");
        }
        for table in &tables {
            for constraint in &table.constraints {
                let written = constraint_definition(&before, table, constraint).expect("all is known");
                let (table, name) = (sql_name(&table.name), quoted(&constraint.name));
                writeln!(text, "ALTER TABLE {table} ADD CONSTRAINT {name} {written};").expect("a String");
            }
        }
        assert_eq!(diff(&before, &after(&text)), [], "{text}");
        assert!(text.contains("\"id\" bigserial,"), "{text}");
        assert!(
            text.contains("REFERENCES \"users\" (\"id\") ON DELETE set null ON UPDATE cascade NOT VALID")
        );
    }

    #[test]
    fn what_was_renamed_since_is_not_guessed() {
        let catalog = after(&format!(
            "{SHOP} ALTER TABLE users RENAME COLUMN email TO mail; ALTER SEQUENCE posts_id_seq RENAME TO other;"
        ));
        let find =
            |name: &str| catalog.relations().find(|relation| relation.name.name == name).expect("there");
        let (users, posts) = (find("users"), find("posts"));
        let check = users.constraint("short").expect("there");
        assert_eq!(constraint_definition(&catalog, users, check), None);
        assert_eq!(column_definition(&catalog, users, users.column("lower").expect("there")), None);
        assert_eq!(column_definition(&catalog, posts, posts.column("id").expect("there")), None);
        let other = after(
            "CREATE TABLE t (a int, CONSTRAINT c CHECK (\"t\".\"a\" > 0 AND t.a < 9)); ALTER TABLE t RENAME TO u;",
        );
        let table = other.relations().next().expect("one");
        let written = constraint_definition(&other, table, &table.constraints[0]);
        assert_eq!(written.as_deref(), Some("CHECK (\"a\" > 0 AND \"a\" < 9)"));
        let key = users.constraint("users_email").expect("there");
        let written = constraint_definition(&catalog, users, key).expect("held by number");
        assert_eq!(written, "UNIQUE NULLS NOT DISTINCT (\"mail\", \"role\") DEFERRABLE");
    }
}
