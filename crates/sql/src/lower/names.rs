//! Names, types, roles and kinds of objects.

use super::Lower;
use crate::ast::{Ident, Name, ObjectKind, Persistence, TypeName};
use crate::lex::{Token, TokenKind};
use pg_raw_parse::list::NodeList;
use pg_raw_parse::{Node, nodes, raw};

impl Lower<'_> {
    /// A relation's name.
    pub fn relation(&self, relation: Option<&nodes::RangeVar>) -> Name {
        let Some(relation) = relation else { return self.unknown_name() };
        let parts: Vec<&str> = relation.schemaname().into_iter().chain(relation.relname()).collect();
        match usize::try_from(relation.location) {
            Ok(start) => Name {
                schema: relation.schemaname().map(str::to_owned),
                name: relation.relname().unwrap_or_default().to_owned(),
                span: self.span(start, self.name_end(start)),
            },
            Err(_) => self.name_and_next(&parts, 1).0,
        }
    }

    /// A type's name.
    pub fn type_name(&self, node: &nodes::TypeName) -> TypeName {
        let parts: Vec<&str> = node.names().iter().filter_map(nodes::String::sval).collect();
        let span = match usize::try_from(node.location) {
            Ok(start) => self.span(start, self.type_end(start)),
            Err(_) => self.whole(),
        };
        let last = parts.last().copied().unwrap_or_default();
        let serial = match (parts.len(), last) {
            (1, "serial" | "serial4") => Some("int4"),
            (1, "bigserial" | "serial8") => Some("int8"),
            (1, "smallserial" | "serial2") => Some("int2"),
            _ => None,
        };
        let mut schema = parts.len().checked_sub(2).map(|index| parts[index].to_owned());
        let mut name = serial.unwrap_or(last).to_owned();
        if node.pct_type {
            name = format!("{}%type", parts.join("."));
            schema = None;
        }
        TypeName {
            schema,
            name,
            modifiers: node.typmods().iter().filter_map(integer).collect(),
            dimensions: u8::try_from(node.array_bounds().len()).unwrap_or(u8::MAX),
            set_of: node.setof,
            serial: serial.is_some(),
            span,
        }
    }

    /// A type's name, wherever the tree may have left it out.
    pub fn type_or_unknown(&self, node: Option<&nodes::TypeName>) -> TypeName {
        match node {
            Some(node) => self.type_name(node),
            None => TypeName {
                schema: None,
                name: String::new(),
                modifiers: Vec::new(),
                dimensions: 0,
                set_of: false,
                serial: false,
                span: self.whole(),
            },
        }
    }

    /// Where the type that begins at the byte `start` ends: its words, modifiers and brackets.
    fn type_end(&self, start: usize) -> usize {
        let first = self.token_at(start);
        let end_of = |token: usize| self.tokens().get(token).map_or(start, |t| t.span.end as usize);
        let mut at = self.token_at(self.name_end(start));
        let words: &[&str] = match self.tokens().get(first).map(|token| token.text(self.text)) {
            _ if at != first + 1 => &[],
            Some(word) if word.eq_ignore_ascii_case("double") => &["precision"],
            Some(word) if word.eq_ignore_ascii_case("national") => &["character", "char", "varying"],
            Some(word)
                if ["character", "char", "nchar", "bit"].iter().any(|w| word.eq_ignore_ascii_case(w)) =>
            {
                &["varying"]
            }
            Some(word) if word.eq_ignore_ascii_case("interval") => {
                &["year", "month", "day", "hour", "minute", "second", "to"]
            }
            _ => &[],
        };
        while words.iter().any(|word| self.is_word(at, word)) {
            at += 1;
        }
        if self.is(at, b'(') {
            at = self.after_bracket(at);
        }
        if (self.is_word(at, "with") || self.is_word(at, "without")) && self.is_word(at + 1, "time") {
            at += 3;
        }
        if self.is_word(at, "array") {
            at += 1;
        }
        while self.is(at, b'[') {
            at = self.after_bracket(at);
        }
        if self.tokens().get(at).is_some_and(|token| token.text(self.text) == "%") {
            at += 2;
        }
        end_of(at.min(self.tokens().len()).saturating_sub(1).max(first))
    }

    /// Identifiers of a list, found one behind the other from the token `from` on; and the token
    /// behind the last.
    pub fn idents(&self, list: &NodeList, from: usize) -> (Vec<Ident>, usize) {
        let mut at = from;
        let mut found = Vec::with_capacity(list.len());
        for name in strings(list) {
            let (ident, next) = self.ident_and_next(name, at);
            found.push(ident);
            at = next;
        }
        (found, at)
    }

    /// The names in a list that begins at the token `from`, with arguments in brackets or not. For
    /// lists that the parser library can't give.
    pub fn names_at(&self, from: usize) -> Vec<Name> {
        let tokens = self.tokens();
        let name_at = |token: usize| tokens.get(token).is_some_and(is_name);
        let text = |token: usize| tokens[token].ident(self.text).unwrap_or_default();
        let mut names = Vec::new();
        let mut at = from;
        while name_at(at) {
            let start = at;
            while self.is(at + 1, b'.') && name_at(at + 2) {
                at += 2;
            }
            names.push(Name {
                schema: (at >= start + 2).then(|| text(at - 2)),
                name: text(at),
                span: self.between(start, at + 1),
            });
            at += 1;
            if self.is(at, b'(') {
                at = self.after_bracket(at);
            }
            if !self.is(at, b',') {
                break;
            }
            at += 1;
        }
        names
    }

    /// A name kept as a list of strings, written behind the token `from`.
    pub fn listed_name(&self, parts: &[&str], from: usize) -> Name {
        // Of `database.schema.name` the last two count, and are found where they stand.
        let two = &parts[parts.len().saturating_sub(2)..];
        self.name_and_next(two, from).0
    }

    /// A name that the tree keeps in one of several forms, the token behind it, and the argument
    /// types of a routine.
    pub fn object(&self, node: Node<'_>, from: usize) -> (Name, usize, Option<Vec<TypeName>>) {
        match node {
            Node::ObjectWithArgs(object) => {
                let parts: Vec<&str> = strings(object.objname()).collect();
                let (name, next) = self.name_and_next(&parts[parts.len().saturating_sub(2)..], from);
                let arguments = (!object.args_unspecified).then(|| {
                    let types = object.objargs().iter().filter_map(|arg| match arg {
                        Node::TypeName(name) => Some(self.type_name(name)),
                        _ => None,
                    });
                    types.collect()
                });
                (name, next, arguments)
            }
            Node::TypeName(name) if name.location < 0 => {
                let parts: Vec<&str> = name.names().iter().filter_map(nodes::String::sval).collect();
                let (name, next) = self.name_and_next(&parts[parts.len().saturating_sub(2)..], from);
                (name, next, None)
            }
            Node::TypeName(name) => {
                let start = usize::try_from(name.location).unwrap_or(0);
                let next = self.token_at(self.type_end(start));
                let name = self.type_name(name);
                (Name { schema: name.schema, name: name.name, span: name.span }, next, None)
            }
            Node::NodeList(list) => {
                let parts: Vec<&str> = strings(list).collect();
                let (name, next) = self.name_and_next(&parts[parts.len().saturating_sub(2)..], from);
                (name, next, None)
            }
            Node::String(text) => {
                let (name, next) = self.name_and_next(&[text.sval().unwrap_or_default()], from);
                (name, next, None)
            }
            _ => (self.unknown_name(), from, None),
        }
    }
}

