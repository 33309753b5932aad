//! What a rule sees: a judged set, its statements, and shorthands for the questions that most rules
//! ask.

use crate::place;
use catalog::written::sql_name;
use catalog::{Catalog, Change, QName, Relation, RelationId};
use drizzle::Project;
use facts::{Analysis, Difference, Facts, Failure, FailureCause, JudgedSet, Lock, Step};
use source::shown;
use source::{Diagnostic, Evidence, Label, Remedy, RuleMeta, Span};
use std::cell::OnceCell;
use std::sync::Arc;

/// One judged set.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// All facts.
    pub analysis: &'a Analysis,
    /// The project that they are about.
    pub project: &'a Project,
    /// Which set.
    pub set: usize,
    /// Where its last snapshot and its SQL part ways; worked out for the first rule that asks.
    pub(crate) drift: &'a OnceCell<Vec<Difference>>,
}

impl<'a> Context<'a> {
    /// The set itself.
    pub fn judged(&self) -> &'a JudgedSet {
        &self.analysis.sets[self.set]
    }

    /// Its statements in the order in which they run.
    pub fn steps(&self) -> impl Iterator<Item = At<'a>> + use<'a> {
        let cx = *self;
        self.judged().steps.clone().map(move |at| At { cx, at, step: &cx.analysis.steps[at] })
    }

    /// Whether an id was given out in this set, so that what it stands for is new.
    pub fn is_new(&self, id: u32) -> bool {
        id >= self.judged().start.watermark()
    }
}

impl Context<'_> {
    /// Columns that the deployed app declares with a type of this name and that are there when the set
    /// ends, as `users.mood`.
    pub fn declared_with(&self, ty: &QName) -> Vec<String> {
        let end = &self.judged().end;
        let mut found = Vec::new();
        let apps = &self.judged().old_apps;
        for (app, name) in apps.iter().flat_map(|app| app.relation_names().into_iter().map(move |n| (app, n)))
        {
            let Some(catalog::Found::Relation(relation)) = end.slot(&name) else { continue };
            let declared = app.relation(&name).map(|relation| relation.into_owned()).unwrap_or_default();
            let columns = declared.columns.iter().filter(|column| is_type(&column.sql_type, ty));
            let kept = columns.filter(|column| relation.column(&column.name).is_some());
            let shown = kept.map(|column| format!("{}.{}", shown(&name.to_string()), column.name));
            let fresh: Vec<String> = shown.filter(|one| !found.contains(one)).collect();
            found.extend(fresh);
        }
        found
    }

    /// A finding about the set as a whole, at the top of its last file.
    pub fn finding(&self, rule: &'static RuleMeta, what: impl Into<String>) -> Option<Diagnostic> {
        let migration = self.project.migrations.get(*self.judged().migrations.last()?)?;
        let first = migration.file.text.lines().next().map_or(0, str::len);
        let place = Label {
            file: Arc::clone(&migration.file),
            span: Span { start: 0, end: first as u32 },
            text: String::new(),
        };
        Some(new_finding(rule, what.into(), place, &migration.tag, None))
    }
}

/// Whether a column's type as an app declares it is this user type, or an array of it.
fn is_type(written: &str, ty: &QName) -> bool {
    let plain = written.trim_end_matches("[]").replace('"', "");
    plain == ty.name || plain == ty.to_string()
}

fn new_finding(
    rule: &'static RuleMeta,
    what: String,
    primary: Label,
    tag: &str,
    statement: Option<usize>,
) -> Diagnostic {
    Diagnostic {
        rule: rule.name,
        group: rule.group,
        severity: rule.severity,
        what,
        why: Vec::new(),
        remedy: Remedy::default(),
        evidence: Evidence::Predicted,
        primary,
        secondary: Vec::new(),
        migration: Some(tag.to_owned()),
        statement,
        relation: None,
        accepted: None,
    }
}

/// One statement of a judged set.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The set.
    pub cx: Context<'a>,
    /// Index into [`Analysis::steps`].
    pub at: usize,
    /// The statement.
    pub step: &'a Step,
}

