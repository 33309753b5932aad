//! The recipes on the site: a list, and a page for each.
//!
//! A recipe may have the name of a rule, so its page has an address of its own.

use super::layout::{escaped, whole};
use super::markdown::{content, first_paragraph};
use plan::RECIPES;
use std::fmt::Write;

/// The files, by name.
pub fn files() -> Vec<(String, String)> {
    let mut files = vec![("recipes.html".to_owned(), list())];
    files.extend(RECIPES.iter().map(|recipe| (format!("recipe-{}.html", recipe.name), page(recipe.page))));
    files
}

fn list() -> String {
    let about = "How a dangerous change is taken in steps that every version of the app lives with.";
    let mut body = format!(
        "<header><h1>Recipes</h1><p>{about} <code>brolly plan</code> shows the path of a migration, and \
         <code>brolly explain &lt;recipe&gt;</code> prints these pages.</p></header>\n<ul class=\"rules\">\n"
    );
    let mut names: Vec<_> = RECIPES.iter().map(|recipe| (recipe.name, text(recipe.page))).collect();
    names.sort();
    for (name, text) in names {
        let about = first_paragraph(&text);
        let about = about.split_once(". ").map_or(about.clone(), |(first, _)| format!("{first}."));
        let _ = writeln!(
            body,
            "<li><a href=\"recipe-{name}.html\"><code>{name}</code></a><span>{}</span></li>",
            escaped(&about)
        );
    }
    body.push_str("</ul>\n");
    whole("Recipes", about, "recipes", &body)
}

fn page(page: &str) -> String {
    let text = text(page);
    let title = text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
    let body = format!("<article>{}</article>\n", content(&text));
    whole(&title, &first_paragraph(&text), "recipes", &body)
}

/// The page with links to where the others are.
fn text(page: &str) -> String {
    RECIPES.iter().fold(page.to_owned(), |text, recipe| {
        text.replace(&format!("]({}.md)", recipe.name), &format!("](recipe-{}.md)", recipe.name))
    })
}
