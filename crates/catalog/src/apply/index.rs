//! Indexes: made by statements, with keys, and as parts of a parent's index.

use super::Step;
use crate::model::{Index, RelationKind, Slot};
use crate::names::first_free;
use crate::query::resolve_over;
use crate::written::expression_text;
use crate::{
    Change, ColumnId, Constraint, ConstraintKind, IndexId, IndexOrigin, QName, Relation, RelationId,
    implicit_constraint_name,
};
use sql::{CreateIndex, IndexKey};
use std::sync::Arc;

pub(super) fn create_index(step: &mut Step<'_>, create: &CreateIndex) {
    let Some(table) = step.catalog.find_relation(&create.table).cloned() else {
        step.missing_relation(&create.table);
        return;
    };
    let mut keys = Vec::new();
    let mut depends = Vec::new();
    let mut expressions = Vec::new();
    let mut terms = Vec::new();
    for key in &create.keys {
        match key {
            IndexKey::Column(name) => match table.column(name) {
                Some(column) => {
                    keys.push(Some(column.id));
                    depends.push(column.id);
                }
                None => {
                    let message = format!("column {name} of {} does not exist", table.name);
                    step.missing("42703", message, Some(create.table.span));
                    return;
                }
            },
            IndexKey::Expr(expr) => {
                keys.push(None);
                expressions.push(expr.text.clone());
                terms.push(Arc::new(expr.clone()));
                depends.extend(own_columns(step, table.id, expr));
            }
        }
    }
    let include: Vec<ColumnId> =
        create.include.iter().filter_map(|name| table.column(name)).map(|column| column.id).collect();
    depends.extend(&include);
    if let Some(filter) = &create.filter {
        expressions.push(filter.text.clone());
        depends.extend(own_columns(step, table.id, filter));
    }
    depends.sort();
    depends.dedup();
    let name = match &create.name {
        Some(name) => name.text.clone(),
        None => {
            let words = column_words(&table, &keys, &terms, &include);
            implicit_constraint_name(step.catalog, &table, &words, "idx")
        }
    };
    let qname = QName::new(table.name.schema.clone(), name);
    if step.catalog.names.contains_key(&qname) {
        if !create.if_not_exists {
            let span = create.name.as_ref().map(|name| name.span);
            step.refuse("42P07", format!("relation {qname} already exists"), span);
        }
        return;
    }
    let id = IndexId(step.next_id());
    let index = Index {
        id,
        name: qname,
        table: table.id,
        keys,
        depends,
        unique: create.unique,
        partial: create.filter.is_some(),
        expressions,
        terms,
        filter: create.filter.clone().map(Arc::new),
        orders: create.orders.clone(),
        include,
        nulls_not_distinct: create.nulls_not_distinct,
        method: create.method.clone(),
        valid: !create.only || table.kind != RelationKind::Partitioned,
        constraint: false,
        deferrable: false,
        part_of: None,
        options: create.options.as_deref().map(Arc::from),
        more: create.more,
    };
    insert_index(step, index, IndexOrigin::Statement { concurrently: create.concurrently });
    if !create.only {
        // The parts of the index are one change with it.
        let changes = step.out.changes.len();
        copy_to_partitions(step, table.id, id);
        step.out.changes.truncate(changes);
    }
}

/// What the columns of an index are called, which its name is made of: a function's name for its call, and no word
/// twice (`ChooseIndexColumnNames` in src/backend/commands/indexcmds.c).
fn column_words(
    table: &Relation,
    keys: &[Option<ColumnId>],
    terms: &[Arc<sql::Expr>],
    include: &[ColumnId],
) -> Vec<String> {
    let mut terms = terms.iter();
    let mut words: Vec<String> = Vec::new();
    for key in keys.iter().copied().chain(include.iter().copied().map(Some)) {
        let column = key.and_then(|id| table.column_by_id(id));
        let word = match column {
            Some(column) => column.name.as_str(),
            None => terms.next().map_or("expr", |term| match &term.shape {
                sql::Shape::Call(name) => name,
                _ => "expr",
            }),
        };
        words.push(first_free(
            |suffix| format!("{word}{suffix}"),
            "",
            |word| words.iter().any(|w| w == word),
        ));
    }
    words
}

fn own_columns(step: &Step<'_>, table: RelationId, expr: &sql::Expr) -> Vec<ColumnId> {
    let uses = resolve_over(step.catalog, table, expr).uses;
    uses.into_iter().filter(|(relation, _)| *relation == table).filter_map(|(_, column)| column).collect()
}

