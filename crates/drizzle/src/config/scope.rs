//! What the names of one TypeScript module stand for: constants, imports, exports, and whether
//! something assigns to them later.

use super::eval::span_of;
use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentTarget, BindingPattern, Declaration,
    ExportDefaultDeclarationKind, Expression, ImportDeclarationSpecifier, Program, Statement,
    VariableDeclaration,
};
use std::collections::HashMap;

/// What a name at the top of a module is bound to.
#[derive(Clone, Copy)]
pub(super) enum Binding<'a> {
    /// `const name = …`
    Const(&'a Expression<'a>),
    /// `const { key: name } = …`
    Part(&'a Expression<'a>, &'a str),
    /// An import: the module, and the name in it (`default`, or `*` for all of it).
    Import(&'a str, &'a str),
    /// A function, a class, or a pattern that is not read.
    Other,
}

/// The names of a module.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub names: HashMap<&'a str, Binding<'a>>,
    /// `name.key = …` at the top of the module, in order.
    pub assigned: Vec<(&'a str, &'a str, &'a Expression<'a>)>,
    /// Names that something assigns to where it is not certain, and the key, if only that.
    pub changed: HashMap<(&'a str, Option<&'a str>), source::Span>,
    /// Exported name to local name.
    pub exports: HashMap<&'a str, &'a str>,
    /// Exported name to module and name in it.
    pub re_exports: HashMap<&'a str, (&'a str, &'a str)>,
    /// What calls of dotenv's `config` are given.
    pub dotenv: Vec<&'a Expression<'a>>,
    /// What `export default`, `export =` or `module.exports =` gives.
    pub default: Option<&'a Expression<'a>>,
    /// `export default function`, or a class.
    pub default_is_code: bool,
}

/// Reads the names of a parsed module.
pub(super) fn scope<'a>(program: &'a Program<'a>) -> Scope<'a> {
    let mut scope = Scope::default();
    for statement in &program.body {
        scope.statement(statement);
    }
    scope
}

