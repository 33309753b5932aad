//! The list of rules. A rule is `rules/<name>.rs` with `rules/<name>.md` beside it, and a line in each
//! of the two sorted lists here; `cargo xtask new-rule <name>` writes all four.

use crate::context::Context;
use source::{Diagnostic, RuleMeta};

mod backfill_in_transaction;
mod cached_plan_break;
mod concurrently_in_transaction;
mod delete_without_where;
mod dependent_objects;
mod detach_partition_blocks;
mod drop_and_add_is_a_rename;
pub(crate) mod drop_column;
mod drop_conflict_target;
mod drop_default;
mod drop_index_blocks;
mod drop_routine;
mod drop_schema;
mod drop_sequence;
mod drop_table;
mod drop_type;
mod drop_view;
mod duplicate_object;
mod enum_value_used_too_early;
mod fails_on_existing_rows;
mod fk_without_index;
mod generated_column_old_writes;
mod identity_starts_over;
mod ignore_without_reason;
mod index_blocks_writes;
mod index_build_under_lock;
mod keeps_invalid_index;
mod lock_pileup;
mod lock_table;
mod lossy_type_change;
pub(crate) mod migrate_after_deploy;
pub(crate) mod migrate_in_every_pod;
mod missing_object;
mod move_table;
mod narrowing_type_change;
mod new_constraint_old_writes;
mod no_lock_timeout;
mod query_names_missing_column;
mod refresh_blocks;
mod refused_statement;
mod reindex_blocks;
mod remove_enum_value;
mod rename_column;
mod rename_enum_value;
mod rename_table;
mod rename_type;
mod required_column;
mod revoke_privilege;
mod rewrite_under_lock;
mod rls_hides_rows;
mod scan_under_lock;
mod schema_ahead_of_migrations;
mod schema_without_migration;
mod set_not_null_old_writers;
mod snapshot_disagrees_with_sql;
mod syntax_error;
mod touches_drizzle_ledger;
mod truncate;
mod type_change_needs_using;
mod type_change_used_elsewhere;
mod unknown_statement;
mod unused_ignore;
mod validate_in_same_transaction;
mod view_loses_column;

/// What `schema-without-migration` says about the code of the working tree.
pub use schema_without_migration::findings as schema_without_migration;

/// One rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Name, group, severity, summary.
    pub meta: &'static RuleMeta,
    /// Looks at one judged set.
    pub check: fn(Context<'_>, &mut Vec<Diagnostic>),
    /// Its page in Markdown.
    pub page: &'static str,
}

macro_rules! rule {
    ($module:ident, $name:literal) => {
        Rule {
            meta: &$module::META,
            check: $module::check,
            page: include_str!(concat!("rules/", $name, ".md")),
        }
    };
}

/// All rules by name.
pub const RULES: &[Rule] = &[
    rule!(backfill_in_transaction, "backfill-in-transaction"),
    rule!(cached_plan_break, "cached-plan-break"),
    rule!(concurrently_in_transaction, "concurrently-in-transaction"),
    rule!(delete_without_where, "delete-without-where"),
    rule!(dependent_objects, "dependent-objects"),
    rule!(detach_partition_blocks, "detach-partition-blocks"),
    rule!(drop_and_add_is_a_rename, "drop-and-add-is-a-rename"),
    rule!(drop_column, "drop-column"),
    rule!(drop_conflict_target, "drop-conflict-target"),
    rule!(drop_default, "drop-default"),
    rule!(drop_index_blocks, "drop-index-blocks"),
    rule!(drop_routine, "drop-routine"),
    rule!(drop_schema, "drop-schema"),
    rule!(drop_sequence, "drop-sequence"),
    rule!(drop_table, "drop-table"),
    rule!(drop_type, "drop-type"),
    rule!(drop_view, "drop-view"),
    rule!(duplicate_object, "duplicate-object"),
    rule!(enum_value_used_too_early, "enum-value-used-too-early"),
    rule!(fails_on_existing_rows, "fails-on-existing-rows"),
    rule!(fk_without_index, "fk-without-index"),
    rule!(generated_column_old_writes, "generated-column-old-writes"),
    rule!(identity_starts_over, "identity-starts-over"),
    rule!(ignore_without_reason, "ignore-without-reason"),
    rule!(index_blocks_writes, "index-blocks-writes"),
    rule!(index_build_under_lock, "index-build-under-lock"),
    rule!(keeps_invalid_index, "keeps-invalid-index"),
    rule!(lock_pileup, "lock-pileup"),
    rule!(lock_table, "lock-table"),
    rule!(lossy_type_change, "lossy-type-change"),
    rule!(migrate_after_deploy, "migrate-after-deploy"),
    rule!(migrate_in_every_pod, "migrate-in-every-pod"),
    rule!(missing_object, "missing-object"),
    rule!(move_table, "move-table"),
    rule!(narrowing_type_change, "narrowing-type-change"),
    rule!(new_constraint_old_writes, "new-constraint-old-writes"),
    rule!(no_lock_timeout, "no-lock-timeout"),
    rule!(query_names_missing_column, "query-names-missing-column"),
    rule!(refresh_blocks, "refresh-blocks"),
    rule!(refused_statement, "refused-statement"),
    rule!(reindex_blocks, "reindex-blocks"),
    rule!(remove_enum_value, "remove-enum-value"),
    rule!(rename_column, "rename-column"),
    rule!(rename_enum_value, "rename-enum-value"),
    rule!(rename_table, "rename-table"),
    rule!(rename_type, "rename-type"),
    rule!(required_column, "required-column"),
    rule!(revoke_privilege, "revoke-privilege"),
    rule!(rewrite_under_lock, "rewrite-under-lock"),
    rule!(rls_hides_rows, "rls-hides-rows"),
    rule!(scan_under_lock, "scan-under-lock"),
    rule!(schema_ahead_of_migrations, "schema-ahead-of-migrations"),
    rule!(schema_without_migration, "schema-without-migration"),
    rule!(set_not_null_old_writers, "set-not-null-old-writers"),
    rule!(snapshot_disagrees_with_sql, "snapshot-disagrees-with-sql"),
    rule!(syntax_error, "syntax-error"),
    rule!(touches_drizzle_ledger, "touches-drizzle-ledger"),
    rule!(truncate, "truncate"),
    rule!(type_change_needs_using, "type-change-needs-using"),
    rule!(type_change_used_elsewhere, "type-change-used-elsewhere"),
    rule!(unknown_statement, "unknown-statement"),
    rule!(unused_ignore, "unused-ignore"),
    rule!(validate_in_same_transaction, "validate-in-same-transaction"),
    rule!(view_loses_column, "view-loses-column"),
];
