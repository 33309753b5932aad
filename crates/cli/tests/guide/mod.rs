//! Pages of docs/ and the README as sessions: their files are written, their commands are run, and what
//! they show must be what comes out.
//!
//! # The format
//!
//! A page is a session in a repository of its own, on a branch beside `origin/main`. A fenced block acts
//! by the words behind its backticks:
//!
//! | block | meaning |
//! |---|---|
//! | `ts file=src/schema.ts` | writes the file, whatever the language |
//! | `diff file=src/schema.ts` | changes it: lines with ` `, `-` and `+`, whose old side stands in the file once |
//! | `sql made=drizzle/0001_x.sql` | shows the file as a command made it |
//! | `console` | runs what stands behind `$`: `npx drizzle-kit`, `npx brolly` or `brolly`, `git`; shows what brolly prints |
//! | `console answers=rename` | the same, and says to drizzle-kit that it is a rename |
//! | `sql batches` | a backfill: run once the deploy is rolled out, with `$1` = 0 and then what it returned, until that is NULL |
//!
//! Blocks without these words are prose. `line=stable` or `line=v1` says that a block shows what one line of
//! drizzle-kit makes; with the other, its commands are run and what it shows is not compared.
//!
//! A section `## The project` or `## Deploy ..` is merged and rolled out where it ends: it is committed. In a
//! deploy, `brolly lint` must find nothing worse than notes, and after the last one drizzle-kit must find
//! nothing left to generate. What another section does is taken back at its end, once a server has confirmed
//! what was predicted of it.
//!
//! `Session::roll_out` then migrates a database with rows through all deploys, as Drizzle's migrator
//! would, and runs the backfills between them.

#![allow(clippy::disallowed_methods, reason = "tests start programs and read their environment")]
#![allow(dead_code, reason = "not every test needs everything")]

pub mod npm;
pub mod page;

use crate::run::{Ended, Folder, folder};
use crate::servers::{self, wait};
use npm::DrizzleKit;
use page::{Block, Kind, Section, sections, with_texts};
use std::fs;
use std::path::Path;

/// A page that was run.
pub struct Session {
    name: String,
    folder: Folder,
    kit: Option<DrizzleKit>,
    deploys: Vec<Deploy>,
    wrong: Vec<String>,
    /// What blocks show and should not, by the line of their fence.
    texts: Vec<(usize, String)>,
}

/// What was merged and rolled out at once.
struct Deploy {
    title: String,
    commit: String,
    batches: Vec<String>,
}

/// Runs a page in this folder, and complains of what it shows wrongly. `PAGES=write` corrects it instead.
#[track_caller]
pub fn check(path: &str, folder: Folder, kit: Option<DrizzleKit>) -> Session {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = fs::read_to_string(&file).expect("the page is there");
    let exact = kit.as_ref().is_none_or(|kit| kit.is_stable());
    let mut session = Session {
        name: path.to_owned(),
        folder,
        kit,
        deploys: Vec::new(),
        wrong: Vec::new(),
        texts: Vec::new(),
    };
    for section in sections(&text) {
        session.run(&section);
    }
    if let Some(kit) = &session.kit
        && let Some(made) = kit.left_to_generate(&session.folder)
    {
        session.wrong.push(format!("{path}: after all deploys, drizzle-kit still writes {made}"));
        session.take_back();
    }
    if exact && !session.texts.is_empty() && std::env::var("PAGES").is_ok_and(|value| value == "write") {
        fs::write(&file, with_texts(&text, &session.texts)).expect("the page can be written");
        session.texts.clear();
    }
    let shown = session.texts.iter().map(|(line, real)| format!("{path}:{line} does not show\n{real}"));
    let wrong: Vec<String> = session.wrong.iter().cloned().chain(shown).collect();
    assert!(
        wrong.is_empty(),
        "{}\n`PAGES=write cargo test -p brolly --test pages` brings output up to date",
        wrong.join("\n")
    );
    session
}

