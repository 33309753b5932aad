//! Files as they were.

mod repository;

use git::{Error, list_at, read_at, read_many};
use repository::{commit, folder, init, write};

#[test]
fn files_are_read_as_they_were() {
    let folder = folder();
    let root = &folder.path;
    init(root);
    write(root, "drizzle/0000 é.sql", "select 'one';\r\n");
    write(root, "drizzle/empty.sql", "");
    write(root, "drizzle/odd\nname.sql", "odd");
    write(root, "drizzles/other.sql", "");
    write(root, "blob 3 missing", "text that\nspans lines\n");
    let then = commit(root, "then");
    write(root, "drizzle/0000 é.sql", "edited");
    write(root, "drizzle/later.sql", "");
    commit(root, "now");

    let read = |path: &str| read_at(root, &then, path).expect("git answers");
    assert_eq!(read("drizzle/0000 é.sql").as_deref(), Some(&b"select 'one';\r\n"[..]));
    assert_eq!(read("drizzle/later.sql"), None);
    assert_eq!(read("drizzle"), None, "a folder is no file");
    assert_eq!(read("drizzle/odd\nname.sql").as_deref(), Some(&b"odd"[..]));

    let wanted =
        ["no such file 12", "drizzle/empty.sql", "drizzle", "blob 3 missing", "drizzle/odd\nname.sql", "x"];
    let found = read_many(root, "HEAD~1", &wanted).expect("git answers");
    let found: Vec<Option<&str>> =
        found.iter().map(|bytes| bytes.as_deref().map(|b| std::str::from_utf8(b).expect("UTF-8"))).collect();
    assert_eq!(found, [None, Some(""), None, Some("text that\nspans lines\n"), Some("odd"), None]);

    assert_eq!(
        list_at(root, &then, "drizzle/").expect("git answers"),
        ["drizzle/0000 é.sql", "drizzle/empty.sql", "drizzle/odd\nname.sql"]
    );
    assert_eq!(list_at(root, &then, "").expect("git answers").len(), 5);
    assert!(list_at(root, &then, "nowhere").expect("git answers").is_empty());
}

#[test]
fn many_large_files_do_not_fill_a_pipe() {
    let folder = folder();
    init(&folder.path);
    let names: Vec<String> = (0..400).map(|n| format!("drizzle/{n:04}_{}.sql", "x".repeat(200))).collect();
    names.iter().for_each(|name| write(&folder.path, name, &name.repeat(50)));
    commit(&folder.path, "many");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = read_many(&folder.path, "HEAD", &names).expect("git answers");
    for (name, bytes) in names.iter().zip(found) {
        assert_eq!(bytes.map(|bytes| bytes.len()), Some(name.len() * 50));
    }
}

#[test]
fn a_commit_that_is_not_there_is_told() {
    let folder = folder();
    init(&folder.path);
    commit(&folder.path, "first");
    let missing = "0123456789012345678901234567890123456789";
    for error in [
        read_at(&folder.path, missing, "a").expect_err("no commit"),
        list_at(&folder.path, missing, "").expect_err("no commit"),
    ] {
        assert!(matches!(&error, Error::MissingCommit { commit } if commit == missing), "{error:?}");
    }
}
