//! Casts that succeed and lose something: digits, a time of day, the end of a string.
//!
//! Postgres manual: 8.1 (numbers are rounded), 8.3 (a written cast to a length cuts the string), 8.5
//! (seconds are rounded to the precision).

use catalog::{Type, TypeRef};

/// What a cast from one type to another loses in silence, in words; `None` where it loses nothing
/// or raises an error instead. `explicit` says that USING writes the cast out.
pub(crate) fn silent_loss(from: &Type, to: &Type, explicit: bool) -> Option<&'static str> {
    let (TypeRef::Builtin(source), TypeRef::Builtin(target)) = (&from.base, &to.base) else { return None };
    let (source, target) = (source.as_str(), target.as_str());
    let first = |ty: &Type| ty.modifiers.first().copied();
    let scale = |ty: &Type| ty.modifiers.get(1).copied().unwrap_or(0);
    let whole = |name: &str| matches!(name, "int2" | "int4" | "int8");
    let fractional = |name: &str| matches!(name, "numeric" | "float4" | "float8");
    let stamp = |name: &str| matches!(name, "timestamp" | "timestamptz");
    let seconds = |ty: &Type| first(ty).unwrap_or(6).min(6);
    let timed = |name: &str| stamp(name) || matches!(name, "time" | "timetz");
    let string = |name: &str| matches!(name, "text" | "varchar" | "bpchar");
    if fractional(source)
        && whole(target)
        && !(source == "numeric" && first(from).is_some() && scale(from) == 0)
    {
        return Some("fractions are rounded away");
    }
    if fractional(source) && target == "numeric" && first(to).is_some() {
        let fewer = source != "numeric" || first(from).is_none() || scale(to) < scale(from);
        return fewer.then_some("digits behind the point are rounded away");
    }
    if matches!((source, target), ("float8" | "numeric", "float4") | ("numeric", "float8")) {
        return Some("digits beyond the precision of floating point are lost");
    }
    if stamp(source) && target == "date" {
        return Some("the time of day is dropped");
    }
    if stamp(source) && matches!(target, "time" | "timetz") {
        return Some("the date is dropped");
    }
    if timed(source) && timed(target) && seconds(to) < seconds(from) {
        return Some("fractions of seconds are rounded away");
    }
    if explicit && string(source) && matches!(target, "varchar" | "bpchar") {
        let shorter = match (first(from), first(to)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(new)) => new < old,
        };
        return shorter.then_some("longer values are cut, since USING writes the cast out");
    }
    None
}
