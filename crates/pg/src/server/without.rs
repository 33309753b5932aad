//! Systems without throwaway servers: what keeps a server and clears up after it is made of sockets
//! with a path and a shell. A server that runs already can be used everywhere.

use super::Setup;
use crate::{Binaries, Connection, Error, Target, Version};
use std::convert::Infallible;
use std::path::Path;

/// A throwaway server; there is none on this system.
#[derive(Debug)]
pub struct Server {
    never: Infallible,
}

impl Server {
    /// Fails with [`Error::NoThrowaway`].
    pub fn start(binaries: &Binaries) -> Result<Server, Error> {
        Server::start_with(binaries, &Setup::default())
    }

    /// Fails with [`Error::NoThrowaway`].
    pub fn start_with(_: &Binaries, _: &Setup) -> Result<Server, Error> {
        Err(Error::NoThrowaway { system: std::env::consts::OS })
    }

    /// A connection to its database `postgres`.
    pub async fn connect(&self) -> Result<Connection, Error> {
        match self.never {}
    }

    /// How to connect to one of its databases.
    pub fn target(&self, _: &str) -> Target {
        match self.never {}
    }

    /// The address for other programs.
    pub fn url(&self, _: &str) -> String {
        match self.never {}
    }

    /// The version of its programs.
    pub fn version(&self) -> Version {
        match self.never {}
    }

    /// The folder that it lives in.
    pub fn dir(&self) -> &Path {
        match self.never {}
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        match self.never {}
    }

    /// The last lines of its log.
    pub fn log(&self, _: usize) -> String {
        match self.never {}
    }

    /// Stops it now.
    pub fn stop(self) {}
}

/// Characters that nothing else has.
pub fn unique() -> String {
    std::process::id().to_string()
}
