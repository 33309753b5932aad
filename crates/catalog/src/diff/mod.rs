//! What differs between two schemas, and one line that stands for a schema.
//!
//! Both catalogues are written down as entries with facets ([`describe`]); what is compared is what
//! is written down there, and a fingerprint is a hash of the same. Objects are compared by name,
//! constraints by what they demand: where only its name differs, that is said and weighs less.
//! Expressions are compared in a normal form ([`normal()`]); where that can't tell, the difference
//! says so. Order of columns is kept out, since Drizzle names columns in all it sends; so are
//! comments, owners, privileges, storage and statistics.

mod describe;
mod fingerprint;
mod literal;
mod normal;
mod objects;
mod table;

pub use fingerprint::fingerprint;
pub use normal::{Normal, normal};

use crate::Catalog;
use describe::{Entry, describe};
use std::collections::{BTreeMap, BTreeSet};

/// The kinds of what is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A schema.
    Schema,
    /// An extension.
    Extension,
    /// An enum.
    Enum,
    /// A domain.
    Domain,
    /// A composite type.
    Composite,
    /// A range type or a base type.
    OtherType,
    /// A sequence of its own.
    Sequence,
    /// A sequence that a column owns.
    OwnedSequence,
    /// A table.
    Table,
    /// A partition.
    Partition,
    /// A foreign table.
    ForeignTable,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A column of a table.
    Column,
    /// A primary key.
    PrimaryKey,
    /// A unique constraint.
    Unique,
    /// A foreign key.
    ForeignKey,
    /// A CHECK.
    Check,
    /// An exclusion constraint.
    Exclusion,
    /// A NOT NULL that has not been validated.
    NotNull,
    /// An index that belongs to no constraint.
    Index,
    /// A policy.
    Policy,
    /// A trigger.
    Trigger,
    /// A rewrite rule.
    Rule,
    /// A function or procedure.
    Function,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Schema => "schema",
            Kind::Extension => "extension",
            Kind::Enum => "enum",
            Kind::Domain => "domain",
            Kind::Composite => "composite type",
            Kind::OtherType => "type",
            Kind::Sequence | Kind::OwnedSequence => "sequence",
            Kind::Table => "table",
            Kind::Partition => "partition",
            Kind::ForeignTable => "foreign table",
            Kind::View => "view",
            Kind::MaterializedView => "materialized view",
            Kind::Column => "column",
            Kind::PrimaryKey => "primary key",
            Kind::Unique => "unique constraint",
            Kind::ForeignKey => "foreign key",
            Kind::Check => "check constraint",
            Kind::Exclusion => "exclusion constraint",
            Kind::NotNull => "not-null constraint",
            Kind::Index => "index",
            Kind::Policy => "policy",
            Kind::Trigger => "trigger",
            Kind::Rule => "rule",
            Kind::Function => "function",
        }
    }

    /// A constraint, whose name says less than what it demands.
    fn goes_by_meaning(self) -> bool {
        use Kind::{Check, Exclusion, ForeignKey, NotNull, PrimaryKey, Unique};
        matches!(self, PrimaryKey | Unique | ForeignKey | Check | Exclusion | NotNull)
    }
}

/// What is compared.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Kinds and facets that are left out; a facet of `None` is the kind as a whole.
    pub without: Vec<(Kind, Option<&'static str>)>,
    /// The schemas that are looked at; empty means all.
    pub schemas: Vec<String>,
    /// Schemas that are left out.
    pub except_schemas: Vec<String>,
    /// Relations that are left out, with the sequences that they own.
    pub except_relations: Vec<crate::QName>,
}

/// One difference. "Left" and "right" are the catalogues in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub kind: Kind,
    /// The object with its schema; for a column, constraint, index, policy or trigger the table.
    pub object: String,
    /// The column, constraint, index, policy or trigger.
    pub part: Option<String>,
    /// What differs.
    pub what: What,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The right one does not have it; what it is, in short (it may be empty).
    OnlyLeft(String),
    /// The left one does not have it; what it is, in short.
    OnlyRight(String),
    /// Both have it, and this is not the same.
    Facet {
        /// What of it: `type`, `default`, `condition` ..
        facet: &'static str,
        /// On the left.
        left: String,
        /// On the right.
        right: String,
    },
    /// The same but for its name.
    Name {
        /// On the left.
        left: String,
        /// On the right.
        right: String,
    },
    /// Written in two ways, and nobody here can tell whether they mean the same.
    Undecided {
        /// What of it.
        facet: &'static str,
        /// On the left.
        left: String,
        /// On the right.
        right: String,
    },
}

