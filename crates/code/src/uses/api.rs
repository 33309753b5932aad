//! Functions that packages export: Drizzle's, those that make types of tables, others.

use super::chain::handed;
use super::{Context, Walker, is_drizzle, is_pg_core};
use crate::eval::Call;
use crate::model::{Certainty, Role};
use crate::value::Api;
use std::sync::Arc;

impl Walker<'_, '_> {
    /// A function that a package exports.
    pub(super) fn api(&mut self, api: &Arc<Api>, call: &Call<'_>, context: &Context) {
        let schema =
            ["drizzle", "relations", "defineRelations", "defineRelationsPart", "alias", "aliasedTable"];
        if is_pg_core(&api.package) || (is_drizzle(&api.package) && schema.contains(&&*api.name)) {
            // Declarations. Set operations are the exception.
            if ["union", "unionAll", "intersect", "intersectAll", "except", "exceptAll"].contains(&&*api.name)
            {
                self.walk_args(call, &Context::default());
            }
            return;
        }
        let makes_types = [
            "drizzle-orm/zod",
            "drizzle-orm/valibot",
            "drizzle-orm/typebox",
            "drizzle-orm/arktype",
            "drizzle-orm/effect-schema",
            "drizzle-zod",
            "drizzle-valibot",
            "drizzle-typebox",
            "drizzle-arktype",
            "drizzle-effect",
        ];
        if makes_types.iter().any(|package| api.package.starts_with(package)) {
            let context = Context {
                role: Role::Type,
                certainty: Certainty::Possible,
                why: "a schema for values, made of the table".into(),
                whole: true,
                ..Context::default()
            };
            return self.walk_args(call, &context);
        }
        if is_drizzle(&api.package) {
            let context = match context.is_query() {
                true => context.clone(),
                false => Context {
                    why: "in a condition that stands outside of a query".into(),
                    ..Context::default()
                },
            };
            let context = Context { whole: context.whole && api.name.starts_with("get"), ..context };
            // `param(value, column)`: the column only says how to write the value.
            return match &*api.name {
                "param" => self.walk_arg(call, 0, &context),
                _ => self.walk_args(call, &context),
            };
        }
        self.walk_args(call, &handed(format!("`{}` of `{}`", api.name, api.package), Certainty::Possible));
    }
}