/// A relation as the facts call it, and what the catalogue knows about it.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// `schema.name`, the name in the facts.
    pub label: &'a str,
    /// The relation when the statement starts (or when it ends, if it is made by it).
    pub relation: Option<&'a Relation>,
}

impl Table<'_> {
    /// For messages.
    pub fn shown(&self) -> &str {
        shown(self.label)
    }

    /// For SQL.
    pub fn sql(&self) -> String {
        match self.relation {
            Some(relation) => sql_name(&relation.name),
            None => {
                let (schema, name) = self.label.split_once('.').unwrap_or(("public", self.label));
                sql_name(&QName::new(schema, name))
            }
        }
    }

    /// Its bare name.
    pub fn name(&self) -> &str {
        self.relation.map_or_else(|| self.label.rsplit('.').next().unwrap_or(self.label), |r| &r.name.name)
    }
}

impl<'a> At<'a> {
    /// What it does.
    pub fn facts(&self) -> &'a Facts {
        &self.step.facts
    }

    /// The statement behind a LOCK TABLE that takes this lock of it anyway, in the same transaction and with no long work
    /// in between: what is locked is then no more than before, and in another order.
    pub fn taken_ahead(&self, lock: &Lock) -> Option<At<'a>> {
        let transaction = self.step.transaction?;
        let all = self.cx.steps().filter(|other| other.at > self.at);
        for other in all.take_while(|other| other.step.transaction == Some(transaction)) {
            let facts = other.facts();
            if facts.locks.iter().any(|one| one.relation == lock.relation && one.mode >= lock.mode)
                && !place::is_lock_table(other.step)
            {
                return Some(other);
            }
            let long = facts.scans.iter().any(|one| !one.new)
                || facts.rewrites.iter().any(|one| !one.new)
                || facts.writes.iter().any(|one| !one.new);
            if long {
                return None;
            }
        }
        None
    }

    /// What it changes.
    pub fn changes(&self) -> &'a [Change] {
        &self.step.changes
    }

    /// Whether one of its changes is so.
    pub fn changes_so(&self, so: impl Fn(&Change) -> bool) -> bool {
        self.changes().iter().any(so)
    }

    /// The relation that the facts call by this name.
    pub fn table(&self, label: &'a str) -> Table<'a> {
        let name = label.split_once('.').map(|(schema, name)| QName::new(schema, name));
        let relation = name.and_then(|name| {
            let catalogs: [&'a Catalog; 3] = [&self.cx.judged().start, &self.step.before, &self.step.after];
            let found = catalogs.into_iter().find_map(|catalog| match catalog.slot(&name) {
                Some(catalog::Found::Relation(relation)) => Some(&**relation),
                _ => None,
            })?;
            Some(self.relation(found.id).unwrap_or(found))
        });
        Table { label, relation }
    }

    /// The relation with this id, as it was when the statement starts, or is when it ends.
    pub fn relation(&self, id: RelationId) -> Option<&'a Relation> {
        let (before, after): (&'a Catalog, &'a Catalog) = (&self.step.before, &self.step.after);
        before.relation(id).or_else(|| after.relation(id)).map(|relation| &**relation)
    }

    /// The relation with this id, as it is when the statement ends.
    pub fn after(&self, id: RelationId) -> Option<&'a Relation> {
        let after: &'a Catalog = &self.step.after;
        after.relation(id).map(|relation| &**relation)
    }

    /// The name by which a relation goes in the facts.
    pub fn label(&self, id: RelationId) -> String {
        self.cx.analysis.label(self.step, id)
    }

    /// Its failures of these kinds.
    pub fn failures(&self, causes: &'static [FailureCause]) -> impl Iterator<Item = &'a Failure> + use<'a> {
        self.facts().failures.iter().filter(|failure| causes.contains(&failure.cause))
    }

    /// A finding about it, on the whole statement until narrowed.
    pub fn finding(&self, rule: &'static RuleMeta, what: impl Into<String>) -> Diagnostic {
        let place = Label { file: Arc::clone(&self.step.file), span: self.step.span, text: String::new() };
        new_finding(rule, what.into(), place, &self.step.tag, Some(self.step.index))
    }

    /// What goes with what it drops though nobody named it: foreign keys, views and tables.
    pub fn taken_along(&self) -> Vec<String> {
        let along = |change: &Change| match change {
            Change::RelationDropped { name, kind, cascade: true, .. } => {
                let sequence = *kind == catalog::RelationKind::Sequence;
                (!sequence).then(|| format!("`{}`", shown(&name.to_string())))
            }
            Change::ConstraintDropped { relation, constraint, cascade: true } => {
                let table = self.after(*relation)?.name.to_string();
                let key = matches!(constraint.kind, catalog::ConstraintKind::ForeignKey { .. });
                key.then(|| format!("foreign key `{}` of `{}`", constraint.name, shown(&table)))
            }
            _ => None,
        };
        self.changes().iter().filter_map(along).collect()
    }

    /// Whether it drops this schema.
    pub fn drops_schema(&self, schema: &str) -> bool {
        self.changes_so(|change| matches!(change, Change::SchemaDropped(dropped) if dropped == schema))
    }

    /// The place of a relation's name.
    pub fn on_name(&self, label: &str) -> Option<Span> {
        place::of_name(self.step, label)
    }

    /// The place of a column's, constraint's or value's name.
    pub fn on_part(&self, part: &str) -> Option<Span> {
        place::of_part(self.step, part)
    }

    /// The place of the one constraint that it adds under a name.
    pub fn on_only_constraint(&self) -> Option<Span> {
        let mut names = self.changes().iter().filter_map(|change| match change {
            Change::ConstraintAdded { name, .. } => Some(name),
            _ => None,
        });
        match (names.next(), names.next()) {
            (Some(name), None) => self.on_part(name),
            _ => None,
        }
    }

    /// The lock that it takes on a relation that existed, if others wait for it.
    pub fn blocking_lock(&self, label: &str) -> Option<&'a Lock> {
        self.facts()
            .locks
            .iter()
            .find(|lock| lock.relation == label && !lock.new && lock.mode.blocks_writes())
    }

    /// The earlier statement of the same transaction that took, and so still holds, a lock on a
    /// relation for which others wait.
    pub fn held_lock(&self, label: &str) -> Option<(At<'a>, &'a Lock)> {
        let cx = self.cx;
        let transaction = self.step.transaction?;
        (cx.judged().steps.start..self.at)
            .map(|at| At { cx, at, step: &cx.analysis.steps[at] })
            .filter(|other| other.step.transaction == Some(transaction))
            .find_map(|other| other.blocking_lock(label).map(|lock| (other, lock)))
    }

    /// Which lock, who waits, and until when.
    pub fn lock_line(&self, label: &str) -> Option<String> {
        let lock = self.blocking_lock(label)?;
        let guard = if lock.conditional { ", if its condition holds" } else { "" };
        Some(format!(
            "takes {} on `{}`{guard}: {} {}",
            lock.mode,
            shown(label),
            lock.mode.who_waits(),
            self.until()
        ))
    }

    /// [`At::lock_line`] for a relation first, then for every other that it locks.
    pub fn lock_lines(&self, label: &str) -> Vec<String> {
        let others =
            self.facts().locks.iter().map(|lock| lock.relation.as_str()).filter(|other| *other != label);
        std::iter::once(label).chain(others).filter_map(|label| self.lock_line(label)).collect()
    }

    /// How long what the statement locks stays locked.
    pub fn until(&self) -> String {
        let Some(transaction) = self.step.transaction else { return "until the statement ends".to_owned() };
        let steps = self.cx.judged().steps.end;
        let later = self.cx.analysis.steps[self.at + 1..steps]
            .iter()
            .filter(|other| other.transaction == Some(transaction))
            .count();
        match later {
            0 => "until the transaction commits".to_owned(),
            1 => "until the transaction commits, one statement later".to_owned(),
            n => format!("until the transaction commits, {n} statements later"),
        }
    }
}
