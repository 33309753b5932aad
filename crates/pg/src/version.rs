//! Versions of Postgres, as its programs and servers write them. Which version can do what is the
//! affair of crate `facts`.

use std::fmt;

/// The oldest major version that brolly speaks to.
pub const OLDEST: u16 = 13;
/// The newest major version that brolly was tested with; newer ones are let through.
pub const NEWEST: u16 = 18;

/// A version such as 16.14; betas and development versions count as minor 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The number that says what SQL is understood.
    pub major: u16,
    /// The number of the bug-fix release.
    pub minor: u16,
}

impl Version {
    /// The version in what `postgres --version` prints, in a `server_version`, or in the version of
    /// an npm package: the first word that begins with a digit.
    pub fn find(text: &str) -> Option<Version> {
        let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let (major, rest) = number(word)?;
        let minor = rest.strip_prefix('.').and_then(number).map_or(0, |(minor, _)| minor);
        Some(Version { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn number(text: &str) -> Option<(u16, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_as_programs_write_them() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", Some((15, 14))),
            ("postgres (PostgreSQL) 18.4", Some((18, 4))),
            ("postgres (PostgreSQL) 19devel", Some((19, 0))),
            ("17beta1", Some((17, 0))),
            ("17.10.0-beta.17", Some((17, 10))),
            ("16.3 (Ubuntu 16.3-1.pgdg22.04+1)", Some((16, 3))),
            ("99999999.1", None),
            ("", None),
            ("nothing", None),
        ] {
            let found = Version::find(text).map(|version| (version.major, version.minor));
            assert_eq!(found, expected, "{text}");
        }
    }
}
