//! `package.json`: what a package calls itself, and where it says that its modules are.
//!
//! Says which paths are named, in the order in which they deserve to be tried. Whether there is
//! such a file is for `package` to find out.

use super::json::{Json, json};

/// A manifest.
#[derive(Debug)]
pub struct Manifest {
    /// The folder that it lies in.
    pub dir: String,
    json: Json,
}

/// What a manifest says of a module.
#[derive(Debug, PartialEq)]
pub enum Listed {
    /// Nothing.
    No,
    /// That nobody may have it.
    Closed,
    /// Where it is.
    At(Vec<Target>),
}

/// A path that a manifest names, or a package.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// As written, `*` replaced.
    pub path: String,
    /// What it is good for.
    pub good_for: GoodFor,
}

/// What a target is good for; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GoodFor {
    /// It runs on a server.
    Servers,
    /// It says which types there are.
    Types,
    /// It runs somewhere else.
    Elsewhere,
}

/// Conditions under which no server reads a file. Any other may be one that a team made up for its sources.
const ELSEWHERE: &[&str] = &[
    "browser",
    "deno",
    "edge",
    "edge-light",
    "netlify",
    "react-native",
    "react-server",
    "worker",
    "workerd",
    "electron",
    "production",
];

/// Where packages without `exports` say what their entry is.
const MAINS: &[(&str, GoodFor)] = &[
    ("source", GoodFor::Servers),
    ("module", GoodFor::Servers),
    ("main", GoodFor::Servers),
    ("types", GoodFor::Types),
    ("typings", GoodFor::Types),
];

impl Manifest {
    /// The manifest of a folder from its text; `None` where that is no JSON.
    pub fn new(dir: &str, text: &str) -> Option<Manifest> {
        Some(Manifest { dir: dir.to_owned(), json: json(text)? })
    }

    /// That of a folder that has none.
    pub fn absent(dir: &str) -> Manifest {
        Manifest { dir: dir.to_owned(), json: Json::Null }
    }

    /// The name of the package.
    pub fn name(&self) -> Option<&str> {
        self.json.get("name")?.text().filter(|name| !name.is_empty())
    }

    /// The globs of `workspaces`, of either form; those of lerna too.
    pub fn workspaces(&self) -> Option<Vec<String>> {
        let named = self.json.get("workspaces").map(|it| it.get("packages").unwrap_or(it));
        let named = named.or_else(|| self.json.get("packages"))?;
        Some(named.texts().map(str::to_owned).collect())
    }

    /// The config that `extends` of its bare name means.
    pub fn tsconfig(&self) -> Option<&str> {
        self.json.get("tsconfig")?.text()
    }

    /// The range under which it depends on a package.
    pub fn dependency(&self, name: &str) -> Option<&str> {
        let lists = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
        lists.iter().find_map(|list| self.json.get(list)?.get(name)?.text())
    }

    /// Where a module of the package is; the entry has an empty path.
    pub fn exported(&self, subpath: &str) -> Listed {
        let key = if subpath.is_empty() { ".".to_owned() } else { format!("./{subpath}") };
        match self.json.get("exports") {
            None | Some(Json::Null | Json::Other) => self.mains(subpath),
            Some(exports) if exports.members().iter().any(|(key, _)| key.starts_with('.')) => {
                listed(exports.members(), &key)
            }
            Some(exports) if subpath.is_empty() => at(exports, None),
            Some(_) => Listed::No,
        }
    }

    /// What the package means by a specifier with a hash.
    pub fn imported(&self, specifier: &str) -> Listed {
        self.json.get("imports").map_or(Listed::No, |imports| listed(imports.members(), specifier))
    }

    /// The same without `exports`, which mean nothing to those who name the folder and not the package.
    pub fn mains(&self, subpath: &str) -> Listed {
        let mut targets: Vec<Target> = Vec::new();
        if subpath.is_empty() {
            let named =
                MAINS.iter().filter_map(|(key, good_for)| Some((self.json.get(key)?.text()?, good_for)));
            targets
                .extend(named.map(|(path, good_for)| Target { path: path.to_owned(), good_for: *good_for }));
        } else if let Some((_, versions)) = self.json.get("typesVersions").and_then(|it| it.members().first())
            && let Listed::At(found) = listed(versions.members(), subpath)
        {
            targets.extend(found.into_iter().map(|target| Target { good_for: GoodFor::Types, ..target }));
        }
        if targets.is_empty() { Listed::No } else { Listed::At(targets) }
    }
}

/// What a map from specifiers says of one: the specifier itself, else the pattern that has most in common.
pub fn listed(map: &[(String, Json)], specifier: &str) -> Listed {
    if let Some((_, value)) = map.iter().find(|(key, _)| key == specifier && !key.contains('*')) {
        return at(value, None);
    }
    let fits = map.iter().filter_map(|(key, value)| Some((key, matched(key, specifier)?, value)));
    let best = fits.max_by_key(|(key, _, _)| (key.split('*').next().map_or(0, str::len), key.len()));
    best.map_or(Listed::No, |(_, star, value)| at(value, Some(star)))
}

/// What a specifier has in the place of the star of a pattern. A slash at the end is a star too.
pub fn matched<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    let (before, after) = match pattern.split_once('*') {
        Some(halves) => halves,
        None if pattern.ends_with('/') => (pattern, ""),
        None => return None,
    };
    specifier.strip_prefix(before)?.strip_suffix(after).filter(|star| !star.is_empty())
}

fn at(value: &Json, star: Option<&str>) -> Listed {
    let mut targets = Vec::new();
    collect(value, star, GoodFor::Servers, &mut targets);
    match (targets.is_empty(), value) {
        (true, Json::Null) => Listed::Closed,
        (true, _) => Listed::No,
        _ => Listed::At(targets),
    }
}

fn collect(value: &Json, star: Option<&str>, good_for: GoodFor, found: &mut Vec<Target>) {
    match value {
        Json::Text(path) => {
            let path = match star {
                Some(star) if path.contains('*') => path.replace('*', star),
                Some(star) if path.ends_with('/') => format!("{path}{star}"),
                _ => path.clone(),
            };
            found.push(Target { path, good_for });
        }
        Json::List(values) => values.iter().for_each(|value| collect(value, star, good_for, found)),
        Json::Object(conditions) => conditions.iter().for_each(|(condition, value)| {
            let here = match condition.split('@').next().unwrap_or_default() {
                "types" | "typings" => GoodFor::Types,
                name if ELSEWHERE.contains(&name) => GoodFor::Elsewhere,
                _ => GoodFor::Servers,
            };
            collect(value, star, good_for.max(here), found);
        }),
        Json::Null | Json::Other => {}
    }
}
