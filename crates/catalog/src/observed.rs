//! What other builders of a schema know and no statement can say.

use crate::{Catalog, Found, QName};
use std::sync::Arc;

impl Catalog {
    /// An empty schema that knows the functions of another one, and finds them the same way.
    pub fn with_functions_of(other: &Catalog) -> Catalog {
        Catalog {
            functions: other.functions.clone(),
            search_path: other.search_path.clone(),
            ..Catalog::new()
        }
    }

    /// Sets whether an index is valid, which only the server can tell.
    pub fn set_index_valid(&mut self, name: &QName, valid: bool) {
        let Some(Found::Index(index)) = self.slot(name) else { return };
        let id = index.id;
        if let Some(index) = self.indexes.get_mut(&id) {
            Arc::make_mut(index).valid = valid;
        }
    }

    /// Sets that the index of a partition is a part of one of its parent.
    pub fn set_index_part(&mut self, part: &QName, whole: &QName) {
        let (Some(Found::Index(part)), Some(Found::Index(whole))) = (self.slot(part), self.slot(whole))
        else {
            return;
        };
        let (part, whole) = (part.id, whole.id);
        if let Some(index) = self.indexes.get_mut(&part) {
            Arc::make_mut(index).part_of = Some(whole);
        }
    }

    /// Marks a column as one that comes from a parent.
    pub fn set_inherited(&mut self, table: &QName, column: &str) {
        let Some(Found::Relation(relation)) = self.slot(table) else { return };
        let id = relation.id;
        let relation = self.relations.get_mut(&id).map(Arc::make_mut);
        let column = relation.and_then(|relation| relation.columns.iter_mut().find(|c| c.name == column));
        if let Some(column) = column {
            Arc::make_mut(column).inherited = true;
        }
    }
}
