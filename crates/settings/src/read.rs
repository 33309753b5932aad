//! From the text of `brolly.json` to settings, with a word and a place for all that is wrong.

use crate::json::{Member, Node, Value, parse};
use crate::schema::keys;
use crate::values::{Deployed, FailOn, Level, Runner, Settings, relation_name};
use source::{Diagnostic, Evidence, Group, Label, Remedy, RuleMeta, Severity, SourceFile, Span, nearest};
use std::sync::Arc;

/// What is wrong with the file itself. It keeps a run from judging, so no comment can allow it.
pub const BROKEN_SETTINGS: RuleMeta = RuleMeta {
    name: "broken-settings",
    group: Group::Input,
    severity: Severity::Error,
    summary: "brolly.json can't be read, or holds a key or value that means nothing",
};

/// Reads the settings; `rules` are the names that exist. What is wrong is left out of the settings.
pub fn read(file: &Arc<SourceFile>, rules: &[&str]) -> (Settings, Vec<Diagnostic>) {
    let mut reader = Reader { file, rules, settings: Settings::default(), wrong: Vec::new() };
    match parse(&file.text) {
        Err(mistake) => {
            reader.say(mistake.span, format!("this is no JSON: {}", mistake.text), "Mend it.");
        }
        Ok(Value { node: Node::Object(members), .. }) => reader.file(&members),
        Ok(value) => reader.expected(&value, "an object of settings"),
    }
    (reader.settings, reader.wrong)
}

struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    rules: &'a [&'a str],
    settings: Settings,
    wrong: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn file(&mut self, members: &[Member]) {
        for (n, member) in members.iter().enumerate() {
            if members[..n].iter().any(|other| other.key == member.key) {
                self.say(member.key_span, format!("`{}` is set twice", member.key), "Keep one of them.");
                continue;
            }
            self.setting(member);
        }
    }

    fn setting(&mut self, member: &Member) {
        let value = &member.value;
        match member.key.as_str() {
            "$schema" => {
                self.text(value);
            }
            "rules" => {
                for rule in self.members(value) {
                    self.rule(&rule);
                }
            }
            "postgres" => match value.node {
                Node::Number(Some(number @ 13..=18)) => self.settings.postgres = Some(number as u8),
                _ => self.expected(value, "a major version of Postgres, 13 to 18"),
            },
            "timeZone" => self.settings.time_zone = self.text(value),
            "appRole" => self.settings.app_role = self.text(value),
            "busyTables" => {
                self.settings.busy_tables =
                    self.texts(value).iter().map(|name| relation_name(name)).collect();
            }
            "tables" => {
                for table in self.members(value) {
                    self.table(&table);
                }
            }
            "smallTableRows" => self.settings.small_table_rows = self.number(value),
            "stats" => self.settings.stats = self.text(value),
            "busyWritesPerSecond" => self.settings.busy_writes_per_second = self.number(value),
            "baseline" => self.settings.baseline = self.text(value),
            "ignore" => self.settings.ignore = self.texts(value),
            "runner" => {
                if let Some(runner) = self.word(value, &Runner::WORDS) {
                    self.settings.runner = runner;
                }
            }
            "deployed" => self.deployed(value),
            "failOn" => self.settings.fail_on = self.word(value, &FailOn::WORDS),
            _ => self.unknown(member, "setting", &keys()),
        }
    }

    fn rule(&mut self, member: &Member) {
        if !self.rules.contains(&member.key.as_str()) {
            self.unknown(member, "rule", self.rules);
        } else if let Some(level) = self.word(&member.value, &Level::WORDS) {
            self.settings.rules.insert(member.key.clone(), level);
        }
    }

    fn table(&mut self, member: &Member) {
        for setting in self.members(&member.value) {
            if setting.key != "rows" {
                self.unknown(&setting, "setting of a table", &["rows"]);
            } else if let Some(rows) = self.number(&setting.value) {
                self.settings.rows.insert(relation_name(&member.key), rows);
            }
        }
    }

    fn deployed(&mut self, value: &Value) {
        let expected = "a tag, branch or commit, a list of them, or {\"command\": \"..\"}";
        self.settings.deployed = match &value.node {
            Node::String(name) if !name.trim().is_empty() => Some(Deployed::References(vec![name.clone()])),
            Node::Array(items) if !items.is_empty() => Some(Deployed::References(self.texts(value))),
            Node::Object(members) => {
                for member in members.iter().filter(|member| member.key != "command") {
                    self.unknown(member, "setting of `deployed`", &["command"]);
                }
                let command = members.iter().find(|member| member.key == "command");
                if command.is_none() {
                    self.expected(value, expected);
                }
                command.and_then(|member| self.text(&member.value)).map(Deployed::Command)
            }
            _ => {
                self.expected(value, expected);
                None
            }
        };
    }

    fn unknown(&mut self, member: &Member, what: &str, known: &[&str]) {
        let near = nearest(&member.key, known.iter().copied());
        let fix = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None if known.len() <= 20 => format!("There are: {}.", known.join(", ")),
            None => "`brolly rules` lists them.".to_owned(),
        };
        self.say(member.key_span, format!("there is no {what} `{}`", member.key), fix);
    }

    fn members(&mut self, value: &Value) -> Vec<Member> {
        match &value.node {
            Node::Object(members) => members.clone(),
            _ => {
                self.expected(value, "an object");
                Vec::new()
            }
        }
    }

    fn text(&mut self, value: &Value) -> Option<String> {
        match &value.node {
            Node::String(text) => Some(text.clone()),
            _ => {
                self.expected(value, "a string");
                None
            }
        }
    }

    fn texts(&mut self, value: &Value) -> Vec<String> {
        match &value.node {
            Node::Array(items) => items.iter().filter_map(|item| self.text(item)).collect(),
            _ => {
                self.expected(value, "a list of strings");
                Vec::new()
            }
        }
    }

    fn number(&mut self, value: &Value) -> Option<u64> {
        match value.node {
            Node::Number(Some(number)) => Some(number),
            _ => {
                self.expected(value, "a whole number");
                None
            }
        }
    }

    fn word<T: Copy>(&mut self, value: &Value, words: &[(&str, T)]) -> Option<T> {
        let listed: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let listed = format!("one of {}", listed.join(", "));
        let Node::String(text) = &value.node else {
            self.expected(value, &listed);
            return None;
        };
        let known = words.iter().find(|(word, _)| word == text).map(|(_, value)| *value);
        if known.is_none() {
            let fix = match nearest(text, words.iter().map(|(word, _)| *word)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Write {listed}."),
            };
            self.say(value.span, format!("`{text}` is not {listed}"), fix);
        }
        known
    }

    fn expected(&mut self, value: &Value, what: &str) {
        let shown = match &value.node {
            Node::Number(_) => value.span.of(&self.file.text).to_owned(),
            node => node.kind().to_owned(),
        };
        self.say(value.span, format!("expected {what}, found {shown}"), format!("Write {what}."));
    }

    fn say(&mut self, span: Span, what: String, fix: impl Into<String>) {
        self.wrong.push(Diagnostic {
            rule: BROKEN_SETTINGS.name,
            group: BROKEN_SETTINGS.group,
            severity: BROKEN_SETTINGS.severity,
            what,
            why: Vec::new(),
            remedy: Remedy { text: fix.into(), code: None },
            evidence: Evidence::Predicted,
            primary: Label { file: self.file.clone(), span, text: String::new() },
            secondary: Vec::new(),
            migration: None,
            statement: None,
            relation: None,
            accepted: None,
        });
    }
}
