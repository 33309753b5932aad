use crate::tree::Tree;
use std::sync::Arc;
pub struct Resolver<'t> {
    tree: &'t dyn Tree,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    File(Arc<str>),
    External(String),
    Missing(String),
}
impl<'t> Resolver<'t> {
    pub fn new(tree: &'t dyn Tree) -> Resolver<'t> {
        Resolver { tree }
    }
    pub fn resolve(&self, from: &str, specifier: &str) -> Resolved {
        if !specifier.starts_with('.') {
            return Resolved::External(specifier.to_owned());
        }
        let dir = from.rsplit_once('/').map_or("", |p| p.0);
        let path = drizzle::join(dir, specifier);
        for c in [path.clone(), format!("{path}.ts"), format!("{path}.tsx"), format!("{path}/index.ts")] {
            if let Ok(i) = self.tree.paths().binary_search_by(|p| (**p).cmp(&c)) {
                return Resolved::File(self.tree.paths()[i].clone());
            }
        }
        Resolved::Missing(path)
    }
}
