//! Imports and exports of a file.

use super::lower::Lower;
use super::{Decl, Export, Imported, Kind};
use oxc_ast::ast::{
    ExportAllDeclaration, ExportDefaultDeclaration, ExportDefaultDeclarationKind, ExportFromDeclaration,
    ExportNamedDeclaration, ImportDeclaration, ImportDeclarationSpecifier, ModuleExportName, Program,
    Statement,
};

impl<'a> Lower<'a, '_> {
    pub(super) fn import(&mut self, import: &ImportDeclaration<'a>) {
        let source: Box<str> = import.source.value.as_str().into();
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) => (&one.local, imported(&one.imported)),
                ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => (&one.local, Imported::Default),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => (&one.local, Imported::All),
            };
            if let Some(sym) = local.symbol_id.get().map(Lower::sym) {
                self.declare(sym, Decl::Import { source: source.clone(), name });
            }
        }
    }

    pub(super) fn export_all(&mut self, export: &ExportAllDeclaration<'a>) {
        let source: Box<str> = export.source.value.as_str().into();
        match &export.exported {
            Some(name) => {
                self.export(name.name().as_str(), Export::From { source, name: Imported::All });
            }
            None => self.module.stars.push(source),
        }
    }

    pub(super) fn export_from(&mut self, export: &ExportFromDeclaration<'a>) {
        let source: Box<str> = export.source.value.as_str().into();
        for specifier in &export.specifiers {
            let from = Export::From { source: source.clone(), name: imported(&specifier.local) };
            self.export(specifier.exported.name().as_str(), from);
        }
    }

    pub(super) fn export_named(&mut self, export: &ExportNamedDeclaration<'a>) {
        for specifier in &export.specifiers {
            let ModuleExportName::IdentifierReference(local) = &specifier.local else { continue };
            if let Some(sym) = self.reference(local) {
                self.export(specifier.exported.name().as_str(), Export::Local(sym));
            }
        }
    }

    pub(super) fn export_default(&mut self, export: &ExportDefaultDeclaration<'a>) {
        let id = match &export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => self.function(function),
            ExportDefaultDeclarationKind::ClassDeclaration(class) => self.class(class),
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => return,
            other => match other.as_expression() {
                Some(expression) => self.expression(expression),
                None => return,
            },
        };
        self.sink.push(id);
        let export = match self.module.kind(id) {
            Kind::Name(sym) => Export::Local(*sym),
            _ => Export::Value(id),
        };
        self.export("default", export);
    }

    /// `export const …`: the names that declarations at the top bind.
    pub(super) fn exported_declarations(&mut self, program: &Program<'a>) {
        for statement in &program.body {
            let Statement::ExportDeclaration(export) = statement else { continue };
            let mut names = Vec::new();
            bound(&export.declaration, &mut |name, symbol| names.push((name, symbol)));
            for (name, symbol) in names {
                self.export(&name, Export::Local(symbol));
            }
        }
    }

    fn export(&mut self, name: &str, export: Export) {
        if self.module.exports.insert(name.into(), export).is_none() {
            self.module.export_order.push(name.into());
        }
    }
}

fn bound(declaration: &oxc_ast::ast::Declaration<'_>, found: &mut dyn FnMut(String, super::Sym)) {
    use oxc_ast::ast::Declaration::{
        ClassDeclaration, FunctionDeclaration, TSEnumDeclaration, VariableDeclaration,
    };
    let mut add = |name: &oxc_ast::ast::BindingIdentifier<'_>| {
        if let Some(sym) = name.symbol_id.get() {
            found(name.name.to_string(), Lower::sym(sym));
        }
    };
    match declaration {
        VariableDeclaration(variables) => {
            for variable in &variables.declarations {
                for name in variable.id.get_binding_identifiers() {
                    add(name);
                }
            }
        }
        FunctionDeclaration(function) => {
            if let Some(name) = &function.id {
                add(name);
            }
        }
        ClassDeclaration(class) => {
            if let Some(name) = &class.id {
                add(name);
            }
        }
        TSEnumDeclaration(declared) => add(&declared.id),
        _ => {}
    }
}

fn imported(name: &ModuleExportName<'_>) -> Imported {
    match name.name().as_str() {
        "default" => Imported::Default,
        name => Imported::Name(name.into()),
    }
}
