//! What Postgres itself brings: volatility of functions, casts, categories of types.
//!
//! The three lists beside this file were read from `pg_proc`, `pg_cast` and `pg_type` of
//! PostgreSQL 18, whose entries are a superset of 13 to 17.

use sql::Volatility;
use std::collections::HashMap;
use std::sync::LazyLock;

/// When a cast applies (`pg_cast.castcontext`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CastContext {
    /// Anywhere.
    Implicit,
    /// In assignments, and in `ALTER COLUMN TYPE` without USING.
    Assignment,
    /// Only where written.
    Explicit,
}

/// How a cast works (`pg_cast.castmethod`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastMethod {
    /// The bytes stay: no rewrite.
    Binary,
    /// A function.
    Function,
    /// Through text.
    InOut,
}

static FUNCTIONS: LazyLock<HashMap<&'static str, Volatility>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, volatility) = line.split_once(' ')?;
        let volatility = match volatility {
            "immutable" => Volatility::Immutable,
            "stable" => Volatility::Stable,
            _ => Volatility::Volatile,
        };
        Some((name, volatility))
    };
    include_str!("builtin/functions.txt").lines().filter_map(line).collect()
});

/// Source and target.
type Pair = (&'static str, &'static str);

static CASTS: LazyLock<HashMap<Pair, (CastContext, CastMethod)>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut words = line.split(' ');
        let (source, target) = (words.next()?, words.next()?);
        let context = match words.next()? {
            "i" => CastContext::Implicit,
            "a" => CastContext::Assignment,
            _ => CastContext::Explicit,
        };
        let method = match words.next()? {
            "b" => CastMethod::Binary,
            "f" => CastMethod::Function,
            _ => CastMethod::InOut,
        };
        Some(((source, target), (context, method)))
    };
    include_str!("builtin/casts.txt").lines().filter_map(line).collect()
});

static TYPES: LazyLock<HashMap<&'static str, char>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (name, category) = line.split_once(' ')?;
        Some((name, category.chars().next()?))
    };
    include_str!("builtin/types.txt").lines().filter_map(line).collect()
});

/// The most volatile of the built-in functions of this name; `None` where there is none.
pub fn function_volatility(name: &str) -> Option<Volatility> {
    // Keywords that stand for functions without being in `pg_proc` (SQLValueFunction in execExprInterp.c).
    let keyword = ["current_date", "current_time", "localtime", "localtimestamp"].contains(&name);
    keyword.then_some(Volatility::Stable).or_else(|| FUNCTIONS.get(name).copied())
}

/// The cast from one built-in type to another (`pg_cast`); `None` where there is none.
pub fn cast(source: &str, target: &str) -> Option<(CastContext, CastMethod)> {
    CASTS.get(&(source, target)).copied()
}

/// Whether this is a built-in type.
pub fn is_builtin_type(name: &str) -> bool {
    TYPES.contains_key(name)
}

/// `pg_type.typcategory` of a built-in type: `S` for strings, `N` for numbers, `D` for dates ..
pub fn type_category(name: &str) -> Option<char> {
    TYPES.get(name).copied()
}
