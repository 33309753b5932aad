//! Markdown of this repository as HTML of the site: links go to its pages, headings have anchors, and
//! fences say in a caption what they show.

use super::layout::escaped;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// A text as HTML.
pub fn content(markdown: &str) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut fence: Option<String> = None;
    let mut leads = Vec::new();
    for event in parser {
        let event = match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let open =
                    format!("<figure class=\"{}\">{}<pre tabindex=\"0\"><code>", kind(&info), caption(&info));
                fence = Some(info.to_string());
                html(open)
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                fence = Some(String::new());
                html("<figure class=\"plain\"><pre tabindex=\"0\"><code>".to_owned())
            }
            Event::Text(text) if fence.is_some() => html(code(fence.as_deref().unwrap_or(""), &text)),
            Event::End(TagEnd::CodeBlock) => {
                fence = None;
                html("</code></pre></figure>\n".to_owned())
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let address = address(&dest_url);
                leads.push(address.is_some());
                let Some(address) = address else { continue };
                Event::Start(Tag::Link { link_type, dest_url: CowStr::from(address), title, id })
            }
            Event::End(TagEnd::Link) if leads.pop() == Some(false) => continue,
            Event::End(TagEnd::Heading(level)) => {
                let start =
                    events.iter().rposition(|event| matches!(event, Event::Start(Tag::Heading { .. })));
                let words: String = events[start.unwrap_or(0)..].iter().filter_map(words_of).collect();
                if let Some(Event::Start(Tag::Heading { id, .. })) = start.map(|start| &mut events[start]) {
                    *id = Some(CowStr::from(anchor(&words)));
                }
                Event::End(TagEnd::Heading(level))
            }
            Event::Start(Tag::Table(columns)) => {
                events.push(html("<div class=\"table\">".to_owned()));
                Event::Start(Tag::Table(columns))
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                html("</div>\n".to_owned())
            }
            other => other,
        };
        events.push(event);
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out
}

/// The first paragraph as words, for a page's description.
pub fn first_paragraph(markdown: &str) -> String {
    let events = Parser::new(markdown).skip_while(|event| !matches!(event, Event::Start(Tag::Paragraph)));
    let inner = events.take_while(|event| !matches!(event, Event::End(TagEnd::Paragraph)));
    inner.filter_map(|event| words_of(&event)).collect()
}

fn html(text: String) -> Event<'static> {
    Event::Html(CowStr::from(text))
}

fn words_of(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text.to_string()),
        Event::SoftBreak | Event::HardBreak => Some(" ".to_owned()),
        _ => None,
    }
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect()
}

/// Where a link between files of the repository leads on the site, if it has that file.
fn address(link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with('#') {
        return Some(link.to_owned());
    }
    let (path, anchor) =
        link.split_once('#').map_or((link, String::new()), |(path, at)| (path, format!("#{at}")));
    let name = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path);
    match name.strip_suffix(".md") {
        // Those in capitals are about the repository.
        Some(page) if !page.contains(|c: char| c.is_ascii_uppercase()) => {
            Some(format!("{page}.html{anchor}"))
        }
        None if name == "rules" => Some("rules.html".to_owned()),
        _ => None,
    }
}

/// What stands in a fence; output of brolly and changes are coloured.
fn code(info: &str, text: &str) -> String {
    match info.split_whitespace().next() {
        Some("console") => text.split_inclusive('\n').map(printed).collect(),
        Some("diff") => text.split_inclusive('\n').map(changed).collect(),
        _ => escaped(text),
    }
}

fn printed(line: &str) -> String {
    if line.starts_with("$ ") {
        return format!("<b>{}</b>", escaped(line));
    }
    for weight in ["error", "warning", "note", "accepted"] {
        let found = line.strip_prefix(weight).and_then(|rest| rest.strip_prefix('[')?.split_once(']'));
        if let Some((rule, rest)) = found {
            let rest = escaped(rest);
            return format!(
                "<span class=\"{weight}\">{weight}[<a href=\"{rule}.html\">{rule}</a>]</span>{rest}"
            );
        }
    }
    escaped(line)
}

fn changed(line: &str) -> String {
    match line.chars().next() {
        Some('+') => format!("<ins>{}</ins>", escaped(line)),
        Some('-') => format!("<del>{}</del>", escaped(line)),
        _ => escaped(line),
    }
}

fn kind(info: &str) -> &str {
    let word = info.split_whitespace().nth(1).unwrap_or("plain");
    if ["schema", "old-app", "unsafe", "safer", "safe"].contains(&word) { word } else { "plain" }
}

fn caption(info: &str) -> String {
    let value =
        |name: &str| info.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let text = match kind(info) {
        "schema" => "The schema before".to_owned(),
        "old-app" => "What the deployed app declares".to_owned(),
        "unsafe" => "Unsafe".to_owned(),
        "safer" => "Safer".to_owned(),
        "safe" => "Fine as it is".to_owned(),
        _ => match (value("file"), value("made"), value("path")) {
            (Some(file), ..) => file.to_owned(),
            (_, Some(file), _) => {
                let kit = if value("line") == Some("v1") { "drizzle-kit 1.0" } else { "drizzle-kit" };
                format!("{file}, as {kit} writes it")
            }
            (_, _, Some(file)) if info.starts_with("ts new") => format!("{file} of the new version"),
            (_, _, Some(file)) => format!("{file} of the deployed version"),
            _ => return String::new(),
        },
    };
    let attributes: Vec<String> = info.split_whitespace().skip(2).filter_map(attribute).collect();
    let tail = if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
    format!("<figcaption>{}</figcaption>", escaped(&format!("{text}{tail}")))
}

fn attribute(word: &str) -> Option<String> {
    match word.split_once('=')? {
        ("pg", version) => Some(format!("PostgreSQL {version}")),
        ("tz", zone) => Some(format!("TimeZone {zone}")),
        ("version", version) => Some(version.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_get_captions() {
        let text = content("a\n\n```sql unsafe pg=17\nSELECT 1 < 2;\n```\n");
        assert!(text.contains("<figcaption>Unsafe (PostgreSQL 17)</figcaption>"), "{text}");
        assert!(text.contains("SELECT 1 &lt; 2;\n</code></pre></figure>"), "{text}");
        let text = content("```diff file=src/schema.ts\n-a\n+b\n```\n");
        assert!(text.contains("<figcaption>src/schema.ts</figcaption>"), "{text}");
        assert!(text.contains("<del>-a\n</del><ins>+b\n</ins>"), "{text}");
    }

    #[test]
    fn links_lead_to_pages() {
        let text = content(
            "[a](../../crates/linter/src/rules/drop-column.md) [b](x.md#c) [d](https://e.org/f.md) [i](../JSON.md)\n\n## G `h`\n",
        );
        assert!(text.contains("href=\"drop-column.html\"") && text.contains("href=\"x.html#c\""), "{text}");
        assert!(text.contains("href=\"https://e.org/f.md\"") && text.contains("<h2 id=\"g-h\">"), "{text}");
        assert!(text.contains("</a> i</p>"), "{text}");
    }

    #[test]
    fn findings_link_to_their_rules() {
        let text = content("```console\n$ brolly lint\nerror[drop-column]: drops `a`\n```\n");
        assert!(text.contains("<b>$ brolly lint\n</b>"), "{text}");
        assert!(
            text.contains(
                "<span class=\"error\">error[<a href=\"drop-column.html\">drop-column</a>]</span>: drops"
            ),
            "{text}"
        );
    }
}
