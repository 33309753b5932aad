//! The site: a home page, the guides, the rules, the recipes and the command line. Plain HTML and one style sheet, no
//! scripts, readable from the disk.

mod layout;
mod markdown;
mod pages;
mod recipes;

#[cfg(test)]
mod links;

use std::fs;
use std::path::Path;
use std::process::Command;

const STYLE: &str = include_str!("../../templates/site.css");

/// A page that exists as Markdown.
struct Guide {
    /// Its file without the ending, which is its address too.
    name: String,
    /// Its first heading.
    title: String,
    text: String,
}

/// What a command says of itself.
struct Help {
    /// Its words, such as `brolly lint`.
    command: String,
    text: String,
}

/// Builds brolly, to ask it for its help, and writes the site into `folder`.
pub fn docs(root: &Path, folder: &Path) -> Result<String, String> {
    let files = site(root, &helps(root)?)?;
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for (name, text) in &files {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(format!("wrote {} pages to {}", files.len() - 1, folder.display()))
}

/// The files of the site, by name.
fn site(root: &Path, helps: &[Help]) -> Result<Vec<(String, String)>, String> {
    let rules = crate::codegen::rules();
    let guides = guides(root)?;
    let readme = read(&root.join("README.md"))?;
    let mut files = vec![
        ("style.css".to_owned(), STYLE.to_owned()),
        ("index.html".to_owned(), pages::home(&readme, &guides)),
        ("rules.html".to_owned(), pages::rules(&rules)),
        ("cli.html".to_owned(), pages::command_line(helps)),
    ];
    files.extend(guides.iter().map(|guide| (format!("{}.html", guide.name), pages::guide(guide, &guides))));
    files
        .extend(rules.iter().map(|meta| (format!("{}.html", meta.name), pages::rule(meta, &rules, &guides))));
    files.extend(recipes::files());
    Ok(files)
}

/// Pages of docs/ that are about the making of brolly.
const INTERNAL: &[&str] = &["deployed-code-verdicts"];

/// The guides in the order in which they are read: the first hour, tasks, where people come from, and what
/// else docs/ holds.
fn guides(root: &Path) -> Result<Vec<Guide>, String> {
    let mut guides = Vec::new();
    for (place, folder) in ["docs/guides", "docs"].into_iter().enumerate() {
        let folder = root.join(folder);
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if path.extension().is_none_or(|ending| ending != "md") || INTERNAL.contains(&name.as_str()) {
                continue;
            }
            let text = read(&path)?;
            let title = text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
            let place = (place, name != "getting-started", name.starts_with("coming-from"));
            guides.push((place, Guide { name, title, text }));
        }
    }
    guides.sort_by(|(a, one), (b, other)| (a, &one.name).cmp(&(b, &other.name)));
    Ok(guides.into_iter().map(|(_, guide)| guide).collect())
}

/// The help of brolly and of each of its commands, from the program as it is now.
fn helps(root: &Path) -> Result<Vec<Help>, String> {
    let ask = |words: &[&str]| {
        let done = Command::new("cargo")
            .args(["run", "--quiet", "--package", "brolly", "--"])
            .args(words)
            .current_dir(root)
            .output()
            .map_err(|error| format!("cargo: {error}"))?;
        match done.status.success() {
            true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
        }
    };
    let all = ask(&["--help"])?;
    let mut helps = vec![Help { command: "brolly".to_owned(), text: all.clone() }];
    for name in commands(&all) {
        helps.push(Help { command: format!("brolly {name}"), text: ask(&[name, "--help"])? });
    }
    Ok(helps)
}

/// The commands that a help lists.
fn commands(help: &str) -> Vec<&str> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What a command does may go on in lines that are indented further.
    let first = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    first.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_those_that_the_help_lists() {
        let help = "About\n\nCommands:\n  lint   Judge: say\n         why\n  uses   Find\n  help   Print\n\nOptions:\n  -h\n";
        assert_eq!(commands(help), ["lint", "uses"]);
    }
}
