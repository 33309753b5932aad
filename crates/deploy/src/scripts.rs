//! The scripts of packages.

use crate::yaml::{self, Node};
use source::{SourceFile, Span};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The scripts of one `package.json`.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub file: Arc<SourceFile>,
    /// The folder that it lies in.
    pub folder: String,
    pub scripts: BTreeMap<String, Text>,
}

/// A text in a file.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub text: String,
    pub span: Span,
}

impl Text {
    /// The scalar as it is read, and where it stands.
    pub fn of(node: &Rc<Node>) -> Option<Text> {
        Some(Text { text: node.text()?.to_owned(), span: node.span })
    }
}

/// Reads a `package.json`; `None` where it has no scripts, or is none.
pub(crate) fn manifest(file: &Arc<SourceFile>, folder: &str) -> Option<Manifest> {
    let tree = yaml::parse(&file.text)?;
    let scripts = tree.get("scripts")?;
    let scripts = scripts.pairs().filter_map(|(name, _, value)| Some((name.to_owned(), Text::of(value)?)));
    Some(Manifest { file: file.clone(), folder: folder.to_owned(), scripts: scripts.collect() })
}
