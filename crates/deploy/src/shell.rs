//! A shell text as its commands, in order.
//!
//! No shell: variables, substitutions and globs stay as they are written. It knows what decides about
//! order: which commands follow each other, which lie in different branches of one `if` or `case`,
//! and which need not run at all.

/// One simple command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Command {
    /// Its words, without quotes.
    pub words: Vec<String>,
    /// Where it stands in the text, in bytes.
    pub start: usize,
    pub end: usize,
    /// The branches that it lies in: which `if` or `case`, and which arm of it.
    pub arms: Vec<(usize, usize)>,
    /// The text of its here-document.
    pub document: Option<String>,
    /// It runs only if something failed, at the same time as others, or when its function is called.
    pub loose: bool,
}

/// Whether two places lie in different arms of one branch.
pub(crate) fn excludes(one: &[(usize, usize)], other: &[(usize, usize)]) -> bool {
    one.iter().any(|(branch, arm)| other.iter().any(|(same, into)| branch == same && arm != into))
}

/// The commands of `text`.
pub(crate) fn commands(text: &str) -> Vec<Command> {
    let mut reader = Reader { text, ..Reader::default() };
    reader.read();
    reader.commands
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
    commands: Vec<Command>,
    words: Vec<String>,
    word: Option<String>,
    start: Option<usize>,
    end: usize,
    skip_word: bool,
    alternative: bool,
    branches: Vec<(usize, usize, bool)>,
    count: usize,
    functions: Vec<usize>,
    braces: usize,
    /// The command and the closing line of here-documents that begin at the next line.
    documents: Vec<(usize, String)>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) {
        while let Some(letter) = self.rest().chars().next() {
            let before = self.at;
            match letter {
                '&' if self.rest().starts_with("&>") => self.redirection(),
                '\n' | ';' | '&' | '|' => self.operator(letter),
                ' ' | '\t' | '\r' => {
                    self.at += 1;
                    self.end_word();
                }
                '#' if self.word.is_none() => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                '<' | '>' => self.redirection(),
                '(' => {
                    self.at += 1;
                    if self.rest().starts_with(')') && self.words.is_empty() {
                        self.at += 1;
                        self.word.take();
                        self.words = vec!["function".to_owned()];
                        self.functions.push(self.braces);
                    }
                }
                ')' => {
                    self.at += 1;
                    self.end_word();
                    if self.branches.last().is_some_and(|(.., is_case)| *is_case) {
                        self.words.clear();
                        self.start = None;
                    } else {
                        self.end_command(false);
                    }
                }
                _ => self.piece(letter),
            }
            if self.at == before {
                self.at += letter.len_utf8();
            }
        }
        self.end_command(false);
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// A piece of a word: quoted, substituted or plain.
    fn piece(&mut self, letter: char) {
        self.start.get_or_insert(self.at);
        let rest = self.text.get(self.at..).unwrap_or("");
        let (length, taken) = match letter {
            '\'' => quoted(rest, '\'', false),
            '"' => quoted(rest, '"', true),
            '`' => quoted(rest, '`', true),
            '\\' => match rest[1..].chars().next() {
                // A line goes on.
                Some('\n') => {
                    self.at += 2;
                    self.end_word();
                    return;
                }
                Some(next) => (1 + next.len_utf8(), next.to_string()),
                None => (1, String::new()),
            },
            '$' => {
                let length = substitution(rest);
                (length, rest[..length].to_owned())
            }
            other => (other.len_utf8(), other.to_string()),
        };
        self.at += length;
        self.end = self.at;
        self.word.get_or_insert_default().push_str(&taken);
    }

    fn operator(&mut self, letter: char) {
        let double = self.rest()[1..].starts_with(letter) && letter != '\n';
        self.at += if double { 2 } else { 1 };
        self.end_word();
        // `&` alone lets the next one run at the same time.
        self.end_command(letter == '&' && !double);
        self.alternative = letter == '|' && double;
        if letter == ';' && double {
            self.next_arm();
        }
        if letter == '\n' {
            self.read_documents();
        }
    }

    fn redirection(&mut self) {
        let rest = self.rest();
        if rest.starts_with("<<") && !rest.starts_with("<<<") {
            let after = rest[2..].trim_start_matches(['-', ' ']);
            let name = after.split(|c: char| c.is_whitespace() || ";&|)".contains(c)).next().unwrap_or("");
            let length = rest.len() - after.len() + name.len();
            let name = name.trim_matches(['\'', '"', '\\']).to_owned();
            self.at += length;
            self.end_word();
            self.documents.push((self.commands.len(), name));
            return;
        }
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let sign = rest.len() - rest.trim_start_matches(['<', '>', '&', '|']).len();
        self.at += sign;
        self.end_word();
        // `2>&1` has no file behind it.
        let number = if rest[..sign].ends_with('&') { digits(&rest[sign..]) } else { 0 };
        self.at += number;
        self.skip_word = number == 0;
    }

    fn read_documents(&mut self) {
        for (command, name) in std::mem::take(&mut self.documents) {
            let mut body = String::new();
            while !self.rest().is_empty() {
                let line = self.rest().split_inclusive('\n').next().unwrap_or("").to_owned();
                self.at += line.len();
                if line.trim() == name {
                    break;
                }
                body.push_str(&line);
            }
            if let Some(command) = self.commands.get_mut(command) {
                command.document = Some(body);
            }
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.skip_word) {
            return;
        }
        // Words that open or close something stand where a command begins.
        if self.words.is_empty() && self.keyword(&word) {
            self.start = None;
            return;
        }
        self.words.push(word);
    }

    /// Whether a word at the beginning of a command is one of the language.
    fn keyword(&mut self, word: &str) -> bool {
        match word {
            "if" | "case" => {
                self.count += 1;
                self.branches.push((self.count, 0, word == "case"));
                // What stands between `case` and `in` is no command.
                word == "if"
            }
            "elif" | "else" => {
                self.next_arm();
                true
            }
            "fi" | "esac" => {
                self.branches.pop();
                true
            }
            "{" => {
                self.braces += 1;
                true
            }
            "}" => {
                self.braces = self.braces.saturating_sub(1);
                if self.functions.last() == Some(&self.braces) {
                    self.functions.pop();
                }
                true
            }
            "then" | "do" | "done" | "while" | "until" | "!" => true,
            _ => false,
        }
    }

    fn next_arm(&mut self) {
        if let Some((_, arm, _)) = self.branches.last_mut() {
            *arm += 1;
        }
    }

    fn end_command(&mut self, together: bool) {
        self.end_word();
        self.skip_word = false;
        let words = std::mem::take(&mut self.words);
        let start = self.start.take();
        let alternative = std::mem::take(&mut self.alternative);
        let (Some(start), Some(first)) = (start, words.first()) else { return };
        if matches!(first.as_str(), "for" | "case" | "select" | "function") {
            return;
        }
        self.commands.push(Command {
            start,
            end: self.end.max(start),
            arms: self.branches.iter().map(|(branch, arm, _)| (*branch, *arm)).collect(),
            document: None,
            loose: alternative || together || !self.functions.is_empty(),
            words,
        });
    }
}

