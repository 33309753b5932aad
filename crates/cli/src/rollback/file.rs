//! The files of ways back: written again as long as nobody has changed them.
//!
//! The second line holds a hash of the rest, by which a text of our own is known.

use crate::disk::Disk;
use crate::errors::Error;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const MARK: &str = "-- as written: ";

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Written.
    Written,
    /// It was there with this text.
    Same,
    /// Somebody changed it, and it stays.
    Others,
}

/// A text with the hash of it in its second line.
pub(super) fn signed(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    format!("{first}\n{MARK}{}\n{rest}", hash(first, rest))
}

/// Writes a file, unless there is one that somebody changed.
pub(super) fn put(disk: &Disk, path: &str, text: &str, force: bool) -> Result<Kept, Error> {
    let there = disk.text(path).map(|there| there.replace("\r\n", "\n"));
    match there {
        Some(there) if there == text => return Ok(Kept::Same),
        Some(there) if !force && !is_ours(&there) => return Ok(Kept::Others),
        None if disk.is_file(path) && !force => return Ok(Kept::Others),
        _ => {}
    }
    disk.write(path, text)?;
    Ok(Kept::Written)
}

/// Whether a text is as it was signed.
pub(super) fn is_ours(text: &str) -> bool {
    let Some((first, behind)) = text.split_once('\n') else { return false };
    let Some((mark, rest)) = behind.split_once('\n') else { return false };
    mark.strip_prefix(MARK).is_some_and(|signature| signature == hash(first, rest))
}

fn hash(first: &str, rest: &str) -> String {
    let digest = Sha256::new().chain_update(first).chain_update("\n").chain_update(rest).finalize();
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen() {
        let text = signed("-- brolly rollback of 0001_x\n\nBEGIN;\n");
        assert!(text.starts_with("-- brolly rollback of 0001_x\n-- as written: "), "{text}");
        assert!(is_ours(&text));
        assert!(!is_ours(&text.replace("BEGIN", "begin")));
        assert!(!is_ours("BEGIN;\n"));
    }
}
