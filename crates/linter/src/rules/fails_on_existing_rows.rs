//! A statement fails on rows that the table may hold.

use crate::prelude::*;
use crate::units;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "fails-on-existing-rows",
    group: Group::Fails,
    severity: Severity::Error,
    summary: "NOT NULL, UNIQUE, CHECK, a foreign key or a cast fails on rows that are there",
};

/// Failures that depend on rows. Validation by itself, or an index built outside of a transaction, is
/// left alone: those are the ways to find out without harm.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    const ROWS: &[FailureCause] = &[
        FailureCause::NotNull,
        FailureCause::Check,
        FailureCause::Unique,
        FailureCause::ForeignKey,
        FailureCause::Exclude,
        FailureCause::Cast,
        FailureCause::PartitionBound,
        FailureCause::Write,
        FailureCause::Copy,
    ];
    for at in cx.steps() {
        // What fails for certain fails for that reason, whatever the rows hold.
        let certain = |failure: &facts::Failure| {
            failure.certainty == facts::Certainty::Always && !ROWS.contains(&failure.cause)
        };
        if at.facts().failures.iter().any(certain) {
            continue;
        }
        let validates = at.changes_so(|change| matches!(change, Change::ConstraintValidated { .. }));
        let required = at.broken(BreakCause::RequiredColumn);
        let mut told = Vec::new();
        for failure in at.failures(ROWS) {
            let sure = failure.certainty != facts::Certainty::DependsOnData;
            // Nearly every INSERT could meet a constraint; only what is sure to is worth a word.
            let harmless = validates || at.step.transaction.is_none() || failure.cause == FailureCause::Write;
            let cause = (failure.cause, &failure.column);
            if (!sure && harmless)
                || told.contains(&cause)
                || is_recreation(at, failure)
                || units::is_empty_column(at, failure)
                || required.iter().any(|one| one.column == failure.column.as_deref())
            {
                continue;
            }
            told.push(cause);
            out.push(finding(at, failure, sure));
        }
    }
}

fn finding(at: At<'_>, failure: &facts::Failure, sure: bool) -> Diagnostic {
    let when = plain(&failure.when);
    let (what, severity) = match (sure, failure.cause) {
        (true, _) => (format!("fails: {when}"), Severity::Error),
        // A table that serves has rows, and the copy does not look at them.
        (false, FailureCause::Copy) => (format!("fails if {when}"), Severity::Error),
        (false, _) => (format!("fails if {when}"), Severity::Warning),
    };
    let such = match failure.certainty {
        facts::Certainty::Always => "",
        facts::Certainty::IfRows => " as soon as the table holds a row",
        facts::Certainty::DependsOnData => " on such a row",
    };
    let mut finding = at
        .finding(&META, what)
        .on(at.on_only_constraint().or(failure.span))
        .why(format!(
            "predicted: fails with {}{such}, and everything pending is rolled back",
            failure.sqlstate
        ))
        .fix(advice(failure.cause))
        .weighs(severity);
    if let Some(code) = query(at, failure) {
        finding = finding.code(code);
    }
    match &failure.relation {
        Some(relation) => finding.about(relation),
        None => finding,
    }
}

/// A cast back to an enum that is made anew: rows with a value that went are told by that rule, and the
/// others fit.
fn is_recreation(at: At<'_>, failure: &facts::Failure) -> bool {
    let Some(relation) = failure.relation.as_deref().filter(|_| failure.cause == FailureCause::Cast) else {
        return false;
    };
    let gone = |unit: &units::Recreated<'_>| unit.values.0.iter().any(|value| !unit.values.1.contains(value));
    units::recreated(at.cx, relation, failure.column.as_deref())
        .is_some_and(|unit| !gone(&unit) || unit.is_told(at.cx))
}

fn advice(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::NotNull => {
            "Fill the rows in batches before, in a deploy of its own, and look whether any are left:"
        }
        FailureCause::Unique => {
            "Merge the duplicates before, in a deploy of its own, and look whether any are left:"
        }
        FailureCause::Copy => {
            "End the INSERT with ON CONFLICT DO NOTHING, so that it leaves alone what the app has written meanwhile and can be \
             run again; or leave such rows out with NOT EXISTS."
        }
        FailureCause::Cast => "Look whether every value fits before you deploy, and mend those that don't.",
        _ => {
            "Mend the rows that contradict it before, in a deploy of its own; then add it NOT VALID and validate it later."
        }
    }
}

/// A query that shows the rows at fault.
fn query(at: At<'_>, failure: &facts::Failure) -> Option<String> {
    let table = at.table(failure.relation.as_deref()?);
    let column = failure.column.as_deref()?;
    table.relation?.column(column)?;
    let (sql, name) = (table.sql(), quoted(column));
    match failure.cause {
        FailureCause::NotNull => Some(format!("SELECT count(*) FROM {sql} WHERE {name} IS NULL;\n")),
        FailureCause::Unique => {
            let keys = at.changes().iter().find_map(|change| match change {
                Change::IndexCreated { index, .. } => {
                    let index = at.step.after.index(*index)?;
                    let keys: Option<Vec<_>> = index.keys.iter().copied().collect();
                    Some(at.after(index.table)?.column_names(&keys?))
                }
                _ => None,
            });
            let list = catalog::written::column_list(&keys?);
            Some(format!("SELECT {list}, count(*) FROM {sql} GROUP BY {list} HAVING count(*) > 1;\n"))
        }
        _ => None,
    }
}
