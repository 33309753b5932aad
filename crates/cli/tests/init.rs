//! `brolly init`: what it finds, writes, leaves alone and says.

#![allow(clippy::disallowed_methods, reason = "tests look for files")]

mod kit;
mod run;

use kit::{Line, generate};
use run::{Folder, config, folder};

const USERS: &str = "import { integer, pgTable, text } from 'drizzle-orm/pg-core';
export const users = pgTable('users', { id: integer().primaryKey(), name: text().notNull(), nick: text() });
";
const WITHOUT_NICK: &str = "import { integer, pgTable, text } from 'drizzle-orm/pg-core';
export const users = pgTable('users', { id: integer().primaryKey(), name: text().notNull() });
";

/// A project as drizzle-kit leaves it, with a package.json.
fn fresh(line: Line, versions: &[&str]) -> Folder {
    let folder = Folder::from(generate(line, versions).into_dir());
    folder.write(".gitignore", "node_modules\n");
    folder.write(
        "package.json",
        "{\n\t\"name\": \"app\",\n\t\"scripts\": {\n\t\t\"dev\": \"next dev\"\n\t}\n}\n",
    );
    folder
}

fn journal() -> Folder {
    let folder = folder();
    let create = "CREATE TABLE users (id int PRIMARY KEY, nick text);\n";
    let change = "ALTER TABLE users DROP COLUMN nick;\n";
    folder.journal("drizzle", &[("0000_create", create), ("0001_change", change)]);
    folder.write("drizzle.config.ts", config("./drizzle"));
    folder
}

fn first_hour(line: Line) {
    let folder = fresh(line, &[USERS, WITHOUT_NICK]);
    folder.write("compose.yaml", "services:\n  db:\n    image: postgres:17-alpine\n");
    folder.commit(".", "first");
    folder.git(".", &["remote", "add", "origin", "git@github.com:acme/app.git"]);
    let ended = folder.brolly(&["init"]);
    ended.says(
        0,
        &[
            "found\n  drizzle (drizzle.config.ts): 2 migrations, ",
            "  PostgreSQL 17 in compose.yaml\n  package.json (npm)\n  GitHub\n",
            "wrote\n  brolly.json\n  package.json: script \"db:check\": \"brolly lint\"\n  .github/workflows/brolly.yml\n",
            "judged\n  none of 2 migrations is new against main",
            "  the whole history: 1 error",
            "; only what is new can fail a run\n",
            "next\n  npm install --save-dev brolly   # `npm run db:check` needs it\n",
            "  npx brolly lint --all",
            "  commit, and after the next `drizzle-kit generate`: npx brolly lint\n",
        ],
    );
    assert_eq!(
        folder.read("package.json"),
        "{\n\t\"name\": \"app\",\n\t\"scripts\": {\n\t\t\"dev\": \"next dev\",\n\t\t\"db:check\": \"brolly lint\"\n\t}\n}\n"
    );
    assert!(folder.read("brolly.json").contains("\"postgres\": 17"));
    let job = folder.read(".github/workflows/brolly.yml");
    assert!(job.contains("      - uses: brolly/brolly@v0\n") && !job.contains("{install}"), "{job}");

    // What it wrote is what lint reads, and a second run finds all of it.
    folder.brolly(&["lint"]).says(0, &["none of 2 migrations is new"]);
    folder.commit(".", "brolly");
    folder.brolly(&["init"]).says(
        0,
        &["there already\n  brolly.json\n  package.json: script \"db:check\"\n  .github/workflows/brolly.yml\njudged\n"],
    );
    assert_eq!(folder.git(".", &["status", "--porcelain"]), "");
}

#[test]
fn the_first_hour_with_the_stable_line() {
    first_hour(Line::Stable);
}

#[test]
fn the_first_hour_with_the_v1_line() {
    first_hour(Line::V1);
}

