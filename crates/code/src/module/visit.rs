//! What is come upon while statements are walked through: expressions go to the sink of the function that
//! is being read, declarations bind their names.

use super::lower::Lower;
use oxc_ast::ast;
use oxc_ast::ast::Expression;
use oxc_ast_visit::Visit;

impl<'a> Visit<'a> for Lower<'a, '_> {
    fn visit_expression(&mut self, it: &Expression<'a>) {
        let id = self.expression(it);
        self.sink.push(id);
    }

    fn visit_function(&mut self, it: &ast::Function<'a>, _: oxc_semantic::ScopeFlags) {
        let id = self.function(it);
        self.sink.push(id);
    }

    fn visit_class(&mut self, it: &ast::Class<'a>) {
        let id = self.class(it);
        self.sink.push(id);
    }

    fn visit_property_definition(&mut self, it: &ast::PropertyDefinition<'a>) {
        self.field(it);
    }

    fn visit_ts_enum_declaration(&mut self, it: &ast::TSEnumDeclaration<'a>) {
        self.declared_enum(it);
    }

    fn visit_variable_declarator(&mut self, it: &ast::VariableDeclarator<'a>) {
        self.variable(it);
    }

    fn visit_return_statement(&mut self, it: &ast::ReturnStatement<'a>) {
        if let Some(argument) = &it.argument {
            let id = self.expression(argument);
            self.sink.push(id);
            self.returns.push(id);
        }
    }

    fn visit_ts_type_query(&mut self, it: &ast::TSTypeQuery<'a>) {
        self.type_query(it);
    }

    fn visit_import_declaration(&mut self, it: &ast::ImportDeclaration<'a>) {
        self.import(it);
    }

    fn visit_export_all_declaration(&mut self, it: &ast::ExportAllDeclaration<'a>) {
        self.export_all(it);
    }

    fn visit_export_named_declaration(&mut self, it: &ast::ExportNamedDeclaration<'a>) {
        self.export_named(it);
    }

    fn visit_export_from_declaration(&mut self, it: &ast::ExportFromDeclaration<'a>) {
        self.export_from(it);
    }

    fn visit_export_default_declaration(&mut self, it: &ast::ExportDefaultDeclaration<'a>) {
        self.export_default(it);
    }
}
