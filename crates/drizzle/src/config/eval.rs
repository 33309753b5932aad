//! Working out the constants of a module.
//!
//! Paths that start at the file itself (`__dirname`, `import.meta.url`) begin with [`HERE`], so
//! that they can be told from paths relative to where drizzle-kit is run.

use super::calls;
use super::scope::{Binding, Scope};
use crate::files::{Files, join, parent};
use crate::value::{Kind, Value};
use oxc_ast::ast::{
    ArrayExpressionElement, Expression, MemberExpression, ObjectExpression, ObjectPropertyKind, PropertyKey,
    TemplateLiteral,
};
use oxc_span::GetSpan;
use source::Span;

/// What a path begins with that was built from the place of the file.
pub(super) const HERE: &str = "/\u{1}";
/// The key under which an object keeps what could not be spread into it.
pub(super) const SPREAD: &str = "...";

/// How much is evaluated before the file counts as too involved.
const STEPS: usize = 50_000;
const NESTING: usize = 200;

pub(super) fn unknown(span: Span, why: impl Into<String>) -> Value {
    Value { kind: Kind::Unknown(why.into()), span }
}

pub(super) fn span_of(node: &impl GetSpan) -> Span {
    let span = node.span();
    Span { start: span.start, end: span.end }
}

/// The value of a variable of the environment, where it is known.
pub(super) type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Evaluates expressions of one module.
pub(super) struct Eval<'e, 'a> {
    pub files: &'e dyn Files,
    /// What variables of the environment hold, for who asks for that: migrations are read without.
    pub env: Env<'e>,
    pub path: &'e str,
    pub scope: &'e Scope<'a>,
    pub locals: Vec<(&'a str, Value)>,
    steps: usize,
    nesting: usize,
    /// How many imports lead here.
    pub depth: usize,
}

impl<'e, 'a> Eval<'e, 'a> {
    pub fn new(
        files: &'e dyn Files,
        env: Env<'e>,
        path: &'e str,
        scope: &'e Scope<'a>,
        depth: usize,
    ) -> Eval<'e, 'a> {
        Eval { files, env, path, scope, locals: Vec::new(), steps: 0, nesting: 0, depth }
    }

    /// The value of a variable of the environment.
    pub fn variable(&self, name: &str, span: Span) -> Value {
        let kind = (self.env)(name).map_or_else(|| Kind::Env(name.to_owned()), Kind::String);
        Value { kind, span }
    }

    fn part(&self, whole: &Value, key: &str, span: Span) -> Value {
        match &whole.kind {
            Kind::Env(_) => self.variable(key, span),
            _ => part(whole, key, span),
        }
    }

    /// The value of an expression.
    pub fn eval(&mut self, expression: &'a Expression<'a>) -> Value {
        let expression = expression.get_inner_expression();
        let span = span_of(expression);
        self.steps += 1;
        if self.steps > STEPS || self.nesting > NESTING {
            return unknown(span, "too many steps");
        }
        self.nesting += 1;
        let value = self.eval_inner(expression, span);
        self.nesting -= 1;
        value
    }