#[test]
fn what_is_new_is_listed() {
    let folder = fresh(Line::Stable, &[USERS, WITHOUT_NICK]);
    let ended = folder.brolly(&["init", "--ci", "none"]);
    ended.says(
        0,
        &[
            "judged\n  all 2 migrations",
            "1 error",
            "    error[drop-column] drizzle/0001_step_1.sql:1:",
            ": drops `users.nick`",
            "next\n",
            "npx brolly lint   # these findings, with reasons and cures\n",
            "outside of git every migration is judged: set \"baseline\": \"0001_step_1\"",
            "npx brolly explain ",
        ],
    );
    ended.lacks("neither");
    assert!(!folder.at(".github").exists());
    // A repository without a commit has no base.
    folder.git(".", &["init", "-q"]);
    folder.brolly(&["init"]).says(0, &["there already\n  brolly.json", "judged\n"]);
}

#[test]
fn nothing_is_written_on_a_dry_run() {
    let folder = journal();
    folder.write("package.json", "{}").write(".gitlab-ci.yml", "image: postgres:14\n").commit(".", "first");
    let ended = folder.brolly(&["init", "--dry-run"]);
    ended.says(
        0,
        &[
            "  PostgreSQL 14 in .gitlab-ci.yml\n",
            "would write\n  brolly.json\n    {\n      \"$schema\": ",
            "  package.json: script \"db:check\": \"brolly lint\"\n",
            "  .gitlab/brolly.yml\n    # Judges the migrations",
        ],
    );
    ended.lacks("wrote");
    assert_eq!(folder.git(".", &["status", "--porcelain"]), "");
    folder
        .brolly(&["init"])
        .says(0, &["next\n", "  add to .gitlab-ci.yml:  include: [{ local: .gitlab/brolly.yml }]\n"]);
    folder.write(".gitlab-ci.yml", "include: [{ local: .gitlab/brolly.yml }]\n");
    folder.brolly(&["init"]).says(0, &["there already"]).lacks("add to");
}

#[test]
fn what_is_there_stays_unless_it_is_forced() {
    let folder = journal();
    folder.write("brolly.json", "{ \"postgres\": 13 }\n").write(".github/workflows/brolly.yml", "on: push\n");
    folder.brolly(&["init"]).says(0, &["there already\n  brolly.json\n  .github/workflows/brolly.yml\n"]);
    assert_eq!(folder.read("brolly.json"), "{ \"postgres\": 13 }\n");
    folder.brolly(&["init", "--force"]).says(0, &["wrote\n  brolly.json\n  .github/workflows/brolly.yml\n"]);
    assert!(folder.read("brolly.json").contains("\"postgres\": 16"));
}

#[test]
fn names_of_scripts_that_are_taken_stay() {
    let folder = journal();
    folder.write("package.json", "{\n \"scripts\": {\n  \"db:check\": \"drizzle-kit check\"\n }\n}\n");
    folder.brolly(&["init"]).says(0, &["package.json: script \"db:lint\": \"brolly lint\""]);
    let expected =
        "{\n \"scripts\": {\n  \"db:check\": \"drizzle-kit check\",\n  \"db:lint\": \"brolly lint\"\n }\n}\n";
    assert_eq!(folder.read("package.json"), expected);
    let taken = "{\"scripts\": {\"db:check\": \"a\", \"db:lint\": \"b\", \"brolly\": \"c\"}}";
    folder.write("package.json", taken);
    folder.brolly(&["init"]).says(0, &["add a script to package.json that runs `brolly lint`", "are taken"]);
    assert_eq!(folder.read("package.json"), taken);
}

#[test]
fn a_package_json_that_is_none_keeps_everything_from_being_written() {
    let folder = journal();
    folder.write("package.json", "{ \"scripts\": {, }\n");
    folder.brolly(&["init"]).complains(2, &["nothing was written: package.json can't be read"]);
    assert!(!folder.at("brolly.json").exists());
}

