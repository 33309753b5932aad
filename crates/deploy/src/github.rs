//! GitHub workflows.

use crate::names;
use crate::pipeline::{Doing, Job, Pipeline, Step};
use crate::scripts::Text;
use crate::yaml::{Kind, Node};
use source::SourceFile;
use std::rc::Rc;
use std::sync::Arc;

/// The jobs of a workflow; `None` where there are none.
pub(crate) fn read(file: &Arc<SourceFile>, tree: &Rc<Node>) -> Option<Pipeline> {
    let jobs: Vec<Job> = tree.get("jobs")?.pairs().map(|(id, _, value)| job(id, value)).collect();
    let stem = file.path.rsplit('/').next().unwrap_or_default();
    let name = format!("{} {stem}", tree.text_of("name").unwrap_or_default());
    let on = tree.get("on");
    let triggers: Vec<&str> = match on.map(|on| (&on.kind, on)) {
        Some((Kind::Map(_), on)) => on.pairs().map(|(name, ..)| name).collect(),
        Some((Kind::List(items), _)) => items.iter().filter_map(|item| item.text()).collect(),
        Some((Kind::Scalar(one), _)) => vec![one],
        None => Vec::new(),
    };
    let aside = !triggers.is_empty()
        && triggers
            .iter()
            .all(|trigger| matches!(*trigger, "pull_request" | "pull_request_target" | "merge_group"));
    let push = on.and_then(|on| on.get("push"));
    let branches = push.and_then(|push| push.get("branches")).map(Node::texts).unwrap_or_default();
    let branches: Vec<&str> = branches.iter().filter_map(|branch| branch.text()).collect();
    let pushed = branches.iter().map(|branch| (*branch).to_owned()).collect();
    let filtered = push.is_some_and(|push| push.get("paths").is_some());
    Some(Pipeline { file: file.clone(), name, branches: branches.join(" "), aside, pushed, filtered, jobs })
}

fn job(id: &str, node: &Rc<Node>) -> Job {
    let environment =
        node.get("environment").and_then(|found| found.text().or_else(|| found.text_of("name")));
    let names = [Some(id), node.text_of("name"), environment.filter(|name| !name.contains("${{"))];
    let needs = node.get("needs").map(Node::texts).unwrap_or_default();
    Job {
        id: id.to_owned(),
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
        needs: Some(needs.iter().filter_map(|need| need.text()).map(str::to_owned).collect()),
        stage: None,
        steps: node.get("steps").map(Node::items).unwrap_or_default().iter().map(step).collect(),
        calls: node.get("uses").and_then(Text::of),
        aside: is_for_pull_requests(node),
        condition: node.text_of("if").unwrap_or_default().to_owned(),
        own_database: node.get("services").is_some(),
        env: env(node),
    }
}

fn step(node: &Rc<Node>) -> Step {
    let with = |key: &str| node.get("with").and_then(|with| with.get(key));
    let uses = node.text_of("uses").unwrap_or_default();
    let action = uses.split('@').next().unwrap_or_default();
    let says = |key: &str, word: &str| {
        with(key).and_then(|value| value.text()).is_some_and(|text| text.contains(word))
    };
    let deploys = match action {
        "aws-actions/amazon-ecs-deploy-task-definition" => with("service").is_some(),
        "google-github-actions/deploy-cloudrun"
        | "google-github-actions/deploy-appengine"
        | "azure/webapps-deploy"
        | "Azure/webapps-deploy"
        | "akhileshns/heroku-deploy"
        | "digitalocean/app_action/deploy" => true,
        "amondnet/vercel-action" => says("vercel-args", "--prod"),
        "cloudflare/wrangler-action" => with("command").is_none() || says("command", "deploy"),
        "superfly/flyctl-actions" => says("args", "deploy"),
        "nwtgck/actions-netlify" => says("production-deploy", "true"),
        _ => false,
    };
    let run = node.get("run").and_then(Text::of).map(|text| Doing::Commands { text, far: false });
    let script = with("script").and_then(Text::of).filter(|_| action.contains("ssh"));
    let doing = run.or_else(|| script.map(|text| Doing::Commands { text, far: true }));
    let deploy = || node.get("uses").and_then(Text::of).filter(|_| deploys).map(Doing::Deploys);
    Step {
        name: node.text_of("name").unwrap_or_default().to_owned(),
        span: node.get("name").map_or(node.span, |name| name.span),
        doing: doing.or_else(deploy).unwrap_or(Doing::Other),
        aside: is_for_pull_requests(node),
        env: env(node),
    }
}

/// Whether a condition asks for a pull request.
fn is_for_pull_requests(node: &Node) -> bool {
    let condition = node.text_of("if").unwrap_or_default();
    condition.contains("pull_request") && condition.contains("==") && !condition.contains("||")
        || condition.split(['&', '|', '(', ')', '\'']).any(|piece| names::words(piece) == ["preview"])
}

fn env(node: &Node) -> Vec<String> {
    let pairs = node.get("env").into_iter().flat_map(|env| env.pairs());
    // What is worked out is not known.
    pairs
        .filter_map(|(_, _, value)| value.text())
        .filter(|text| !text.contains("${{"))
        .map(str::to_owned)
        .collect()
}
