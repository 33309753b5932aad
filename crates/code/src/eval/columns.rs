//! Column builders: `varchar("x", { length: 255 }).notNull()` and what they mean in SQL.

use super::Eval;
use super::apply::Call;
use crate::value::{Builder, Object, Value};
use std::sync::Arc;

/// The builder that `name` of Drizzle's Postgres part makes; unknown where it makes none.
pub(super) fn builder(eval: &mut Eval<'_, '_>, name: &str, call: &Call<'_>) -> Value {
    let (first, second) = (eval.arg(call, 0), eval.arg(call, 1));
    let (column, options) = match &first {
        Value::Text(column) => (Some(column.clone()), second),
        Value::Nothing => (None, second),
        Value::Object(_) => (None, first),
        // A name that is not known: whoever asks must not take the key for it.
        Value::Unknown(why) if !call.args.is_empty() => return Value::Unknown(why.clone()),
        _ => (None, second),
    };
    let none = Object::default();
    let options = options.object().unwrap_or(&none);
    let Some(sql_type) = sql_type(name, options) else {
        return Value::unknown(format!("`{name}` of Drizzle"));
    };
    let serial = name.ends_with("erial");
    Value::Builder(Arc::new(Builder {
        name: column,
        sql_type,
        not_null: serial,
        default: serial,
        generated: false,
        identity: false,
        app_default: false,
        on_update: false,
        place: call.module.place(call.span),
    }))
}

/// The type as drizzle-kit writes it: `None` for what is no column type, `Some(None)` for one that
/// depends on what is not known.
#[allow(clippy::option_option, reason = "two different questions")]
fn sql_type(name: &str, options: &Object) -> Option<Option<String>> {
    let number = |key: &str| match options.get(key) {
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let with_zone = || match options.get("withTimezone") {
        Some(Value::Bool(true)) => " with time zone",
        _ => "",
    };
    let bracket = |word: &str, key: &str| match number(key) {
        Some(number) => format!("{word}({number})"),
        None => word.to_owned(),
    };
    let unclear = options.open.is_some()
        || options.entries.iter().any(|(key, value)| {
            matches!(&**key, "length" | "precision" | "scale" | "withTimezone" | "dimensions")
                && matches!(value, Value::Unknown(_))
        });
    let text = match name {
        "smallint" | "integer" | "bigint" | "boolean" | "text" | "json" | "jsonb" | "uuid" | "date"
        | "real" | "serial" | "bigserial" | "smallserial" | "inet" | "cidr" | "macaddr" | "macaddr8"
        | "point" | "line" | "bytea" => name.to_owned(),
        "doublePrecision" => "double precision".to_owned(),
        "varchar" | "char" => bracket(name, "length"),
        "numeric" | "decimal" => match (number("precision"), number("scale")) {
            (Some(precision), Some(scale)) => format!("numeric({precision}, {scale})"),
            (Some(precision), None) => format!("numeric({precision})"),
            (None, _) => "numeric".to_owned(),
        },
        "time" => format!("{}{}", bracket("time", "precision"), with_zone()),
        "timestamp" => format!("{}{}", bracket("timestamp", "precision").replace('(', " ("), with_zone()),
        "interval" => {
            let fields = options.get("fields").and_then(Value::text);
            let fields = fields.map(|fields| format!(" {fields}")).unwrap_or_default();
            bracket(&format!("interval{fields}"), "precision")
        }
        "vector" | "halfvec" | "sparsevec" | "bit" => bracket(name, "dimensions"),
        "geometry" => "geometry(point)".to_owned(),
        _ => return None,
    };
    Some((!unclear).then_some(text))
}

/// `builder.name(args)`
pub(super) fn method(eval: &mut Eval<'_, '_>, builder: &Arc<Builder>, name: &str, call: &Call<'_>) -> Value {
    let mut made = (**builder).clone();
    match name {
        "notNull" => made.not_null = true,
        "primaryKey" => made.not_null = true,
        "default" | "defaultNow" | "defaultRandom" => made.default = true,
        "$default" | "$defaultFn" => made.app_default = true,
        "$onUpdate" | "$onUpdateFn" => made.on_update = true,
        "generatedAlwaysAs" => made.generated = true,
        "generatedAlwaysAsIdentity" => (made.generated, made.not_null) = (true, true),
        "generatedByDefaultAsIdentity" => (made.identity, made.not_null) = (true, true),
        "array" => {
            let size = match eval.arg(call, 0) {
                Value::Number(size) => size.to_string(),
                _ => String::new(),
            };
            made.sql_type = made.sql_type.map(|ty| format!("{ty}[{size}]"));
        }
        _ => {}
    }
    Value::Builder(Arc::new(made))
}

/// One column out of several ways to declare it, where they agree on name and type: only what all of them
/// say holds.
pub(super) fn one_builder(values: &[Value]) -> Option<Value> {
    let mut made: Option<Builder> = None;
    for value in values {
        let Value::Builder(other) = value else { return None };
        made = Some(match made {
            None => (**other).clone(),
            Some(one) if one.name != other.name || one.sql_type != other.sql_type => return None,
            Some(one) => Builder {
                not_null: one.not_null && other.not_null,
                default: one.default && other.default,
                generated: one.generated && other.generated,
                identity: one.identity && other.identity,
                app_default: one.app_default && other.app_default,
                on_update: one.on_update && other.on_update,
                ..one
            },
        });
    }
    made.map(|builder| Value::Builder(Arc::new(builder)))
}

impl Eval<'_, '_> {
    /// A column of an enum type.
    pub(super) fn enum_column(&mut self, name: &drizzle::QName, call: &Call<'_>) -> Value {
        let column = match self.arg(call, 0) {
            Value::Text(column) => Some(column),
            Value::Unknown(why) => return Value::Unknown(why),
            _ => None,
        };
        let ty = if name.schema == "public" { name.name.clone() } else { name.to_string() };
        Value::Builder(Arc::new(Builder { name: column, ..plain(Some(ty), call) }))
    }

    /// `customType({ dataType() { return "citext" } })`: a function that makes columns.
    pub(super) fn custom_type(&mut self, call: &Call<'_>) -> Value {
        let options = self.arg(call, 0);
        let ty = match self.get(&options, "dataType") {
            Value::Function(closure) => match self.run(&closure, &[]) {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        };
        Value::CustomType(ty.map(Into::into))
    }

    /// A column of a type of the project's own.
    pub(super) fn custom_column(&mut self, ty: Option<&Arc<str>>, call: &Call<'_>) -> Value {
        let column = match self.arg(call, 0) {
            Value::Text(column) => Some(column),
            Value::Unknown(why) => return Value::Unknown(why),
            _ => None,
        };
        Value::Builder(Arc::new(Builder { name: column, ..plain(ty.map(ToString::to_string), call) }))
    }
}

fn plain(sql_type: Option<String>, call: &Call<'_>) -> Builder {
    Builder {
        name: None,
        sql_type,
        not_null: false,
        default: false,
        generated: false,
        identity: false,
        app_default: false,
        on_update: false,
        place: call.module.place(call.span),
    }
}
