//! Scripts and workflows: any text ends, and every place lies in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use source::SourceFile;

const SCRIPTS: &str = r#"{"scripts":{"a":"fly deploy && npm run b","b":"drizzle-kit migrate","build":"npm run a"}}"#;

fuzz_target!(|text: &str| {
    let mut manifests = vec![SourceFile::new("package.json", SCRIPTS)];
    manifests.push(SourceFile::new("db/package.json", text));
    let manifests: Vec<_> = manifests.iter().filter_map(deploy::manifest).collect();
    let pipelines = [".github/workflows/a.yml", ".gitlab-ci.yml"].map(|path| SourceFile::new(path, text));
    let pipelines: Vec<_> = pipelines.iter().filter_map(deploy::pipeline).collect();
    for found in deploy::missteps(&manifests, &pipelines) {
        let place = found.at;
        assert!(place.file.text.get(place.span.start as usize..place.span.end as usize).is_some());
    }
});