#[test]
fn the_package_manager_is_that_of_the_lock_file() {
    let add = |files: &[(&str, &str)], add: &str, installs: &str| {
        let folder = journal();
        folder.write("package.json", "{}").write(".github/CODEOWNERS", "");
        for (path, text) in files {
            folder.write(path, text);
        }
        let dry = &["init", "--dry-run"];
        folder.brolly(&["init"]).says(0, &["next\n  ", add, "   # `"]);
        let steps = |folder: &Folder| folder.read(".github/workflows/brolly.yml").contains("- run: ");
        assert!(!steps(&folder), "nothing is installed for a package that is not there");
        folder.write("package.json", "{\"devDependencies\": {\"brolly\": \"0.1.0\"}}");
        folder.brolly(&["init", "--force"]).says(0, &["wrote"]).lacks(add);
        let job = folder.read(".github/workflows/brolly.yml");
        assert!(job.contains(installs), "{job}");
        folder.brolly(dry).says(0, &["there already"]);
    };
    add(
        &[("package-lock.json", "{}")],
        "npm install --save-dev brolly",
        "      - run: npm ci\n      - uses: brolly",
    );
    add(
        &[("pnpm-lock.yaml", ""), ("pnpm-workspace.yaml", "")],
        "pnpm add --save-dev --workspace-root brolly",
        "      - run: corepack enable\n      - run: pnpm install --frozen-lockfile\n",
    );
    add(&[("yarn.lock", "# yarn lockfile v1\n")], "yarn add --dev", "yarn install --frozen-lockfile\n");
    add(&[("yarn.lock", "__metadata:\n")], "yarn add --dev brolly", "yarn install --immutable\n");
    add(
        &[("bun.lock", "{}")],
        "bun add --dev brolly",
        "uses: oven-sh/setup-bun@v2\n      - run: bun install",
    );
    add(&[("package.json", "{\"packageManager\": \"pnpm@9.1.0\"}")], "pnpm add --save-dev brolly", "npm ci");
}

#[test]
fn several_projects_have_one_settings_file_at_the_top() {
    let folder = folder();
    for app in ["api", "web"] {
        folder.journal(&format!("apps/{app}/drizzle"), &[("0000_a", "CREATE TABLE t (id int);\n")]);
        folder.write(&format!("apps/{app}/drizzle.config.ts"), config("./drizzle"));
        folder.write(&format!("apps/{app}/package.json"), "{}\n");
    }
    folder.commit(".", "first");
    // Without one at the top, the script goes where the first project is.
    let ended = folder.brolly_in("apps/web", &["init"], &[]);
    ended.says(
        0,
        &[
            "../api/drizzle (../api/drizzle.config.ts): 1 migration",
            "drizzle (drizzle.config.ts): 1 migration",
            "wrote\n  ../../brolly.json\n  ../api/package.json: script",
        ],
    );
    assert!(folder.at("brolly.json").exists() && !folder.at("apps/web/brolly.json").exists());
    folder.write("package.json", "{\n}\n");
    folder.brolly(&["init"]).says(0, &["wrote\n  package.json: script", "there already\n  brolly.json\n"]);
    // A project that has settings of its own needs none at the top.
    std::fs::remove_file(folder.at("brolly.json")).expect("it is there");
    for app in ["api", "web"] {
        folder.write(&format!("apps/{app}/brolly.json"), "{}");
    }
    folder.brolly(&["init"]).says(0, &["there already\n  apps/api/brolly.json\n  apps/web/brolly.json\n"]);
}

#[test]
fn a_project_without_migrations_is_set_up() {
    let folder = folder();
    folder.write("drizzle.config.ts", config("./drizzle")).write("package.json", "{}\n");
    folder.brolly(&["init"]).says(
        0,
        &[
            "found\n  drizzle.config.ts: no migrations yet\n",
            "wrote\n  brolly.json\n  package.json",
            "make a first migration with drizzle-kit generate",
        ],
    );
}

#[test]
fn without_a_project_nothing_is_written() {
    let folder = folder();
    folder.write("drizzle.config.ts", "export default { dialect: 'mysql', out: './drizzle' };\n");
    folder.brolly(&["init"]).complains(
        2,
        &["no Drizzle project for Postgres found", "it is for mysql", "init looks for drizzle.config.ts"],
    );
    assert!(!folder.at("brolly.json").exists());
}
