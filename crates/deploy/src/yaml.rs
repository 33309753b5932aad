//! YAML, and JSON with it, as a tree with a place on everything.
//!
//! Aliases share what they name, so that no file grows by them. A text that is no YAML, or is nested
//! deeper than any workflow, gives nothing.

use saphyr_parser::{Event, Marker, Parser};
use source::Span;
use std::collections::HashMap;
use std::rc::Rc;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(String),
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

/// Deeper nesting than this is no workflow.
const DEPTH: usize = 64;

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; a scalar is a list of one.
    pub fn items(self: &Rc<Node>) -> Vec<Rc<Node>> {
        match &self.kind {
            Kind::List(items) => items.clone(),
            Kind::Scalar(_) => vec![self.clone()],
            Kind::Map(_) => Vec::new(),
        }
    }

    /// The scalars of a list, those of lists in it too (GitLab flattens them).
    pub fn texts(self: &Rc<Node>) -> Vec<Rc<Node>> {
        let items = self.items().into_iter().flat_map(|item| match &item.kind {
            Kind::List(inner) => inner.clone(),
            _ => vec![item],
        });
        items.filter(|item| item.text().is_some()).collect()
    }

    /// The maps of a list.
    pub fn items_of_maps(self: &Rc<Node>) -> Vec<Rc<Node>> {
        self.items().into_iter().filter(|item| matches!(item.kind, Kind::Map(_))).collect()
    }

    /// Keys and values of a map.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &Rc<Node>, &Rc<Node>)> {
        let pairs = match &self.kind {
            Kind::Map(pairs) => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().filter_map(|(key, value)| Some((key.text()?, key, value)))
    }

    /// The value under a key, also one that is merged in with `<<`.
    pub fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.get_within(key, 8)
    }

    fn get_within(&self, key: &str, depth: usize) -> Option<&Rc<Node>> {
        let own = self.pairs().filter(|(name, ..)| *name == key).last();
        if let Some((_, _, value)) = own {
            return Some(value);
        }
        let depth = depth.checked_sub(1)?;
        self.pairs().filter(|(name, ..)| *name == "<<").find_map(|(_, _, value)| match &value.kind {
            Kind::List(items) => items.iter().find_map(|item| item.get_within(key, depth)),
            _ => value.get_within(key, depth),
        })
    }

    /// The text under a key.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }
}

/// The first document of `text`.
pub(crate) fn parse(text: &str) -> Option<Rc<Node>> {
    read(text, 1)?.into_iter().next()
}

/// All documents of `text`.
pub(crate) fn documents(text: &str) -> Vec<Rc<Node>> {
    read(text, usize::MAX).unwrap_or_default()
}

fn read(text: &str, most: usize) -> Option<Vec<Rc<Node>>> {
    let mut documents = Vec::new();
    let places = Places::new(text);
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    for event in Parser::new_from_str(text) {
        let (event, at) = event.ok()?;
        let span = Span::new(places.byte(&at.start), places.byte(&at.end));
        let node = match event {
            Event::Scalar(value, _, anchor, _) => {
                Some((anchor, Node { span, kind: Kind::Scalar(value.into_owned()) }))
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let is_map = matches!(event, Event::MappingStart(..));
                open.push(Open { anchor, start: span, is_map, children: Vec::new() });
                if open.len() > DEPTH {
                    return None;
                }
                None
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { anchor, start, is_map, children } = open.pop()?;
                let kind = if is_map { Kind::Map(pairs(children)) } else { Kind::List(children) };
                Some((anchor, Node { span: start.to(span), kind }))
            }
            Event::Alias(anchor) => {
                let known = anchors.get(&anchor).cloned();
                let known =
                    known.unwrap_or_else(|| Rc::new(Node { span, kind: Kind::Scalar(String::new()) }));
                match open.last_mut() {
                    Some(parent) => parent.children.push(known),
                    None => documents.push(known),
                }
                None
            }
            _ => None,
        };
        let Some((anchor, node)) = node else { continue };
        let node = Rc::new(node);
        if anchor > 0 {
            anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => documents.push(node),
        }
        if documents.len() == most {
            break;
        }
    }
    Some(documents)
}

struct Open {
    anchor: usize,
    start: Span,
    is_map: bool,
    children: Vec<Rc<Node>>,
}

fn pairs(children: Vec<Rc<Node>>) -> Vec<(Rc<Node>, Rc<Node>)> {
    let mut children = children.into_iter();
    let mut pairs = Vec::new();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// The parser counts characters, spans count bytes.
struct Places {
    bytes: Option<Vec<u32>>,
}

impl Places {
    fn new(text: &str) -> Places {
        let all = || text.char_indices().map(|(at, _)| at as u32).chain([text.len() as u32]).collect();
        Places { bytes: (!text.is_ascii()).then(all) }
    }

    fn byte(&self, marker: &Marker) -> usize {
        let Some(bytes) = &self.bytes else { return marker.index() };
        let at = bytes.get(marker.index()).or(bytes.last());
        at.map_or(0, |byte| *byte as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes() {
        let text = "é: &a\n  run: |\n    ä\n    b\nx: [*a, c]\n";
        let tree = parse(text).unwrap();
        let first = tree.get("é").unwrap();
        assert_eq!(first.text_of("run"), Some("ä\nb\n"));
        assert_eq!(first.get("run").unwrap().span.of(text).trim(), "ä\n    b");
        let list = tree.get("x").unwrap().items();
        assert_eq!(list[0].text_of("run"), Some("ä\nb\n"));
        assert_eq!(list[1].span.of(text), "c");
    }

    #[test]
    fn documents_follow_each_other() {
        let texts = |text: &str| {
            documents(text).iter().map(|one| one.text_of("a").map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(
            texts("a: b\n---\na: c\n---\n# nothing\n"),
            [Some("b".to_owned()), Some("c".to_owned()), None]
        );
        assert!(documents("a: b\n---\n[").is_empty());
    }

    #[test]
    fn json_with_tabs_is_yaml() {
        let text = "{\n\t\"a\": \"b \\\"c\\\" \\u00e9\",\n\t\"d\" : {}\n}\n";
        let tree = parse(text).unwrap();
        assert_eq!(tree.text_of("a"), Some("b \"c\" é"));
        assert_eq!(tree.get("a").unwrap().span.of(text), "\"b \\\"c\\\" \\u00e9\"");
    }

    #[test]
    fn merges_and_bombs() {
        let tree = parse("a: &a { k: v }\nb:\n  <<: *a\n  l: w\n").unwrap();
        assert_eq!(tree.get("b").unwrap().text_of("k"), Some("v"));
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for n in 1..60 {
            bomb.push_str(&format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
        }
        assert!(parse(&bomb).is_some());
        for text in ["", "[", "a: [", "\"a", "a: b: c", "&a [*a]", "%", "a:\n\t- b", "!!x", "*a"] {
            let _ = parse(text);
        }
        assert!(parse(&"[".repeat(100_000)).is_none());
        assert!(parse(&"- ".repeat(100_000)).is_none());
        assert!(parse(&"{a: ".repeat(1000)).is_none());
    }
}
