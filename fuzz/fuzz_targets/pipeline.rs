//! Scripts, workflows, images and modules: any text ends, and every place lies in it.

#![no_main]

use deploy::{MemoryFiles, missteps, repository};
use libfuzzer_sys::fuzz_target;
use std::rc::Rc;

const SCRIPTS: &str =
    r#"{"scripts":{"a":"fly deploy && npm run b","b":"drizzle-kit migrate","build":"npm run a","start":"./run.sh"}}"#;

fuzz_target!(|text: &str| {
    let mut files = vec![("package.json", SCRIPTS)];
    files.extend(
        [
            "db/package.json",
            ".github/workflows/a.yml",
            ".gitlab-ci.yml",
            "Dockerfile",
            "fly.toml",
            "Procfile",
            "k8s/a.yaml",
            "compose.prod.yml",
            "run.sh",
            "src/index.ts",
        ]
        .map(|path| (path, text)),
    );
    for found in missteps(&repository(Rc::new(MemoryFiles::new(files))), "db") {
        for place in found.via.iter().chain(&found.other).chain([&found.at]) {
            assert!(place.file.text.get(place.span.start as usize..place.span.end as usize).is_some());
        }
    }
});
