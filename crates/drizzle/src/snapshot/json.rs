//! The lenient pieces that snapshots are read with: maps in the order of the text, scalars of any
//! kind, and the head of a snapshot without its body.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::marker::PhantomData;

/// A JSON object as pairs in the order of the text. `null` is the empty one.
#[derive(Debug)]
pub(crate) struct Pairs<V>(pub Vec<(String, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Pairs<V> {
        Pairs(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs<V>, D::Error> {
        struct Walk<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Walk<V> {
            type Value = Pairs<V>;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }
            fn visit_unit<E>(self) -> Result<Pairs<V>, E> {
                Ok(Pairs::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_any(Walk(PhantomData))
    }
}

/// A JSON scalar as SQL text: text is SQL already, numbers and booleans are themselves, and what
/// is left (lists and objects of JSON defaults) becomes a quoted JSON literal.
pub(crate) fn sql_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => Some(format!("'{}'", value.to_string().replace('\'', "''"))),
    }
}

/// What a snapshot says about itself, its schema passed over.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Head {
    pub id: Option<String>,
    #[serde(rename = "prevId")]
    prev_id: Option<String>,
    #[serde(rename = "prevIds")]
    prev_ids: Option<Vec<String>>,
    version: Value,
    pub ddl: Option<IgnoredAny>,
    pub footprints: Option<Vec<Footprint>>,
}

/// What one statement of a v9 migration touches.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Footprint {
    pub writes: Option<Vec<String>>,
    pub reads: Option<Vec<String>>,
}

impl Head {
    /// The version as a number; 0 where there is none.
    pub fn version(&self) -> u32 {
        match &self.version {
            Value::String(text) => text.parse().unwrap_or(0),
            other => other.as_u64().and_then(|number| number.try_into().ok()).unwrap_or(0),
        }
    }

    /// Ids of the snapshots before it.
    pub fn prev_ids(&self) -> Vec<String> {
        match &self.prev_ids {
            Some(ids) => ids.clone(),
            None => self.prev_id.clone().into_iter().collect(),
        }
    }
}

/// The head of the snapshot in `text`. Reads to the end, so that a file cut short is noticed.
pub(crate) fn head(text: &str) -> Result<Head, serde_json::Error> {
    serde_json::from_str(text)
}
