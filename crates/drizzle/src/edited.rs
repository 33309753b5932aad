//! Migrations that were edited after others may have run them.
//!
//! Knows nothing of git: the text as it was comes in as an argument. An edit of comments, line ends
//! or white space is none.

use crate::literal::code;
use crate::project::Migration;
use crate::rules::EDITED_APPLIED_MIGRATION;
use crate::say::{Say, say};
use source::{Diagnostic, Span};

/// The finding about a migration of which `base` (a branch or commit, for people) has other SQL;
/// `None` where both say the same to Postgres.
pub fn edited(migration: &Migration, text_at_base: &str, base: &str) -> Option<Diagnostic> {
    let text = migration.file.text.as_str();
    if text == text_at_base || code(text) == code(text_at_base) {
        return None;
    }
    let tag = migration.tag.as_str();
    let what = format!("`{tag}` is part of {base} and was edited");
    Some(
        say(&EDITED_APPLIED_MIGRATION, &migration.file, first_change(text, text_at_base), what)
            .why("Drizzle knows by time or name which migrations a database has run, not by their SQL: where it has run, the new text never does")
            .why("databases that have it keep the old effect, new ones get the new one, and they drift apart")
            .why("its statements are judged where it stands, for databases that have yet to run it")
            .fix("Restore the file, and write the change as a new migration (`drizzle-kit generate`, with `--custom` for SQL of your own).")
            .code(format!("git checkout {base} -- {}", migration.sql_path))
            .label("the first line that differs")
            .of(tag),
    )
}

/// The first line of `text` that `other` does not have in its place; the end where lines are gone.
fn first_change(text: &str, other: &str) -> Span {
    let mut start = 0;
    let mut others = other.lines();
    for line in text.split_inclusive('\n') {
        let shown = line.trim_end_matches(['\n', '\r']);
        if others.next() != Some(shown) {
            let indent = shown.len() - shown.trim_start().len();
            return Span::new(start + indent, start + shown.len());
        }
        start += line.len();
    }
    let last = text.trim_end();
    Span::new(last.rfind('\n').map_or(0, |at| at + 1), last.len())
}

#[cfg(test)]
mod tests {
    use crate::{MemoryFiles, load_sql_files};

    fn check(now: &str, then: &str, expected: Option<&str>) {
        let files = MemoryFiles::new([("a.sql", now)]);
        let (project, _) = load_sql_files(&files, &["a.sql".to_owned()]);
        let found = super::edited(&project.migrations[0], then, "origin/main");
        let place = found.as_ref().map(|found| found.primary.span.of(now));
        assert_eq!(place, expected, "{now:?} was {then:?}");
    }

    #[test]
    fn what_postgres_would_not_notice_is_no_edit() {
        check("select 1;\n", "select 1;\n", None);
        check("select 1;\n", "select 1;\r\n", None);
        check("-- why\nselect  1; /* so */\n", "select 1;", None);
        check("select ' a';", "select '  a';", Some("select ' a';"));
        check("select 1;\n  select 3;\n", "select 1;\nselect 2;\n", Some("select 3;"));
        check("select 1;\n", "select 1;\nselect 2;\n", Some("select 1;"));
        check("", "select 2;", Some(""));
    }
}
