//! What the server asks of whoever knows how to judge a text: values in, values out.

use source::{Diagnostic, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The texts of open documents by the paths of their files, without links.
pub type Texts = BTreeMap<PathBuf, Arc<str>>;

/// Judges files whose texts may not be saved yet.
pub trait Check {
    /// The path that a file goes by: absolute and without links.
    fn path(&self, path: &Path) -> PathBuf;

    /// Judges what these files have to do with; with none, all that the editor has open as folders.
    fn check(&mut self, texts: &Texts, changed: &BTreeSet<PathBuf>) -> Vec<Told>;

    /// Forgets what it knows of the disk and of the repository: something there has changed.
    fn look_again(&mut self);

    /// What is known of the statement at a byte of a file: Markdown.
    fn statement(&mut self, path: &Path, at: u32) -> Option<String>;

    /// What can be done about findings of a file that touch a span, as far as the outcome was seen to hold.
    fn actions(&mut self, texts: &Texts, path: &Path, at: Span) -> Vec<Action>;

    /// The page of a rule; `None` where there is no such rule.
    fn page(&self, rule: &str) -> Option<Page>;
}

/// What is to be said about a folder.
#[derive(Debug, Default)]
pub struct Told {
    /// The folder that the paths of findings are relative to.
    pub root: PathBuf,
    /// All findings, each time anew; `None` where it can't be judged as it is now, and what was said
    /// stays.
    pub findings: Option<Vec<Diagnostic>>,
    /// What went wrong, a message each.
    pub notes: Vec<String>,
}

/// The page of a rule.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is on the net.
    pub url: String,
    /// Its text in Markdown.
    pub text: String,
}

/// Something to do about a finding.
#[derive(Clone, Debug)]
pub struct Action {
    /// What it does.
    pub title: String,
    /// The rule of the finding, and where it starts: by these it is found again.
    pub finding: (String, u32),
    /// What kind of thing it is.
    pub kind: ActionKind,
    /// The changes to the file of the finding.
    pub edits: Vec<Edit>,
}

/// Kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Another SQL that the finding is gone with.
    Fix,
    /// A comment that lives with the finding; its edit ends where the reason belongs.
    Allow,
}

/// A change to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What it takes the place of, in bytes.
    pub span: Span,
    /// What stands there then.
    pub text: String,
}
