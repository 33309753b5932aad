//! Version 9 keeps the whole schema only once; every later snapshot is a list of changes.
//!
//! A rename is stored once and implied for whatever names the renamed thing: columns of a table,
//! column lists of keys and indexes, targets of foreign keys, types of columns.

use super::ddl::Row;
use serde_json::Value;
use std::sync::Arc;

/// The rows at one point of the history; unchanged rows are shared between points.
pub(super) type Rows = Vec<Arc<Row>>;

/// Applies the changes of one snapshot. Returns a sentence for each that could not be applied.
pub(super) fn apply(rows: &mut Rows, deltas: &[Value]) -> Vec<String> {
    deltas.iter().filter_map(|delta| apply_one(rows, delta).err()).collect()
}

fn apply_one(rows: &mut Rows, delta: &Value) -> Result<(), String> {
    match delta.get("op").and_then(Value::as_str) {
        Some("create") => create(rows, delta),
        Some("drop") => drop_row(rows, &key_of(delta)?),
        Some("alter") => alter(rows, &key_of(delta)?, set_of(delta)?),
        Some("rename") => rename(rows, &key_of(delta)?, set_of(delta)?),
        Some(other) => Err(format!("`{other}` is no known kind of change")),
        None => Err("a change does not say what it does".to_owned()),
    }
}

/// What a change is about: an entity type and the names that identify the entity.
struct Key {
    kind: String,
    names: Vec<String>,
}

impl std::fmt::Display for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "`{}` of {}", self.names.join("."), self.kind)
    }
}

fn key_of(delta: &Value) -> Result<Key, String> {
    let text = delta.get("key").and_then(Value::as_str).ok_or("a change does not say what it is about")?;
    let unreadable = || format!("`{}` names nothing", text.escape_default());
    let (kind, names) = text.split_once('\0').ok_or_else(unreadable)?;
    let names = serde_json::from_str(names).map_err(|_| unreadable())?;
    Ok(Key { kind: kind.to_owned(), names })
}

fn set_of(delta: &Value) -> Result<&Row, String> {
    delta.get("set").and_then(Value::as_object).ok_or_else(|| "a change does not say what it sets".to_owned())
}

fn create(rows: &mut Rows, delta: &Value) -> Result<(), String> {
    let row = delta.get("row").and_then(Value::as_object).ok_or("a `create` holds no row")?;
    let same = |other: &Arc<Row>| {
        ["entityType", "schema", "table", "name"].iter().all(|field| other.get(*field) == row.get(*field))
    };
    // Two branches may create the same thing; privileges have no name and are told apart by all fields.
    let at = rows.iter().position(|other| same(other) && (row.contains_key("name") || **other == *row));
    match at {
        Some(at) => rows[at] = Arc::new(row.clone()),
        None => rows.push(Arc::new(row.clone())),
    }
    Ok(())
}

/// Dropping what is gone is no problem: another branch, or the drop of its table, took it along.
fn drop_row(rows: &mut Rows, key: &Key) -> Result<(), String> {
    rows.retain(|row| !is(row, key));
    if let ("tables", [schema, name]) = (key.kind.as_str(), key.names.as_slice()) {
        rows.retain(|row| !(text(row, "schema") == schema && text(row, "table") == name));
    }
    Ok(())
}

fn alter(rows: &mut Rows, key: &Key, set: &Row) -> Result<(), String> {
    if key.kind == "privileges" {
        return Ok(());
    }
    let row = rows
        .iter_mut()
        .find(|row| is(row, key))
        .ok_or_else(|| format!("{key} is to be altered, but is not there"))?;
    Arc::make_mut(row).extend(set.iter().map(|(field, value)| (field.clone(), value.clone())));
    Ok(())
}

fn rename(rows: &mut Rows, key: &Key, set: &Row) -> Result<(), String> {
    let at = rows
        .iter()
        .position(|row| is(row, key))
        .ok_or_else(|| format!("{key} is to be renamed, but is not there"))?;
    let old = rows[at].clone();
    Arc::make_mut(&mut rows[at]).extend(set.iter().map(|(field, value)| (field.clone(), value.clone())));
    let new = rows[at].clone();
    for row in rows.iter_mut() {
        // Look before copying: most rows don't name the renamed thing.
        let mut changed = (**row).clone();
        follow(&mut changed, &key.kind, &old, &new);
        if changed != **row {
            *row = Arc::new(changed);
        }
    }
    Ok(())
}

/// Carries a rename over to `row`, if `row` names what was renamed.
fn follow(row: &mut Row, kind: &str, old: &Row, new: &Row) {
    let (schema, name) = (text(old, "schema"), text(old, "name"));
    let put = |row: &mut Row, field: &str, from: &str| {
        if let Some(value) = new.get(from) {
            row.insert(field.to_owned(), value.clone());
        }
    };
    match kind {
        "schemas" => {
            for field in ["schema", "schemaTo", "typeSchema"] {
                if text(row, field) == name {
                    put(row, field, "name");
                }
            }
        }
        "tables" => {
            if text(row, "schema") == schema && text(row, "table") == name {
                put(row, "table", "name");
                put(row, "schema", "schema");
            }
            if text(row, "schemaTo") == schema && text(row, "tableTo") == name {
                put(row, "tableTo", "name");
                put(row, "schemaTo", "schema");
            }
        }
        "enums" if text(row, "typeSchema") == schema && text(row, "type") == name => {
            put(row, "type", "name");
            put(row, "typeSchema", "schema");
        }
        "columns" => {
            let table = text(old, "table");
            if text(row, "schema") == schema && text(row, "table") == table {
                rename_in(row, "columns", name, text(new, "name"));
            }
            if text(row, "schemaTo") == schema && text(row, "tableTo") == table {
                rename_in(row, "columnsTo", name, text(new, "name"));
            }
        }
        "roles" => rename_in(row, "roles", name, text(new, "name")),
        _ => {}
    }
}

