//! From the parser's tree to [`Module`].

use super::pattern::query_name;
use super::{Decl, Id, Item, Key, Kind, Module, Node, Property, Quasi, Span, Sym, Symbol, Template};
use oxc_allocator::Allocator;
use oxc_ast::ast;
use oxc_ast::ast::Expression;
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;
use std::collections::HashMap;
use std::sync::Arc;

/// Deeper nesting is no code that people write, and would take more stack than there is.
const NESTING: usize = 400;

/// The same for operators in one expression. A file without semicolons counts as one.
const OPERATORS: u32 = 60_000;

/// The file as a module. Always gives one: what cannot be parsed is left out, and said.
pub(crate) fn lower(path: &Arc<str>, text: &Arc<str>) -> Module {
    let mut empty = Module {
        path: path.clone(),
        lines: super::line_starts(text),
        text: text.clone(),
        nodes: Vec::new(),
        symbols: Vec::new(),
        roots: Vec::new(),
        classes: Vec::new(),
        exports: HashMap::new(),
        export_order: Vec::new(),
        stars: Vec::new(),
        broken: None,
    };
    if let Some(at) = too_nested(text) {
        empty.broken = Some((at, "it is nested too deeply".to_owned()));
        return empty;
    }
    let allocator = Allocator::default();
    // A module by its syntax; TypeScript reads JavaScript but for JSX, which needs its own word.
    let source_type =
        SourceType::from_path(std::path::Path::new(&**path)).unwrap_or_else(|_| SourceType::ts());
    let parsed = Parser::new(&allocator, text, source_type).parse();
    let first = parsed.diagnostics.errors().next();
    let broken = first.map(|error| {
        let at = error.labels.first().map_or(0, |label| label.offset());
        (at, error.message.to_string())
    });
    let semantic = SemanticBuilder::new().build(&parsed.program).semantic;
    let scoping = semantic.scoping();
    let symbols = scoping
        .symbol_ids()
        .map(|id| Symbol { name: scoping.symbol_name(id).into(), decl: Decl::Other, assigned: Vec::new() })
        .collect();
    empty.symbols = symbols;
    empty.broken = broken;
    let mut lower = Lower {
        module: empty,
        scoping,
        sink: Vec::new(),
        returns: Vec::new(),
        classes: Vec::new(),
        tree: std::marker::PhantomData,
    };
    lower.visit_program(&parsed.program);
    lower.exported_declarations(&parsed.program);
    lower.module.roots = std::mem::take(&mut lower.sink);
    lower.module
}

/// Where a file is nested deeper than people write: by brackets, or by operators without an end
/// (`a.b.c…`, `!!!…`). Strings and comments count as code, which does no harm.
pub(super) fn too_nested(text: &str) -> Option<u32> {
    let mut levels = vec![0];
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => levels.push(0),
            b')' | b']' | b'}' if levels.len() > 1 => {
                levels.pop();
            }
            _ => {}
        }
        let operators = levels.last_mut()?;
        match byte {
            b',' | b';' => *operators = 0,
            byte if byte.is_ascii_punctuation() => *operators += 1,
            _ => {}
        }
        if levels.len() > NESTING || levels.last().is_some_and(|operators| *operators > OPERATORS) {
            return u32::try_from(at).ok();
        }
    }
    None
}

pub(super) struct Lower<'a, 's> {
    pub module: Module,
    scoping: &'s Scoping,
    /// Where the expressions go that are come upon.
    pub sink: Vec<Id>,
    /// What the function returns that is being read.
    pub returns: Vec<Id>,
    /// The classes that are being read, from the outside to the inside.
    pub classes: Vec<u32>,
    tree: std::marker::PhantomData<&'a ()>,
}

