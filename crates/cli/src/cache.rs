//! What was read of a version's code, kept between runs: outside the repository, under the user's
//! cache folder. All of it can be deleted at any time.
//!
//! Nothing here fails: what can't be read is read from the code again, and what can't be written is
//! said in a note. Which folder it is, is `pg::cache_folder`'s business.

use code::Code;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// All that decides what is read of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key<'k> {
    /// The full name of the commit.
    pub commit: &'k str,
    /// Where the schema begins, as the config says it.
    pub schema: &'k [String],
    /// The casing that the config sets.
    pub casing: Option<&'k str>,
    /// What was looked for, where not for everything.
    pub interest: &'k [String],
}

/// More entries than this are not kept.
const ENTRIES: usize = 200;
/// More bytes than this are not kept.
const BYTES: u64 = 64 << 20;
/// Something half-written that is older was left by a run that ended early.
const ABANDONED: Duration = Duration::from_secs(3600);

/// What was kept under this key.
pub fn kept(cache: &Path, key: &Key) -> Option<Code> {
    let path = entry(cache, key);
    #[expect(clippy::disallowed_methods, reason = "this is where the cache is read")]
    let bytes = std::fs::read(&path).ok()?;
    let code = serde_json::from_slice(&bytes).ok()?;
    // The time says when it was last of use. Nothing depends on it but which entry goes first.
    File::options().append(true).open(&path).and_then(|file| file.set_modified(now())).ok();
    Some(code)
}

/// Keeps what was read under this key, and drops what was of no use for the longest time. Where that
/// fails, a note says why.
pub fn keep(cache: &Path, key: &Key, code: &Code) -> Option<String> {
    let path = entry(cache, key);
    let written = written(&path, code);
    prune(&folder(cache), ENTRIES, BYTES);
    let error = written.err()?;
    Some(format!("what was read of the code could not be kept in {}: {error}", path.display()))
}

fn folder(cache: &Path) -> PathBuf {
    cache.join("code")
}

fn entry(cache: &Path, key: &Key) -> PathBuf {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        // With its length, so that no two keys have the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(&program());
    add(key.commit);
    add(&format!("{:?}", key.casing));
    for list in [key.schema, key.interest] {
        add(&list.len().to_string());
        list.iter().for_each(|part| add(part));
    }
    let name = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    folder(cache).join(format!("{name}.json"))
}

/// This build of brolly: another one may read the same code differently.
fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let file = std::env::current_exe().and_then(|path| path.metadata());
    let build = file.map(|file| (file.len(), file.modified().ok()));
    format!("{version} {build:?}")
}

/// Written whole or not at all: other runs may look at any time.
fn written(path: &Path, code: &Code) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = path.parent().unwrap_or(path);
    // Servers of other users look into the folder around it, so it is made as theirs is.
    pg::make_cache_folder(folder).map_err(std::io::Error::other)?;
    let bytes = serde_json::to_vec(code)?;
    if bytes.len() as u64 > BYTES {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, "it is too large"));
    }
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let half = path.with_extension(format!("{}-{number}.half", std::process::id()));
    let mut options = File::options();
    options.write(true).create_new(true);
    // It tells what others' code declares.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let done = options.open(&half).and_then(|mut file| file.write_all(&bytes));
    let done = done.and_then(|()| std::fs::rename(&half, path));
    if done.is_err() {
        std::fs::remove_file(&half).ok();
    }
    done
}

