//! Names that are bound by patterns: `const { a: [b, ...c] } = …`, parameters.

use super::lower::Lower;
use super::{Annotation, Decl, Id, Step, Sym};
use oxc_ast::ast::{BindingPattern, PropertyKey, TSType, TSTypeAnnotation, TSTypeName, TSTypeQueryExprName};
use oxc_ast_visit::Visit;

/// What a pattern takes apart.
#[derive(Clone)]
pub(super) enum Whole {
    Variable {
        init: Option<Id>,
        annotation: Option<Annotation>,
    },
    Param {
        index: usize,
        default: Option<Id>,
        annotation: Option<Annotation>,
    },
    /// Nothing that is known: the element of a loop, the error of a `catch`.
    Unclear,
}

impl<'a> Lower<'a, '_> {
    /// Binds the names of a pattern to the parts of `whole` that they stand for.
    pub(super) fn bind(&mut self, pattern: &BindingPattern<'a>, whole: &Whole, path: &[Step]) -> Vec<Sym> {
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                let Some(sym) = name.symbol_id.get().map(Lower::sym) else { return Vec::new() };
                self.declare(sym, declared(whole, path));
                vec![sym]
            }
            BindingPattern::ObjectPattern(object) => {
                let mut bound = Vec::new();
                let mut keys: Vec<Box<str>> = Vec::new();
                for property in &object.properties {
                    let step = match (&property.key, property.key.static_name()) {
                        (PropertyKey::PrivateIdentifier(_), _) | (_, None) => {
                            self.visit_property_key(&property.key);
                            Step::Unclear
                        }
                        (_, Some(name)) => Step::Key(name.into()),
                    };
                    if let Step::Key(name) = &step {
                        keys.push(name.clone());
                    }
                    bound.extend(self.bind(&property.value, whole, &and(path, step)));
                }
                if let Some(rest) = &object.rest {
                    bound.extend(self.bind(&rest.argument, whole, &and(path, Step::RestOf(keys))));
                }
                bound
            }
            BindingPattern::ArrayPattern(array) => {
                let mut bound = Vec::new();
                for (index, element) in array.elements.iter().enumerate() {
                    if let Some(element) = element {
                        bound.extend(self.bind(element, whole, &and(path, Step::Index(index))));
                    }
                }
                if let Some(rest) = &array.rest {
                    bound.extend(self.bind(&rest.argument, whole, &and(path, Step::Unclear)));
                }
                bound
            }
            BindingPattern::AssignmentPattern(assignment) => {
                self.visit_expression(&assignment.right);
                self.bind(&assignment.left, whole, path)
            }
        }
    }

    /// What a type annotation says; `typeof x` in it counts as an expression.
    pub(super) fn annotation(&mut self, annotation: Option<&TSTypeAnnotation<'a>>) -> Option<Annotation> {
        let ty = &annotation?.type_annotation;
        let before = self.sink.len();
        self.visit_ts_type(ty);
        let query = self.sink.get(before).copied();
        let query = match ty {
            TSType::TSTypeQuery(_) => query.and_then(|id| self.inside_query(id)),
            _ => None,
        };
        let name = match ty {
            TSType::TSTypeReference(reference) => type_name(&reference.type_name),
            _ => None,
        };
        Some(Annotation { query, name })
    }
}

/// The last word of a type's name.
fn type_name(name: &TSTypeName<'_>) -> Option<Box<str>> {
    match name {
        TSTypeName::IdentifierReference(name) => Some(name.name.as_str().into()),
        TSTypeName::QualifiedName(name) => Some(name.right.name.as_str().into()),
        TSTypeName::ThisExpression(_) => None,
    }
}

/// The expression of `typeof x.y`, where it is one.
pub(super) fn query_name<'q, 'a>(name: &'q TSTypeQueryExprName<'a>) -> Option<&'q TSTypeName<'a>> {
    name.as_ts_type_name()
}

fn declared(whole: &Whole, path: &[Step]) -> Decl {
    let path = path.to_vec();
    match whole.clone() {
        Whole::Variable { init, annotation } => {
            let annotation = annotation.filter(|_| path.is_empty());
            Decl::Variable { init, path, annotation }
        }
        Whole::Param { index, default, annotation } => Decl::Param { index, path, default, annotation },
        Whole::Unclear => Decl::Other,
    }
}

fn and(path: &[Step], step: Step) -> Vec<Step> {
    let mut path = path.to_vec();
    path.push(step);
    path
}
