//! The pages of rules, as an editor shows them.

use crate::rules;
use lsp::Page;

/// The page of a rule, with its address.
pub fn page(rule: &str) -> Option<Page> {
    let meta = linter::rule(rule)?;
    let text = match rules::page(rule) {
        "" => format!("# {rule}\n\n{}\n", meta.summary),
        page => shown(page),
    };
    Some(Page { url: rules::url(rule), text })
}

/// A page without what only its test needs: attributes of fences, and the marks under lines.
fn shown(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    for line in page.lines() {
        if let Some(info) = line.strip_prefix("```") {
            text.push_str("```");
            text.push_str(info.split_whitespace().next().unwrap_or_default());
        } else if !is_mark(line) {
            text.push_str(line);
        } else {
            continue;
        }
        text.push('\n');
    }
    text
}

fn is_mark(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("--") else { return false };
    let rest = rest.trim_start();
    rest.starts_with('^') || rest.starts_with("expect:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_attributes_are_left_out() {
        let page = "# a\n\n```sql unsafe pg=17\nDROP a;\n--   ^ a-rule\n-- expect: x\n-- why\n```\n";
        assert_eq!(shown(page), "# a\n\n```sql\nDROP a;\n-- why\n```\n");
    }

    #[test]
    fn every_rule_has_something_to_show() {
        for meta in rules::all() {
            let page = page(meta.name).expect("a page");
            assert!(page.text.len() > 20 && page.url.ends_with(&format!("/{}.html", meta.name)));
        }
    }
}
