//! `brolly uses`: where a version of the code names a table or a column.

mod human;
pub mod json;
mod named;

use crate::Outcome;
use crate::args::{CodeFormat, Places, UsesArguments};
use crate::disk::Disk;
use crate::errors::Error;
use crate::past::taken_out;
use crate::projects::{self, Target};
use crate::versions::{Start, Version, Versions};
use code::{Certainty, Code, Gap, Place, Use};
use drizzle::{Project, QName};
use git::Commit;
use named::{Known, Subject, Wanted};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a version of the code says of one table or column.
pub struct Answer {
    /// The project's folder, where there are several answers.
    pub project: String,
    /// The version.
    pub version: Arc<Version>,
    /// The table or view.
    pub relation: QName,
    /// The column; `None` for the whole relation.
    pub column: Option<String>,
    /// Where and how it is declared.
    pub declared: Option<Declaration>,
    /// Its uses as far as they are sure enough, surest first, then by place.
    pub uses: Vec<Use>,
    /// How many are certain, likely and possible, those that are left out included.
    pub counts: [usize; 3],
    /// What could not be read, and may hide something.
    pub gaps: Vec<Gap>,
    /// Where no code names it: the commit that did away with it.
    pub last_named: Option<Commit>,
    /// What the reader should know of how it was read.
    pub notes: Vec<String>,
}

/// How something is declared.
pub struct Declaration {
    /// Its name in TypeScript, where it has one.
    pub key: Option<String>,
    /// What it is: the type of a column, `table` or `view`.
    pub what: String,
    /// Where.
    pub place: Place,
}

/// Says where code names a table or column.
pub fn uses(disk: &Disk, wanted: &UsesArguments) -> Result<Outcome, Error> {
    let (targets, mut notes) = targets(disk, &wanted.places)?;
    let name = Wanted::parse(&wanted.name);
    let mut versions = Versions::new(disk);
    let mut answers = Vec::new();
    let mut known = Known::default();
    for target in &targets {
        let version = match &wanted.at {
            Some(reference) => versions.at(&target.project, reference)?,
            None => versions.now(&target.project),
        };
        let found = answered(&mut versions, &version, &target.project, &name, &mut known, &mut notes);
        answers.extend(found.into_iter().map(|answer| answer.at_least(wanted.at_least.certainty())));
    }
    if answers.is_empty() {
        let at = targets.first().map_or_else(String::new, |_| match &wanted.at {
            Some(reference) => format!("at {reference}"),
            None => "in the working tree".to_owned(),
        });
        return Err(Error::NoSuchName { name: wanted.name.clone(), at, near: known.near(&name) });
    }
    let output = match wanted.format {
        CodeFormat::Human => human::text(&answers),
        CodeFormat::Json => json::document(&answers),
    };
    Ok(Outcome { output, notes, ..Outcome::default() })
}

/// The projects to look at. Where there are no migrations, the code is looked at all the same.
fn targets(disk: &Disk, places: &Places) -> Result<(Vec<Target>, Vec<String>), Error> {
    match projects::find(disk, places) {
        Ok(found) => Ok((found.targets, found.notes)),
        Err(Error::NoProject { .. }) if places.paths.is_empty() && places.out.is_empty() => {
            let (mut project, _) = drizzle::load_sql_files(disk, &[]);
            let config = places.config.first().cloned();
            let config = config.or_else(|| drizzle::find_configs(disk, ".").into_iter().next());
            project.config = config.map(|path| drizzle::read_config(disk, &disk.tidy(&path)).0);
            project.dir = ".".to_owned();
            Ok((vec![Target { project, diagnostics: Vec::new(), named: None }], Vec::new()))
        }
        Err(error) => Err(error),
    }
}

