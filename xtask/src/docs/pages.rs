//! The pages of the site.

use super::layout::{escaped, whole, words};
use super::markdown::{content, first_paragraph};
use super::{Guide, Help};
use report::{heading, weight};
use source::RuleMeta;
use std::fmt::Write;

/// The home page: what the README says first, how to install, and where to go from there.
pub fn home(readme: &str, guides: &[Guide]) -> String {
    let (intro, rest) = readme.split_once("\n## ").unwrap_or((readme, ""));
    let install = rest.split("\n## ").find_map(|section| section.strip_prefix("Install\n"));
    let install = install.map(|text| format!("## Install\n{text}"));
    let mut body = content(intro);
    body.push_str(&content(&install.unwrap_or_default()));
    body.push_str("<h2 id=\"guides\">Guides</h2>\n<ul class=\"guides\">\n");
    for guide in guides {
        let about = first_sentence(&first_paragraph(&guide.text));
        let _ = writeln!(
            body,
            "<li><a href=\"{}.html\">{}</a><span>{}</span></li>",
            guide.name,
            escaped(&guide.title),
            escaped(&about)
        );
    }
    body.push_str("</ul>\n<h2>Reference</h2>\n<ul>\n<li><a href=\"rules.html\">All rules</a></li>\n");
    body.push_str("<li><a href=\"recipes.html\">All recipes</a></li>\n");
    body.push_str("<li><a href=\"cli.html\">The command line</a></li>\n</ul>\n");
    whole("brolly", &first_paragraph(intro), "home", &body)
}

/// A guide, with the others below.
pub fn guide(guide: &Guide, guides: &[Guide]) -> String {
    let body = format!(
        "<article>{}</article>\n{}",
        content(&guide.text),
        near(guides, |one| &one.name, &guide.name, |one| &one.title)
    );
    whole(&guide.title, &first_paragraph(&guide.text), "guides", &body)
}

/// The list of rules.
pub fn rules(rules: &[&RuleMeta]) -> String {
    let about =
        "What each rule is about, how a migration trips over it, and the way that keeps the app running.";
    let mut body = format!(
        "<header><h1>Rules</h1><p>{about} <code>brolly explain &lt;rule&gt;</code> prints the same pages.</p></header>\n"
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
    whole("Rules", about, "rules", &body)
}

/// The page of a rule, with the guides that are about it.
pub fn rule(meta: &RuleMeta, rules: &[&RuleMeta], guides: &[Guide]) -> String {
    let page = linter::RULES.iter().find(|rule| rule.meta.name == meta.name).map_or("", |rule| rule.page);
    let text = match page.split_once('\n') {
        Some((_, rest)) => content(rest),
        // Those about files say all they know in the finding itself.
        None => format!("<p>{}.</p>\n", words(meta.summary)),
    };
    let about = guides.iter().filter(|guide| is_about(guide, meta.name));
    let links: Vec<String> =
        about.map(|guide| format!("<a href=\"{}.html\">{}</a>", guide.name, escaped(&guide.title))).collect();
    let step_by_step = match links.is_empty() {
        true => String::new(),
        false => format!("<p class=\"guide\">Step by step: {}</p>\n", links.join(" · ")),
    };
    let body = format!(
        "<article><h1>{}</h1>\n<p class=\"meta\">{} {}</p>\n{step_by_step}{text}</article>\n{}",
        meta.name,
        badge(meta),
        heading(meta.group),
        near(rules, |rule| rule.name, meta.name, |rule| rule.name)
    );
    whole(meta.name, &format!("{}.", meta.summary.replace('`', "")), "rules", &body)
}

/// The help of all commands.
pub fn command_line(helps: &[Help]) -> String {
    let mut body = String::from(
        "<h1>The command line</h1>\n<p>What <code>brolly --help</code> and the help of each command print.</p>\n<p class=\"commands\">",
    );
    let anchor = |help: &Help| help.command.replace(' ', "-");
    for help in helps {
        let _ = write!(body, "<a href=\"#{}\"><code>{}</code></a> ", anchor(help), help.command);
    }
    body.push_str("</p>\n");
    for help in helps {
        let _ = writeln!(
            body,
            "<h2 id=\"{}\"><code>{}</code></h2>\n<figure><pre tabindex=\"0\"><code>{}</code></pre></figure>",
            anchor(help),
            help.command,
            escaped(&help.text)
        );
    }
    whole("The command line", "All commands and flags of brolly.", "cli", &body)
}

/// Whether a how-to shows a finding of a rule or speaks of it.
fn is_about(guide: &Guide, rule: &str) -> bool {
    let shows = |weight: &str| guide.text.contains(&format!("\n{weight}[{rule}]: "));
    let how_to = !guide.name.starts_with("coming-from");
    how_to && (shows("error") || shows("warning") || guide.text.contains(&format!("/{rule}.md)")))
}

/// Links to what comes before and after.
fn near<T>(all: &[T], name: impl Fn(&T) -> &str, here: &str, title: impl Fn(&T) -> &str) -> String {
    let at = all.iter().position(|one| name(one) == here).unwrap_or(0);
    let mut body = String::from("<nav class=\"near\">");
    if let Some(before) = at.checked_sub(1).and_then(|at| all.get(at)) {
        let _ = write!(body, "<a href=\"{}.html\">← {}</a>", name(before), escaped(title(before)));
    }
    if let Some(next) = all.get(at + 1) {
        let _ = write!(body, "<a class=\"next\" href=\"{}.html\">{} →</a>", name(next), escaped(title(next)));
    }
    body.push_str("</nav>\n");
    body
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or(text.to_owned(), |(first, _)| format!("{first}."))
}

fn badge(meta: &RuleMeta) -> String {
    let weight = weight(meta.severity);
    format!("<span class=\"badge {weight}\">{weight}</span>")
}
