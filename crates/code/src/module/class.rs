//! Classes and enums: what is of use of them.

use super::lower::Lower;
use super::{Id, Item, Key, Kind, Property};
use oxc_ast::ast::{Class, Expression, TSEnumDeclaration};
use oxc_ast_visit::walk;

impl<'a> Lower<'a, '_> {
    /// A class, as a function that makes an object of its fields and methods.
    pub(super) fn class(&mut self, class: &Class<'a>) -> Id {
        let outer = std::mem::take(&mut self.sink);
        walk::walk_class(self, class);
        let inside = std::mem::replace(&mut self.sink, outer);
        let span = Lower::span(class.span);
        let id = self.node(span, Kind::Other(inside));
        if let (Some(name), true) = (&class.id, class.is_declaration()) {
            self.declare_name(name, super::Decl::Value(id));
        }
        id
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
