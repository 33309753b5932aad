//! Finding things in a [`Catalog`].

use crate::diff::normal;
use crate::names::{first_free, object_name};
use crate::{
    Catalog, Column, ColumnId, Function, Index, IndexId, QName, Relation, RelationId, Slot, TypeId, UserType,
};
use imbl::{HashMap, OrdMap, OrdSet};
use sql::Name;
use std::sync::Arc;

/// What a written name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A table, view, sequence ..
    Relation(&'a Arc<Relation>),
    /// An index.
    Index(&'a Arc<Index>),
}

impl Default for Catalog {
    fn default() -> Catalog {
        Catalog {
            schemas: OrdSet::unit("public".to_owned()),
            relations: OrdMap::new(),
            indexes: OrdMap::new(),
            names: HashMap::new(),
            types: OrdMap::new(),
            type_names: OrdMap::new(),
            functions: OrdMap::new(),
            extensions: OrdMap::new(),
            owned: OrdMap::new(),
            search_path: vec!["public".to_owned()],
            next_id: 1,
        }
    }
}

impl Catalog {
    /// An empty database with its schema `public`.
    pub fn new() -> Catalog {
        Catalog::default()
    }

    /// The relation with this id.
    pub fn relation(&self, id: RelationId) -> Option<&Arc<Relation>> {
        self.relations.get(&id)
    }

    /// All relations in the order in which they were made.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// The sequences that columns of a relation own.
    pub fn sequences_of(&self, owner: RelationId) -> impl Iterator<Item = &Arc<Relation>> {
        let ever = self.owned.get(&owner).into_iter().flatten();
        ever.filter_map(|sequence| self.relations.get(sequence))
            .filter(move |sequence| sequence.owned_by.is_some_and(|(table, _)| table == owner))
    }

    /// Sets the column that owns a sequence.
    pub(crate) fn set_owner(&mut self, sequence: RelationId, owner: Option<(RelationId, ColumnId)>) {
        if let Some(relation) = self.relations.get_mut(&sequence) {
            Arc::make_mut(relation).owned_by = owner;
        }
        if let Some((table, _)) = owner {
            let ever = self.owned.entry(table).or_default();
            if !ever.contains(&sequence) {
                ever.push(sequence);
            }
        }
    }

    /// The index with this id.
    pub fn index(&self, id: IndexId) -> Option<&Arc<Index>> {
        self.indexes.get(&id)
    }

    /// The type with this id.
    pub fn user_type(&self, id: TypeId) -> Option<&Arc<UserType>> {
        self.types.get(&id)
    }

    /// All types that the history made.
    pub fn user_types(&self) -> impl Iterator<Item = &Arc<UserType>> {
        self.types.values()
    }

    /// What stands at a qualified name.
    pub fn slot(&self, name: &QName) -> Option<Found<'_>> {
        match self.names.get(name)? {
            Slot::Relation(id) => self.relations.get(id).map(Found::Relation),
            Slot::Index(id) => self.indexes.get(id).map(Found::Index),
        }
    }

    /// What a written name stands for, by the search path (temporary objects first).
    pub fn find(&self, name: &Name) -> Option<Found<'_>> {
        self.candidates(name).find_map(|qname| self.slot(&qname))
    }

    /// The relation that a written name stands for.
    pub fn find_relation(&self, name: &Name) -> Option<&Arc<Relation>> {
        match self.find(name)? {
            Found::Relation(relation) => Some(relation),
            Found::Index(_) => None,
        }
    }

    /// The index that a written name stands for.
    pub fn find_index(&self, name: &Name) -> Option<&Arc<Index>> {
        match self.find(name)? {
            Found::Index(index) => Some(index),
            Found::Relation(_) => None,
        }
    }

    /// The type that a written name stands for. Row types of tables are not listed.
    pub fn find_type(&self, schema: Option<&str>, name: &str) -> Option<&Arc<UserType>> {
        let found = match schema {
            Some(schema) => self.type_names.get(&QName::new(schema, name)),
            None => self.path().find_map(|schema| self.type_names.get(&QName::new(schema, name))),
        };
        found.and_then(|id| self.types.get(id))
    }

    /// The functions that a written name may stand for.
    pub fn find_functions(&self, name: &Name) -> &[Arc<Function>] {
        let found = match &name.schema {
            Some(schema) => self.functions.get(&QName::new(schema.clone(), name.name.clone())),
            None => self.path().find_map(|schema| self.functions.get(&QName::new(schema, name.name.clone()))),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// The function with this qualified name.
    pub fn functions_named(&self, name: &QName) -> &[Arc<Function>] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names of all schemas.
    pub fn schemas(&self) -> impl Iterator<Item = &String> {
        self.schemas.iter()
    }

    /// Whether a schema of this name is known.
    pub fn has_schema(&self, name: &str) -> bool {
        self.schemas.contains(name)
    }

    /// Whether this extension was made.
    pub fn has_extension(&self, name: &str) -> bool {
        self.extensions.contains_key(name)
    }

    /// The schemas in which unqualified names are looked up.
    pub fn search_path(&self) -> &[String] {
        &self.search_path
    }

    /// Sets the search path.
    pub fn set_search_path(&mut self, path: Vec<String>) {
        self.search_path = path;
    }

    /// Every id given from now on is at least this one: tells what is new from what existed.
    pub fn watermark(&self) -> u32 {
        self.next_id
    }

    /// The schema where an object with this written name is made.
    pub fn creation_name(&self, name: &Name, temporary: bool) -> QName {
        let schema = match (&name.schema, temporary) {
            (Some(schema), false) => schema.clone(),
            (_, true) => "pg_temp".to_owned(),
            (None, false) => self
                .search_path
                .iter()
                .find(|schema| self.schemas.contains(*schema))
                .cloned()
                .unwrap_or_else(|| "public".to_owned()),
        };
        QName::new(schema, name.name.clone())
    }

    /// Columns of a table and of all that inherit from it: the relation itself first.
    pub fn with_descendants(&self, id: RelationId) -> Vec<RelationId> {
        let mut found = vec![id];
        let mut next = 0;
        while next < found.len() {
            if let Some(relation) = self.relations.get(&found[next]) {
                for child in &relation.children {
                    if !found.contains(child) {
                        found.push(*child);
                    }
                }
            }
            next += 1;
        }
        found
    }

    /// The index of a partition that is its part of the parent's index, or else would become it on ATTACH.
    pub fn partition_index(&self, of: IndexId, partition: RelationId) -> Option<IndexId> {
        let whole = self.index(of)?;
        let own = || {
            self.relation(partition)
                .into_iter()
                .flat_map(|found| &found.indexes)
                .filter_map(|id| self.index(*id))
        };
        let part = own().find(|index| index.part_of == Some(of));
        let alike = || own().find(|index| index.part_of.is_none() && self.is_alike(whole, index));
        part.or_else(alike).map(|index| index.id)
    }

    /// Whether indexes of a table and of a partition are over the same columns and expressions
    /// (`CompareIndexInfo` in src/backend/catalog/index.c).
    pub(crate) fn is_alike(&self, one: &Index, other: &Index) -> bool {
        let forms = |index: &Index| {
            let name = |id: &ColumnId| Some(self.relation(index.table)?.column_by_id(*id)?.name.clone());
            let keys: Vec<_> = index.keys.iter().map(|key| key.as_ref().and_then(name)).collect();
            let include: Vec<_> = index.include.iter().map(name).collect();
            let expressions = index.terms.iter().chain(&index.filter);
            let expressions = expressions.map(|expr| normal(self, Some(index.table), expr).strict);
            (keys, include, expressions.collect::<Vec<_>>())
        };
        let plain = |index: &Index| (index.unique, index.partial, index.nulls_not_distinct);
        (plain(one), &one.method) == (plain(other), &other.method) && forms(one) == forms(other)
    }

    /// The columns of a relation whose type is `ty` or is built on it (arrays, domains).
    pub fn columns_of_type(&self, ty: TypeId) -> Vec<(RelationId, Arc<Column>)> {
        let mut types = vec![ty];
        let mut next = 0;
        while next < types.len() {
            let wanted = crate::TypeRef::User(types[next]);
            for other in self.types.values() {
                if let crate::UserTypeKind::Domain { base, .. } = &other.kind
                    && base.base == wanted
                    && !types.contains(&other.id)
                {
                    types.push(other.id);
                }
            }
            next += 1;
        }
        let is_one =
            |column: &&Arc<Column>| matches!(&column.ty.base, crate::TypeRef::User(id) if types.contains(id));
        self.relations
            .values()
            .filter(|relation| relation.kind != crate::RelationKind::Composite)
            .flat_map(|relation| relation.columns.iter().filter(is_one).map(|c| (relation.id, c.clone())))
            .collect()
    }

    pub(crate) fn path(&self) -> impl Iterator<Item = &str> {
        std::iter::once("pg_temp").chain(self.search_path.iter().map(String::as_str))
    }

    fn candidates(&self, name: &Name) -> Box<dyn Iterator<Item = QName> + '_> {
        let bare = name.name.clone();
        match &name.schema {
            Some(schema) => Box::new(std::iter::once(QName::new(schema.clone(), bare))),
            None => Box::new(self.path().map(move |schema| QName::new(schema, bare.clone()))),
        }
    }
}

/// The name that Postgres gives a constraint without one: `table_columns_label`.
pub fn implicit_constraint_name(
    catalog: &Catalog,
    relation: &Relation,
    columns: &[String],
    label: &str,
) -> String {
    let columns = columns.join("_");
    let base = |label: &str| object_name(&relation.name.name, &columns, label);
    let taken = |name: &str| {
        relation.constraint(name).is_some()
            || catalog.names.contains_key(&QName::new(relation.name.schema.clone(), name))
    };
    first_free(base, label, taken)
}