impl<'a> Lower<'a, '_> {
    pub(super) fn sym(id: oxc_semantic::SymbolId) -> Sym {
        Sym(u32::try_from(id.index()).unwrap_or(u32::MAX))
    }

    pub(super) fn span(span: oxc_span::Span) -> Span {
        Span { start: span.start, end: span.end }
    }

    pub(super) fn node(&mut self, span: Span, kind: Kind) -> Id {
        let id = Id(u32::try_from(self.module.nodes.len()).unwrap_or(u32::MAX));
        self.module.nodes.push(Node { span, kind });
        id
    }

    pub(super) fn declare(&mut self, sym: Sym, decl: Decl) {
        if let Some(symbol) = self.module.symbols.get_mut(sym.0 as usize) {
            symbol.decl = decl;
        }
    }

    pub(super) fn declare_name(&mut self, name: &ast::BindingIdentifier<'a>, decl: Decl) {
        if let Some(sym) = name.symbol_id.get().map(Lower::sym) {
            self.declare(sym, decl);
        }
    }

    pub(super) fn reference(&self, name: &ast::IdentifierReference<'a>) -> Option<Sym> {
        let reference = self.scoping.get_reference(name.reference_id.get()?);
        reference.symbol_id().map(Lower::sym)
    }

    /// The expression inside of a [`Kind::TypeQuery`].
    pub(super) fn inside_query(&self, id: Id) -> Option<Id> {
        match self.module.kind(id) {
            Kind::TypeQuery(inside) => Some(*inside),
            _ => None,
        }
    }

    fn name(&mut self, name: &ast::IdentifierReference<'a>) -> Id {
        let kind = match self.reference(name) {
            Some(sym) => Kind::Name(sym),
            None if name.name == "undefined" => Kind::Nothing,
            None => Kind::Global(name.name.as_str().into()),
        };
        self.node(Lower::span(name.span), kind)
    }

    /// The expression as a node; everything in it is reached through it.
    pub(super) fn expression(&mut self, expression: &Expression<'a>) -> Id {
        use oxc_span::GetSpan;
        let span = Lower::span(expression.span());
        let kind = match expression {
            Expression::Identifier(name) => return self.name(name),
            Expression::ThisExpression(_) => Kind::This(self.classes.last().copied()),
            Expression::Super(_) => Kind::Super,
            Expression::BooleanLiteral(it) => Kind::Bool(it.value),
            Expression::NullLiteral(_) => Kind::Null,
            Expression::NumericLiteral(it) => Kind::Number(it.value),
            Expression::StringLiteral(it) => Kind::Text(it.value.as_str().into()),
            Expression::TemplateLiteral(it) => Kind::Template(self.template(it)),
            Expression::TaggedTemplateExpression(it) => {
                let tag = self.expression(&it.tag);
                Kind::Tagged { tag, template: self.template(&it.quasi) }
            }
            Expression::StaticMemberExpression(it) => self.member(it),
            Expression::ComputedMemberExpression(it) => self.index(it),
            Expression::CallExpression(it) => self.call(it),
            Expression::NewExpression(it) => {
                let callee = self.expression(&it.callee);
                let args = self.items(&it.arguments);
                self.type_arguments(it.type_arguments.as_deref());
                Kind::Call { callee, args, new: true }
            }
            Expression::ChainExpression(it) => return self.chain(&it.expression),
            Expression::ParenthesizedExpression(it) => return self.expression(&it.expression),
            Expression::AwaitExpression(it) => return self.expression(&it.argument),
            Expression::TSNonNullExpression(it) => return self.expression(&it.expression),
            Expression::TSAsExpression(it) => {
                self.visit_ts_type(&it.type_annotation);
                return self.expression(&it.expression);
            }
            Expression::TSSatisfiesExpression(it) => {
                self.visit_ts_type(&it.type_annotation);
                return self.expression(&it.expression);
            }
            Expression::TSTypeAssertion(it) => {
                self.visit_ts_type(&it.type_annotation);
                return self.expression(&it.expression);
            }
            Expression::TSInstantiationExpression(it) => return self.expression(&it.expression),
            Expression::BinaryExpression(it) if it.operator == ast::BinaryOperator::Addition => {
                Kind::Template(self.sum(it))
            }
            Expression::ConditionalExpression(it) => {
                let test = Some(self.expression(&it.test));
                let options = vec![self.expression(&it.consequent), self.expression(&it.alternate)];
                Kind::Either { test, options }
            }
            Expression::LogicalExpression(it) => {
                let options = vec![self.expression(&it.left), self.expression(&it.right)];
                Kind::Either { test: None, options }
            }
            Expression::AssignmentExpression(it) => return self.assignment(it, span),
            Expression::ObjectExpression(it) => Kind::Object(self.properties(it)),
            Expression::ArrayExpression(it) => Kind::List(self.elements(it)),
            Expression::ArrowFunctionExpression(it) => return self.arrow(it),
            Expression::FunctionExpression(it) => return self.function(it),
            Expression::ClassExpression(it) => return self.class(it),
            Expression::ImportExpression(it) => match &it.source {
                Expression::StringLiteral(source) => Kind::Import(source.value.as_str().into()),
                other => {
                    let source = self.expression(other);
                    Kind::Other(vec![source])
                }
            },
            other => {
                let outer = std::mem::take(&mut self.sink);
                walk::walk_expression(self, other);
                Kind::Other(std::mem::replace(&mut self.sink, outer))
            }
        };
        self.node(span, kind)
    }

    /// `a?.b` is read as `a.b`.
    fn chain(&mut self, chain: &ast::ChainElement<'a>) -> Id {
        let (span, kind) = match chain {
            ast::ChainElement::TSNonNullExpression(it) => return self.expression(&it.expression),
            ast::ChainElement::CallExpression(it) => (it.span, self.call(it)),
            ast::ChainElement::StaticMemberExpression(it) => (it.span, self.member(it)),
            ast::ChainElement::ComputedMemberExpression(it) => (it.span, self.index(it)),
            ast::ChainElement::PrivateFieldExpression(it) => {
                let object = self.expression(&it.object);
                (it.span, Kind::Other(vec![object]))
            }
        };
        self.node(Lower::span(span), kind)
    }

    fn call(&mut self, it: &ast::CallExpression<'a>) -> Kind {
        let callee = self.expression(&it.callee);
        let args = self.items(&it.arguments);
        self.type_arguments(it.type_arguments.as_deref());
        Kind::Call { callee, args, new: false }
    }

    fn member(&mut self, it: &ast::StaticMemberExpression<'a>) -> Kind {
        let object = self.expression(&it.object);
        let name = it.property.name.as_str().into();
        Kind::Member { object, name, at: Lower::span(it.property.span) }
    }

    fn index(&mut self, it: &ast::ComputedMemberExpression<'a>) -> Kind {
        let object = self.expression(&it.object);
        Kind::Index { object, key: self.expression(&it.expression) }
    }

    fn assignment(&mut self, it: &ast::AssignmentExpression<'a>, span: Span) -> Id {
        let value = self.expression(&it.right);
        if let ast::AssignmentTarget::AssignmentTargetIdentifier(name) = &it.left {
            let target = self.name(name);
            if let Kind::Name(sym) = *self.module.kind(target) {
                self.module.symbols[sym.0 as usize].assigned.push(value);
            }
            return self.node(span, Kind::Assign(value));
        }
        let outer = std::mem::take(&mut self.sink);
        self.visit_assignment_target(&it.left);
        let mut inside = std::mem::replace(&mut self.sink, outer);
        inside.push(value);
        self.node(span, Kind::Other(inside))
    }

    fn properties(&mut self, object: &ast::ObjectExpression<'a>) -> Vec<Property> {
        let mut properties = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            let (key, value, at) = match property {
                ast::ObjectPropertyKind::SpreadProperty(spread) => {
                    (Key::Spread, self.expression(&spread.argument), Lower::span(spread.span))
                }
                ast::ObjectPropertyKind::ObjectProperty(it) => {
                    use oxc_span::GetSpan;
                    let at = Lower::span(it.key.span());
                    let key = match (it.key.static_name(), it.key.as_expression()) {
                        (Some(name), _) => Key::Name(name.into()),
                        (None, Some(expression)) => Key::Computed(self.expression(expression)),
                        (None, None) => continue,
                    };
                    (key, self.expression(&it.value), at)
                }
            };
            properties.push(Property { key, value, at });
        }
        properties
    }

    fn elements(&mut self, array: &ast::ArrayExpression<'a>) -> Vec<Item> {
        let mut items = Vec::with_capacity(array.elements.len());
        for element in &array.elements {
            match element {
                ast::ArrayExpressionElement::SpreadElement(spread) => {
                    items.push(Item { id: self.expression(&spread.argument), spread: true });
                }
                ast::ArrayExpressionElement::Elision(hole) => {
                    items.push(Item { id: self.node(Lower::span(hole.span), Kind::Nothing), spread: false });
                }
                other => {
                    if let Some(expression) = other.as_expression() {
                        items.push(Item { id: self.expression(expression), spread: false });
                    }
                }
            }
        }
        items
    }

    fn template(&mut self, template: &ast::TemplateLiteral<'a>) -> Template {
        let texts = template.quasis.iter().map(|quasi| {
            let raw = quasi.value.raw.as_str();
            let text = quasi.value.cooked.as_ref().map_or(raw, |cooked| cooked.as_str());
            // The span of the piece may or may not hold its brackets: the text is looked for in it.
            let whole = self.module.text.get(quasi.span.start as usize..).unwrap_or_default();
            let skip = if whole.starts_with(raw) { 0 } else { 1 };
            Quasi { text: text.into(), start: quasi.span.start + skip, plain: text == raw }
        });
        let texts = texts.collect();
        let values = template.expressions.iter().map(|expression| self.expression(expression)).collect();
        Template { texts, values }
    }

    /// `a + b`, as a template without text of its own.
    fn sum(&mut self, sum: &ast::BinaryExpression<'a>) -> Template {
        let values = vec![self.expression(&sum.left), self.expression(&sum.right)];
        let nothing = || Quasi { text: "".into(), start: sum.span.start, plain: false };
        Template { texts: vec![nothing(), nothing(), nothing()], values }
    }

    /// Types hold expressions too (`typeof users`): they are put where expressions are come upon.
    fn type_arguments(&mut self, arguments: Option<&ast::TSTypeParameterInstantiation<'a>>) {
        if let Some(arguments) = arguments {
            self.visit_ts_type_parameter_instantiation(arguments);
        }
    }

    pub(super) fn type_query(&mut self, query: &ast::TSTypeQuery<'a>) {
        let Some(name) = query_name(&query.expr_name) else { return };
        if let Some(inside) = self.qualified(name) {
            let id = self.node(Lower::span(query.span), Kind::TypeQuery(inside));
            self.sink.push(id);
        }
    }

    fn qualified(&mut self, name: &ast::TSTypeName<'a>) -> Option<Id> {
        match name {
            ast::TSTypeName::IdentifierReference(name) => Some(self.name(name)),
            ast::TSTypeName::QualifiedName(name) => {
                let object = self.qualified(&name.left)?;
                let (span, at) = (Lower::span(name.span), Lower::span(name.right.span));
                let name = name.right.name.as_str().into();
                Some(self.node(span, Kind::Member { object, name, at }))
            }
            ast::TSTypeName::ThisExpression(_) => None,
        }
    }
}
