//! Modules: parsing one, what it exports, and following imports to others of the project.

use super::eval::{Env, Eval, unknown};
use super::scope::scope;
use crate::files::{Files, file_name, join, parent};
use crate::value::{Kind, Value, parse_json};
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;
use source::Span;

/// The value that a module gives under `name` (`default` for its config).
pub(super) fn module_value(
    files: &dyn Files,
    env: Env<'_>,
    path: &str,
    text: &str,
    name: &str,
    depth: usize,
) -> Value {
    if path.ends_with(".json") {
        return match parse_json(text) {
            Ok(value) if name == "default" || name == "*" => value,
            Ok(value) => value
                .get(name)
                .cloned()
                .unwrap_or_else(|| unknown(Span::default(), "a key that is not there")),
            Err(broken) => {
                let span = Span::new(broken.at, broken.at + 1);
                unknown(span, format!("JSON that breaks off: expected {}", broken.expected))
            }
        };
    }
    if too_nested(text) {
        return unknown(Span::default(), "code that is nested too deeply");
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, source_type(path)).parse();
    if parsed.panicked {
        let first = parsed.diagnostics.errors().next();
        let message = first.map_or_else(String::new, |error| format!(": {}", error.message));
        let at = first.and_then(|error| error.labels.first()).map_or(0, |label| label.offset() as usize);
        return unknown(Span::new(at, at + 1), format!("a file with a syntax error{message}"));
    }
    let scope = scope(&parsed.program);
    Eval::new(files, env, path, &scope, depth).export(name)
}

/// The files that a module hands to dotenv, as they are named there: `config({ path: ".env.local" })`.
pub(super) fn dotenv_files(files: &dyn Files, path: &str, text: &str) -> Vec<String> {
    let allocator = Allocator::default();
    if path.ends_with(".json") || too_nested(text) {
        return Vec::new();
    }
    let parsed = Parser::new(&allocator, text, source_type(path)).parse();
    if parsed.panicked {
        return Vec::new();
    }
    let scope = scope(&parsed.program);
    let mut eval = Eval::new(files, &|_| None, path, &scope, 0);
    let mut found = Vec::new();
    for argument in &scope.dotenv {
        let value = eval.eval(argument);
        match value.get("path").map(|path| &path.kind) {
            Some(Kind::String(path)) => found.push(path.clone()),
            Some(Kind::Array(paths)) => {
                found.extend(paths.iter().filter_map(Value::as_str).map(str::to_owned))
            }
            _ => {}
        }
    }
    found
}

fn source_type(path: &str) -> SourceType {
    // Configs in `.js` may hold JSX-free TypeScript-free code only, which TypeScript contains;
    // `module.exports` needs no script mode to be read.
    let kind = SourceType::ts();
    if path.ends_with(".cjs") || path.ends_with(".cts") {
        kind.with_script(true)
    } else {
        kind.with_module(true)
    }
}

fn too_nested(text: &str) -> bool {
    let mut depth = 0i32;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        depth > 400
    })
}

impl Eval<'_, '_> {
    /// What the module exports under `name`; `*` is all of it.
    pub fn export(&mut self, name: &str) -> Value {
        if name == "default" {
            if let Some(expression) = self.scope.default {
                let value = self.eval(expression);
                // `module.exports = { default: config }`
                return match value.get("default") {
                    Some(inner) => inner.clone(),
                    None => value,
                };
            }
            if self.scope.default_is_code {
                return unknown(Span::default(), "a function or class");
            }
        }
        if let Some(local) = self.scope.exports.get(name) {
            return self.name(local, Span::default());
        }
        if let Some((module, imported)) = self.scope.re_exports.get(name) {
            return self.import(module, imported, Span::default());
        }
        if name == "*" {
            // A module without names of its own is what it gives as a whole (`module.exports`).
            if let (true, Some(expression)) = (self.scope.exports.is_empty(), self.scope.default) {
                return self.eval(expression);
            }
            let names: Vec<&str> = self.scope.exports.keys().copied().collect();
            let mut pairs: Vec<(String, Value)> =
                names.into_iter().map(|name| (name.to_owned(), self.export(name))).collect();
            if let Some(expression) = self.scope.default {
                pairs.push(("default".to_owned(), self.eval(expression)));
            }
            return Value { kind: Kind::Object(pairs), span: Span::default() };
        }
        let what = if name == "default" {
            "a file without default export".to_owned()
        } else {
            format!("`{name}`, which the file does not export")
        };
        unknown(Span::default(), what)
    }

    /// The value that a module of the project exports.
    pub fn import(&mut self, module: &str, name: &str, span: Span) -> Value {
        if !module.starts_with('.') {
            return match (module.strip_prefix("node:").unwrap_or(module), name) {
                ("process", "env") => Value { kind: Kind::Env("process.env".to_owned()), span },
                _ => unknown(span, format!("the package `{module}`")),
            };
        }
        if self.depth >= 5 {
            return unknown(span, "a long chain of imports");
        }
        let target = join(&parent(self.path), module);
        let stem = target.strip_suffix(".js").or(target.strip_suffix(".mjs")).unwrap_or(&target);
        let mut candidates = vec![target.clone()];
        candidates.extend(
            ["ts", "mts", "js", "mjs", "cjs", "cts", "json"].iter().map(|ext| format!("{stem}.{ext}")),
        );
        candidates.extend(["ts", "js"].iter().map(|ext| format!("{target}/index.{ext}")));
        for path in candidates.iter().filter(|path| file_name(path).contains('.')) {
            if let Ok(decoded) = crate::say::read_text(self.files, path) {
                let value = module_value(self.files, self.env, path, &decoded.text, name, self.depth + 1);
                let value = match value.kind {
                    Kind::Unknown(why) => unknown(span, format!("`{module}`: {why}")),
                    kind => Value { kind, span },
                };
                return value.moved(span);
            }
        }
        unknown(span, format!("`{module}`, which is not there"))
    }
}
