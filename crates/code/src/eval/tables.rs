//! Tables and enums as they are declared.

use super::Eval;
use super::apply::Call;
use crate::model::{self, RelationKind};
use crate::module::Module;
use crate::module::Span;
use crate::value::{Api, Builder, Column, Maker, Object, Table, Value};
use drizzle::QName;
use std::sync::Arc;

/// How the reason begins where a table has no name that can be told.
pub(crate) const NAMELESS: &str = "a table whose name can't be told";

impl Eval<'_, '_> {
    /// `pgTable("name", { … })`
    pub(super) fn table(&mut self, maker: &Arc<Maker>, call: &Call<'_>) -> Value {
        let name = match (self.arg(call, 0), &maker.rename) {
            (Value::Text(name), None) => name,
            (name @ Value::Text(_), Some(rename)) => match self.run(rename, &[name]) {
                Value::Text(name) => name,
                other => {
                    return Value::unknown(format!("{NAMELESS} ({})", other.why()));
                }
            },
            (other, _) => {
                return Value::unknown(format!("{NAMELESS} ({})", other.why()));
            }
        };
        let written = self.arg(call, 1);
        let columns = match &written {
            Value::Function(closure) => self.run(closure, &[Value::Package("drizzle-orm/pg-core".into())]),
            _ => written,
        };
        let casing = maker.casing.clone().or_else(|| self.program.casing.clone());
        let (columns, open) = match &columns {
            Value::Object(object) => of_builders(object, casing.as_deref()),
            other => (Vec::new(), Some(other.why().to_string())),
        };
        let span = call.args.first().map_or(call.span, |item| call.module.node(item.id).span);
        let relation = model::Relation {
            kind: RelationKind::Table,
            export: None,
            columns,
            open,
            place: call.module.place(span),
        };
        let name = QName::new(maker.schema.as_deref().unwrap_or_default(), &name);
        Value::Table(Arc::new(Table { name, relation }))
    }

    /// `pgTableCreator((name) => …)`
    pub(super) fn table_creator(&mut self, call: &Call<'_>) -> Value {
        match self.arg(call, 0) {
            Value::Function(rename) => {
                Value::Maker(Arc::new(Maker { rename: Some(rename), ..Maker::default() }))
            }
            other => Value::Unknown(other.why()),
        }
    }

    /// `pgEnum("name", […])`
    pub(super) fn declared_enum(&mut self, schema: Option<&Arc<str>>, call: &Call<'_>) -> Value {
        let Value::Text(name) = self.arg(call, 0) else {
            return Value::unknown("an enum whose name can't be told");
        };
        let listed = match self.arg(call, 1) {
            object @ Value::Object(_) => self.values_of(&object),
            other => other,
        };
        let values = match listed {
            Value::List(values) => {
                let texts: Option<Vec<String>> =
                    values.iter().map(|value| value.text().map(ToString::to_string)).collect();
                texts
            }
            _ => None,
        };
        let name = QName::new(schema.map(|schema| &**schema).unwrap_or_default(), &name);
        let span = call.args.first().map_or(call.span, |item| call.module.node(item.id).span);
        let declared = model::Enum { values, place: call.module.place(span) };
        Value::Enum(Arc::new((name, declared)))
    }

    fn values_of(&mut self, object: &Value) -> Value {
        let Some(object) = object.object() else { return Value::Nothing };
        Value::List(object.entries.iter().map(|(_, value)| value.clone()).collect())
    }

    /// A column goes by the place of its key in the table.
    pub(super) fn placed(&mut self, value: Value, module: &Arc<Module>, at: Span) -> Value {
        match value {
            Value::Builder(builder) => {
                Value::Builder(Arc::new(Builder { place: module.place(at), ..(*builder).clone() }))
            }
            other => other,
        }
    }
}

/// The columns of an object of builders, and why there may be more.
pub(super) fn of_builders(object: &Object, casing: Option<&str>) -> (Vec<model::Column>, Option<String>) {
    let mut open = object.open.as_ref().map(ToString::to_string);
    let mut columns = Vec::new();
    for (key, value) in &object.entries {
        match value {
            Value::Builder(builder) => columns.push(of_builder(key, builder, casing)),
            other => {
                open.get_or_insert_with(|| format!("the column `{key}` can't be read: {}", other.why()));
            }
        }
    }
    (columns, open)
}

