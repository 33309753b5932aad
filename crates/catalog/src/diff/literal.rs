//! One spelling for a literal: the server writes `'{"a":1}'::jsonb` back with blanks, an hour as
//! `01:00:00`, a number in quotes where it is negative.

use crate::Catalog;
use serde_json::Value;

/// A string literal in its normal form.
pub(super) fn literal(value: &str) -> String {
    if is_number(value) || matches!(value, "true" | "false") {
        return value.to_owned();
    }
    if value.starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str::<Value>(value)
    {
        return json_text(&json);
    }
    if let Some(interval) = interval(value) {
        return interval;
    }
    match is_time(value) {
        true => format!("'{}'", time(value)),
        false => format!("'{}'", value.replace('\'', "''")),
    }
}

/// Whether a literal looks like a date or a time, which the server may write in another way.
pub(super) fn is_time(value: &str) -> bool {
    let bytes = value.as_bytes();
    let digits =
        |from: usize, to: usize| bytes.get(from..to).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let date = digits(0, 4) && bytes.get(4) == Some(&b'-') && digits(5, 7) && bytes.get(7) == Some(&b'-');
    let clock = digits(0, 2) && bytes.get(2) == Some(&b':') && digits(3, 5);
    date || clock
}

/// The qualified name that `nextval('"s"."t_id_seq"')` and kin mean.
pub(super) fn relation_name(catalog: &Catalog, written: &str) -> String {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in written.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            c => {
                let c = if quoted { c } else { c.to_ascii_lowercase() };
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    let name = parts.pop().unwrap_or_default();
    let name = sql::Name { schema: parts.pop(), name, span: source::Span::default() };
    match catalog.find_relation(&name) {
        Some(found) => found.name.to_string(),
        None => catalog.creation_name(&name, false).to_string(),
    }
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(all_digits)
}

/// A number without an exponent: `1e3` is `1000`.
pub(super) fn number(written: &str) -> String {
    let Some((mantissa, exponent)) = written.split_once(['e', 'E']) else { return written.to_owned() };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    match exponent.trim_start_matches('+').parse::<usize>() {
        Ok(exponent) if exponent >= fraction.len() && exponent < 100 => {
            format!("{whole}{fraction}{}", "0".repeat(exponent - fraction.len()))
        }
        _ => written.to_ascii_lowercase(),
    }
}

fn json_text(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let pairs = keys.iter().map(|key| format!("{key:?}:{}", json_text(&map[key.as_str()])));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(json_text).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// Months, days and seconds of `1 day`, `2 hours 30 minutes`, `01:30:00`.
fn interval(value: &str) -> Option<String> {
    let (mut months, mut days, mut seconds) = (0i64, 0i64, 0f64);
    let mut words = value.split_ascii_whitespace().peekable();
    words.peek()?;
    let mut units = 0;
    while let Some(word) = words.next() {
        if word.contains(':') {
            let negative = word.starts_with('-');
            let mut total = 0f64;
            let parts: Vec<&str> = word.trim_start_matches(['-', '+']).split(':').collect();
            let [hours, minutes, rest @ ..] = parts.as_slice() else { return None };
            for part in [hours, minutes, rest.first().unwrap_or(&"0")] {
                total = total * 60.0 + part.parse::<f64>().ok()?;
            }
            if rest.len() > 1 {
                return None;
            }
            seconds += if negative { -total } else { total };
            continue;
        }
        let number: i64 = word.parse().ok()?;
        units += 1;
        match words.next()?.trim_end_matches('s') {
            "year" => months += 12 * number,
            "month" | "mon" => months += number,
            "week" => days += 7 * number,
            "day" => days += number,
            "hour" | "hr" | "h" => seconds += 3600.0 * number as f64,
            "minute" | "min" => seconds += 60.0 * number as f64,
            "second" | "sec" => seconds += number as f64,
            _ => return None,
        }
    }
    // A clock alone may also be a time of day; both give the same text.
    (units > 0 || value.contains(':')).then(|| format!("<{months} mon {days} d {seconds} s>"))
}

/// A date or time without what goes without saying in UTC.
fn time(value: &str) -> String {
    let mut text = value.replacen('T', " ", 1);
    for zone in ["Z", "+00:00", "+00"] {
        if let Some(cut) = text.strip_suffix(zone) {
            text = cut.trim_end().to_owned();
        }
    }
    if text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text.strip_suffix(" 00:00:00").map(str::to_owned).unwrap_or(text)
}
