//! What server and client tell each other that they can do.

use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability,
    DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher, GlobPattern, HoverProviderCapability,
    InitializeParams, Registration, SaveOptions, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
};
use serde_json::Value;

/// What the client can show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Client {
    /// Places beside the finding.
    pub(crate) related: bool,
    /// A link behind the name of the rule.
    pub(crate) links: bool,
    /// Changes that name the version of their document.
    pub(crate) versioned: bool,
    /// Files that are watched for the server.
    pub(crate) watches: bool,
    /// Asks for the reason of an allowing comment itself.
    pub(crate) asks: bool,
}

impl Client {
    pub(crate) fn new(params: &InitializeParams) -> Client {
        let document = params.capabilities.text_document.as_ref();
        let workspace = params.capabilities.workspace.as_ref();
        let shown = document.and_then(|it| it.publish_diagnostics.as_ref());
        let edit = workspace.and_then(|it| it.workspace_edit.as_ref());
        let watch = workspace.and_then(|it| it.did_change_watched_files.as_ref());
        let asks = params.initialization_options.as_ref().and_then(|it| it.get("asksForReason"));
        Client {
            related: shown.and_then(|it| it.related_information).unwrap_or(false),
            links: shown.and_then(|it| it.code_description_support).unwrap_or(false),
            versioned: edit.and_then(|it| it.document_changes).unwrap_or(false),
            watches: watch.and_then(|it| it.dynamic_registration).unwrap_or(false),
            asks: asks.and_then(Value::as_bool).unwrap_or(false),
        }
    }
}

/// What the server can do.
pub(crate) fn server() -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
        ..TextDocumentSyncOptions::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
        ..CodeActionOptions::default()
    };
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        ..ServerCapabilities::default()
    }
}

/// The files whose changes the server wants to hear of.
pub(crate) fn watched() -> Registration {
    let globs =
        ["**/*.sql", "**/brolly.json", "**/_journal.json", "**/*snapshot.json", "**/drizzle*.config.*"];
    let code = ["**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}", "**/.git/HEAD"];
    let watchers = globs.into_iter().chain(code);
    let watchers = watchers
        .map(|glob| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None });
    let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.collect() };
    Registration {
        id: "brolly-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    }
}
