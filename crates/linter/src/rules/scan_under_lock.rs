//! A table is read whole while others wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "scan-under-lock",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "a constraint or NOT NULL is checked against all rows while writes wait",
};

/// Validations of existing rows under a lock that the same statement takes.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let facts = at.facts();
        let mut seen: Vec<&str> = Vec::new();
        for scan in &facts.scans {
            let reads = matches!(
                scan.cause,
                ScanCause::NotNull
                    | ScanCause::Check
                    | ScanCause::ForeignKey
                    | ScanCause::PartitionBound
                    | ScanCause::Domain
                    | ScanCause::Reindex
                    | ScanCause::Observed
            );
            // A rewrite or an index build of the same table is the same wait, told by its own rule.
            let told = facts.rewrites.iter().any(|other| other.relation == scan.relation)
                || facts.scans.iter().any(|other| {
                    other.cause == ScanCause::ConstraintIndex && other.relation == scan.relation
                })
                || (scan.cause == ScanCause::ForeignKey && is_retyped_key(at))
                || seen.contains(&scan.relation.as_str());
            if scan.new || !reads || told || is_required_column(at, scan.column.as_deref(), scan.cause) {
                continue;
            }
            if at.blocking_lock(&scan.relation).is_none() {
                continue;
            }
            seen.push(&scan.relation);
            out.push(finding(at, scan));
        }
    }
}

/// `ADD COLUMN .. NOT NULL` without a default fails on the first row: another rule.
fn is_required_column(at: At<'_>, column: Option<&str>, cause: ScanCause) -> bool {
    cause == ScanCause::NotNull
        && at.changes_so(
            |change| matches!(change, Change::ColumnAdded { name, .. } if Some(name.as_str()) == column),
        )
}

/// A foreign key that is made again since the type of its column changed: the rewrite is the finding.
fn is_retyped_key(at: At<'_>) -> bool {
    !at.facts().rewrites.is_empty()
        && !at.changes_so(|change| matches!(change, Change::ConstraintAdded { .. }))
}

fn finding(at: At<'_>, scan: &facts::Cost<ScanCause>) -> Diagnostic {
    let table = at.table(&scan.relation);
    let added = at.changes().iter().find_map(|change| match change {
        Change::ConstraintAdded { relation, name, with_column } => {
            Some((at.after(*relation)?, at.after(*relation)?.constraint(name)?, with_column.is_some()))
        }
        _ => None,
    });
    let name = added.filter(|_| scan.column.is_none()).map(|(_, constraint, _)| constraint.name.as_str());
    let part = scan.column.as_deref().or(name);
    let finding = at
        .finding(
            &META,
            format!(
                "reads all of `{}` {} while {}",
                table.shown(),
                purpose(scan),
                waiters(at, &scan.relation)
            ),
        )
        .about(&scan.relation)
        .on(part.and_then(|part| at.on_part(part)).or_else(|| at.on_name(&scan.relation)))
        .whys(at.lock_lines(&scan.relation))
        .why("every row is read under that lock: the wait grows with the number of rows");
    match (scan.cause, &scan.column, added) {
        (ScanCause::NotNull, Some(column), _) => finding
            .fix("Prove it first: a CHECK that is NOT VALID, validated in a later deploy, spares SET NOT NULL its scan.")
            .code(remedy::not_null_in_steps(&table, column)),
        (ScanCause::Check, Some(_), Some((_, _, true))) => finding.fix(
            "Add the column without the CHECK, then the CHECK as a constraint of its own, NOT VALID, and validate it in a later deploy.",
        ),
        (ScanCause::Check | ScanCause::ForeignKey, _, Some((relation, constraint, _))) => {
            let definition = remedy::plain_definition(at, relation, constraint);
            let on_new = constraint.columns.iter().any(|column| {
                at.cx.judged().start.relation(relation.id).is_some_and(|start| start.column_by_id(*column).is_none())
            });
            let text = match (scan.cause, on_new) {
                (ScanCause::ForeignKey, true) => "Write the key together with its new nullable column, ADD COLUMN .. REFERENCES, which reads nothing; or add it NOT VALID and validate it in a later deploy.",
                _ => "Add it NOT VALID, and VALIDATE it in a later deploy: not in the next file, which runs in the same transaction under the same lock.",
            };
            let finding = finding.fix(text);
            if let Some(code) = on_new.then(|| remedy::inline_key(at, relation, constraint)).flatten() {
                return finding.code(code);
            }
            let owner = Table { label: &scan.relation, relation: Some(relation) };
            match definition {
                Some(definition) => finding.code(remedy::in_two_steps(&owner, &constraint.name, &definition)),
                None => finding,
            }
        }
        (ScanCause::PartitionBound, ..) => finding.fix(
            "Before, add a CHECK that repeats the bound NOT VALID and validate it in a deploy of its own; then ATTACH reads nothing.",
        ),
        _ => finding.fix("Split it: what reads the rows in a later deploy, under a lock that lets writes go on."),
    }
}

fn purpose(scan: &facts::Cost<ScanCause>) -> String {
    let column = scan.column.as_deref().map_or(String::new(), |column| format!(" of `{column}`"));
    match scan.cause {
        ScanCause::NotNull => format!("to check NOT NULL{column}"),
        ScanCause::Check => format!("to check a CHECK{column}"),
        ScanCause::ForeignKey => "to check a foreign key".to_owned(),
        ScanCause::PartitionBound => "to check a partition bound".to_owned(),
        ScanCause::Domain => format!("to check a domain{column}"),
        _ => format!("to rebuild indexes{column}"),
    }
}

fn waiters(at: At<'_>, label: &str) -> &'static str {
    match at.blocking_lock(label) {
        Some(lock) if lock.mode.blocks_reads() => "reads and writes wait",
        _ => "writes wait",
    }
}
