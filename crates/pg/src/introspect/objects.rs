//! Schemas, extensions, types, functions, sequences and views, written back as SQL.

use super::queries::{in_view, not_of_extension};

pub(super) const SCHEMAS: &str = concat!(
    "SELECT format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) FROM pg_namespace n WHERE ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_namespace", "n.oid"),
    " ORDER BY n.nspname"
);

/// `plpgsql` comes with every database.
pub(super) const EXTENSIONS: &str = "\
SELECT format('CREATE EXTENSION %I SCHEMA %I', e.extname, n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY e.extname";

pub(super) const ENUMS: &str = concat!(
    "SELECT format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
    (SELECT string_agg(quote_literal(v.enumlabel), ', ' ORDER BY v.enumsortorder)
        FROM pg_enum v WHERE v.enumtypid = t.oid))
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_type", "t.oid"),
    " ORDER BY t.oid"
);

/// Domains, composite types, ranges and base types. A type is made behind those that it is made of,
/// so that oids give an order.
pub(super) const TYPES: &str = concat!(
    "SELECT CASE t.typtype
    WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS %s%s%s', n.nspname, t.typname,
        format_type(t.typbasetype, t.typtypmod),
        ' DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN ' NOT NULL' END)
    WHEN 'c' THEN format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
        (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
            ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
    WHEN 'r' THEN format('CREATE TYPE %I.%I AS RANGE (subtype = %s)', n.nspname, t.typname,
        (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid))
    ELSE format('CREATE TYPE %I.%I', n.nspname, t.typname) END
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typtype IN ('d', 'c', 'r', 'b') AND (t.typtype <> 'c' OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = t.oid)
    AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_type", "t.oid"),
    " ORDER BY t.oid"
);

pub(super) const DOMAIN_CHECKS: &str = concat!(
    "SELECT format('ALTER DOMAIN %I.%I ADD CONSTRAINT %I %s', n.nspname, t.typname, k.conname,
    pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_type", "t.oid"),
    " ORDER BY k.oid"
);

/// Aggregates have no definition that the server writes back; no replay knows them either.
pub(super) const FUNCTIONS: &str = concat!(
    "SELECT pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'p', 'w') AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_proc", "p.oid"),
    // The constructors of a range are its own.
    " AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid
        AND i.deptype = 'i')
ORDER BY p.oid"
);

/// Those of identity columns are made with their column.
pub(super) const SEQUENCES: &str = concat!(
    "SELECT format('CREATE %s SEQUENCE %I.%I', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
    n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend i
        WHERE i.classid = 'pg_class'::regclass AND i.objid = c.oid AND i.deptype = 'i')
    AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.oid"
);

pub(super) const SEQUENCE_OWNERS: &str = concat!(
    "SELECT format('ALTER SEQUENCE %I.%I OWNED BY %I.%I.%I', n.nspname, c.relname, tn.nspname, t.relname,
    a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a'
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.oid"
);

pub(super) const VIEWS: &str = concat!(
    "SELECT c.oid,
    format('CREATE %s VIEW %I.%I (%s) AS %s %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED' END,
        n.nspname, c.relname,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        rtrim(pg_get_viewdef(c.oid), ';'),
        CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'WITH NO DATA' END),
    (SELECT string_agg(DISTINCT d.refobjid::text, ' ') FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND ",
    in_view!(),
    " AND ",
    not_of_extension!("pg_class", "c.oid"),
    " ORDER BY c.oid"
);
