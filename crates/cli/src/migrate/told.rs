//! How runs are told while they go on: lines of JSON on standard output, or words on the error stream, with
//! the result on standard output.

use super::human::{now, words, words_of};
use crate::args::RunFormat;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use report::{Failed, MigrateLine, migrate_line};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::time::{Duration, Instant};

/// Where all runs are told.
pub struct Screen {
    format: RunFormat,
    bars: MultiProgress,
}

impl Screen {
    /// Nothing is told yet.
    pub fn new(format: RunFormat) -> Screen {
        Screen { format, bars: MultiProgress::new() }
    }

    /// Tells one run; its target, where it is one of many.
    pub fn told(&self, target: Option<&str>) -> Told {
        let told = Told {
            session: Cell::new(None),
            format: self.format,
            target: target.map(str::to_owned),
            bars: self.bars.clone(),
            bar: RefCell::new(ProgressBar::hidden()),
            last: RefCell::new((String::new(), Instant::now())),
        };
        if target.is_none() {
            told.begin();
        }
        told
    }

    /// The last line of a run that ends before it begins, for machines.
    pub fn end(&self, failed: Option<Failed>) {
        if self.format == RunFormat::Json {
            self.told(None).line(&MigrateLine::nothing(failed));
        }
    }

    /// Text for the error stream, whatever the format.
    pub fn aside(&self, text: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    /// A remark about all of them.
    pub fn note(&self, text: &str) {
        if self.format == RunFormat::Human {
            self.bars.suspend(|| {
                let _ = writeln!(std::io::stderr(), "{text}");
            });
        }
    }
}

/// Tells a run.
pub struct Told {
    /// The process of the server that runs the statements, once there is one.
    pub session: Cell<Option<i32>>,
    format: RunFormat,
    target: Option<String>,
    bars: MultiProgress,
    bar: RefCell<ProgressBar>,
    /// What was said last of waiting, and when: the same is not said again at once.
    last: RefCell<(String, Instant)>,
}

impl Told {
    /// Tells one thing.
    pub fn line(&self, line: &MigrateLine) {
        if self.format == RunFormat::Json {
            let mut out = std::io::stdout().lock();
            let text = migrate_line(self.target.as_deref(), line);
            let _ = writeln!(out, "{text}").and_then(|()| out.flush());
            return;
        }
        if matches!(line, MigrateLine::Begins { .. }) {
            self.begin();
        }
        if let Some(now) = now(line) {
            self.bar.borrow().set_message(now);
        }
        if matches!(line, MigrateLine::End { .. }) && self.target.is_some() {
            self.bar.borrow().finish_and_clear();
        }
        let texts = match &self.target {
            Some(target) => words_of(target, line),
            None => words(line),
        };
        for text in texts {
            if matches!(
                line,
                MigrateLine::Waits { .. }
                    | MigrateLine::Held { .. }
                    | MigrateLine::Silent { .. }
                    | MigrateLine::WaitsForRun { .. }
            ) && self.is_repeated(&text)
            {
                continue;
            }
            self.bars.suspend(|| {
                let _ = match line {
                    MigrateLine::End { failed: None, .. } if self.target.is_none() => {
                        writeln!(std::io::stdout(), "{text}")
                    }
                    MigrateLine::Summary { .. } => writeln!(std::io::stdout(), "{text}"),
                    _ => writeln!(std::io::stderr(), "{text}"),
                };
            });
        }
        if matches!(line, MigrateLine::End { .. }) {
            self.bar.borrow().finish_and_clear();
        }
    }

    /// Something moves on the screen from now on.
    fn begin(&self) {
        if self.format == RunFormat::Json {
            return;
        }
        let bar = self.bars.add(ProgressBar::new_spinner());
        let template = match &self.target {
            Some(target) => {
                bar.set_prefix(target.clone());
                "{spinner} {prefix}: {wide_msg}"
            }
            None => "{spinner} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        self.bar.replace(bar);
    }

    fn is_repeated(&self, text: &str) -> bool {
        let mut last = self.last.borrow_mut();
        // The age that is said in it grows.
        let same = text.split(", its transaction").next().unwrap_or(text);
        if last.0 == same && last.1.elapsed() < AGAIN {
            return true;
        }
        *last = (same.to_owned(), Instant::now());
        false
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.bar.borrow().finish_and_clear();
    }
}

const AGAIN: Duration = Duration::from_secs(10);
