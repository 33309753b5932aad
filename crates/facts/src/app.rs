//! A version of the app, as far as the database meets it: the relations and columns it declares.
//!
//! Where the code itself was not read, Drizzle's rule stands in for it: `select()`, relational queries,
//! `returning()` and `insert()` name every declared column (shared measurement, both Drizzle lines).
//! What was read is in [`AppCode`].

use crate::app_code::AppCode;
use crate::compare::Difference;
use catalog::{Catalog, Found, Identity, QName, Relation, RelationKind, UserTypeKind};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one version of the app declares.
#[derive(Clone, Debug)]
pub struct App {
    /// Where this comes from, for people: `the snapshot of 0007_x`, `the replayed history`.
    pub origin: String,
    /// Nobody declared it: it stands in for an app whose snapshot is missing.
    pub stand_in: bool,
    /// The code that it was read from.
    pub code: Option<Arc<AppCode>>,
    declares: Declares,
}

#[derive(Clone, Debug)]
enum Declares {
    /// What a snapshot lists.
    Listed { relations: BTreeMap<QName, AppRelation>, enums: BTreeMap<QName, Vec<String>> },
    /// Exactly what a schema holds; looked up when asked, since there may be thousands of tables.
    Schema(Arc<Catalog>),
}

/// A declared table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppRelation {
    /// Its columns.
    pub columns: Vec<AppColumn>,
    /// A view, which is only read.
    pub view: bool,
    /// The names of its keys, checks and foreign keys, and of its unique indexes.
    pub constraints: BTreeSet<String>,
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
    /// `$defaultFn` and the like: Drizzle gives a value where the app gives none.
    pub given: bool,
}

impl AppColumn {
    /// Whether every insert of the app gives a value for it.
    pub fn always_given(&self) -> bool {
        !self.generated && (self.given || (self.not_null && !self.default))
    }
}

impl App {
    /// An app that declares exactly what a schema holds.
    pub fn of_catalog(catalog: Arc<Catalog>, origin: impl Into<String>) -> App {
        App { origin: origin.into(), stand_in: false, code: None, declares: Declares::Schema(catalog) }
    }

    /// What stands in for an app whose snapshot is missing: the schema that it meets.
    pub fn stand_in(catalog: Arc<Catalog>) -> App {
        App { stand_in: true, ..App::of_catalog(catalog, "the replayed history") }
    }

    /// The app that a snapshot declares.
    pub fn of_snapshot(snapshot: &drizzle::Snapshot, origin: impl Into<String>) -> App {
        let tables = snapshot.tables.iter().map(|(table, declared)| {
            let columns = declared.columns.iter().map(of_declared).collect();
            (named(table), AppRelation { columns, view: false, constraints: constraints(table, declared) })
        });
        let own = snapshot.views.iter().filter(|(_, declared)| !declared.existing);
        let views = own.map(|(view, declared)| {
            let columns = declared.columns.iter().map(of_declared).collect();
            (named(view), AppRelation { columns, view: true, ..AppRelation::default() })
        });
        let enums = snapshot.enums.iter().map(|(ty, values)| (named(ty), values.clone())).collect();
        let relations = tables.chain(views).collect();
        App::listed(origin.into(), relations, enums)
    }

    /// An app that declares what is listed.
    pub(crate) fn listed(
        origin: String,
        relations: BTreeMap<QName, AppRelation>,
        enums: BTreeMap<QName, Vec<String>>,
    ) -> App {
        App { origin, stand_in: false, code: None, declares: Declares::Listed { relations, enums } }
    }

    /// What the snapshot beside the code declares, where it was read from code; otherwise itself.
    /// `None` where there is no snapshot.
    pub fn as_snapshot(&self) -> Option<&App> {
        match &self.code {
            Some(code) => code.snapshot.as_ref(),
            None => Some(self),
        }
    }

    /// Whether what only a snapshot was seen to declare is declared by the app itself.
    pub(crate) fn knows(&self, one: &Difference) -> bool {
        let relation = self.relation(&one.relation);
        relation.is_some_and(|relation| match &one.column {
            Some(name) => relation.columns.iter().any(|column| column.name == *name),
            None => true,
        })
    }

