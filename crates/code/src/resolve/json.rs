//! JSON as config files have it: comments, commas at the end, and keys whose order means something.
//!
//! Damage is no error: what does not parse is as if it were not there.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value. Numbers and truths mean nothing to whoever asks here.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Other,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The value of a file's text; `None` where it is none.
pub fn json(text: &str) -> Option<Json> {
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    json_strip_comments::strip(&mut text).ok()?;
    // Nested too deeply is an error here, and no overflow.
    serde_json::from_str(&text).ok()
}

impl Json {
    /// The member of this name; of several, the last.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members().iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The members, where it is an object.
    pub fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements, where it is a list.
    pub fn elements(&self) -> &[Json] {
        match self {
            Json::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text or the texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.text().into_iter().chain(self.elements().iter().filter_map(Json::text))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = from.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = from.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_commas_and_order() {
        let read = json("\u{feff}// a\n{\"z\": [1, \"//b\",], /* , */ \"a\": {\"k\": null,},}\n")
            .expect("it is JSON");
        let keys: Vec<&str> = read.members().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["z", "a"]);
        assert_eq!(read.get("z").map(|list| list.texts().collect()), Some(vec!["//b"]));
        assert_eq!(read.get("a").and_then(|a| a.get("k")), Some(&Json::Null));
    }

    #[test]
    fn damage_is_nothing() {
        for text in
            ["", "{", "{\"a\": }", "/* open", &"[".repeat(100_000), &"[{\"a\":".repeat(100_000), "\"\\"]
        {
            assert_eq!(json(text), None, "{}", &text[..text.len().min(20)]);
        }
    }
}
