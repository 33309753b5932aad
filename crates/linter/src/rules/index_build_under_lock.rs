//! A constraint builds its index while reads and writes wait.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "index-build-under-lock",
    group: Group::Blocks,
    severity: Severity::Error,
    summary: "a constraint or ATTACH PARTITION builds an index under ACCESS EXCLUSIVE",
};

/// Constraints, and partitions that lack an index of their parent, that build one on a table that existed.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        let facts = at.facts();
        out.extend(attached(at));
        let rewritten = |label: &str| facts.rewrites.iter().any(|rewrite| rewrite.relation == label);
        let built = facts
            .scans
            .iter()
            .find(|scan| scan.cause == ScanCause::ConstraintIndex && !scan.new && !rewritten(&scan.relation));
        let Some(scan) = built else { continue };
        let table = at.table(&scan.relation);
        let added = at.changes().iter().find_map(|change| match change {
            Change::ConstraintAdded { relation, name, .. } => {
                let relation = at.after(*relation)?;
                relation
                    .constraint(name)
                    .filter(|added| added.index().is_some())
                    .map(|added| (relation, added))
            }
            _ => None,
        });
        let name = added.map_or("", |(_, added)| added.name.as_str());
        let subject =
            added.map_or("a constraint".to_owned(), |(_, added)| format!("{} `{name}`", added.noun()));
        let finding = at
            .finding(
                &META,
                format!("{subject} builds its index on `{}` while reads and writes wait", table.shown()),
            )
            .about(&scan.relation)
            .on(at.on_part(name).or_else(|| at.on_name(&scan.relation)))
            .whys(at.lock_line(&scan.relation))
            .why("the table is read whole and sorted: the wait grows with the number of rows");
        let unique = added.and_then(|(relation, added)| {
            let kind = match added.kind {
                catalog::ConstraintKind::Unique(_) => "UNIQUE",
                catalog::ConstraintKind::PrimaryKey(_) => "PRIMARY KEY",
                _ => return None,
            };
            let columns = catalog::written::column_list(&relation.column_names(&added.columns));
            Some(remedy::constraint_from_index(&table, name, &columns, kind))
        });
        out.push(match unique {
            Some(code) => finding
                .fix(format!("Build a unique index CONCURRENTLY and hand it to the constraint, which then is a matter of milliseconds. {}", remedy::OWN_FILE))
                .code(code),
            None => finding.fix("An EXCLUDE constraint can't take over an index: add it to a new table and move the rows over, or plan a maintenance window."),
        });
    }
}

/// Indexes of the parent that ATTACH PARTITION builds on the partition.
fn attached(at: At<'_>) -> Option<Diagnostic> {
    let (parent, partition) = at.changes().iter().find_map(|change| match change {
        Change::PartitionAttached { parent, partition } => Some((*parent, at.label(*partition))),
        _ => None,
    })?;
    let built =
        |scan: &&facts::Cost<ScanCause>| scan.cause == ScanCause::IndexBuild && scan.relation == partition;
    let scan = at.facts().scans.iter().find(built).filter(|scan| !scan.new)?;
    let (partition, parent) = (shown(&scan.relation), at.label(parent));
    let parent = shown(&parent);
    Some(
        at.finding(
            &META,
            format!("ATTACH PARTITION builds an index of `{parent}` on `{partition}` while reads and writes wait"),
        )
        .about(&scan.relation)
        .on(at.on_name(&scan.relation))
        .whys(at.lock_line(&scan.relation))
        .why("the partition is read whole and sorted: the wait grows with the number of rows")
        .fix(format!(
            "Before, build an index on `{partition}` CONCURRENTLY for each index of `{parent}`, with the same columns, and \
             hand it to a constraint where the parent has one; ATTACH takes them over. {}",
            remedy::OWN_FILE
        )),
    )
}
