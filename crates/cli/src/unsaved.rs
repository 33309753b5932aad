//! Texts that an editor holds and the disk does not: what is read in the place of files while somebody
//! types. Empty in every command but `lsp`.
//!
//! Only files that are on the disk are replaced: one that was never saved is in no journal either.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Texts by the absolute paths of their files, without links. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Unsaved {
    texts: Arc<RwLock<BTreeMap<PathBuf, Arc<str>>>>,
}

impl Unsaved {
    /// Reads these from now on, and no others.
    pub fn set(&self, texts: BTreeMap<PathBuf, Arc<str>>) {
        *self.texts.write().unwrap_or_else(PoisonError::into_inner) = texts;
    }

    /// What is read in the place of a file.
    pub fn text(&self, path: &Path) -> Option<Arc<str>> {
        let texts = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        if texts.is_empty() {
            return None;
        }
        // The path may climb and come back, which the key does not.
        let tidy = drizzle::join("", &path.to_string_lossy());
        texts.get(path).or_else(|| texts.get(Path::new(&tidy))).cloned()
    }

    /// The files whose texts are replaced, and the texts.
    pub fn all(&self) -> BTreeMap<PathBuf, Arc<str>> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_whatever_leads_to_its_file() {
        let unsaved = Unsaved::default();
        let shared = unsaved.clone();
        assert_eq!(unsaved.text(Path::new("/repo/a.sql")), None);
        shared.set(BTreeMap::from([(PathBuf::from("/repo/a.sql"), Arc::from("select 1;"))]));
        for path in ["/repo/a.sql", "/repo/./a.sql", "/repo/web/../a.sql"] {
            assert_eq!(unsaved.text(Path::new(path)).as_deref(), Some("select 1;"), "{path}");
        }
        assert_eq!(unsaved.text(Path::new("/repo/b.sql")), None);
    }
}
