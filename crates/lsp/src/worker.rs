//! The thread that judges: takes over what was typed, checks once for all of it, publishes, and answers
//! what was asked meanwhile.

use crate::actions;
use crate::capabilities::{self, Client};
use crate::check::{Check, Told};
use crate::convert::Places;
use crate::documents::{Documents, LARGEST};
use crate::paths;
use crate::positions::Lines;
use crate::serve::Canceled;
use crossbeam_channel::{Receiver, Sender};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionKind, CodeActionParams, Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, Hover, HoverContents, HoverParams, LogMessageParams, MarkupContent,
    MarkupKind, MessageType, PublishDiagnosticsParams, RegistrationParams, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use source::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// The thread's state.
pub(crate) struct Worker<C> {
    check: C,
    sender: Sender<Message>,
    client: Client,
    canceled: Canceled,
    documents: Documents,
    /// The findings of each folder.
    told: BTreeMap<PathBuf, Vec<source::Diagnostic>>,
    /// What the client shows, by the text of the URI.
    published: BTreeMap<String, Shown>,
    /// Messages that were logged already.
    said: BTreeSet<String>,
}

/// What the client shows in a file.
#[derive(PartialEq)]
struct Shown {
    uri: Uri,
    diagnostics: Vec<Diagnostic>,
}

impl Shown {
    fn nothing(uri: Uri) -> Shown {
        Shown { uri, diagnostics: Vec::new() }
    }
}

/// What came in while the last check ran.
#[derive(Default)]
struct Batch {
    /// Files whose texts changed.
    changed: BTreeSet<PathBuf>,
    /// Everything is to be judged.
    all: bool,
    /// The disk or the repository has changed.
    again: bool,
    /// What was asked, with the version of the document that it is about.
    requests: Vec<(Request, Option<i32>)>,
}

impl<C: Check> Worker<C> {
    pub(crate) fn new(check: C, sender: Sender<Message>, client: Client, canceled: Canceled) -> Worker<C> {
        Worker {
            check,
            sender,
            client,
            canceled,
            documents: Documents::default(),
            told: BTreeMap::new(),
            published: BTreeMap::new(),
            said: BTreeSet::new(),
        }
    }

