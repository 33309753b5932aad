//! Folds the facts over a history: every statement of every pending set, with the schema that it
//! met, the transaction that it ran in and the apps that meet its result.

mod apart;
mod item;

use crate::analysis::{Analysis, JudgedSet, Options, PendingSet, Runner, Step};
use crate::app::App;
use crate::deployed::Deployed;
use crate::model::{Facts, Operation};
use crate::predict::{Context, predict};
use crate::session::{Boundary, Session};
use crate::settled::settled;
use crate::{body, predict};
use catalog::{Applied, Catalog, Change, apply};
use drizzle::{Migration, Project};
use item::{Item, in_order, is_begin};
use rayon::prelude::*;
use source::SourceFile;
use sql::{Parsed, Stmt};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Parses the whole history, replays it, and judges the pending sets.
pub fn analyze(project: &Project, sets: &[PendingSet], options: &Options) -> Analysis {
    let mut all = empty(options);
    all.end = analyze_each(project, sets, options, &mut |one| {
        let (set, first) = (all.sets.len(), all.steps.len());
        all.sets.extend(one.sets.into_iter().map(|judged| JudgedSet {
            steps: judged.steps.start + first..judged.steps.end + first,
            ..judged
        }));
        all.steps.extend(one.steps.into_iter().map(|step| Step { set: step.set + set, ..step }));
    });
    all
}

/// The same, handing each judged set over by itself as soon as it is done, so that a long history
/// does not have to be held in memory with every schema that it went through. Returns the schema
/// after the whole history.
pub fn analyze_each(
    project: &Project,
    sets: &[PendingSet],
    options: &Options,
    done: &mut dyn FnMut(Analysis),
) -> Arc<Catalog> {
    let mut set_of = vec![None; project.migrations.len()];
    for (n, set) in sets.iter().enumerate() {
        for migration in &set.migrations {
            if let Some(slot) = set_of.get_mut(*migration) {
                *slot = Some(n);
            }
        }
    }
    let mut fold = Fold {
        catalog: Arc::new(Catalog::new()),
        analysis: empty(options),
        transactions: 0,
        current: None,
        ran_outside: None,
        waiting: &project.waiting,
        done,
    };
    // One window is replayed while the next one is parsed.
    let mut windows = project.migrations.chunks(WINDOW);
    let mut ready = all_parsed(windows.next().unwrap_or_default());
    let mut first = 0;
    while !ready.is_empty() {
        let next = windows.next().unwrap_or_default();
        let mut replay = || {
            for (at, chunks) in ready.drain(..).enumerate() {
                let n = first + at;
                let set = set_of[n];
                if fold.current.as_ref().map(|current| current.request) != set {
                    fold.finish();
                    if let Some(request) = set {
                        fold.start(request, &sets[request]);
                    }
                }
                if set.is_some() {
                    fold.migration(project, n, chunks);
                } else {
                    fold.replay(&project.migrations[n].tag, chunks);
                }
            }
        };
        let mut parsed = Vec::new();
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| parsed = all_parsed(next));
            replay();
        });
        ready = parsed;
        first += WINDOW;
    }
    fold.finish();
    fold.catalog
}

/// Migrations that are parsed side by side before they are replayed one by one.
const WINDOW: usize = 128;

fn all_parsed(migrations: &[Migration]) -> Vec<Vec<Parsed>> {
    migrations.par_iter().map(parsed).collect()
}

fn parsed(migration: &Migration) -> Vec<Parsed> {
    let text = &migration.file.text;
    migration.chunks.iter().map(|chunk| sql::parse(chunk.of(text), chunk.start)).collect()
}

/// Whether a time zone is never ahead of UTC or behind it; other zones without an offset are taken to have one.
/// TimestampTimestampTzRequiresRewrite in timestamp.c asks for the offset.
fn is_utc(zone: &str) -> bool {
    let name = zone.to_ascii_uppercase();
    let plain = name.strip_prefix("ETC/").unwrap_or(&name);
    matches!(
        plain,
        "UTC" | "UCT" | "GMT" | "GMT0" | "GMT+0" | "GMT-0" | "GREENWICH" | "UNIVERSAL" | "ZULU" | "0"
    )
}

fn empty(options: &Options) -> Analysis {
    Analysis { sets: Vec::new(), steps: Vec::new(), end: Arc::default(), options: options.clone() }
}

struct Current {
    request: usize,
    session: Session,
    deployed: Deployed,
    /// Relations that statements so far put rows into.
    filled: BTreeSet<String>,
}

