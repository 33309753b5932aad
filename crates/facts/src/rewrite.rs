//! What `ALTER COLUMN TYPE` does to the bytes of a table.
//!
//! Follows `ATColumnChangeRequiresRewrite` in src/backend/commands/tablecmds.c: the cast is planned,
//! and the table is rewritten unless nothing is left of it but relabelling. Which length changes
//! planning removes is said by the support functions (`varchar_support`, `numeric_support`,
//! `TemporalSimplify` ..) in src/backend/utils/adt.

use catalog::{CastContext, CastMethod, Catalog, Type, TypeRef, UserTypeKind, cast, type_category};

/// What a type change needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeChange {
    /// The table is written anew; `None` where it can't be told.
    pub rewrite: Option<bool>,
    /// No cast applies: without USING 42804, with a USING that only casts 42846.
    pub needs_using: bool,
    /// A value may not survive: the SQLSTATE that it raises.
    pub may_fail: Option<&'static str>,
    /// Indexes on the column are built anew, though the table is not rewritten.
    pub reindex: bool,
}

const NOTHING: TypeChange =
    TypeChange { rewrite: Some(false), needs_using: false, may_fail: None, reindex: false };

/// The change from one type to another. `explicit` says that USING writes the cast out.
pub(crate) fn type_change(
    catalog: &Catalog,
    from: &Type,
    to: &Type,
    explicit: bool,
    utc: bool,
) -> TypeChange {
    if from == to {
        return NOTHING;
    }
    let (source, _) = without_domain(catalog, from);
    let (target, constrained) = without_domain(catalog, to);
    let mut change = plain(&source, &target, explicit, utc, catalog);
    // A value of a domain has no modifiers of its own (`exprTypmod`), so that a length is enforced
    // anew even where the domain promises it.
    if source != *from && !target.modifiers.is_empty() && change.rewrite == Some(false) {
        change.rewrite = Some(true);
    }
    if constrained {
        change.rewrite = Some(true);
        change.may_fail = change.may_fail.or(Some("23514"));
    }
    change
}

/// The type under a domain, and whether a domain on the way has constraints.
fn without_domain(catalog: &Catalog, ty: &Type) -> (Type, bool) {
    let mut ty = ty.clone();
    let mut constrained = false;
    for _ in 0..16 {
        let TypeRef::User(id) = ty.base else { break };
        let Some(UserTypeKind::Domain { base, constrained: own, .. }) =
            catalog.user_type(id).map(|t| &t.kind)
        else {
            break;
        };
        constrained |= own;
        let array = ty.array;
        ty = base.clone();
        ty.array |= array;
    }
    (ty, constrained)
}

fn plain(from: &Type, to: &Type, explicit: bool, utc: bool, catalog: &Catalog) -> TypeChange {
    if from.array != to.array {
        return through_text(from, to, explicit, catalog);
    }
    if from.base == to.base {
        return match lengths(from, to) {
            Length::Same => NOTHING,
            // Casts of array elements are never planned away.
            Length::Wider if from.array => TypeChange { rewrite: Some(true), ..NOTHING },
            Length::Wider => NOTHING,
            Length::Other => TypeChange { rewrite: Some(true), may_fail: narrowing(to, explicit), ..NOTHING },
        };
    }
    let (TypeRef::Builtin(source), TypeRef::Builtin(target)) = (&from.base, &to.base) else {
        return with_user_type(from, to, explicit, catalog);
    };
    if let Some(change) = between_timestamps(source, target, from, to, utc) {
        return change;
    }
    let unlimited = Type { modifiers: Vec::new(), ..to.clone() };
    let length = if to.modifiers.is_empty() { Length::Same } else { lengths(&unlimited, to) };
    match cast(source, target) {
        Some((context, CastMethod::Binary)) => TypeChange {
            rewrite: Some(from.array || length == Length::Other),
            needs_using: !explicit && context == CastContext::Explicit,
            may_fail: if length == Length::Other { narrowing(to, explicit) } else { None },
            reindex: !same_operators(source, target),
        },
        Some((context, _)) => TypeChange {
            rewrite: Some(true),
            needs_using: !explicit && context == CastContext::Explicit,
            may_fail: loses(source, target).or(narrowing(to, explicit).filter(|_| length == Length::Other)),
            reindex: false,
        },
        None => through_text(from, to, explicit, catalog),
    }
}

/// No entry in `pg_cast`: only the way through text is left, on its own only towards strings, and
/// element by element between arrays (`find_coercion_pathway` in parse_coerce.c).
fn through_text(from: &Type, to: &Type, explicit: bool, catalog: &Catalog) -> TypeChange {
    let elements = from.array && to.array;
    let category = |ty: &Type| category(catalog, &Type { array: ty.array && !elements, ..ty.clone() });
    let (source, target) = (category(from), category(to));
    let to_text = target == Some('S');
    TypeChange {
        rewrite: Some(true),
        needs_using: !to_text && (!explicit || source != Some('S')),
        may_fail: match target {
            Some('S') => narrowing(to, explicit),
            // Dates, times and intervals have an error of their own.
            Some('D' | 'T') => Some("22007"),
            _ => Some("22P02"),
        },
        reindex: false,
    }
}

