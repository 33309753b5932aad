//! What one command does, by its words: deploy, migrate, push, serve, or run something else that does.

use crate::arguments::{after, behind, inner, plain, without_assignments, without_flags, wrapped};
use crate::files::stem;
use crate::names;

/// What a command does, as far as its name and arguments tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// New code begins to serve.
    Deploy,
    /// The migrations are run.
    Migrate(Means),
    /// The schema is pushed without migrations.
    Push,
    /// A script of a package.
    Run(Script),
    /// A text for another shell; `far` where that runs on a server.
    Shell { text: String, far: bool },
    /// A file with such a text, maybe.
    File { path: String, far: bool },
    /// The app begins to serve; said of commands that run where the app does.
    Serve,
    /// It begins to serve somebody who works on it.
    Develop,
    /// Nothing of interest.
    Other,
}

/// A call of a script of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub name: String,
    /// Further arguments.
    pub args: Vec<String>,
    /// Whether it can be nothing else.
    pub sure: bool,
    /// Whether the package need not be that of the place.
    pub other: bool,
}

/// By what means a command migrates, which decides what can be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// `drizzle-kit migrate`.
    Kit,
    /// A program of the repository.
    File(String),
    /// Only the name says so.
    Name,
}

/// What `words` do. `far` says that they run on a server.
pub(crate) fn act(words: &[String], far: bool) -> Act {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| matches!(*word, "--dry-run" | "--help" | "--version" | "--dryrun"))
        || is_aside(&words)
    {
        return Act::Other;
    }
    if let Some(text) = substituted(&words) {
        return Act::Shell { text: text.to_owned(), far };
    }
    match of(&words, far, 8) {
        // What takes the place of the shell is what the shell was there for.
        Act::Other if words.first() == Some(&"exec") => Act::Serve,
        act => act,
    }
}

/// What the name of a file says that a shell runs.
pub(crate) fn of_shell_file(path: &str) -> Act {
    match (names::is_migrate(stem(path)), names::is_deploy(stem(path))) {
        (true, _) => Act::Migrate(Means::Name),
        (_, true) if path.ends_with(".sh") => Act::Deploy,
        _ => Act::Other,
    }
}

/// The command whose output is kept, where nothing else is done: `url=$(vercel deploy --prod)`.
fn substituted<'a>(words: &[&'a str]) -> Option<&'a str> {
    let last = words.last().filter(|_| without_assignments(words).is_empty())?;
    let (_, value) = last.split_once('=')?;
    value.strip_prefix("$(")?.strip_suffix(')')
}

/// Whether the arguments name an environment of nobody's.
fn is_aside(words: &[&str]) -> bool {
    const FLAGS: &[&str] = &["--env", "--stage", "--target", "--environment", "-e", "-s"];
    let names = words.windows(2).filter(|pair| FLAGS.contains(&pair[0])).map(|pair| pair[1]);
    let joined =
        words.iter().filter_map(|word| word.split_once('=')).filter(|(flag, _)| FLAGS.contains(flag));
    // `--env NAME=value` and paths name no environment.
    let is_name = |name: &&str| !name.contains(['/', '.', '=', '$']);
    names.chain(joined.map(|(_, name)| name)).filter(is_name).any(names::is_aside)
}

