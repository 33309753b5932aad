//! A schema goes, and what the deployed app uses in it.

use crate::prelude::*;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "drop-schema",
    group: Group::BreaksOldApp,
    severity: Severity::Error,
    summary: "a schema is dropped with what the deployed app uses in it",
};

/// DROP SCHEMA .. CASCADE: one finding for all that goes along.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for at in cx.steps() {
        for change in at.changes() {
            let Change::SchemaDropped(schema) = change else { continue };
            let inside = |broken: &&crate::broken::Broken<'_>| {
                broken.table.label.split_once('.').is_some_and(|(of, name)| of == schema && name != "*")
            };
            let relations = at.broken(BreakCause::RelationDropped);
            let objects = at.broken(BreakCause::ObjectDropped);
            let lost: Vec<_> = relations.iter().chain(&objects).filter(inside).collect();
            let Some(first) = lost.first() else { continue };
            let mut names: Vec<String> = lost.iter().map(|broken| format!("`{}`", broken.shown())).collect();
            names.dedup();
            out.push(
                at.finding(&META, format!("drops schema `{schema}` with {}", listed(&names)))
                    .about(first.table.label)
                    .on(at.on_part(schema))
                    .why(first.failing())
                    .why("CASCADE takes along everything in the schema, and what other schemas have that depends on it")
                    .fix(
                        "Remove what schema.ts declares in it and every use, cut the DROP out of the generated SQL and \
                         deploy that first. Later drop the objects by name, and then the empty schema without CASCADE.",
                    )
                    .code(format!("-- the next deploy, after its objects\nDROP SCHEMA {};\n", quoted(schema))),
            );
        }
    }
}
