//! What one command does, by its words: deploy, migrate, push, or run something else that does.

use crate::names;

/// What a command does, as far as its name and arguments tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// New code begins to serve.
    Deploy,
    /// The migrations are run.
    Migrate,
    /// The schema is pushed without migrations.
    Push,
    /// A script of a package, with further arguments; `sure` where it can be nothing else.
    Run { script: String, args: Vec<String>, sure: bool },
    /// A text for another shell; `far` where that runs on a server.
    Shell { text: String, far: bool },
    /// Nothing of interest.
    Other,
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
    of(&words, far, 8)
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
        "timeout" => on(without_flags(rest).get(1..).unwrap_or(&[])),
        "npx" | "bunx" | "pnpx" => on(without_flags(rest)),
        "dotenv" | "dotenvx" | "doppler" | "infisical" | "op" | "aws-vault" | "chamber" | "env-cmd"
        | "varlock" => on(behind(rest).unwrap_or_else(|| wrapped(rest))),
        "npm" | "pnpm" | "yarn" | "bun" => packages(program, rest, far, depth),
        "turbo" | "lerna" | "nx" => match plain(rest).iter().find(|word| **word != "run") {
            Some(task) => {
                let name = task.rsplit('#').next().unwrap_or(task);
                Act::Run { script: name.to_owned(), args: Vec::new(), sure: true }
            }
            None => Act::Other,
        },
        "node" | "tsx" | "deno" | "ts-node" | "esno" | "vite-node" | "jiti" => of_file(file(rest)),
        "sh" | "bash" | "zsh" => {
            match rest.iter().position(|word| word.starts_with('-') && word.ends_with('c')) {
                Some(at) => shell(rest.get(at + 1), far),
                None => of_file(file(rest)),
            }
        }
        "ssh" => shell(rest.last().filter(|word| word.contains(' ')), true),
        "docker" | "docker-compose" | "podman" => docker(rest, far, depth),
        "kubectl" | "oc" => kubectl(rest, far, depth),
        "helm" if starts(&["upgrade"]) || starts(&["install"]) => applied(rest),
        "vercel" | "vc" => deploys(is_vercel_production(rest)),
        "fly" | "flyctl" if starts(&["ssh", "console"]) => {
            shell(after(rest, &["-C", "--command"]).first(), true)
        }
        "fly" | "flyctl" if starts(&["machine", "run"]) => on(inner(rest)),
        "fly" | "flyctl" => deploys(starts(&["deploy"])),
        "wrangler" => deploys(
            starts(&["deploy"]) || starts(&["publish"]) || starts(&["pages", "deploy"]) && !has("--branch"),
        ),
        "railway" if starts(&["run"]) => on(wrapped(rest)),
        "railway" => deploys(starts(&["up"])),
        "heroku" if starts(&["run"]) => on(behind(rest).unwrap_or_else(|| inner(rest))),
        "heroku" => deploys(starts(&["container:release"])),
        "git" => deploys(starts(&["push"]) && ["heroku", "dokku"].into_iter().any(has)),
        "aws" if starts(&["ecs", "run-task"]) && mentions_migration(rest) => Act::Migrate,
        "aws" => deploys(starts(&["ecs", "update-service"]) || starts(&["lambda", "update-function-code"])),
        "gcloud" if starts(&["run", "jobs"]) => match mentions_migration(rest) && has("execute") {
            true => Act::Migrate,
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
            Some(&"migrate") => Act::Migrate,
            Some(&("push" | "push:pg")) => Act::Push,
            _ => Act::Other,
        },
        _ if program.ends_with(".sh") => of_file(Some(program)),
        _ => Act::Other,
    }
}

/// A run of a file: by its name.
fn of_file(path: Option<&str>) -> Act {
    let Some(path) = path else { return Act::Other };
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    match (names::is_migrate(stem), names::is_deploy(stem)) {
        (true, _) => Act::Migrate,
        (_, true) if name.ends_with(".sh") => Act::Deploy,
        _ => Act::Other,
    }
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
    let script = |name: &str, args: &[&str], sure: bool| Act::Run {
        script: name.to_owned(),
        args: args.iter().filter(|word| **word != "--").map(|word| (*word).to_owned()).collect(),
        sure,
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
                Some((name, _)) if is_path(name) => of_file(Some(name)),
                Some((name, more)) => script(name, more, true),
                None => Act::Other,
            }
        }
        ("exec" | "x" | "dlx", _) => of(behind(args).unwrap_or_else(|| without_flags(args)), far, depth),
        ("start", "npm") => script("start", args, true),
        (_, "npm") => Act::Other,
        ("workspace", "yarn") => {
            packages(manager, args.get(1..).unwrap_or(&[]), far, depth.saturating_sub(1))
        }
        (name, "bun") if is_path(name) => of_file(Some(name)),
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
                Act::Other if far && mentions_migration(rest) => Act::Migrate,
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
        Act::Migrate
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

fn without_assignments<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let is = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-') && !name.contains(['/', ' ']))
    };
    &words[words.iter().take_while(|word| is(word)).count()..]
}

fn without_flags<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    &words[words.iter().take_while(|word| word.starts_with('-')).count()..]
}

/// What stands behind `--`.
fn behind<'a, 'b>(words: &'a [&'b str]) -> Option<&'a [&'b str]> {
    words.iter().position(|word| *word == "--").map(|at| &words[at + 1..])
}

/// What stands behind the first of some flags.
fn after<'a, 'b>(words: &'a [&'b str], flags: &[&str]) -> &'a [&'b str] {
    words.iter().position(|word| flags.contains(word)).map_or(&[], |at| &words[at + 1..])
}

/// The command in the arguments of a wrapper that needs no `--`.
fn wrapped<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        words = match *word {
            "run" | "-o" | "--override" | "--silent" => rest,
            flag if flag.starts_with('-') && flag.contains('=') => rest,
            flag if flag.starts_with('-') => rest.get(1..).unwrap_or(&[]),
            _ => return words,
        };
    }
    words
}

/// The command in the arguments of something that starts a container.
fn inner<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    const KNOWN: &[&str] =
        &["npm", "pnpm", "yarn", "bun", "npx", "bunx", "node", "tsx", "drizzle-kit", "sh", "bash"];
    words.iter().position(|word| KNOWN.contains(word)).map_or(&[], |at| &words[at..])
}

/// The arguments that are no flags.
fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|word| !word.starts_with('-')).collect()
}
