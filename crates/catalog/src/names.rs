//! The names that Postgres chooses where none is given (`ChooseRelationName`, `makeObjectName` in
//! src/backend/commands/indexcmds.c).

/// Longest identifier in bytes.
const LIMIT: usize = 63;

/// `name1_name2_label`, the longer part cut first until it fits in 63 bytes.
pub fn object_name(name1: &str, name2: &str, label: &str) -> String {
    let overhead = if name2.is_empty() { 0 } else { 1 } + if label.is_empty() { 0 } else { label.len() + 1 };
    let available = LIMIT.saturating_sub(overhead);
    let (mut first, mut second) = (name1.len(), name2.len());
    while first + second > available {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let mut name = cut(name1, first).to_owned();
    for part in [cut(name2, second), label] {
        if !part.is_empty() {
            name.push('_');
            name.push_str(part);
        }
    }
    name
}

/// The name of an identifier as stored: at most 63 bytes, cut at a character.
pub fn truncated(name: &str) -> &str {
    cut(name, LIMIT)
}

/// The first free of `base`, `base1`, `base2` ..
pub fn first_free(base: impl Fn(&str) -> String, label: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = base(label);
    let mut pass = 0;
    while taken(&name) {
        pass += 1;
        name = base(&format!("{label}{pass}"));
    }
    name
}

fn cut(text: &str, mut at: usize) -> &str {
    if text.len() <= at {
        return text;
    }
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    &text[..at]
}