/// The length of a quoted piece, and what it says.
fn quoted(text: &str, quote: char, escapes: bool) -> (usize, String) {
    let mut said = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            return (at + 1, said);
        }
        if escapes && text[at..].starts_with("$(") {
            let length = substitution(&text[at..]);
            said.push_str(&text[at..at + length]);
            while letters.next_if(|(next, _)| *next < at + length).is_some() {}
            continue;
        }
        if escapes && letter == '\\' && letters.peek().is_some_and(|(_, next)| "\"\\$`\n".contains(*next)) {
            said.extend(letters.next().map(|(_, next)| next).filter(|next| *next != '\n'));
        } else {
            said.push(letter);
        }
    }
    (text.len(), said)
}

/// The length of `$name`, `${..}`, `$(..)` or `${{ .. }}`.
fn substitution(text: &str) -> usize {
    let closed = |close: &str| text.find(close).map_or(text.len(), |at| at + close.len());
    if text.starts_with("${{") {
        return closed("}}");
    }
    if text.starts_with("${") {
        return closed("}");
    }
    if !text.starts_with("$(") {
        return 1;
    }
    let mut depth = 0usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let told = |command: Command| {
            let arms: String = command.arms.iter().map(|(branch, arm)| format!("{branch}{arm} ")).collect();
            let loose = if command.loose { "? " } else { "" };
            let document = command.document.map_or(String::new(), |text| format!(" << {}", text.trim()));
            format!("{arms}{loose}{}{document}", command.words.join("·"))
        };
        let found: Vec<String> = commands(text).into_iter().map(told).collect();
        assert_eq!(found.join("\n"), expected, "{text}");
    }

    #[test]
    fn lines_and_operators() {
        check("a b && c; d\ne | f || g\nh", "a·b\nc\nd\ne\nf\n? g\nh");
        check("a 'b c' \"d \\\" e\" f\\ g # no\n\nh \\\n  i", "a·b c·d \" e·f g\nh·i");
        check("A=b c ${{ x && y }} $(d; e)f > out 2>&1 && g", "A=b·c·${{ x && y }}·$(d; e)f·2\ng");
        check("a=\"$(b \"c d\")\" e", "a=$(b \"c d\")·e");
        check("a & b", "? a\nb");
        check("(a; b) && c", "a\nb\nc");
    }

    #[test]
    fn branches() {
        check("if a; then b; elif c; then d; else e; fi; f", "10 a\n10 b\n11 c\n11 d\n12 e\nf");
        check("case $x in\n a) b ;;\n *) c;; esac\nd", "10 b\n11 c\nd");
        check("for x in a b; do c; done", "c");
        check("f() {\n a\n}\nb", "? a\nb");
    }

    #[test]
    fn documents() {
        check("ssh x << 'EOF'\na\nb\nEOF\nc", "ssh·x << a\nb\nc");
        check("cat <<EOF", "cat");
    }

    #[test]
    fn anything_ends() {
        for text in ["'", "\"\\", "$(", "${{", "<<", "\\", "((()", "}", "fi", "esac", ";;", "é'", "<<é\né"]
        {
            let _ = commands(text);
        }
    }
}
