//! Findings as changes to the text of their migration: the safer form, and the comment that allows it.
//!
//! Says what a remedy comes to in this file where that is one change to one statement. Whether the outcome
//! is any better is for the caller to see: it lints the changed text.

use drizzle::BREAKPOINT;
use facts::Step;
use source::{Diagnostic, Span};
use sql::Stmt;

/// A change to the text of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What it does, for people.
    pub title: String,
    /// What it takes the place of.
    pub span: Span,
    /// What stands there then.
    pub text: String,
}

/// Rules whose remedy takes the place of the statement, or of this deploy's part of it.
const INSTEAD: &[&str] = &[
    "concurrently-in-transaction",
    "detach-partition-blocks",
    "drop-column",
    "drop-default",
    "drop-index-blocks",
    "drop-routine",
    "drop-schema",
    "drop-sequence",
    "drop-table",
    "drop-type",
    "drop-view",
    "index-blocks-writes",
    "index-build-under-lock",
    "keeps-invalid-index",
    "refresh-blocks",
    "reindex-blocks",
    "rename-table",
    "required-column",
    "scan-under-lock",
    "set-not-null-old-writers",
];
/// Rules whose remedy stands at the top of the file.
const ON_TOP: &[&str] = &["no-lock-timeout"];
/// Rules whose remedy follows the statement.
const BEHIND: &[&str] = &["fk-without-index"];
/// Rules about comments and about what can't be read: there is nothing to live with.
const NO_CHOICE: &[&str] = &["ignore-without-reason", "syntax-error", "unused-ignore"];

/// The safer form of what a finding is about. `steps` are all statements of its deploy.
pub fn safer(finding: &Diagnostic, steps: &[Step]) -> Option<Edit> {
    if finding.rule == "unused-ignore" {
        return without_comment(finding);
    }
    let own: Vec<&Step> =
        steps.iter().filter(|step| Some(step.tag.as_str()) == finding.migration.as_deref()).collect();
    let step = own.iter().find(|step| Some(step.index) == finding.statement)?;
    let text = &step.file.text;
    let code = finding.remedy.code.as_deref()?.trim();
    let alone = code.starts_with("COMMIT;");
    if ON_TOP.contains(&finding.rule) {
        let span = Span { start: 0, end: 0 };
        return Some(Edit {
            title: format!("Begin with {code}"),
            span,
            text: format!("{code}\n{BREAKPOINT}\n"),
        });
    }
    let end = end(text, step.span.end as usize);
    if BEHIND.contains(&finding.rule) {
        let title = format!("Add {}", first_line(code));
        return Some(Edit { title, span: Span::new(end, end), text: format!("\n{BREAKPOINT}\n{code}") });
    }
    if !INSTEAD.contains(&finding.rule) || !is_one_thing(step) || (alone && own.len() > 1) {
        return None;
    }
    let span = Span::new(step.span.start as usize, end);
    let now = this_deploy(code)?;
    if now.is_empty() {
        let left: Vec<String> = span.of(text).lines().map(|line| format!("-- {line}")).collect();
        let text = format!("-- left for a later deploy:\n{}", left.join("\n"));
        return Some(Edit { title: "Leave it for a later deploy".to_owned(), span, text });
    }
    let sql = now.lines().find(|line| !line.starts_with("--") && *line != "COMMIT;").unwrap_or(&now);
    Some(Edit { title: format!("Instead: {}", first_line(sql)), span, text: now })
}

/// The comments that allow a finding, each with room for a reason at the end of its line: for the
/// statement, and for the file.
pub fn allow(finding: &Diagnostic, steps: &[Step]) -> Vec<Edit> {
    if NO_CHOICE.contains(&finding.rule) || finding.accepted.is_some() || finding.migration.is_none() {
        return Vec::new();
    }
    let rule = finding.rule;
    let at = finding.primary.span.start;
    let own = steps.iter().filter(|step| step.file.path == finding.primary.file.path);
    let step = own.into_iter().find(|step| match finding.statement {
        Some(index) => step.index == index,
        None => step.span.start <= at && at < step.span.end,
    });
    let here = step.map(|step| {
        let start = step.span.start;
        let before = &step.file.text[..start as usize];
        let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
        // Behind another statement on its line, the comment needs a line of its own.
        let on = if line.trim().is_empty() { "" } else { "\n" };
        let (title, text) =
            (format!("Allow {rule} here, for a reason"), format!("{on}-- brolly-allow {rule}: \n"));
        Edit { title, span: Span { start, end: start }, text }
    });
    let file = Edit {
        title: format!("Allow {rule} in this file, for a reason"),
        span: Span { start: 0, end: 0 },
        text: format!("-- brolly-allow-file {rule}: \n"),
    };
    here.into_iter().chain([file]).collect()
}

