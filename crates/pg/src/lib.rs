//! Everything that talks to a real Postgres: the programs of a server, throwaway servers, connections.
//!
//! [`binaries`] finds `initdb` and `postgres` on this machine. [`Server::start`] makes a server of
//! them that nobody else can reach and that leaves nothing behind, however brolly ends.
//! [`target`] reads a database URL, [`connect`] opens it, and [`Scratch::create`] makes a database
//! of our own on a server that is not ours.
//!
//! A room at the edge: it starts processes, writes to temporary folders and to the user's cache,
//! and opens sockets. It downloads nothing, prints nothing, knows no migrations and judges nothing.
//!
//! Connections are async and want a tokio runtime with IO and time, one for the whole program; a
//! current-thread runtime is enough, and what waits for a server ([`Server::start`], its end) may
//! block it for the tenth of a second that it takes. Nothing in here starts a runtime of its own,
//! but for the last will of a [`Scratch`] that is dropped without having been finished.

mod binaries;
mod cache;
mod connect;
mod error;
mod interrupt;
mod introspect;
mod observe;
mod scratch;
mod server;
mod stats;
mod version;

pub use binaries::{Binaries, Search, Source, binaries};
pub use cache::{cache_folder, make as make_cache_folder};
pub use connect::{
    Connection, Notice, Row, Target, connect, target, target_here, target_in, target_of_libpq, url_of,
};
pub use error::{Error, MORE_ROOM, Refusal};
pub use interrupt::{Signal, interrupted, unless_interrupted};
pub use introspect::{Introspected, introspect, introspected};
pub use observe::{Observation, Observer, Seen};
pub use scratch::Scratch;
pub use server::{Server, Setup};
pub use stats::{Statistics, TableStatistics, statistics};
pub use version::{NEWEST, OLDEST, Version};