impl Session {
    fn run(&mut self, section: &Section) {
        let deploy = section.title.starts_with("Deploy ");
        let kept = deploy || section.title == "The project";
        let (mut batches, mut judged) = (Vec::new(), false);
        for block in &section.blocks {
            match &block.kind {
                Kind::File(path) => {
                    let path = self.place(path);
                    self.folder.write(&path, &block.text);
                }
                Kind::Diff(path) => self.change(path, block),
                Kind::Made(path) => {
                    let made = fs::read_to_string(self.folder.at(&self.place(path))).unwrap_or_default();
                    self.compare(block, &format!("{}\n", made.trim_end()));
                }
                Kind::Console { answers } => judged |= self.console(block, answers.as_deref(), deploy),
                Kind::Batches => batches.push(block.text.clone()),
            }
        }
        if deploy && !judged {
            self.wrong.push(format!("{}: nobody judges {:?}", self.name, section.title));
        }
        match kept {
            true => self.merge(&section.title, batches),
            false if !self.deploys.is_empty() => self.take_back(),
            false => {}
        }
    }

    fn merge(&mut self, title: &str, batches: Vec<String>) {
        let first = self.deploys.is_empty();
        if first {
            self.folder.git(".", &["init", "-q"]);
            self.folder.git(".", &["remote", "add", "origin", "https://example.org/app.git"]);
        }
        self.commit(title, !first);
        let commit = self.folder.git(".", &["rev-parse", "HEAD"]);
        self.folder.git(".", &["update-ref", "refs/remotes/origin/main", "HEAD"]);
        self.folder.git(".", &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
        self.deploys.push(Deploy { title: title.to_owned(), commit, batches });
        // The branch of the next pull request.
        self.commit("Work in progress", false);
    }

    /// Commits everything at a time that is always the same, so that commits have the same names.
    fn commit(&self, title: &str, amend: bool) {
        let time = "2026-03-02T09:00:00Z";
        self.folder.git(".", &["add", "-A"]);
        let mut words = vec!["commit", "-q", "--allow-empty", "--date", time, "-m", title];
        words.extend(amend.then_some("--amend"));
        self.folder.git_with(".", &words, &[("GIT_COMMITTER_DATE", time)]);
    }

    fn take_back(&self) {
        self.folder.git(".", &["reset", "-q", "--hard"]);
        self.folder.git(".", &["clean", "-qfd"]);
    }

    fn change(&mut self, path: &str, block: &Block) {
        let place = self.place(path);
        let text = fs::read_to_string(self.folder.at(&place)).unwrap_or_default();
        let side = |sign: char| -> String {
            let of_side = |line: &&str| line.is_empty() || line.starts_with([' ', sign]);
            block
                .text
                .lines()
                .filter(of_side)
                .map(|line| format!("{}\n", line.get(1..).unwrap_or("")))
                .collect()
        };
        match text.matches(&side('-')).count() {
            1 => {
                self.folder.write(&place, text.replace(&side('-'), &side('+')));
            }
            count => self.wrong.push(format!(
                "{}:{}: its old side stands {count} times in {path}:\n{text}",
                self.name, block.line
            )),
        }
    }

    /// Whether brolly judged anything.
    fn console(&mut self, block: &Block, answers: Option<&str>, deploy: bool) -> bool {
        let (mut real, mut judged) = (String::new(), false);
        for line in block.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            real.push_str(&format!("$ {line}\n"));
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["npx", "drizzle-kit", rest @ ..] => {
                    let kit = self.kit.as_ref().expect("a page with drizzle-kit runs with it");
                    kit.run(&self.folder, rest, answers);
                }
                ["npx", "brolly", rest @ ..] | ["brolly", rest @ ..] => {
                    let ended = self.folder.brolly(rest);
                    real.push_str(&self.told(&ended));
                    if rest.first() == Some(&"lint") {
                        judged = true;
                        self.judge(block, rest, &ended, deploy);
                    }
                }
                ["git", rest @ ..] => {
                    self.folder.git(".", rest);
                }
                _ => panic!("{}:{}: {line:?} is no command of a page", self.name, block.line),
            }
        }
        self.compare(block, &real);
        judged
    }

    fn judge(&mut self, block: &Block, words: &[&str], ended: &Ended, deploy: bool) {
        let worse = ended.out.lines().any(|line| line.starts_with("error[") || line.starts_with("warning["));
        if deploy && (ended.code != 0 || worse) {
            self.wrong.push(format!("{}:{}: a deploy is not clean:\n{ended}", self.name, block.line));
        }
        if self.kit.is_some() && !deploy {
            let quiet = |word: &&&str| **word != "-q";
            let words: Vec<&str> =
                ["verify"].iter().chain(words[1..].iter().filter(quiet)).copied().collect();
            let proof = self.brolly(&words);
            if proof.code > 1 || !proof.out.contains("predicted and observed agree") {
                self.wrong.push(format!("{}:{}: a server says otherwise:\n{proof}", self.name, block.line));
            }
        }
    }

    /// What brolly printed, as the page shows it: migrations numbered, and commits, whose names would change
    /// with each word of the page, named in order.
    fn told(&self, ended: &Ended) -> String {
        let mut text = format!("{}{}", ended.out, ended.err);
        for (number, deploy) in self.deploys.iter().enumerate() {
            text = text.replace(&deploy.commit[..7], &format!("c0ffee{number}"));
        }
        self.kit.as_ref().map_or(text.clone(), |kit| kit.numbered(&self.folder, &text))
    }

    fn compare(&mut self, block: &Block, real: &str) {
        // Folders of the 1.0 line have longer names, and lines are broken elsewhere.
        let exact = self.kit.as_ref().is_none_or(DrizzleKit::is_stable);
        let line = if exact { "stable" } else { "v1" };
        if block.only.as_deref().is_some_and(|only| only != line) {
            return;
        }
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let same = match exact {
            true => block.text == real,
            false => words(&block.text) == words(real),
        };
        if !same {
            self.texts.push((block.line, real.to_owned()));
        }
    }

    /// Where a file of the page lies in this line's layout.
    fn place(&self, path: &str) -> String {
        self.kit.as_ref().map_or(path.to_owned(), |kit| kit.place(&self.folder, path))
    }

    /// Runs brolly with the servers of the tests.
    fn brolly(&self, words: &[&str]) -> Ended {
        let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/node_modules");
        let (servers, cache) = (servers.display().to_string(), servers::cache().display().to_string());
        self.folder.brolly_in(".", words, &[("BROLLY_POSTGRES", &servers), ("BROLLY_CACHE", &cache)])
    }

    /// Migrates a database of this version through all deploys, each while the app before serves
    /// traffic, with the backfills between them.
    #[track_caller]
    pub fn roll_out(&self, major: u16) {
        let server = servers::server(major);
        let url = server.url("postgres");
        let mut before: Option<&Deploy> = None;
        for deploy in &self.deploys {
            let place = format!("{}, {:?} on {major}", self.name, deploy.title);
            self.folder.git(".", &["checkout", "-q", &deploy.commit]);
            let mut words = vec!["verify", "--database-url", &url, "--on-this-database", "--yes"];
            if let Some(before) = before {
                words.extend(["--deployed", &before.commit]);
            }
            let ended = self.brolly(&words);
            assert!(
                ended.code == 0 && ended.out.contains("predicted and observed agree"),
                "{place}: {ended}"
            );
            wait(async {
                let session = server.connect().await.expect("a connection");
                if before.is_none() {
                    let amounts = verify::Amounts::of(3_000);
                    verify::fill(session.client(), &amounts).await.expect("the tables take rows");
                }
                for batch in &deploy.batches {
                    let mut last = Some("0".to_owned());
                    let mut times = 0;
                    while let Some(from) = last {
                        let rows = session.rows(&batch.replace("$1", &from)).await.expect("a batch runs");
                        last = rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten();
                        times += 1;
                    }
                    assert!(times > 2, "{place}: more than one batch");
                }
            });
            before = Some(deploy);
        }
        self.folder.git(".", &["checkout", "-q", "main"]);
    }
}

/// An empty folder in which drizzle-kit works.
pub fn with_kit(kit: &DrizzleKit) -> Folder {
    let folder = folder();
    kit.install(&folder);
    folder
}
