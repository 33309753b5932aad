//! What an app declares, with what its queries need besides names: keys, enum values, identity.
//!
//! Columns come from the app; the rest from the snapshot or the schema behind it.

use super::Details;
use catalog::{Catalog, ConstraintKind, Found, Identity, QName, TypeRef, UserTypeKind};
use facts::{App, AppColumn};

/// A declared table or view.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub name: QName,
    pub view: bool,
    pub columns: Vec<DeclaredColumn>,
    pub primary_key: Vec<String>,
    /// What ON CONFLICT can name: the primary key and each unique key.
    pub targets: Vec<Vec<String>>,
    /// Keys of unique indexes that hold some of the rows, with the condition that ON CONFLICT must repeat.
    pub partial_targets: Vec<(Vec<String>, String)>,
    pub foreign_keys: Vec<DeclaredKey>,
}

impl Declared {
    /// Whether a column is part of a foreign key.
    pub fn points(&self, column: &str) -> bool {
        self.foreign_keys.iter().flat_map(|key| &key.pairs).any(|(own, _)| own == column)
    }

    /// Whether a column alone tells rows apart.
    pub fn is_key(&self, column: &str) -> bool {
        self.targets.iter().any(|target| target.as_slice() == [column])
    }
}

/// A foreign key.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredKey {
    pub to: QName,
    /// Own column, column there.
    pub pairs: Vec<(String, String)>,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredColumn {
    pub name: String,
    pub sql_type: String,
    pub not_null: bool,
    pub default: bool,
    /// A generated expression.
    pub generated: bool,
    /// GENERATED ALWAYS AS IDENTITY.
    pub always: bool,
    /// The enum and its values.
    pub labels: Option<(QName, Vec<String>)>,
}

impl DeclaredColumn {
    /// Whether every insert of the app gives a value for it.
    pub fn always_given(&self) -> bool {
        self.not_null && !self.default && !self.generated && !self.always
    }
}

/// Everything that the app declares.
pub(crate) fn declared(app: &App, details: Details<'_>) -> Vec<Declared> {
    let names = app.relation_names();
    let one = |name: QName| {
        let relation = app.relation(&name)?;
        let mut declared = Declared {
            view: relation.view,
            columns: relation.columns.iter().map(column).collect(),
            primary_key: Vec::new(),
            targets: Vec::new(),
            partial_targets: Vec::new(),
            foreign_keys: Vec::new(),
            name,
        };
        match details {
            Details::Snapshot(snapshot) => of_snapshot(snapshot, &mut declared),
            Details::Catalog(catalog) => of_catalog(catalog, &mut declared),
        };
        if !declared.primary_key.is_empty() {
            declared.targets.insert(0, declared.primary_key.clone());
        }
        declared.targets.dedup();
        Some(declared)
    };
    names.into_iter().filter_map(one).collect()
}

fn column(column: &AppColumn) -> DeclaredColumn {
    DeclaredColumn {
        name: column.name.clone(),
        sql_type: column.sql_type.clone(),
        not_null: column.not_null,
        default: column.default,
        generated: column.generated,
        always: false,
        labels: None,
    }
}

fn of_snapshot(snapshot: &drizzle::Snapshot, declared: &mut Declared) -> Option<()> {
    let own = |name: &drizzle::QName| QName::new(name.schema.clone(), name.name.clone());
    let table = snapshot.tables.get(&drizzle::QName::new(&declared.name.schema, &declared.name.name))?;
    for column in &mut declared.columns {
        let Some(known) = table.column(&column.name) else { continue };
        column.generated = known.generated.is_some();
        column.always = known.identity.as_ref().is_some_and(|identity| identity.always);
        let element = known.sql_type.trim_end_matches("[]").trim_matches('"');
        let schema = known.type_schema.as_deref().unwrap_or("public");
        let name = drizzle::QName::new(schema, element);
        column.labels = snapshot.enums.get(&name).map(|labels| (own(&name), labels.clone()));
    }
    declared.primary_key = table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
    declared.targets.extend(table.uniques.iter().map(|unique| unique.columns.clone()));
    for index in table.indexes.iter().filter(|index| index.unique) {
        if index.columns.iter().all(|column| !column.is_expression) {
            let keys = index.columns.iter().map(|column| column.expression.clone()).collect();
            match &index.filter {
                None => declared.targets.push(keys),
                Some(filter) => declared.partial_targets.push((keys, bare(filter, &declared.name))),
            }
        }
    }
    for key in &table.foreign_keys {
        let pairs = key.columns.iter().cloned().zip(key.to_columns.iter().cloned()).collect();
        declared.foreign_keys.push(DeclaredKey { to: own(&key.to), pairs });
    }
    Some(())
}

/// A condition as ON CONFLICT takes it: without the table before a column, which drizzle-kit writes and
/// Postgres refuses there (transformOnConflictArbiter in parse_clause.c).
fn bare(filter: &str, table: &QName) -> String {
    let name = format!("\"{}\".", table.name);
    filter.replace(&format!("\"{}\".{name}", table.schema), "").replace(&name, "")
}

fn of_catalog(catalog: &Catalog, declared: &mut Declared) -> Option<()> {
    let Found::Relation(relation) = catalog.slot(&declared.name)? else { return None };
    for column in &mut declared.columns {
        let Some(known) = relation.column(&column.name) else { continue };
        column.generated = known.generated.is_some();
        column.always = known.identity == Some(Identity::Always);
        if let TypeRef::User(id) = known.ty.base
            && let Some(ty) = catalog.user_type(id)
            && let UserTypeKind::Enum(labels) = &ty.kind
        {
            column.labels = Some((ty.name.clone(), labels.clone()));
        }
    }
    for constraint in &relation.constraints {
        let columns = relation.column_names(&constraint.columns);
        match &constraint.kind {
            ConstraintKind::PrimaryKey(_) => declared.primary_key = columns,
            ConstraintKind::ForeignKey { target: Some(target), target_columns, .. } => {
                let Some(target) = catalog.relation(*target) else { continue };
                let to = target.column_names(target_columns);
                let pairs = columns.into_iter().zip(to).collect();
                declared.foreign_keys.push(DeclaredKey { to: target.name.clone(), pairs });
            }
            _ => {}
        }
    }
    for index in relation.indexes.iter().filter_map(|id| catalog.index(*id)) {
        let usable = index.unique && index.valid && !index.deferrable;
        let keys: Option<Vec<_>> = index.keys.iter().copied().collect();
        let (true, Some(keys)) = (usable, keys) else { continue };
        let columns = relation.column_names(&keys);
        match &index.filter {
            // The text is that of the CREATE INDEX: a column may have got another name since.
            Some(filter) => {
                let named = |column: &sql::ColumnRef| {
                    column.name.as_ref().is_some_and(|name| relation.column(name).is_some())
                };
                if filter.uses.columns.iter().all(named) {
                    declared.partial_targets.push((columns, bare(&filter.text, &relation.name)));
                }
            }
            None if !index.partial && columns != declared.primary_key => declared.targets.push(columns),
            None => {}
        }
    }
    Some(())
}
