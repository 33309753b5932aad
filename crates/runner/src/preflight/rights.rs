//! What the role may do, held against what the pending migrations and the ledger need.
//!
//! A table that is not there has no owner: that is the affair of `brolly diff`.

use super::words::{is, text};
use super::{Check, Coming, State, Topic};
use crate::ledger::literal;
use pg::{Connection, Error, Row};
use source::shown;

pub async fn checks(session: &Connection, coming: &Coming) -> Result<Vec<Check>, Error> {
    let query = "SELECT current_user, rolsuper, pg_catalog.current_database(), \
                 pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') \
                 FROM pg_catalog.pg_roles WHERE rolname = current_user";
    let row = session.rows(query).await?.into_iter().next().unwrap_or_default();
    let asked = Asked {
        session,
        coming,
        role: text(&row, 0).to_owned(),
        superuser: is(&row, 1),
        database: text(&row, 2).to_owned(),
        creates: is(&row, 3),
    };
    let mut checks = asked.ledger().await?;
    checks.extend(asked.relations().await?);
    checks.extend(asked.types().await?);
    checks.extend(asked.privileges().await?);
    checks.extend(asked.schemas().await?);
    checks.extend(asked.extensions().await?);
    let ok = match coming.long().len() + coming.owned.len() + coming.schemas.len() {
        0 => format!("role {} may write the ledger", asked.role),
        _ => format!("role {} may do what the migrations and the ledger need", asked.role),
    };
    Ok(super::or_ok(checks, Topic::Rights, &ok))
}

struct Asked<'a> {
    session: &'a Connection,
    coming: &'a Coming,
    role: String,
    superuser: bool,
    database: String,
    /// Whether it may make schemas.
    creates: bool,
}

