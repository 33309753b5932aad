//! A plan for a terminal.

use super::{backfill_line, backfill_sql, beside, code_line, heading, held};
use crate::human::HumanOptions;
use plan::{Outline, OutlineDeploy, OutlineFile};
use source::shown;
use std::fmt::Write;

/// A plan for people.
pub fn plan_text(outline: &Outline, options: &HumanOptions) -> String {
    let bold = |text: &str| if options.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() };
    let mut out = String::new();
    let names = outline.migrations.join(", ");
    let title = match (outline.deploys.len(), outline.refused.is_empty()) {
        (_, false) => format!("{names}: no path"),
        (0, true) => format!("{names}: nothing to do, it can be deployed as it is"),
        (1, true) => format!("{names}: 1 deploy"),
        (n, true) => format!("{names}: {n} deploys"),
    };
    let _ = writeln!(out, "{}", bold(&title));
    for part in &outline.parts {
        let _ = writeln!(out, "\n  {} ({})\n    {}", part.title, part.recipe, part.why);
        for advice in &part.advice {
            let _ = writeln!(out, "    note: {advice}");
        }
    }
    for deploy in &outline.deploys {
        let _ = writeln!(out, "\n{}", bold(&format!("Deploy {}: {}", deploy.number, heading(deploy))));
        of_deploy(deploy, &mut out);
    }
    for refused in &outline.refused {
        let _ = writeln!(out, "\n  {}: {}", refused.migration, refused.what);
        let _ = writeln!(out, "    {}", refused.why);
    }
    out
}

fn of_deploy(deploy: &OutlineDeploy, out: &mut String) {
    for (n, gate) in deploy.needs.iter().enumerate() {
        let _ = writeln!(out, "  {} {gate}", if n == 0 { "once" } else { " and" });
    }
    for file in &deploy.files {
        of_file(file, out);
    }
    for backfill in &deploy.backfills {
        let _ = writeln!(out, "  backfills/{}.sql: {}", backfill.name, backfill_line(backfill));
        let _ = writeln!(out, "    | {}", backfill_sql(backfill));
    }
    for patch in &deploy.schema {
        let _ = writeln!(out, "  {}", patch.file);
        for line in patch.patch.lines().skip(2) {
            let _ = writeln!(out, "    | {line}");
        }
    }
    if let Some(line) = code_line(deploy) {
        let _ = writeln!(out, "  {line}");
    }
    let back = &deploy.back;
    if !back.sql.is_empty() {
        let _ = writeln!(out, "  the way back");
    }
    for sql in &back.sql {
        let _ = writeln!(out, "    | {sql};");
    }
    for lost in &back.lost {
        let _ = writeln!(out, "    lost: {lost}");
    }
    for left in &back.not_reversed {
        let _ = writeln!(out, "    not reversed: {left}");
    }
}

fn of_file(file: &OutlineFile, out: &mut String) {
    let place = if file.waits { "contract/" } else { "" };
    let _ = writeln!(out, "  {place}{}.sql", file.name);
    for line in file.sql.lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(out, "    | {line}");
    }
    for lock in &file.locks {
        let (relation, held) = (shown(&lock.relation), held(lock));
        let _ = writeln!(out, "    {} on {relation}, {held}: {}", lock.mode, lock.who_waits);
    }
    for work in &file.reads {
        let _ = writeln!(out, "    {}", beside(work));
    }
}