fn of(words: &[&str], far: bool, depth: usize) -> Act {
    let Some(depth) = depth.checked_sub(1) else { return Act::Other };
    let words = without_assignments(words);
    let Some((first, rest)) = words.split_first() else { return Act::Other };
    let program = first.rsplit('/').next().unwrap_or(first);
    let program =
        program.split_once('@').map_or(program, |(name, _)| if name.is_empty() { program } else { name });
    let on = |words: &[&str]| of(words, far, depth);
    let has = |word: &str| rest.contains(&word);
    let starts = |pieces: &[&str]| plain(rest).starts_with(pieces);
    let deploys = |yes: bool| if yes { Act::Deploy } else { Act::Other };
    match program {
        "sudo" | "env" | "exec" | "command" | "nohup" | "time" | "nice" | "cross-env" | "cross-env-shell" => {
            on(without_flags(rest))
        }
        "timeout" | "gosu" | "su-exec" | "s6-setuidgid" => on(without_flags(rest).get(1..).unwrap_or(&[])),
        "tini" | "dumb-init" | "catatonit" | "docker-init" => on(without_flags(rest)),
        "dockerize" | "wait-for-it" | "wait-for-it.sh" | "wait-for" => {
            on(behind(rest).unwrap_or(inner(rest)))
        }
        "npx" | "bunx" | "pnpx" => on(without_flags(rest)),
        "dotenv" | "dotenvx" | "doppler" | "infisical" | "op" | "aws-vault" | "chamber" | "env-cmd"
        | "varlock" => on(behind(rest).unwrap_or_else(|| wrapped(rest))),
        "nodemon" => Act::Develop,
        "next" | "nuxt" | "nuxi" | "astro" if starts(&["dev"]) => Act::Develop,
        "vite" if rest.is_empty() || starts(&["dev"]) => Act::Develop,
        "node" | "tsx" | "bun" | "deno" if has("watch") || has("--watch") => Act::Develop,
        "npm" | "pnpm" | "yarn" | "bun" => packages(program, rest, far, depth),
        "turbo" | "lerna" | "nx" => match plain(rest).iter().find(|word| **word != "run") {
            Some(task) => {
                let name = task.rsplit('#').next().unwrap_or(task).to_owned();
                Act::Run(Script { name, args: Vec::new(), sure: true, other: true })
            }
            None => Act::Other,
        },
        "node" | "tsx" | "deno" | "ts-node" | "esno" | "vite-node" | "jiti" => of_program(file(rest)),
        "sh" | "bash" | "zsh" => {
            match rest.iter().position(|word| word.starts_with('-') && word.ends_with('c')) {
                Some(at) => shell(rest.get(at + 1), far),
                None => of_path(file(rest), far),
            }
        }
        "ssh" => shell(rest.last().filter(|word| word.contains(' ')), true),
        "docker" | "docker-compose" | "podman" => elsewhere(docker(rest, far, depth)),
        "kubectl" | "oc" => elsewhere(kubectl(rest, far, depth)),
        "helm" if starts(&["upgrade"]) || starts(&["install"]) => applied(rest),
        "vercel" | "vc" => deploys(is_vercel_production(rest)),
        "fly" | "flyctl" if starts(&["ssh", "console"]) => {
            shell(after(rest, &["-C", "--command"]).first(), true)
        }
        "fly" | "flyctl" if starts(&["machine", "run"]) => elsewhere(on(inner(rest))),
        "fly" | "flyctl" => deploys(starts(&["deploy"])),
        "wrangler" => deploys(
            starts(&["deploy"]) || starts(&["publish"]) || starts(&["pages", "deploy"]) && !has("--branch"),
        ),
        "railway" if starts(&["run"]) => elsewhere(on(wrapped(rest))),
        "railway" => deploys(starts(&["up"])),
        "heroku" if starts(&["run"]) => elsewhere(on(behind(rest).unwrap_or_else(|| inner(rest)))),
        "heroku" => deploys(starts(&["container:release"])),
        "git" => deploys(starts(&["push"]) && ["heroku", "dokku"].into_iter().any(has)),
        "aws" if starts(&["ecs", "run-task"]) && mentions_migration(rest) => Act::Migrate(Means::Name),
        "aws" => deploys(starts(&["ecs", "update-service"]) || starts(&["lambda", "update-function-code"])),
        "gcloud" if starts(&["run", "jobs"]) => match mentions_migration(rest) && has("execute") {
            true => Act::Migrate(Means::Name),
            false => Act::Other,
        },
        "gcloud" => deploys(
            starts(&["run", "deploy"])
                || starts(&["app", "deploy"])
                || starts(&["run", "services", "update"]),
        ),
        "netlify" | "ntl" => deploys(starts(&["deploy"]) && (has("--prod") || has("-p"))),
        "sst" | "serverless" | "sls" | "eb" | "kamal" | "copilot" => deploys(has("deploy")),
        "pm2" => {
            deploys(far && ["restart", "reload", "startOrReload", "startOrRestart"].into_iter().any(has))
        }
        "systemctl" => deploys(far && (starts(&["restart"]) || starts(&["reload"]))),
        "drizzle-kit" => match plain(rest).first() {
            Some(&"migrate") => Act::Migrate(Means::Kit),
            Some(&("push" | "push:pg")) => Act::Push,
            _ => Act::Other,
        },
        "next" | "nest" | "pm2-runtime" | "nuxt" | "nuxi" | "vite" | "astro" if serves(program, rest) => {
            Act::Serve
        }
        "remix-serve" | "react-router-serve" | "pm2-docker" | "nginx" | "caddy" | "supervisord" | "$@"
        | "${@}" => Act::Serve,
        _ if program.ends_with(".sh") || first.contains('/') => of_path(Some(first), far),
        _ => Act::Other,
    }
}

