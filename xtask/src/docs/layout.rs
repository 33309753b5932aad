//! What all pages of the site have in common.

/// An umbrella.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath \
    fill='%230b5aa8' d='M16 3v2C8.500 5.500 3 11 3 18c2-2.500 5-2.500 6.500 0 1.500-2.500 5-2.500 6.500 0 \
    1.500-2.500 5-2.500 6.500 0 1.500-2.500 4.500-2.500 6.500 0 0-7-5.500-12.500-13-13V3z'/%3E%3Cpath fill='none' \
    stroke='%230b5aa8' stroke-width='2.200' stroke-linecap='round' d='M16 17v9a3 3 0 0 1-6 0'/%3E%3C/svg%3E";

/// A whole page. `here` is the entry of the navigation that it belongs to.
pub fn whole(title: &str, description: &str, here: &str, body: &str) -> String {
    let entries = [
        ("guides", "index.html#guides", "Guides"),
        ("rules", "rules.html", "Rules"),
        ("recipes", "recipes.html", "Recipes"),
        ("cli", "cli.html", "Commands"),
    ];
    let entries: String = entries
        .iter()
        .map(|(name, address, text)| {
            let current = if *name == here { " aria-current=\"true\"" } else { "" };
            format!("<a href=\"{address}\"{current}>{text}</a>")
        })
        .collect();
    let title = if title == "brolly" { title.to_owned() } else { format!("{} · brolly", escaped(title)) };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <meta name=\"description\" content=\"{}\">\n<link rel=\"icon\" href=\"{ICON}\">\n\
         <link rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n\
         <nav class=\"top\"><a class=\"brand\" href=\"index.html\">brolly</a>{entries}</nav>\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        escaped(description).replace('"', "&quot;")
    )
}

/// Text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One line with names in backticks.
pub fn words(text: &str) -> String {
    let parts = text.split('`').map(escaped).enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { format!("<code>{part}</code>") } else { part }).collect()
}
