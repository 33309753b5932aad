//! The site of rule pages: plain HTML and one style sheet, no scripts, readable from the disk.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, html};
use report::{heading, weight};
use source::RuleMeta;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const STYLE: &str = include_str!("../templates/site.css");

/// Writes the site into `folder`.
pub fn docs(folder: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    let rules = crate::codegen::rules();
    let mut files =
        vec![("style.css".to_owned(), STYLE.to_owned()), ("index.html".to_owned(), index(&rules))];
    for meta in &rules {
        files.push((format!("{}.html", meta.name), rule_page(meta, &rules)));
    }
    for (name, text) in &files {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(format!("wrote {} pages to {}", files.len() - 1, folder.display()))
}

fn index(rules: &[&RuleMeta]) -> String {
    let mut body = String::from(
        "<header><h1>brolly rules</h1><p>What each rule is about, how a migration trips over it, and the way that \
         keeps the app running. <code>brolly explain &lt;rule&gt;</code> prints the same pages.</p></header>\n",
    );
    for group in rules.chunk_by(|a, b| a.group == b.group) {
        let _ = writeln!(body, "<section><h2>{}</h2>\n<ul class=\"rules\">", heading(group[0].group));
        for meta in group {
            let _ = writeln!(
                body,
                "<li><a href=\"{0}.html\"><code>{0}</code></a> {1}<span>{2}</span></li>",
                meta.name,
                badge(meta),
                words(meta.summary)
            );
        }
        body.push_str("</ul></section>\n");
    }
    whole("brolly rules", "", &body)
}

fn rule_page(meta: &RuleMeta, rules: &[&RuleMeta]) -> String {
    let page = linter::RULES.iter().find(|rule| rule.meta.name == meta.name).map_or("", |rule| rule.page);
    let text = match page.split_once('\n') {
        Some((_, rest)) => content(rest),
        // Those about files say all they know in the finding itself.
        None => format!("<p>{}.</p>\n", words(meta.summary)),
    };
    let mut body = format!(
        "<article><h1>{}</h1>\n<p class=\"meta\">{} {}</p>\n{text}</article>\n",
        meta.name,
        badge(meta),
        heading(meta.group)
    );
    body.push_str("<nav class=\"near\">");
    let at = rules.iter().position(|rule| rule.name == meta.name).unwrap_or(0);
    if let Some(before) = at.checked_sub(1).and_then(|at| rules.get(at)) {
        let _ = write!(body, "<a href=\"{0}.html\">← {0}</a>", before.name);
    }
    if let Some(next) = rules.get(at + 1) {
        let _ = write!(body, "<a class=\"next\" href=\"{0}.html\">{0} →</a>", next.name);
    }
    body.push_str("</nav>\n");
    whole(meta.name, "<nav class=\"top\"><a href=\"index.html\">All rules</a></nav>\n", &body)
}

/// Markdown as HTML; each fence says in a caption what it shows.
fn content(markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events = parser.map(|event| match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
            let caption = caption(&info);
            let open = format!("<figure class=\"{}\">{}<pre tabindex=\"0\"><code>", kind(&info), caption);
            Event::Html(CowStr::from(open))
        }
        Event::End(pulldown_cmark::TagEnd::CodeBlock) => {
            Event::Html(CowStr::from("</code></pre></figure>\n"))
        }
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

fn kind(info: &str) -> &str {
    let word = info.split_whitespace().nth(1).unwrap_or("plain");
    if ["schema", "old-app", "unsafe", "safer", "safe"].contains(&word) { word } else { "plain" }
}

fn caption(info: &str) -> String {
    let text = match kind(info) {
        "schema" => "The schema before",
        "old-app" => "What the deployed app declares",
        "unsafe" => "Unsafe",
        "safer" => "Safer",
        "safe" => "Fine as it is",
        _ => return String::new(),
    };
    let attributes: Vec<String> = info.split_whitespace().skip(2).map(attribute).collect();
    let tail = if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
    format!("<figcaption>{text}{}</figcaption>", escaped(&tail))
}

fn attribute(word: &str) -> String {
    match word.split_once('=') {
        Some(("pg", version)) => format!("PostgreSQL {version}"),
        Some(("tz", zone)) => format!("TimeZone {zone}"),
        _ => word.to_owned(),
    }
}

fn badge(meta: &RuleMeta) -> String {
    let weight = weight(meta.severity);
    format!("<span class=\"badge {weight}\">{weight}</span>")
}

/// One line with names in backticks.
fn words(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escaped).collect();
    parts.iter().enumerate().fold(String::new(), |mut out, (n, part)| {
        let _ = if n % 2 == 1 { write!(out, "<code>{part}</code>") } else { write!(out, "{part}") };
        out
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn whole(title: &str, before: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n{before}<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_becomes_html() {
        let rules = crate::codegen::rules();
        for meta in &rules {
            let page = rule_page(meta, &rules);
            assert!(page.contains(&format!("<h1>{}</h1>", meta.name)), "{}", meta.name);
            assert!(!page.contains("```"), "{}", meta.name);
        }
        let index = index(&rules);
        assert!(rules.iter().all(|meta| index.contains(&format!("href=\"{}.html\"", meta.name))));
    }

    #[test]
    fn fences_get_captions() {
        let text = content("a\n\n```sql unsafe pg=17\nSELECT 1 < 2;\n```\n");
        assert!(text.contains("<figcaption>Unsafe (PostgreSQL 17)</figcaption>"), "{text}");
        assert!(text.contains("SELECT 1 &lt; 2;\n</code></pre></figure>"), "{text}");
    }
}
