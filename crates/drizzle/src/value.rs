//! A value with its place in the file: what the journal and the configs are read into.
//!
//! serde throws positions away, and findings in a journal must point at one tag or number in it,
//! so this small JSON reader keeps a span on everything. Snapshots are large and need no spans;
//! they are read with serde.

use source::Span;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub kind: Kind,
    pub span: Span,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Value>),
    /// In the order of the text; a later pair of the same name wins.
    Object(Vec<(String, Value)>),
    /// The value of an environment variable, which is not looked up.
    Env(String),
    /// Can't be worked out by reading: what it depends on.
    Unknown(String),
}

impl Value {
    pub(crate) fn new(kind: Kind, start: usize, end: usize) -> Value {
        Value { kind, span: Span::new(start, end) }
    }

    /// The value under `key`, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match &self.kind {
            Kind::Object(pairs) => pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// What an unknown value depends on; `None` for a known one.
    pub(crate) fn unknown(&self) -> Option<String> {
        match &self.kind {
            Kind::Env(name) => Some(format!("the environment variable `{name}`")),
            Kind::Unknown(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// The same value, all of it placed at `span`: for what comes from another file.
    pub(crate) fn moved(mut self, span: Span) -> Value {
        self.span = span;
        self.kind = match self.kind {
            Kind::Array(items) => Kind::Array(items.into_iter().map(|item| item.moved(span)).collect()),
            Kind::Object(pairs) => {
                Kind::Object(pairs.into_iter().map(|(key, value)| (key, value.moved(span))).collect())
            }
            kind => kind,
        };
        self
    }

    #[cfg(test)]
    pub(crate) fn items(&self) -> &[Value] {
        match &self.kind {
            Kind::Array(items) => items,
            _ => &[],
        }
    }
}

/// Where a text stops being JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub at: usize,
    pub expected: &'static str,
}

/// Reads a whole text as one JSON value.
pub(crate) fn parse_json(text: &str) -> Result<Value, Broken> {
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.broken("the end of the file"));
    }
    Ok(value)
}

/// The objects that are whole in a text that is not: tried at every `{` from the start, and after
/// a success from its end. `wanted` says which of them count.
pub(crate) fn recover_objects(text: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'{', &text.as_bytes()[at..]) {
        let mut reader = Reader { text: text.as_bytes(), at: at + open };
        at += open + 1;
        if let Ok(value) = reader.value(0)
            && wanted(&value)
        {
            at = reader.at;
            found.push(value);
        }
    }
    found
}

/// Deeper nesting than this is no journal and no config.
const DEPTH: usize = 64;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn broken(&self, expected: &'static str) -> Broken {
        Broken { at: self.at.min(self.text.len()), expected }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Broken> {
        self.space();
        if depth > DEPTH {
            return Err(self.broken("less nesting"));
        }
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::String(self.string()?),
            Some(b't') => self.word("true", Kind::Bool(true))?,
            Some(b'f') => self.word("false", Kind::Bool(false))?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.broken("a value")),
        };
        Ok(Value::new(kind, start, self.at))
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut pairs = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Kind::Object(pairs));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.broken("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.broken("a colon"));
            }
            pairs.push((key, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(Kind::Object(pairs));
            }
            if !self.take(b',') {
                return Err(self.broken("a comma or a closing brace"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Kind, Broken> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Kind::Array(items));
            }
            if !self.take(b',') {
                return Err(self.broken("a comma or a closing bracket"));
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Broken> {
        if self.text[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(kind);
        }
        Err(self.broken("a value"))
    }

    fn number(&mut self) -> Result<Kind, Broken> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let number = std::str::from_utf8(&self.text[start..self.at]).ok().and_then(|text| text.parse().ok());
        number.map(Kind::Number).ok_or(Broken { at: start, expected: "a number" })
    }

    fn string(&mut self) -> Result<String, Broken> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(0..=0x1f) | None => return Err(self.broken("a closing quote")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        // serde_json knows the escapes; the slice is one whole string literal.
        serde_json::from_slice(&self.text[open..self.at])
            .map_err(|_| Broken { at: open, expected: "a string with valid escapes" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_json_with_places() {
        let text = r#"{"a": [1, "x\n\u00e9", {"b": null}], "c": -1.5e3, "a2": true}"#;
        let value = parse_json(text).unwrap();
        let list = value.get("a").unwrap();
        assert_eq!(list.items()[1].as_str(), Some("x\né"));
        assert_eq!(list.items()[1].span.of(text), r#""x\n\u00e9""#);
        assert_eq!(value.get("c").unwrap().kind, Kind::Number(-1500.0));
    }

    #[test]
    fn says_where_it_breaks() {
        for (text, at) in
            [("", 0), ("{", 1), ("[1,", 3), ("{\"a\" 1}", 5), ("[1] x", 4), ("\"a", 2), ("\"a\\", 3)]
        {
            assert_eq!(parse_json(text).unwrap_err().at, at, "{text}");
        }
        assert!(parse_json(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn recovers_whole_objects() {
        let text = r#"{"entries":[{"tag":"a"},
<<<<<<< HEAD
{"tag":"b"}
=======
{"tag":"c"},{"tag":"#;
        let tags: Vec<String> = recover_objects(text, |value| value.get("tag").is_some())
            .iter()
            .map(|value| value.get("tag").unwrap().as_str().unwrap().to_owned())
            .collect();
        assert_eq!(tags, ["a", "b", "c"]);
    }
}