    fn eval_inner(&mut self, expression: &'a Expression<'a>, span: Span) -> Value {
        let kind = match expression {
            Expression::StringLiteral(literal) => Kind::String(literal.value.to_string()),
            Expression::NumericLiteral(literal) => Kind::Number(literal.value),
            Expression::BooleanLiteral(literal) => Kind::Bool(literal.value),
            Expression::NullLiteral(_) => Kind::Null,
            Expression::TemplateLiteral(template) => return self.template(template, span),
            Expression::ArrayExpression(array) => return self.array(&array.elements, span),
            Expression::ObjectExpression(object) => return self.object(object, span),
            Expression::Identifier(name) => return self.name(name.name.as_str(), span),
            Expression::BinaryExpression(binary) if binary.operator.as_str() == "+" => {
                let (left, right) = (self.eval(&binary.left), self.eval(&binary.right));
                return concatenate(&[left, right], span);
            }
            Expression::UnaryExpression(unary) if unary.operator.as_str() == "!" => {
                match self.eval(&unary.argument).kind {
                    Kind::Bool(value) => Kind::Bool(!value),
                    Kind::Number(value) => Kind::Bool(value == 0.0),
                    _ => Kind::Unknown("a condition".to_owned()),
                }
            }
            Expression::LogicalExpression(logical) => {
                let left = self.eval(&logical.left);
                return match (logical.operator.as_str(), &left.kind) {
                    ("??", Kind::Env(_) | Kind::Null) | ("||", Kind::Env(_) | Kind::Null) => {
                        self.eval(&logical.right)
                    }
                    ("||", Kind::Bool(false)) => self.eval(&logical.right),
                    ("||", Kind::String(text)) if text.is_empty() => self.eval(&logical.right),
                    ("&&", Kind::Bool(true)) => self.eval(&logical.right),
                    ("&&", Kind::Unknown(_) | Kind::Env(_)) => unknown(span, "a condition"),
                    _ => left,
                };
            }
            Expression::ConditionalExpression(conditional) => {
                let test = self.eval(&conditional.test);
                return match test.kind {
                    Kind::Bool(true) => self.eval(&conditional.consequent),
                    Kind::Bool(false) => self.eval(&conditional.alternate),
                    _ => {
                        let (yes, no) =
                            (self.eval(&conditional.consequent), self.eval(&conditional.alternate));
                        if yes.kind == no.kind { yes } else { unknown(span, "a condition") }
                    }
                };
            }
            Expression::CallExpression(call) => return calls::call(self, call, span),
            Expression::NewExpression(new) => return calls::new_url(self, new, span),
            Expression::ChainExpression(chain) => match chain.expression.as_member_expression() {
                Some(member) => return self.member(member, span),
                None => Kind::Unknown("an optional call".to_owned()),
            },
            Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
                Kind::Unknown("a function".to_owned())
            }
            Expression::AwaitExpression(_) => Kind::Unknown("something awaited".to_owned()),
            other => match other.as_member_expression() {
                Some(member) => return self.member(member, span),
                None => Kind::Unknown("an expression that is not a constant".to_owned()),
            },
        };
        Value { kind, span }
    }

    pub fn name(&mut self, name: &str, span: Span) -> Value {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| *local == name) {
            return Value { span, ..value.clone() };
        }
        if self.scope.changed.contains_key(&(name, None)) {
            return unknown(span, format!("`{name}`, which is assigned to more than once"));
        }
        if self.nesting > NESTING {
            return unknown(span, "too many steps");
        }
        match self.scope.names.get(name).copied() {
            Some(Binding::Const(expression)) => {
                self.nesting += 1;
                let value = self.eval(expression);
                let value = self.assigned(name, value);
                self.nesting -= 1;
                value
            }
            Some(Binding::Part(expression, key)) => {
                let whole = self.eval(expression);
                self.part(&whole, key, span)
            }
            Some(Binding::Import(module, imported)) => self.import(module, imported, span),
            Some(Binding::Other) => unknown(span, format!("`{name}`")),
            None => match name {
                "undefined" => Value { kind: Kind::Null, span },
                "__dirname" => self.here(&parent(self.path), span),
                "__filename" => self.here(self.path, span),
                _ => unknown(span, format!("`{name}`")),
            },
        }
    }

    /// Adds what the module assigns to the keys of `name` after it made it.
    fn assigned(&mut self, name: &str, mut value: Value) -> Value {
        let later: Vec<_> =
            self.scope.assigned.iter().filter(|(object, _, _)| *object == name).copied().collect();
        for (_, key, expression) in later {
            let item = self.eval(expression);
            if let Kind::Object(pairs) = &mut value.kind {
                pairs.push((key.to_owned(), item));
            }
        }
        if let Kind::Object(pairs) = &mut value.kind {
            for ((object, key), span) in &self.scope.changed {
                if let (true, Some(key)) = (*object == name, key) {
                    pairs.push(((*key).to_owned(), unknown(*span, "a condition")));
                }
            }
        }
        value
    }

    /// A path that begins at the file itself.
    fn here(&self, path: &str, span: Span) -> Value {
        if path.starts_with("..") {
            return unknown(span, "a path that leads out of the directory that is looked at");
        }
        Value { kind: Kind::String(join(HERE, path.trim_start_matches('/'))), span }
    }

    fn member(&mut self, member: &'a MemberExpression<'a>, span: Span) -> Value {
        let key = match member {
            MemberExpression::StaticMemberExpression(member) => Some(member.property.name.to_string()),
            MemberExpression::ComputedMemberExpression(member) => match self.eval(&member.expression).kind {
                Kind::String(text) => Some(text),
                Kind::Number(number) => Some(number.to_string()),
                _ => None,
            },
            MemberExpression::PrivateFieldExpression(_) => None,
        };
        let Some(key) = key else { return unknown(span, "a computed key") };
        let object = member.object().get_inner_expression();
        match object {
            Expression::ImportMeta(_) => match key.as_str() {
                "dirname" | "dir" => return self.here(&parent(self.path), span),
                "filename" | "url" | "path" => return self.here(self.path, span),
                "env" => return Value { kind: Kind::Env("import.meta.env".to_owned()), span },
                _ => {}
            },
            Expression::Identifier(name)
                if key == "env" && matches!(name.name.as_str(), "process" | "Bun") =>
            {
                return Value { kind: Kind::Env("process.env".to_owned()), span };
            }
            _ => {}
        }
        let whole = self.eval(object);
        self.part(&whole, &key, span)
    }

    fn template(&mut self, template: &'a TemplateLiteral<'a>, span: Span) -> Value {
        let mut parts = Vec::new();
        for (index, quasi) in template.quasis.iter().enumerate() {
            let text = quasi.value.cooked.as_ref().unwrap_or(&quasi.value.raw).to_string();
            parts.push(Value { kind: Kind::String(text), span });
            if let Some(expression) = template.expressions.get(index) {
                parts.push(self.eval(expression));
            }
        }
        concatenate(&parts, span)
    }

    fn array(&mut self, elements: &'a [ArrayExpressionElement<'a>], span: Span) -> Value {
        let mut items = Vec::new();
        for element in elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    let value = self.eval(&spread.argument);
                    match value.kind {
                        Kind::Array(inner) => items.extend(inner),
                        _ => items.push(unknown(
                            value.span,
                            value.unknown().unwrap_or_else(|| "a spread".to_owned()),
                        )),
                    }
                }
                other => items.extend(other.as_expression().map(|expression| self.eval(expression))),
            }
        }
        Value { kind: Kind::Array(items), span }
    }

    fn object(&mut self, object: &'a ObjectExpression<'a>, span: Span) -> Value {
        let mut pairs = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    let value = self.eval(&spread.argument);
                    match value.kind {
                        Kind::Object(inner) => pairs.extend(inner),
                        // `...(cond && {..})` with a false condition spreads nothing.
                        Kind::Bool(_) | Kind::Null => {}
                        _ => {
                            let why = value.unknown().unwrap_or_else(|| "a spread".to_owned());
                            pairs.push((SPREAD.to_owned(), unknown(value.span, why)));
                        }
                    }
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let key = match &property.key {
                        PropertyKey::StaticIdentifier(key) => Some(key.name.to_string()),
                        key => key.as_expression().and_then(|key| self.eval(key).as_str().map(str::to_owned)),
                    };
                    let value = self.eval(&property.value);
                    pairs.push((key.unwrap_or_else(|| SPREAD.to_owned()), value));
                }
            }
        }
        Value { kind: Kind::Object(pairs), span }
    }
}

