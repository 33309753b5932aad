//! The example: its findings in full, and the commands that its README names.

#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod run;

use run::folder;

#[test]
fn all_findings_of_the_example() {
    let folder = folder();
    folder.copy("examples/shop", "examples/shop");
    let ended = folder.brolly(&["lint", "examples/shop", "--all"]);
    assert_eq!(ended.err, "");
    insta::assert_snapshot!(format!("{}exit code {}\n", ended.out, ended.code));
}

#[test]
fn the_commands_of_its_readme_work() {
    let folder = folder();
    folder.copy("examples/shop/drizzle", "examples/shop/drizzle");
    folder.copy("examples/shop/src", "examples/shop/src");
    let page = include_str!("../../../examples/shop/README.md");
    let commands = page.lines().filter_map(|line| line.strip_prefix("    brolly "));
    let mut count = 0;
    for command in commands {
        let words =
            command.split('#').next().unwrap_or_default().replace("0007*.sql", "0007_drop_nickname.sql");
        let ended = folder.brolly(&words.split_whitespace().collect::<Vec<_>>());
        assert!(matches!(ended.code, 0 | 1), "{command}: {ended}");
        assert!(!ended.out.is_empty(), "{command}");
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn what_the_example_calls_safe_has_no_error() {
    let folder = folder();
    folder.copy("examples/shop", "shop");
    for name in ["0016_add_phone", "0017_require_stock", "0018_index_order_items_product"] {
        let ended = folder.brolly(&["lint", &format!("shop/drizzle/{name}.sql")]);
        assert_eq!(ended.code, 0, "{name}: {ended}");
    }
    for number in 7..16 {
        let name = format!("{number:04}_");
        let files = std::fs::read_dir(folder.at("shop/drizzle")).expect("it is there");
        let files =
            files.map(|entry| entry.expect("it can be read").file_name().into_string().expect("UTF-8"));
        let file = files.into_iter().find(|file| file.starts_with(&name)).expect("there is one");
        let ended = folder.brolly(&["lint", &format!("shop/drizzle/{file}")]);
        assert_eq!(ended.code, 1, "{file}: {ended}");
    }
}
