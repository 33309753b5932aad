//! The order in which Drizzle v1 runs its folders: that of JavaScript's `localeCompare`.
//!
//! Folder names begin with 14 digits, so the order rarely depends on more than them. Where it
//! does, this compares as the Unicode collation does for ASCII: spaces, `_`, `-` and the other
//! signs before digits, digits before letters, letters without regard to case, and lower case
//! first only where nothing else differs. Characters beyond ASCII come last, by code point; that
//! is an approximation.

use std::cmp::Ordering;

/// Signs in the order of the collation; everything here sorts before the digits.
const SIGNS: &str = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Compares two folder names as `localeCompare` does.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    a.chars()
        .map(primary)
        .cmp(b.chars().map(primary))
        .then_with(|| {
            a.chars().map(|c| c.is_ascii_uppercase()).cmp(b.chars().map(|c| c.is_ascii_uppercase()))
        })
        .then_with(|| a.cmp(b))
}

fn primary(c: char) -> u32 {
    match SIGNS.chars().position(|sign| sign == c) {
        Some(at) => at as u32,
        None if c.is_ascii_digit() => 100 + c as u32,
        None if c.is_ascii_alphabetic() => 200 + c.to_ascii_lowercase() as u32,
        None if c.is_ascii() => 0,
        None => 1000 + c as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_javascript_does() {
        let expected = [
            "0 b", "0_a", "0_A", "0_b", "0_Z", "0-x", "0,", "0!", "0.c", "0'", "0(", "0[", "0{", "0@", "0&",
            "0#", "0%", "0`", "0^", "0+", "0=", "0~", "0$", "00", "0a", "0B", "0e", "0f",
        ];
        let mut names = expected;
        names.reverse();
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, expected);
    }
}
