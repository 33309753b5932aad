//! Connections to servers, ours and others': [`target`] reads a URL, [`connect`] opens it.
//!
//! What is said over a connection is the caller's affair. The client library stays behind
//! [`Connection`]; its errors become those of this crate.

mod authority;
mod certificate;
mod connection;
mod failure;
mod identity;
mod libpq;
mod passfile;
mod revoked;
mod target;
mod text;
mod tls;
mod url;

pub use connection::{Connection, Notice, Row};
pub use libpq::target_of_libpq;
pub use target::Target;
pub use url::{target, target_here, target_in, url_of};

use crate::{Error, OLDEST, Version};
use std::time::{Duration, Instant};

/// How long to wait for an answer, unless the URL says otherwise with `connect_timeout`.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for room: a server counts a session for a while after its client has gone, ours of a moment ago too.
const ROOM: Duration = Duration::from_secs(1);

/// Opens a connection. Wants a tokio runtime, which has to run for answers to come.
///
/// Errors: [`Error::Unreachable`], [`Error::Full`], [`Error::Tls`], [`Error::Auth`], [`Error::NoDatabase`],
/// [`Error::TooOld`] for servers before [`OLDEST`]; else what the server said.
pub async fn connect(target: &Target) -> Result<Connection, Error> {
    // The library's own timeout ends with the TCP connection; a proxy without a server behind it
    // takes that and never says a word.
    let patience = target.patience();
    let start = Instant::now();
    let opened = loop {
        let opened = tokio::time::timeout(patience, tls::open(target)).await;
        if !matches!(opened, Ok(Err(Error::Full { .. }))) || start.elapsed() > ROOM {
            break opened;
        }
        tokio::time::sleep(ROOM / 20).await;
    };
    let connection = opened.unwrap_or_else(|_| {
        let why = format!("no answer within {} s", patience.as_secs());
        let cure = "see whether the server is up; connect_timeout=SECONDS in the database URL waits longer";
        Err(Error::Unreachable { host: target.host(), why, cure: cure.to_owned() })
    })?;
    match Version::find(connection.server_version()) {
        Some(version) if version.major >= OLDEST => Ok(connection),
        _ => {
            let found = connection.server_version().to_owned();
            Err(Error::TooOld { host: target.host(), found, oldest: OLDEST })
        }
    }
}