struct Fold<'a> {
    catalog: Arc<Catalog>,
    /// The set at hand.
    analysis: Analysis,
    transactions: u32,
    current: Option<Current>,
    /// See [`JudgedSet::ran_outside`].
    ran_outside: Option<Arc<str>>,
    /// See [`Project::waiting`].
    waiting: &'a [Arc<SourceFile>],
    done: &'a mut dyn FnMut(Analysis),
}

impl Fold<'_> {
    /// Applies a migration that is not judged.
    fn replay(&mut self, tag: &str, chunks: Vec<Parsed>) {
        let mut saved: Option<Arc<Catalog>> = None;
        let mut open = true;
        for statement in chunks.iter().flat_map(|chunk| &chunk.statements) {
            if let Stmt::Transaction(control) = &statement.stmt {
                open = match control {
                    sql::Transaction::Begin => true,
                    sql::Transaction::Commit { chain } | sql::Transaction::Rollback { chain } => *chain,
                    _ => open,
                };
            }
            if open && predict::transaction::needs_no_transaction(&statement.stmt).is_some() {
                self.ran_outside = Some(tag.into());
            }
            match &statement.stmt {
                Stmt::Transaction(sql::Transaction::Begin) => saved = Some(self.catalog.clone()),
                Stmt::Transaction(sql::Transaction::Rollback { .. }) => {
                    if let Some(saved) = saved.take() {
                        self.catalog = saved;
                    }
                }
                stmt if body::has_body(stmt) => {
                    body::run(Arc::make_mut(&mut self.catalog), stmt, &mut |_, _, _, _| {});
                }
                stmt => {
                    apply(Arc::make_mut(&mut self.catalog), stmt);
                }
            }
        }
    }

    fn start(&mut self, request: usize, set: &PendingSet) {
        self.transactions += 1;
        let mut old_apps = set.old_apps.clone();
        if old_apps.is_empty() {
            old_apps.push(Arc::new(App::stand_in(self.catalog.clone())));
        }
        let at = self.analysis.steps.len();
        self.analysis.sets.push(JudgedSet {
            start: self.catalog.clone(),
            end: self.catalog.clone(),
            settled: None,
            old_apps: old_apps.clone(),
            new_app: set.new_app.clone(),
            steps: at..at,
            migrations: set.migrations.clone(),
            ran_outside: self.ran_outside.clone(),
        });
        self.current = Some(Current {
            request,
            session: Session::begin(&self.catalog, self.transactions),
            deployed: Deployed::new(&self.catalog, &old_apps, set.new_app.clone(), &self.analysis.options),
            filled: BTreeSet::new(),
        });
    }

    fn finish(&mut self) {
        let Some(mut current) = self.current.take() else { return };
        let Some(set) = self.analysis.sets.last_mut() else { return };
        set.end = self.catalog.clone();
        set.settled = settled(&self.catalog, self.waiting);
        set.steps.end = self.analysis.steps.len();
        let steps = &mut self.analysis.steps[set.steps.clone()];
        current.deployed.committed(&self.catalog, steps);
        let refused = |step: &&Step| {
            step.facts.failures.iter().any(|f| f.cause == crate::model::FailureCause::InTransaction)
        };
        if let Some(step) = steps.iter().rfind(refused) {
            self.ran_outside = Some(step.tag.as_str().into());
        }
        self.transactions = current.session.last_number();
        let fresh = empty(&self.analysis.options);
        let mut judged = std::mem::replace(&mut self.analysis, fresh);
        judged.end = self.catalog.clone();
        (self.done)(judged);
    }

    fn migration(&mut self, project: &Project, n: usize, chunks: Vec<Parsed>) {
        let migration = &project.migrations[n];
        let apart = self.analysis.options.runner == Runner::Brolly;
        if apart {
            self.transaction_of_its_own();
        }
        let mut index = 0;
        // A statement that can't run in a transaction has ended that of the runner.
        let mut ended = false;
        for chunk in chunks {
            let several = !apart && chunk.statements.len() + chunk.errors.len() > 1;
            let mut implicit = false;
            let items = in_order(chunk);
            for item in items {
                if apart {
                    ended = self.taken_out(&item, ended);
                }
                let Some(current) = &mut self.current else { return };
                if several && current.session.transaction().is_none() && !is_begin(&item) {
                    current.session.open(&self.catalog);
                    implicit = true;
                }
                let step = Step {
                    set: self.analysis.sets.len() - 1,
                    migration: n,
                    tag: migration.tag.clone(),
                    index,
                    file: migration.file.clone(),
                    span: item.span(),
                    statement: None,
                    error: None,
                    transaction: current.session.transaction(),
                    lock_timeout: current.session.setting("lock_timeout").map(str::to_owned),
                    before: self.catalog.clone(),
                    after: self.catalog.clone(),
                    changes: Vec::new(),
                    facts: Facts::default(),
                };
                index += 1;
                self.step(step, item);
            }
            if implicit && let Some(current) = &mut self.current {
                let open = current.session.transaction().is_some();
                if open && current.session.close() {
                    self.commit();
                }
            }
        }
    }

    fn commit(&mut self) {
        let (Some(current), Some(set)) = (&mut self.current, self.analysis.sets.last()) else { return };
        let start = set.steps.start;
        current.deployed.committed(&self.catalog, &mut self.analysis.steps[start..]);
    }

    fn step(&mut self, mut step: Step, item: Item) {
        let statement = match item {
            Item::Error(error) => {
                step.facts.unknown.push(error.message.clone());
                step.facts.failures.push(crate::predict::syntax(&error));
                step.error = Some(error);
                self.analysis.steps.push(step);
                return;
            }
            Item::Statement(statement) => Arc::new(*statement),
        };
        step.statement = Some(statement.clone());
        let Some(current) = &mut self.current else { return };
        let start = &self.analysis.sets[step.set].start;
        let version = self.analysis.options.version;
        let zone = current.session.setting("timezone").unwrap_or(&self.analysis.options.time_zone);
        let utc = is_utc(zone);
        let bodies_checked = current.session.is_on("check_function_bodies").unwrap_or(true);
        let mut catalog = Catalog::clone(&self.catalog);
        let mut boundary = Boundary::None;
        let mut facts = Facts::default();
        let mut changes = Vec::new();
        if body::has_body(&statement.stmt) {
            let (enum_values, filled) = (&current.session.enum_values, &current.filled);
            let mut judge = |stmt: &Stmt, before: &Catalog, after: &Catalog, run: body::Run<'_>| {
                let cx = Context {
                    before,
                    after,
                    applied: run.applied,
                    start,
                    version,
                    utc,
                    bodies_checked,
                    filled,
                    conditional: run.conditional,
                    in_code: matches!(statement.stmt, Stmt::Do(_) | Stmt::Call(_)),
                };
                let mut inner = predict(stmt, cx);
                predict::enums::too_early(stmt, before, enum_values, version, &mut inner);
                predict::transaction::outside_only(stmt, true, &mut inner);
                if run.swallowed {
                    inner.failures.clear();
                }
                body::merge(&mut facts, inner);
                changes.extend(run.applied.changes.iter().cloned());
            };
            let unknown = body::run(&mut catalog, &statement.stmt, &mut judge);
            facts.unknown.extend(unknown);
        } else {
            let applied: Applied = apply(&mut catalog, &statement.stmt);
            let cx = Context {
                before: &self.catalog,
                after: &catalog,
                applied: &applied,
                start,
                version,
                utc,
                bodies_checked,
                filled: &current.filled,
                conditional: false,
                in_code: false,
            };
            facts = predict(&statement.stmt, cx);
            predict::enums::too_early(
                &statement.stmt,
                &self.catalog,
                &current.session.enum_values,
                version,
                &mut facts,
            );
            let open = current.session.transaction().is_some();
            predict::transaction::outside_only(&statement.stmt, open, &mut facts);
            changes = applied.changes;
        }
        for change in &changes {
            if let Change::EnumValueAdded { ty, value } = change {
                let fresh = current.session.at_begin().user_type(*ty).is_none();
                if !(fresh && version.0 >= 17) {
                    current.session.enum_values.push((*ty, value.clone()));
                }
            }
        }
        let mut control = None;
        match &statement.stmt {
            Stmt::Transaction(transaction) => {
                if let sql::Transaction::RollbackTo(_) = transaction {
                    facts.unknown.push("ROLLBACK TO a savepoint is not followed".to_owned());
                }
                control = Some(transaction);
            }
            Stmt::Set(set) => current.session.set(set),
            Stmt::Query(query) => current.session.set_by_call(query),
            _ => {}
        }
        let mut catalog = Arc::new(catalog);
        if let Some(transaction) = control {
            boundary = current.session.control(transaction, &catalog);
        }
        if boundary == Boundary::RolledBack {
            catalog = current.session.at_begin().clone();
        }
        step.after = catalog.clone();
        step.facts = facts;
        step.changes = changes;
        let alone = step.transaction.is_none();
        self.catalog = catalog;
        let inserted = step.facts.writes.iter().filter(|write| write.operation == Operation::Insert);
        current.filled.extend(inserted.map(|write| write.relation.clone()));
        current.deployed.saw(&step);
        self.analysis.steps.push(step);
        if boundary == Boundary::Committed || (alone && boundary == Boundary::None) {
            self.commit();
        }
    }
}
