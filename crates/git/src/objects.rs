//! Bytes of git's objects, from `git cat-file --batch`.
//!
//! One process stays open for single questions; many at once go to processes of their own, which are
//! asked and read at the same time. Nothing is fetched: what a partial clone lacks is missing.

use crate::{Error, run};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::{Mutex, PoisonError};

/// What there is to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A file's bytes.
    Bytes(Vec<u8>),
    /// A file that is larger than was asked for.
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// It is not in this clone, or can't be read.
    Missing,
}

/// The objects of a repository.
pub struct Objects {
    dir: PathBuf,
    largest: u64,
    open: Mutex<Option<Batch>>,
}

/// A running `cat-file`.
struct Batch {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Processes that may die before the rest counts as missing: older gits die of what they can't fetch.
const DEATHS: usize = 8;
/// So many questions are worth another process.
const SHARE: usize = 200;
/// More processes than this only wait for each other.
const PROCESSES: usize = 4;

impl Objects {
    /// The objects of the repository around `dir`; none is read that has more bytes than `largest`.
    pub fn new(dir: &Path, largest: u64) -> Objects {
        Objects { dir: dir.to_owned(), largest, open: Mutex::new(None) }
    }

    /// One object.
    pub fn one(&self, id: &str) -> Object {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Batch::start(&self.dir, &[]).ok();
        }
        let Some(batch) = open.as_mut() else { return Object::Missing };
        let answer = batch.ask(id).and_then(|()| batch.answer(self.largest));
        answer.unwrap_or_else(|_| {
            *open = None;
            Object::Missing
        })
    }

    /// Many objects, each handed over with its number as it comes.
    pub fn many(&self, ids: &[&str], take: &(dyn Fn(usize, Object) + Sync)) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let processes = ids.len().div_ceil(SHARE).clamp(1, cores.min(PROCESSES));
        let share = ids.len().div_ceil(processes).max(1);
        std::thread::scope(|scope| {
            for (n, ids) in ids.chunks(share).enumerate() {
                scope.spawn(move || self.share(ids, &|m, object| take(n * share + m, object)));
            }
        });
    }

    fn share(&self, ids: &[&str], take: &dyn Fn(usize, Object)) {
        let mut done = 0;
        for _ in 0..DEATHS {
            let Ok(mut batch) = Batch::start(&self.dir, &["--buffer"]) else { break };
            let Some(mut questions) = batch.questions.take() else { break };
            std::thread::scope(|scope| {
                let rest = &ids[done..];
                // Asking beside reading: full pipes would stop both.
                scope.spawn(move || {
                    let text = rest.iter().fold(String::new(), |text, id| text + id + "\n");
                    questions.write_all(text.as_bytes()).ok();
                });
                while done < ids.len() {
                    let Ok(object) = batch.answer(self.largest) else { break };
                    take(done, object);
                    done += 1;
                }
            });
            if done == ids.len() {
                return;
            }
            take(done, Object::Missing);
            done += 1;
        }
        (done..ids.len()).for_each(|n| take(n, Object::Missing));
    }
}

impl Batch {
    fn start(dir: &Path, how: &[&str]) -> Result<Batch, Error> {
        let args: Vec<&str> = ["cat-file", "--batch"].iter().chain(how).copied().collect();
        let mut child = run::open(dir, &args)?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let answers =
            answers.ok_or_else(|| Error::Start { source: std::io::ErrorKind::BrokenPipe.into() })?;
        Ok(Batch { child, questions, answers: BufReader::with_capacity(1 << 16, answers) })
    }

    fn ask(&mut self, id: &str) -> std::io::Result<()> {
        let questions = self.questions.as_mut().ok_or(std::io::ErrorKind::BrokenPipe)?;
        questions.write_all(format!("{id}\n").as_bytes())
    }

    /// `<id> blob <size>`, the bytes and a line end; or one line that says what is the matter.
    fn answer(&mut self, largest: u64) -> std::io::Result<Object> {
        let mut header = String::new();
        if self.answers.read_line(&mut header)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut words = header.trim_end().rsplit(' ');
        let Some(size) = words.next().and_then(|size| size.parse::<u64>().ok()) else {
            return Ok(Object::Missing);
        };
        let is_file = words.next() == Some("blob");
        if !is_file || size > largest {
            let skipped = std::io::copy(&mut (&mut self.answers).take(size + 1), &mut std::io::sink())?;
            let object = if is_file { Object::TooLarge { size } } else { Object::Missing };
            return if skipped > size { Ok(object) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) };
        }
        let mut bytes = vec![0; size as usize + 1];
        self.answers.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(Object::Bytes(bytes))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // With nobody to ask it, it ends by itself; one that hangs shall not hold us up.
        drop(self.questions.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