/// Registers an index with its table.
pub(super) fn insert_index(step: &mut Step<'_>, index: Index, origin: IndexOrigin) {
    let (id, table) = (index.id, index.table);
    step.catalog.names.insert(Arc::new(index.name.clone()), Slot::Index(id));
    step.catalog.indexes.insert(id, Arc::new(index));
    if let Some(relation) = step.relation_mut(table) {
        relation.indexes.push(id);
    }
    step.change(Change::IndexCreated { relation: table, index: id, origin });
}

/// Gives `id` the indexes (and the keys they stand for) of another table, as a new partition and
/// `LIKE .. INCLUDING INDEXES` do.
pub(super) fn copy_indexes(step: &mut Step<'_>, id: RelationId, source: &Relation, partition: bool) {
    for index in &source.indexes {
        copy_index(step, id, source, *index, partition.then_some(*index));
    }
}

/// An index of a partition becomes a part of its parent's (`ALTER INDEX .. ATTACH PARTITION`), whose index is valid
/// once each partition has such a part (`validatePartitionedIndex` in src/backend/commands/tablecmds.c).
pub(super) fn attach(step: &mut Step<'_>, parent: IndexId, partition: &sql::Name) {
    let Some(part) = step.catalog.find_index(partition).cloned() else {
        let message = format!("index {partition} does not exist");
        step.missing("42704", message, Some(partition.span));
        return;
    };
    if part.part_of == Some(parent) {
        return;
    }
    let fits = step.catalog.index(parent).is_some_and(|whole| {
        let table = step.catalog.relation(whole.table);
        table.is_some_and(|table| table.children.contains(&part.table)) && step.catalog.is_alike(whole, &part)
    });
    if !fits || part.part_of.is_some() {
        let whole = step.catalog.index(parent).map(|whole| whole.name.to_string()).unwrap_or_default();
        let message = format!("index {} can't become a part of index {whole}", part.name);
        step.refuse(if fits { "55000" } else { "42P17" }, message, Some(partition.span));
        return;
    }
    set_part_of(step, part.id, Some(parent));
    validate(step, parent);
}

/// Marks an index of a partitioned table as valid where each partition has its valid part, and those above it.
fn validate(step: &mut Step<'_>, id: IndexId) {
    let Some(index) = step.catalog.index(id).cloned() else { return };
    let children = step.relation(index.table).map(|table| table.children.clone()).unwrap_or_default();
    let complete = children.iter().all(|child| {
        let part = step.catalog.partition_index(id, *child).and_then(|part| step.catalog.index(part));
        part.is_some_and(|part| part.valid && part.part_of == Some(id))
    });
    if !complete {
        return;
    }
    if let Some(index) = step.index_mut(id) {
        index.valid = true;
    }
    if let Some(above) = index.part_of {
        validate(step, above);
    }
}

fn set_part_of(step: &mut Step<'_>, id: IndexId, of: Option<IndexId>) {
    if let Some(index) = step.index_mut(id) {
        index.part_of = of;
    }
}

/// A partition that is detached keeps its indexes for itself.
pub(super) fn set_apart(step: &mut Step<'_>, partition: RelationId) {
    for index in step.relation(partition).map(|found| found.indexes.clone()).unwrap_or_default() {
        set_part_of(step, index, None);
    }
}

/// Gives the partitions of a table the index that the table has and they lack.
pub(super) fn copy_to_partitions(step: &mut Step<'_>, table: RelationId, index: IndexId) {
    let Some(source) = step.relation(table) else { return };
    if source.kind != RelationKind::Partitioned {
        return;
    }
    for child in &source.children {
        match step.catalog.partition_index(index, *child) {
            None => copy_index(step, *child, &source, index, Some(index)),
            Some(own) => set_part_of(step, own, Some(index)),
        }
        if let Some(copy) = step.catalog.partition_index(index, *child) {
            copy_to_partitions(step, *child, copy);
        }
    }
}

