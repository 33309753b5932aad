//! The few calls that configs are made of: `defineConfig`, paths, URLs and `map`.

use super::eval::{Eval, HERE, concatenate, unknown};
use crate::files::{join, parent};
use crate::value::{Kind, Value};
use oxc_ast::ast::{Argument, ArrowFunctionExpression, CallExpression, Expression, NewExpression};
use source::Span;

/// The value of a call.
pub(super) fn call<'a>(eval: &mut Eval<'_, 'a>, call: &'a CallExpression<'a>, span: Span) -> Value {
    let callee = call.callee.get_inner_expression();
    let (object, name) = match callee {
        Expression::Identifier(name) => (None, name.name.as_str()),
        Expression::StaticMemberExpression(member) => {
            (Some(member.object.get_inner_expression()), member.property.name.as_str())
        }
        _ => return unknown(span, "a call"),
    };
    let on = match object {
        Some(Expression::Identifier(object)) => Some(object.name.as_str()),
        _ => None,
    };
    match (on, name) {
        (_, "defineConfig") => match first(call) {
            Some(argument) => eval.eval(argument),
            None => unknown(span, "a call without arguments"),
        },
        (_, "join" | "resolve" | "normalize") if object.is_none() || is_path_module(object) => {
            let parts = arguments(eval, call);
            paths(&parts, span, name == "resolve")
        }
        (_, "dirname") => on_text(eval, call, span, parent),
        (_, "fileURLToPath" | "pathToFileURL" | "toString" | "String") if !call.arguments.is_empty() => {
            on_text(eval, call, span, str::to_owned)
        }
        (Some("process"), "cwd") => Value { kind: Kind::String(".".to_owned()), span },
        (None, "require") => match first(call).map(|argument| eval.eval(argument).kind) {
            Some(Kind::String(module)) => eval.import(&module, "*", span),
            _ => unknown(span, "a call of `require`"),
        },
        (Some("Object"), "freeze") => match first(call) {
            Some(argument) => eval.eval(argument),
            None => unknown(span, "a call"),
        },
        (_, "map") => match (object, first(call)) {
            (Some(list), Some(Expression::ArrowFunctionExpression(arrow))) => map(eval, list, arrow, span),
            _ => unknown(span, "a call of `map`"),
        },
        (_, "concat") if object.is_some() => concat(eval, object, call, span),
        (Some("Deno"), _) => unknown(span, "the environment"),
        (Some("env"), "get") => match arguments(eval, call).first().map(|value| value.kind.clone()) {
            Some(Kind::String(name)) => eval.variable(&name, span),
            _ => unknown(span, "the environment"),
        },
        _ => unknown(span, format!("a call of `{name}`")),
    }
}

/// `new URL("./x", import.meta.url)` is the path of a file.
pub(super) fn new_url<'a>(eval: &mut Eval<'_, 'a>, new: &'a NewExpression<'a>, span: Span) -> Value {
    let is_url =
        matches!(new.callee.get_inner_expression(), Expression::Identifier(name) if name.name == "URL");
    let parts: Vec<Value> = new
        .arguments
        .iter()
        .filter_map(Argument::as_expression)
        .map(|argument| eval.eval(argument))
        .collect();
    match parts.as_slice() {
        [Value { kind: Kind::String(path), .. }, Value { kind: Kind::String(base), .. }]
            if is_url && base.starts_with(HERE) =>
        {
            inside(join(&parent(base), path), true, span)
        }
        _ => unknown(span, "an object made with `new`"),
    }
}

fn first<'a>(call: &'a CallExpression<'a>) -> Option<&'a Expression<'a>> {
    call.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression)
}

fn arguments<'a>(eval: &mut Eval<'_, 'a>, call: &'a CallExpression<'a>) -> Vec<Value> {
    call.arguments
        .iter()
        .map(|argument| match argument.as_expression() {
            Some(expression) => eval.eval(expression),
            None => unknown(Span::default(), "a spread"),
        })
        .collect()
}

/// `path`, `path.posix`, or whatever name the module was given that begins so.
fn is_path_module(object: Option<&Expression>) -> bool {
    match object {
        Some(Expression::Identifier(name)) => name.name.to_ascii_lowercase().contains("path"),
        Some(Expression::StaticMemberExpression(member)) => {
            is_path_module(Some(member.object.get_inner_expression()))
        }
        _ => false,
    }
}

fn on_text<'a>(
    eval: &mut Eval<'_, 'a>,
    call: &'a CallExpression<'a>,
    span: Span,
    change: impl Fn(&str) -> String,
) -> Value {
    match arguments(eval, call).into_iter().next() {
        Some(Value { kind: Kind::String(text), .. }) => Value { kind: Kind::String(change(&text)), span },
        Some(value) => unknown(span, value.unknown().unwrap_or_else(|| "a value that is no text".to_owned())),
        None => unknown(span, "a call"),
    }
}

fn paths(parts: &[Value], span: Span, resolve: bool) -> Value {
    let mut path = String::new();
    for part in parts {
        let Kind::String(text) = &part.kind else { return concatenate(std::slice::from_ref(part), span) };
        path = if resolve || path.is_empty() {
            join(&path, text)
        } else {
            join(&path, text.trim_start_matches('/'))
        };
    }
    let here = parts.iter().any(|part| part.as_str().is_some_and(|text| text.starts_with(HERE)));
    inside(path, here, span)
}

/// A path that was built from the file's place must not have climbed out of what is known.
fn inside(path: String, here: bool, span: Span) -> Value {
    if here && !path.starts_with(HERE) && !path.is_empty() {
        return unknown(span, "a path that leads out of the directory that is looked at");
    }
    Value { kind: Kind::String(path), span }
}

fn map<'a>(
    eval: &mut Eval<'_, 'a>,
    list: &'a Expression<'a>,
    arrow: &'a ArrowFunctionExpression<'a>,
    span: Span,
) -> Value {
    let list = eval.eval(list);
    let parameter = arrow.params.items.first().and_then(|item| item.pattern.get_binding_identifier());
    let (Kind::Array(items), Some(parameter), Some(body)) =
        (&list.kind, parameter, arrow.body.as_expression())
    else {
        return unknown(span, "a call of `map`");
    };
    let mut mapped = Vec::with_capacity(items.len());
    for item in items {
        eval.locals.push((parameter.name.as_str(), item.clone()));
        mapped.push(eval.eval(body));
        eval.locals.pop();
    }
    Value { kind: Kind::Array(mapped), span }
}

fn concat<'a>(
    eval: &mut Eval<'_, 'a>,
    object: Option<&'a Expression<'a>>,
    call: &'a CallExpression<'a>,
    span: Span,
) -> Value {
    let mut parts: Vec<Value> = object.map(|object| eval.eval(object)).into_iter().collect();
    parts.extend(arguments(eval, call));
    if !matches!(parts.first(), Some(Value { kind: Kind::Array(_), .. })) {
        return concatenate(&parts, span);
    }
    let mut items = Vec::new();
    for part in parts {
        match part.kind {
            Kind::Array(inner) => items.extend(inner),
            _ => items.push(part),
        }
    }
    Value { kind: Kind::Array(items), span }
}
