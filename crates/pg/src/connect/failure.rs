//! Errors of the client library as errors of ours. What they mean for a migration is not known here.

use super::target::Target;
use crate::{Error, Refusal};
use tokio_postgres::config::SslNegotiation;
use tokio_postgres::error::{DbError, ErrorPosition};

/// Why a connection could not be opened.
pub fn to_connect(target: &Target, error: &tokio_postgres::Error) -> Error {
    let host = target.host();
    if let Some(said) = error.as_db_error() {
        let why = said.message().to_owned();
        return match said.code().code() {
            "28000" if why.contains("valid client certificate") => {
                let cure = "name it and its key: sslcert=FILE&sslkey=FILE in the database URL, or PGSSLCERT and PGSSLKEY";
                Error::Tls { host, why, cure: cure.to_owned() }
            }
            "28000" | "28P01" if target.passed_over.is_some() => {
                let why = format!("{why}; {}", target.passed_over.as_deref().unwrap_or_default());
                Error::Auth { host, user: target.user().to_owned(), why }
            }
            "28000" | "28P01" => Error::Auth { host, user: target.user().to_owned(), why },
            "3D000" => Error::NoDatabase { host, database: target.database().to_owned() },
            "53300" => Error::Full { host, why },
            // PgBouncer takes no settings with a connection but those that it knows.
            "08P01" if why.starts_with("unsupported startup parameter") => {
                let cure = "this is a pooler: take what it does not know out of the database URL (options=), or add it \
                            to ignore_startup_parameters of PgBouncer";
                Error::Unreachable { host, why, cure: cure.to_owned() }
            }
            "57P03" => Error::Unreachable { host, why, cure: "wait until the server is up".to_owned() },
            _ => Error::Refused(Box::new(refusal(said))),
        };
    }
    let why = causes(error);
    let kind = error.to_string();
    if let (true, Some(identity)) = (why.contains("fatal alert"), &target.identity) {
        let why = format!("the server refuses the certificate {}: {why}", identity.certificate.display());
        let cure = "it has to be valid, and signed by an authority of the server's ssl_ca_file".to_owned();
        return Error::Tls { host, why, cure };
    }
    if kind.contains("TLS") && target.config.get_ssl_negotiation() == SslNegotiation::Direct {
        let cure = "sslnegotiation=direct wants PostgreSQL 17 or newer: leave it out".to_owned();
        return Error::Tls { host, why, cure };
    }
    if kind.contains("TLS") {
        let cure = match why.as_str() {
            why if why.contains("does not support TLS") => {
                "turn on ssl on the server, or say sslmode=prefer in the database URL"
            }
            why if why.contains("NotValidForName") || why.contains("not valid for") => {
                "it is made out to another host: connect to the one that it names; sslmode=verify-ca checks the signer alone"
            }
            why if why.contains("UnsupportedCertVersion") => {
                "it is of X.509 version 1, and only those of version 3 can be checked: have it made anew, with extensions"
            }
            why if why.contains("Revoked") => {
                "its signer has called it back (sslcrl): the server needs another one, or is another one"
            }
            why if why.contains("Revocation") || why.contains("revocation") => {
                "each signer of the chain has to have a list that is in force, in sslcrl=FILE or sslcrldir=DIR"
            }
            _ => {
                "sslmode=require encrypts without checking the certificate; sslrootcert=FILE names its signer"
            }
        };
        return Error::Tls { host, why, cure: cure.to_owned() };
    }
    if kind.contains("authentication") || why.contains("password missing") || why.contains("password") {
        let why = target.passed_over.as_ref().map_or(why.clone(), |passed| format!("{why}; {passed}"));
        return Error::Auth { host, user: target.user().to_owned(), why };
    }
    let cure = match target.is_local() {
        true => "start the server, or name another folder with host= in the database URL",
        false => "check host and port in the database URL, and that the server runs and can be reached",
    };
    Error::Unreachable { host, why, cure: cure.to_owned() }
}

/// Why a statement has no result. `last` is what the server said as it closed the connection.
pub fn of_statement(host: &str, last: Option<String>, error: &tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        // Class 57P: the server ends the session. FATAL: so it does for another reason.
        Some(said) if said.code().code().starts_with("57P0") || said.severity() == "FATAL" => {
            Error::Lost { host: host.to_owned(), why: said.message().to_owned() }
        }
        Some(said) if matches!(said.code().code(), "53100" | "58030") => Error::Exhausted {
            host: host.to_owned(),
            sqlstate: said.code().code().to_owned(),
            why: said.message().to_owned(),
        },
        Some(said) => Error::Refused(Box::new(refusal(said))),
        None if error.is_closed() || is_io(error) => {
            Error::Lost { host: host.to_owned(), why: last.unwrap_or_else(|| causes(error)) }
        }
        None => Error::Protocol { host: host.to_owned(), why: causes(error) },
    }
}

/// The fields of an error or a notice.
pub fn refusal(said: &DbError) -> Refusal {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let position = said.position().and_then(|position| match position {
        ErrorPosition::Original(at) => Some(*at),
        // In a statement that a function made up: there is no such place in ours.
        ErrorPosition::Internal { .. } => None,
    });
    Refusal {
        severity: said.severity().to_owned(),
        code: said.code().code().to_owned(),
        message: said.message().to_owned(),
        detail: owned(said.detail()),
        hint: owned(said.hint()),
        position,
        context: owned(said.where_()),
        schema: owned(said.schema()),
        table: owned(said.table()),
        column: owned(said.column()),
        constraint: owned(said.constraint()),
    }
}

/// An error and what caused it, in one line.
pub fn causes(error: &tokio_postgres::Error) -> String {
    let Some(mut cause) = std::error::Error::source(error) else { return error.to_string() };
    // The deepest says most: "Connection refused", not "error connecting to server".
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}