    /// Works until there is nobody left to send anything.
    pub(crate) fn run(mut self, inbox: &Receiver<Message>) {
        while let Ok(first) = inbox.recv() {
            let mut batch = Batch::default();
            // What was typed meanwhile is judged with it: a check for each letter would come too late.
            for message in std::iter::once(first).chain(inbox.try_iter()) {
                self.take(message, &mut batch);
            }
            self.judge(&batch);
            for (request, version) in batch.requests {
                self.answer(request, version);
            }
            if inbox.is_empty() {
                // Of what was answered before it was called off.
                self.canceled.lock().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    }

    fn take(&mut self, message: Message, batch: &mut Batch) {
        match message {
            Message::Notification(notification) => self.notice(notification, batch),
            Message::Request(request) => {
                let uri = &request.params["textDocument"]["uri"];
                let path = serde_json::from_value(uri.clone()).ok().and_then(|uri| self.path(&uri));
                let version = path.and_then(|path| self.documents.get(&path)).map(|it| it.version);
                batch.requests.push((request, version));
            }
            Message::Response(_) => {}
        }
    }

    fn notice(&mut self, notification: Notification, batch: &mut Batch) {
        let Notification { method, params } = notification;
        let done = match method.as_str() {
            "initialized" => {
                batch.all = true;
                if self.client.watches {
                    let params = RegistrationParams { registrations: vec![capabilities::watched()] };
                    let id = RequestId::from("brolly-files".to_owned());
                    let request = Request::new(id, "client/registerCapability".to_owned(), params);
                    let _ = self.sender.send(request.into());
                }
                Ok(())
            }
            "textDocument/didOpen" => parsed(params).map(|it: DidOpenTextDocumentParams| {
                let document = it.text_document;
                let Some(path) = self.path(&document.uri) else { return };
                if document.text.len() > LARGEST {
                    self.log(MessageType::INFO, format!("{} is too long to be judged", path.display()));
                }
                self.documents.open(path.clone(), document.uri, document.version, document.text);
                batch.changed.insert(path);
                batch.again = true;
            }),
            "textDocument/didChange" => parsed(params).map(|it: DidChangeTextDocumentParams| {
                let document = it.text_document;
                let Some(path) = self.path(&document.uri) else { return };
                if self.documents.change(&path, document.version, it.content_changes) {
                    batch.changed.insert(path);
                }
            }),
            "textDocument/didClose" => parsed(params).map(|it: DidCloseTextDocumentParams| {
                let Some(path) = self.path(&it.text_document.uri) else { return };
                if self.documents.close(&path) {
                    batch.changed.insert(path);
                }
            }),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                (batch.all, batch.again) = (true, true);
                Ok(())
            }
            // Others are none of its business.
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.log(MessageType::WARNING, format!("{method} makes no sense: {error}"));
        }
    }

    /// Checks what has changed, and tells what is new about it.
    fn judge(&mut self, batch: &Batch) {
        if batch.changed.is_empty() && !batch.all {
            return;
        }
        if batch.again {
            self.check.look_again();
        }
        let texts = self.documents.texts();
        let changed = if batch.all { BTreeSet::new() } else { batch.changed.clone() };
        let check = &mut self.check;
        let told = catch_unwind(AssertUnwindSafe(|| check.check(&texts, &changed)));
        let told = told.unwrap_or_else(|_| {
            self.check.look_again();
            let note =
                "brolly gave up on this text, which is an error of brolly's: please report it".to_owned();
            vec![Told { notes: vec![note], ..Told::default() }]
        });
        for Told { root, findings, notes } in told {
            if let Some(findings) = findings {
                self.told.insert(root, findings);
            }
            for note in notes {
                self.log(MessageType::WARNING, note);
            }
        }
        self.publish(&batch.changed);
    }

    fn publish(&mut self, changed: &BTreeSet<PathBuf>) {
        let texts = self.documents.texts();
        let name = |path: &Path| self.uri(path);
        let mut shown: BTreeMap<String, Shown> = BTreeMap::new();
        for (root, findings) in &self.told {
            let places = Places { root, texts: &texts, uri: &name };
            for found in findings {
                let Some(uri) = self.uri(&root.join(&found.primary.file.path)) else { continue };
                let diagnostic = places.diagnostic(found, self.client, &self.check);
                shown
                    .entry(uri.to_string())
                    .or_insert_with(|| Shown::nothing(uri))
                    .diagnostics
                    .push(diagnostic);
            }
        }
        // What was typed in is answered in any case, so that the client knows that it was judged.
        let typed: Vec<Uri> = changed.iter().filter_map(|path| self.uri(path)).collect();
        for uri in self.published.values().map(|it| &it.uri).chain(&typed) {
            shown.entry(uri.to_string()).or_insert_with(|| Shown::nothing(uri.clone()));
        }
        for (key, it) in &shown {
            if typed.contains(&it.uri) || self.published.get(key) != Some(it) {
                let version = self.documents.version(&it.uri);
                let (uri, diagnostics) = (it.uri.clone(), it.diagnostics.clone());
                let params = PublishDiagnosticsParams { uri, version, diagnostics };
                let method = "textDocument/publishDiagnostics".to_owned();
                let _ = self.sender.send(Notification::new(method, params).into());
            }
        }
        shown.retain(|_, it| !it.diagnostics.is_empty());
        self.published = shown;
    }

    fn answer(&mut self, request: Request, version: Option<i32>) {
        let Request { id, method, params } = request;
        if self.canceled.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
            self.refuse(id, ErrorCode::RequestCanceled, "canceled".to_owned());
            return;
        }
        let answer = match method.as_str() {
            "textDocument/hover" => parsed(params).map(|it| value(self.hover(&it, version))),
            "textDocument/codeAction" => parsed(params).map(|it| value(self.actions(&it, version))),
            _ => {
                self.refuse(id, ErrorCode::MethodNotFound, format!("`{method}` is not served"));
                return;
            }
        };
        match answer {
            Ok(Some(answer)) => {
                let _ = self.sender.send(Response::new_ok(id, answer).into());
            }
            Ok(None) => self.refuse(id, ErrorCode::ContentModified, "the text is another one now".to_owned()),
            Err(error) => self.refuse(id, ErrorCode::InvalidParams, error.to_string()),
        }
    }

    fn refuse(&self, id: RequestId, code: ErrorCode, message: String) {
        let _ = self.sender.send(Response::new_err(id, code as i32, message).into());
    }

