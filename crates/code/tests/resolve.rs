//! What imports mean: each case of `resolve/*.txt` is a tree, and specifiers with what they lead to.
//!
//! `-- path text` is a file; with `<<` its text is on the lines up to the next `<<`. All other lines are
//! `from specifier expected`, where what is expected is a path, `external name` or `missing`.

use code::{MemoryTree, Resolved, Resolver};
use std::path::Path;

struct Case {
    title: String,
    tree: MemoryTree,
    asked: Vec<(String, String, String)>,
}

fn cases() -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resolve");
    let mut found = Vec::new();
    #[allow(clippy::disallowed_methods, reason = "the cases are files")]
    for entry in std::fs::read_dir(dir).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("it is text");
        let name = path.file_stem().expect("a name").to_string_lossy();
        found.extend(text.split("== ").skip(1).map(|text| case(&name, text)));
    }
    found
}

fn case(file: &str, text: &str) -> Case {
    let (title, text) = text.split_once('\n').expect("a title");
    let (mut files, mut links, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some((path, target)) = line.strip_prefix("-> ").and_then(|link| link.split_once(' ')) {
            links.push((path, target));
        } else if let Some(rest) = line.strip_prefix("-- ") {
            let (path, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let text = match text {
                "<<" => lines
                    .by_ref()
                    .take_while(|line| *line != "<<")
                    .fold(String::new(), |all, line| all + line + "\n"),
                text => text.to_owned(),
            };
            files.push((path, text));
        } else if let [from, specifier, expected @ ..] = words.as_slice() {
            asked.push(((*from).to_owned(), (*specifier).to_owned(), expected.join(" ")));
        }
    }
    let tree = links.iter().fold(MemoryTree::new(files), |tree, (path, target)| tree.with_link(path, target));
    assert!(!asked.is_empty(), "{file}: {title} asks nothing");
    Case { title: format!("{file}: {title}"), tree, asked }
}

#[test]
fn imports_lead_where_they_should() {
    let cases = cases();
    assert!(cases.len() > 60, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let resolver = Resolver::new(&case.tree);
        for (from, specifier, expected) in &case.asked {
            let found = match resolver.resolve(from, specifier) {
                Resolved::File(path) => path.to_string(),
                Resolved::External(name) => format!("external {name}"),
                Resolved::Missing(why) if expected == "missing" && !why.is_empty() => expected.clone(),
                Resolved::Missing(why) => format!("missing: {why}"),
            };
            if found != *expected {
                wrong.push(format!("{}: {from} {specifier}\n  expected {expected}, got {found}", case.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
