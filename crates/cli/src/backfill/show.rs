//! Where events go: lines of JSON as they happen, or a bar and lines for people.

use super::human;
use crate::args::BackfillFormat;
use indicatif::{ProgressBar, ProgressStyle};
use runner::backfill::{Ended, Event};
use std::io::Write;
use std::time::Duration;

/// Tells what happens.
pub(super) struct Show {
    format: BackfillFormat,
    bar: Option<ProgressBar>,
    /// Lines for standard output, where people read them at the end.
    output: String,
    left: bool,
    finished: bool,
    vacuumed: bool,
}

impl Show {
    pub(super) fn new(format: BackfillFormat) -> Show {
        Show { format, bar: None, output: String::new(), left: false, finished: false, vacuumed: false }
    }

    /// Tells one.
    pub(super) fn event(&mut self, event: Event) {
        self.left |= human::event_left(&event).is_some_and(|left| left > 0);
        match self.format {
            BackfillFormat::Json => {
                // Whoever reads may have read enough: a closed pipe is no reason to stop in the middle.
                let line = serde_json::to_string(&event).unwrap_or_default();
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }
            BackfillFormat::Human => self.human(&event),
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
            self.output.push_str("next: VACUUM (ANALYZE) of the tables, or --vacuum next time\n");
        }
        std::mem::take(&mut self.output)
    }

    fn human(&mut self, event: &Event) {
        match event {
            Event::Standing(standing) => self.put(&human::standing(standing)),
            Event::Estimate(estimate) => self.put(&human::estimate(estimate)),
            Event::Started { backfill, total, passed, .. } => {
                self.clear();
                self.bar = Some(bar(backfill, *total, *passed));
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
            Event::Vacuum { .. } => self.vacuumed = true,
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
            match &self.bar {
                Some(bar) if !bar.is_hidden() => bar.println(line),
                _ => {
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }
            }
        }
    }

    fn put(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
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
