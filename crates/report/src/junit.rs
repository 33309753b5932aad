//! JUnit XML, for CI services that show test reports: a suite for each migration, a case for each
//! finding. What fails the run is a failure, what is accepted is skipped, the rest passes.

use crate::rule_doc::{plain, weight};
use crate::run::Run;
use source::Diagnostic;
use std::fmt::Write;

/// All findings as one XML document.
pub fn junit(diagnostics: &[Diagnostic], run: &Run) -> String {
    let mut suites: Vec<(&str, Vec<&Diagnostic>)> =
        run.migrations.iter().map(|tag| (tag.as_str(), Vec::new())).collect();
    for diagnostic in diagnostics {
        let name = diagnostic.migration.as_deref().unwrap_or(&diagnostic.primary.file.path);
        match suites.iter_mut().find(|(suite, _)| *suite == name) {
            Some((_, cases)) => cases.push(diagnostic),
            None => suites.push((name, vec![diagnostic])),
        }
    }
    let fails =
        |d: &&&Diagnostic| d.accepted.is_none() && run.fail_on.is_some_and(|least| d.severity >= least);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = suites.iter().map(|(_, cases)| cases.len().max(1)).sum::<usize>();
    let failures = diagnostics.iter().collect::<Vec<_>>().iter().filter(fails).count();
    let _ =
        writeln!(out, "<testsuites name=\"brolly\" tests=\"{all}\" failures=\"{failures}\" errors=\"0\">");
    for (name, cases) in &suites {
        let failures = cases.iter().filter(fails).count();
        let skipped = cases.iter().filter(|d| d.accepted.is_some()).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
            escaped(name),
            cases.len().max(1)
        );
        if cases.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"{}\" name=\"no findings\"/>", escaped(name));
        }
        for diagnostic in cases {
            case(diagnostic, name, fails(&diagnostic), &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(diagnostic: &Diagnostic, suite: &str, fails: bool, out: &mut String) {
    let file = &diagnostic.primary.file;
    let line = file.position(diagnostic.primary.span.start).line;
    let _ = writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{}: {}\" file=\"{}\" line=\"{line}\">",
        escaped(suite),
        diagnostic.rule,
        escaped(&diagnostic.what),
        escaped(&file.path)
    );
    let text = escaped(&format!("{}:{line}\n{}", file.path, plain(diagnostic)));
    let what = escaped(&diagnostic.what);
    let _ = match (&diagnostic.accepted, fails) {
        (Some(reason), _) => writeln!(out, "      <skipped message=\"accepted: {}\"/>", escaped(reason)),
        (None, true) => {
            let weight = weight(diagnostic.severity);
            writeln!(out, "      <failure type=\"{weight}\" message=\"{what}\">{text}</failure>")
        }
        (None, false) => writeln!(out, "      <system-out>{text}</system-out>"),
    };
    out.push_str("    </testcase>\n");
}

/// Text for content and attributes; what XML has no room for becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            '\r' => out.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter if letter < ' ' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn escapes() {
        assert_eq!(escaped("a<b & \"c\"\u{1}\n"), "a&lt;b &amp; &quot;c&quot;\u{fffd}&#10;");
    }
}
