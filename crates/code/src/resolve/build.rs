//! From what a build makes to what it is made from.
//!
//! A manifest names files that a build leaves in `dist` or the like, and git has none of those.
//! Compilers keep the shape of the folders, so the path of the source can be worked out.

/// Folders that builds write to. Others that begin with `dist` or `build` count too.
const FOLDERS: &[&str] =
    &["lib", "out", "output", "_build", ".build", "esm", "cjs", "es", "types", "compiled"];

/// Folders inside of those that say what kind of module is in them, not where it came from.
const KINDS: &[&str] =
    &["esm", "cjs", "es", "es6", "module", "commonjs", "types", "dts", "node", "source", "src", "bundle"];

/// What is written at the end of output, the longest first.
const ENDINGS: &[&str] =
    &[".d.ts", ".d.mts", ".d.cts", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"];

/// Paths without extension that the source of an output may have, the most likely first. All are
/// relative to the package; `told` are folders of output and of sources, as compilers are told.
/// An empty text, or one that ends in a slash, is a folder.
pub fn sources(output: &str, told: &[(String, String)]) -> Vec<String> {
    let stem = ENDINGS.iter().find_map(|ending| output.strip_suffix(ending)).unwrap_or(output);
    let mut found = Vec::new();
    for (out, root) in told {
        let rest = stem.strip_prefix(out.as_str()).and_then(|rest| rest.strip_prefix('/'));
        if let Some(rest) = rest {
            found.push(if root.is_empty() { rest.to_owned() } else { format!("{root}/{rest}") });
        }
    }
    let (folder, mut rest) = stem.split_once('/').unwrap_or((stem, ""));
    if !is_output(folder) {
        return found;
    }
    loop {
        found.push(format!("src/{rest}"));
        found.push(rest.to_owned());
        match rest.split_once('/') {
            Some((kind, deeper)) if KINDS.contains(&kind) => rest = deeper,
            _ => return found,
        }
    }
}

fn is_output(folder: &str) -> bool {
    folder.starts_with("dist") || folder.starts_with("build") || FOLDERS.contains(&folder)
}

#[cfg(test)]
mod tests {
    use super::sources;

    #[test]
    fn outputs_have_sources() {
        for (output, expected) in [
            ("dist/index.d.ts", &["src/index", "index"][..]),
            ("dist/esm/db/x.mjs", &["src/esm/db/x", "esm/db/x", "src/db/x", "db/x"]),
            ("dist", &["src/", ""]),
            ("made/of/x.js", &["from/of/x"]),
            ("src/index.js", &[]),
        ] {
            assert_eq!(sources(output, &[("made".into(), "from".into())]), expected, "{output}");
        }
    }
}
