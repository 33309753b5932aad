//! Passwords of the password file: `.pgpass`, or whichever `PGPASSFILE` and `passfile=` name.
//!
//! <https://www.postgresql.org/docs/current/libpq-pgpass.html>

use std::path::Path;

/// What is looked up.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The host as named; `localhost` for the usual sockets of this machine, else the folder of the socket.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The role.
    pub user: &'a str,
}

/// The password of the first line that fits; nothing where there is no such file. The error says why the file is
/// passed over.
#[expect(clippy::disallowed_methods, reason = "an edge crate: it reads the password file")]
pub fn password(file: &Path, wanted: Wanted<'_>) -> Result<Option<String>, String> {
    let Ok(about) = file.metadata() else { return Ok(None) };
    if !about.is_file() {
        return Err(format!("{} is passed over: it is no plain file", file.display()));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&about) & 0o077 != 0 {
        return Err(format!("{0} is passed over: others may read it (chmod 600 {0})", file.display()));
    }
    let text = std::fs::read(file).map_err(|error| format!("{} can't be read: {error}", file.display()))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().find_map(|line| of_line(line, wanted)))
}

/// The password of a line, where its first four fields fit.
fn of_line(line: &str, wanted: Wanted<'_>) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let port = wanted.port.to_string();
    let mut rest = line;
    for value in [wanted.host, &port, wanted.database, wanted.user] {
        let (field, behind) = field(rest);
        if field != "*" && unescaped(field) != value {
            return None;
        }
        rest = behind?;
    }
    Some(unescaped(rest)).filter(|password| !password.is_empty())
}

/// The text before the next colon that no backslash stands before, and what follows it.
fn field(text: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            ':' if !escaped => return (&text[..at], Some(&text[at + 1..])),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, None)
}

fn unescaped(text: &str) -> String {
    let (mut plain, mut characters) = (String::new(), text.chars());
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes password files")]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { host: "db.example", port: 5432, database: "sh:op", user: "me" };

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        for (text, expected) in [
            ("db.example:5432:sh\\:op:me:p\\:a\\\\ss:word", Some("p:a\\ss:word")),
            ("# db.example:*:*:*:no\n\nother:*:*:*:no\n*:*:*:me:yes\n*:*:*:*:late\r\n", Some("yes")),
            ("*:5433:*:*:no\n*:*:*:*:late\r\n", Some("late")),
            ("db.example:5432:sh:op:me:no", None),
            ("\\*:*:*:*:no\n*:*:*:you:no\n*:*:*:me\n*:*:*:me:", None),
            ("", None),
        ] {
            let found = text.lines().find_map(|line| of_line(line, WANTED));
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join(".pgpass");
        assert_eq!(password(&file, WANTED), Ok(None));
        std::fs::write(&file, "*:*:*:*:secret\n").expect("it is written");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).expect("it is ours");
        let said = password(&file, WANTED).expect_err("it is open");
        assert!(said.contains("chmod 600") && !said.contains("secret"), "{said}");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("it is ours");
        assert_eq!(password(&file, WANTED), Ok(Some("secret".to_owned())));
        assert!(password(dir.path(), WANTED).expect_err("a folder").contains("no plain file"));
    }
}
