//! A version of the app as its code says it: what it declares, what its queries name, and where.
//!
//! Reading the code is crate `code`'s work; what a migration does to it is weighed in `evidence`.
//! Where the code could not be read, the snapshot of that version stands in, and is said to.

use crate::app::{App, AppColumn, AppRelation, named};
use catalog::QName;
use code::{Certainty, Code, Columns, Gap, Place, RelationKind, Role, Schema, Tree, Use};
use source::{SourceFile, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Which version of the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeVersion {
    /// What it was asked for by: `v2.41`, `origin/main`; `the working tree`.
    pub name: String,
    /// Its commit, shortened; `None` where the files are those of now.
    pub commit: Option<String>,
}

/// What the code of an app says beside what it declares.
pub struct AppCode {
    /// Which version it is.
    pub version: CodeVersion,
    /// What it declares, with the places.
    pub schema: Schema,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// What the snapshot of this version declares.
    pub(crate) snapshot: Option<App>,
    uses: BTreeMap<QName, Vec<Use>>,
    /// Columns that are named and not declared.
    undeclared: BTreeMap<QName, BTreeSet<String>>,
    /// What was taken from the snapshot, with the reason.
    stands_in: BTreeMap<QName, StandIn>,
    files: Arc<dyn Tree + Send + Sync>,
}

/// What a snapshot says of a relation in the code's place.
#[derive(Clone, Debug)]
struct StandIn {
    why: String,
    /// Only these columns; all of them where there are none.
    columns: BTreeSet<String>,
}

/// A use in one version of the app.
#[derive(Clone, Debug, PartialEq)]
pub struct Cited {
    /// The version, for people: `v2.41 (3c1f9a2)`.
    pub version: Arc<str>,
    /// The use.
    pub found: Use,
}

impl App {
    /// The app as a version of its code declares and uses it. `snapshot` is that of the same version: it
    /// stands in where the code could not be read. `files` are the version's, for findings that show lines.
    pub fn of_code(
        code: &Code,
        snapshot: Option<&drizzle::Snapshot>,
        version: CodeVersion,
        files: Arc<dyn Tree + Send + Sync>,
    ) -> App {
        let origin = format!("the code at {}", version.label());
        let snapshot = snapshot.map(|snapshot| App::of_snapshot(snapshot, "the snapshot beside the code"));
        let mut relations = BTreeMap::new();
        let mut stands_in = BTreeMap::new();
        for (name, declared) in &code.schema.relations {
            let name = named(name);
            let beside = snapshot.as_ref().and_then(|app| app.relation(&name));
            let mut relation = of_relation(declared, beside.as_deref());
            if let (Some(why), Some(beside)) = (&declared.open, &beside) {
                let lacking = beside.columns.iter().filter(|column| relation.column(&column.name).is_none());
                let lacking: Vec<AppColumn> = lacking.cloned().collect();
                let columns = lacking.iter().map(|column| column.name.clone()).collect::<BTreeSet<_>>();
                if !columns.is_empty() {
                    stands_in.insert(name.clone(), StandIn { why: why.clone(), columns });
                }
                relation.columns.extend(lacking);
            }
            relations.insert(name, relation);
        }
        let mut enums: BTreeMap<QName, Vec<String>> = code
            .schema
            .enums
            .iter()
            .filter_map(|(name, declared)| Some((named(name), declared.values.clone()?)))
            .collect();
        let hole = code.gaps.iter().find(|gap| gap.in_schema).map(|gap| gap.what.clone());
        let hole = hole.or_else(|| relations.is_empty().then(|| "no table was found in the code".to_owned()));
        if let (Some(why), Some(beside)) = (hole, &snapshot) {
            for name in beside.relation_names() {
                if let (false, Some(relation)) = (relations.contains_key(&name), beside.relation(&name)) {
                    stands_in.insert(name.clone(), StandIn { why: why.clone(), columns: BTreeSet::new() });
                    relations.insert(name, relation.into_owned());
                }
            }
        }
        if let Some(beside) = &snapshot {
            for (name, values) in beside.enums() {
                let known = code.schema.enums.keys().any(|known| named(known) == *name);
                let unread = known || code.gaps.iter().any(|gap| gap.in_schema);
                if unread && !enums.contains_key(name) {
                    enums.insert(name.clone(), values.clone());
                }
            }
        }
        let mut app = App::listed(origin, relations, enums);
        let mut uses: BTreeMap<QName, Vec<Use>> = BTreeMap::new();
        let mut undeclared: BTreeMap<QName, BTreeSet<String>> = BTreeMap::new();
        for found in &code.uses {
            let name = named(&found.relation);
            let declared = app.relation(&name);
            if let (true, Columns::One(column)) = (found.role != Role::Type, &found.columns)
                && declared.as_ref().is_none_or(|relation| relation.column(column).is_none())
            {
                undeclared.entry(name.clone()).or_default().insert(column.clone());
            } else if declared.is_none() && found.role != Role::Type {
                undeclared.entry(name.clone()).or_default();
            }
            uses.entry(name).or_default().push(found.clone());
        }
        app.code = Some(Arc::new(AppCode {
            version,
            schema: code.schema.clone(),
            gaps: code.gaps.clone(),
            snapshot,
            uses,
            undeclared,
            stands_in,
            files,
        }));
        app
    }

    /// Whether it may write NULL to a column: it declares it nullable, and its code, where that was read, does not
    /// rule it out. What inserts leave out is another question.
    pub fn may_write_null(&self, relation: &QName, column: &str) -> bool {
        let declared = self.relation(relation);
        let nullable = declared.as_deref().and_then(|declared| declared.column(column));
        if nullable.is_none_or(|column| column.not_null || column.generated) {
            return false;
        }
        let Some(code) = &self.code else { return true };
        let writes = |found: &Use| match found.role {
            Role::Insert | Role::Update => found.columns.include(column),
            Role::Named => matches!(found.columns, Columns::All | Columns::AllBut(_)),
            _ => false,
        };
        code.uses(relation).iter().any(writes)
            || code.stands_in(relation, None).is_some()
            || !code.gaps.is_empty()
    }
}

impl AppRelation {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&AppColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl CodeVersion {
    /// For people: `v2.41 (3c1f9a2)`.
    pub fn label(&self) -> String {
        match &self.commit {
            Some(commit) if *commit != self.name => format!("{} ({commit})", self.name),
            _ => self.name.clone(),
        }
    }
}

impl AppCode {
    /// The uses of a relation, in the order of files and lines.
    pub fn uses(&self, relation: &QName) -> &[Use] {
        self.uses.get(relation).map_or(&[], Vec::as_slice)
    }

    /// What the code declares under this name.
    pub fn relation(&self, name: &QName) -> Option<&code::Relation> {
        self.schema.relation(&drizzle::QName { schema: name.schema.clone(), name: name.name.clone() })
    }

    /// Where a relation, or a column of it, is declared.
    pub fn declared(&self, relation: &QName, column: Option<&str>) -> Option<&Place> {
        let relation = self.relation(relation)?;
        match column {
            Some(column) => relation.column(column).map(|column| &column.place),
            None => Some(&relation.place),
        }
    }

    /// Why the snapshot had to say that there is such a relation or column, where it had to.
    pub fn stands_in(&self, relation: &QName, column: Option<&str>) -> Option<&str> {
        let stand_in = self.stands_in.get(relation)?;
        let about = match column {
            Some(column) => stand_in.columns.is_empty() || stand_in.columns.contains(column),
            None => stand_in.columns.is_empty(),
        };
        about.then_some(stand_in.why.as_str())
    }

    /// A file of this version with a place in it, if its text is to be had.
    pub fn shown(&self, place: &Place) -> Option<(Arc<SourceFile>, Span)> {
        let text = self.files.read(&place.file)?;
        let file = SourceFile::at(&*place.file, &*text, self.version.commit.clone());
        Some((file, Span::new(place.start, place.end)))
    }

    /// Columns that are named and not declared; `None` where the relation is declared and nothing else of
    /// it is named.
    pub(crate) fn undeclared(&self, relation: &QName) -> Option<&BTreeSet<String>> {
        self.undeclared.get(relation)
    }

    /// Relations that are named and not declared, or with columns that are not.
    pub(crate) fn undeclared_names(&self) -> impl Iterator<Item = &QName> {
        self.undeclared.keys()
    }
}

impl Cited {
    /// Surest first, then in the order of files and lines; of several on one line the surest.
    pub(crate) fn in_order(uses: &mut Vec<Cited>) {
        uses.sort_by_cached_key(|one| (std::cmp::Reverse(one.found.certainty), one.found.clone()));
        let mut lines = BTreeSet::new();
        uses.retain(|one| {
            let place = &one.found.place;
            lines.insert((one.version.clone(), place.file.clone(), place.line))
        });
    }

    /// Whether both are in one line of one version.
    pub fn is_at(&self, other: &Cited) -> bool {
        let place = |one: &Cited| (one.found.place.file.clone(), one.found.place.line);
        self.version == other.version && place(self) == place(other)
    }

    /// Whether such a query is sent, as far as can be seen.
    pub fn is_sure(&self) -> bool {
        self.found.certainty >= Certainty::Likely
    }
}

impl fmt::Debug for AppCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppCode").field("version", &self.version).finish_non_exhaustive()
    }
}

fn of_relation(declared: &code::Relation, beside: Option<&AppRelation>) -> AppRelation {
    let column = |column: &code::Column| AppColumn {
        name: column.name.clone(),
        sql_type: column.sql_type.clone().unwrap_or_else(|| {
            let known = beside.and_then(|beside| beside.column(&column.name));
            known.map(|known| known.sql_type.clone()).unwrap_or_default()
        }),
        not_null: column.not_null,
        default: column.default || column.identity,
        generated: column.generated,
        given: column.app_default || column.on_update,
    };
    AppRelation {
        columns: declared.columns.iter().map(column).collect(),
        view: declared.kind != RelationKind::Table,
        // Of these only snapshots tell.
        constraints: beside.map(|beside| beside.constraints.clone()).unwrap_or_default(),
    }
}
