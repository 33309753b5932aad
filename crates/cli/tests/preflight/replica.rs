//! What a replica looks like from the server: a client that reads WAL as one does, and says once that it is
//! where it began.
//!
//! <https://www.postgresql.org/docs/current/protocol-replication.html>

use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A reader of WAL; it goes when dropped.
pub struct Replica {
    stream: UnixStream,
}

/// Reads from a place such as `0/16B3748` on.
pub fn replica(server: &Path, name: &str, from: &str) -> Replica {
    let mut stream = UnixStream::connect(server.join(".s.PGSQL.5432")).expect("a connection");
    let mut startup = 196_608_u32.to_be_bytes().to_vec();
    for word in ["user", "postgres", "replication", "true", "application_name", name, ""] {
        startup.extend(word.bytes());
        startup.push(0);
    }
    send(&mut stream, None, &startup);
    while message(&mut stream).expect("a greeting").0 != b'Z' {}
    send(&mut stream, Some(b'Q'), format!("START_REPLICATION PHYSICAL {from}\0").as_bytes());
    let (tag, answer) = message(&mut stream).expect("an answer");
    assert_eq!(tag, b'W', "{}", String::from_utf8_lossy(&answer));
    let mut replica = Replica { stream };
    replica.is_at(from);
    replica
}

impl Replica {
    /// Says that all up to here is written, flushed and applied.
    pub fn is_at(&mut self, place: &str) {
        let (high, low) = place.split_once('/').expect("a place in the WAL");
        let part = |text| u64::from_str_radix(text, 16).expect("a number");
        let place = (part(high) << 32 | part(low)).to_be_bytes();
        let mut status = vec![b'r'];
        (0..3).for_each(|_| status.extend(place));
        // No time, and no answer wanted.
        status.extend([0; 9]);
        send(&mut self.stream, Some(b'd'), &status);
    }
}

fn send(stream: &mut UnixStream, tag: Option<u8>, body: &[u8]) {
    let length = u32::try_from(body.len() + 4).expect("it is short").to_be_bytes();
    let all: Vec<u8> = tag.into_iter().chain(length).chain(body.iter().copied()).collect();
    stream.write_all(&all).expect("it is sent");
}

/// A message with its tag.
fn message(from: &mut UnixStream) -> Result<(u8, Vec<u8>)> {
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
