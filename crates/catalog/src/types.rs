//! From written types to [`Type`]s and back, and the volatility of expressions.

use crate::{Catalog, Type, TypeRef, builtin};
use sql::{Expr, Name, TypeName, Volatility};

/// The type that a written name stands for.
pub fn resolve_type(catalog: &Catalog, written: &TypeName) -> Type {
    let schema = written.schema.as_deref();
    let base = match schema {
        Some("pg_catalog") => TypeRef::Builtin(written.name.clone()),
        _ => match catalog.find_type(schema, &written.name) {
            Some(found) => TypeRef::User(found.id),
            None if schema.is_none() && builtin::is_builtin_type(&written.name) => {
                TypeRef::Builtin(written.name.clone())
            }
            None => TypeRef::Unknown(match schema {
                Some(schema) => format!("{schema}.{}", written.name),
                None => written.name.clone(),
            }),
        },
    };
    // `char` without a length is char(1), `bit` is bit(1).
    let mut modifiers = written.modifiers.clone();
    if modifiers.is_empty() && matches!(&base, TypeRef::Builtin(name) if name == "bpchar" || name == "bit") {
        modifiers.push(1);
    }
    Type { base, modifiers, array: written.dimensions > 0 }
}

/// A type as people write it: `varchar(255)`, `timestamp with time zone`, `mood[]`.
pub fn format_type(catalog: &Catalog, ty: &Type) -> String {
    let mut suffix = "";
    let mut text = match &ty.base {
        TypeRef::Builtin(name) => match name.as_str() {
            "int2" => "smallint",
            "int4" => "integer",
            "int8" => "bigint",
            "float4" => "real",
            "float8" => "double precision",
            "bool" => "boolean",
            "bpchar" => "char",
            // The precision stands before the last words.
            zoned @ ("timestamptz" | "timetz") => {
                suffix = " with time zone";
                zoned.trim_end_matches("tz")
            }
            other => other,
        }
        .to_owned(),
        TypeRef::User(id) => match catalog.user_type(*id) {
            Some(found) if found.name.schema == "public" => found.name.name.clone(),
            Some(found) => found.name.to_string(),
            None => "?".to_owned(),
        },
        TypeRef::Unknown(name) => name.clone(),
    };
    if !ty.modifiers.is_empty() {
        let modifiers: Vec<String> = ty.modifiers.iter().map(i64::to_string).collect();
        text.push_str(&format!("({})", modifiers.join(", ")));
    }
    text.push_str(suffix);
    if ty.array {
        text.push_str("[]");
    }
    text
}

/// The volatility of an expression: that of its most volatile function. `None` where a function is
/// neither built in nor in the history (it may come from an extension).
pub fn volatility(catalog: &Catalog, expr: &Expr) -> Option<Volatility> {
    let mut worst = Volatility::Immutable;
    let mut unknown = false;
    for call in &expr.uses.functions {
        match call_volatility(catalog, &call.name) {
            Some(found) => worst = worst.max(found),
            None => unknown = true,
        }
    }
    if unknown && worst < Volatility::Volatile { None } else { Some(worst) }
}

fn call_volatility(catalog: &Catalog, name: &Name) -> Option<Volatility> {
    let own = catalog.find_functions(name);
    if !own.is_empty() {
        return own.iter().map(|function| function.volatility).max();
    }
    let extension = match name.name.as_str() {
        // uuid-ossp and pgcrypto (their own control files say VOLATILE).
        "uuid_generate_v1" | "uuid_generate_v1mc" | "uuid_generate_v4" | "gen_random_bytes" | "gen_salt" => {
            Some(Volatility::Volatile)
        }
        "uuid_generate_v3" | "uuid_generate_v5" | "uuid_nil" | "digest" | "hmac" | "crypt" => {
            Some(Volatility::Immutable)
        }
        _ => None,
    };
    builtin::function_volatility(&name.name).or(extension)
}
