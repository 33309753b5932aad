//! The README and the guides: what they show is what comes out, with both lines of drizzle-kit, and their
//! deploys are rolled out on every version of Postgres.

#![allow(clippy::disallowed_methods, reason = "tests read the pages")]

mod guide;
mod run;
#[path = "../../../tests/servers/servers.rs"]
mod servers;

use guide::npm::DrizzleKit;
use guide::{check, with_kit};
use run::folder;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn readme() {
    let folder = folder();
    folder.copy("examples/shop/drizzle", "examples/shop/drizzle");
    check("README.md", folder, None);
}

macro_rules! guides {
    ($($test:ident $file:literal)*) => {
        $(#[test]
        fn $test() {
            guide($file);
        })*

        /// The guides that have a test.
        const GUIDES: &[&str] = &[$($file),*];
    };
}

guides! {
    add_an_index "add-an-index.md"
    change_a_type "change-a-type.md"
    coming_from_drizzle_migration_linter "coming-from-drizzle-migration-linter.md"
    coming_from_squawk "coming-from-squawk.md"
    getting_started "getting-started.md"
    make_a_column_required "make-a-column-required.md"
    rename_a_column "rename-a-column.md"
}

#[test]
fn every_guide_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides");
    let files = std::fs::read_dir(folder).expect("the guides");
    let files = files.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    assert_eq!(files.collect::<BTreeSet<_>>(), GUIDES.iter().map(|file| (*file).to_owned()).collect());
}

#[track_caller]
fn guide(file: &str) {
    let path = format!("docs/guides/{file}");
    let session = check(&path, with_kit(&DrizzleKit::Stable), Some(DrizzleKit::Stable));
    if file.starts_with("coming-from") {
        return; // These have no deploys.
    }
    for major in servers::MAJORS {
        session.roll_out(major);
    }
    check(&path, with_kit(&DrizzleKit::V1), Some(DrizzleKit::V1));
}
