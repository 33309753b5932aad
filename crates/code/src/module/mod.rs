//! One TypeScript file as our own values: its expressions, what its names are bound to, what it exports.
//!
//! Only what has to do with values is kept; types are dropped but for `typeof x`. The parser's own
//! types stay in this folder.

mod class;
mod exports;
mod function;
mod lower;
mod pattern;
mod property;
mod visit;

pub(crate) use lower::lower;
pub use property::value_end;

use crate::model::Place;
use std::collections::HashMap;
use std::sync::Arc;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Module {
    pub path: Arc<str>,
    /// Bytes at which lines begin.
    lines: Vec<u32>,
    text: Arc<str>,
    pub nodes: Vec<Node>,
    pub symbols: Vec<Symbol>,
    /// Expressions at the top, in the order of the text.
    pub roots: Vec<Id>,
    pub exports: HashMap<Box<str>, Export>,
    /// Names of `exports` in the order of the text.
    pub export_order: Vec<Box<str>>,
    /// Modules of which everything is exported again.
    pub stars: Vec<Box<str>>,
    pub classes: Vec<Class>,
    /// The first syntax error: what follows it may be missing.
    pub broken: Option<(u32, String)>,
}

/// An expression, by its place in [`Module::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub u32);

/// A name that is bound in the file, by its place in [`Module::symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub span: Span,
    pub kind: Kind,
}

/// What an expression is. Brackets, `await`, `as`, `satisfies` and `!` are looked through.
#[derive(Debug)]
pub(crate) enum Kind {
    Name(Sym),
    /// A name that nothing in the file binds.
    Global(Box<str>),
    /// `this`, in the class of this number.
    This(Option<u32>),
    Member {
        object: Id,
        name: Box<str>,
        at: Span,
    },
    Index {
        object: Id,
        key: Id,
    },
    Call {
        callee: Id,
        args: Vec<Item>,
        new: bool,
    },
    Object(Vec<Property>),
    List(Vec<Item>),
    Text(Box<str>),
    Number(f64),
    Bool(bool),
    Null,
    /// `undefined`.
    Nothing,
    Template(Template),
    Tagged {
        tag: Id,
        template: Template,
    },
    Function(Function),
    /// One of these: `a ? b : c`, `a ?? b`, `a || b`, `a && b`; what is tested comes apart.
    Either {
        test: Option<Id>,
        options: Vec<Id>,
    },
    /// `x = value`, which is the value.
    Assign(Id),
    /// `import("…")`.
    Import(Box<str>),
    /// `super`: the class that is extended.
    Super,
    /// `typeof x` in a type.
    TypeQuery(Id),
    /// Anything else, with the expressions in it.
    Other(Vec<Id>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub id: Id,
    pub spread: bool,
}

#[derive(Debug)]
pub(crate) struct Property {
    pub key: Key,
    pub value: Id,
    pub at: Span,
}

#[derive(Debug)]
pub(crate) enum Key {
    Name(Box<str>),
    Computed(Id),
    /// `...value`
    Spread,
}

/// Texts with values between them: one text more than values.
#[derive(Debug)]
pub(crate) struct Template {
    pub texts: Vec<Quasi>,
    pub values: Vec<Id>,
}

/// A piece of text in a template, and where it begins in the file.
#[derive(Debug)]
pub(crate) struct Quasi {
    pub text: Box<str>,
    pub start: u32,
    /// Each byte of `text` is one byte of the file (no escapes).
    pub plain: bool,
}

#[derive(Debug)]
pub(crate) struct Function {
    /// The expressions in it, in order, those of functions in it left out.
    pub body: Vec<Id>,
    /// What it returns, of those.
    pub returns: Vec<Id>,
    /// Parameters by name, for calls: each symbol has its own place in [`Decl::Param`].
    pub params: Vec<Sym>,
}

/// The members of a class, as far as `this` needs them.
#[derive(Debug, Default)]
pub(crate) struct Class {
    pub fields: Vec<Field>,
}

/// A member: its value, or what its type says.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: Box<str>,
    pub value: Option<Id>,
    pub annotation: Option<Annotation>,
}

#[derive(Debug)]
pub(crate) struct Symbol {
    pub name: Box<str>,
    pub decl: Decl,
    /// What is assigned to it later.
    pub assigned: Vec<Id>,
}

/// What a name is bound to.
#[derive(Debug)]
pub(crate) enum Decl {
    /// A variable: a part of a value.
    Variable { init: Option<Id>, path: Vec<Step>, annotation: Option<Annotation> },
    /// A parameter: a part of an argument.
    Param { index: usize, path: Vec<Step>, default: Option<Id>, annotation: Option<Annotation> },
    /// An import.
    Import { source: Box<str>, name: Imported },
    /// A function, a class, an enum: the expression that it is.
    Value(Id),
    /// A type, a namespace, the error of a `catch`.
    Other,
}

/// A step into a value, from the outside to the inside.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Key(Box<str>),
    Index(usize),
    /// What is left of an object without these keys.
    RestOf(Vec<Box<str>>),
    /// A computed key, the rest of a list.
    Unclear,
}

#[derive(Clone, Debug)]
pub(crate) enum Imported {
    Name(Box<str>),
    Default,
    All,
}

/// What a type annotation says, as far as it is of use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Annotation {
    /// `typeof x`: the expression x.
    pub query: Option<Id>,
    /// The name of a type, without its parameters.
    pub name: Option<Box<str>>,
}

/// What an exported name is.
#[derive(Clone, Debug)]
pub(crate) enum Export {
    Local(Sym),
    /// `export default …` of an expression.
    Value(Id),
    /// `export { name } from "…"`, `export * as x from "…"`.
    From {
        source: Box<str>,
        name: Imported,
    },
}

impl Module {
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub fn kind(&self, id: Id) -> &Kind {
        &self.nodes[id.0 as usize].kind
    }

    pub fn symbol(&self, sym: Sym) -> &Symbol {
        &self.symbols[sym.0 as usize]
    }

    /// The text from a byte on.
    pub fn text_from(&self, at: u32) -> &str {
        self.text.get(at as usize..).unwrap_or_default()
    }

    /// The place of a span, for people.
    pub fn place(&self, span: Span) -> Place {
        let line = self.lines.partition_point(|start| *start <= span.start).max(1);
        let begin = self.lines[line - 1] as usize;
        let before = self.text.get(begin..span.start as usize).unwrap_or_default();
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        Place {
            file: self.path.clone(),
            start: span.start as usize,
            end: span.end as usize,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column,
        }
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let breaks = memchr::memchr_iter(b'\n', text.as_bytes());
    std::iter::once(0).chain(breaks.filter_map(|at| u32::try_from(at + 1).ok())).collect()
}
