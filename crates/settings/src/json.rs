//! JSON with a place on every value, which is what it takes to point at a wrong key.
//!
//! Strict JSON of limited depth. The first mistake ends it.

use source::Span;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub span: Span,
    pub node: Node,
}

/// What it is.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Bool,
    Number(Option<u64>),
    String(String),
    Array(Vec<Value>),
    Object(Vec<Member>),
}

/// One key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub key: String,
    pub key_span: Span,
    pub value: Value,
}

impl Node {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool => "true or false",
            Node::Number(_) => "a number",
            Node::String(_) => "a string",
            Node::Array(_) => "a list",
            Node::Object(_) => "an object",
        }
    }
}

/// Where the text stops being JSON, and what was expected there.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub span: Span,
    pub text: String,
}

const DEPTH: usize = 64;

/// The one value that `text` holds.
pub(crate) fn parse(text: &str) -> Result<Value, Mistake> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.mistake("the end of the file")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn mistake(&self, expected: &str) -> Mistake {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(letter) => format!("`{letter}`"),
            None => "the end of the file".to_owned(),
        };
        let end = (self.at + 1).min(self.text.len());
        Mistake {
            span: Span::new(self.at.min(end), end),
            text: format!("expected {expected}, found {found}"),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Mistake> {
        self.space();
        let start = self.at;
        if depth > DEPTH {
            return Err(self.mistake("fewer levels"));
        }
        let node = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Node::String(self.string()?),
            _ => self.word()?,
        };
        Ok(Value { span: Span::new(start, self.at), node })
    }

    fn word(&mut self) -> Result<Node, Mistake> {
        let rest = &self.text[self.at..];
        let length =
            rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')).count();
        let word = &rest[..length];
        let node = match word {
            "null" => Node::Null,
            "true" | "false" => Node::Bool,
            _ => match serde_json::from_str::<serde_json::Number>(word) {
                Ok(number) => Node::Number(number.as_u64()),
                Err(_) => return Err(self.mistake("a value")),
            },
        };
        self.at += length;
        Ok(node)
    }

    fn string(&mut self) -> Result<String, Mistake> {
        let start = self.at;
        let mut escaped = false;
        let inside = &self.text.as_bytes()[(start + 1).min(self.text.len())..];
        let end = inside.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let end = end.map(|length| start + length + 2);
        let written = end.and_then(|end| self.text.get(start..end));
        match (written.and_then(|written| serde_json::from_str(written).ok()), end) {
            (Some(text), Some(end)) => {
                self.at = end;
                Ok(text)
            }
            _ => Err(Mistake {
                span: Span::new(start, start + 1),
                text: "this string is not closed, or holds what JSON has no room for".to_owned(),
            }),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Node, Mistake> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.ends(b']')? {
                return Ok(Node::Array(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Mistake> {
        let mut members = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.mistake("a key in double quotes"));
            }
            let key = self.string()?;
            let key_span = Span::new(start, self.at);
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.mistake("`:`"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_span, value });
            if self.ends(b'}')? {
                return Ok(Node::Object(members));
            }
        }
    }

    /// A comma, after which it goes on, or the closing bracket.
    fn ends(&mut self, close: u8) -> Result<bool, Mistake> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            _ => Err(self.mistake(&format!("`,` or `{}`", char::from(close)))),
        }
    }
}
