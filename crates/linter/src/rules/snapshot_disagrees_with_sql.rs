//! The newest snapshot and the SQL differ in a type or in NOT NULL.

use crate::drift;
use crate::prelude::*;
use facts::DifferenceKind;

/// What is fixed about it.
pub const META: RuleMeta = RuleMeta {
    name: "snapshot-disagrees-with-sql",
    group: Group::Journal,
    severity: Severity::Warning,
    summary: "the SQL was edited, and the snapshot beside it says something else",
};

/// Differences that appeared in the set and leave queries working: another type, or NOT NULL on one side.
/// What the snapshot declares and the SQL lacks is `schema-ahead-of-migrations`; a column that the
/// snapshot has forgotten is a DROP put off for a later deploy.
pub fn check(cx: Context<'_>, out: &mut Vec<Diagnostic>) {
    for one in drift::appeared(cx) {
        let Some(column) = one.column.as_deref() else { continue };
        let label = one.relation.to_string();
        let name = format!("{}.{column}", shown(&label));
        let (sql, quoted) = (catalog::written::sql_name(&one.relation), quoted(column));
        let (what, code) = match &one.kind {
            DifferenceKind::Type(declared, actual) => (
                format!("the snapshot says `{name}` is {declared}, and the SQL makes it {actual}"),
                format!("ALTER TABLE {sql} ALTER COLUMN {quoted} SET DATA TYPE {declared};\n"),
            ),
            DifferenceKind::NotNull(true) => (
                format!("the snapshot says `{name}` is NOT NULL, and the SQL leaves it nullable"),
                format!("ALTER TABLE {sql} ALTER COLUMN {quoted} SET NOT NULL;\n"),
            ),
            DifferenceKind::NotNull(false) => (
                format!("the snapshot says `{name}` may be NULL, and the SQL makes it NOT NULL"),
                format!("ALTER TABLE {sql} ALTER COLUMN {quoted} DROP NOT NULL;\n"),
            ),
            DifferenceKind::OnlyDeclared | DifferenceKind::OnlyReplayed => continue,
        };
        let found = match drift::last_about(cx, one) {
            Some(at) => Some(at.finding(&META, what).on(at.on_part(column).or_else(|| at.on_name(&label)))),
            None => cx.finding(&META, what),
        };
        let Some(finding) = found else { continue };
        let code = match sql::parse(&code, 0).errors.is_empty() {
            true => code,
            false => format!("-- {code}"),
        };
        out.push(
            finding
                .about(&label)
                .why("drizzle-kit compares schema.ts with the snapshot alone: it will never write the missing change, and the next one that it writes starts from a state that no database has")
                .why("queries are typed by schema.ts, so the app takes the column for what the snapshot says")
                .fix("Make them agree: change schema.ts and generate again, or add what is missing in a migration made with `drizzle-kit generate --custom`:")
                .code(code),
        );
    }
}