/// The strings of a list; other nodes are passed over.
pub(crate) fn strings(list: &NodeList) -> impl Iterator<Item = &str> {
    list.iter().filter_map(Node::as_str)
}

/// The strings of a list, owned.
pub(super) fn owned(list: &NodeList) -> Vec<String> {
    strings(list).map(str::to_owned).collect()
}

/// The value of an integer constant.
pub(super) fn integer(node: Node<'_>) -> Option<i64> {
    match node {
        Node::A_Const(value) => value.val().and_then(|value| value.numeric_value()),
        Node::Integer(value) => Some(i64::from(value.ival)),
        _ => None,
    }
}

/// The name of a role; `public`, `current_user` and kin in lower case.
pub(super) fn role(role: Option<&nodes::RoleSpec>) -> String {
    use raw::RoleSpecType as Kind;
    let Some(role) = role else { return String::new() };
    let word = match role.roletype {
        Kind::ROLESPEC_CURRENT_ROLE => "current_role",
        Kind::ROLESPEC_CURRENT_USER => "current_user",
        Kind::ROLESPEC_SESSION_USER => "session_user",
        Kind::ROLESPEC_PUBLIC => "public",
        _ => role.rolename().unwrap_or_default(),
    };
    word.to_owned()
}

/// The roles of a list.
pub(super) fn roles(list: &NodeList) -> Vec<String> {
    let named = list.iter().filter_map(|node| match node {
        Node::RoleSpec(spec) => Some(role(Some(spec))),
        _ => None,
    });
    named.collect()
}

