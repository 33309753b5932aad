//! Classes and enums: what is of use of them.

use super::lower::Lower;
use super::{Annotation, Field, Id, Item, Key, Kind, Property};
use oxc_ast::ast::{
    BindingPattern, Class, Expression, FormalParameter, PropertyDefinition, TSEnumDeclaration,
};
use oxc_ast_visit::{Visit, walk};

impl<'a> Lower<'a, '_> {
    /// A class, as a function that makes an object of its fields and methods.
    pub(super) fn class(&mut self, class: &Class<'a>) -> Id {
        let outer = std::mem::take(&mut self.sink);
        self.classes.push(u32::try_from(self.module.classes.len()).unwrap_or(u32::MAX));
        self.module.classes.push(super::Class::default());
        walk::walk_class(self, class);
        self.classes.pop();
        let inside = std::mem::replace(&mut self.sink, outer);
        let span = Lower::span(class.span);
        let id = self.node(span, Kind::Other(inside));
        if let (Some(name), true) = (&class.id, class.is_declaration()) {
            self.declare_name(name, super::Decl::Value(id));
        }
        id
    }

    /// A field of the class that is being read.
    pub(super) fn field(&mut self, property: &PropertyDefinition<'a>) {
        let annotation = self.annotation(property.type_annotation.as_deref());
        let value = property.value.as_ref().map(|value| self.expression(value));
        self.sink.extend(value);
        for decorator in &property.decorators {
            self.visit_decorator(decorator);
        }
        if let Some(name) = property.key.static_name() {
            self.member_of_class(&name, value, annotation);
        }
    }

    /// `constructor(private db: Database)` makes a field.
    pub(super) fn parameter_property(
        &mut self,
        param: &FormalParameter<'a>,
        annotation: Option<&Annotation>,
    ) {
        if let (Some(_), BindingPattern::BindingIdentifier(name)) = (param.accessibility, &param.pattern) {
            self.member_of_class(&name.name, None, annotation.cloned());
        }
    }

    fn member_of_class(&mut self, name: &str, value: Option<Id>, annotation: Option<Annotation>) {
        let at = self.classes.last().map(|at| *at as usize);
        if let Some(class) = at.and_then(|at| self.module.classes.get_mut(at)) {
            class.fields.push(Field { name: name.into(), value, annotation });
        }
    }

    /// `enum E { A = "a" }` as an object.
    pub(super) fn declared_enum(&mut self, declared: &TSEnumDeclaration<'a>) {
        let mut next = 0.0;
        let mut properties = Vec::new();
        for member in &declared.body.members {
            let span = Lower::span(member.span);
            let value = match &member.initializer {
                Some(expression) => {
                    if let Expression::NumericLiteral(number) = expression {
                        next = number.value + 1.0;
                    }
                    self.expression(expression)
                }
                None => {
                    let id = self.node(span, Kind::Number(next));
                    next += 1.0;
                    id
                }
            };
            let key = Key::Name(member.id.static_name().as_str().into());
            properties.push(Property { key, value, at: span });
        }
        let id = self.node(Lower::span(declared.span), Kind::Object(properties));
        self.declare_name(&declared.id, super::Decl::Value(id));
        self.sink.push(id);
    }

    /// Arguments of a call.
    pub(super) fn items(&mut self, arguments: &[oxc_ast::ast::Argument<'a>]) -> Vec<Item> {
        let mut items = Vec::with_capacity(arguments.len());
        for argument in arguments {
            match argument {
                oxc_ast::ast::Argument::SpreadElement(spread) => {
                    items.push(Item { id: self.expression(&spread.argument), spread: true });
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
}
