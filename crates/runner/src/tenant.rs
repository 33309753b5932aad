//! What is known of a pending set, said of another schema than `public`: that of a tenant, which `search_path` puts in its
//! place.
//!
//! Only names change. Whether a file names `public` itself, so that this would be wrong, is not asked here.

use facts::Analysis;

/// The analysis with relations of `public` as those of this schema, for all that a run looks up on the server.
pub fn in_schema(analysis: &Analysis, schema: &str) -> Analysis {
    let mut analysis = analysis.clone();
    for step in &mut analysis.steps {
        let facts = &mut step.facts;
        let locks = facts.locks.iter_mut().map(|one| &mut one.relation);
        let rewrites = facts.rewrites.iter_mut().map(|one| &mut one.relation);
        let scans = facts.scans.iter_mut().map(|one| &mut one.relation);
        let writes = facts.writes.iter_mut().map(|one| &mut one.relation);
        for relation in locks.chain(rewrites).chain(scans).chain(writes) {
            rename(relation, schema);
        }
    }
    analysis
}

/// The name of a relation or type of `public`, in this schema.
pub(crate) fn rename(name: &mut String, schema: &str) {
    if let Some(rest) = name.strip_prefix("public.") {
        *name = format!("{schema}.{rest}");
    }
}