impl Asked<'_> {
    async fn ledger(&self) -> Result<Vec<Check>, Error> {
        let ledger = &self.coming.ledger;
        let name = format!("{}.{}", ledger.schema, ledger.table);
        let query = format!(
            "SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), \
             pg_catalog.has_table_privilege(c.oid, 'INSERT'), \
             (SELECT coalesce(bool_and(pg_catalog.has_sequence_privilege(s.oid, 'USAGE')), true) \
             FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
             WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid), \
             pg_catalog.has_schema_privilege(n.oid, 'CREATE') \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {} AND c.relkind IN ('r', 'p')",
            literal(&ledger.schema),
            literal(&ledger.table)
        );
        let Some(row) = self.session.rows(&query).await?.into_iter().next() else {
            // Asked for before it is looked whether the schema is there.
            return Ok(match self.creates {
                true => Vec::new(),
                false => vec![self.stop(
                    &name,
                    format!(
                        "the ledger {name} is not there yet, and role {} may not make its schema",
                        self.role
                    ),
                    self.create_on_database(),
                )],
            });
        };
        let mut lacks = Vec::new();
        if !is(&row, 0) {
            lacks.push((
                "read",
                format!("GRANT USAGE ON SCHEMA {} and SELECT ON {name} TO {}", ledger.schema, self.role),
            ));
        }
        if !is(&row, 1) {
            lacks.push(("add rows to", format!("GRANT INSERT ON {name} TO {}", self.role)));
        }
        if !is(&row, 2) {
            lacks.push((
                "use the sequence of",
                format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}", ledger.schema, self.role),
            ));
        }
        let mut checks: Vec<Check> = lacks
            .into_iter()
            .map(|(what, cure)| {
                self.stop(&name, format!("role {} may not {what} the ledger {name}", self.role), cure)
            })
            .collect();
        if self.coming.progress && !is(&row, 3) {
            let what = format!(
                "role {} may not make a table in schema {}: progress is noted there, as a migration is more than one transaction",
                self.role, ledger.schema
            );
            checks.push(self.stop(&ledger.schema, what, self.create_in(&ledger.schema)));
        }
        Ok(checks)
    }

    async fn relations(&self) -> Result<Vec<Check>, Error> {
        let mut names = self.coming.owned.clone();
        names.extend(self.coming.dropped.iter().cloned());
        let rows = self
            .of_relations(
                &names,
                "pg_catalog.pg_has_role(c.relowner, 'USAGE'), pg_catalog.pg_has_role(n.nspowner, 'USAGE'), \
                 pg_catalog.pg_get_userbyid(c.relowner)",
            )
            .await?;
        let foreign = rows.iter().filter(|row| {
            let drops = self.coming.dropped.iter().any(|name| name == text(row, 0)) && is(row, 2);
            !is(row, 1) && !drops
        });
        Ok(foreign
            .map(|row| {
                let (name, owner) = (shown(text(row, 0)), text(row, 3));
                self.not_owner(name, owner)
            })
            .collect())
    }

    async fn types(&self) -> Result<Vec<Check>, Error> {
        let types = &self.coming.types;
        if types.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!(
            "SELECT n.nspname || '.' || t.typname, pg_catalog.pg_get_userbyid(t.typowner) \
             FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             WHERE n.nspname || '.' || t.typname IN ({}) AND NOT pg_catalog.pg_has_role(t.typowner, 'USAGE')",
            literals(types)
        );
        let rows = self.session.rows(&query).await?;
        Ok(rows.iter().map(|row| self.not_owner(shown(text(row, 0)), text(row, 1))).collect())
    }

    async fn privileges(&self) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        for (relation, right) in &self.coming.privileges {
            // A right on each column written would do as well.
            let may = match *right {
                "INSERT" | "UPDATE" | "REFERENCES" | "SELECT" => {
                    format!("pg_catalog.has_any_column_privilege(c.oid, '{right}')")
                }
                _ => format!("pg_catalog.has_table_privilege(c.oid, '{right}')"),
            };
            let rows = self.of_relations(std::slice::from_ref(relation), &may).await?;
            if rows.iter().any(|row| !is(row, 1)) {
                let name = shown(relation);
                let what = format!("role {} lacks {right} on {name}", self.role);
                checks.push(self.stop(name, what, format!("GRANT {right} ON {name} TO {}", self.role)));
            }
        }
        Ok(checks)
    }

    async fn schemas(&self) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        if !self.coming.schemas.is_empty() {
            let query = format!(
                "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ({}) \
                 AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE') ORDER BY 1",
                literals(&self.coming.schemas)
            );
            for row in self.session.rows(&query).await? {
                let schema = text(&row, 0);
                let what = format!("role {} may not make anything in schema {schema}", self.role);
                checks.push(self.stop(schema, what, self.create_in(schema)));
            }
        }
        if self.coming.here {
            let query = "SELECT s, pg_catalog.has_schema_privilege(s, 'CREATE') \
                         FROM (SELECT pg_catalog.current_schema()::text) here (s)";
            let row = self.session.rows(query).await?.into_iter().next().unwrap_or_default();
            let named = self.coming.schemas.iter().any(|schema| schema == text(&row, 0));
            match text(&row, 0) {
                "" => {
                    let what = "search_path names no schema that is there, and something is to be made in its first one";
                    let cure = format!("ALTER ROLE {} SET search_path = .., or make the schema", self.role);
                    checks.push(self.stop("search_path", what.to_owned(), cure));
                }
                schema if !is(&row, 1) && !named => {
                    let what = format!("role {} may not make anything in schema {schema}", self.role);
                    checks.push(self.stop(schema, what, self.create_in(schema)));
                }
                _ => {}
            }
        }
        if let (Some(schema), false) = (self.coming.new_schemas.first(), self.creates) {
            let what = format!("role {} may not make the schema {schema}", self.role);
            checks.push(self.stop(schema, what, self.create_on_database()));
        }
        Ok(checks)
    }

    async fn extensions(&self) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::new();
        for name in &self.coming.extensions {
            let query = format!(
                "SELECT e.installed_version IS NOT NULL, v.superuser, v.trusted FROM pg_catalog.pg_available_extensions e \
                 LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version \
                 WHERE e.name = {}",
                literal(name)
            );
            let row: Option<Row> = self.session.rows(&query).await?.into_iter().next();
            let Some(row) = row else {
                let what = format!("the extension {name} is not among those that this server has files of");
                checks.push(self.stop(
                    name,
                    what,
                    "install its package on the server, or ask who runs it".to_owned(),
                ));
                continue;
            };
            if is(&row, 0) || self.superuser {
                continue;
            }
            if is(&row, 1) && !is(&row, 2) {
                let what =
                    format!("only a superuser may make the extension {name}, or whom the provider lets");
                checks.push(
                    Check::new(Topic::Rights, State::Warning, what)
                        .about(name)
                        .cure(format!("have it made first: CREATE EXTENSION {name}")),
                );
            } else if !self.creates {
                let what = format!("role {} may not make the extension {name}", self.role);
                checks.push(self.stop(name, what, self.create_on_database()));
            }
        }
        Ok(checks)
    }

    async fn of_relations(&self, names: &[String], columns: &str) -> Result<Vec<Row>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!(
            "SELECT n.nspname || '.' || c.relname, {columns} FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname || '.' || c.relname IN ({}) ORDER BY 1",
            literals(names)
        );
        self.session.rows(&query).await
    }

    fn not_owner(&self, name: &str, owner: &str) -> Check {
        let what = format!(
            "{name} belongs to role {owner}, and only its owner may change it: this is role {}",
            self.role
        );
        self.stop(name, what, format!("migrate as {owner}, or GRANT {owner} TO {}", self.role))
    }

    fn stop(&self, object: &str, what: String, cure: String) -> Check {
        Check::new(Topic::Rights, State::Stop, what).about(object).cure(cure)
    }

    fn create_in(&self, schema: &str) -> String {
        format!("GRANT CREATE ON SCHEMA {schema} TO {}", self.role)
    }

    fn create_on_database(&self) -> String {
        format!("GRANT CREATE ON DATABASE {} TO {}", self.database, self.role)
    }
}

fn literals(names: &[String]) -> String {
    names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ")
}
