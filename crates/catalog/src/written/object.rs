//! Types, policies, and what is kept as it was written: views, sequences, functions, triggers.
//!
//! A text that was written long ago may name what has another name by now. Where the catalogue can tell, that text is
//! not used.

use super::table::{default_text, fresh};
use super::{literal, quoted, sql_name, sql_type};
use crate::query::resolve_over;
use crate::{
    Catalog, ColumnId, Function, Policy, QName, Relation, RelationId, Trigger, UserType, UserTypeKind,
    resolve,
};
use sql::{Expr, Name, Stmt};

/// The statement that makes a type, without a semicolon. `None` for ranges, base types, and domains with a CHECK that
/// has not been validated.
pub fn type_definition(catalog: &Catalog, ty: &UserType) -> Option<String> {
    let name = sql_name(&ty.name);
    Some(match &ty.kind {
        UserTypeKind::Enum(values) => {
            let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
            format!("CREATE TYPE {name} AS ENUM ({})", values.join(", "))
        }
        UserTypeKind::Domain { base, not_null, checks, default, .. } => {
            let mut text = format!("CREATE DOMAIN {name} AS {}", sql_type(catalog, base)?);
            if let Some(default) = default {
                text.push_str(&format!(" DEFAULT {}", default_text(catalog, default)?));
            }
            if *not_null {
                text.push_str(" NOT NULL");
            }
            for check in checks {
                if !check.validated {
                    return None;
                }
                text.push_str(&format!(" CONSTRAINT {} CHECK ({})", quoted(&check.name), check.expr.text));
            }
            text
        }
        UserTypeKind::Composite(row) => {
            let row = catalog.relation(*row)?;
            let mut columns = Vec::with_capacity(row.columns.len());
            for column in &row.columns {
                let collation =
                    column.collation.as_deref().map_or(String::new(), |c| format!(" COLLATE {}", quoted(c)));
                columns.push(format!(
                    "{} {}{collation}",
                    quoted(&column.name),
                    sql_type(catalog, &column.ty)?
                ));
            }
            format!("CREATE TYPE {name} AS ({})", columns.join(", "))
        }
        UserTypeKind::Range | UserTypeKind::Base => return None,
    })
}

/// The statement that makes a policy, without a semicolon. `None` where an expression names what has another name by
/// now.
pub fn policy_definition(catalog: &Catalog, relation: &Relation, policy: &Policy) -> Option<String> {
    if !is_fresh(catalog, relation, policy) {
        return None;
    }
    let kind = if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" };
    let roles: Vec<String> = policy.roles.iter().map(|role| role_name(role)).collect();
    let mut text = format!(
        "CREATE POLICY {} ON {} AS {kind} FOR {} TO {}",
        quoted(&policy.name),
        sql_name(&relation.name),
        policy.command.to_uppercase(),
        roles.join(", ")
    );
    for (words, expr) in [("USING", &policy.using), ("WITH CHECK", &policy.with_check)] {
        if let Some(expr) = expr {
            text.push_str(&format!(" {words} ({})", expr.text));
        }
    }
    Some(text)
}

/// A role for SQL; the words that stand for one are no names.
pub fn role_name(role: &str) -> String {
    match role {
        "public" => "PUBLIC".to_owned(),
        "current_user" | "current_role" | "session_user" => role.to_uppercase(),
        role => quoted(role),
    }
}

/// Whether the expressions of a policy find what they found when it was made.
fn is_fresh(catalog: &Catalog, relation: &Relation, policy: &Policy) -> bool {
    let catalog = usual_path(catalog);
    let (mut columns, mut reads): (Vec<ColumnId>, Vec<RelationId>) = Default::default();
    for expr in policy.using.iter().chain(&policy.with_check) {
        let found = resolve_over(&catalog, relation.id, expr);
        if !found.missing.is_empty() || is_qualified_otherwise(relation, expr) {
            return false;
        }
        for (used, column) in found.uses {
            match column {
                Some(column) if used == relation.id => columns.push(column),
                _ if used != relation.id => reads.push(used),
                _ => {}
            }
        }
    }
    policy.columns.iter().all(|column| columns.contains(column))
        && policy.reads.iter().all(|read| reads.contains(read))
}