/// A run of a file that a shell may read.
fn of_path(path: Option<&str>, far: bool) -> Act {
    path.map_or(Act::Other, |path| Act::File { path: path.to_owned(), far })
}

/// A run of a program of the repository.
fn of_program(path: Option<&str>) -> Act {
    let Some(path) = path else { return Act::Other };
    match names::is_migrate(stem(path)) {
        true => Act::Migrate(Means::File(path.to_owned())),
        false if names::is_chore(stem(path)) => Act::Other,
        false => Act::Serve,
    }
}

/// Whether a framework's program is told to serve for good.
fn serves(program: &str, rest: &[&str]) -> bool {
    let first = plain(rest).first().copied();
    match program {
        "next" | "nest" => first == Some("start"),
        "pm2-runtime" => true,
        _ => matches!(first, Some("start" | "preview")),
    }
}

/// What serves somewhere else does not serve here.
fn elsewhere(act: Act) -> Act {
    if matches!(act, Act::Serve | Act::Develop) { Act::Other } else { act }
}

/// The file among the arguments of a runtime.
fn file<'a>(words: &[&'a str]) -> Option<&'a str> {
    const VALUED: &[&str] =
        &["-r", "--require", "--import", "--loader", "--env-file", "--tsconfig", "--conditions", "-C"];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-e" | "--eval" | "-p" | "--print" | "--test" | "watch" | "--watch" => return None,
            "run" | "--" => {}
            flag if VALUED.contains(&flag) => {
                words.next();
            }
            flag if flag.starts_with('-') => {}
            path => return Some(path),
        }
    }
    None
}

/// npm, pnpm, yarn and bun: a script, a program of a package, or a file.
fn packages(manager: &str, rest: &[&str], far: bool, depth: usize) -> Act {
    const VALUED: &[&str] =
        &["--filter", "-F", "--cwd", "-C", "--dir", "--prefix", "--workspace", "--env-file", "--config"];
    const ELSEWHERE: &[&str] = &["--filter", "-F", "--cwd", "-C", "--dir", "--prefix", "--workspace", "-w"];
    const BUILT_IN: &[&str] = &[
        "add", "audit", "ci", "config", "create", "dedupe", "deploy", "fetch", "i", "info", "init",
        "install", "link", "list", "login", "ls", "pack", "prune", "publish", "rebuild", "remove", "set",
        "store", "test", "update", "upgrade", "version", "why",
    ];
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let valued = VALUED.contains(word) || *word == "-w" && manager == "npm";
        match word.starts_with('-') {
            true => at += if valued { 2 } else { 1 },
            false => break,
        }
    }
    let Some((command, args)) = rest.get(at..).and_then(|rest| rest.split_first()) else { return Act::Other };
    let script = |name: &str, args: &[&str], sure: bool| {
        Act::Run(Script {
            name: name.to_owned(),
            args: args.iter().filter(|word| **word != "--").map(|word| (*word).to_owned()).collect(),
            sure,
            other: rest.iter().any(|word| {
                let flag = word.split('=').next().unwrap_or(word);
                ELSEWHERE.contains(&flag)
                    || matches!(flag, "workspace" | "-r" | "--recursive" | "--workspaces")
            }),
        })
    };
    let is_path =
        |name: &str| [".ts", ".js", ".mjs", ".cjs", ".mts", ".tsx"].iter().any(|end| name.ends_with(end));
    match (*command, manager) {
        ("run" | "run-script", _) => {
            let mut words = args;
            while let Some((flag, more)) = words.split_first().filter(|(word, _)| word.starts_with('-')) {
                words = if VALUED.contains(flag) || *flag == "-w" && manager == "npm" {
                    more.get(1..).unwrap_or(&[])
                } else {
                    more
                };
            }
            match words.split_first() {
                Some((name, _)) if is_path(name) => of_program(Some(name)),
                Some((name, more)) => script(name, more, true),
                None => Act::Other,
            }
        }
        ("exec" | "x" | "dlx", _) => of(behind(args).unwrap_or_else(|| without_flags(args)), far, depth),
        ("start", "npm") => script("start", args, true),
        (_, "npm") => Act::Other,
        ("workspace", "yarn") => {
            match packages(manager, args.get(1..).unwrap_or(&[]), far, depth.saturating_sub(1)) {
                Act::Run(script) => Act::Run(Script { other: true, ..script }),
                act => act,
            }
        }
        (name, "bun") if is_path(name) => of_program(Some(name)),
        // yarn and bun have no command of that name.
        ("deploy", "yarn" | "bun") => script("deploy", args, true),
        (name, _) if BUILT_IN.contains(&name) => Act::Other,
        (name, _) => script(name, args, false),
    }
}

