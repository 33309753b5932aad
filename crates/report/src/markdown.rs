//! Markdown for a comment on a pull request: the verdict first, findings by harm, details folded, and
//! at the end what was accepted.

use crate::rule_doc::{cited, heading, weight};
use crate::run::{Run, counts, summary_line};
use source::{Diagnostic, Severity};
use std::fmt::Write;

/// GitHub takes comments of 65,536 characters; who posts this one may have something to add.
const LIMIT: usize = 65_000;

/// All findings as one comment that GitHub takes. Where that is too long, findings that are no errors
/// lose their details first, then all do, and what is still too much is cut off, which is said.
pub fn markdown(diagnostics: &[Diagnostic], run: &Run) -> String {
    let levels = [Some(Severity::Info), Some(Severity::Error), None];
    let mut text = String::new();
    for level in levels {
        text = comment(diagnostics, run, level);
        if text.len() <= LIMIT {
            return text;
        }
    }
    cut(text)
}

/// The comment, with the details of findings of at least this weight.
fn comment(diagnostics: &[Diagnostic], run: &Run, details: Option<Severity>) -> String {
    let mut out = format!("### {}\n\n", verdict(diagnostics, run));
    let _ = writeln!(out, "{}", escaped(&sentence(&run.selection)));
    let mut open: Vec<&Diagnostic> = diagnostics.iter().filter(|d| d.accepted.is_none()).collect();
    open.sort_by_key(|d| d.group);
    for group in open.chunk_by(|a, b| a.group == b.group) {
        let _ = writeln!(out, "\n#### {}\n", heading(group[0].group));
        for diagnostic in group {
            if details.is_some_and(|least| diagnostic.severity >= least) {
                finding(diagnostic, &mut out);
            } else {
                let _ = writeln!(out, "- {}", brief(diagnostic));
            }
        }
    }
    let accepted: Vec<&Diagnostic> = diagnostics.iter().filter(|d| d.accepted.is_some()).collect();
    if !accepted.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Accepted: {}</summary>\n", accepted.len());
        for diagnostic in accepted {
            let reason = diagnostic.accepted.as_deref().unwrap_or_default();
            let _ = writeln!(
                out,
                "- `{}` {}: {}<br>accepted: {}",
                diagnostic.rule,
                place(diagnostic),
                escaped(&diagnostic.what),
                escaped(reason)
            );
        }
        out.push_str("\n</details>\n");
    }
    if !run.unnoticed.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Unnoticed: {}</summary>\n", run.unnoticed.len());
        for one in &run.unnoticed {
            let _ = writeln!(out, "- {}", escaped(&one.line()));
        }
        out.push_str("\n</details>\n");
    }
    if details != Some(Severity::Info) {
        out.push_str("\nToo much for a comment with all details: `brolly lint` shows them.\n");
    }
    let _ = writeln!(out, "\n<sub>brolly {}, for PostgreSQL {}</sub>", run.version, run.postgres);
    out
}

/// As many whole lines as fit.
fn cut(mut text: String) -> String {
    const END: &str = "\nThe rest does not fit into a comment: `brolly lint` shows it.\n";
    const CLOSE: &str = "\n</details>\n";
    let room = LIMIT - END.len() - CLOSE.len();
    let room = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(text[..room].rfind('\n').map_or(0, |end| end + 1));
    if text.matches("<details>").count() > text.matches("</details>").count() {
        text.push_str(CLOSE);
    }
    text + END
}

fn verdict(diagnostics: &[Diagnostic], run: &Run) -> String {
    let counts = counts(diagnostics);
    let numbers = summary_line(diagnostics, run);
    if run.migrations.is_empty() && diagnostics.is_empty() {
        return "🌂 No migration to judge".to_owned();
    }
    match (counts.errors, counts.warnings) {
        (0, 0) => format!("✅ Can be rolled out: {numbers}"),
        (0, _) => format!("⚠️ Look before you roll this out: {numbers}"),
        (_, _) => format!("❌ Can't be rolled out like this: {numbers}"),
    }
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Info => "ℹ️",
    }
}

/// A finding as one line.
fn brief(diagnostic: &Diagnostic) -> String {
    let what = escaped(&diagnostic.what);
    format!("{} {what} `{}` {}", sign(diagnostic.severity), diagnostic.rule, place(diagnostic))
}

fn finding(diagnostic: &Diagnostic, out: &mut String) {
    let sign = sign(diagnostic.severity);
    let what = escaped(&diagnostic.what);
    let _ = writeln!(
        out,
        "<details><summary>{sign} {} <code>{}</code> ",
        html(&diagnostic.what),
        diagnostic.rule
    );
    let _ = writeln!(out, "{}</summary>\n", html(&plain_place(diagnostic)));
    let _ = writeln!(out, "**{}**: {what}\n", weight(diagnostic.severity));
    let file = &diagnostic.primary.file;
    let line = line_of(&file.text, diagnostic.primary.span.start);
    if !line.trim().is_empty() {
        let _ = writeln!(out, "{}\n", fenced(line.trim()));
    }
    for why in &diagnostic.why {
        let _ = writeln!(out, "- {}", escaped(why));
    }
    for line in cited(diagnostic) {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
    if !diagnostic.remedy.text.is_empty() {
        let _ = writeln!(out, "\n{}", escaped(&diagnostic.remedy.text));
    }
    if let Some(code) = &diagnostic.remedy.code {
        let _ = writeln!(out, "\n{}", fenced(code.trim_end()));
    }
    out.push_str("\n</details>\n\n");
}

/// The line that holds a byte, cut where it is very long.
fn line_of(text: &str, at: u32) -> &str {
    let at = (0..=(at as usize).min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let to = text[at..].find('\n').map_or(text.len(), |end| at + end);
    let line = &text[from..to];
    line.char_indices().nth(300).map_or(line, |(end, _)| &line[..end])
}

/// SQL in a fence that nothing inside can close.
fn fenced(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}sql\n{code}\n{fence}")
}

fn plain_place(diagnostic: &Diagnostic) -> String {
    let file = &diagnostic.primary.file;
    format!("{}:{}", file.path, file.position(diagnostic.primary.span.start).line)
}

fn place(diagnostic: &Diagnostic) -> String {
    format!("in `{}`", plain_place(diagnostic).replace('`', "'"))
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// Backticks of names become HTML, since Markdown does not reach into `<summary>`.
fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = String::new();
    let parts: Vec<&str> = text.split('`').collect();
    for (n, part) in parts.iter().enumerate() {
        match (n % 2, n + 1 < parts.len()) {
            (0, _) => out.push_str(part),
            (_, true) => {
                let _ = write!(out, "<code>{part}</code>");
            }
            (_, false) => {
                let _ = write!(out, "`{part}");
            }
        }
    }
    out
}

/// Words as Markdown shows them: names in backticks stay code, the rest can't become markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let ticks = text.matches('`').count();
    let mut code = false;
    let mut seen = 0;
    for letter in text.chars() {
        match letter {
            '`' => {
                seen += 1;
                code = !code && seen < ticks;
                out.push('`');
            }
            '\n' | '\r' => out.push(' '),
            letter if code => out.push(letter),
            '\\' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '@' => {
                out.push('\\');
                out.push(letter);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(escaped("drops `a_b` of *x* <script>"), "drops `a_b` of \\*x\\* &lt;script&gt;");
        assert_eq!(html("drops `a<b`"), "drops <code>a&lt;b</code>");
        assert_eq!(fenced("a ``` b"), "````sql\na ``` b\n````");
        assert_eq!(line_of("é\nzwei\n", 4), "zwei");
    }
}
