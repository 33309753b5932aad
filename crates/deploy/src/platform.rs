//! The settings of platforms that run commands: Fly, Heroku, Railway, Render, Vercel, Netlify,
//! Nixpacks, DigitalOcean.

use crate::scripts::Text;
use crate::station::{Found, Host, Moment, Said};
use crate::toml::{self, Entry};
use crate::yaml::{self, Kind, Node};
use source::{SourceFile, Span};
use std::rc::Rc;
use std::sync::Arc;

/// Whether a file of this name holds such settings.
pub(crate) fn is_platform(name: &str) -> bool {
    let fly = name.starts_with("fly.") && name.ends_with(".toml");
    const NAMES: &[&str] = &[
        "Procfile",
        "heroku.yml",
        "netlify.toml",
        "nixpacks.toml",
        "railway.json",
        "railway.toml",
        "render.yaml",
        "render.yml",
        "vercel.json",
    ];
    fly || NAMES.contains(&name)
}

/// The commands of the file, and when they run.
pub(crate) fn read(file: &Arc<SourceFile>, name: &str) -> Vec<Found> {
    match name {
        "Procfile" => procfile(&file.text),
        _ if name.ends_with(".toml") => {
            toml::entries(&file.text).into_iter().filter_map(|entry| of_toml(name, entry)).collect()
        }
        _ => yaml::parse(&file.text).map(|tree| of_tree(name, &tree)).unwrap_or_default(),
    }
}

/// `web: npm start`, a line each.
fn procfile(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some((name, command)) = line.split_once(':').filter(|(name, _)| is_word(name)) else { continue };
        let from = start + name.len() + 1 + (command.len() - command.trim_start().len());
        let command = command.trim();
        let said =
            Said::Shell(Text { text: command.to_owned(), span: Span::new(from, from + command.len()) });
        found.push(match name {
            "release" => (Host::Setting(name.to_owned()), Moment::Release, vec![said]),
            _ => (Host::Process(name.to_owned()), Moment::Start, vec![said]),
        });
    }
    found
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
}

fn of_toml(name: &str, entry: Entry) -> Option<Found> {
    let Entry { section, key, values, is_list } = entry;
    let setting = |moment: Moment| Some((Host::Setting(key.clone()), moment));
    let (host, moment) = match (name, section.as_str(), key.as_str()) {
        ("netlify.toml", "build" | "context.production", "command") => setting(Moment::Build),
        ("nixpacks.toml", "start", "cmd") => setting(Moment::Start),
        ("nixpacks.toml", _, "cmds") if section.starts_with("phases.") => setting(Moment::Build),
        ("railway.toml", "build", "buildCommand") => setting(Moment::Build),
        ("railway.toml", "deploy", "preDeployCommand") => setting(Moment::Release),
        ("railway.toml", "deploy", "startCommand") => setting(Moment::Start),
        (_, "deploy", "release_command") if name.starts_with("fly.") => setting(Moment::Release),
        (_, "processes", _) if name.starts_with("fly.") => Some((Host::Process(key.clone()), Moment::Start)),
        _ => None,
    }?;
    // Only the lists of Nixpacks and Railway are lists of commands.
    let commands = !is_list || matches!(key.as_str(), "cmds" | "preDeployCommand");
    let said = match (commands, values.first(), values.last()) {
        (false, Some(first), Some(last)) => {
            vec![Said::Words(
                values.iter().map(|value| value.text.clone()).collect(),
                first.span.to(last.span),
            )]
        }
        _ => values.into_iter().map(Said::Shell).collect(),
    };
    Some((host, moment, said))
}

fn of_tree(name: &str, tree: &Rc<Node>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut add = |node: Option<&Rc<Node>>, setting: &str, moment: Moment| {
        let texts = node.and_then(|node| node.get(setting)).map(Node::texts).unwrap_or_default();
        let said: Vec<Said> = texts.iter().filter_map(Text::of).map(Said::Shell).collect();
        found.push((Host::Setting(setting.to_owned()), moment, said));
    };
    match name {
        "vercel.json" => add(Some(tree), "buildCommand", Moment::Build),
        "railway.json" => {
            add(tree.get("build"), "buildCommand", Moment::Build);
            add(tree.get("deploy"), "preDeployCommand", Moment::Release);
            add(tree.get("deploy"), "startCommand", Moment::Start);
        }
        "heroku.yml" => {
            add(tree.get("release"), "command", Moment::Release);
            for (process, _, node) in tree.get("run").into_iter().flat_map(|run| run.pairs()) {
                let text = if matches!(node.kind, Kind::Map(_)) { node.get("command") } else { Some(node) };
                let said = text.map(Node::texts).unwrap_or_default();
                let said = said.iter().filter_map(Text::of).map(Said::Shell).collect();
                found.push((Host::Process(process.to_owned()), Moment::Start, said));
            }
        }
        _ => {
            for service in tree.get("services").map(Node::items_of_maps).unwrap_or_default() {
                add(Some(&service), "buildCommand", Moment::Build);
                add(Some(&service), "preDeployCommand", Moment::Release);
                add(Some(&service), "startCommand", Moment::Start);
                add(Some(&service), "dockerCommand", Moment::Start);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &[&str]) {
        let file = SourceFile::new(name, text);
        let told = |(host, moment, said): Found| {
            let host = match host {
                Host::Process(name) | Host::Setting(name) => name,
                other => format!("{other:?}"),
            };
            let said: Vec<String> = said
                .into_iter()
                .map(|one| match one {
                    Said::Shell(shell) => shell.text,
                    Said::Words(words, _) => words.join("·"),
                })
                .collect();
            format!("{moment:?} {host}: {}", said.join("; "))
        };
        let found = read(&file, name).into_iter().filter(|(_, _, said)| !said.is_empty());
        assert_eq!(found.map(told).collect::<Vec<_>>(), expected, "{name}");
    }

    #[test]
    fn settings() {
        check("Procfile", "release: a && b\nweb: c\n# x: y\n", &["Release release: a && b", "Start web: c"]);
        check(
            "fly.toml",
            "[deploy]\nrelease_command = 'a'\n[processes]\napp = \"b c\"\n[env]\nx = 'y'\n",
            &["Release release_command: a", "Start app: b c"],
        );
        check(
            "railway.toml",
            "[deploy]\npreDeployCommand = [\"a b\", 'c']\n",
            &["Release preDeployCommand: a b; c"],
        );
        check(
            "railway.json",
            r#"{"build": {"buildCommand": "a"}, "deploy": {"startCommand": "b", "preDeployCommand": ["c"]}}"#,
            &["Build buildCommand: a", "Release preDeployCommand: c", "Start startCommand: b"],
        );
        check(
            "render.yaml",
            "services:\n  - type: web\n    buildCommand: a\n    startCommand: b\n",
            &["Build buildCommand: a", "Start startCommand: b"],
        );
        check("vercel.json", r#"{"buildCommand": "a", "installCommand": "b"}"#, &["Build buildCommand: a"]);
        check(
            "heroku.yml",
            "release:\n  command:\n    - a\nrun:\n  web: b\n",
            &["Release command: a", "Start web: b"],
        );
        check(
            "netlify.toml",
            "[build]\ncommand = \"a\"\n[context.deploy-preview]\ncommand = \"b\"",
            &["Build command: a"],
        );
        check(
            "nixpacks.toml",
            "[phases.build]\ncmds = ['a', 'b']\n[start]\ncmd = 'c'",
            &["Build cmds: a; b", "Start cmd: c"],
        );
    }
}
