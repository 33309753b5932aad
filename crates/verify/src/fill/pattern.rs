//! A text that a regular expression matches, made to differ from row to row where it leaves room.
//!
//! Understands what CHECKs are made of: literals, classes, groups, alternatives, quantifiers. Gives up
//! on anything else.

use std::iter::Peekable;
use std::str::Chars;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// That many digits which may be chosen freely.
    Digits(usize),
}

/// A text that matches, in pieces.
pub(crate) fn matching(regex: &str) -> Option<Vec<Piece>> {
    let mut chars = regex.chars().peekable();
    let mut pieces = alternatives(&mut chars, 0)?;
    if chars.next().is_some() {
        return None;
    }
    // One free place is enough, and the widest is best.
    let widest = pieces.iter().map(|piece| if let Piece::Digits(n) = piece { *n } else { 0 }).max();
    let mut used = false;
    for piece in &mut pieces {
        if let Piece::Digits(n) = piece {
            if used || Some(*n) != widest {
                *piece = Piece::Text("1".repeat(*n));
            } else {
                used = true;
            }
        }
    }
    Some(pieces)
}

fn alternatives(chars: &mut Peekable<Chars<'_>>, depth: u8) -> Option<Vec<Piece>> {
    if depth > 20 {
        return None;
    }
    let first = sequence(chars, depth)?;
    while chars.peek() == Some(&'|') {
        chars.next();
        sequence(chars, depth)?;
    }
    Some(first)
}

fn sequence(chars: &mut Peekable<Chars<'_>>, depth: u8) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    while let Some(c) = chars.peek().copied() {
        if c == '|' || c == ')' {
            break;
        }
        chars.next();
        let (one, digits) = match c {
            '^' | '$' => continue,
            '(' => {
                if chars.peek() == Some(&'?') {
                    chars.next();
                    if chars.next() != Some(':') {
                        return None;
                    }
                }
                let group = alternatives(chars, depth + 1)?;
                if chars.next() != Some(')') {
                    return None;
                }
                let (least, _) = quantifier(chars)?;
                for _ in 0..least.min(50) {
                    pieces.extend(group.clone());
                }
                continue;
            }
            '[' => class(chars)?,
            '.' => ('a', true),
            '\\' => match chars.next()? {
                'd' => ('1', true),
                'w' => ('a', true),
                's' => (' ', false),
                'D' | 'S' => ('a', false),
                c if c.is_alphanumeric() => return None,
                c => (c, false),
            },
            c => (c, false),
        };
        let (least, most) = quantifier(chars)?;
        // Eight digits make room for many rows; where fewer are allowed, fewer.
        let free = most.min(least.max(8));
        if digits && free > 1 {
            pieces.push(Piece::Digits(free));
        } else if digits && least == 1 {
            pieces.push(Piece::Text(one.to_string()));
        } else {
            pieces.push(Piece::Text(one.to_string().repeat(least.min(1_000))));
        }
    }
    Some(pieces)
}

/// How often at least and at most.
fn quantifier(chars: &mut Peekable<Chars<'_>>) -> Option<(usize, usize)> {
    let found = match chars.peek() {
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            chars.next();
            let mut text = String::new();
            loop {
                match chars.next()? {
                    '}' => break,
                    c => text.push(c),
                }
            }
            let (least, most) = match text.split_once(',') {
                None => (text.parse().ok()?, text.parse().ok()?),
                Some((least, "")) => (least.parse().ok()?, usize::MAX),
                Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
            };
            return Some((least, most));
        }
        _ => return Some((1, 1)),
    };
    chars.next();
    if chars.peek() == Some(&'?') {
        chars.next();
    }
    Some(found)
}

/// A character of a class, and whether all digits are in it.
fn class(chars: &mut Peekable<Chars<'_>>) -> Option<(char, bool)> {
    let negated = chars.peek() == Some(&'^');
    if negated {
        chars.next();
    }
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut first = true;
    loop {
        let mut c = chars.next()?;
        if c == ']' && !first {
            break;
        }
        first = false;
        if c == '[' && chars.peek() == Some(&':') {
            let name: String = chars.by_ref().take_while(|c| *c != ']').collect();
            ranges.push(match name.trim_matches(':') {
                "digit" | "alnum" | "xdigit" => ('0', '9'),
                "upper" => ('A', 'Z'),
                "space" => (' ', ' '),
                _ => ('a', 'z'),
            });
            continue;
        }
        if c == '\\' {
            c = chars.next()?;
            match c {
                'd' => ranges.push(('0', '9')),
                'w' => ranges.extend([('0', '9'), ('a', 'z'), ('A', 'Z'), ('_', '_')]),
                's' => ranges.push((' ', ' ')),
                c => ranges.push((c, c)),
            }
            continue;
        }
        let mut ahead = chars.clone();
        if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
            chars.next();
            ranges.push((c, chars.next()?));
        } else {
            ranges.push((c, c));
        }
    }
    let within = |c: char| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != negated;
    let digits = within('0') && within('9');
    let one = ['a', 'A', '1'].into_iter().chain(ranges.iter().map(|range| range.0)).find(|c| within(*c))?;
    Some((one, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_common_checks() {
        let check = |regex: &str, expected: &str| {
            let pieces = matching(regex).unwrap_or_default();
            let text = |piece: &Piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Digits(n) => "#".repeat(*n),
            };
            assert_eq!(pieces.iter().map(text).collect::<String>(), expected, "{regex}");
        };
        check("^[a-z]+$", "a");
        check("^[a-z0-9-]+$", "########");
        check("^[0-9a-f]{64}$", &"#".repeat(64));
        check("^#[0-9A-Fa-f]{6}$", "#######");
        check("^(https?)://.+", "http://########");
        check("^[A-Z]{2}$", "AA");
        check(r"^\d{4}-\d{2}$", "####-11");
        check("^(foo|bar)_", "foo_");
        check("(?=x)", "");
    }
}
