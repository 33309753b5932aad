//! Names and differences for people.

use catalog::{Difference, QName, RelationKind, What};
use source::shown;

/// An object for people.
pub(super) fn label(name: &QName) -> String {
    shown(&name.to_string()).to_owned()
}

/// A part of a relation for people: `users.name`.
pub(super) fn part(relation: &QName, part: &str) -> String {
    format!("{}.{part}", label(relation))
}

/// The words for a kind of relation, as `DROP` has them.
pub(super) fn kind(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table | RelationKind::Partitioned => "TABLE",
        RelationKind::Foreign => "FOREIGN TABLE",
        RelationKind::View => "VIEW",
        RelationKind::MaterializedView => "MATERIALIZED VIEW",
        RelationKind::Sequence => "SEQUENCE",
        RelationKind::Composite => "TYPE",
    }
}

/// The object of a difference.
pub(super) fn object(difference: &Difference) -> String {
    let object = shown(&difference.object);
    match &difference.part {
        Some(part) => format!("{object}.{part}"),
        None => object.to_owned(),
    }
}

/// A difference that is left, seen from the schema before.
pub(super) fn difference(difference: &Difference) -> String {
    let what = format!("{} {}", difference.kind.word(), object(difference));
    match &difference.what {
        What::OnlyLeft(_) => format!("{what}, which is not made again"),
        What::OnlyRight(_) => format!("{what}, which stays"),
        What::Facet { facet, left, right } | What::Undecided { facet, left, right } => {
            format!("{what}: its {facet} stays {right}, and was {left}")
        }
        What::Name { left, right } => format!("{what}: it stays named {right}, and was named {left}"),
    }
}