/// Whether an expression over one relation names a column with a table that is not it (by its name now).
pub(super) fn is_qualified_otherwise(relation: &Relation, expr: &Expr) -> bool {
    let other =
        |column: &sql::ColumnRef| column.qualifier.last().is_some_and(|name| *name != relation.name.name);
    expr.uses.columns.iter().any(other)
}

/// The statement that makes a view or a materialized view, as it was written, without a semicolon. `None` where it
/// does not read what the view reads now, since something was renamed.
pub fn view_definition(catalog: &Catalog, relation: &Relation) -> Option<String> {
    let (text, view) = (relation.text.as_deref()?, relation.view.as_ref()?);
    let stmt = only_statement(text)?;
    let (name, query) = match &stmt {
        Stmt::CreateView(create) => (&create.name, &create.query),
        Stmt::CreateTableAs(create) => (&create.name, &create.query),
        _ => return None,
    };
    let found = resolve(&usual_path(catalog), query);
    let mut uses = view.uses.clone();
    uses.sort();
    uses.dedup();
    let same = found.uses == uses && found.types == view.types && found.functions == view.functions;
    same.then(|| named(text, name, &relation.name))
}

/// The statement that makes a sequence, as it was written, without a semicolon. `None` where what it counts by was
/// changed since, or never written.
pub fn sequence_definition(sequence: &Relation) -> Option<String> {
    let text = sequence.text.as_deref()?;
    match only_statement(text)? {
        // Its owner may not be there yet.
        Stmt::CreateSequence(create) if create.owned_by.is_none() => {
            Some(named(text, &create.name, &sequence.name))
        }
        _ => None,
    }
}

/// The statement that makes a trigger, as it was written, without a semicolon. `None` where a column that it names has
/// another name by now.
pub fn trigger_definition(relation: &Relation, trigger: &Trigger) -> Option<String> {
    let Stmt::CreateTrigger(create) = only_statement(&trigger.text)? else { return None };
    let known =
        |name: &String| relation.column(name).is_some_and(|column| trigger.columns.contains(&column.id));
    let condition = create.condition.as_ref().is_none_or(|condition| {
        condition.uses.columns.iter().filter_map(|column| column.name.as_ref()).all(known)
    });
    if !condition || !create.columns.iter().all(known) || create.name.text != trigger.name {
        return None;
    }
    // From the end, so that places stay.
    let text = named(&trigger.text, &create.function, &trigger.function);
    Some(named(&text, &create.table, &relation.name))
}

/// The statement that makes a function or procedure, as it was written, without a semicolon.
pub fn function_definition(function: &Function) -> Option<String> {
    match only_statement(&function.text)? {
        Stmt::CreateFunction(create) => Some(named(&function.text, &create.name, &function.name)),
        _ => None,
    }
}

/// A function with the types of its arguments, as `DROP` wants it.
pub fn function_signature(catalog: &Catalog, function: &Function) -> Option<String> {
    let Stmt::CreateFunction(create) = only_statement(&function.text)? else { return None };
    let types: Option<Vec<String>> =
        create.arguments.iter().map(|ty| sql_type(catalog, &crate::resolve_type(catalog, ty))).collect();
    Some(format!("{}({})", sql_name(&function.name), types?.join(", ")))
}

/// The expression of a generated column or a CHECK, over the columns of a relation as they are named now.
pub fn expression_text(relation: &Relation, expr: &Expr) -> Option<String> {
    fresh(relation, expr, None)
}

fn only_statement(text: &str) -> Option<Stmt> {
    let mut parsed = sql::parse(text, 0);
    let one = parsed.errors.is_empty() && parsed.statements.len() == 1;
    parsed.statements.pop().filter(|_| one).map(|statement| statement.stmt)
}

/// The schema as it is seen by a session that has set no path of its own.
fn usual_path(catalog: &Catalog) -> Catalog {
    let mut catalog = catalog.clone();
    catalog.set_search_path(vec!["public".to_owned()]);
    catalog
}

