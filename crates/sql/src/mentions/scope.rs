//! What a name means at a place in a query: columns of relations, of sub-queries and of functions.
//!
//! Nothing here walks the tree, and nothing knows which columns a relation has.

use std::collections::HashMap;
use std::rc::Rc;

/// A relation as it is written: schema and name.
pub(super) type Relation = (Option<String>, String);

/// The most relations that are told as candidates.
const MOST_CANDIDATES: usize = 64;

/// What the name of a column may mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Relations that may have it, inner ones first.
    pub candidates: Vec<Relation>,
    /// Whether it may be something else.
    pub elsewhere: bool,
}

impl Found {
    /// Something that this text does not show.
    pub fn unknown() -> Found {
        Found { candidates: Vec::new(), elsewhere: true }
    }

    /// A column of this relation.
    pub fn of(relation: &Relation) -> Found {
        Found { candidates: vec![relation.clone()], elsewhere: false }
    }

    fn add(&mut self, rows: &Rows) {
        self.elsewhere |= rows.open;
        for relation in &rows.through {
            if !self.candidates.contains(relation) {
                self.candidates.push(relation.clone());
            }
        }
    }
}

/// The columns that a query, a relation or a function gives.
#[derive(Debug, Default)]
pub(super) struct Rows {
    named: Vec<Named>,
    index: HashMap<String, usize>,
    /// Relations all of whose columns are among them.
    through: Vec<Relation>,
    /// Whether there may be others.
    pub open: bool,
}

/// A column with a name of its own.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    /// What it is, where it is a column as it was found, without `AS`.
    plain: Option<Found>,
}

impl Rows {
    /// All columns of a relation.
    pub fn of(relation: Relation) -> Rows {
        Rows { through: vec![relation], ..Rows::default() }
    }

    /// Columns that nobody knows.
    pub fn unknown() -> Rows {
        Rows { open: true, ..Rows::default() }
    }

    /// One more column.
    pub fn name(&mut self, name: &str, plain: Option<Found>) {
        if !self.index.contains_key(name) {
            self.index.insert(name.to_owned(), self.named.len());
            self.named.push(Named { name: name.to_owned(), plain });
        }
    }

    /// All columns of others, as a star gives them.
    pub fn star(&mut self, others: &Rows) {
        for named in &others.named {
            self.name(&named.name, None);
        }
        self.open |= others.open;
        for relation in &others.through {
            if !self.through.contains(relation) {
                self.through.push(relation.clone());
            }
        }
        if self.through.len() > MOST_CANDIDATES {
            self.through.clear();
            self.open = true;
        }
    }

    /// The same columns, the first of them by other names.
    pub fn renamed(&self, names: &[String]) -> Rows {
        let mut rows = Rows { open: self.open, through: self.through.clone(), ..Rows::default() };
        names.iter().for_each(|name| rows.name(name, None));
        // Which columns of a relation are renamed can't be told.
        let kept = if self.through.is_empty() { names.len() } else { 0 };
        for named in self.named.iter().skip(kept) {
            rows.name(&named.name, named.plain.clone());
        }
        rows
    }

    /// The column of this name: what it is, where it is one as it was found.
    pub fn named(&self, name: &str) -> Option<Option<&Found>> {
        self.index.get(name).map(|index| self.named[*index].plain.as_ref())
    }

    /// How much there is to look at.
    pub fn len(&self) -> usize {
        self.named.len() + self.through.len()
    }
}

/// An item of FROM, or the target of a change.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The name that qualifies its columns.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its columns.
    pub rows: Rc<Rows>,
    /// Its columns have to be qualified: `excluded`, `old`, `new`.
    pub aside: bool,
}

/// What an item of FROM is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A relation.
    Relation(Relation),
    /// Rows that the text makes.
    Rows,
    /// A relation around a piece of a query.
    Hidden,
}

/// The items in sight at one level of a query, and those of the queries around it.
#[derive(Clone, Copy)]
pub(super) struct Frame<'s> {
    pub sources: &'s [Source],
    pub outer: Option<&'s Frame<'s>>,
}

impl<'s> Frame<'s> {
    /// Nothing in sight.
    pub const EMPTY: Frame<'static> = Frame { sources: &[], outer: None };

    /// From the inside to the outside.
    fn levels(&'s self) -> impl Iterator<Item = &'s Frame<'s>> {
        std::iter::successors(Some(self), |frame| frame.outer)
    }

    /// How many items there are to look at.
    pub fn len(&self) -> usize {
        self.levels().map(|frame| frame.sources.len()).sum()
    }

    /// The item that a qualifier means.
    pub fn source(&'s self, schema: Option<&str>, name: &str) -> Option<&'s Source> {
        let fits = |source: &&Source| match (schema, &source.kind) {
            (None, _) => source.name == name,
            (Some(schema), Kind::Relation((written, relation))) => {
                source.name == name && relation == name && written.as_ref().is_none_or(|s| s == schema)
            }
            _ => false,
        };
        self.levels().find_map(|frame| frame.sources.iter().find(fits))
    }

    /// What a name without qualifier may mean; `None` if no relation's column. `piece`: there is a
    /// query around the text.
    pub fn column(&self, name: &str, piece: bool) -> Option<Found> {
        let mut found = Found::default();
        let mut own = false;
        for frame in self.levels() {
            let sources = || frame.sources.iter().filter(|source| !source.aside);
            own = sources().any(|source| source.rows.named(name).is_some());
            if own {
                break;
            }
            sources().for_each(|source| found.add(&source.rows));
        }
        found.elsewhere |= own || piece;
        if found.candidates.len() > MOST_CANDIDATES {
            return Some(Found::unknown());
        }
        (!found.candidates.is_empty() || (piece && !own)).then_some(found)
    }
}

impl Source {
    /// What a column of it is; `None` if no relation's column.
    pub fn column(&self, name: &str) -> Option<Found> {
        match self.kind {
            Kind::Hidden => return Some(Found::unknown()),
            _ if self.rows.named(name).is_some() => return None,
            _ => {}
        }
        let mut found = Found::default();
        found.add(&self.rows);
        (!found.candidates.is_empty()).then_some(found)
    }
}