    /// What is known about a place; `Err` where the text is not the one that was asked about.
    fn hover(&mut self, params: &HoverParams, version: Option<i32>) -> Result<Option<Hover>, Outdated> {
        let at = &params.text_document_position_params;
        let Some(path) = self.path(&at.text_document.uri) else { return Ok(None) };
        let Some(document) = self.documents.get(&path) else { return Ok(None) };
        if version != Some(document.version) {
            return Err(Outdated);
        }
        let lines = Lines::new(&document.text);
        let byte = lines.byte(at.position);
        let found: Vec<&source::Diagnostic> = self.findings(&path, Span { start: byte, end: byte }).collect();
        let range = found.first().map(|found| lines.range(found.primary.span));
        let mut rules: Vec<&str> = found.iter().map(|found| found.rule).collect();
        rules.dedup();
        let pages: Vec<String> =
            rules.iter().filter_map(|rule| self.check.page(rule)).map(|page| page.text).collect();
        let check = &mut self.check;
        let statement = catch_unwind(AssertUnwindSafe(|| check.statement(&path, byte))).unwrap_or_default();
        let parts: Vec<String> = statement.into_iter().chain(pages).collect();
        if parts.is_empty() {
            return Ok(None);
        }
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: parts.join("\n\n---\n\n") };
        Ok(Some(Hover { contents: HoverContents::Markup(contents), range }))
    }

    fn actions(
        &mut self,
        params: &CodeActionParams,
        version: Option<i32>,
    ) -> Result<Vec<lsp_types::CodeActionOrCommand>, Outdated> {
        let wanted = params.context.only.as_ref().is_none_or(|only| {
            only.iter().any(|kind| *kind == CodeActionKind::QUICKFIX || *kind == CodeActionKind::EMPTY)
        });
        let Some(path) = self.path(&params.text_document.uri).filter(|_| wanted) else {
            return Ok(Vec::new());
        };
        let texts = self.documents.texts();
        let Some(document) = self.documents.get(&path) else { return Ok(Vec::new()) };
        if version != Some(document.version) {
            return Err(Outdated);
        }
        let lines = Lines::new(&document.text);
        let span = Span { start: lines.byte(params.range.start), end: lines.byte(params.range.end) };
        let check = &mut self.check;
        let found = catch_unwind(AssertUnwindSafe(|| check.actions(&texts, &path, span))).unwrap_or_default();
        let name = |path: &Path| self.uri(path);
        let about = |action: &crate::Action| {
            let (rule, start) = &action.finding;
            let (root, found) = self.told.iter().find_map(|(root, findings)| {
                let same = |found: &&source::Diagnostic| {
                    found.rule == rule
                        && found.primary.span.start == *start
                        && root.join(&found.primary.file.path) == path
                };
                findings.iter().find(same).map(|found| (root, found))
            })?;
            let places = Places { root, texts: &texts, uri: &name };
            Some(places.diagnostic(found, self.client, &self.check))
        };
        let shown = found.into_iter().map(|action| {
            let about = about(&action);
            actions::action(action, document, about, self.client)
        });
        Ok(shown.collect())
    }

    /// The findings of a file that touch a span.
    fn findings<'a>(&'a self, path: &'a Path, at: Span) -> impl Iterator<Item = &'a source::Diagnostic> {
        let all =
            self.told.iter().flat_map(|(root, findings)| findings.iter().map(move |found| (root, found)));
        let here = all.filter(move |(root, found)| root.join(&found.primary.file.path) == path);
        here.map(|(_, found)| found)
            .filter(move |found| found.primary.span.start <= at.end && at.start <= found.primary.span.end)
    }

    /// Each message once: it is about a state, and not about a keystroke.
    fn log(&mut self, typ: MessageType, message: String) {
        if self.said.insert(message.clone()) {
            let params = LogMessageParams { typ, message };
            let _ = self.sender.send(Notification::new("window/logMessage".to_owned(), params).into());
        }
    }

    fn path(&self, uri: &Uri) -> Option<PathBuf> {
        Some(self.check.path(&paths::of_uri(uri)?))
    }

    /// What the client calls a file.
    fn uri(&self, path: &Path) -> Option<Uri> {
        self.documents.get(path).map(|document| document.uri.clone()).or_else(|| paths::uri(path))
    }
}

/// The text is another one than was asked about.
struct Outdated;

fn parsed<P: DeserializeOwned>(params: Value) -> Result<P, serde_json::Error> {
    serde_json::from_value(params)
}

fn value<T: serde::Serialize>(answer: Result<T, Outdated>) -> Option<Value> {
    answer.ok().map(|answer| serde_json::to_value(answer).unwrap_or(Value::Null))
}
