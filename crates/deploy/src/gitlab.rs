//! GitLab's `.gitlab-ci.yml`: jobs in stages.

use crate::pipeline::{Doing, Job, Pipeline, Step};
use crate::scripts::Text;
use crate::yaml::{Kind, Node};
use source::SourceFile;
use std::rc::Rc;
use std::sync::Arc;

/// Keys that are no jobs.
const GLOBAL: &[&str] = &[
    "after_script",
    "before_script",
    "cache",
    "default",
    "image",
    "include",
    "pages",
    "services",
    "spec",
    "stages",
    "types",
    "variables",
    "workflow",
];

/// The jobs of the file; those of included files are not known.
pub(crate) fn read(file: &Arc<SourceFile>, tree: &Rc<Node>) -> Pipeline {
    let stages = tree.get("stages").map(Node::texts).unwrap_or_default();
    let mut order: Vec<&str> = stages.iter().filter_map(|stage| stage.text()).collect();
    if order.is_empty() {
        order = vec!["build", "test", "deploy"];
    }
    order.insert(0, ".pre");
    order.push(".post");
    let is_job = |name: &str, node: &Node| {
        !name.starts_with('.') && !GLOBAL.contains(&name) && matches!(node.kind, Kind::Map(_))
    };
    let jobs = tree.pairs().filter(|(name, _, node)| is_job(name, node));
    let jobs = jobs.map(|(name, _, node)| job(tree, &order, name, node)).collect();
    let name = "gitlab".to_owned();
    let (branches, pushed) = (String::new(), Vec::new());
    Pipeline { file: file.clone(), name, branches, aside: false, pushed, filtered: false, jobs }
}

/// The value of a job's key, of its own or of what it extends.
fn value<'a>(tree: &'a Node, node: &'a Node, key: &str, depth: usize) -> Option<&'a Rc<Node>> {
    if let Some(own) = node.get(key) {
        return Some(own);
    }
    let depth = depth.checked_sub(1)?;
    let bases = node.get("extends")?;
    let names: Vec<&str> = match &bases.kind {
        Kind::List(items) => items.iter().filter_map(|item| item.text()).collect(),
        _ => bases.text().into_iter().collect(),
    };
    // The last one wins.
    names.iter().rev().find_map(|name| value(tree, tree.get(name)?, key, depth))
}

fn job(tree: &Node, order: &[&str], id: &str, node: &Node) -> Job {
    let of = |key: &str| value(tree, node, key, 8);
    let environment = of("environment").and_then(|found| found.text().or_else(|| found.text_of("name")));
    let stage = of("stage").and_then(|stage| stage.text()).unwrap_or("test");
    let needs = of("needs").map(Node::items);
    let need = |need: &Rc<Node>| need.text().or_else(|| need.text_of("job")).map(str::to_owned);
    let conditions = [of("rules"), of("only")].into_iter().flatten().flat_map(|found| found.items());
    let conditions: Vec<String> =
        conditions.filter_map(|one| one.text().or_else(|| one.text_of("if")).map(str::to_owned)).collect();
    let asks = |text: &String| text.contains("merge_request");
    let whens = of("rules")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|rule| rule.text_of("when").map(str::to_owned));
    let when = of("when").and_then(|when| when.text()).map(str::to_owned);
    let condition: Vec<String> = conditions.iter().cloned().chain(whens).chain(when).collect();
    let steps = ["before_script", "script", "after_script"].into_iter().filter_map(of).flat_map(Node::texts);
    let env =
        of("variables").into_iter().flat_map(|env| env.pairs()).filter_map(|(_, _, value)| value.text());
    Job {
        id: id.to_owned(),
        name: format!("{id} {}", environment.filter(|name| !name.contains('$')).unwrap_or_default()),
        needs: needs.map(|needs| needs.iter().filter_map(need).collect()),
        stage: order.iter().position(|name| *name == stage),
        steps: steps.filter_map(|line| Some((Text::of(&line)?, line.span))).map(step).collect(),
        calls: None,
        aside: !conditions.is_empty() && conditions.iter().all(asks),
        condition: condition.join(" "),
        own_database: of("services").is_some(),
        env: env.filter(|text| !text.contains('$')).map(str::to_owned).collect(),
    }
}

fn step((text, span): (Text, source::Span)) -> Step {
    Step {
        name: String::new(),
        span,
        doing: Doing::Commands { text, far: false },
        aside: false,
        env: Vec::new(),
    }
}
