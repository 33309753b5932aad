//! A plan for the description of a pull request.

use super::{backfill_line, backfill_sql, beside, code_line, heading, held};
use plan::Outline;
use source::shown;
use std::fmt::Write;

/// Plans as Markdown.
pub fn plan_markdown(plans: &[Outline]) -> String {
    let mut out = String::new();
    for outline in plans {
        let _ = writeln!(out, "## The safe path of {}\n", outline.migrations.join(", "));
        if outline.deploys.is_empty() && outline.refused.is_empty() {
            let _ = writeln!(out, "Nothing to do: it can be deployed as it is.\n");
        }
        for part in &outline.parts {
            let _ = writeln!(out, "- **{}**: {}", part.title, part.why);
            for advice in &part.advice {
                let _ = writeln!(out, "  - {advice}");
            }
        }
        for deploy in &outline.deploys {
            let _ = writeln!(out, "\n### Deploy {}: {}\n", deploy.number, heading(deploy));
            for gate in &deploy.needs {
                let _ = writeln!(out, "- [ ] {gate}");
            }
            if !deploy.needs.is_empty() {
                out.push('\n');
            }
            for file in &deploy.files {
                let place = if file.waits { "contract/" } else { "" };
                let _ = writeln!(out, "`{place}{}.sql`\n\n```sql\n{}\n```\n", file.name, file.sql.trim_end());
                for lock in &file.locks {
                    let (relation, held) = (shown(&lock.relation), held(lock));
                    let _ = writeln!(out, "{} on `{relation}`, {held}: {}.\n", lock.mode, lock.who_waits);
                }
                for work in &file.reads {
                    let _ = writeln!(out, "It {}.\n", beside(work));
                }
            }
            for backfill in &deploy.backfills {
                let _ = writeln!(
                    out,
                    "Backfill `backfills/{}.sql`: {}\n",
                    backfill.name,
                    backfill_line(backfill)
                );
                let _ = writeln!(out, "```sql\n{}\n```\n", backfill_sql(backfill));
            }
            for patch in &deploy.schema {
                let _ = writeln!(out, "`{}`\n\n```diff\n{}```\n", patch.file, patch.patch);
            }
            if let Some(line) = code_line(deploy) {
                let _ = writeln!(out, "{line}\n");
            }
            let back = &deploy.back;
            if !back.sql.is_empty() {
                let sql = back.sql.join(";\n");
                let _ = writeln!(out, "<details><summary>The way back</summary>\n\n```sql\n{sql};\n```\n");
                for line in back.lost.iter().map(|one| format!("Lost: {one}")) {
                    let _ = writeln!(out, "- {line}");
                }
                for line in back.not_reversed.iter().map(|one| format!("Not reversed: {one}")) {
                    let _ = writeln!(out, "- {line}");
                }
                out.push_str("\n</details>\n\n");
            }
        }
        for refused in &outline.refused {
            let _ =
                writeln!(out, "\nNo path for `{}` of {}: {}\n", refused.what, refused.migration, refused.why);
        }
    }
    out
}