/// Whether an option of a `WITH`-like list is on; a bare name means yes.
pub(super) fn option_is_on(option: &nodes::DefElem) -> bool {
    match option.arg() {
        Node::None => true,
        Node::Integer(value) => value.ival != 0,
        Node::Boolean(value) => value.boolval,
        Node::String(value) => !matches!(
            value.sval().unwrap_or_default().to_ascii_lowercase().as_str(),
            "false" | "off" | "no" | "0" | "f" | "n"
        ),
        _ => true,
    }
}

/// How long a relation lives.
pub(super) fn persistence(relation: Option<&nodes::RangeVar>) -> Persistence {
    match relation.map(|relation| relation.relpersistence as u8) {
        Some(b't') => Persistence::Temporary,
        Some(b'u') => Persistence::Unlogged,
        _ => Persistence::Permanent,
    }
}

/// The kind of object that a statement names.
pub(super) fn object_kind(kind: raw::ObjectType::Type) -> ObjectKind {
    use raw::ObjectType as T;
    match kind {
        T::OBJECT_TABLE => ObjectKind::Table,
        T::OBJECT_FOREIGN_TABLE => ObjectKind::ForeignTable,
        T::OBJECT_VIEW => ObjectKind::View,
        T::OBJECT_MATVIEW => ObjectKind::MaterializedView,
        T::OBJECT_INDEX => ObjectKind::Index,
        T::OBJECT_SEQUENCE => ObjectKind::Sequence,
        T::OBJECT_SCHEMA => ObjectKind::Schema,
        T::OBJECT_TYPE => ObjectKind::Type,
        T::OBJECT_DOMAIN => ObjectKind::Domain,
        T::OBJECT_FUNCTION => ObjectKind::Function,
        T::OBJECT_PROCEDURE => ObjectKind::Procedure,
        T::OBJECT_AGGREGATE => ObjectKind::Aggregate,
        T::OBJECT_ROUTINE => ObjectKind::Routine,
        T::OBJECT_COLUMN | T::OBJECT_ATTRIBUTE => ObjectKind::Column,
        T::OBJECT_TABCONSTRAINT => ObjectKind::TableConstraint,
        T::OBJECT_DOMCONSTRAINT => ObjectKind::DomainConstraint,
        T::OBJECT_TRIGGER => ObjectKind::Trigger,
        T::OBJECT_POLICY => ObjectKind::Policy,
        T::OBJECT_RULE => ObjectKind::Rule,
        T::OBJECT_EXTENSION => ObjectKind::Extension,
        T::OBJECT_STATISTIC_EXT => ObjectKind::Statistics,
        T::OBJECT_ROLE => ObjectKind::Role,
        T::OBJECT_DATABASE => ObjectKind::Database,
        _ => ObjectKind::Other,
    }
}

/// Whether a token can be part of a name.
pub(super) fn is_name(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Quoted | TokenKind::UnicodeQuoted)
}
