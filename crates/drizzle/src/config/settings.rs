//! From the value of a config file to its settings, and what to say where one is missing.

use super::eval::{HERE, SPREAD};
use super::module::module_value;
use super::{Config, Dialect, Prefix, Setting};
use crate::files::{Files, file_name, join, parent};
use crate::find::is_migrations_folder;
use crate::project::Ledger;
use crate::rules::{OTHER_DIALECT, UNREADABLE_CONFIG};
use crate::say::{Say, read_text, say, say_path};
use crate::value::{Kind, Value};
use source::{Diagnostic, Severity, SourceFile, Span};
use std::sync::Arc;

/// Reads a Drizzle config without running it. A config for another database than Postgres is
/// said to be one, once, here.
pub fn read_config(files: &dyn Files, path: &str) -> (Config, Vec<Diagnostic>) {
    let path = join("", path);
    let (text, mut diagnostics) = match read_text(files, &path) {
        Ok(decoded) => (decoded.text, Vec::new()),
        Err(error) => {
            let mut diagnostic =
                say_path(&UNREADABLE_CONFIG, &path, format!("the config `{path}` can't be read"))
                    .why(error.to_string())
                    .fix("Name the config with `--config PATH`, or the migrations folder with `--out DIR`.");
            diagnostic.severity = Severity::Error;
            (String::new(), vec![diagnostic])
        }
    };
    let readable = diagnostics.is_empty();
    let value = module_value(files, &|_| None, &path, &text, "default", 0);
    let mut reader = Reader { file: SourceFile::new(&path, text), value, diagnostics: Vec::new() };
    let config = reader.config(files, &path);
    if readable {
        diagnostics.append(&mut reader.diagnostics);
    }
    (config, diagnostics)
}

struct Reader {
    file: Arc<SourceFile>,
    value: Value,
    diagnostics: Vec<Diagnostic>,
}

/// One key of an object: its value, nothing, or what hides it.
pub(super) enum Found {
    Value(Value),
    Missing,
    Hidden(String, Span),
}

pub(super) fn find(value: &Value, key: &str) -> Found {
    let pairs = match &value.kind {
        Kind::Object(pairs) => pairs,
        Kind::Array(_) => return Found::Hidden("a list of configs".to_owned(), value.span),
        _ => {
            let why = value.unknown().unwrap_or_else(|| "a value that is no object".to_owned());
            return Found::Hidden(why, value.span);
        }
    };
    let at = pairs.iter().rposition(|(name, _)| name == key);
    let spread = pairs.iter().rposition(|(name, _)| name == SPREAD);
    match (at, spread) {
        (Some(at), spread) if spread.is_none_or(|spread| spread < at) => match &pairs[at].1 {
            Value { kind: Kind::Null, .. } => Found::Missing,
            value => match value.unknown() {
                Some(why) => Found::Hidden(why, value.span),
                None => Found::Value(value.clone()),
            },
        },
        (_, Some(spread)) => {
            let hidden = &pairs[spread].1;
            Found::Hidden(hidden.unknown().unwrap_or_default(), hidden.span)
        }
        (_, None) => Found::Missing,
    }
}

