//! Tables with all that belongs to them, written back as SQL.
//!
//! Every statement says ONLY: what a partition or a child has of its parent is in the catalog as its
//! own, and is made with it.

use super::queries::{in_view, not_of_extension};

/// The tables of `c` that are looked at.
macro_rules! tables {
    () => {
        concat!(
            "c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND ",
            in_view!(),
            " AND ",
            not_of_extension!("pg_class", "c.oid")
        )
    };
}

/// From 18 on `attnotnull` is also set by a NOT NULL that has not been validated.
pub(super) const TABLES: &str = concat!(
    "SELECT format('CREATE %s TABLE %I.%I (%s)%s%s',
    CASE WHEN c.relkind = 'f' THEN 'FOREIGN' WHEN c.relpersistence = 'u' THEN 'UNLOGGED' END,
    n.nspname, c.relname,
    (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
            (SELECT format('COLLATE %I.%I', ln.nspname, l.collname)
                FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace
                WHERE l.oid = a.attcollation AND a.attcollation <> ty.typcollation),
            CASE WHEN a.attgenerated <> '' THEN 'GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid)
                    || CASE a.attgenerated WHEN 's' THEN ') STORED' ELSE ') VIRTUAL' END
                WHEN d.adbin IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END,
            CASE WHEN a.attidentity <> '' THEN 'GENERATED '
                || CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END || ' AS IDENTITY'
                || coalesce((SELECT format(' (SEQUENCE NAME %I.%I)', sn.nspname, s.relname)
                    FROM pg_depend i JOIN pg_class s ON s.oid = i.objid
                    JOIN pg_namespace sn ON sn.oid = s.relnamespace
                    WHERE i.classid = 'pg_class'::regclass AND i.refclassid = 'pg_class'::regclass
                        AND i.deptype = 'i' AND s.relkind = 'S'
                        AND i.refobjid = a.attrelid AND i.refobjsubid = a.attnum LIMIT 1), '') END,
            CASE WHEN a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid
                AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum])
                THEN 'NOT NULL' END), ', ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type ty ON ty.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    CASE c.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END,
    (SELECT format(' SERVER %I', s.srvname) FROM pg_foreign_table f
        JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ",
    tables!(),
    " ORDER BY c.oid"
);

pub(super) const INHERITANCE: &str = concat!(
    "SELECT CASE WHEN c.relispartition
    THEN format('ALTER TABLE ONLY %I.%I ATTACH PARTITION %I.%I %s', pn.nspname, p.relname, n.nspname,
        c.relname, pg_get_expr(c.relpartbound, c.oid))
    ELSE format('ALTER TABLE ONLY %I.%I INHERIT %I.%I', n.nspname, c.relname, pn.nspname, p.relname) END
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE ",
    tables!(),
    " ORDER BY c.oid, i.inhseqno"
);

/// `$kinds` of `pg_constraint.contype`. A foreign key to a partitioned table has a row more for each
/// partition there, which is no constraint of its own.
macro_rules! constraints {
    ($kinds:literal) => {
        concat!(
            "SELECT format('ALTER TABLE ONLY %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname,
    pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (",
            $kinds,
            ") AND NOT EXISTS (SELECT FROM pg_constraint u WHERE u.oid = k.conparentid
        AND u.conrelid = k.conrelid)
    AND ",
            tables!(),
            " ORDER BY k.oid"
        )
    };
}

pub(super) const KEYS: &str = constraints!("k.contype IN ('p', 'u', 'x')");
pub(super) const CHECKS: &str = constraints!("k.contype = 'c' OR k.contype = 'n' AND NOT k.convalidated");
pub(super) const FOREIGN_KEYS: &str = constraints!("k.contype = 'f'");

/// Indexes that belong to no constraint, of these `$kinds` of relation.
macro_rules! indexes {
    ($kinds:literal) => {
        concat!(
            "FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
    AND c.relkind IN (",
            $kinds,
            ") AND c.relpersistence <> 't' AND ",
            in_view!(),
            " AND ",
            not_of_extension!("pg_class", "c.oid"),
            " AND ",
            not_of_extension!("pg_class", "x.oid"),
            " ORDER BY x.oid"
        )
    };
}

/// A foreign key may stand on a unique index, so these come before it.
pub(super) const INDEXES: &str = concat!("SELECT pg_get_indexdef(x.oid) ", indexes!("'r', 'p'"));
pub(super) const INDEXES_OF_VIEWS: &str = concat!("SELECT pg_get_indexdef(x.oid) ", indexes!("'m'"));
pub(super) const INDEX_VALIDITY: &str =
    concat!("SELECT n.nspname, x.relname, i.indisvalid ", indexes!("'r', 'p', 'm'"));

/// Parts of the indexes of partitioned tables, those of constraints too: the part, and the whole.
pub(super) const INDEX_PARTS: &str = concat!(
    "SELECT n.nspname, x.relname, m.nspname, w.relname
FROM pg_inherits h JOIN pg_class x ON x.oid = h.inhrelid JOIN pg_class w ON w.oid = h.inhparent
JOIN pg_namespace n ON n.oid = x.relnamespace JOIN pg_namespace m ON m.oid = w.relnamespace
WHERE w.relkind = 'I' AND ",
    in_view!()
);

pub(super) const ROW_SECURITY: &str = concat!(
    "SELECT format('ALTER TABLE %I.%I %s ROW LEVEL SECURITY', n.nspname, c.relname, w.word)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (VALUES ('ENABLE'), ('FORCE')) w (word)
WHERE CASE w.word WHEN 'ENABLE' THEN c.relrowsecurity ELSE c.relforcerowsecurity END AND ",
    tables!(),
    " ORDER BY c.oid, w.word"
);

pub(super) const POLICIES: &str = concat!(
    "SELECT format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', p.polname, n.nspname, c.relname,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
        WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(CASE WHEN o.role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o.role)) END,
        ', ' ORDER BY o.role) FROM unnest(p.polroles) o (role)),
    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ",
    tables!(),
    " ORDER BY p.oid"
);

/// The relations that can have triggers and rules, views among them.
macro_rules! tables_and_views {
    () => {
        concat!(
            "c.relkind IN ('r', 'p', 'f', 'v') AND c.relpersistence <> 't' AND ",
            in_view!(),
            " AND ",
            not_of_extension!("pg_class", "c.oid")
        )
    };
}

/// Copies that partitions have of a trigger go with it.
pub(super) const TRIGGERS: &str = concat!(
    "SELECT pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND ",
    tables_and_views!(),
    " ORDER BY t.oid"
);

pub(super) const DISABLED_TRIGGERS: &str = concat!(
    "SELECT format('ALTER TABLE ONLY %I.%I DISABLE TRIGGER %I', n.nspname, c.relname, t.tgname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled = 'D' AND ",
    tables_and_views!(),
    " ORDER BY t.oid"
);

pub(super) const RULES: &str = concat!(
    "SELECT pg_get_ruledef(r.oid)
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND ",
    tables_and_views!(),
    " ORDER BY r.oid"
);

pub(super) const INHERITED_COLUMNS: &str = concat!(
    "SELECT n.nspname, c.relname, a.attname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attinhcount > 0 AND a.attnum > 0 AND NOT a.attisdropped AND ",
    tables!()
);
