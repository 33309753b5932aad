//! The changes to schema.ts that go along with a path: a column that is declared NOT NULL and can still hold NULL has
//! a type that says so, until the last deploy. `.$type<..>()` is known to TypeScript alone, so drizzle-kit finds
//! nothing to generate.

use super::Planned;
use crate::disk::Disk;
use crate::versions::Versions;
use drizzle::{Files, QName};
use plan::{Outline, OutlinePatch};
use similar::TextDiff;
use std::collections::BTreeMap;

/// Puts the changes to the deploys that they belong to: the first, and back again with the last.
pub fn add_patches(disk: &Disk, planned: &Planned, outline: &mut Outline) {
    let columns: Vec<(String, String)> =
        planned.plan.parts.iter().filter_map(|part| part.still_nullable.clone()).collect();
    if columns.is_empty() || outline.deploys.len() < 2 {
        return;
    }
    for (file, (old, new)) in changed(disk, planned, &columns) {
        let patch = |from: &str, to: &str| {
            let diff = TextDiff::from_lines(from, to);
            let patch = diff.unified_diff().context_radius(2).header(&file, &file).to_string();
            OutlinePatch { file: file.clone(), patch }
        };
        let (there, back) = (patch(&old, &new), patch(&new, &old));
        if let Some(first) = outline.deploys.first_mut() {
            first.schema.push(there);
        }
        if let Some(last) = outline.deploys.last_mut() {
            last.schema.push(back);
        }
    }
}

/// The files that declare these columns, as they are and as they will be.
fn changed(
    disk: &Disk,
    planned: &Planned,
    columns: &[(String, String)],
) -> BTreeMap<String, (String, String)> {
    let mut versions = Versions::new(disk);
    let version = versions.now(&planned.project);
    let schema = versions.schema(&version, &planned.project).schema;
    // From the end of a file, so that places before stay where they are.
    let mut places: Vec<(String, usize, &'static str)> = Vec::new();
    for (table, column) in columns {
        let (schema_name, name) = table.split_once('.').unwrap_or(("public", table));
        let declared = schema.relation(&QName::new(schema_name, name)).and_then(|table| table.column(column));
        let Some(declared) = declared else { continue };
        let Some(ty) = declared.sql_type.as_deref().and_then(typescript) else { continue };
        places.push((declared.place.file.to_string(), declared.place.start, ty));
    }
    places.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
    let mut files: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (file, at, ty) in places {
        let path = disk.tidy(&version.root.join(&file).to_string_lossy());
        let Ok(bytes) = disk.read(&path) else { continue };
        let old = source::decode(&bytes).text;
        let (_, new) = files.entry(path.clone()).or_insert_with(|| (old.clone(), old));
        if let Some(end) = code::value_end(&path, new, at) {
            new.insert_str(end, &format!(".$type<{ty} | null>()"));
        }
    }
    files.retain(|_, (old, new)| old != new);
    files
}

/// What Drizzle gives for a type, where that is the same in each of its modes.
fn typescript(sql_type: &str) -> Option<&'static str> {
    let name = sql_type.split('(').next().unwrap_or(sql_type).trim();
    Some(match name {
        "text" | "varchar" | "char" | "uuid" | "inet" | "cidr" | "interval" | "time" => "string",
        "integer" | "smallint" | "real" | "double precision" => "number",
        "boolean" => "boolean",
        _ => return None,
    })
}