/// The part of a remedy that is for this deploy, without its headings; empty where all of it is for later.
/// `None` where it is about more than one statement, or a script.
fn this_deploy(code: &str) -> Option<String> {
    const NOW: &[&str] = &["-- this deploy", "-- this migration", "-- in one deploy"];
    const LATER: &[&str] = &["-- the next deploy", "-- in the next", "-- later", "-- two deploys later"];
    let mut now = Vec::new();
    for line in code.lines() {
        if LATER.iter().any(|heading| line.starts_with(heading)) {
            break;
        }
        let heading = NOW.iter().any(|heading| line.starts_with(heading)) || line.starts_with("-- no SQL");
        if line.starts_with("-- ") && !heading {
            return None;
        }
        if !heading {
            now.push(line);
        }
    }
    Some(now.join("\n").trim().to_owned())
}

/// Whether a statement does one thing, so that what takes its place loses nothing.
fn is_one_thing(step: &Step) -> bool {
    match step.statement.as_deref().map(|statement| &statement.stmt) {
        Some(Stmt::AlterTable(alter)) => alter.commands.len() == 1,
        Some(Stmt::Drop(drop)) => drop.objects.len() == 1,
        Some(Stmt::CreateIndex(_) | Stmt::Rename(_) | Stmt::Refresh(_) | Stmt::Reindex(_)) => true,
        _ => false,
    }
}

/// The end of a statement, its semicolon included.
fn end(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let space = rest.len() - rest.trim_start().len();
    if rest[space..].starts_with(';') { end + space + 1 } else { end }
}

fn first_line(code: &str) -> &str {
    code.lines().next().unwrap_or_default()
}

/// A comment that allows nothing, taken out with its line where nothing else stands there.
fn without_comment(finding: &Diagnostic) -> Option<Edit> {
    let (text, span) = (&finding.primary.file.text, finding.primary.span);
    let start = text.get(..span.start as usize)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text.get(span.end as usize..)?.find('\n').map_or(text.len(), |at| span.end as usize + at + 1);
    let line = text.get(start..end)?.trim();
    // One that names several rules may allow another of them.
    let several = line.split(':').next().is_some_and(|names| names.contains(','));
    let whole = line.starts_with("--") && !several;
    whole.then(|| Edit {
        title: "Take the comment out".to_owned(),
        span: Span::new(start, end),
        text: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_for_now() {
        for (code, expected) in [
            ("ALTER TABLE a;\n\n-- later, when all is well\nDROP b;", Some("ALTER TABLE a;")),
            (
                "-- this deploy, without the field\n-- no SQL: it stays\n\n-- the next deploy\nDROP a;",
                Some(""),
            ),
            (
                "-- this migration: new rows\nALTER a;\n\n-- the next deploy: old rows\nALTER b;",
                Some("ALTER a;"),
            ),
            ("-- in a loop of a script\nDELETE FROM a;", None),
            ("-- instead of ADD COLUMN and ADD CONSTRAINT\nALTER a;", None),
            (
                "COMMIT;\n--> statement-breakpoint\nCREATE a;",
                Some("COMMIT;\n--> statement-breakpoint\nCREATE a;"),
            ),
        ] {
            assert_eq!(this_deploy(code).as_deref(), expected, "{code}");
        }
    }

    #[test]
    fn a_statement_ends_with_its_semicolon() {
        assert_eq!((end("a ;\nb", 1), end("a\nb", 1), end("a", 1)), (3, 1, 1));
    }

    #[test]
    fn every_rule_that_is_named_is_one() {
        for name in INSTEAD.iter().chain(ON_TOP).chain(BEHIND).chain(NO_CHOICE) {
            assert!(crate::rule(name).is_some(), "{name}");
        }
    }
}
