//! The documents that the editor has open, as it tells of them.

use crate::positions::Lines;
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One document.
pub(crate) struct Document {
    /// What the editor calls it.
    pub(crate) uri: Uri,
    /// The number of its text.
    pub(crate) version: i32,
    /// Its text, byte order mark included.
    pub(crate) text: Arc<str>,
}

/// Documents by their paths without links.
#[derive(Default)]
pub(crate) struct Documents {
    open: BTreeMap<PathBuf, Document>,
}

/// Nobody writes longer texts by hand: those are left alone.
pub(crate) const LARGEST: usize = 2 << 20;

impl Documents {
    pub(crate) fn open(&mut self, path: PathBuf, uri: Uri, version: i32, text: String) {
        self.open.insert(path, Document { uri, version, text: text.into() });
    }

    /// Takes the changes over; whether there is such a document.
    pub(crate) fn change(
        &mut self,
        path: &Path,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) -> bool {
        let Some(document) = self.open.get_mut(path) else { return false };
        let mut text = document.text.to_string();
        for change in changes {
            match change.range {
                None => text = change.text,
                Some(range) => {
                    let lines = Lines::new(&text);
                    let (start, end) = (lines.offset(range.start), lines.offset(range.end));
                    text.replace_range(start..end.max(start), &change.text);
                }
            }
        }
        (document.version, document.text) = (version, text.into());
        true
    }

    pub(crate) fn close(&mut self, path: &Path) -> bool {
        self.open.remove(path).is_some()
    }

    pub(crate) fn get(&self, path: &Path) -> Option<&Document> {
        self.open.get(path)
    }

    /// The number of the text that the editor calls so; `None` where it is not open.
    pub(crate) fn version(&self, uri: &Uri) -> Option<i32> {
        self.open.values().find(|document| document.uri == *uri).map(|document| document.version)
    }

    /// The texts that can be judged.
    pub(crate) fn texts(&self) -> BTreeMap<PathBuf, Arc<str>> {
        let readable = self.open.iter().filter(|(_, document)| document.text.len() <= LARGEST);
        readable.map(|(path, document)| (path.clone(), document.text.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};
    use std::str::FromStr;

    fn change(range: Option<[u32; 4]>, text: &str) -> TextDocumentContentChangeEvent {
        let range = range.map(|[line, character, to_line, to_character]| Range {
            start: Position { line, character },
            end: Position { line: to_line, character: to_character },
        });
        TextDocumentContentChangeEvent { range, range_length: None, text: text.to_owned() }
    }

    fn check(before: &str, changes: Vec<TextDocumentContentChangeEvent>, after: &str) {
        let path = Path::new("/a.sql");
        let mut documents = Documents::default();
        let uri = Uri::from_str("file:///a.sql").expect("a URI");
        documents.open(path.to_owned(), uri, 1, before.to_owned());
        assert!(documents.change(path, 2, changes));
        assert_eq!(documents.get(path).map(|it| (&*it.text, it.version)), Some((after, 2)));
        assert!(documents.close(path) && !documents.close(path));
    }

    #[test]
    fn changes_follow_each_other() {
        check("ab\ncd", vec![change(Some([0, 1, 1, 1]), "-")], "a-d");
        check("a", vec![change(Some([0, 1, 0, 1]), "b"), change(Some([0, 2, 0, 2]), "c")], "abc");
        check("😀x", vec![change(Some([0, 2, 0, 3]), "y")], "😀y");
        check("a", vec![change(None, "b"), change(Some([9, 9, 9, 9]), "!")], "b!");
        check("ab", vec![change(Some([0, 2, 0, 0]), "x")], "abx");
    }
}
