//! The few functions of JavaScript that schemas are written with.

use super::Eval;
use super::apply::Call;
use crate::value::{Object, Value};
use std::sync::Arc;

/// `Object.values(x)` and kin.
pub(super) fn of_object(eval: &mut Eval<'_, '_>, object: &str, name: &str, call: &Call<'_>) -> Value {
    let argument = eval.arg(call, 0);
    let Some(entries) = (match (object, name) {
        ("Object", "values" | "keys" | "entries" | "freeze" | "fromEntries" | "assign")
        | ("Promise", "all" | "resolve") => Some(&argument),
        _ => None,
    }) else {
        return Value::unknown(format!("`{object}.{name}()`"));
    };
    if name == "freeze" || object == "Promise" {
        return argument;
    }
    if name == "fromEntries" {
        let Value::List(pairs) = &argument else { return Value::Unknown(argument.why()) };
        let mut made = Object::default();
        for pair in pairs.iter() {
            match pair {
                Value::List(pair) => match (pair.first(), pair.get(1)) {
                    (Some(Value::Text(key)), Some(value)) => made.set(key.clone(), value.clone()),
                    _ => made.open = Some("a computed key".into()),
                },
                other => made.open = Some(other.why()),
            }
        }
        return Value::Object(Arc::new(made));
    }
    if name == "assign" {
        let mut made = Object::default();
        for value in eval.args(call) {
            match eval.entries(&value) {
                Some(more) => {
                    more.entries.into_iter().for_each(|(key, value)| made.set(key, value));
                    made.open = made.open.or(more.open);
                }
                None => made.open = Some(value.why()),
            }
        }
        return Value::Object(Arc::new(made));
    }
    let Some(object) = eval.entries(entries) else { return Value::Unknown(entries.why()) };
    if let Some(why) = object.open {
        return Value::Unknown(why);
    }
    let items = object.entries.into_iter().map(|(key, value)| match name {
        "values" => value,
        "keys" => Value::Text(key),
        _ => Value::List([Value::Text(key), value].into()),
    });
    Value::List(items.collect())
}

/// `list.map(f)` and kin.
pub(super) fn method(eval: &mut Eval<'_, '_>, items: &Arc<[Value]>, name: &str, call: &Call<'_>) -> Value {
    match name {
        "map" => match eval.arg(call, 0) {
            Value::Function(closure) => {
                Value::List(items.iter().map(|item| eval.run(&closure, std::slice::from_ref(item))).collect())
            }
            other => Value::Unknown(other.why()),
        },
        "concat" => match eval.arg(call, 0) {
            Value::List(more) => Value::List(items.iter().chain(more.iter()).cloned().collect()),
            other => Value::Unknown(other.why()),
        },
        "join" => {
            let Value::Text(between) = eval.arg(call, 0) else { return Value::unknown("a list as text") };
            let texts: Option<Vec<&str>> = items.iter().map(|item| item.text().map(|text| &**text)).collect();
            texts.map_or_else(
                || Value::unknown("a list as text"),
                |texts| Value::Text(texts.join(&between).into()),
            )
        }
        _ => Value::unknown(format!("`.{name}()` of a list")),
    }
}