fn of_builder(key: &str, builder: &Builder, casing: Option<&str>) -> model::Column {
    let name = builder.name.as_ref().map_or_else(|| cased_name(key, casing), ToString::to_string);
    model::Column {
        key: key.to_owned(),
        name,
        sql_type: builder.sql_type.clone(),
        not_null: builder.not_null,
        default: builder.default,
        generated: builder.generated,
        identity: builder.identity,
        app_default: builder.app_default,
        on_update: builder.on_update,
        place: builder.place.clone(),
    }
}

/// The name of a column whose builder has none, as Drizzle makes it of the key.
fn cased_name(key: &str, casing: Option<&str>) -> String {
    let words = || words(key).into_iter();
    match casing {
        Some("snake_case") => words().map(|word| word.to_lowercase()).collect::<Vec<_>>().join("_"),
        Some("camelCase") => {
            let mut name = String::new();
            for (at, word) in words().enumerate() {
                let mut letters = word.chars();
                match letters.next() {
                    Some(first) if at > 0 => {
                        name.extend(first.to_uppercase());
                        name.push_str(&letters.as_str().to_lowercase());
                    }
                    _ => name.push_str(&word.to_lowercase()),
                }
            }
            name
        }
        _ => key.to_owned(),
    }
}

/// `/[\da-z]+|[A-Z]+(?![a-z])|[A-Z][\da-z]+/g`, quotes left out.
fn words(key: &str) -> Vec<String> {
    let letters: Vec<char> = key.chars().filter(|c| !matches!(c, '\'' | '\u{2019}')).collect();
    let small = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut words = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let run =
            |from: usize, is: &dyn Fn(&char) -> bool| letters[from..].iter().take_while(|c| is(c)).count();
        if small(&letters[at]) {
            let length = run(at, &small);
            words.push(letters[at..at + length].iter().collect());
            at += length;
        } else if letters[at].is_ascii_uppercase() {
            let capitals = run(at, &|c| c.is_ascii_uppercase());
            let before_small = letters.get(at + capitals).is_some_and(char::is_ascii_lowercase);
            let whole = if before_small { capitals - 1 } else { capitals };
            if whole > 0 {
                words.push(letters[at..at + whole].iter().collect());
                at += whole;
            } else {
                let length = 1 + run(at + 1, &small);
                words.push(letters[at..at + length].iter().collect());
                at += length;
            }
        } else {
            at += 1;
        }
    }
    words
}

/// What tables of a schema are made with.
pub(super) fn maker_of(schema: &Arc<str>) -> Arc<Maker> {
    Arc::new(Maker { schema: Some(schema.clone()), ..Maker::default() })
}

/// `snakeCase`, `camelCase` of Drizzle 1.
pub(super) fn is_casing(api: &Api) -> bool {
    super::is_pg_core(&api.package) && matches!(&*api.name, "snakeCase" | "camelCase")
}

/// `snakeCase.table`
pub(super) fn cased(api: &Api) -> Value {
    let casing = if &*api.name == "snakeCase" { "snake_case" } else { "camelCase" };
    Value::Maker(Arc::new(Maker { casing: Some(casing.into()), ..Maker::default() }))
}

/// The columns of a table as an object.
pub(crate) fn columns_of(table: &Arc<Table>) -> Object {
    let entries = table.relation.columns.iter().enumerate().map(|(index, column)| {
        (column.key.as_str().into(), Value::Column(Column { table: table.clone(), index }))
    });
    Object { entries: entries.collect(), open: table.relation.open.as_deref().map(Into::into) }
}

/// `table.key`
pub(super) fn member(table: &Arc<Table>, key: &str) -> Value {
    if let Some(index) = table.relation.columns.iter().position(|column| column.key == key) {
        return Value::Column(Column { table: table.clone(), index });
    }
    match key {
        "$inferSelect" | "$inferInsert" | "_" => Value::unknown("a type"),
        _ => match &table.relation.open {
            Some(why) => Value::unknown(why.as_str()),
            None => Value::unknown(format!("{} declares no column `{key}`", table.name)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measured with drizzle-orm's own `toSnakeCase` and `toCamelCase`.
    #[test]
    fn names_are_made_as_drizzle_makes_them() {
        for (key, snake, camel) in [
            ("ownerID", "owner_id", "ownerId"),
            ("htmlURL2", "html_url_2", "htmlUrl2"),
            ("createdAt", "created_at", "createdAt"),
            ("URLPath", "url_path", "urlPath"),
            ("already_snake", "already_snake", "alreadySnake"),
            ("line2", "line2", "line2"),
        ] {
            assert_eq!(cased_name(key, Some("snake_case")), snake, "{key}");
            assert_eq!(cased_name(key, Some("camelCase")), camel, "{key}");
            assert_eq!(cased_name(key, None), key);
        }
    }
}
