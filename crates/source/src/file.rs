//! A text file in memory, byte spans into it, and line and column of a byte.

use serde::Serialize;
use std::sync::{Arc, OnceLock};

/// A half-open range of **bytes** in a [`SourceFile`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`, both in bytes.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end.max(start) as u32 }
    }

    /// The same span `by` bytes further on.
    #[must_use]
    pub fn shifted(self, by: u32) -> Span {
        Span { start: self.start + by, end: self.end + by }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether nothing lies in it.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The text it covers; empty where it reaches outside or cuts a character.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// One file: the path as people should read it, and its decoded text.
#[derive(Debug)]
pub struct SourceFile {
    /// Path relative to where the tool was started, with forward slashes.
    pub path: String,
    /// The text, byte order mark removed.
    pub text: String,
    /// The commit that it was read from, shortened; `None` for a file as it is now.
    pub commit: Option<String>,
    lines: OnceLock<LineIndex>,
}

impl SourceFile {
    /// A file with this path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<SourceFile> {
        SourceFile::at(path, text, None)
    }

    /// A file as it is at a commit, or as it is now where there is none.
    pub fn at(path: impl Into<String>, text: impl Into<String>, commit: Option<String>) -> Arc<SourceFile> {
        Arc::new(SourceFile { path: path.into(), text: text.into(), commit, lines: OnceLock::new() })
    }

    /// Its path, and the commit if it is not the file of now: `src/users.ts at 3c1f9a2`.
    pub fn shown(&self) -> String {
        match &self.commit {
            Some(commit) => format!("{} at {commit}", self.path),
            None => self.path.clone(),
        }
    }

    /// Line and column of a byte offset.
    pub fn position(&self, byte: u32) -> Position {
        self.lines.get_or_init(|| LineIndex::new(&self.text)).position(&self.text, byte)
    }
}

/// A place for people: both count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the lines of `text`.
    pub fn new(text: &str) -> LineIndex {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect();
        LineIndex { starts }
    }

    /// Line and column of `byte`, which is pulled back into the text where it lies outside.
    pub fn position(&self, text: &str, byte: u32) -> Position {
        let mut byte = (byte as usize).min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start as usize <= byte) - 1;
        let column = text[self.starts[line] as usize..byte].chars().count();
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }
}

/// Bytes turned into text.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without byte order mark; bytes that are no UTF-8 became U+FFFD.
    pub text: String,
    /// Whether a byte order mark was removed.
    pub byte_order_mark: bool,
    /// Offset in `text` of the first replaced byte sequence.
    pub invalid_at: Option<u32>,
}

/// Decodes the bytes of a file as UTF-8, leniently.
pub fn decode(bytes: &[u8]) -> Decoded {
    let (bytes, byte_order_mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: text.to_owned(), byte_order_mark, invalid_at: None },
        Err(error) => Decoded {
            text: String::from_utf8_lossy(bytes).into_owned(),
            byte_order_mark,
            invalid_at: Some(error.valid_up_to() as u32),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let file = SourceFile::new("a.sql", "é;\r\nselect 1");
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(2), Position { line: 1, column: 2 });
        assert_eq!(file.position(1), Position { line: 1, column: 1 });
        assert_eq!(file.position(5), Position { line: 2, column: 1 });
        assert_eq!(file.position(999), Position { line: 2, column: 9 });
    }

    #[test]
    fn decoding_keeps_what_it_can() {
        assert_eq!(decode(b"\xef\xbb\xbfa").text, "a");
        let broken = decode(b"ab\xffc");
        assert_eq!((broken.text.as_str(), broken.invalid_at), ("ab\u{fffd}c", Some(2)));
    }
}
