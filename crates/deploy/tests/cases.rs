//! Scripts and workflows, and what is wrong with them.
//!
//! # The format of `cases/*.txt`
//!
//! A case opens with `=== what it is`, and lists what is expected, a line each: `late FILE:LINE` for a
//! migration after the deploy, `beside FILE:LINE` for one at the same time, `pods FILE:LINE` for one in
//! every pod, `push FILE:LINE` for a push to production; nothing where all is well.
//! Then come its files, each behind `--- path`. A `package.json` may be given as its scripts alone,
//! one `name: command` a line.

#![allow(clippy::disallowed_methods, reason = "the test reads its cases")]

use deploy::{Kind, MemoryFiles, Misstep, Place, missteps, repository};
use std::fmt::Write;
use std::rc::Rc;

fn found(files: &[(String, String)]) -> Vec<Misstep> {
    // The Drizzle project is that of the last manifest.
    let last = files.iter().rfind(|(path, _)| path.ends_with("package.json"));
    let project = last.and_then(|(path, _)| path.strip_suffix("/package.json")).unwrap_or_default();
    let files = MemoryFiles::new(files.iter().cloned());
    missteps(&repository(Rc::new(files)), project)
}

/// `deploy: a && b` as a line of JSON.
fn scripts(text: &str) -> String {
    let mut json = String::from("{ \"scripts\": {\n");
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, command) = line.split_once(": ").expect("a script is `name: command`");
        let end = if lines.peek().is_some() { "," } else { "" };
        let _ = writeln!(json, "  {name:?}: {command:?}{end}");
    }
    json + "} }\n"
}

fn line(place: &Place) -> String {
    assert!(!place.span.of(&place.file.text).is_empty(), "{place:?}");
    format!("{}:{}", place.file.path, place.file.position(place.span.start).line)
}

fn check(text: &str) {
    let mut wrong = Vec::new();
    for case in text.split("\n=== ").skip(1) {
        let mut parts = case.split("\n--- ");
        let head = parts.next().unwrap_or_default();
        let (title, expected) = head.split_once('\n').unwrap_or((head, ""));
        let files: Vec<(String, String)> = parts
            .map(|part| {
                let (path, text) = part.split_once('\n').expect("a file has a text");
                let plain = path.ends_with("package.json") && !text.starts_with('{');
                (path.to_owned(), if plain { scripts(text.trim_end()) } else { format!("{text}\n") })
            })
            .collect();
        let told = |one: Misstep| match one.kind {
            Kind::AfterDeploy => format!("late {}", line(&one.at)),
            Kind::BesideDeploy => format!("beside {}", line(&one.at)),
            Kind::InEveryPod => format!("pods {}", line(&one.at)),
            Kind::Push => format!("push {}", line(&one.at)),
        };
        let found: Vec<String> = found(&files).into_iter().map(told).collect();
        let expected: Vec<&str> = expected.lines().filter(|line| !line.is_empty()).collect();
        if found != expected {
            wrong.push(format!("{title}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn package_scripts() {
    check(include_str!("cases/scripts.txt"));
}

#[test]
fn starts_and_releases() {
    check(include_str!("cases/starts.txt"));
}

#[test]
fn workflows() {
    check(include_str!("cases/workflows.txt"));
}

#[test]
fn places_are_as_small_as_the_command() {
    let yaml = "jobs:\n  ship:\n    steps:\n      - run: |\n          # ä\n          fly deploy\n          npm run db:migrate -- \\\n            --x\n";
    let json = "{\"scripts\": {\"ship\": \"fly deploy && npm run db:migrate\"}}";
    let files = [
        (".github/workflows/a.yml".to_owned(), yaml.to_owned()),
        ("package.json".to_owned(), json.to_owned()),
    ];
    let places: Vec<String> =
        found(&files).iter().map(|one| one.at.span.of(&one.at.file.text).to_owned()).collect();
    assert_eq!(places, ["npm run db:migrate --", "npm run db:migrate"]);
    let deploys = found(&files);
    let deploys: Vec<&str> =
        deploys.iter().flat_map(|one| &one.other).map(|at| at.span.of(&at.file.text)).collect();
    assert_eq!(deploys, ["fly deploy", "fly deploy"]);
}

/// Whatever the files hold, it ends.
#[test]
fn scripts_that_call_each_other() {
    let mut text = String::new();
    for n in 0..40 {
        let _ = writeln!(text, "a{n}: npm run a{0} && npm run a{0} && npm run a{n}", (n + 1) % 40);
    }
    assert!(found(&[("package.json".to_owned(), scripts(text.trim_end()))]).is_empty());
    for text in
        ["", "jobs: []", "jobs:\n  a: b", "jobs:\n  a:\n    steps: {}\n", "jobs:\n  a:\n    needs: a\n"]
    {
        for path in [".github/workflows/x.yml", ".gitlab-ci.yml"] {
            assert!(found(&[(path.to_owned(), text.to_owned())]).is_empty());
        }
    }
}

/// Whatever any of the files holds, it ends soon, and places lie in their files.
#[test]
fn hostile_files() {
    let many = |piece: &str| piece.repeat(400_000 / piece.len());
    let texts = [
        String::new(),
        "\0".to_owned(),
        "é{{ é".to_owned(),
        many("{{}}"),
        many("a = \"\"\"\n"),
        many("RUN <<X\n"),
        many("FROM a AS a\nCMD a\n"),
        many("RUN \\\n"),
        many("export "),
        format!("import {{ migrate }} from 'drizzle-orm/node-postgres/migrator';{}", many("export migrate( ")),
        format!("import {{ migrate }} from 'drizzle-orm/node-postgres/migrator';{}", many("export const x = () => { migrate() }\n")),
        many("sh ./run.sh; $(\n"),
        many("\"'`"),
        many("--- \n"),
        "kind: Deployment\nspec: { template: { spec: { initContainers: [[], 1, {}, { command: 1 }] } } }\n# migrat".to_owned(),
    ];
    const PATHS: &[&str] = &[
        "Dockerfile",
        "fly.toml",
        "Procfile",
        "k8s/a.yaml",
        "compose.prod.yml",
        "render.yaml",
        "railway.json",
        "run.sh",
        "src/index.ts",
        "package.json",
        ".github/workflows/a.yml",
    ];
    for text in texts {
        for path in PATHS {
            let start = std::time::Instant::now();
            let mut files: Vec<(String, String)> = vec![
                ("a/Dockerfile".to_owned(), "FROM a\nCMD ./run.sh && npm start".to_owned()),
                ("b/Dockerfile".to_owned(), "FROM a\nCMD node src/index.js && node x.js".to_owned()),
            ];
            files.push(((*path).to_owned(), text.clone()));
            for one in found(&files) {
                one.via.iter().chain(&one.other).chain([&one.at]).for_each(|place| drop(line(place)));
            }
            let short: String = text.chars().take(40).collect();
            assert!(start.elapsed().as_secs() < 20, "{path}: {short:?}");
        }
    }
}
