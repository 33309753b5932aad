use std::path::Path;
fn walk(dir: &Path, root: &Path, out: &mut Vec<(String, String)>) {
    for e in std::fs::read_dir(dir).unwrap().flatten() {
        let p = e.path();
        let n = e.file_name();
        let n = n.to_string_lossy();
        if n == "node_modules" || n == ".git" {
            continue;
        }
        if p.is_symlink() {
            continue;
        }
        if p.is_dir() {
            walk(&p, root, out)
        } else if let Ok(t) = std::fs::read_to_string(&p) {
            out.push((p.strip_prefix(root).unwrap().to_string_lossy().into_owned(), t));
        }
    }
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let root = Path::new(&args[1]);
    let mut files = Vec::new();
    walk(root, root, &mut files);
    println!("files {}", files.len());
    let tree = code::MemoryTree::new(files);
    let schema: Vec<String> = args[2].split(',').filter(|s| !s.is_empty()).map(String::from).collect();
    let interest: Option<std::collections::BTreeSet<drizzle::QName>> =
        args.get(3).map(|a| a.split(',').map(|n| drizzle::QName::new("", n)).collect());
    let t = std::time::Instant::now();
    let casing = std::env::var("CASING").ok();
    let code = code::read(
        &tree,
        &code::Request {
            schema: &schema,
            casing: casing.as_deref(),
            interest: interest.as_ref(),
            schema_only: false,
        },
    );
    println!("took {:?}", t.elapsed());
    println!(
        "relations {} columns {} enums {} uses {} gaps {}",
        code.schema.relations.len(),
        code.schema.relations.values().map(|r| r.columns.len()).sum::<usize>(),
        code.schema.enums.len(),
        code.uses.len(),
        code.gaps.len()
    );
    for (n, r) in &code.schema.relations {
        if r.open.is_some() || r.columns.is_empty() || r.columns.iter().any(|c| c.sql_type.is_none()) {
            println!(
                "  open {n} {:?} {:?}",
                r.open,
                r.columns.iter().filter(|c| c.sql_type.is_none()).map(|c| &c.name).collect::<Vec<_>>()
            );
        }
    }
    for g in &code.gaps {
        println!("  gap {}:{} {}", g.place.file, g.place.line, g.what);
    }
    let mut counts = std::collections::BTreeMap::new();
    for u in &code.uses {
        *counts.entry((u.certainty, u.role, u.why.clone())).or_insert(0) += 1;
    }
    for (k, n) in counts {
        println!("  {n:6} {k:?}");
    }
    if interest.is_some() {
        for u in &code.uses {
            println!(
                "{}:{}:{} {} {:?} {:?} {:?} {}",
                u.place.file, u.place.line, u.place.column, u.relation, u.columns, u.role, u.certainty, u.why
            );
        }
    }
}
