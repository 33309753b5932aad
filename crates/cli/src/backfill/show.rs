//! Where events go: lines of JSON as they happen, or a bar and lines for people.

use super::human;
use crate::args::BackfillFormat;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use runner::backfill::{Ended, Event, event_line};
use std::io::Write;
use std::time::{Duration, Instant};

/// Tells what happens.
pub(super) struct Show {
    format: BackfillFormat,
    /// Which of many it is about.
    target: Option<String>,
    bars: MultiProgress,
    bar: Option<ProgressBar>,
    /// Lines for standard output, where people read them at the end.
    output: String,
    left: bool,
    /// The backfill that runs now: its name, the rows that were changed, and since when.
    runs: Option<(String, u64, Instant)>,
    finished: bool,
    vacuumed: bool,
}

impl Show {
    /// Shows one of many, where it has a name. All share the bars.
    pub(super) fn new(format: BackfillFormat, target: Option<&str>, bars: &MultiProgress) -> Show {
        Show {
            format,
            target: target.map(str::to_owned),
            bars: bars.clone(),
            bar: None,
            output: String::new(),
            left: false,
            runs: None,
            finished: false,
            vacuumed: false,
        }
    }

    /// Tells one.
    pub(super) fn event(&mut self, event: Event) {
        match &event {
            Event::Started { backfill, changed, .. } => {
                self.runs = Some((backfill.clone(), *changed, Instant::now()));
            }
            Event::Batch { changed: by_now, .. } => {
                self.runs.iter_mut().for_each(|(_, changed, _)| *changed = *by_now);
            }
            Event::Ended { .. } => self.runs = None,
            _ => {}
        }
        self.left |= human::event_left(&event).is_some_and(|left| left > 0);
        match self.format {
            BackfillFormat::Json => {
                // Whoever reads may have read enough: a closed pipe is no reason to stop in the middle.
                let line = event_line(self.target.as_deref(), &event);
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }
            BackfillFormat::Human => self.human(&event),
        }
    }

    /// Tells that what runs now was ended from outside.
    pub(super) fn interrupted(&mut self, why: &str) {
        if let Some((backfill, changed, since)) = self.runs.take() {
            let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (how, left, why) = (Ended::Interrupted, None, Some(why.to_owned()));
            self.event(Event::Ended { backfill, how, changed, left, millis, why });
        }
    }

    /// Whether a backfill ended with rows that are left.
    pub(super) fn left(&self) -> bool {
        self.left
    }

    /// What is left to be printed.
    pub(super) fn finish(mut self) -> String {
        self.clear();
        if self.finished && !self.vacuumed && self.format == BackfillFormat::Human {
            self.put("next: VACUUM (ANALYZE) of the tables, or --vacuum next time");
        }
        std::mem::take(&mut self.output)
    }

    fn human(&mut self, event: &Event) {
        match event {
            Event::Standing(standing) => self.put(&human::standing(standing)),
            Event::Estimate(estimate) => self.put(&human::estimate(estimate)),
            Event::Started { backfill, total, passed, .. } => {
                self.clear();
                self.bar = Some(self.bars.add(bar(&self.named(backfill), *total, *passed)));
            }
            Event::Batch { passed, total, changed, rate, seconds_left, .. } => {
                if let Some(bar) = &self.bar {
                    let left = seconds_left.map(|seconds| format!("{} left, ", human::whole(seconds)));
                    bar.set_length((*total).max(*passed));
                    bar.set_position(*passed);
                    bar.set_message(format!(
                        "{}{}/s, {} changed",
                        left.unwrap_or_default(),
                        human::thousands(*rate as u64),
                        human::thousands(*changed)
                    ));
                }
            }
            Event::Held { reason, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("held: {}", reason.what));
                }
            }
            Event::Vacuum { skipped, .. } => self.vacuumed |= skipped.is_none(),
            Event::Ended { how, changed, .. } => {
                self.clear();
                self.finished |= *how == Ended::Finished && *changed > 0;
                if let Some(line) = human::end(event) {
                    self.put(&line);
                }
            }
            _ => {}
        }
        if let Some(line) = human::line(event) {
            let line = self.named(&line);
            match &self.bar {
                Some(bar) if !bar.is_hidden() => bar.println(line),
                _ => self.bars.suspend(|| {
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }),
            }
        }
    }

    fn put(&mut self, line: &str) {
        for line in line.lines() {
            self.output.push_str(&self.named(line));
            self.output.push('\n');
        }
    }

    fn named(&self, line: &str) -> String {
        self.target.as_ref().map_or_else(|| line.to_owned(), |target| format!("{target}: {line}"))
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A bar on the error stream, on a terminal only.
fn bar(name: &str, total: u64, passed: u64) -> ProgressBar {
    let bar = ProgressBar::new(total.max(passed)).with_prefix(name.to_owned());
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {prefix} {bar:14} {percent}% {elapsed} {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.set_position(passed);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
