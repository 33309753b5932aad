//! Runs the rules and puts the findings in order.

use crate::context::Context;
use crate::rules::{RULES, Rule};
use drizzle::Project;
use facts::Analysis;
use source::{Diagnostic, RuleMeta};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// The findings of every rule on every judged set, in order.
pub fn lint(analysis: &Analysis, project: &Project) -> Vec<Diagnostic> {
    let mut found = findings(analysis, project);
    in_order(&mut found, project);
    found
}

/// The findings of every rule on every judged set, set by set; [`in_order`] sorts them.
pub fn findings(analysis: &Analysis, project: &Project) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for set in 0..analysis.sets.len() {
        let drift = OnceCell::new();
        let cx = Context { analysis, project, set, drift: &drift };
        for rule in RULES {
            (rule.check)(cx, &mut found);
        }
    }
    found
}

/// Each finding once: by migration, what is about no migration first; then by harm, then by place.
pub fn in_order(found: &mut Vec<Diagnostic>, project: &Project) {
    let mut said = HashSet::new();
    let fresh: Vec<bool> = found
        .iter()
        .map(|d| said.insert((d.rule, d.primary.file.path.as_str(), d.primary.span, d.what.as_str())))
        .collect();
    let mut fresh = fresh.into_iter();
    found.retain(|_| fresh.next().unwrap_or(true));
    let order: HashMap<&str, usize> =
        project.migrations.iter().enumerate().map(|(n, migration)| (migration.tag.as_str(), n)).collect();
    found.sort_by_cached_key(|d| {
        let migration = d.migration.as_deref().map(|tag| order.get(tag).copied().unwrap_or(usize::MAX));
        (migration, d.group, d.statement, d.primary.span, d.rule)
    });
}

/// What is fixed about the rule of this name, those of crate `drizzle` among them.
pub fn rule(name: &str) -> Option<&'static RuleMeta> {
    let own = RULES.iter().map(|rule: &Rule| rule.meta);
    own.chain(drizzle::rules::ALL.iter().copied()).find(|meta| meta.name == name)
}

#[cfg(test)]
mod tests {
    use super::rule;
    use facts::{BreakCause, FailureCause};

    /// The rules that tell of a break.
    fn of_break(cause: BreakCause) -> &'static [&'static str] {
        match cause {
            BreakCause::ColumnDropped => &["drop-column", "view-loses-column"],
            BreakCause::ColumnRenamed => &["rename-column", "view-loses-column"],
            BreakCause::RelationDropped => &["drop-table", "drop-view"],
            BreakCause::RelationRenamed => &["rename-table", "move-table"],
            BreakCause::RequiredColumn => &["required-column"],
            BreakCause::NotNull => &["set-not-null-old-writers"],
            BreakCause::DefaultDropped => &["drop-default"],
            BreakCause::TypeNarrowed => &["narrowing-type-change"],
            BreakCause::ViewRetyped => &["view-loses-column"],
            BreakCause::NewConstraint => &["new-constraint-old-writes"],
            BreakCause::ConflictTarget => &["drop-conflict-target"],
            BreakCause::RowSecurity | BreakCause::RowCondition => &["rls-hides-rows"],
            BreakCause::StartsOver => &["identity-starts-over"],
            BreakCause::Generated => &["generated-column-old-writes"],
            BreakCause::EnumValue => &["remove-enum-value", "rename-enum-value"],
            BreakCause::Privilege => &["revoke-privilege"],
            BreakCause::ObjectDropped => {
                &["drop-type", "rename-type", "drop-routine", "drop-sequence", "drop-schema"]
            }
            // No harm: the migration runs before the deploy.
            BreakCause::NotThereYet => &[],
        }
    }

    /// The rules that tell of a failure.
    fn of_failure(cause: FailureCause) -> &'static [&'static str] {
        match cause {
            FailureCause::NotNull => &["fails-on-existing-rows", "required-column"],
            FailureCause::Check
            | FailureCause::Unique
            | FailureCause::ForeignKey
            | FailureCause::Exclude
            | FailureCause::Cast
            | FailureCause::PartitionBound
            | FailureCause::Write
            | FailureCause::Copy => &["fails-on-existing-rows"],
            FailureCause::NeedsUsing | FailureCause::DefaultCast => &["type-change-needs-using"],
            FailureCause::UsedElsewhere => &["type-change-used-elsewhere"],
            FailureCause::InTransaction => &["concurrently-in-transaction"],
            FailureCause::EnumValueTooEarly => &["enum-value-used-too-early"],
            FailureCause::Dependents => &["dependent-objects"],
            FailureCause::Missing => &["missing-object"],
            FailureCause::Duplicate => &["duplicate-object"],
            FailureCause::Version | FailureCause::Refused | FailureCause::Observed => &["refused-statement"],
            FailureCause::Syntax => &["syntax-error"],
        }
    }

    #[test]
    fn every_cause_has_a_rule() {
        use BreakCause as B;
        use FailureCause as F;
        let breaks = [
            B::ColumnDropped,
            B::ColumnRenamed,
            B::RelationDropped,
            B::RelationRenamed,
            B::RequiredColumn,
            B::NotNull,
            B::DefaultDropped,
            B::TypeNarrowed,
            B::NewConstraint,
            B::ConflictTarget,
            B::RowSecurity,
            B::RowCondition,
            B::StartsOver,
            B::Generated,
            B::EnumValue,
            B::Privilege,
            B::ObjectDropped,
        ];
        let failures = [
            F::NotNull,
            F::Check,
            F::NeedsUsing,
            F::UsedElsewhere,
            F::InTransaction,
            F::EnumValueTooEarly,
            F::Dependents,
            F::Missing,
            F::Duplicate,
            F::Refused,
            F::Syntax,
        ];
        let breaks = breaks.into_iter().flat_map(of_break);
        let failures = failures.into_iter().flat_map(of_failure);
        for name in breaks.chain(failures) {
            assert!(rule(name).is_some(), "{name}");
        }
    }
}