/// Replaces a name in a list of names, or of objects that hold a name under `value`.
fn rename_in(row: &mut Row, field: &str, from: &str, to: &str) {
    let Some(list) = row.get_mut(field).and_then(Value::as_array_mut) else { return };
    for item in list {
        match item {
            Value::String(name) if name == from => to.clone_into(name),
            Value::Object(column) if text(column, "value") == from && !is_expression(column) => {
                column.insert("value".to_owned(), Value::String(to.to_owned()));
            }
            _ => {}
        }
    }
}

fn is_expression(column: &Row) -> bool {
    column.get("isExpression").and_then(Value::as_bool) == Some(true)
}

fn is(row: &Row, key: &Key) -> bool {
    text(row, "entityType") == key.kind
        && match key.names.as_slice() {
            [name] => text(row, "name") == name,
            [schema, name] => text(row, "schema") == schema && text(row, "name") == name,
            [schema, table, name] => {
                text(row, "schema") == schema && text(row, "table") == table && text(row, "name") == name
            }
            _ => false,
        }
}

fn text<'a>(row: &'a Row, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(values: &[Value]) -> Rows {
        values.iter().map(|value| Arc::new(value.as_object().unwrap().clone())).collect()
    }

    fn start() -> Rows {
        rows(&[
            json!({"entityType":"schemas","name":"auth"}),
            json!({"entityType":"enums","schema":"auth","name":"role","values":["a"]}),
            json!({"entityType":"tables","schema":"auth","name":"users"}),
            json!({"entityType":"columns","schema":"auth","table":"users","name":"id","type":"role","typeSchema":"auth"}),
            json!({"entityType":"pks","schema":"auth","table":"users","name":"users_pkey","columns":["id"]}),
            json!({"entityType":"indexes","schema":"auth","table":"users","name":"i",
                "columns":[{"value":"id","isExpression":false},{"value":"id","isExpression":true}]}),
            json!({"entityType":"fks","schema":"public","table":"posts","name":"f","columns":["u"],
                "schemaTo":"auth","tableTo":"users","columnsTo":["id"]}),
        ])
    }

    #[test]
    fn renames_reach_what_names_the_renamed() {
        let mut state = start();
        let problems = apply(
            &mut state,
            &[
                json!({"op":"rename","key":"columns\0[\"auth\",\"users\",\"id\"]","set":{"name":"uid"}}),
                json!({"op":"rename","key":"tables\0[\"auth\",\"users\"]","set":{"name":"people"}}),
                json!({"op":"rename","key":"enums\0[\"auth\",\"role\"]","set":{"name":"rank"}}),
                json!({"op":"rename","key":"schemas\0[\"auth\"]","set":{"name":"iam"}}),
            ],
        );
        assert_eq!(problems, Vec::<String>::new());
        let expected = rows(&[
            json!({"entityType":"schemas","name":"iam"}),
            json!({"entityType":"enums","schema":"iam","name":"rank","values":["a"]}),
            json!({"entityType":"tables","schema":"iam","name":"people"}),
            json!({"entityType":"columns","schema":"iam","table":"people","name":"uid","type":"rank","typeSchema":"iam"}),
            json!({"entityType":"pks","schema":"iam","table":"people","name":"users_pkey","columns":["uid"]}),
            json!({"entityType":"indexes","schema":"iam","table":"people","name":"i",
                "columns":[{"value":"uid","isExpression":false},{"value":"id","isExpression":true}]}),
            json!({"entityType":"fks","schema":"public","table":"posts","name":"f","columns":["u"],
                "schemaTo":"iam","tableTo":"people","columnsTo":["uid"]}),
        ]);
        assert_eq!(state, expected);
    }

    #[test]
    fn creates_drops_alters_and_says_what_it_can_not() {
        let mut state = start();
        let problems = apply(
            &mut state,
            &[
                json!({"op":"drop","key":"tables\0[\"auth\",\"users\"]"}),
                json!({"op":"drop","key":"columns\0[\"auth\",\"users\",\"id\"]"}),
                json!({"op":"create","row":{"entityType":"roles","name":"app"}}),
                json!({"op":"alter","key":"enums\0[\"auth\",\"role\"]","set":{"values":["a","b"]}}),
                json!({"op":"alter","key":"columns\0[\"auth\",\"users\",\"id\"]","set":{"notNull":true}}),
                json!({"op":"explode"}),
                json!({"op":"rename","key":"x"}),
            ],
        );
        assert_eq!(
            problems,
            [
                "`auth.users.id` of columns is to be altered, but is not there",
                "`explode` is no known kind of change",
                "`x` names nothing"
            ]
        );
        let kinds: Vec<&str> = state.iter().map(|row| text(row, "entityType")).collect();
        assert_eq!(kinds, ["schemas", "enums", "fks", "roles"]);
        assert_eq!(state[1]["values"], json!(["a", "b"]));
    }
}
