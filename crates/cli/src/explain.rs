//! `brolly explain`: a rule or a recipe by its page, which is compiled in, or a migration by its timeline.

use crate::Outcome;
use crate::args::{ExplainArguments, ExplainFormat, RulesFormat};
use crate::disk::Disk;
use crate::errors::Error;
use crate::{rules, timeline};
use report::{HumanOptions, weight};
use source::RuleMeta;

/// The page of a rule, of a recipe or (where both have the name) of both, the timeline of a migration, or the list of all rules.
pub fn explain(
    disk: &Disk,
    wanted: &ExplainArguments,
    env: &dyn Fn(&str) -> Option<String>,
    paper: &HumanOptions,
) -> Result<Outcome, Error> {
    let Some(name) = &wanted.what else { return Ok(rules::rules(RulesFormat::Human)) };
    let recipe = plan::RECIPES.iter().find(|recipe| recipe.name == name.as_str());
    let output = match (linter::rule(name), recipe, wanted.format) {
        (Some(meta), None, format) | (Some(meta), _, format @ ExplainFormat::Json) => {
            Some(page(meta, format))
        }
        (Some(meta), Some(recipe), ExplainFormat::Human) => {
            let (_, path) = recipe.page.split_once('\n').unwrap_or_default();
            Some(format!("{}\n# The safe path of {name}\n{path}", page(meta, ExplainFormat::Human)))
        }
        (None, Some(recipe), ExplainFormat::Human) => Some(recipe.page.to_owned()),
        (None, Some(recipe), ExplainFormat::Json) => Some(rules::json_of_recipe(recipe)),
        (None, None, _) => None,
    };
    if let Some(output) = output {
        return Ok(Outcome { output, ..Outcome::default() });
    }
    if let Some(outcome) = timeline::timeline(disk, name, wanted, env, paper)? {
        return Ok(outcome);
    }
    let names = rules::all().into_iter().map(|meta| meta.name);
    let near = source::nearest(name, names.chain(plan::RECIPES.iter().map(|recipe| recipe.name)));
    let near = near.map_or(String::new(), |near| format!("\n  did you mean `{near}`?"));
    Err(Error::NothingToExplain { name: name.clone(), near })
}

fn page(meta: &RuleMeta, format: ExplainFormat) -> String {
    match (format, rules::page(meta.name)) {
        (ExplainFormat::Json, page) => rules::json_of(meta, page),
        // Those about files rather than SQL say all they know in the finding itself.
        (ExplainFormat::Human, "") => {
            format!("# {}\n\n{} ({})\n", meta.name, sentence(meta.summary), weight(meta.severity))
        }
        (ExplainFormat::Human, page) => page.to_owned(),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
