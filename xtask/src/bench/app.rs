//! Times the commands that read an app's code: 3,000 generated TypeScript files in a git repository with
//! 60 tables, and one new migration that drops a column.

use super::{CACHE, ROUNDS, mib, ms, once};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const FILES: usize = 3_000;
const TABLES: usize = 60;

/// The figures, a line each.
pub fn times(brolly: &Path, dir: &Path) -> Result<String, String> {
    write_app(dir)?;
    let uses = ["uses", "table_7.note", "--at", "HEAD", "--format", "json"];
    let lint = ["lint", "--deployed", "HEAD", "--format", "json", "--output", "../app-out.json"];
    let mut text = String::new();
    for (what, args, keeps) in [
        ("uses at a ref, nothing kept", &uses[..], false),
        ("uses at a ref, kept", &uses, true),
        ("uses in the working tree", &uses[..2], false),
        ("lint of a drop, nothing kept", &lint, false),
        ("lint of a drop, kept", &lint, true),
    ] {
        let mut times = Vec::new();
        let mut memory = None;
        for _ in 0..ROUNDS {
            if !keeps {
                let _ = fs::remove_dir_all(dir.join(CACHE));
            }
            let cost = once(brolly, args, dir)?;
            times.push(cost.wall);
            memory = memory.max(cost.memory);
        }
        let time = times.into_iter().min().unwrap_or_default();
        let _ = writeln!(text, "{what:<31} {:>9}   {}, {FILES} files", ms(time), mib(memory));
    }
    Ok(text)
}

fn write_app(dir: &Path) -> Result<(), String> {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        folder.and_then(|()| fs::write(&path, text)).map_err(|error| format!("{}: {error}", path.display()))
    };
    let mut schema = "import { pgTable, integer, text, timestamp } from 'drizzle-orm/pg-core';\n".to_owned();
    let mut create = String::new();
    for n in 0..TABLES {
        let _ = write!(
            schema,
            "\nexport const table{n} = pgTable('table_{n}', {{\n  id: integer('id').primaryKey(),\n  ownerId: \
             integer('owner_id'),\n  name: text('name').notNull(),\n  note: text('note'),\n  createdAt: \
             timestamp('created_at').defaultNow(),\n}});\n"
        );
        let _ = write!(
            create,
            "CREATE TABLE \"table_{n}\" (\"id\" integer PRIMARY KEY, \"owner_id\" integer, \"name\" text NOT \
             NULL, \"note\" text, \"created_at\" timestamp DEFAULT now());\n--> statement-breakpoint\n"
        );
    }
    write("src/db/schema.ts", &schema)?;
    write(
        "src/db/index.ts",
        "import { drizzle } from 'drizzle-orm/node-postgres';\nimport * as schema from './schema';\nexport const db = drizzle({ schema });\nexport * from './schema';\n",
    )?;
    write("tsconfig.json", r#"{"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["src/*"]}}}"#)?;
    write("package.json", r#"{"name": "app"}"#)?;
    let config =
        "export default { dialect: 'postgresql', schema: './src/db/schema.ts', out: './drizzle' };\n";
    write("drizzle.config.ts", config)?;
    for n in 0..FILES - 3 {
        write(&format!("src/part{}/file{n}.ts", n / 50), &file(n))?;
    }
    write("drizzle/0000_create.sql", &create)?;
    write(".gitignore", "peak.txt\n.brolly-cache\n")?;
    let entry = |n: usize, tag: &str| {
        format!(r#"{{"idx":{n},"version":"7","when":{},"tag":"{tag}","breakpoints":true}}"#, 1_000 + n)
    };
    let journal = |entries: &[String]| {
        format!(r#"{{"version":"7","dialect":"postgresql","entries":[{}]}}"#, entries.join(","))
    };
    let first = entry(0, "0000_create");
    write("drizzle/meta/_journal.json", &journal(std::slice::from_ref(&first)))?;
    for args in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.org",
            "-c",
            "commit.gpgsign=false",
            "commit",
            "-qm",
            "a",
        ],
        &["gc", "-q"],
    ] {
        let done = Command::new("git").args(args).current_dir(dir).status();
        if !done.map_err(|error| format!("git: {error}"))?.success() {
            return Err(format!("git {args:?} failed"));
        }
    }
    write("drizzle/0001_drop.sql", "ALTER TABLE \"table_7\" DROP COLUMN \"note\";\n")?;
    write("drizzle/meta/_journal.json", &journal(&[first, entry(1, "0001_drop")]))
}

/// About 2 kB: half of the files ask the database for something, of one table of sixty.
fn file(n: usize) -> String {
    let table = n % TABLES;
    let mut text = String::new();
    if n.is_multiple_of(2) {
        let _ = write!(
            text,
            "import {{ eq, and, desc }} from 'drizzle-orm';\nimport {{ db, table{table} }} from '@/db';\n\n\
             export async function list{n}(owner: number) {{\n  return db.select({{ id: table{table}.id, name: \
             table{table}.name }}).from(table{table})\n    .where(and(eq(table{table}.ownerId, \
             owner))).orderBy(desc(table{table}.createdAt));\n}}\n\nexport async function put{n}(name: string, \
             note: string) {{\n  await db.insert(table{table}).values({{ id: {n}, name, note \
             }});\n  await db.update(table{table}).set({{ note }}).where(eq(table{table}.id, {n}));\n}}\n"
        );
    }
    for part in 0..8 {
        let _ = write!(
            text,
            "\nexport interface Shape{n}x{part} {{ width: number; height: number; label?: string }}\n\
             export function area{n}x{part}(shape: Shape{n}x{part}): number {{\n  if (shape.width < 0 || \
             shape.height < 0) throw new Error(`negative ${{shape.label ?? 'shape'}}`);\n  return shape.width * \
             shape.height;\n}}\n"
        );
    }
    text
}
