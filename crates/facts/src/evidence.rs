//! Holds what would break against what the code of an app does: a break stands where a query was found
//! that fails, is possible where the code declares what goes and no such query was found, and is none
//! where nothing of the kind is sent.
//!
//! Without code nothing changes here: the declaration alone decides then.

use crate::app::App;
use crate::app_code::{AppCode, Cited};
use crate::breaks::Found;
use crate::model::{Break, BreakCause, Operation};
use catalog::QName;
use code::{Certainty, Columns, Role, Use};
use std::sync::Arc;

/// The breaks as the code of the app leaves them, with the uses that they stand on.
pub(crate) fn weighed(app: &App, found: Vec<Found>) -> Vec<Found> {
    let Some(code) = &app.code else { return found };
    let mut weighed = Vec::with_capacity(found.len());
    let mut rest = found.into_iter().peekable();
    while let Some(first) = rest.next() {
        let mut group = vec![first];
        while let Some(next) = rest.next_if(|next| next.is_with(&group[0])) {
            group.push(next);
        }
        let about =
            About { app, code, name: name_of(&group[0].one.relation), version: code.version.label().into() };
        weighed.extend(about.group(group));
    }
    weighed
}

/// What the new app can't do yet, if it does it at all.
pub(crate) fn of_new_app(app: &App, name: &QName, column: &str, mut one: Break) -> Option<Break> {
    let Some(code) = &app.code else { return Some(one) };
    let about = About { app, code, name: name.clone(), version: code.version.label().into() };
    one.uses = about.uses(|found| fits(one.operation, found) && found.columns.include(column));
    let sent = one.uses.iter().any(Cited::is_sure);
    let unread = code.stands_in(name, Some(column)).is_some();
    (sent || unread).then_some(one)
}

/// The relation that a break is about.
fn name_of(label: &str) -> QName {
    let (schema, name) = label.split_once('.').unwrap_or(("public", label));
    QName::new(schema, name)
}

impl Found {
    /// Whether it is the same change that breaks another kind of query.
    fn is_with(&self, other: &Found) -> bool {
        let key = |found: &Found| (found.at, found.sure, found.one.cause, found.one.sqlstate);
        key(self) == key(other)
            && self.one.relation == other.one.relation
            && self.one.column == other.one.column
            && self.one.reason == other.one.reason
    }
}

/// Whether a use is of such a query. What could not be followed into a query is taken for a select.
fn fits(operation: Operation, found: &Use) -> bool {
    match operation {
        Operation::Select => {
            matches!(found.role, Role::Select | Role::Filter | Role::Returning | Role::Named)
        }
        Operation::Insert => found.role == Role::Insert,
        Operation::Update => found.role == Role::Update,
        Operation::Delete => found.role == Role::Delete,
        Operation::Upsert => found.role == Role::Conflict,
    }
}

/// A relation and the code that has to do with it.
struct About<'a> {
    app: &'a App,
    code: &'a AppCode,
    name: QName,
    version: Arc<str>,
}

