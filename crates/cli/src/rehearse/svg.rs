//! The lock queue over time as a drawing: readers and writers that wait, stacked, and the tries of the
//! migration as a band behind them. One chart a set.

use super::Rehearsed;
use crate::verify::human::{first_line, span};
use report::escaped;
use std::fmt::Write;
use std::time::Duration;
use verify::rehearse::Sample;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 40.0;
/// A chart with its words.
const CHART: f64 = 260.0;

/// The drawing for all sets, one below the other.
pub fn drawing(rehearsed: &[Rehearsed]) -> String {
    let (width, height) = (WIDTH + 2.0 * LEFT, CHART * rehearsed.len().max(1) as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (number, one) in rehearsed.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate({LEFT} {})\">", CHART * number as f64 + TOP);
        chart(&mut svg, one);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn chart(svg: &mut String, one: &Rehearsed) {
    let seen = &one.rehearsal;
    let most = f64::from(seen.queue.iter().map(Sample::length).max().unwrap_or(0).max(1));
    let x = |at: Duration| WIDTH * at.as_secs_f64() / seen.end.as_secs_f64().max(f64::EPSILON);
    let y = |length: u16| HEIGHT - HEIGHT * f64::from(length) / most;
    let title = escaped(&first_line(&format!("{}: {}", one.dir, one.selection), 100));
    let _ = writeln!(svg, "<text y=\"-20\" font-weight=\"bold\">{title}</text>");
    let _ = writeln!(
        svg,
        "<text y=\"-5\">sessions that wait for a lock: <tspan fill=\"#2b6cb0\">readers</tspan>, \
         <tspan fill=\"#c05621\">writers</tspan></text>"
    );
    for attempt in &seen.tries {
        let (from, to) = (x(attempt.from), x(attempt.to));
        let _ = writeln!(
            svg,
            "<rect x=\"{from:.1}\" width=\"{:.1}\" height=\"{HEIGHT}\" fill=\"#edf2f7\"/>",
            (to - from).max(1.0)
        );
        for ran in &attempt.statements {
            let words = format!("{} ({})", first_line(&ran.sql, 200), span(ran.to.saturating_sub(ran.from)));
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{HEIGHT}\" width=\"{:.1}\" height=\"8\" fill=\"#4a5568\" \
                 stroke=\"#fff\"><title>{}</title></rect>",
                x(ran.from),
                (x(ran.to) - x(ran.from)).max(1.0),
                escaped(&words)
            );
        }
    }
    area(svg, &seen.queue, "#f6ad55", &x, &|sample| y(sample.length()));
    area(svg, &seen.queue, "#63b3ed", &x, &|sample| y(sample.reads));
    let _ = writeln!(svg, "<path d=\"M0 0V{HEIGHT}H{WIDTH}\" fill=\"none\" stroke=\"#4a5568\"/>");
    let _ = writeln!(svg, "<text x=\"-6\" y=\"8\" text-anchor=\"end\">{most}</text>");
    let _ = writeln!(svg, "<text x=\"-6\" y=\"{HEIGHT}\" text-anchor=\"end\">0</text>");
    let bottom = HEIGHT + 24.0;
    let _ = writeln!(svg, "<text y=\"{bottom}\">0 s</text>");
    let _ = writeln!(svg, "<text x=\"{WIDTH}\" y=\"{bottom}\" text-anchor=\"end\">{}</text>", span(seen.end));
}

/// A filled line in steps: between two looks nothing is known to have changed.
fn area(
    svg: &mut String,
    queue: &[Sample],
    color: &str,
    x: &dyn Fn(Duration) -> f64,
    y: &dyn Fn(&Sample) -> f64,
) {
    let mut path = format!("M0 {HEIGHT}");
    let mut last = HEIGHT;
    for (at, sample) in queue.iter().enumerate() {
        let height = y(sample);
        if (height - last).abs() > 0.01 || at + 1 == queue.len() {
            let _ = write!(path, "H{:.1}V{height:.1}", x(sample.at));
            last = height;
        }
    }
    let _ = write!(path, "V{HEIGHT}Z");
    let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{color}\"/>");
}