fn with_user_type(from: &Type, to: &Type, explicit: bool, catalog: &Catalog) -> TypeChange {
    if let Some(change) = with_citext(from, to, explicit) {
        return change;
    }
    let unknown = |ty: &Type| matches!(ty.base, TypeRef::Unknown(_));
    if unknown(from) || unknown(to) {
        // Casts of extensions: not known here. To and from text goes through text unless the
        // extension says otherwise.
        let text_side = category(catalog, from) == Some('S') || category(catalog, to) == Some('S');
        return TypeChange {
            rewrite: text_side.then_some(true),
            needs_using: false,
            may_fail: Some("22P02"),
            reindex: false,
        };
    }
    through_text(from, to, explicit, catalog)
}

/// A citext is a text with operators of its own: the casts between them are WITHOUT FUNCTION (citext--1.4.sql
/// in contrib/citext), and only a length is enforced.
fn with_citext(from: &Type, to: &Type, explicit: bool) -> Option<TypeChange> {
    let string =
        |ty: &Type| matches!(&ty.base, TypeRef::Builtin(name) if name == "text" || name == "varchar");
    if from.array || to.array || !(is_citext(from) && string(to) || string(from) && is_citext(to)) {
        return None;
    }
    let cut = !to.modifiers.is_empty();
    let may_fail = if cut { narrowing(to, explicit) } else { None };
    Some(TypeChange { rewrite: Some(cut), needs_using: false, may_fail, reindex: true })
}

pub(crate) fn is_citext(ty: &Type) -> bool {
    matches!(&ty.base, TypeRef::Unknown(name) if name.rsplit('.').next() == Some("citext"))
}

fn category(catalog: &Catalog, ty: &Type) -> Option<char> {
    match (&ty.base, ty.array) {
        (_, true) => Some('A'),
        (TypeRef::Builtin(name), _) => type_category(name),
        (TypeRef::User(id), _) => match catalog.user_type(*id).map(|ty| &ty.kind) {
            Some(UserTypeKind::Enum(_)) => Some('E'),
            _ => Some('U'),
        },
        (TypeRef::Unknown(_), _) => is_citext(ty).then_some('S'),
    }
}

/// `timestamp_timestamptz` and its reverse are no-ops where the session's TimeZone is UTC (since 12,
/// `TimestampTimestampTzRequiresRewrite` in timestamp.c); their operator classes differ all the same.
fn between_timestamps(source: &str, target: &str, from: &Type, to: &Type, utc: bool) -> Option<TypeChange> {
    if !matches!((source, target), ("timestamp", "timestamptz") | ("timestamptz", "timestamp")) {
        return None;
    }
    // The result of the cast has no precision of its own, so that a lower one is enforced anew.
    Some(TypeChange { rewrite: Some(!utc || from.array || precision(to) < 6), reindex: true, ..NOTHING })
}

fn precision(ty: &Type) -> i64 {
    ty.modifiers.first().copied().unwrap_or(6).min(6)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Same,
    Wider,
    Other,
}

/// How two sets of modifiers of one type compare.
fn lengths(from: &Type, to: &Type) -> Length {
    if from.modifiers == to.modifiers {
        return Length::Same;
    }
    let TypeRef::Builtin(name) = &to.base else { return Length::Other };
    let first = |ty: &Type| ty.modifiers.first().copied();
    let scale = |ty: &Type| ty.modifiers.get(1).copied().unwrap_or(0);
    let wider = match name.as_str() {
        "varchar" | "varbit" => match (first(from), first(to)) {
            (_, None) => true,
            (Some(old), Some(new)) => new >= old,
            (None, Some(_)) => false,
        },
        "numeric" => match (first(from), first(to)) {
            (_, None) => true,
            (Some(old), Some(new)) => new >= old && scale(from) == scale(to),
            (None, Some(_)) => false,
        },
        "timestamp" | "timestamptz" | "time" | "timetz" => precision(to) >= precision(from),
        "interval" => to.modifiers.is_empty(),
        _ => false,
    };
    if wider { Length::Wider } else { Length::Other }
}

/// What a value that is too long or too large raises. Written casts to a length cut strings instead.
fn narrowing(to: &Type, explicit: bool) -> Option<&'static str> {
    match &to.base {
        TypeRef::Builtin(name) => match name.as_str() {
            "varchar" | "bpchar" | "varbit" => (!explicit && !to.modifiers.is_empty()).then_some("22001"),
            "bit" => (!explicit && !to.modifiers.is_empty()).then_some("22026"),
            "numeric" => (!to.modifiers.is_empty()).then_some("22003"),
            _ => None,
        },
        _ => None,
    }
}

/// What a value raises that the other type can't hold.
fn loses(source: &str, target: &str) -> Option<&'static str> {
    let rank = |name: &str| match name {
        "int2" => Some(1),
        "int4" => Some(2),
        "int8" => Some(3),
        "numeric" => Some(9),
        "float4" => Some(10),
        "float8" => Some(11),
        _ => None,
    };
    match (rank(source), rank(target)) {
        (Some(source), Some(target)) if source > target && target <= 3 => Some("22003"),
        (Some(11), Some(10)) => Some("22003"),
        // A JSON value of another kind (`cannotCastJsonbValue`).
        _ if source == "jsonb" && target != "json" => Some("22023"),
        _ => None,
    }
}

/// Whether an index on the one type serves the other as it is (`CheckIndexCompatible`): varchar uses
/// text's operator class, cidr inet's.
fn same_operators(source: &str, target: &str) -> bool {
    let class = |name: &str| match name {
        "varchar" | "text" => 1,
        "cidr" | "inet" => 2,
        _ => 0,
    };
    source == target || (class(source) != 0 && class(source) == class(target))
}
