//! Dockerfiles: what an image runs where it starts, and what runs while it is built.

use crate::names;
use crate::scripts::Text;
use crate::station::{Found, Host, Moment, Said};
use crate::yaml::{self, Kind};
use source::{SourceFile, Span};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether a file of this name makes an image.
pub(crate) fn is_image(name: &str) -> bool {
    let lower = name.to_lowercase();
    let is = |word: &str| {
        lower == word || lower.starts_with(&format!("{word}.")) || lower.ends_with(&format!(".{word}"))
    };
    (is("dockerfile") || is("containerfile")) && !lower.ends_with(".dockerignore") && !lower.ends_with(".md")
}

/// What each stage runs that has a command of its own, and what is run to make it.
pub(crate) fn read(file: &Arc<SourceFile>) -> Vec<Found> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for one in instructions(&file.text) {
        let words: Vec<&str> = one.text.text.split_whitespace().collect();
        if one.word == "FROM" {
            let words: Vec<&&str> = words.iter().filter(|word| !word.starts_with("--")).collect();
            let base = words.first().and_then(|name| by_name.get(&name.to_lowercase()));
            let mut stage = base.map_or(Stage::default(), |base| Stage {
                own: false,
                runs: Vec::new(),
                ..stages[*base].clone()
            });
            if let [_, word, name, ..] = words[..]
                && word.eq_ignore_ascii_case("as")
            {
                stage.name = (*name).to_owned();
                by_name.insert(name.to_lowercase(), stages.len());
            }
            stages.push(stage);
            continue;
        }
        let Some(stage) = stages.last_mut() else { continue };
        match one.word.as_str() {
            "RUN" => stage.runs.push(said(one.text)),
            "CMD" => (stage.command, stage.own) = (Some(said(one.text)), true),
            // It takes the place of a command that was inherited.
            "ENTRYPOINT" => (stage.entry, stage.command, stage.own) = (Some(said(one.text)), None, true),
            _ => {}
        }
    }
    stages.retain(|stage| !names::is_aside_path(&stage.name));
    let mut found = Vec::new();
    for stage in stages {
        let runs = stage.runs.iter().map(|run| (Host::Image, Moment::Build, vec![run.clone()]));
        found.extend(runs);
        if stage.own {
            found.push((Host::Image, Moment::Start, stage.start()));
        }
    }
    found
}

/// One stage of an image.
#[derive(Clone, Default)]
struct Stage {
    name: String,
    entry: Option<Said>,
    command: Option<Said>,
    /// Whether it says itself what it runs.
    own: bool,
    runs: Vec<Said>,
}

impl Stage {
    /// What runs where it starts. A script that stands before the command runs that too, or else the
    /// image has no command.
    fn start(self) -> Vec<Said> {
        match (self.entry, self.command) {
            // The command gives it its arguments.
            (Some(Said::Words(mut words, span)), Some(Said::Words(more, _))) if !is_wrapper(&words) => {
                words.extend(more);
                vec![Said::Words(words, span)]
            }
            (Some(Said::Shell(entry)), _) => vec![Said::Shell(entry)],
            (entry, command) => entry.into_iter().chain(command).collect(),
        }
    }
}

/// Whether the command that follows is run by it as it is.
fn is_wrapper(words: &[String]) -> bool {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let name = first.rsplit('/').next().unwrap_or(first);
    let knows = ["tini", "dumb-init", "catatonit", "docker-init"].contains(&name);
    knows || first.contains('/') || name.ends_with(".sh")
}

struct Instruction {
    /// In upper case.
    word: String,
    /// What follows it.
    text: Text,
}

