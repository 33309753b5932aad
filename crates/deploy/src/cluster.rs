//! Containers that a cluster runs: compose files for production, and manifests of Kubernetes.
//!
//! Templates of Helm are read with their placeholders taken out, where YAML is left.

use crate::files::name;
use crate::names;
use crate::scripts::Text;
use crate::station::{Found, Host, Moment, Said};
use crate::yaml::{self, Kind, Node};
use source::SourceFile;
use std::rc::Rc;
use std::sync::Arc;

/// Whether a file of this name is a compose file.
pub(crate) fn is_compose(name: &str) -> bool {
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let stem = name.split('.').next().unwrap_or(name);
    is_yaml && matches!(stem, "docker-compose" | "compose" | "docker-stack")
}

/// Whether a path may be of a manifest of Kubernetes.
pub(crate) fn may_be_manifest(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    is_yaml && !path.starts_with('.') && !name(path).contains("lock")
}

/// The commands of the services of a compose file for production.
pub(crate) fn compose(file: &Arc<SourceFile>, path: &str) -> Vec<Found> {
    if names::environment(path) != Some("production") {
        return Vec::new();
    }
    let Some(tree) = yaml::parse(&file.text) else { return Vec::new() };
    let services = tree.get("services").into_iter().flat_map(|services| services.pairs());
    let services = services.filter(|(name, _, service)| {
        let profiles = service.get("profiles").map(Node::texts).unwrap_or_default();
        !names::is_aside_path(name) && !profiles.iter().filter_map(|one| one.text()).any(names::is_aside_path)
    });
    services
        .map(|(name, _, service)| {
            let said = ["entrypoint", "command"].into_iter().filter_map(|key| said(service.get(key)?));
            let replicas = service.get("deploy").and_then(|deploy| deploy.text_of("replicas"));
            let several = replicas.and_then(|count| count.parse().ok()).is_some_and(|count: u32| count > 1);
            // One container alone has nobody to race with.
            let moment = if several { Moment::Start } else { Moment::Release };
            (Host::Service(name.to_owned()), moment, said.collect())
        })
        .collect()
}

/// What the containers of workloads run in every pod.
pub(crate) fn manifests(file: &Arc<SourceFile>) -> Vec<Found> {
    let text = &file.text;
    if !text.contains("ontainers:") || !(text.contains("migrat") || text.contains("drizzle")) {
        return Vec::new();
    }
    yaml::documents(&without_placeholders(text)).iter().flat_map(workload).collect()
}

fn workload(tree: &Rc<Node>) -> Vec<Found> {
    const KINDS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"];
    let kind = tree.text_of("kind").filter(|kind| KINDS.contains(kind));
    let (Some(kind), Some(spec)) = (kind, tree.get("spec")) else { return Vec::new() };
    // One pod at a time has nobody to race with.
    if spec.text_of("replicas") == Some("1") {
        return Vec::new();
    }
    let Some(pod) = spec.get("template").and_then(|template| template.get("spec")) else { return Vec::new() };
    let named = tree.get("metadata").and_then(|metadata| metadata.text_of("name"));
    let workload = match named.filter(|name| !name.contains(PLACEHOLDER)) {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    };
    let mut found = Vec::new();
    for key in ["initContainers", "containers"] {
        for container in pod.get(key).map(Node::items_of_maps).unwrap_or_default() {
            let said = ["command", "args"].into_iter().filter_map(|key| container.get(key));
            let words: Vec<Rc<Node>> = said.flat_map(Node::texts).collect();
            let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
            let span = first.span.to(last.span);
            let words = words.iter().filter_map(|word| word.text()).map(str::to_owned).collect();
            let (workload, name) =
                (workload.clone(), container.text_of("name").unwrap_or_default().to_owned());
            let host = match key {
                "initContainers" => Host::InitContainer { workload, name },
                _ => Host::Container { workload, name },
            };
            found.push((host, Moment::Start, vec![Said::Words(words, span)]));
        }
    }
    found
}

/// A command of a compose file: a text that is split into words, or words.
fn said(node: &Rc<Node>) -> Option<Said> {
    match &node.kind {
        Kind::List(items) => {
            let words = items.iter().filter_map(|item| item.text()).map(str::to_owned).collect();
            Some(Said::Words(words, items.first()?.span.to(items.last()?.span)))
        }
        _ => Text::of(node).map(Said::Shell),
    }
}

const PLACEHOLDER: &str = "xxxx";

/// The text with the placeholders of a template taken out, each byte in its place: a line that is
/// nothing else is empty, and within a line there are letters instead.
fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Whether the line has nothing but placeholders so far.
    let mut blank = true;
    while let Some(at) = rest.find("{{") {
        let before = &rest[..at];
        blank = match before.rsplit_once('\n') {
            Some((_, line)) => line.trim().is_empty(),
            None => blank && before.trim().is_empty(),
        };
        let length = rest[at..].find("}}").map_or(rest.len() - at, |end| end + 2);
        let behind = rest[at + length..].trim_start_matches([' ', '\t', '\r']);
        let alone = blank && (behind.is_empty() || behind.starts_with('\n') || behind.starts_with("{{"));
        out.push_str(before);
        for letter in rest[at..at + length].chars() {
            match letter {
                '\n' => out.push('\n'),
                _ => out.extend(std::iter::repeat_n(if alone { ' ' } else { 'x' }, letter.len_utf8())),
            }
        }
        blank &= alone;
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_leave_their_room() {
        let text = "a:\n  {{- if .x }}\n  b: {{ .y | quote }}-z\n  {{- end }}\nc: {{ é }}\n";
        let plain = without_placeholders(text);
        assert_eq!(plain.len(), text.len());
        let tree = yaml::parse(&plain).unwrap();
        assert_eq!(tree.get("a").unwrap().text_of("b"), Some("xxxxxxxxxxxxxxxx-z"));
        assert_eq!(without_placeholders("{{ {{"), "     ");
    }

    #[test]
    fn workloads() {
        let text = "kind: Job\nspec: { template: { spec: { containers: [{ command: [migrate] }] } } }\n---\n\
                    kind: Deployment\nmetadata: { name: api }\nspec:\n  template:\n    spec:\n      initContainers:\n\
                    \x20       - name: migrate\n          command: [\"npm\"]\n          args: [run, x]\n\
                    \x20     containers:\n        - name: app\n          image: y\n";
        let found = manifests(&SourceFile::new("k8s/api.yaml", text));
        let [(Host::InitContainer { workload, name }, Moment::Start, said)] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((workload.as_str(), name.as_str()), ("Deployment api", "migrate"));
        assert!(matches!(&said[..], [Said::Words(words, _)] if words.join(" ") == "npm run x"));
        let one = text.replace("spec:\n  template", "spec:\n  replicas: 1\n  template");
        assert!(manifests(&SourceFile::new("k8s/api.yaml", one)).is_empty());
    }
}
