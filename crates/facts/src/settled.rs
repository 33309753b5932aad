//! The schema that a set comes to once what waits for later deploys has run too.

use crate::body;
use catalog::{Catalog, apply};
use source::SourceFile;
use std::sync::Arc;

/// A schema with what waits for later deploys; `None` where nothing waits.
pub fn settled(end: &Arc<Catalog>, waiting: &[Arc<SourceFile>]) -> Option<Arc<Catalog>> {
    if waiting.is_empty() {
        return None;
    }
    let mut catalog = Catalog::clone(end);
    for file in waiting {
        let chunks = drizzle::split_chunks(&file.text).into_iter();
        for statement in chunks.flat_map(|chunk| sql::parse(chunk.of(&file.text), chunk.start).statements) {
            if body::has_body(&statement.stmt) {
                body::run(&mut catalog, &statement.stmt, &mut |_, _, _, _| {});
            } else {
                apply(&mut catalog, &statement.stmt);
            }
        }
    }
    Some(Arc::new(catalog))
}