impl Difference {
    /// Whether the schemas mean different things, as far as can be known: more than a name, and more
    /// than partitions, which come and go as rows do. What can't be decided is no agreement.
    pub fn is_drift(&self) -> bool {
        match self.what {
            // Partitions come and go as rows do.
            What::OnlyLeft(_) | What::OnlyRight(_) => self.kind != Kind::Partition,
            What::Facet { .. } | What::Undecided { .. } => true,
            What::Name { .. } => false,
        }
    }
}

/// Every difference between two schemas, by kind and name.
pub fn diff(left: &Catalog, right: &Catalog) -> Vec<Difference> {
    diff_within(left, right, &Scope::default())
}

/// The differences in what `scope` has in view.
pub fn diff_within(left: &Catalog, right: &Catalog, scope: &Scope) -> Vec<Difference> {
    let mut places: BTreeMap<Place, (Vec<Entry>, Vec<Entry>)> = BTreeMap::new();
    for entry in describe(left, scope) {
        places.entry(place(&entry)).or_default().0.push(entry);
    }
    for entry in describe(right, scope) {
        places.entry(place(&entry)).or_default().1.push(entry);
    }
    let mut found = Vec::new();
    for (_, (left, right)) in places {
        pair(left, right, &mut found);
    }
    // What belongs to a table goes without saying where the table is missing.
    let missing: BTreeSet<String> = found
        .iter()
        .filter(|d| d.part.is_none() && matches!(d.what, What::OnlyLeft(_) | What::OnlyRight(_)))
        .map(|d| d.object.clone())
        .collect();
    found.retain(|d| d.part.is_none() || !missing.contains(&d.object));
    found.sort_by(|a, b| {
        (&a.object, a.part.is_some(), a.kind, &a.part).cmp(&(&b.object, b.part.is_some(), b.kind, &b.part))
    });
    found
}

/// Entries that may be the same object.
type Place = (Kind, String);

fn place(entry: &Entry) -> Place {
    (entry.kind, entry.object.clone())
}

/// Pairs the entries of one place: constraints by meaning and then by name, all else by name and
/// then by meaning.
fn pair(mut left: Vec<Entry>, mut right: Vec<Entry>, found: &mut Vec<Difference>) {
    type Same = fn(&Entry, &Entry) -> bool;
    let whole: Same = |a, b| a.part == b.part && a.meaning == b.meaning;
    let name: Same = |a, b| a.part == b.part;
    let meaning: Same = |a, b| a.meaning.is_some() && a.meaning == b.meaning;
    let by_meaning = left.first().or(right.first()).is_some_and(|entry| entry.kind.goes_by_meaning());
    let order: [Same; 3] = if by_meaning { [whole, meaning, name] } else { [whole, name, meaning] };
    for same in order {
        let mut rest = Vec::new();
        for one in left {
            match right.iter().position(|other| same(&one, other)) {
                Some(at) => compare(&one, &right.remove(at), found),
                None => rest.push(one),
            }
        }
        left = rest;
    }
    // One expression each that can't be told from the other.
    let mut rest = Vec::new();
    for one in left {
        let alike = |other: &Entry| one.loose.is_some() && one.loose == other.loose;
        match right.iter().position(alike) {
            Some(at) => compare(&one, &right.remove(at), found),
            None => rest.push(one),
        }
    }
    found.extend(rest.into_iter().map(|entry| alone(entry, What::OnlyLeft)));
    found.extend(right.into_iter().map(|entry| alone(entry, What::OnlyRight)));
}

fn alone(entry: Entry, side: fn(String) -> What) -> Difference {
    Difference { kind: entry.kind, object: entry.object, part: entry.part, what: side(entry.text) }
}

fn compare(left: &Entry, right: &Entry, found: &mut Vec<Difference>) {
    let mut say = |what| {
        found.push(Difference {
            kind: left.kind,
            object: left.object.clone(),
            part: left.part.clone(),
            what,
        });
    };
    if left.part != right.part
        && let (Some(left), Some(right)) = (&left.part, &right.part)
    {
        say(What::Name { left: left.clone(), right: right.clone() });
    }
    for one in &left.facets {
        let Some(other) = right.facets.iter().find(|other| other.what == one.what) else { continue };
        if one.strict == other.strict {
            continue;
        }
        let (facet, left, right) = (one.what, one.text.clone(), other.text.clone());
        match one.loose == other.loose || one.opaque || other.opaque {
            true => say(What::Undecided { facet, left, right }),
            false => say(What::Facet { facet, left, right }),
        }
    }
}
