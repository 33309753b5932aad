//! A watch while it goes on: lines of JSON on standard output; for people a picture that is drawn anew on a terminal,
//! and a line a minute elsewhere, on the error stream.

use crate::args::RunFormat;
use indicatif::{ProgressBar, ProgressStyle};
use report::{Begun, HumanOptions, WatchLine, watch_line, watch_live, watch_status};
use source::time;
use std::io::Write;
use std::time::Duration;
use watch::Sample;

/// How often a line is said where nothing is odd, in seconds.
const LINES: f64 = 60.0;

/// Tells a watch.
pub(super) struct Live<'a> {
    format: RunFormat,
    paper: &'a HumanOptions,
    whole: f64,
    bar: ProgressBar,
    samples: Vec<Sample>,
    /// When a line was said last, and what was odd then.
    said: Option<(f64, bool)>,
}

impl<'a> Live<'a> {
    pub(super) fn new(format: RunFormat, whole: Duration, paper: &'a HumanOptions) -> Live<'a> {
        // Drawn on a terminal only.
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Live { format, paper, whole: whole.as_secs_f64(), bar, samples: Vec::new(), said: None }
    }

    pub(super) fn begun(&self, begun: &Begun) {
        if self.format == RunFormat::Json {
            self.line(&WatchLine::Begun(begun.clone()));
            return;
        }
        let Begun { database, host, server, .. } = begun;
        let against = match &begun.baseline {
            None => "taking a baseline".to_owned(),
            Some(one) => match &one.taken {
                Some(taken) => format!("held against the baseline of {taken}"),
                None => format!(
                    "without a baseline (brolly watch --take FILE before the deploy): held against the first {}",
                    time(one.seconds)
                ),
            },
        };
        self.say(&format!(
            "{database} on {host} (PostgreSQL {server}) for {}, {against}; Ctrl-C ends it",
            time(begun.watched)
        ));
    }

    /// Tells one look. Whether somebody listens still.
    pub(super) fn sample(&mut self, sample: &Sample) -> bool {
        if self.format == RunFormat::Json {
            return self.line(&WatchLine::Sample(sample.clone()));
        }
        self.samples.push(sample.clone());
        if !self.bar.is_hidden() {
            let left = time((self.whole - sample.at).max(0.0));
            let mut lines = vec![format!("{} watched, {left} left", time(sample.at))];
            lines.extend(watch_live(&self.samples, self.paper.width.saturating_sub(1), self.paper.unicode));
            self.bar.set_message(lines.join("\n"));
            self.bar.tick();
            return true;
        }
        let odd = sample.unreachable.is_some()
            || sample.waits.iter().flatten().any(|wait| wait.waited >= 1.0)
            || sample.invalid_indexes.as_ref().is_some_and(|list| !list.is_empty());
        let due = self.said.is_none_or(|(at, was)| sample.at - at >= LINES || (odd && !was));
        if due {
            self.say(&watch_status(sample));
            self.said = Some((sample.at, odd));
        }
        true
    }

    /// Tells machines. Whether somebody listens.
    pub(super) fn line(&self, line: &WatchLine) -> bool {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", watch_line(line)).and_then(|()| out.flush()).is_ok()
    }

    /// Takes the picture away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        });
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
