//! The main loop: shakes hands, hands messages on to the worker, and ends as the protocol wants it.

use crate::capabilities::{self, Client};
use crate::check::Check;
use crate::paths;
use crate::worker::Worker;
use crossbeam_channel::unbounded;
use lsp_server::{Connection, ErrorCode, Message, RequestId, Response};
use lsp_types::{InitializeParams, InitializeResult, ServerInfo};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Why the server ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The messages make no sense.
    #[error("the editor does not speak the language server protocol: {0}")]
    Protocol(String),
    /// The thread that judges could not be started.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}

/// What the client starts with.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The folders that are open in it.
    pub folders: Vec<PathBuf>,
}

/// Requests that the client wants no answer to any more.
pub(crate) type Canceled = Arc<Mutex<HashSet<RequestId>>>;

/// Serves an editor over standard input and output until it leaves. The exit code is 0 where it has taken
/// its leave (`shutdown`, then `exit`), and 1 where it has just gone.
pub fn serve<C: Check>(version: &str, check: impl FnOnce(Start) -> C + Send + 'static) -> Result<u8, Error> {
    let (connection, threads) = Connection::stdio();
    let (code, regular) = run(&connection, version, check)?;
    drop(connection);
    // The reader may wait for more, where the end is not a regular one.
    if regular && let Err(error) = threads.join() {
        return Err(Error::Protocol(error.to_string()));
    }
    Ok(code)
}

fn run<C: Check>(
    connection: &Connection,
    version: &str,
    check: impl FnOnce(Start) -> C + Send + 'static,
) -> Result<(u8, bool), Error> {
    let (id, params) = match connection.initialize_start() {
        Ok(started) => started,
        // The editor has gone before it said anything, or said nothing but `exit`.
        Err(_) => return Ok((1, true)),
    };
    let params: InitializeParams = match serde_json::from_value(params) {
        Ok(params) => params,
        Err(error) => {
            let code = ErrorCode::InvalidParams as i32;
            let _ = connection.sender.send(Response::new_err(id, code, error.to_string()).into());
            return Err(Error::Protocol(format!("`initialize`: {error}")));
        }
    };
    let result = InitializeResult {
        capabilities: capabilities::server(),
        server_info: Some(ServerInfo { name: "brolly".to_owned(), version: Some(version.to_owned()) }),
    };
    let _ = connection.sender.send(Response::new_ok(id, result).into());

    let (client, start) = (Client::new(&params), Start { folders: folders(&params) });
    let (jobs, inbox) = unbounded();
    let canceled = Canceled::default();
    let (sender, shared) = (connection.sender.clone(), canceled.clone());
    let worker = std::thread::Builder::new().name("check".to_owned());
    let work = move || Worker::new(check(start), sender, client, shared).run(&inbox);
    let worker = worker.spawn(work).map_err(Error::Thread)?;

    let mut code = 1;
    let mut regular = true;
    for message in &connection.receiver {
        match message {
            Message::Request(request) if request.method == "shutdown" => {
                match connection.handle_shutdown(&request) {
                    Ok(_) => code = 0,
                    Err(_) => regular = false,
                }
                break;
            }
            Message::Notification(notification) if notification.method == "exit" => break,
            Message::Notification(notification) if notification.method == "$/cancelRequest" => {
                let id = notification.params.get("id").cloned();
                if let Some(id) = id.and_then(|id| serde_json::from_value(id).ok()) {
                    canceled.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                }
            }
            // An answer to what was asked of the client: nothing depends on it.
            Message::Response(_) => {}
            message => {
                let _ = jobs.send(message);
            }
        }
    }
    drop(jobs);
    let _ = worker.join();
    Ok((code, regular))
}

/// The folders that are open, as all generations of clients say it.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let many = params.workspace_folders.iter().flatten().filter_map(|folder| paths::of_uri(&folder.uri));
    let many: Vec<PathBuf> = many.collect();
    if !many.is_empty() {
        return many;
    }
    #[allow(deprecated, reason = "older clients say it so")]
    let one = params.root_uri.as_ref().and_then(paths::of_uri);
    one.into_iter().collect()
}
