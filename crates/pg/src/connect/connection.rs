//! An open connection: statements go in, rows, counts, notices and errors come out.
//!
//! Statements are sent as they are. What they do, and whether they should be sent, is not known here.

use super::failure;
use super::target::Target;
use super::text::Text;
use crate::{Error, Refusal, Version};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, Socket};

/// What a server says without being asked; its severity tells a warning from a remark.
pub type Notice = Refusal;

/// A row, each value in the server's text form, or `None` for NULL.
pub type Row = Vec<Option<String>>;

/// An open connection. Statements of one connection run one after the other, so it takes two to
/// watch one wait. Dropping it closes it.
pub struct Connection {
    client: Client,
    host: String,
    server_version: String,
    notices: UnboundedReceiver<Notice>,
    last_words: Arc<Mutex<Option<String>>>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Runs statements with the simple protocol, as one message: several are one transaction, unless
    /// one is open or they say otherwise. What can't run in a transaction has to come alone.
    ///
    /// Errors: [`Error::Refused`], [`Error::Lost`].
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.told(self.client.batch_execute(sql).await)
    }

    /// The rows of all statements in the text, run as [`Connection::batch`] runs them.
    pub async fn rows(&self, sql: &str) -> Result<Vec<Row>, Error> {
        let messages = self.told(self.client.simple_query(sql).await)?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// The first value of the first row, if there is one and it is not NULL.
    pub async fn value(&self, sql: &str) -> Result<Option<String>, Error> {
        let rows = self.rows(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// Runs one statement with the extended protocol, as drivers do, parameters `$1`, `$2`.. in the
    /// server's text form. How many rows it returned or changed.
    pub async fn run(&self, sql: &str, parameters: &[Option<&str>]) -> Result<u64, Error> {
        let parameters: Vec<Text<'_>> = parameters.iter().map(|value| Text(*value)).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        self.told(self.client.execute(sql, &parameters).await)
    }

    /// The number of the process that serves this connection, as in `pg_locks.pid`.
    pub async fn pid(&self) -> Result<i32, Error> {
        let value = self.value("SELECT pg_catalog.pg_backend_pid()").await?;
        let number = value.and_then(|value| value.parse().ok());
        number.ok_or(Error::Protocol { host: self.host.clone(), why: "no backend pid".to_owned() })
    }

    /// Notices that came since the last call, oldest first. Those of a statement are there as soon
    /// as its result is.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.notices.try_recv().ok()).collect()
    }

    /// The version of the server.
    pub fn version(&self) -> Version {
        Version::find(&self.server_version).unwrap_or(Version { major: 0, minor: 0 })
    }

    /// The version as the server words it.
    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// Host and port, or the folder of the socket.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is closed, from either side.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Closes it, and waits until all is sent.
    pub async fn close(self) {
        drop(self.client);
        let _ = self.task.await;
    }

    /// The client of the library, for what the other methods can't do. Hand its errors to
    /// [`Connection::failure`].
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// An error of [`Connection::client`] as one of ours.
    pub fn failure(&self, error: &tokio_postgres::Error) -> Error {
        let last = self.last_words.lock().ok().and_then(|words| words.clone());
        failure::of_statement(&self.host, last, error)
    }

    fn told<T>(&self, result: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
        result.map_err(|error| self.failure(&error))
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({}, {})", self.host, self.server_version)
    }
}

/// Sets a connection going: its other half is a task of the runtime, which collects notices and what
/// the server says last.
pub fn spawned<T>(
    target: &Target,
    client: Client,
    mut connection: tokio_postgres::Connection<Socket, T>,
) -> Connection
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let server_version = connection.parameter("server_version").unwrap_or_default().to_owned();
    let (sender, notices) = unbounded_channel();
    let last_words = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&last_words);
    let task = tokio::spawn(async move {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    // An immediate shutdown is told as a warning, and nothing comes after it.
                    if let (true, Ok(mut words)) = (notice.code().code().starts_with("57P0"), heard.lock()) {
                        *words = Some(notice.message().to_owned());
                    }
                    drop(sender.send(failure::refusal(&notice)));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let said = error.as_db_error().map(|said| said.message().to_owned());
                    if let Ok(mut words) = heard.lock() {
                        *words = said.or(words.take()).or_else(|| Some(failure::causes(&error)));
                    }
                    break;
                }
                None => break,
            }
        }
    });
    Connection { client, host: target.host(), server_version, notices, last_words, task }
}