impl About<'_> {
    /// Weighs breaks that are one change.
    fn group(&self, mut group: Vec<Found>) -> Vec<Found> {
        let Some(first) = group.first() else { return group };
        let (cause, column) = (first.one.cause, first.one.column.clone());
        let includes = |found: &Use| column.as_deref().is_none_or(|column| found.columns.include(column));
        match cause {
            BreakCause::ColumnDropped
            | BreakCause::ColumnRenamed
            | BreakCause::RelationDropped
            | BreakCause::RelationRenamed => group = self.named(group),
            BreakCause::RequiredColumn
            | BreakCause::NotNull
            | BreakCause::DefaultDropped
            | BreakCause::StartsOver => {
                group = self.inserted(group);
            }
            BreakCause::TypeNarrowed | BreakCause::Generated => {
                let uses =
                    self.uses(|found| matches!(found.role, Role::Insert | Role::Update) && includes(found));
                group = self.sent(group, uses);
            }
            BreakCause::ViewRetyped => group = self.sent(group, self.uses(includes)),
            BreakCause::EnumValue => {
                let role = |role: Role| matches!(role, Role::Insert | Role::Update | Role::Filter);
                group = self.sent(group, self.uses(|found| role(found.role) && includes(found)));
            }
            // Over several columns, of which the break names the first.
            BreakCause::NewConstraint => {
                let uses = self.uses(|found| matches!(found.role, Role::Insert | Role::Update));
                group = self.sent(group, uses);
            }
            BreakCause::ConflictTarget => {
                group = self.sent(group, self.uses(|found| found.role == Role::Conflict));
            }
            // What can't be read can't be found by a WHERE either.
            BreakCause::RowSecurity | BreakCause::RowCondition
                if group.iter().any(|found| found.one.operation == Operation::Select) =>
            {
                let uses = self.uses(|found| found.role != Role::Type);
                group.iter_mut().for_each(|found| found.one.uses.clone_from(&uses));
            }
            BreakCause::RowSecurity | BreakCause::RowCondition => {
                let sent = |one: Found| {
                    let uses = self.uses(|found| fits(one.one.operation, found));
                    self.sent(vec![one], uses)
                };
                group = group.into_iter().flat_map(sent).collect();
            }
            BreakCause::Privilege | BreakCause::ObjectDropped | BreakCause::NotThereYet => {}
        }
        for found in &mut group {
            found.one.versions = vec![self.version.clone()];
        }
        group
    }

    fn uses(&self, wanted: impl Fn(&Use) -> bool) -> Vec<Cited> {
        let found = self.code.uses(&self.name).iter().filter(|found| wanted(found));
        let mut uses: Vec<Cited> =
            found.map(|found| Cited { version: self.version.clone(), found: found.clone() }).collect();
        Cited::in_order(&mut uses);
        uses
    }

    /// A relation or column that goes, or changes its name.
    fn named(&self, mut group: Vec<Found>) -> Vec<Found> {
        let column = group.first().and_then(|found| found.one.column.clone());
        let column = column.as_deref();
        for found in &mut group {
            let operation = found.one.operation;
            found.one.uses = self.uses(|found| {
                fits(operation, found) && column.is_none_or(|column| found.columns.include(column))
            });
        }
        let declared = self.app.relation(&self.name);
        let declared = declared.is_some_and(|relation| {
            column.is_none_or(|column| relation.columns.iter().any(|other| other.name == column))
        });
        // Only what names a thing that is not declared any more may be a leftover that never runs.
        let least = if declared { Certainty::Likely } else { Certainty::Certain };
        let stands = |found: &Found| found.one.uses.first().is_some_and(|one| one.found.certainty >= least);
        if group.iter().any(stands) {
            group.retain(stands);
            return group;
        }
        if let Some(why) = self.code.stands_in(&self.name, column) {
            for found in &mut group {
                found
                    .one
                    .reason
                    .push_str(&format!(" (by its snapshot: the code could not be read whole, {why})"));
            }
            return group;
        }
        group.iter_mut().for_each(|found| found.sure = false);
        if group.iter().any(|found| !found.one.uses.is_empty()) {
            group.retain(|found| !found.one.uses.is_empty());
            let why = group[0].one.uses[0].found.why.clone();
            group.iter_mut().for_each(|found| found.one.reason.push_str(&format!(", perhaps ({why})")));
            return group;
        }
        group.truncate(1);
        let place = self.code.declared(&self.name, column);
        let place = place.map(|at| format!(" at {}:{}", at.file, at.line)).unwrap_or_default();
        for found in &mut group {
            found.one.reason.push_str(&format!("{place}, and no query that names it was found"));
        }
        group
    }

    /// A column that inserts must give from now on.
    fn inserted(&self, mut group: Vec<Found>) -> Vec<Found> {
        let column = group.first().and_then(|found| found.one.column.clone()).unwrap_or_default();
        let mut uses = self.uses(|found| found.role == Role::Insert);
        if uses.is_empty() && group[0].one.cause == BreakCause::NotNull {
            // Who only updates may still write NULL.
            let updates = self.uses(|found| found.role == Role::Update && found.columns.include(&column));
            if !updates.is_empty() {
                group.truncate(1);
                (group[0].one.operation, group[0].sure) = (Operation::Update, false);
                uses = updates;
            }
        }
        if !self.code.uses(&self.name).iter().any(|found| found.role == Role::Conflict) && group.len() > 1 {
            group.retain(|found| found.one.operation != Operation::Upsert);
        }
        let possible = !uses.iter().any(Cited::is_sure);
        if possible && self.code.stands_in(&self.name, None).is_none() {
            group.iter_mut().for_each(|found| found.sure = false);
        }
        self.sent(group, uses)
    }

    /// Breaks that need such a query: none where no such query is sent.
    fn sent(&self, mut group: Vec<Found>, mut uses: Vec<Cited>) -> Vec<Found> {
        if uses.is_empty() {
            // Code that isn't known may do anything with a table that is handed to it.
            let whole = |columns: &Columns| matches!(columns, Columns::All | Columns::AllBut(_));
            uses = self.uses(|found| found.role == Role::Named && whole(&found.columns));
            group.iter_mut().filter(|_| !uses.is_empty()).for_each(|found| found.sure = false);
        }
        if uses.is_empty() {
            if self.code.stands_in(&self.name, None).is_some() {
                return group;
            }
            let Some(gap) = self.code.gaps.first() else { return Vec::new() };
            for found in &mut group {
                found.sure = false;
                let place = format!("{}:{}", gap.place.file, gap.place.line);
                found.one.reason.push_str(&format!(
                    "; no such query was found, but not all code could be read ({place}: {})",
                    gap.what
                ));
            }
            return group;
        }
        group.iter_mut().for_each(|found| found.one.uses.clone_from(&uses));
        group
    }
}