impl Reader {
    fn config(&mut self, files: &dyn Files, path: &str) -> Config {
        let dialect = self.dialect(path);
        // A config that is skipped needs no complaints about the rest of it.
        let skipped = matches!(dialect, Dialect::Other(_));
        let kept = self.diagnostics.len();
        let out = self.out();
        let schema = self.schema();
        let base = base(files, path, out.value(), schema.value());
        let migrations = match find(&self.value, "migrations") {
            Found::Value(value) => value,
            Found::Missing => Value { kind: Kind::Object(Vec::new()), span: Span::default() },
            Found::Hidden(why, span) => Value { kind: Kind::Unknown(why), span },
        };
        let ledger = Ledger::default();
        let whole = matches!(self.value.kind, Kind::Object(_));
        let text = |reader: &mut Reader, key: &str, default: Option<String>| -> Option<String> {
            let (object, name) = match key.split_once('.') {
                Some((_, name)) => (migrations.clone(), name),
                None => (reader.value.clone(), key),
            };
            match find(&object, name) {
                Found::Value(Value { kind: Kind::String(text), .. }) => Some(text),
                Found::Value(value) => {
                    reader.complain(key, "a value that is no text", value.span);
                    default
                }
                Found::Missing => default,
                Found::Hidden(why, span) => {
                    if whole {
                        reader.complain(key, &why, span);
                    }
                    default
                }
            }
        };
        let migrations_table = text(self, "migrations.table", Some(ledger.table)).unwrap_or_default();
        let migrations_schema = text(self, "migrations.schema", Some(ledger.schema)).unwrap_or_default();
        let prefix = text(self, "migrations.prefix", None);
        let casing = text(self, "casing", None);
        let driver = match find(&self.value, "driver") {
            Found::Value(Value { kind: Kind::String(text), .. }) => Some(text),
            _ => None,
        };
        let breakpoints =
            !matches!(find(&self.value, "breakpoints"), Found::Value(Value { kind: Kind::Bool(false), .. }));
        if skipped {
            self.diagnostics.truncate(kept);
        }
        Config {
            path: path.to_owned(),
            out: map(out, |out| place(&base, &out)),
            schema: map(schema, |paths| paths.iter().map(|path| place(&base, path)).collect()),
            schema_filter: texts(&self.value, "schemaFilter"),
            base,
            dialect,
            migrations_table,
            migrations_schema,
            prefix: match prefix.as_deref() {
                Some("timestamp") => Prefix::Timestamp,
                Some("supabase") => Prefix::Supabase,
                Some("unix") => Prefix::Unix,
                Some("none") => Prefix::None,
                _ => Prefix::Index,
            },
            casing,
            breakpoints,
            driver,
        }
    }

    fn dialect(&mut self, path: &str) -> Dialect {
        let named = match find(&self.value, "dialect") {
            Found::Value(Value { kind: Kind::String(name), span }) => {
                Some((Dialect::from_name(&name), name, span))
            }
            // Before 0.21 the driver named the database.
            Found::Missing => match find(&self.value, "driver") {
                Found::Value(Value { kind: Kind::String(name), span }) => match name.as_str() {
                    "pg" | "pglite" | "aws-data-api" => Some((Dialect::Postgres, name, span)),
                    _ => Some((Dialect::Other(name.clone()), name, span)),
                },
                _ => None,
            },
            Found::Hidden(why, span) if matches!(self.value.kind, Kind::Object(_)) => {
                self.complain("dialect", &why, span);
                None
            }
            _ => None,
        };
        match named {
            Some((Dialect::Other(other), name, span)) => {
                let what = format!("`{}` is for {name} and was skipped", file_name(path));
                self.diagnostics.push(
                    say(&OTHER_DIALECT, &self.file, span, what)
                        .why("only Postgres migrations are judged")
                        .fix("Nothing to do if that is right; otherwise set `dialect: \"postgresql\"`."),
                );
                Dialect::Other(other)
            }
            Some((dialect, _, _)) => dialect,
            None => Dialect::Unknown,
        }
    }

    fn out(&mut self) -> Setting<String> {
        match find(&self.value, "out") {
            Found::Value(Value { kind: Kind::String(out), .. }) => Setting::Known(out),
            Found::Value(value) => self.unreadable("out", "a value that is no text", value.span),
            Found::Missing => Setting::Default("drizzle".to_owned()),
            Found::Hidden(why, span) => self.unreadable("out", &why, span),
        }
    }

    fn schema(&mut self) -> Setting<Vec<String>> {
        let schema = texts(&self.value, "schema");
        if let Setting::Unreadable { why, span } = &schema {
            self.complain("schema", why, *span);
        }
        schema
    }

    fn unreadable<T>(&mut self, key: &str, why: &str, span: Span) -> Setting<T> {
        self.complain(key, why, span);
        Setting::Unreadable { why: why.to_owned(), span }
    }

