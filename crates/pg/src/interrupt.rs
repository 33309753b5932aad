//! Ctrl-C and its kin, so that what is ours on somebody else's server goes before we do.
//!
//! Throwaway servers need none of this: they go with the process. What a [`crate::Scratch`] made on
//! a server does not; run what uses one within [`unless_interrupted`].

use crate::Error;
use std::fmt;
use std::future::Future;

/// A request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` and systems that shut down send.
    Terminate,
    /// The terminal was closed.
    HangUp,
}

impl Signal {
    /// The number by which shells name it; a process that ends for it exits with 128 and that.
    pub fn number(self) -> u8 {
        match self {
            Signal::HangUp => 1,
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt => "Ctrl-C",
            Signal::Terminate => "SIGTERM",
            Signal::HangUp => "SIGHUP",
        })
    }
}

/// The first request to end that comes from now on. From the first call the process no longer ends
/// by itself when one comes.
#[cfg(unix)]
pub async fn interrupted() -> Signal {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)] = kinds.map(signal) else {
        // Without handlers, signals end the process as they always do.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Signal::Interrupt,
        _ = terminate.recv() => Signal::Terminate,
        _ = hang_up.recv() => Signal::HangUp,
    }
}

/// The first request to end that comes from now on.
#[cfg(not(unix))]
pub async fn interrupted() -> Signal {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Signal::Interrupt,
        Err(_) => std::future::pending().await,
    }
}

/// Does the work; drops it, with all that it holds, where a request to end comes first.
///
/// Errors: [`Error::Interrupted`].
pub async fn unless_interrupted<F: Future>(work: F) -> Result<F::Output, Error> {
    tokio::select! {
        signal = interrupted() => Err(Error::Interrupted { signal }),
        output = work => Ok(output),
    }
}
