//! The blocks of a page that a session is made of, with the lines where they stand.

/// A section: from one heading of the second level to the next.
#[derive(Debug)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// A fenced block that does something.
#[derive(Debug)]
pub struct Block {
    /// The line of its fence, counted from one.
    pub line: usize,
    /// What it does.
    pub kind: Kind,
    /// The line of drizzle-kit that alone shows this, where they differ.
    pub only: Option<String>,
    /// What stands in it.
    pub text: String,
}

/// What a block does.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// Writes a file.
    File(String),
    /// Changes a file: context, `-` and `+`.
    Diff(String),
    /// Shows a file that a command made.
    Made(String),
    /// Runs commands and shows what they print; `answers` goes to a question of drizzle-kit's.
    Console { answers: Option<String> },
    /// A statement for the rolled-out database that is run with `$1` until it returns NULL.
    Batches,
}

/// The sections of a page; what stands before the first heading is one without a title.
pub fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section { title: String::new(), blocks: Vec::new() }];
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section { title: title.to_owned(), blocks: Vec::new() });
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: String = (lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```")))
            .map(|line| format!("{line}\n"))
            .collect();
        if let (Some(kind), Some(section)) = (kind(info), sections.last_mut()) {
            let only = value(info, "line");
            section.blocks.push(Block { line: number + 1, kind, only, text });
        }
    }
    sections
}

fn kind(info: &str) -> Option<Kind> {
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    let value = |name: &str| value(rest, name);
    match language {
        "console" => Some(Kind::Console { answers: value("answers") }),
        "diff" => value("file").map(Kind::Diff),
        "sql" if rest == "batches" => Some(Kind::Batches),
        _ => value("file").map(Kind::File).or_else(|| value("made").map(Kind::Made)),
    }
}

fn value(info: &str, name: &str) -> Option<String> {
    let found = info.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    found.map(str::to_owned)
}

/// A page in which the text of some blocks, named by the line of their fence, is another.
pub fn with_texts(page: &str, texts: &[(usize, String)]) -> String {
    let mut out = String::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some((_, text)) = texts.iter().find(|(at, _)| *at == number + 1) else { continue };
        out.push_str(text);
        let end = lines.by_ref().map(|(_, line)| line).find(|line| line.starts_with("```"));
        out.extend(end.into_iter().flat_map(|end| [end, "\n"]));
    }
    out
}