/// The answers of one project: none where it knows nothing of that name.
fn answered(
    versions: &mut Versions<'_>,
    version: &Arc<Version>,
    project: &Project,
    name: &Wanted,
    known: &mut Known,
    notes: &mut Vec<String>,
) -> Vec<Answer> {
    let start = versions.start(version, project);
    let guessed = name.relations();
    let (mut code, note) = versions.code(version, &start, Some(&guessed));
    notes.extend(note);
    known.add_code(&code);
    let mut subjects = name.subjects(&code);
    let relations: BTreeSet<QName> = subjects.iter().map(|(relation, _)| relation.clone()).collect();
    if !relations.is_subset(&guessed) {
        // A table of another schema than `public`, named without it.
        let (again, note) = versions.code(version, &start, Some(&relations));
        notes.extend(note);
        (code, subjects) = (again, name.subjects(&code));
    }
    let undeclared = |(relation, column): &Subject| is_undeclared(&code, relation, column);
    if subjects.iter().all(undeclared) {
        known.add_history(project);
        subjects.retain(|subject| is_named(&code, subject) || known.has(subject));
        if subjects.is_empty() {
            subjects.extend(name.known_to(known));
        }
    }
    let mut about = |subject: Subject| answer(versions, version, project, (&start, &code), subject);
    let mut answers: Vec<Answer> = subjects.into_iter().map(&mut about).collect();
    if answers.is_empty() {
        // Neither code nor migrations know it, and yet there may have been a time when code did.
        let once = name.possible(&code).into_iter().map(about);
        answers.extend(once.filter(|one| one.last_named.is_some()));
    }
    answers
}

fn is_undeclared(code: &Code, relation: &QName, column: &Option<String>) -> bool {
    let known = code.schema.relation(relation);
    known.is_none_or(|known| column.as_ref().is_some_and(|column| known.column(column).is_none()))
}

fn is_named(code: &Code, (relation, column): &Subject) -> bool {
    code.uses_of(relation, column.as_deref()).next().is_some()
}

fn answer(
    versions: &mut Versions<'_>,
    version: &Arc<Version>,
    project: &Project,
    (start, code): (&Start, &Code),
    (relation, column): Subject,
) -> Answer {
    let mut uses: Vec<Use> = code.uses_of(&relation, column.as_deref()).cloned().collect();
    uses.sort_by_key(|found| std::cmp::Reverse(found.certainty));
    let count = |certainty| uses.iter().filter(|found| found.certainty == certainty).count();
    let counts = [Certainty::Certain, Certainty::Likely, Certainty::Possible].map(count);
    let declared = declaration(code, &relation, column.as_deref());
    let mut notes: Vec<String> =
        start.note.iter().map(|note| format!("{}: {note}", version.label())).collect();
    if let Some(why) = code.schema.relation(&relation).and_then(|known| known.open.as_ref()) {
        notes.push(format!("the columns of {relation} are not all known: {why}"));
    }
    notes.extend(version.files.unread().into_iter().map(|(path, why)| format!("{path} was not read: {why}")));
    let gone = declared.is_none() && uses.is_empty();
    let subject = (&relation, column.as_deref());
    let last_named = if gone { taken_out(versions, project, version, &code.schema, subject) } else { None };
    Answer {
        project: project.dir.clone(),
        version: version.clone(),
        relation,
        column,
        declared,
        uses,
        counts,
        gaps: code.gaps.clone(),
        last_named,
        notes,
    }
}

fn declaration(code: &Code, relation: &QName, column: Option<&str>) -> Option<Declaration> {
    let known = code.schema.relation(relation)?;
    let Some(column) = column else {
        let what = match known.kind {
            code::RelationKind::Table => "table",
            code::RelationKind::View => "view",
            code::RelationKind::MaterializedView => "materialized view",
            code::RelationKind::Existing => "view that is made elsewhere",
        };
        let what = format!("{what} of {}", counted(known.columns.len(), "column"));
        return Some(Declaration { key: known.export.clone(), what, place: known.place.clone() });
    };
    let column = known.column(column)?;
    let mut what = column.sql_type.clone().unwrap_or_else(|| "unknown type".to_owned());
    for (holds, word) in [
        (column.not_null, " NOT NULL"),
        (column.default, ", with a default"),
        (column.generated, ", generated"),
        (column.identity, ", identity"),
        (column.app_default, ", the app gives a value"),
    ] {
        what.push_str(if holds { word } else { "" });
    }
    Some(Declaration { key: Some(column.key.clone()), what, place: column.place.clone() })
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

impl Answer {
    /// Without the uses that are less sure.
    fn at_least(mut self, least: Certainty) -> Answer {
        self.uses.retain(|found| found.certainty >= least);
        self
    }

    /// The table or column as people write it: `users.full_name`, `auth.users`.
    pub fn subject(&self) -> String {
        let relation = match self.relation.schema.as_str() {
            "public" => self.relation.name.clone(),
            _ => self.relation.to_string(),
        };
        match &self.column {
            Some(column) => format!("{relation}.{column}"),
            None => relation,
        }
    }
}
