//! What the names of scripts, jobs, steps and environments say.

/// The lower-case words of a name: `deploy-API_prod:now` gives deploy, api, prod, now.
pub(crate) fn words(name: &str) -> Vec<String> {
    let split = name.split(|letter: char| !letter.is_alphanumeric());
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn has(name: &str, known: &[&str]) -> bool {
    words(name).iter().any(|word| known.contains(&word.as_str()))
}

/// Whether a name is about previews, tests or development: none of anybody's users.
pub(crate) fn is_aside(name: &str) -> bool {
    const ASIDE: &[&str] = &[
        "dev",
        "develop",
        "development",
        "e2e",
        "feature",
        "fixtures",
        "integration",
        "lint",
        "local",
        "localhost",
        "playground",
        "pr",
        "preview",
        "previews",
        "review",
        "sandbox",
        "smoke",
        "spec",
        "storybook",
        "test",
        "testing",
        "tests",
    ];
    has(name, ASIDE) || name.to_lowercase().contains("pull_request")
}

/// Whether the name of a script says that it is for somebody's desk.
pub(crate) fn is_desk(name: &str) -> bool {
    is_aside(name) || has(name, &["check", "debug", "docker", "reset", "seed", "setup", "verify", "watch"])
}

/// Whether a deploy of this is of something that no migration waits for.
pub(crate) fn is_beside(name: &str) -> bool {
    const BESIDE: &[&str] = &[
        "blog",
        "cdn",
        "cert",
        "certs",
        "config",
        "configmap",
        "crd",
        "crds",
        "doc",
        "docs",
        "documentation",
        "grafana",
        "infra",
        "infrastructure",
        "ingress",
        "kafka",
        "landing",
        "marketing",
        "minio",
        "monitoring",
        "namespace",
        "namespaces",
        "nginx",
        "otel",
        "postgres",
        "postgresql",
        "prometheus",
        "pvc",
        "rbac",
        "redis",
        "secret",
        "secrets",
        "storage",
        "storybook",
        "terraform",
        "traefik",
        "website",
    ];
    has(name, BESIDE)
}

/// Whether a name says that production is meant.
pub(crate) fn is_production(name: &str) -> bool {
    const PRODUCTION: &[&str] = &["deploy", "deployment", "live", "prod", "production", "release"];
    has(name, PRODUCTION) && !is_desk(name) && !has(name, &["staging", "stage"])
}

/// Where something goes, as far as a name tells.
pub(crate) fn environment(name: &str) -> Option<&'static str> {
    let words = words(name);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    match (any(&["prod", "production", "live"]), any(&["staging", "stage", "stg", "canary", "beta", "qa"])) {
        (true, false) => Some("production"),
        (false, true) => Some("staging"),
        _ => None,
    }
}

/// Whether a script of this name may bring the schema to production: `deploy`, `build`, `start`.
pub(crate) fn is_production_script(name: &str) -> bool {
    if is_desk(name) || has(name, &["staging", "stage"]) {
        return false;
    }
    const WHOLE: &[&str] =
        &["start", "prestart", "build", "prebuild", "postbuild", "postinstall", "predeploy", "postdeploy"];
    const FIRST: &[&str] = &["heroku", "vercel", "netlify", "render", "railway", "amplify", "ci"];
    let words = words(name);
    let rest: Vec<&str> = words.iter().map(String::as_str).filter(|word| !FIRST.contains(word)).collect();
    is_production(name) || rest.first().is_some_and(|word| WHOLE.contains(word)) && rest.len() == 1
}

/// Whether running something of this name brings the database up to date: `db:migrate`, `run-migrations.ts`.
pub(crate) fn is_migrate(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "all",
        "apply",
        "database",
        "databases",
        "db",
        "deploy",
        "drizzle",
        "exec",
        "execute",
        "job",
        "latest",
        "pg",
        "postgres",
        "prod",
        "production",
        "psql",
        "run",
        "runner",
        "schema",
        "sql",
        "staging",
        "task",
        "up",
    ];
    const MIGRATE: &[&str] = &["migrate", "migration", "migrations", "migrator"];
    let words = words(name);
    let is = |word: &String, known: &[&str]| known.contains(&word.as_str());
    words.iter().any(|word| is(word, MIGRATE))
        && words.iter().all(|word| is(word, MIGRATE) || is(word, OTHERS))
}

/// Whether running something of this name ends by itself and serves nobody: `seed`, `wait-for-db`.
pub(crate) fn is_chore(name: &str) -> bool {
    const CHORES: &[&str] = &[
        "apply",
        "backfill",
        "bootstrap",
        "build",
        "bundle",
        "check",
        "cleanup",
        "clear",
        "copy",
        "create",
        "echo",
        "ensure",
        "env",
        "generate",
        "index",
        "init",
        "initialize",
        "install",
        "migrate",
        "patch",
        "postinstall",
        "precompile",
        "prepare",
        "print",
        "provision",
        "push",
        "register",
        "reset",
        "seed",
        "seeds",
        "setup",
        "sync",
        "test",
        "update",
        "upload",
        "validate",
        "verify",
        "wait",
        "warm",
    ];
    // `index.js` is what a server is called too.
    has(name, CHORES) && name != "index"
}

