//! The statements in the order in which they are applied.

use super::{objects, tables};

/// Each gives rows of one statement.
pub(super) const BEFORE_VIEWS: &[&str] = &[
    objects::SCHEMAS,
    objects::EXTENSIONS,
    objects::ENUMS,
    objects::TYPES,
    objects::DOMAIN_CHECKS,
    objects::FUNCTIONS,
    objects::SEQUENCES,
    tables::TABLES,
    tables::INHERITANCE,
    objects::SEQUENCE_OWNERS,
    tables::KEYS,
    tables::INDEXES,
    tables::CHECKS,
    tables::FOREIGN_KEYS,
];

/// Views with what they read.
pub(super) const VIEWS: &str = objects::VIEWS;

/// Each gives rows of one statement.
pub(super) const AFTER_VIEWS: &[&str] = &[
    tables::INDEXES_OF_VIEWS,
    tables::ROW_SECURITY,
    tables::POLICIES,
    tables::TRIGGERS,
    tables::DISABLED_TRIGGERS,
    tables::RULES,
];

/// Schema, name, `t` or `f`.
pub(super) const INDEX_VALIDITY: &str = tables::INDEX_VALIDITY;
pub(super) const INDEX_PARTS: &str = tables::INDEX_PARTS;

/// Schema, table, column.
pub(super) const INHERITED_COLUMNS: &str = tables::INHERITED_COLUMNS;

/// A condition: the schema `n` is looked at.
macro_rules! in_view {
    () => {
        "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'drizzle')"
    };
}

/// A condition: no extension owns the object of the catalog `$class` whose oid is `$oid`.
macro_rules! not_of_extension {
    ($class:literal, $oid:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '",
            $class,
            "'::regclass AND e.objid = ",
            $oid,
            " AND e.deptype = 'e')"
        )
    };
}

pub(super) use {in_view, not_of_extension};
