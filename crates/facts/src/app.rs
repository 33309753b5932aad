//! A version of the app, as far as the database meets it: the relations and columns it declares.
//!
//! Until the code itself is read, Drizzle's rule stands in for it: `select()`, relational queries,
//! `returning()` and `insert()` name every declared column (shared measurement, both Drizzle lines).

use catalog::{Catalog, Found, Identity, QName, Relation, RelationKind, UserTypeKind};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What one version of the app declares.
#[derive(Clone, Debug)]
pub struct App {
    /// Where this comes from, for people: `the snapshot of 0007_x`, `the replayed history`.
    pub origin: String,
    /// Nobody declared it: it stands in for an app whose snapshot is missing.
    pub stand_in: bool,
    declares: Declares,
}

#[derive(Clone, Debug)]
enum Declares {
    /// What a snapshot lists.
    Listed { relations: BTreeMap<QName, AppRelation>, enums: BTreeMap<QName, Vec<String>> },
    /// Exactly what a schema holds; looked up when asked, since there may be thousands of tables.
    Schema(Box<Catalog>),
}

/// A declared table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppRelation {
    /// Its columns.
    pub columns: Vec<AppColumn>,
    /// A view, which is only read.
    pub view: bool,
}

/// A declared column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// An app that declares exactly what a schema holds.
    pub fn of_catalog(catalog: &Catalog, origin: impl Into<String>) -> App {
        App { origin: origin.into(), stand_in: false, declares: Declares::Schema(Box::new(catalog.clone())) }
    }

    /// What stands in for an app whose snapshot is missing: the schema that it meets.
    pub fn stand_in(catalog: &Catalog) -> App {
        App { stand_in: true, ..App::of_catalog(catalog, "the replayed history") }
    }

    /// The app that a snapshot declares.
    pub fn of_snapshot(snapshot: &drizzle::Snapshot, origin: impl Into<String>) -> App {
        let name = |name: &drizzle::QName| QName::new(name.schema.clone(), name.name.clone());
        let tables = snapshot.tables.iter().map(|(table, declared)| {
            let columns = declared.columns.iter().map(of_declared).collect();
            (name(table), AppRelation { columns, view: false })
        });
        let own = snapshot.views.iter().filter(|(_, declared)| !declared.existing);
        let views = own.map(|(view, declared)| {
            let columns = declared.columns.iter().map(of_declared).collect();
            (name(view), AppRelation { columns, view: true })
        });
        let enums = snapshot.enums.iter().map(|(ty, values)| (name(ty), values.clone())).collect();
        let relations = tables.chain(views).collect();
        App { origin: origin.into(), stand_in: false, declares: Declares::Listed { relations, enums } }
    }

    /// The relation of this name, if it is declared.
    pub fn relation(&self, name: &QName) -> Option<Cow<'_, AppRelation>> {
        match &self.declares {
            Declares::Listed { relations, .. } => relations.get(name).map(Cow::Borrowed),
            Declares::Schema(catalog) => match catalog.slot(name)? {
                Found::Relation(relation) => of_relation(catalog, relation).map(Cow::Owned),
                Found::Index(_) => None,
            },
        }
    }

    /// Names of all declared relations.
    pub fn relation_names(&self) -> Vec<QName> {
        match &self.declares {
            Declares::Listed { relations, .. } => relations.keys().cloned().collect(),
            Declares::Schema(catalog) => {
                catalog.relations().filter(|r| is_declared(r)).map(|r| r.name.clone()).collect()
            }
        }
    }

    /// Names of all declared enums.
    pub fn enum_names(&self) -> Vec<QName> {
        match &self.declares {
            Declares::Listed { enums, .. } => enums.keys().cloned().collect(),
            Declares::Schema(catalog) => {
                let enums = catalog.user_types().filter(|ty| matches!(ty.kind, UserTypeKind::Enum(_)));
                enums.map(|ty| ty.name.clone()).collect()
            }
        }
    }
}

fn of_declared(column: &drizzle::Column) -> AppColumn {
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
}

/// Partitions are written through their parent; sequences and row types are no relations to an app.
fn is_declared(relation: &Relation) -> bool {
    (relation.is_table() && !relation.partition) || is_view(relation)
}

fn is_view(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView)
}

fn of_relation(catalog: &Catalog, relation: &Relation) -> Option<AppRelation> {
    let column = |column: &catalog::Column| AppColumn {
        name: column.name.clone(),
        sql_type: catalog::format_type(catalog, &column.ty),
        not_null: column.not_null,
        default: column.default.is_some() || column.identity == Some(Identity::ByDefault),
        generated: column.generated.is_some() || column.identity == Some(Identity::Always),
    };
    is_declared(relation).then(|| AppRelation {
        columns: relation.columns.iter().map(column).collect(),
        view: is_view(relation),
    })
}