/// Whether a script of this name serves until it is stopped: `start`, `serve:prod`.
pub(crate) fn is_serve(name: &str) -> bool {
    const SERVE: &[&str] = &["start", "serve", "server", "preview", "prod", "production"];
    words(name).first().is_some_and(|word| SERVE.contains(&word.as_str())) && !is_aside(name)
}

/// Whether a script of this name is how the app is started where it serves.
pub(crate) fn is_start(name: &str) -> bool {
    const OTHERS: &[&str] = &["api", "app", "backend", "node", "prod", "production", "server", "web"];
    let words = words(name);
    words.first().is_some_and(|word| word == "start")
        && words[1..].iter().all(|word| OTHERS.contains(&word.as_str()))
}

/// Whether a path is of nobody's production: a folder of tests, an image for development.
pub(crate) fn is_aside_path(path: &str) -> bool {
    const ASIDE: &[&str] = &[
        "benchmark",
        "benchmarks",
        "ci",
        "demo",
        "devcontainer",
        "example",
        "examples",
        "mock",
        "mocks",
        "sample",
        "samples",
        "template",
        "templates",
    ];
    is_aside(path) || has(path, ASIDE)
}

/// Whether a command is of a tool whose migrations are none of Drizzle's.
pub(crate) fn is_other_tool(command: &str) -> bool {
    const TOOLS: &[&str] = &[
        "alembic",
        "clickhouse",
        "convex",
        "d1",
        "dbmate",
        "dolt",
        "flyway",
        "knex",
        "kysely",
        "liquibase",
        "mongo",
        "payload",
        "prisma",
        "sequelize",
        "supabase",
        "typeorm",
    ];
    has(command, TOOLS)
}

/// Whether the name of a step says that it migrates: `Run database migrations`.
pub(crate) fn is_migrate_step(name: &str) -> bool {
    const NOT: &[&str] = &[
        "after",
        "audit",
        "await",
        "before",
        "check",
        "collision",
        "create",
        "detect",
        "diff",
        "dry",
        "drift",
        "generate",
        "lint",
        "list",
        "log",
        "logs",
        "notify",
        "plan",
        "rollback",
        "safety",
        "status",
        "test",
        "upload",
        "validate",
        "verify",
        "wait",
        "build",
        "install",
        "for",
        "push",
        "image",
        "skip",
    ];
    let words = words(name);
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let starts = words.first().is_some_and(|word| word == "migrate");
    let runs = any(&["run", "apply", "execute", "deploy"]) && any(&["migration", "migrations"]);
    (starts || runs || is_migrate(name)) && !any(NOT)
}

/// Whether running something of this name deploys the app: `deploy`, `deploy:prod`, `deploy-api.sh`.
pub(crate) fn is_deploy(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "all",
        "api",
        "app",
        "apps",
        "aws",
        "backend",
        "cloudrun",
        "ecs",
        "fly",
        "frontend",
        "gcp",
        "heroku",
        "k8s",
        "now",
        "prod",
        "production",
        "railway",
        "run",
        "server",
        "service",
        "services",
        "staging",
        "vercel",
        "web",
    ];
    let words = words(name);
    words.first().is_some_and(|word| word == "deploy" || word == "run")
        && words.iter().any(|word| word == "deploy")
        && words.iter().all(|word| word == "deploy" || OTHERS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let list = |is: fn(&str) -> bool, names: &str| {
            names.split(' ').filter(|name| is(name)).map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        let scripts = "db:migrate migrate:prod run-migrations migrate-auth-secret ch:migrate db:generate \
                       migration:run migrations:check migrate:dev";
        assert_eq!(list(is_migrate, scripts), "db:migrate migrate:prod run-migrations migration:run");
        let scripts = "deploy deploy:prod deploy:docs deploy-commands db:deploy deploy:preview deploy_api";
        assert_eq!(list(is_deploy, scripts), "deploy deploy:prod deploy_api");
        let scripts = "build build:test start start:dev vercel-build heroku-postbuild postinstall db:push \
                       db:push:prod release release:dry deploy:preview build:docs dev";
        let expected =
            "build start vercel-build heroku-postbuild postinstall db:push:prod release release:dry";
        assert_eq!(list(is_production_script, scripts), expected);
        for (name, expected) in [
            ("Run database migrations", true),
            ("Migrate production", true),
            ("DB migrations", true),
            ("Check migrations", false),
            ("Wait for migrations to run", false),
            ("Run unit tests", false),
        ] {
            assert_eq!(is_migrate_step(name), expected, "{name}");
        }
    }
}