    fn complain(&mut self, key: &str, why: &str, span: Span) {
        let mut diagnostic = say(
            &UNREADABLE_CONFIG,
            &self.file,
            span,
            format!("`{key}` of the Drizzle config can't be worked out"),
        )
        .why(format!("it depends on {why}; configs are read, not run"));
        diagnostic =
            match key {
                "out" => diagnostic
                    .fix("Pass the migrations folder with `--out DIR`, or write it as a plain string."),
                "schema" => diagnostic
                    .fix("Pass the schema files with `--schema PATH`, or write them as plain strings."),
                "dialect" => diagnostic
                    .why("the migrations are judged as Postgres unless their journal names another database")
                    .fix("Write the dialect as a plain string."),
                _ => diagnostic
                    .why("Drizzle's default is taken instead")
                    .fix(format!("Write `{key}` as a plain string if it is not the default.")),
            };
        if key == "out" {
            diagnostic.severity = Severity::Error;
        }
        self.diagnostics.push(diagnostic);
    }
}

/// A text, or a list of texts.
fn texts(object: &Value, key: &str) -> Setting<Vec<String>> {
    let unreadable = |why: String, span: Span| Setting::Unreadable { why, span };
    match find(object, key) {
        Found::Value(Value { kind: Kind::String(path), .. }) => Setting::Known(vec![path]),
        Found::Value(Value { kind: Kind::Array(items), span }) => {
            let mut paths = Vec::new();
            for item in &items {
                match &item.kind {
                    Kind::String(path) => paths.push(path.clone()),
                    _ => {
                        let why = item.unknown().unwrap_or_else(|| "a value that is no text".to_owned());
                        return unreadable(why, if item.span.is_empty() { span } else { item.span });
                    }
                }
            }
            Setting::Known(paths)
        }
        Found::Value(value) => unreadable("a value that is no text".to_owned(), value.span),
        Found::Missing => Setting::Default(Vec::new()),
        Found::Hidden(why, span) => unreadable(why, span),
    }
}

fn map<T>(setting: Setting<T>, change: impl Fn(T) -> T) -> Setting<T> {
    match setting {
        Setting::Known(value) => Setting::Known(change(value)),
        Setting::Default(value) => Setting::Default(change(value)),
        unreadable @ Setting::Unreadable { .. } => unreadable,
    }
}

/// A path of the config, joined to the directory that it is relative to.
pub(super) fn place(base: &str, path: &str) -> String {
    match path.strip_prefix(HERE) {
        // Built from the place of the file itself, so it is complete.
        Some(rest) if base.starts_with('/') => join("", rest),
        Some(rest) => join("", rest.trim_start_matches('/')),
        None => join(base, path),
    }
}

/// The directory that the config's paths are relative to. drizzle-kit takes the one it is run in;
/// that is nearly always the config's own, else a directory above it, up to the package's root,
/// in which the paths lead somewhere.
fn base(files: &dyn Files, path: &str, out: Option<&String>, schema: Option<&Vec<String>>) -> String {
    let own = parent(path);
    let mut above = vec![own.clone()];
    let mut dir = own.clone();
    while above.len() < 6 && !matches!(dir.as_str(), "." | "/" | "..") && !has(files, &dir, "package.json") {
        dir = parent(&dir);
        above.push(dir.clone());
    }
    let relative = |path: &str| !path.starts_with('/') && !path.contains(":/");
    if let Some(out) = out.filter(|out| relative(out))
        && let Some(dir) = above.iter().find(|dir| is_migrations_folder(files, &join(dir, out)))
    {
        return dir.clone();
    }
    let first = schema.into_iter().flatten().find(|path| relative(path));
    let fixed = first.map(|path| {
        let plain: Vec<&str> =
            path.split('/').take_while(|part| !part.contains(['*', '{', '[', '?', '!'])).collect();
        join("", &plain.join("/"))
    });
    match fixed.filter(|path| path != "." && !path.starts_with("..")) {
        Some(path) => above.into_iter().find(|dir| exists(files, &join(dir, &path))).unwrap_or(own),
        None => own,
    }
}

fn exists(files: &dyn Files, path: &str) -> bool {
    has(files, &parent(path), file_name(path))
}

fn has(files: &dyn Files, dir: &str, name: &str) -> bool {
    files.list(dir).is_ok_and(|entries| entries.iter().any(|entry| entry.name == name))
}
