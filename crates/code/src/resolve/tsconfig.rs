//! `tsconfig.json`, as far as it says which files specifiers mean: `paths`, `baseUrl`, `extends`,
//! `references`; and `outDir` with `rootDir`, which lead from output to sources.
//!
//! `include` and `exclude` are left aside: they say what is checked, and code that is not checked
//! is run by the same rules. What can't be read (a config of a package, or one that a framework
//! makes) is as if it were empty.

use super::files::{folder_of, is_within, joined};
use super::json::{Json, json};
use super::manifest::matched;

/// What a config means, that of those it extends included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tsconfig {
    /// Patterns and the paths that they stand for.
    pub paths: Paths,
    /// The folder from which bare specifiers are looked up.
    pub base_url: Option<String>,
    /// Configs of the same folder that this one refers to.
    pub references: Vec<String>,
    /// Where output goes.
    pub out_dir: Option<String>,
    /// Where the folders of the sources begin.
    pub root_dir: Option<String>,
}

/// Patterns of specifiers, with the paths that each stands for.
type Paths = Vec<(String, Vec<String>)>;

/// What is asked of the world around a config.
pub trait Surroundings {
    /// The text of a file.
    fn text(&self, path: &str) -> Option<std::sync::Arc<str>>;
    /// The path of the config that a folder's config means by `extends`.
    fn extended(&self, dir: &str, specifier: &str) -> Option<String>;
}

/// A path as written, with the folder that it is relative to. The template for the folder of the
/// config that everything starts from is still in it.
type Written = (String, String);

#[derive(Clone, Default)]
struct Raw {
    paths: Option<(String, Paths)>,
    base_url: Option<Written>,
    out_dir: Option<Written>,
    root_dir: Option<Written>,
    references: Vec<String>,
}

/// More configs than this one after another are a circle or a joke.
const CONFIGS: usize = 64;

/// The config at this path; `None` where there is none.
pub fn tsconfig(path: &str, around: &dyn Surroundings) -> Option<Tsconfig> {
    let mut left = CONFIGS;
    let raw = raw(path, around, &mut Vec::new(), &mut left)?;
    let home = folder_of(path);
    let place = |(dir, text): &Written| placed(dir, text, home);
    let base_url = raw.base_url.as_ref().and_then(place);
    let (dir, paths) = raw.paths.unwrap_or_default();
    let base = base_url.as_deref().unwrap_or(&dir);
    let paths = paths
        .into_iter()
        .map(|(pattern, targets)| (pattern, targets.iter().filter_map(|it| placed(base, it, home)).collect()))
        .collect();
    Some(Tsconfig {
        paths,
        references: raw.references.iter().filter_map(|it| reference(home, it)).collect(),
        out_dir: raw.out_dir.as_ref().and_then(place),
        root_dir: raw.root_dir.as_ref().and_then(place),
        base_url,
    })
}

impl Tsconfig {
    /// The paths that a specifier stands for, and whether its pattern says more than `*`.
    pub fn targets(&self, specifier: &str) -> Option<(Vec<String>, bool)> {
        if let Some((_, targets)) = self.paths.iter().find(|(pattern, _)| pattern == specifier) {
            return Some((targets.clone(), true));
        }
        let fits = self.paths.iter().filter(|(pattern, _)| pattern.contains('*'));
        let fits = fits.filter_map(|(pattern, targets)| Some((pattern, star(pattern, specifier)?, targets)));
        let mut fits: Vec<_> = fits.collect();
        // The compiler takes the first of the longest; one that leads nowhere shall not hide others here.
        fits.sort_by_key(|(pattern, ..)| std::cmp::Reverse(pattern.find('*')));
        let is_own = fits.first()?.0 != "*";
        let places = |(_, star, targets): &(&String, &str, &Vec<String>)| -> Vec<String> {
            targets.iter().map(|target| target.replace('*', star)).collect()
        };
        Some((fits.iter().flat_map(places).collect(), is_own))
    }

    /// Folders of output with those of their sources, relative to the package that lies in `dir`.
    pub fn outputs(&self, dir: &str) -> Option<(String, String)> {
        let relative =
            |path: &str| is_within(path, dir).then(|| path[dir.len()..].trim_start_matches('/').to_owned());
        let out = relative(self.out_dir.as_deref()?).filter(|out| !out.is_empty())?;
        Some((out, self.root_dir.as_deref().map_or(Some(String::new()), relative)?))
    }
}

/// What stands for the star; here it may stand for nothing.
fn star<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    let empty = || (pattern.replacen('*', "", 1) == specifier).then_some("");
    matched(pattern, specifier).or_else(empty)
}

/// The file that a reference names, where it is of the same folder: other folders are other projects.
fn reference(home: &str, path: &str) -> Option<String> {
    let path = joined(home, path)?;
    (path.ends_with(".json") && folder_of(&path) == home).then_some(path)
}

fn placed(dir: &str, text: &str, home: &str) -> Option<String> {
    match text.strip_prefix("${configDir}") {
        Some(rest) => joined(home, rest),
        None => joined(dir, text),
    }
}

/// `on_the_way` are the configs that extend this one.
fn raw(path: &str, around: &dyn Surroundings, on_the_way: &mut Vec<String>, left: &mut usize) -> Option<Raw> {
    if *left == 0 || on_the_way.iter().any(|other| other == path) {
        return None;
    }
    *left -= 1;
    let text = around.text(path)?;
    let json = json(&text).unwrap_or(Json::Null);
    let dir = folder_of(path);
    let mut all = Raw::default();
    on_the_way.push(path.to_owned());
    for specifier in json.get("extends").into_iter().flat_map(Json::texts) {
        let extended = around.extended(dir, specifier);
        if let Some(base) = extended.and_then(|path| raw(&path, around, on_the_way, left)) {
            all.paths = base.paths.or(all.paths);
            all.base_url = base.base_url.or(all.base_url);
            all.out_dir = base.out_dir.or(all.out_dir);
            all.root_dir = base.root_dir.or(all.root_dir);
        }
    }
    on_the_way.pop();
    let options = json.get("compilerOptions");
    let option = |name: &str| Some((dir.to_owned(), options?.get(name)?.text()?.to_owned()));
    all.base_url = option("baseUrl").or(all.base_url);
    all.out_dir = option("outDir").or(all.out_dir);
    all.root_dir = option("rootDir").or(all.root_dir);
    if let Some(Json::Object(paths)) = options.and_then(|options| options.get("paths")) {
        let targets =
            |targets: &Json| targets.elements().iter().filter_map(Json::text).map(str::to_owned).collect();
        let paths = paths.iter().map(|(pattern, value)| (pattern.clone(), targets(value))).collect();
        all.paths = Some((dir.to_owned(), paths));
    }
    let references = json.get("references").into_iter().flat_map(Json::elements);
    all.references = references.filter_map(|it| it.get("path")?.text()).map(str::to_owned).collect();
    Some(all)
}
