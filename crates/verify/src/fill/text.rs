//! Texts that look like what a column's name promises, so that most conditions hold by themselves.
//!
//! Only looks at the name and at the longest text that fits.

use super::schema::literal;
use super::values::{Place, Values};

/// Texts for the number `k`, at most `limit` characters long.
pub(crate) fn text(place: Place<'_>, k: &str, limit: Option<u32>) -> Values {
    let room = limit.unwrap_or(u32::MAX);
    let shape = shape(&place.name.to_ascii_lowercase());
    if room < shape.needs() {
        return short(k, room, place.name);
    }
    let sql = match shape {
        Shape::Email => format!("'user' || {k} || '@example.com'"),
        Shape::Url => format!("'https://example.com/' || {k}"),
        Shape::Domain => format!("'host' || {k} || '.example.com'"),
        Shape::Phone => format!("'+1555' || lpad(({k})::text, 7, '0')"),
        Shape::Color => return Values { sql: color(k), distinct: Some(16_777_216) },
        Shape::Hash => format!("md5('{}.' || {k}) || md5('{}:' || {k})", place.seed, place.seed),
        Shape::Word => {
            let most = room.min(40).saturating_sub(12) as usize;
            format!("{} || {k}", literal(&format!("{}-", word(place.name, most))))
        }
    };
    Values { sql: format!("({sql})"), distinct: None }
}

fn color(k: &str) -> String {
    format!("('#' || lpad(to_hex({k} % 16777216), 6, '0'))")
}

enum Shape {
    Email,
    Url,
    Domain,
    Phone,
    Color,
    Hash,
    Word,
}

impl Shape {
    fn needs(&self) -> u32 {
        match self {
            Shape::Email => 27,
            Shape::Url | Shape::Domain => 32,
            Shape::Phone => 13,
            Shape::Color => 7,
            Shape::Hash => 64,
            Shape::Word => 16,
        }
    }
}

fn shape(name: &str) -> Shape {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    match () {
        () if has(&["email", "mail_address"]) && !ends(&["_id", "verified"]) => Shape::Email,
        () if ends(&["url", "uri", "website", "link", "homepage"]) => Shape::Url,
        () if ends(&["domain", "hostname"]) => Shape::Domain,
        () if ends(&["phone", "phone_number", "phonenumber"]) => Shape::Phone,
        () if ends(&["color", "colour"]) => Shape::Color,
        () if ends(&["sha256", "_hash", "checksum", "digest"]) || name == "hash" => Shape::Hash,
        () => Shape::Word,
    }
}

/// The name as lower case letters, digits and dashes.
fn word(name: &str, most: usize) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let word: String = plain.take(most).collect();
    let word = word.trim_matches('-').to_owned();
    if word.is_empty() { "v".to_owned() } else { word }
}

/// Texts of few characters: letters up to four, then hexadecimal digits.
fn short(k: &str, room: u32, name: &str) -> Values {
    let name = name.to_ascii_lowercase();
    if room >= 7 && name.contains("color") {
        return Values { sql: color(k), distinct: Some(16_777_216) };
    }
    if room <= 4 {
        let lower = ["locale", "lang"].iter().any(|word| name.contains(word));
        let first = if lower { 97 } else { 65 };
        let place = |power: u32| format!("chr(({first} + {k} / {} % 26)::int)", 26u64.pow(power));
        let letters: Vec<String> = (0..room.max(1)).rev().map(place).collect();
        return Values { sql: format!("({})", letters.join(" || ")), distinct: Some(26u64.pow(room.max(1))) };
    }
    let distinct = 16u64.checked_pow(room);
    let digits = match distinct {
        Some(count) => format!("to_hex({k} % {count})"),
        None => format!("to_hex({k})"),
    };
    Values { sql: format!("lpad({digits}, {room}, '0')"), distinct }
}
