//! A version of the app, as far as the database meets it: the relations and columns it declares.
//!
//! Until the code itself is read, Drizzle's rule stands in for it: `select()`, relational queries,
//! `returning()` and `insert()` name every declared column (shared measurement, both Drizzle lines).

use catalog::{Catalog, Identity, QName, Relation, RelationKind};
use std::collections::BTreeMap;

/// What one version of the app declares.
#[derive(Clone, Debug, Default)]
pub struct App {
    /// Where this comes from, for people: `the snapshot of 0007_x`, `the replayed history`.
    pub origin: String,
    /// Declared relations by name.
    pub relations: BTreeMap<QName, AppRelation>,
    /// Declared enums and their values.
    pub enums: BTreeMap<QName, Vec<String>>,
}

/// A declared table or view.
#[derive(Clone, Debug, Default)]
pub struct AppRelation {
    /// Its columns.
    pub columns: Vec<AppColumn>,
    /// A view, which is only read.
    pub view: bool,
}

/// A declared column.
#[derive(Clone, Debug, Default)]
pub struct AppColumn {
    /// Its name in the database.
    pub name: String,
    /// Its type as SQL text.
    pub sql_type: String,
    /// Declared NOT NULL: the app always gives a value (or leaves it to a default).
    pub not_null: bool,
    /// A database default, serial or BY DEFAULT identity is declared.
    pub default: bool,
    /// Generated or ALWAYS identity: inserts leave it out.
    pub generated: bool,
}

impl AppColumn {
    /// Whether every insert of the app gives a value for it.
    pub fn always_given(&self) -> bool {
        self.not_null && !self.default && !self.generated
    }
}

impl App {
    /// The relation of this name.
    pub fn relation(&self, name: &QName) -> Option<&AppRelation> {
        self.relations.get(name)
    }

    /// An app that declares exactly what a schema holds.
    pub fn of_catalog(catalog: &Catalog, origin: impl Into<String>) -> App {
        let mut app = App { origin: origin.into(), ..App::default() };
        for relation in catalog.relations() {
            let view = matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView);
            if (relation.is_table() && !relation.partition) || view {
                app.relations.insert(relation.name.clone(), of_relation(catalog, relation, view));
            }
        }
        for ty in catalog.user_types() {
            if let catalog::UserTypeKind::Enum(values) = &ty.kind {
                app.enums.insert(ty.name.clone(), values.clone());
            }
        }
        app
    }
}

fn of_relation(catalog: &Catalog, relation: &Relation, view: bool) -> AppRelation {
    let column = |column: &catalog::Column| AppColumn {
        name: column.name.clone(),
        sql_type: catalog::format_type(catalog, &column.ty),
        not_null: column.not_null,
        default: column.default.is_some() || column.identity == Some(Identity::ByDefault),
        generated: column.generated.is_some() || column.identity == Some(Identity::Always),
    };
    AppRelation { columns: relation.columns.iter().map(column).collect(), view }
}

impl App {
    /// The app that a snapshot declares.
    pub fn of_snapshot(snapshot: &drizzle::Snapshot, origin: impl Into<String>) -> App {
        let mut app = App { origin: origin.into(), ..App::default() };
        let name = |name: &drizzle::QName| QName::new(name.schema.clone(), name.name.clone());
        for (table, declared) in &snapshot.tables {
            let column = |column: &drizzle::Column| {
                let always = column.identity.as_ref().is_some_and(|identity| identity.always);
                AppColumn {
                    name: column.name.clone(),
                    sql_type: column.sql_type.clone(),
                    not_null: column.not_null,
                    default: column.default.is_some()
                        || column.sql_type.to_ascii_lowercase().ends_with("serial")
                        || (column.identity.is_some() && !always),
                    generated: column.generated.is_some() || always,
                }
            };
            let columns = declared.columns.iter().map(column).collect();
            app.relations.insert(name(table), AppRelation { columns, view: false });
        }
        for (view, declared) in &snapshot.views {
            let column = |column: &drizzle::Column| AppColumn {
                name: column.name.clone(),
                sql_type: column.sql_type.clone(),
                not_null: column.not_null,
                ..AppColumn::default()
            };
            let columns = declared.columns.iter().map(column).collect();
            app.relations.insert(name(view), AppRelation { columns, view: true });
        }
        for (ty, values) in &snapshot.enums {
            app.enums.insert(name(ty), values.clone());
        }
        app
    }
}
