//! A small lexer for Postgres SQL, for the places that the grammar keeps no position of.
//!
//! It follows the lexical rules of the manual's chapter "Lexical Structure", accepts any text and
//! never fails: what is left open runs to the end of the text. It knows no keywords.

mod scan;

use self::scan::{is_space, scan};
use source::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An identifier or keyword without quotes.
    Word,
    /// `"quoted"`.
    Quoted,
    /// `U&"quoted"`.
    UnicodeQuoted,
    /// `'string'`, also `N'string'`.
    String,
    /// `E'string'`.
    EscapeString,
    /// `U&'string'`.
    UnicodeString,
    /// `B'01'` and `X'ff'`.
    BitString,
    /// `$tag$string$tag$`.
    DollarString,
    /// A number.
    Number,
    /// `$1`.
    Param,
    /// One of `( ) [ ] , ; . :`.
    Punct(u8),
    /// An operator, also `::`, `:=`, `..` and `=>`.
    Operator,
    /// `-- comment` or `/* comment */`.
    Comment,
    /// A character that SQL has no use for.
    Unknown,
}

/// One token and its place in the text that was lexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// All tokens of `text`, comments included, in order; spans are offsets in `text`.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut all = Vec::with_capacity(text.len() / 6 + 4);
    let mut at = 0;
    while let Some(token) = next(text, at) {
        at = token.span.end as usize;
        all.push(token);
    }
    all
}

/// The tokens of `text[start..end]` that aren't comments; spans are offsets in `text`.
pub(crate) fn code(text: &str, start: usize, end: usize) -> Vec<Token> {
    let end = end.min(text.len());
    let mut all = Vec::with_capacity(end.saturating_sub(start) / 6 + 4);
    let mut at = start;
    while at < end
        && let Some(token) = next(text, at)
    {
        at = token.span.end as usize;
        if token.span.start as usize >= end {
            break;
        }
        if token.kind != TokenKind::Comment {
            all.push(token);
        }
    }
    all
}

/// The first token at or after the byte `at`.
pub(crate) fn next(text: &str, at: usize) -> Option<Token> {
    let bytes = text.as_bytes();
    let mut start = at;
    while start < bytes.len() && is_space(bytes[start]) {
        start += 1;
    }
    let first = *bytes.get(start)?;
    let (kind, end) = scan(bytes, start, first);
    Some(Token { kind, span: Span::new(start, end.clamp(start + 1, bytes.len())) })
}

impl Token {
    /// The text of the token as written.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        self.span.of(text)
    }

    /// Whether this is the keyword `word` (given in lower case).
    pub fn is_word(&self, text: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(text).eq_ignore_ascii_case(word)
    }

    /// Whether this is the character `punct`.
    pub fn is(&self, punct: u8) -> bool {
        self.kind == TokenKind::Punct(punct)
    }

    /// The name as Postgres stores it, if this is a word or a quoted identifier.
    pub fn ident(&self, text: &str) -> Option<String> {
        let written = self.text(text);
        let mut name = match self.kind {
            TokenKind::Word => written.to_ascii_lowercase(),
            TokenKind::Quoted => unquoted(written, '"'),
            TokenKind::UnicodeQuoted => unicode(&unquoted(written.get(2..)?, '"')),
            _ => return None,
        };
        name.truncate(name.floor_char_boundary(63));
        Some(name)
    }

    /// The value of a string literal.
    pub fn string(&self, text: &str) -> Option<String> {
        let written = self.text(text);
        match self.kind {
            TokenKind::String => Some(unquoted(written.trim_start_matches(['n', 'N']), '\'')),
            TokenKind::EscapeString => Some(unescaped(written.get(2..)?)),
            TokenKind::UnicodeString => Some(unicode(&unquoted(written.get(2..)?, '\''))),
            TokenKind::DollarString => self.inside(text).map(|inside| inside.of(text).to_owned()),
            _ => None,
        }
    }

    /// Where the value of a string stands, if every byte between the quotes stands for itself.
    pub fn inside(&self, text: &str) -> Option<Span> {
        let written = self.text(text);
        let (open, close) = match self.kind {
            TokenKind::DollarString => {
                let tag = written.get(1..)?.find('$')? + 2;
                (tag, tag)
            }
            TokenKind::String | TokenKind::EscapeString => (written.find('\'')? + 1, 1),
            _ => return None,
        };
        let inner = written.get(open..written.len().checked_sub(close)?)?;
        let plain = match self.kind {
            TokenKind::DollarString => written.ends_with(written.get(..open)?),
            TokenKind::EscapeString => !inner.contains(['\'', '\\']),
            _ => !inner.contains('\'') && written.ends_with('\''),
        };
        let start = self.span.start as usize + open;
        plain.then(|| Span::new(start, start + inner.len()))
    }
}

/// The inside of a literal in `quote`s, with doubled quotes made single.
fn unquoted(written: &str, quote: char) -> String {
    let inner = written.strip_prefix(quote).unwrap_or(written);
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find(quote) {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(quote) {
            value.push(quote);
            rest = after;
        } else {
            // A literal that goes on after a line break: 'a'⏎'b'.
            rest = rest.trim_start().strip_prefix(quote).unwrap_or(rest);
        }
    }
    value.push_str(rest);
    value
}

/// What stands behind `E'`, with backslash escapes and doubled quotes resolved.
fn unescaped(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut chars = written.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            match chars.next_if_eq(&'\'') {
                Some(quote) => out.push(quote),
                // The end, or a break in a literal that goes on in the next line.
                None => while chars.next_if(|c| c.is_ascii_whitespace() || *c == '\'').is_some() {},
            }
            continue;
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(escape) = chars.next() else { break };
        let (radix, digits, first) = match escape {
            'n' => (0, 0, Some('\n')),
            't' => (0, 0, Some('\t')),
            'r' => (0, 0, Some('\r')),
            'b' => (0, 0, Some('\u{8}')),
            'f' => (0, 0, Some('\u{c}')),
            'x' => (16, 2, None),
            'u' => (16, 4, None),
            'U' => (16, 8, None),
            '0'..='7' => (8, 2, None),
            other => (0, 0, Some(other)),
        };
        if let Some(plain) = first {
            out.push(plain);
            continue;
        }
        let mut number = if radix == 8 { escape.to_digit(8).unwrap_or(0) } else { 0 };
        for _ in 0..digits {
            let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
            number = number.wrapping_mul(radix).wrapping_add(digit);
            chars.next();
        }
        out.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    out
}

/// `\0041` and `\+000041` of `U&''` resolved, with the default escape character.
fn unicode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
            continue;
        }
        let (skip, digits) = if rest.starts_with('+') { (1, 6) } else { (0, 4) };
        let code = rest.get(skip..skip + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[skip + digits..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out
}