/// A text with the name in it as it is now.
fn named(text: &str, written: &Name, name: &QName) -> String {
    let same = written.name == name.name && written.schema.as_deref().unwrap_or("public") == name.schema;
    let (start, end) = (written.span.start as usize, written.span.end as usize);
    match (text.get(..start), text.get(end..)) {
        (Some(before), Some(after)) if !same => format!("{before}{}{after}", sql_name(name)),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{apply, diff};

    fn after(sql: &str) -> Catalog {
        let mut catalog = Catalog::new();
        for statement in sql::parse(sql, 0).statements {
            assert_eq!(apply(&mut catalog, &statement.stmt).refusals, [], "{sql}");
        }
        catalog
    }

    fn find<'a>(catalog: &'a Catalog, name: &str) -> &'a Relation {
        catalog.relations().find(|relation| relation.name.name == name).expect("it is there")
    }

    #[test]
    fn types_read_as_they_were() {
        let made = "CREATE TYPE \"A b\" AS ENUM ('x', 'it''s');
            CREATE DOMAIN d AS varchar(3) DEFAULT 'a' NOT NULL CHECK (VALUE <> 'b');
            CREATE TYPE pair AS (a int, \"B\" \"A b\"[]);";
        let before = after(made);
        let written: Option<Vec<String>> =
            before.user_types().map(|ty| type_definition(&before, ty)).collect();
        let written = written.expect("all is known").join(";\n");
        assert_eq!(diff(&before, &after(&written)), [], "{written}");
    }

    #[test]
    fn policies_views_and_triggers_follow_their_tables_or_are_not_known() {
        let made = "CREATE TABLE t (a int, b text); CREATE TABLE u (a int);
            CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE TRIGGER tr BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (NEW.a > 1) EXECUTE FUNCTION f();
            CREATE POLICY p ON t FOR UPDATE TO anna, CURRENT_USER USING (a IN (SELECT a FROM u)) WITH CHECK (t.a > 0);
            CREATE VIEW v WITH (security_invoker = true) AS SELECT a, b FROM t;
            CREATE SEQUENCE s INCREMENT BY 5;";
        let catalog = after(made);
        let table = find(&catalog, "t");
        assert_eq!(
            policy_definition(&catalog, table, &table.policies[0]).as_deref(),
            Some(
                "CREATE POLICY \"p\" ON \"t\" AS PERMISSIVE FOR UPDATE TO \"anna\", CURRENT_USER \
                 USING (a IN (SELECT a FROM u)) WITH CHECK (t.a > 0)"
            )
        );
        let view = "CREATE VIEW v WITH (security_invoker = true) AS SELECT a, b FROM t";
        assert_eq!(view_definition(&catalog, find(&catalog, "v")).as_deref(), Some(view));
        assert!(trigger_definition(table, &table.triggers[0]).is_some());

        let renamed = after(&format!(
            "{made} ALTER TABLE t RENAME TO x; ALTER FUNCTION f() RENAME TO g; ALTER SEQUENCE s RENAME TO q;"
        ));
        let table = find(&renamed, "x");
        assert_eq!(policy_definition(&renamed, table, &table.policies[0]), None);
        assert_eq!(view_definition(&renamed, find(&renamed, "v")), None);
        assert_eq!(
            trigger_definition(table, &table.triggers[0]).as_deref(),
            Some(
                "CREATE TRIGGER tr BEFORE UPDATE OF a ON \"x\" FOR EACH ROW WHEN (NEW.a > 1) \
                 EXECUTE FUNCTION \"g\"()"
            )
        );
        assert_eq!(
            sequence_definition(find(&renamed, "q")).as_deref(),
            Some("CREATE SEQUENCE \"q\" INCREMENT BY 5")
        );

        let columns = after(&format!("{made} ALTER TABLE t RENAME COLUMN a TO c; ALTER SEQUENCE s CYCLE;"));
        let table = find(&columns, "t");
        assert_eq!(trigger_definition(table, &table.triggers[0]), None);
        assert_eq!(policy_definition(&columns, table, &table.policies[0]), None);
        assert_eq!(view_definition(&columns, find(&columns, "v")), None);
        assert_eq!(sequence_definition(find(&columns, "s")), None);
    }
}
