//! Functions and variables: what they bind, and what is in them.

use super::lower::Lower;
use super::pattern::Whole;
use super::{Decl, Function, Id, Kind, Sym};
use oxc_ast::ast;
use oxc_ast_visit::Visit;

impl<'a> Lower<'a, '_> {
    fn parameters(&mut self, params: &ast::FormalParameters<'a>) -> Vec<Sym> {
        let mut bound = Vec::new();
        for (index, param) in params.items.iter().enumerate() {
            let annotation = self.annotation(param.type_annotation.as_deref());
            self.parameter_property(param, annotation.as_ref());
            let default = param.initializer.as_ref().map(|expression| self.expression(expression));
            self.sink.extend(default);
            let whole = Whole::Param { index, default, annotation };
            bound.extend(self.bind(&param.pattern, &whole, &[]));
        }
        if let Some(rest) = &params.rest {
            bound.extend(self.bind(&rest.rest.argument, &Whole::Unclear, &[]));
        }
        bound
    }

    pub(super) fn arrow(&mut self, arrow: &ast::ArrowFunctionExpression<'a>) -> Id {
        let span = Lower::span(arrow.span);
        let (outer, returned) = (std::mem::take(&mut self.sink), std::mem::take(&mut self.returns));
        let params = self.parameters(&arrow.params);
        match &arrow.body {
            ast::ArrowFunctionBody::FunctionBody(body) => self.visit_function_body(body),
            other => {
                if let Some(expression) = other.as_expression() {
                    let id = self.expression(expression);
                    self.sink.push(id);
                    self.returns.push(id);
                }
            }
        }
        let body = std::mem::replace(&mut self.sink, outer);
        let returns = std::mem::replace(&mut self.returns, returned);
        self.node(span, Kind::Function(Function { body, returns, params }))
    }

    pub(super) fn function(&mut self, function: &ast::Function<'a>) -> Id {
        let span = Lower::span(function.span);
        let (outer, returned) = (std::mem::take(&mut self.sink), std::mem::take(&mut self.returns));
        let params = self.parameters(&function.params);
        if let Some(body) = &function.body {
            self.visit_function_body(body);
        }
        let body = std::mem::replace(&mut self.sink, outer);
        let returns = std::mem::replace(&mut self.returns, returned);
        let id = self.node(span, Kind::Function(Function { body, returns, params }));
        // An overload without a body says nothing.
        if let (Some(name), true) = (&function.id, function.body.is_some()) {
            self.declare_name(name, Decl::Value(id));
        }
        id
    }

    pub(super) fn variable(&mut self, variable: &ast::VariableDeclarator<'a>) {
        let annotation = self.annotation(variable.type_annotation.as_deref());
        let init = variable.init.as_ref().map(|expression| self.expression(expression));
        self.sink.extend(init);
        self.bind(&variable.id, &Whole::Variable { init, annotation }, &[]);
    }
}
