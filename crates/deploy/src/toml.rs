//! The strings of a TOML file, as far as platforms keep commands in one: `key = "value"` and lists of
//! strings on one line, under a `[section]`.

use crate::scripts::Text;
use source::Span;

/// A value and where it belongs.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The section, dots as they are written; empty before the first.
    pub section: String,
    pub key: String,
    /// The string, or the strings of the list.
    pub values: Vec<Text>,
    pub is_list: bool,
}

/// All entries that hold strings.
pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut at = 0;
    while at < text.len() {
        let line = text[at..].split_inclusive('\n').next().unwrap_or_default();
        let trimmed = line.trim();
        let mut next = at + line.len();
        if let Some(name) = trimmed.strip_prefix('[') {
            section = name.trim_matches(['[', ']', ' ']).to_owned();
        } else if let Some((key, _)) = trimmed.split_once('=').filter(|_| !trimmed.starts_with('#')) {
            let equals = at + line.find('=').unwrap_or(0);
            let (values, end) = values(text, equals + 1);
            let is_list = text[equals + 1..].trim_start_matches(' ').starts_with('[');
            if !values.is_empty() {
                let key = key.trim().trim_matches(['"', '\'']).to_owned();
                found.push(Entry { section: section.clone(), key, values, is_list });
            }
            // A string may go on over lines.
            if end > next {
                next = end + text[end..].find('\n').map_or(text.len() - end, |at| at + 1);
            }
        }
        at = next;
    }
    found
}

/// The strings from `at` to the end of the value, and where that is.
fn values(text: &str, at: usize) -> (Vec<Text>, usize) {
    let mut found = Vec::new();
    let mut at = at;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match letter {
            '"' | '\'' => {
                let quote: String = std::iter::repeat_n(letter, 3).collect();
                let quote = if text[at..].starts_with(&quote) { quote } else { letter.to_string() };
                let start = at + quote.len();
                let Some(length) = length(&text[start..], &quote) else {
                    // What is left open over lines has no end.
                    return (found, if quote.len() == 3 { text.len() } else { start });
                };
                let written = &text[start..start + length];
                let said = if letter == '"' { written.replace("\\\"", "\"") } else { written.to_owned() };
                found.push(Text { text: said, span: Span::new(start, start + length) });
                at = start + length + quote.len();
            }
            '#' | '\n' => break,
            _ => at += letter.len_utf8(),
        }
    }
    (found, at)
}

/// The length of a string up to the quote that closes it.
fn length(text: &str, quote: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if letter == '\n' && quote.len() == 1 {
            return None;
        }
        if !escaped && text[at..].starts_with(quote) {
            return Some(at);
        }
        escaped = letter == '\\' && !escaped && quote.starts_with('"');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_sections() {
        let text = "app = 'x' # y\n[deploy]\n  release_command = \"a \\\"b\\\" && c\"\nstrategy=1\n\
                    [[vm]]\nlist = [\"d\", 'e']\n[\"a b\".c]\nlong = \"\"\"\nf = 1\ng\"\"\"\n# h = \"i\"\nopen = \"j\n";
        let told: Vec<String> = entries(text)
            .iter()
            .map(|one| {
                let values: Vec<&str> = one.values.iter().map(|value| value.text.trim()).collect();
                format!(
                    "{}/{}={}{}",
                    one.section,
                    one.key,
                    values.join("|"),
                    if one.is_list { "*" } else { "" }
                )
            })
            .collect();
        assert_eq!(
            told,
            ["/app=x", "deploy/release_command=a \"b\" && c", "vm/list=d|e*", "\"a b\".c/long=f = 1\ng"]
        );
        for text in ["[", "=", "a =", "a = \"", "a = \"\"\"", "é = 'é", "'''", "a = [\"b\n\", "] {
            let _ = entries(text);
        }
    }
}