fn docker(rest: &[&str], far: bool, depth: usize) -> Act {
    let words = plain(rest);
    match words.as_slice() {
        ["stack", "deploy", ..] | ["service", "update", ..] => applied(rest),
        _ if words.iter().take(4).any(|word| matches!(*word, "exec" | "run")) => {
            match of(inner(rest), far, depth) {
                // An image or a service that is there to migrate.
                Act::Other | Act::Serve if far && mentions_migration(rest) => Act::Migrate(Means::Name),
                act => act,
            }
        }
        _ if far && words.contains(&"up") && !words.iter().any(|word| is_database(word)) => Act::Deploy,
        _ => Act::Other,
    }
}

/// Whether a service of a compose file is there for others.
fn is_database(name: &str) -> bool {
    names::is_beside(name) || matches!(name, "db" | "database")
}

fn kubectl(rest: &[&str], far: bool, depth: usize) -> Act {
    match plain(rest).as_slice() {
        words if words.contains(&"exec") => of(behind(rest).unwrap_or(&[]), far, depth),
        words if words.contains(&"rollout") && words.contains(&"restart") => applied(rest),
        words if words.contains(&"set") && words.contains(&"image") => applied(rest),
        words if ["apply", "create", "replace"].iter().any(|word| words.contains(word)) => {
            match applied(rest) {
                Act::Deploy if !words.contains(&"apply") => Act::Other,
                act => act,
            }
        }
        _ => Act::Other,
    }
}

/// A deploy of what the arguments name: of the app, of a job that migrates, or of something else.
fn applied(rest: &[&str]) -> Act {
    if mentions_migration(rest) {
        Act::Migrate(Means::Name)
    } else if rest.iter().any(|word| names::is_beside(word)) {
        Act::Other
    } else {
        Act::Deploy
    }
}

fn mentions_migration(words: &[&str]) -> bool {
    words.iter().any(|word| {
        let words = names::words(word);
        words.iter().any(|word| matches!(word.as_str(), "migrate" | "migration" | "migrations" | "migrator"))
    })
}

fn is_vercel_production(rest: &[&str]) -> bool {
    let words = plain(rest);
    let production =
        rest.iter().any(|word| matches!(*word, "--prod" | "--production" | "--target=production"))
            || after(rest, &["--target"]).first() == Some(&"production");
    match words.first() {
        Some(&"promote") => true,
        None | Some(&("deploy" | ".")) => production,
        Some(_) => {
            production && rest.first().is_some_and(|word| word.starts_with('-')) && !words.contains(&"build")
        }
    }
}

fn shell(text: Option<&&str>, far: bool) -> Act {
    text.map_or(Act::Other, |text| Act::Shell { text: (*text).to_owned(), far })
}