    /// The values of a declared enum.
    pub(crate) fn enum_values(&self, name: &QName) -> Option<Vec<String>> {
        match &self.declares {
            Declares::Listed { enums, .. } => enums.get(name).cloned(),
            Declares::Schema(catalog) => match &catalog.find_type(Some(&name.schema), &name.name)?.kind {
                UserTypeKind::Enum(values) => Some(values.clone()),
                _ => None,
            },
        }
    }

    /// The enums that a list names, with their values.
    pub(crate) fn enums(&self) -> impl Iterator<Item = (&QName, &Vec<String>)> {
        let listed = match &self.declares {
            Declares::Listed { enums, .. } => Some(enums),
            Declares::Schema(_) => None,
        };
        listed.into_iter().flatten()
    }

    /// [`App::relation`], with the columns that only raw SQL of the code names.
    pub(crate) fn met(&self, name: &QName) -> Option<Cow<'_, AppRelation>> {
        let declared = self.relation(name);
        let Some(undeclared) = self.code.as_ref().and_then(|code| code.undeclared(name)) else {
            return declared;
        };
        let mut met = declared.map(Cow::into_owned).unwrap_or_default();
        let column = |name: &String| AppColumn { name: name.clone(), ..AppColumn::default() };
        met.columns.extend(undeclared.iter().map(column));
        Some(Cow::Owned(met))
    }

    /// Whether it declares a relation, or names it in raw SQL.
    pub fn meets(&self, name: &QName) -> bool {
        self.met(name).is_some()
    }

    /// How it has to do with a relation or column, as the end of "the old app ..".
    pub(crate) fn still(&self, relation: &QName, column: Option<&str>) -> &'static str {
        let declares = self
            .relation(relation)
            .is_some_and(|found| column.is_none_or(|column| found.columns.iter().any(|c| c.name == column)));
        if declares { "still declares it" } else { "does not declare it, and names it in SQL" }
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

/// The name as the catalogue has it.
pub(crate) fn named(name: &drizzle::QName) -> QName {
    QName::new(name.schema.clone(), name.name.clone())
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
        given: false,
    }
}

/// What a snapshot lets rows of a table be held to, by name.
fn constraints(name: &drizzle::QName, table: &drizzle::Table) -> BTreeSet<String> {
    let unique = table.indexes.iter().filter(|index| index.unique).map(|index| index.name.clone());
    let key = table.primary_key.as_ref();
    let key = key.map(|key| key.name.clone().unwrap_or_else(|| format!("{}_pkey", name.name)));
    let uniques = table.uniques.iter().map(|one| one.name.clone());
    let checks = table.checks.iter().map(|one| one.name.clone());
    let foreign = table.foreign_keys.iter().map(|one| one.name.clone());
    unique.chain(key).chain(uniques).chain(checks).chain(foreign).collect()
}

/// Partitions are written through their parent; sequences and row types are no relations to an app.
fn is_declared(relation: &Relation) -> bool {
    (relation.is_table() && !relation.partition) || is_view(relation)
}

fn is_view(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView)
}

fn of_relation(catalog: &Catalog, relation: &Relation) -> Option<AppRelation> {
    let column = |column: &Arc<catalog::Column>| AppColumn {
        name: column.name.clone(),
        sql_type: catalog::format_type(catalog, &column.ty),
        not_null: column.not_null,
        default: column.default.is_some() || column.identity == Some(Identity::ByDefault),
        generated: column.generated.is_some() || column.identity == Some(Identity::Always),
        given: false,
    };
    let indexes = relation.indexes.iter().filter_map(|id| catalog.index(*id));
    let unique = indexes.filter(|index| index.unique).map(|index| index.name.name.clone());
    is_declared(relation).then(|| AppRelation {
        columns: relation.columns.iter().map(column).collect(),
        view: is_view(relation),
        constraints: relation.constraints.iter().map(|one| one.name.clone()).chain(unique).collect(),
    })
}
