//! Bytes of a text and the protocol's positions: lines from 0, columns in UTF-16 units.
//!
//! A line ends with `\n`, `\r\n` or `\r`. What lies outside of the text is pulled back into it.

use lsp_types::{Position, Range};
use source::Span;

/// Where the lines of a text begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// What editors may hold before the text that findings count from.
    mark: usize,
}

const MARK: char = '\u{feff}';

impl<'t> Lines<'t> {
    /// The lines of a text as an editor has it. Spans of findings count without its byte order mark.
    pub(crate) fn new(text: &'t str) -> Lines<'t> {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let mark = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
        Lines { text, starts, mark }
    }

    /// The range of a finding's span.
    pub(crate) fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end) }
    }

    /// The position of a byte, counted without the byte order mark.
    pub(crate) fn position(&self, byte: u32) -> Position {
        let mut byte = (byte as usize).saturating_add(self.mark).min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= byte) - 1;
        let before = &self.text[self.starts[line]..byte];
        let column = before.chars().map(char::len_utf16).sum::<usize>();
        Position { line: line as u32, character: column as u32 }
    }

    /// The byte of a position, counted without the byte order mark.
    pub(crate) fn byte(&self, position: Position) -> u32 {
        self.offset(position).saturating_sub(self.mark) as u32
    }

    /// The same in the text as the editor has it.
    pub(crate) fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let mut left = position.character as usize;
        let inside = self.text[start..end].trim_end_matches(['\r', '\n']);
        for (at, letter) in inside.char_indices() {
            if left < letter.len_utf16() {
                return start + at;
            }
            left -= letter.len_utf16();
        }
        start + inside.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, byte: u32, line: u32, character: u32) {
        let lines = Lines::new(text);
        let position = Position { line, character };
        assert_eq!(lines.position(byte), position, "byte {byte} of {text:?}");
        assert_eq!(lines.byte(position), byte, "{position:?} of {text:?}");
    }

    #[test]
    fn columns_are_utf_16() {
        check("a😀b", 5, 0, 3);
        check("é\nß x", 6, 1, 2);
        check("", 0, 0, 0);
    }

    #[test]
    fn lines_end_in_three_ways() {
        check("a\r\nb", 3, 1, 0);
        check("a\rb\nc", 2, 1, 0);
        check("a\rb\nc", 4, 2, 0);
        check("a\n", 2, 1, 0);
    }

    #[test]
    fn a_byte_order_mark_is_counted_by_editors_only() {
        check("\u{feff}ab", 1, 0, 2);
        check("\u{feff}a\nb", 2, 1, 0);
    }

    #[test]
    fn what_lies_outside_is_pulled_in() {
        let lines = Lines::new("ab\r\n😀c");
        let byte = |line, character| lines.byte(Position { line, character });
        assert_eq!((byte(0, 99), byte(9, 0), byte(1, 99)), (2, 9, 9));
        assert_eq!(byte(1, 1), 4, "half of a pair");
        assert_eq!(lines.position(99), Position { line: 1, character: 3 });
        assert_eq!(lines.position(5), Position { line: 1, character: 0 }, "inside of a character");
    }
}
