//! A new rule: its check, its page, and its lines in the list.

use std::fs;
use std::path::Path;

const CHECK: &str = include_str!("../templates/rule.rs.txt");
const PAGE: &str = include_str!("../templates/rule.md.txt");

/// Writes the files of a rule below `root`; returns what is left to do.
pub fn new_rule(root: &Path, name: &str) -> Result<String, String> {
    if !is_name(name) {
        return Err(format!(
            "`{name}` is no name for a rule: lower-case words joined by dashes, such as `drop-column`"
        ));
    }
    let linter = root.join("crates/linter/src");
    let module = name.replace('-', "_");
    let check = linter.join(format!("rules/{module}.rs"));
    let page = linter.join(format!("rules/{name}.md"));
    for file in [&check, &page] {
        if file.exists() {
            return Err(format!("{} exists already", file.display()));
        }
    }
    let list = linter.join("rules.rs");
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let text = with_rule(&text, name)?;
    for (file, text) in [(&check, filled(CHECK, name)), (&page, filled(PAGE, name)), (&list, text)] {
        fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(format!(
        "wrote {}\nwrote {}\nadded `{name}` to {}\n\nFill them in, then run: RULE={name} cargo test -p brolly-linter --test pages",
        check.display(),
        page.display(),
        list.display()
    ))
}

fn is_name(name: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.split('-').all(word)
}

fn filled(template: &str, name: &str) -> String {
    template.replace("{name}", name)
}

/// The list with the rule's two lines at their places.
fn with_rule(list: &str, name: &str) -> Result<String, String> {
    let module = name.replace('-', "_");
    let with_module = inserted(list, "mod ", &format!("mod {module};"))?;
    inserted(&with_module, "    rule!(", &format!("    rule!({module}, \"{name}\"),"))
}

/// The text with a line among the lines that start with `prefix`, which are sorted.
fn inserted(text: &str, prefix: &str, line: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let of_list = |other: &&str| other.starts_with(prefix);
    let last = lines
        .iter()
        .rposition(of_list)
        .ok_or_else(|| format!("the list has no line that starts with `{prefix}`"))?;
    let at = lines.iter().position(|other| of_list(other) && *other > line).unwrap_or(last + 1);
    lines.insert(at, line);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["drop-column", "truncate", "a1-b2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "Drop", "drop_column", "drop--x", "-x", "1x"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn lines_go_to_their_places() {
        let list = "mod a;\nmod c;\n\nlist [\n    rule!(a, \"a\"),\n    rule!(c, \"c\"),\n];\n";
        let expected = "mod a;\nmod b_x;\nmod c;\n\nlist [\n    rule!(a, \"a\"),\n    rule!(b_x, \"b-x\"),\n    rule!(c, \"c\"),\n];\n";
        assert_eq!(with_rule(list, "b-x").as_deref(), Ok(expected));
        assert!(with_rule(list, "d").is_ok_and(|text| text.contains("mod c;\nmod d;\n")));
    }

    #[test]
    fn the_list_of_this_repository_takes_one() {
        let list = include_str!("../../crates/linter/src/rules.rs");
        let with = with_rule(list, "zebra-crossing").expect("a list");
        assert_eq!(with.lines().count(), list.lines().count() + 2);
    }

    #[test]
    fn the_page_has_every_kind_of_block() {
        for kind in ["schema", "unsafe", "safer", "safe"] {
            assert!(PAGE.contains(&format!("```sql {kind}\n")), "{kind}");
        }
        assert!(filled(CHECK, "drop-x").contains("name: \"drop-x\""));
    }
}
