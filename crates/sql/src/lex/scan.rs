//! Where tokens end.

use super::TokenKind;

/// The kind of the token whose first byte `first` stands at `start`, and where it ends.
pub(super) fn scan(bytes: &[u8], start: usize, first: u8) -> (TokenKind, usize) {
    let second = bytes.get(start + 1).copied().unwrap_or(0);
    let third = bytes.get(start + 2).copied().unwrap_or(0);
    match first {
        b'-' if second == b'-' => (TokenKind::Comment, line_end(bytes, start)),
        b'/' if second == b'*' => (TokenKind::Comment, comment_end(bytes, start)),
        b'\'' => (TokenKind::String, quote_end(bytes, start, b'\'', false)),
        b'"' => (TokenKind::Quoted, quote_end(bytes, start, b'"', false)),
        b'e' | b'E' if second == b'\'' => (TokenKind::EscapeString, quote_end(bytes, start + 1, b'\'', true)),
        b'b' | b'B' | b'x' | b'X' if second == b'\'' => {
            (TokenKind::BitString, quote_end(bytes, start + 1, b'\'', false))
        }
        b'n' | b'N' if second == b'\'' => (TokenKind::String, quote_end(bytes, start + 1, b'\'', false)),
        b'u' | b'U' if second == b'&' && third == b'\'' => {
            (TokenKind::UnicodeString, quote_end(bytes, start + 2, b'\'', false))
        }
        b'u' | b'U' if second == b'&' && third == b'"' => {
            (TokenKind::UnicodeQuoted, quote_end(bytes, start + 2, b'"', false))
        }
        b'$' if second.is_ascii_digit() => (TokenKind::Param, digits(bytes, start + 1)),
        b'$' => match dollar_end(bytes, start) {
            Some(end) => (TokenKind::DollarString, end),
            None => (TokenKind::Unknown, start + 1),
        },
        b'.' if second.is_ascii_digit() => (TokenKind::Number, number_end(bytes, start)),
        b'.' if second == b'.' => (TokenKind::Operator, start + 2),
        b':' if second == b':' || second == b'=' => (TokenKind::Operator, start + 2),
        b'(' | b')' | b'[' | b']' | b',' | b';' | b'.' | b':' => (TokenKind::Punct(first), start + 1),
        b'0'..=b'9' => (TokenKind::Number, number_end(bytes, start)),
        _ if starts_word(first) => {
            let rest = bytes[start..].iter().position(|b| !continues_word(*b));
            (TokenKind::Word, rest.map_or(bytes.len(), |rest| start + rest))
        }
        _ if is_operator(first) => (TokenKind::Operator, operator_end(bytes, start)),
        _ => (TokenKind::Unknown, start + 1),
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&byte)
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes[start..].iter().position(|b| matches!(b, b'\n' | b'\r'));
    rest.map_or(bytes.len(), |rest| start + rest)
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0usize;
    let mut at = start;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a literal whose opening quote stands at `open`.
fn quote_end(bytes: &[u8], open: usize, quote: u8, escapes: bool) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            match continuation(bytes, at + 1).filter(|_| quote == b'\'') {
                Some(next) => at = next + 1,
                None => return at + 1,
            }
        }
    }
    bytes.len()
}

/// Where a string goes on: a quote after white space that holds a line break.
fn continuation(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut broken = false;
    while at < bytes.len() && is_space(bytes[at]) {
        broken |= matches!(bytes[at], b'\n' | b'\r');
        at += 1;
    }
    (broken && bytes.get(at) == Some(&b'\'')).then_some(at)
}

/// The end of a dollar-quoted string; `None` where no tag begins at `start`.
fn dollar_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    while at < bytes.len() && (starts_word(bytes[at]) || (at > start + 1 && bytes[at].is_ascii_digit())) {
        at += 1;
    }
    if bytes.get(at) != Some(&b'$') {
        return None;
    }
    let tag = &bytes[start..=at];
    let mut from = at + 1;
    while let Some(next) = bytes[from..].iter().position(|b| *b == b'$') {
        from += next;
        if bytes[from..].starts_with(tag) {
            return Some(from + tag.len());
        }
        from += 1;
    }
    Some(bytes.len())
}

fn digits(bytes: &[u8], start: usize) -> usize {
    let rest = bytes[start..].iter().position(|b| !b.is_ascii_digit() && *b != b'_');
    rest.map_or(bytes.len(), |rest| start + rest)
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    if bytes[start] == b'0' && matches!(bytes.get(start + 1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B')) {
        let rest = bytes[start + 2..].iter().position(|b| !b.is_ascii_hexdigit() && *b != b'_');
        return rest.map_or(bytes.len(), |rest| start + 2 + rest);
    }
    let mut at = digits(bytes, start);
    // `1..10` is a range: the number ends before it.
    if bytes.get(at) == Some(&b'.') && bytes.get(at + 1) != Some(&b'.') {
        at = digits(bytes, at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            at = digits(bytes, at + 1 + sign);
        }
    }
    at
}

fn operator_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start + 1;
    while end < bytes.len() && is_operator(bytes[end]) {
        if matches!(&bytes[end..(end + 2).min(bytes.len())], b"--" | b"/*") {
            break;
        }
        end += 1;
    }
    // An operator ends in + or - only if it holds one of these characters.
    while end > start + 1
        && matches!(bytes[end - 1], b'+' | b'-')
        && !bytes[start..end - 1].iter().any(|b| b"~!@#^&|`?%".contains(b))
    {
        end -= 1;
    }
    end
}