/// Deletes all but the newest entries, and what was abandoned half-written.
fn prune(folder: &Path, entries: usize, bytes: u64) {
    #[expect(clippy::disallowed_methods, reason = "this is where the cache is looked at")]
    let Ok(listed) = std::fs::read_dir(folder) else { return };
    let mut found = Vec::new();
    for entry in listed.flatten() {
        let (path, Ok(about)) = (entry.path(), entry.metadata()) else { continue };
        let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match path.extension().and_then(|it| it.to_str()) {
            Some("json") => found.push((modified, about.len(), path)),
            Some("half") if now().duration_since(modified).is_ok_and(|age| age > ABANDONED) => {
                std::fs::remove_file(&path).ok();
            }
            // Not ours.
            _ => {}
        }
    }
    found.sort_by_key(|(modified, ..)| std::cmp::Reverse(*modified));
    let mut total = 0;
    for (n, (_, size, path)) in found.iter().enumerate() {
        total += size;
        if n >= entries || total > bytes {
            std::fs::remove_file(path).ok();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "entries go by their age")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests make the folders that they look at")]

    use super::*;
    use code::{Certainty, Columns, Gap, Place, Role, Use};

    const KEY: Key = Key { commit: "c0ffee", schema: &[], casing: None, interest: &[] };

    fn code(columns: usize) -> Code {
        let place = |n| Place { file: "src/schema.ts".into(), start: n, end: n + 1, line: 7, column: 3 };
        let one = |n: usize| Use {
            place: place(n),
            relation: drizzle::QName::new("public", "users"),
            columns: Columns::One(format!("column_{n}")),
            role: Role::Select,
            certainty: Certainty::Certain,
            why: "in the list of a select".to_owned(),
            prepared: None,
        };
        let gap = Gap { place: place(0), what: "\"é\"\n".to_owned(), in_schema: true };
        Code { uses: (0..columns).map(one).collect(), gaps: vec![gap], ..Code::default() }
    }

    fn names(cache: &Path) -> Vec<String> {
        let listed = std::fs::read_dir(folder(cache)).expect("the folder is there");
        listed.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn what_is_kept_comes_back_under_its_key_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = dir.path().join("not/made/yet");
        assert_eq!(kept(&cache, &KEY), None);
        assert_eq!(keep(&cache, &KEY, &code(3)), None);
        assert_eq!(kept(&cache, &KEY), Some(code(3)));
        assert_eq!(keep(&cache, &KEY, &code(4)), None);
        assert_eq!(kept(&cache, &KEY), Some(code(4)), "it is written over");
        let (ab, a_b) = (["ab".to_owned()], ["a".to_owned(), "b".to_owned()]);
        for other in [
            Key { commit: "c0ffe", ..KEY },
            Key { schema: &ab, ..KEY },
            Key { schema: &a_b, ..KEY },
            Key { interest: &ab, ..KEY },
            Key { casing: Some("snake_case"), ..KEY },
            Key { casing: Some(""), ..KEY },
        ] {
            assert_eq!(kept(&cache, &other), None, "{other:?}");
        }
        assert_ne!(entry(&cache, &Key { schema: &ab, ..KEY }), entry(&cache, &Key { schema: &a_b, ..KEY }));
        assert_eq!(names(&cache).len(), 1, "nothing half-written is left");
    }

    #[test]
    fn damage_is_read_again() {
        let dir = tempfile::tempdir().expect("a folder");
        keep(dir.path(), &KEY, &code(3));
        let path = entry(dir.path(), &KEY);
        let whole = std::fs::read(&path).expect("it is there");
        for damaged in [&whole[..whole.len() / 2], b"", b"{}", b"\xff\xfe", b"null"] {
            std::fs::write(&path, damaged).expect("it is written");
            assert_eq!(kept(dir.path(), &KEY), None);
            assert_eq!(keep(dir.path(), &KEY, &code(3)), None);
            assert_eq!(kept(dir.path(), &KEY), Some(code(3)));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_noted() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = dir.path().join("a file");
        std::fs::write(&cache, "in the way").expect("it is written");
        let note = keep(&cache, &KEY, &code(1)).expect("a note");
        assert!(note.starts_with("what was read of the code could not be kept in "), "{note}");
        assert_eq!(kept(&cache, &KEY), None);
    }

    #[test]
    fn the_newest_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path();
        let old = |name: &str, age: u64, size: usize| {
            std::fs::write(folder.join(name), "x".repeat(size)).expect("it is written");
            let file = File::options().append(true).open(folder.join(name)).expect("it is there");
            file.set_modified(now() - Duration::from_secs(age)).expect("its time is set");
        };
        let check = |entries, bytes, expected: &[&str]| {
            prune(folder, entries, bytes);
            let mut left: Vec<String> = std::fs::read_dir(folder)
                .expect("the folder is there")
                .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect();
            left.sort();
            assert_eq!(left, expected);
        };
        (0..6).for_each(|n| old(&format!("{n}.json"), n * 100, 10));
        old("mine.txt", 90_000, 10);
        old("0.1-1.half", 10, 10);
        old("1.1-1.half", 7200, 10);
        check(
            10,
            1000,
            &["0.1-1.half", "0.json", "1.json", "2.json", "3.json", "4.json", "5.json", "mine.txt"],
        );
        check(4, 1000, &["0.1-1.half", "0.json", "1.json", "2.json", "3.json", "mine.txt"]);
        check(4, 25, &["0.1-1.half", "0.json", "1.json", "mine.txt"]);
    }

    #[test]
    fn what_is_of_use_stays_young() {
        let dir = tempfile::tempdir().expect("a folder");
        keep(dir.path(), &KEY, &code(1));
        let path = entry(dir.path(), &KEY);
        let past = now() - Duration::from_secs(86_400);
        File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(past))
            .expect("its time is set");
        kept(dir.path(), &KEY).expect("it is kept");
        let modified = path.metadata().and_then(|it| it.modified()).expect("it has a time");
        assert!(now().duration_since(modified).is_ok_and(|age| age < Duration::from_secs(3600)));
    }
}
