//! No dead link: on the site, and between the Markdown files of the repository.

use super::{Help, site};
use pulldown_cmark::{Event, Options, Parser, Tag};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn pages() -> BTreeMap<String, String> {
    let helps = [Help { command: "brolly".to_owned(), text: "Usage: <COMMAND>\n".to_owned() }];
    site(&root(), &helps).expect("the site can be built").into_iter().collect()
}

/// The values of an attribute in a page.
fn values<'a>(page: &'a str, attribute: &'a str) -> impl Iterator<Item = &'a str> {
    page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn no_link_of_the_site_is_dead() {
    let pages = pages();
    let mut dead = Vec::new();
    let mut count = 0;
    for (name, text) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        for link in
            values(text, " href=\"").filter(|link| !link.contains("://") && !link.starts_with("data:"))
        {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = pages.get(if path.is_empty() { name.as_str() } else { path });
            let there =
                target.is_some_and(|page| anchor.is_empty() || values(page, " id=\"").any(|id| id == anchor));
            if !there {
                dead.push(format!("{name}: {link}"));
            }
            count += 1;
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
    assert!(count > pages.len(), "links were found");
}

#[test]
fn every_page_has_title_and_description() {
    for (name, text) in pages().iter().filter(|(name, _)| name.ends_with(".html")) {
        let description = values(text, "name=\"description\" content=\"").next().unwrap_or_default();
        assert!(description.len() > 20, "{name}: {description:?}");
        assert!(text.contains("<title>") && text.contains("<h1") && !text.contains("```"), "{name}");
    }
}

#[test]
fn no_link_between_files_is_dead() {
    let mut files =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)).to_vec();
    for folder in ["docs", "docs/guides", "crates/linter/src/rules", "crates/plan/src/recipes"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("the folder is there");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    let mut dead = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("it can be read");
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
            let path = dest_url.split('#').next().unwrap_or_default();
            let target = file.parent().unwrap_or(Path::new(".")).join(path);
            if !dest_url.contains("://") && !path.is_empty() && !target.exists() {
                dead.push(format!("{}: {dest_url}", file.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}
