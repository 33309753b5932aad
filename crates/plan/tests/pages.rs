//! Plans every example of the recipe pages: each says what `brolly plan` says. `PAGES=write` brings pages up to date,
//! `RECIPE=name` narrows it down to one.
//!
//! The format is described in `page/mod.rs`. Whether a server agrees is asked elsewhere.

#![allow(clippy::disallowed_methods, reason = "a test may look at its environment and at its sources")]

mod page;

use page::{Example, examples};
use plan::{RECIPES, Rows, outline};
use report::{HumanOptions, plan_text};
use std::collections::BTreeSet;

#[test]
fn pages_say_what_is_planned() {
    let write = std::env::var("PAGES").is_ok_and(|what| what == "write");
    let only = std::env::var("RECIPE").ok();
    let mut wrong = Vec::new();
    for recipe in RECIPES.iter().filter(|one| only.as_deref().is_none_or(|only| only == one.name)) {
        let all = examples(recipe.name, recipe.page);
        if all.is_empty() {
            wrong.push(format!("{}.md has no example", recipe.name));
        }
        let mut page = recipe.page.to_owned();
        for example in all.iter().rev() {
            let (text, problems) = planned(example);
            wrong.extend(problems.into_iter().map(|problem| format!("{}: {problem}", example.label())));
            if example.place.is_empty() && example.plan.is_empty() && !write {
                wrong.push(format!("{}: there is no block `text plan`", example.label()));
            } else if text != example.plan && write {
                page.replace_range(example.place.clone(), &text);
            } else if text != example.plan {
                wrong.push(format!("{}: the plan is\n{text}", example.label()));
            }
        }
        if write && page != recipe.page {
            std::fs::write(format!("{}/{}.md", folder(), recipe.name), page)
                .expect("the page can be written");
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences; PAGES=write writes them down\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The plan of an example as text, and what no example may do.
fn planned(example: &Example) -> (String, Vec<String>) {
    let planned = example.planned(example.shown_for());
    let mut problems = Vec::new();
    for migration in &planned.project.migrations {
        let parsed = sql::parse(&migration.file.text, 0);
        problems.extend(parsed.errors.iter().map(|error| format!("{}: {}", migration.tag, error.message)));
    }
    let plan = &planned.plan;
    let own = plan.parts.iter().any(|part| part.recipe == example.recipe)
        || plan.refused.iter().any(|refused| refused.rule == example.recipe);
    if !own {
        problems.push("the recipe has no part in the plan".to_owned());
    }
    let after: Vec<String> = (0..plan.texts.own.len())
        .map(|n| format!("{:04}_change_after_commit", planned.project.migrations.len() + n))
        .collect();
    (plan_text(&outline(plan, &after, &Rows::new()), &HumanOptions::default()), problems)
}

#[test]
fn folder_and_list_agree() {
    let listed: BTreeSet<String> = RECIPES.iter().map(|recipe| format!("{}.md", recipe.name)).collect();
    let pages: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the folder of recipes")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".md"))
        .collect();
    assert_eq!(listed, pages);
    for recipe in RECIPES {
        assert!(recipe.page.starts_with(&format!("# {}\n\n", recipe.name)), "{}", recipe.name);
    }
}

fn folder() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/recipes")
}