/// What lies under `key` of a value.
fn part(whole: &Value, key: &str, span: Span) -> Value {
    match &whole.kind {
        Kind::Object(pairs) => {
            let at = pairs.iter().rposition(|(name, _)| name == key);
            let spread = pairs.iter().rposition(|(name, _)| name == SPREAD);
            match (at, spread) {
                (Some(at), spread) if spread.is_none_or(|spread| spread < at) => pairs[at].1.clone(),
                (_, Some(spread)) => unknown(span, pairs[spread].1.unknown().unwrap_or_default()),
                (None, None) if key == "default" => Value { span, ..whole.clone() },
                _ => Value { kind: Kind::Null, span },
            }
        }
        Kind::Array(items) => match key.parse::<usize>().ok().and_then(|index| items.get(index)) {
            Some(item) => item.clone(),
            None => unknown(span, format!("`{key}` of a list")),
        },
        // A URL is kept as its path.
        Kind::String(text) if matches!(key, "pathname" | "href") => {
            Value { kind: Kind::String(text.clone()), span }
        }
        Kind::Unknown(why) => unknown(span, why.clone()),
        _ => unknown(span, format!("`{key}`")),
    }
}

/// Texts put together.
pub(super) fn concatenate(parts: &[Value], span: Span) -> Value {
    let mut text = String::new();
    for part in parts {
        match &part.kind {
            Kind::String(part) => text.push_str(part),
            Kind::Number(number) => text.push_str(&number.to_string()),
            Kind::Bool(value) => text.push_str(&value.to_string()),
            _ => {
                return unknown(span, part.unknown().unwrap_or_else(|| "a value that is no text".to_owned()));
            }
        }
    }
    Value { kind: Kind::String(text), span }
}