fn copy_index(
    step: &mut Step<'_>,
    id: RelationId,
    source: &Relation,
    index: IndexId,
    part_of: Option<IndexId>,
) {
    let Some(index) = step.catalog.index(index).cloned() else { return };
    let Some(relation) = step.relation(id) else { return };
    let translate = |column: &ColumnId| {
        let name = &source.column_by_id(*column)?.name;
        relation.column(name).map(|c| c.id)
    };
    let keys: Vec<Option<ColumnId>> = index.keys.iter().map(|k| k.as_ref().and_then(translate)).collect();
    let key = source.constraints.iter().find(|c| c.index() == Some(index.id));
    let label = match key.map(|c| &c.kind) {
        Some(ConstraintKind::PrimaryKey(_)) => "pkey",
        Some(ConstraintKind::Unique(_)) => "key",
        Some(_) => "excl",
        None => "idx",
    };
    let depends = index.depends.iter().filter_map(translate).collect();
    let include: Vec<ColumnId> = index.include.iter().filter_map(translate).collect();
    let words = match label {
        "pkey" => Vec::new(),
        _ => column_words(&relation, &keys, &index.terms, &include),
    };
    let name = implicit_constraint_name(step.catalog, &relation, &words, label);
    let new = IndexId(step.next_id());
    // The parent may go by its name in them.
    let own = |expr: &Arc<sql::Expr>| {
        let text = expression_text(&relation, expr);
        text.and_then(|text| sql::parse_expression(&text)).map_or_else(|| Arc::clone(expr), Arc::new)
    };
    let (terms, filter): (Vec<_>, _) =
        (index.terms.iter().map(own).collect(), index.filter.as_ref().map(own));
    let copy = Index {
        id: new,
        name: QName::new(relation.name.schema.clone(), name.clone()),
        table: id,
        keys: keys.clone(),
        depends,
        include,
        part_of,
        expressions: terms.iter().chain(&filter).map(|expr| expr.text.clone()).collect(),
        terms,
        filter,
        ..(*index).clone()
    };
    insert_index(step, copy, IndexOrigin::Constraint);
    if let Some(key) = key {
        let kind = match key.kind {
            ConstraintKind::PrimaryKey(_) => ConstraintKind::PrimaryKey(new),
            ConstraintKind::Exclude(_) => ConstraintKind::Exclude(new),
            _ => ConstraintKind::Unique(new),
        };
        if matches!(kind, ConstraintKind::PrimaryKey(_)) && relation.primary_key().is_some() {
            return;
        }
        let constraint = Constraint {
            name,
            kind,
            columns: keys.into_iter().flatten().collect(),
            validated: true,
            deferrable: key.deferrable,
            more: key.more,
        };
        if let Some(relation) = step.relation_mut(id) {
            relation.constraints.push(constraint);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Catalog, QName, apply};

    const TABLES: &str = "CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (2);
        CREATE TABLE t2 PARTITION OF t DEFAULT;";

    /// The schema, and what was refused.
    fn after(sql: &str) -> (Catalog, Vec<&'static str>) {
        let mut catalog = Catalog::new();
        let mut refused = Vec::new();
        for statement in sql::parse(&format!("{TABLES} {sql}"), 0).statements {
            refused
                .extend(apply(&mut catalog, &statement.stmt).refusals.iter().map(|refusal| refusal.sqlstate));
        }
        (catalog, refused)
    }

    fn is_valid(catalog: &Catalog, name: &str) -> Option<bool> {
        match catalog.slot(&QName::new("public", name)) {
            Some(crate::Found::Index(index)) => Some(index.valid),
            _ => None,
        }
    }

    #[test]
    fn a_whole_is_valid_once_all_parts_are_attached() {
        let apart = "CREATE INDEX i ON ONLY t (b); CREATE INDEX i1 ON t1 (b); CREATE INDEX i2 ON t2 (b);";
        let one = format!("{apart} ALTER INDEX i ATTACH PARTITION i1;");
        let (catalog, refused) = after(&one);
        assert_eq!((is_valid(&catalog, "i"), refused), (Some(false), vec![]));
        let all = format!("{one} ALTER INDEX i ATTACH PARTITION i2;");
        let (catalog, refused) = after(&all);
        assert_eq!((is_valid(&catalog, "i"), refused), (Some(true), vec![]));
        let (_, refused) = after(&format!("{all} DROP INDEX i1;"));
        assert_eq!(refused, ["2BP01"]);
        let (catalog, refused) = after(&format!("{all} DROP INDEX i;"));
        assert_eq!((is_valid(&catalog, "i1"), refused), (None, vec![]));
        // What is not attached stays.
        let (catalog, _) = after(&format!("{apart} DROP INDEX i;"));
        assert_eq!(is_valid(&catalog, "i1"), Some(true));
        let (_, refused) =
            after(&format!("{apart} CREATE INDEX x ON t1 (a); ALTER INDEX i ATTACH PARTITION x;"));
        assert_eq!(refused, ["42P17"]);
    }

    #[test]
    fn parts_are_found_or_made() {
        let (catalog, _) = after("CREATE INDEX own ON t1 (b); CREATE INDEX i ON t (b);");
        assert_eq!(is_valid(&catalog, "t1_b_idx"), None);
        assert_eq!(is_valid(&catalog, "t2_b_idx"), Some(true));
        let (catalog, _) = after("CREATE INDEX ON t (abs(a), (a + 1), (a + 2)) INCLUDE (b) WHERE t.b > 0;");
        assert_eq!(is_valid(&catalog, "t_abs_expr_expr1_b_idx"), Some(true));
        assert_eq!(is_valid(&catalog, "t1_abs_expr_expr1_b_idx"), Some(true));
    }
}
