//! `file:` URIs and paths.

use lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What stands in a path as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'!')
    .remove(b'$');

/// The path that a URI names; `None` where it names no file of this machine.
pub(crate) fn of_uri(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let rest = rest.split(['?', '#']).next()?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let path = path.strip_prefix('/')?;
    // `/c:/x` is `c:/x` on Windows.
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    Some(if drive { PathBuf::from(path) } else { PathBuf::from(format!("/{path}")) })
}

/// The URI of a path; `None` where it can't be written as one.
pub(crate) fn uri(path: &Path) -> Option<Uri> {
    let path = path.to_string_lossy().replace('\\', "/");
    // What Windows calls a path without links begins so.
    let path = path.strip_prefix("//?/").unwrap_or(&path);
    let slash = if path.starts_with('/') { "" } else { "/" };
    Uri::from_str(&format!("file://{slash}{}", utf8_percent_encode(path, ENCODED))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (path, expected) in [
            ("/repo/drizzle/0001_x.sql", "file:///repo/drizzle/0001_x.sql"),
            ("/a b/é#?%.sql", "file:///a%20b/%C3%A9%23%3F%25.sql"),
            ("c:/repo/a.sql", "file:///c%3A/repo/a.sql"),
        ] {
            let uri = uri(Path::new(path)).expect("a URI");
            assert_eq!(uri.as_str(), expected);
            assert_eq!(of_uri(&uri), Some(PathBuf::from(path)));
        }
    }

    #[test]
    fn other_uris() {
        let path = |text: &str| of_uri(&Uri::from_str(text).expect("a URI"));
        assert_eq!(path("file://localhost/a"), Some(PathBuf::from("/a")));
        assert_eq!(path("file:///C:/a"), Some(PathBuf::from("C:/a")));
        for none in ["untitled:Untitled-1", "git:/a.sql?x", "file://server/share", "file:///%FF"] {
            assert_eq!(path(none), None, "{none}");
        }
    }
}
