//! Where the value of a property ends, for who changes a declaration and leaves the rest of its file alone.

use oxc_allocator::Allocator;
use oxc_ast::ast;
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType};

/// The byte after the value of the property whose key begins at `key`; `None` where no key begins there, where it has
/// no value of its own, and where the file does not parse.
pub fn value_end(path: &str, text: &str, key: usize) -> Option<usize> {
    if super::lower::too_nested(text).is_some() {
        return None;
    }
    let allocator = Allocator::default();
    let kind = SourceType::from_path(std::path::Path::new(path)).unwrap_or_else(|_| SourceType::ts());
    let parsed = Parser::new(&allocator, text, kind).parse();
    if parsed.diagnostics.errors().next().is_some() {
        return None;
    }
    let mut search = Search { key: u32::try_from(key).ok()?, end: None };
    search.visit_program(&parsed.program);
    search.end
}

struct Search {
    key: u32,
    end: Option<usize>,
}

impl<'a> Visit<'a> for Search {
    fn visit_object_property(&mut self, it: &ast::ObjectProperty<'a>) {
        if it.key.span().start == self.key && !it.shorthand {
            self.end = Some(it.value.span().end as usize);
        }
        walk::walk_object_property(self, it);
    }
}

#[cfg(test)]
mod tests {
    use super::value_end;

    #[test]
    fn values_end_where_their_calls_do() {
        let text = "export const t = pgTable('t', {\n  a: text('a') // why\n    .notNull(),\n  b,\n});\n";
        let key = text.find("a: text").expect("it is there");
        let end = value_end("schema.ts", text, key).expect("it has a value");
        assert_eq!(&text[key..end], "a: text('a') // why\n    .notNull()");
        assert_eq!(value_end("schema.ts", text, text.find("b,").expect("there")), None);
        assert_eq!(value_end("schema.ts", "const t = {", 11), None);
    }
}
