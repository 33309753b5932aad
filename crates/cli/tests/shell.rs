//! Completions and man pages: made of the definitions that `--help` is made of, and fit for the programs
//! that read them.

#![allow(clippy::disallowed_methods, reason = "tests start shells and read files")]

mod run;

use run::{Folder, folder};
use std::path::Path;
use std::process::{Command, Output};

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn output(folder: &Folder, program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).current_dir(folder.path()).output().expect("it starts")
}

/// What bash would offer for the last of these words.
fn offered(folder: &Folder, words: &[&str]) -> Vec<String> {
    let script = format!(
        "source completions; COMP_WORDS=({}); COMP_CWORD={}; _brolly brolly {} {}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let done = output(folder, "bash", &["-c", &script]);
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes() {
    let folder = folder();
    let script = folder.brolly(&["completions", "bash"]);
    folder.write("completions", &script.says(0, &["complete -F _brolly"]).out);
    assert_eq!(offered(&folder, &["brolly", "reh"]), ["rehearse"]);
    assert_eq!(offered(&folder, &["brolly", "lint", "--deplo"]), ["--deployed"]);
    let formats = offered(&folder, &["brolly", "lint", "--format", "g"]);
    assert_eq!(formats, ["github", "gitlab"]);
}

#[test]
fn every_shell_reads_its_script() {
    let folder = folder();
    for (shell, check) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"]),
        ("fish", &["fish", "--no-execute"]),
        ("powershell", &[]),
        ("elvish", &[]),
    ] {
        let ended = folder.brolly(&["completions", shell]);
        ended.says(0, &["fail-on"]);
        folder.write("completions", &ended.out);
        if let Some((program, args)) = check.split_first().filter(|(program, _)| installed(program)) {
            let done = output(&folder, program, &[args, &["completions"]].concat());
            assert!(done.status.success(), "{shell}: {}", String::from_utf8_lossy(&done.stderr));
        }
    }
    folder.brolly(&["completions", "csh"]).complains(2, &["bash, elvish, fish, powershell, zsh"]);
}

/// The flags that a help text lists.
fn flags(help: &str) -> Vec<String> {
    let words = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let name =
        |rest: &str| rest.split(|c: char| c != '-' && !c.is_ascii_lowercase()).next().map(str::to_owned);
    words.filter_map(name).collect()
}

#[test]
fn every_command_has_a_page_with_all_its_flags() {
    let folder = folder();
    let ended = folder.brolly(&["man", "--out", "man1"]);
    let pages: Vec<&str> = ended.out.lines().collect();
    let help = folder.brolly(&["--help"]).out;
    let (_, commands) = help.split_once("Commands:\n").expect("they are listed");
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().filter(|name| *name != "help"))
        .collect();
    assert!(commands.contains(&"lint") && commands.contains(&"man"), "{commands:?}");
    assert_eq!(pages.len(), commands.len() + 1, "{pages:?}");
    for command in commands {
        let page =
            std::fs::read_to_string(folder.at(&format!("man1/brolly-{command}.1"))).expect("it is written");
        // Dashes are escaped in roff.
        let page = page.replace("\\-", "-");
        for flag in flags(&folder.brolly(&[command, "--help"]).out) {
            assert!(page.contains(&format!("--{flag}")), "no --{flag} in the page of {command}");
        }
    }
    for page in pages {
        check(&folder, page);
    }
    let main = folder.brolly(&["man"]);
    assert_eq!(main.out, std::fs::read_to_string(folder.at("man1/brolly.1")).expect("it is written"));
}

/// Has the page read by what is there to read it.
fn check(folder: &Folder, page: &str) {
    assert!(Path::new(&folder.at(page)).is_file());
    for (program, args) in
        [("mandoc", &["-T", "lint", "-W", "error"][..]), ("groff", &["-man", "-ww", "-z", "-K", "utf8"])]
    {
        if installed(program) {
            let done = output(folder, program, &[args, &[page]].concat());
            let said =
                String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success() && said.is_empty(), "{program} {page}: {said}");
        }
    }
}