impl<'a> Scope<'a> {
    fn statement(&mut self, statement: &'a Statement<'a>) {
        match statement {
            Statement::VariableDeclaration(declaration) => self.variables(declaration),
            Statement::FunctionDeclaration(function) => {
                if let Some(id) = &function.id {
                    self.names.insert(id.name.as_str(), Binding::Other);
                }
            }
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::VariableDeclaration(declaration) => {
                    self.variables(declaration);
                    for declarator in &declaration.declarations {
                        for id in declarator.id.get_binding_identifiers() {
                            self.exports.insert(id.name.as_str(), id.name.as_str());
                        }
                    }
                }
                Declaration::FunctionDeclaration(function) => {
                    if let Some(id) = &function.id {
                        self.names.insert(id.name.as_str(), Binding::Other);
                        self.exports.insert(id.name.as_str(), id.name.as_str());
                    }
                }
                _ => {}
            },
            Statement::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    self.exports.insert(specifier.exported.name().as_str(), specifier.local.name().as_str());
                }
            }
            Statement::ExportFromDeclaration(export) => {
                for specifier in &export.specifiers {
                    let target = (export.source.value.as_str(), specifier.local.name().as_str());
                    self.re_exports.insert(specifier.exported.name().as_str(), target);
                }
            }
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => {}
                declaration => match declaration.as_expression() {
                    Some(expression) => self.default = Some(expression),
                    None => self.default_is_code = true,
                },
            },
            Statement::TSExportAssignment(export) => self.default = Some(&export.expression),
            Statement::ImportDeclaration(import) => {
                let module = import.source.value.as_str();
                for specifier in import.specifiers.iter().flatten() {
                    let (local, imported) = match specifier {
                        ImportDeclarationSpecifier::ImportSpecifier(s) => {
                            (&s.local, s.imported.name().as_str())
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(s) => (&s.local, "default"),
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(s) => (&s.local, "*"),
                    };
                    self.names.insert(local.name.as_str(), Binding::Import(module, imported));
                }
            }
            Statement::ExpressionStatement(statement) => match statement.expression.get_inner_expression() {
                Expression::AssignmentExpression(assignment) => self.assignment(assignment, true),
                expression => self.mutating_call(expression),
            },
            // Whether these run is not certain.
            Statement::IfStatement(statement) => {
                self.uncertain(&statement.consequent);
                if let Some(alternate) = &statement.alternate {
                    self.uncertain(alternate);
                }
            }
            Statement::BlockStatement(block) => block.body.iter().for_each(|inner| self.uncertain(inner)),
            Statement::TryStatement(block) => block.block.body.iter().for_each(|inner| self.uncertain(inner)),
            _ => {}
        }
    }

    fn uncertain(&mut self, statement: &'a Statement<'a>) {
        match statement {
            Statement::ExpressionStatement(statement) => match statement.expression.get_inner_expression() {
                Expression::AssignmentExpression(assignment) => self.assignment(assignment, false),
                expression => self.mutating_call(expression),
            },
            Statement::BlockStatement(block) => block.body.iter().for_each(|inner| self.uncertain(inner)),
            Statement::IfStatement(_) | Statement::TryStatement(_) => self.statement(statement),
            _ => {}
        }
    }

    /// `Object.assign(name, …)` changes a name too.
    fn mutating_call(&mut self, expression: &'a Expression<'a>) {
        if let Expression::CallExpression(call) = expression
            && is_config_of_dotenv(call.callee.get_inner_expression())
        {
            self.dotenv.extend(call.arguments.first().and_then(Argument::as_expression));
        }
        if let Expression::CallExpression(call) = expression
            && let Some(member) = call.callee.get_inner_expression().as_member_expression()
        {
            let target = match member.object().get_inner_expression() {
                Expression::Identifier(object) if object.name == "Object" => {
                    match call.arguments.first().and_then(Argument::as_expression) {
                        Some(Expression::Identifier(name)) => Some(name.name.as_str()),
                        _ => None,
                    }
                }
                Expression::Identifier(name)
                    if matches!(
                        member.static_property_name(),
                        Some("push" | "unshift" | "splice" | "pop")
                    ) =>
                {
                    Some(name.name.as_str())
                }
                _ => None,
            };
            if let Some(name) = target {
                self.changed.insert((name, None), span_of(expression));
            }
        }
    }

    fn assignment(&mut self, assignment: &'a AssignmentExpression<'a>, certain: bool) {
        match &assignment.left {
            AssignmentTarget::AssignmentTargetIdentifier(name) => {
                self.changed.insert((name.name.as_str(), None), span_of(assignment));
            }
            AssignmentTarget::StaticMemberExpression(member) => {
                let key = member.property.name.as_str();
                match member.object.get_inner_expression() {
                    Expression::Identifier(object)
                        if matches!(
                            (object.name.as_str(), key),
                            ("module", "exports") | ("exports", "default")
                        ) =>
                    {
                        self.default = Some(&assignment.right);
                    }
                    Expression::Identifier(object) if certain && assignment.operator.is_assign() => {
                        self.assigned.push((object.name.as_str(), key, &assignment.right));
                    }
                    Expression::Identifier(object) => {
                        self.changed.insert((object.name.as_str(), Some(key)), span_of(assignment));
                    }
                    Expression::StaticMemberExpression(inner) => {
                        if let Expression::Identifier(object) = inner.object.get_inner_expression() {
                            if object.name == "module" && inner.property.name == "exports" && key == "default"
                            {
                                self.default = Some(&assignment.right);
                            } else {
                                let key = Some(inner.property.name.as_str());
                                self.changed.insert((object.name.as_str(), key), span_of(assignment));
                            }
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn variables(&mut self, declaration: &'a VariableDeclaration<'a>) {
        for declarator in &declaration.declarations {
            match (&declarator.id, &declarator.init) {
                (BindingPattern::BindingIdentifier(id), Some(init)) => {
                    self.names.insert(id.name.as_str(), Binding::Const(init));
                }
                (BindingPattern::ObjectPattern(pattern), Some(init)) => {
                    for property in &pattern.properties {
                        let id = match &property.value {
                            BindingPattern::BindingIdentifier(id) => id,
                            other => {
                                for id in other.get_binding_identifiers() {
                                    self.names.insert(id.name.as_str(), Binding::Other);
                                }
                                continue;
                            }
                        };
                        let key = match &property.key {
                            oxc_ast::ast::PropertyKey::StaticIdentifier(key) => Some(key.name.as_str()),
                            oxc_ast::ast::PropertyKey::StringLiteral(key) => Some(key.value.as_str()),
                            _ => None,
                        };
                        let binding = key.map_or(Binding::Other, |key| Binding::Part(init, key));
                        self.names.insert(id.name.as_str(), binding);
                    }
                }
                (pattern, _) => {
                    for id in pattern.get_binding_identifiers() {
                        self.names.insert(id.name.as_str(), Binding::Other);
                    }
                }
            }
        }
    }
}

/// `config`, or `dotenv.config` by whatever name the module was given that holds this one.
fn is_config_of_dotenv(callee: &Expression<'_>) -> bool {
    match callee {
        Expression::Identifier(name) => matches!(name.name.as_str(), "config" | "dotenvConfig" | "loadEnv"),
        Expression::StaticMemberExpression(member) => match member.object.get_inner_expression() {
            Expression::Identifier(object) => {
                member.property.name == "config" && object.name.to_ascii_lowercase().contains("env")
            }
            _ => false,
        },
        _ => false,
    }
}
