//! The recipes, in the order in which they are asked. Each is one file here, with its page beside it.

mod add_check;
mod add_exclusion;
mod add_foreign_key;
mod add_index;
mod add_primary_key;
mod add_unique;
mod backfill;
mod drop_column;
mod drop_default;
mod drop_index;
mod drop_object;
mod generated_column;
mod identity;
mod kept_table;
mod outside;
mod partitioned_index;
mod remade_key;
mod remake_enum;
mod rename_column;
mod rename_enum_value;
mod rename_table;
mod required_column;
mod row_security;
mod set_not_null;
mod shadow;
mod split_merge;
mod switch;
mod sync_body;
mod type_change;
mod view_change;
mod view_columns;
mod volatile_default;

use crate::model::Part;
use crate::site::Site;

/// What a recipe says to a statement: nothing where it is not its kind; otherwise a part, or why there is none.
pub type Answer = Option<Result<Part, String>>;

/// One recipe.
pub struct Recipe {
    /// Its name, that of its file and page.
    pub name: &'static str,
    /// Its page.
    pub page: &'static str,
    /// Its work.
    pub make: fn(Site<'_>) -> Answer,
}

macro_rules! recipes {
    ($($module:ident $name:literal,)*) => {
        /// Every recipe, in the order in which they are asked: the first that answers decides.
        pub const RECIPES: &[Recipe] = &[$(Recipe {
            name: $name,
            page: include_str!(concat!("recipes/", $name, ".md")),
            make: $module::make,
        }),*];
    };
}

recipes! {
    outside "outside",
    remade_key "remade-key",
    remake_enum "remake-enum",
    view_change "view-change",
    row_security "row-security",
    generated_column "generated-column",
    rename_column "rename-column",
    rename_table "rename-table",
    type_change "type-change",
    rename_enum_value "rename-enum-value",
    split_merge "split-merge",
    drop_column "drop-column",
    drop_object "drop-object",
    drop_default "drop-default",
    drop_index "drop-index",
    identity "identity",
    required_column "required-column",
    volatile_default "volatile-default",
    set_not_null "set-not-null",
    add_foreign_key "add-foreign-key",
    add_check "add-check",
    partitioned_index "partitioned-index",
    add_index "add-index",
    add_exclusion "add-exclusion",
    add_unique "add-unique",
    add_primary_key "add-primary-key",
    backfill "backfill",
}