/// The instructions, with lines that go on and here-documents joined.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let mut goes_on = false;
        // To the end of the last line that goes on; comments and empty lines lie between.
        loop {
            let line = text[at..].split_inclusive('\n').next().unwrap_or_default();
            at += line.len();
            let trimmed = line.trim();
            let between = goes_on && (trimmed.starts_with('#') || trimmed.is_empty());
            goes_on = between || trimmed.ends_with('\\') && !trimmed.starts_with('#');
            if !goes_on || at >= text.len() {
                break;
            }
        }
        let whole = &text[start..at];
        let first = whole.trim_start();
        let begin = start + (whole.len() - first.len());
        let Some((word, rest)) = first.split_once([' ', '\t']) else { continue };
        if word.starts_with('#') {
            continue;
        }
        let word = word.to_uppercase();
        // `--mount=..` and kin are for the builder.
        let mut rest = rest.trim_start();
        while rest.starts_with("--") && word != "FROM" {
            rest = rest
                .split_once([' ', '\t'])
                .map_or("", |(_, rest)| rest)
                .trim_start_matches([' ', '\t', '\\', '\n']);
        }
        if let Some(name) = document(rest).filter(|_| word == "RUN") {
            while at < text.len() {
                let line = text[at..].split_inclusive('\n').next().unwrap_or_default();
                at += line.len();
                if line.trim() == name {
                    break;
                }
            }
        }
        let from = begin + (first.len() - rest.len()).min(first.len());
        let inside = text[from..at].trim_end();
        let span = Span::new(from, from + inside.len());
        found.push(Instruction { word, text: Text { text: inside.to_owned(), span } });
    }
    found
}

/// The closing line of a here-document that is the command itself: `RUN <<EOF`.
fn document(rest: &str) -> Option<&str> {
    let name = rest.strip_prefix("<<")?.trim_start_matches('-').split_whitespace().next()?;
    Some(name.trim_matches(['\'', '"']))
}

/// A list of words, or a text for a shell.
fn said(text: Text) -> Said {
    if text.text.starts_with('[')
        && let Some(list) = yaml::parse(&text.text)
        && let Kind::List(items) = &list.kind
    {
        let words: Vec<String> = items.iter().filter_map(|item| item.text()).map(str::to_owned).collect();
        return Said::Words(words, text.span);
    }
    match document(&text.text) {
        Some(name) => {
            let first = text.text.find('\n').map_or(text.text.len(), |at| at + 1);
            let body = text.text[first..].trim_end().strip_suffix(name).unwrap_or(&text.text[first..]);
            let start = text.span.start as usize + first;
            let span = Span::new(start, start + body.len());
            Said::Shell(Text { text: body.to_owned(), span })
        }
        None => Said::Shell(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let file = SourceFile::new("Dockerfile", text);
        let told = |(_, moment, said): Found| {
            let said: Vec<String> = said
                .into_iter()
                .map(|one| match one {
                    Said::Shell(shell) => {
                        assert_eq!(shell.text, shell.span.of(text));
                        shell.text
                    }
                    Said::Words(words, _) => words.join("·"),
                })
                .collect();
            format!("{moment:?} {}", said.join(" then "))
        };
        assert_eq!(read(&file).into_iter().map(told).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn images() {
        check(
            "FROM node AS base\nRUN a \\\n  # why\n  b\nCMD [\"x\"]\nFROM base\nCOPY . .\n cmd y && z # c\n",
            &["Build a \\\n  # why\n  b", "Start x", "Start y && z # c"],
        );
        check(
            "FROM a\nENTRYPOINT [\"/tini\", \"--\"]\nCMD [\"node\", \"s\"]",
            &["Start /tini·-- then node·s"],
        );
        check("FROM a\nENTRYPOINT [\"npm\", \"run\"]\nCMD [\"s\"]", &["Start npm·run·s"]);
        check("FROM a\nENTRYPOINT x\nCMD y", &["Start x"]);
        check("FROM a AS b\nCMD x\nFROM b\nENTRYPOINT [\"./y\"]\n", &["Start x", "Start ./y"]);
        check(
            "FROM a AS dev\nCMD x\nFROM a AS b\nRUN --mount=type=cache,target=/x npm ci",
            &["Build npm ci"],
        );
        check("FROM a\nRUN <<EOF\nx\ny\nEOF\nCMD z", &["Build x\ny\n", "Start z"]);
        check("# FROM x\nCMD y", &[]);
        check(
            "FROM a\nHEALTHCHECK --interval=1s \\\n  CMD curl x\n\nCMD [\"sh\", \"-c\", \"a && b\"]",
            &["Start sh·-c·a && b"],
        );
        for text in [
            "FROM",
            "FROM a\nRUN",
            "FROM a\nRUN <<",
            "FROM a\nCMD [",
            "FROM a\nRUN \\",
            "FROM a AS",
            "RUN --a\\",
        ] {
            let _ = read(&SourceFile::new("Dockerfile", text));
        }
    }
}
