//! A small pooler for the tests, between clients and a real server, over sockets: it hands the server's
//! connections out by transaction or by session, as poolers do.
//!
//! Speaks the simple query protocol only. <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::io::{Read, Result, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// For how long a client keeps a connection of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Until its transaction ends.
    Transaction,
    /// Until it goes.
    Session,
}

/// A pooler; its threads end with the test.
pub struct Pooler {
    dir: tempfile::TempDir,
}

struct Pool {
    server: PathBuf,
    mode: Mode,
    /// Connections that nobody has, the last one given back first.
    free: Mutex<Vec<UnixStream>>,
    /// What the server says first, which every client hears.
    greeting: Mutex<Vec<u8>>,
}

impl Pooler {
    /// In front of the server whose sockets lie in a folder.
    pub fn start(server: &Path, mode: Mode) -> Pooler {
        let dir = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).expect("a socket");
        let pool = Arc::new(Pool {
            server: server.join(".s.PGSQL.5432"),
            mode,
            free: Mutex::default(),
            greeting: Mutex::default(),
        });
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let pool = Arc::clone(&pool);
                std::thread::spawn(move || {
                    let _ = pool.serve(client);
                });
            }
        });
        Pooler { dir }
    }

    /// How to come through it.
    pub fn url(&self) -> String {
        format!("postgres:///postgres?host={}&port=5432&user=postgres", self.dir.path().display())
    }
}

impl Pool {
    fn serve(&self, mut client: UnixStream) -> Result<()> {
        let startup = sized(&mut client)?;
        let mut held = Some(self.take(&startup)?);
        client.write_all(&self.greeting.lock().expect("no panic"))?;
        if self.mode == Mode::Transaction {
            self.give_back(&mut held);
        }
        loop {
            let Ok((tag, message)) = message(&mut client) else {
                self.give_back(&mut held);
                return Ok(());
            };
            if tag == b'X' {
                self.give_back(&mut held);
                return Ok(());
            }
            let mut server = match held.take() {
                Some(server) => server,
                None => self.take(&startup)?,
            };
            server.write_all(&message)?;
            let idle = loop {
                let (tag, answer) = self::message(&mut server)?;
                client.write_all(&answer)?;
                if tag == b'Z' {
                    break answer.last() == Some(&b'I');
                }
            };
            held = Some(server);
            if idle && self.mode == Mode::Transaction {
                self.give_back(&mut held);
            }
        }
    }

    fn take(&self, startup: &[u8]) -> Result<UnixStream> {
        if let Some(free) = self.free.lock().expect("no panic").pop() {
            return Ok(free);
        }
        let mut server = UnixStream::connect(&self.server)?;
        server.write_all(startup)?;
        let mut greeting = Vec::new();
        loop {
            let (tag, message) = message(&mut server)?;
            greeting.extend(message);
            if tag == b'Z' {
                *self.greeting.lock().expect("no panic") = greeting;
                return Ok(server);
            }
        }
    }

    fn give_back(&self, held: &mut Option<UnixStream>) {
        self.free.lock().expect("no panic").extend(held.take());
    }
}

/// A message with its tag.
pub fn message(from: &mut UnixStream) -> Result<(u8, Vec<u8>)> {
    let mut tag = [0];
    from.read_exact(&mut tag)?;
    let mut all = tag.to_vec();
    all.extend(sized(from)?);
    Ok((tag[0], all))
}

/// Bytes with their length before them.
fn sized(from: &mut UnixStream) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut all = length.to_vec();
    all.resize(usize::try_from(u32::from_be_bytes(length)).expect("it fits"), 0);
    from.read_exact(&mut all[4..])?;
    Ok(all)
}
