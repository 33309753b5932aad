//! Code actions as the protocol has them.

use crate::capabilities::Client;
use crate::check::{Action, ActionKind};
use crate::documents::Document;
use crate::positions::Lines;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, Command, Diagnostic, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, WorkspaceEdit,
};
use serde_json::json;
use std::collections::HashMap;

/// The command of clients that ask for a reason themselves, and then make the change.
pub(crate) const ALLOW: &str = "brolly.allow";

/// An action on a document, about the diagnostic that it would cure.
pub(crate) fn action(
    action: Action,
    document: &Document,
    about: Option<Diagnostic>,
    client: Client,
) -> CodeActionOrCommand {
    let lines = Lines::new(&document.text);
    // New lines end as those around them do.
    let end = if document.text.contains("\r\n") { "\r\n" } else { "\n" };
    let edit = |edit: &crate::check::Edit| {
        let new_text = edit.text.replace("\r\n", "\n").replace('\n', end);
        TextEdit { range: lines.range(edit.span), new_text }
    };
    let edits: Vec<TextEdit> = action.edits.iter().map(edit).collect();
    let asks = action.kind == ActionKind::Allow && client.asks;
    let command = edits.first().filter(|_| asks).map(|edit| Command {
        title: action.title.clone(),
        command: ALLOW.to_owned(),
        arguments: Some(vec![json!({
            "uri": document.uri,
            "version": document.version,
            "position": edit.range.start,
            "text": edit.new_text,
            "rule": action.finding.0,
        })]),
    });
    let edit = command.is_none().then(|| workspace_edit(edits, document, client));
    CodeActionOrCommand::CodeAction(CodeAction {
        title: action.title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: about.map(|about| vec![about]),
        is_preferred: (action.kind == ActionKind::Fix).then_some(true),
        edit,
        command,
        ..CodeAction::default()
    })
}

fn workspace_edit(edits: Vec<TextEdit>, document: &Document, client: Client) -> WorkspaceEdit {
    if !client.versioned {
        let changes = Some(HashMap::from([(document.uri.clone(), edits)]));
        return WorkspaceEdit { changes, ..WorkspaceEdit::default() };
    }
    let text_document = OptionalVersionedTextDocumentIdentifier {
        uri: document.uri.clone(),
        version: Some(document.version),
    };
    let edits = edits.into_iter().map(OneOf::Left).collect();
    let changes = DocumentChanges::Edits(vec![TextDocumentEdit { text_document, edits }]);
    WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
}
