//! Numbers over time as drawings: a line of bars for a terminal, and line charts as SVG for a page.
//!
//! The page that a chart stands in says its colours, as CSS variables `--s0` to `--s4`, `--line` and `--words`.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 26.0;

/// Bars for numbers, the highest for the greatest; none for zero and less. The lowest bar stands for `least`.
pub fn bars(values: &[f64], least: f64, unicode: bool) -> String {
    let bars: Vec<char> =
        if unicode { "▁▂▃▄▅▆▇█".chars().collect() } else { ".:-=+*#@".chars().collect() };
    let most = values.iter().copied().fold(least, f64::max);
    let bar = |value: &f64| {
        if *value <= 0.0 {
            return ' ';
        }
        let room = most - least;
        let share = if room > 0.0 { (value - least) / room } else { 0.0 };
        bars[((share * (bars.len() - 1) as f64 + 1e-9) as usize).min(bars.len() - 1)]
    };
    values.iter().map(bar).collect()
}

/// Text as it stands in HTML and SVG.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A chart of lines over time.
pub(crate) struct Chart {
    /// What it shows.
    pub title: String,
    /// The unit of the numbers.
    pub unit: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The time that splits it, and what the line there says.
    pub split: Option<(f64, &'static str)>,
    /// A bound, drawn across, and its name.
    pub bound: Option<(f64, String)>,
}

/// A line of a chart.
pub(crate) struct Line {
    /// What it is.
    pub name: String,
    /// Seconds and number; without a number the line has a gap.
    pub points: Vec<(f64, Option<f64>)>,
}

/// The chart as HTML, its legend and a drawing; `None` where there is no number to draw.
pub(crate) fn figure(chart: &Chart) -> Option<String> {
    let numbers = chart.lines.iter().flat_map(|line| &line.points).filter_map(|(_, number)| *number);
    let greatest = numbers.clone().fold(0.0, f64::max);
    numbers.clone().next()?;
    let times = || chart.lines.iter().flat_map(|line| &line.points).map(|(at, _)| *at);
    let (from, to) = (times().fold(f64::MAX, f64::min), times().fold(f64::MIN, f64::max));
    // A bound is drawn where the numbers come near it; else it would press them to the floor.
    let bound = chart.bound.as_ref().filter(|(bound, _)| greatest >= bound / 2.0);
    let top = round_up(bound.map_or(greatest, |(bound, _)| greatest.max(*bound)));
    let x = |at: f64| LEFT + (WIDTH - LEFT - RIGHT) * (at - from) / (to - from).max(0.001);
    let y = |number: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - number / top);
    let floor = HEIGHT - BOTTOM;
    let mut out = format!("<figure>\n<figcaption><b>{}</b> <i>{}</i>", escaped(&chart.title), chart.unit);
    for (number, line) in chart.lines.iter().enumerate() {
        let _ = write!(out, "<span class=\"s{number}\">{}</span>", escaped(&line.name));
    }
    let _ = write!(
        out,
        "</figcaption>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: at most {} {}\">\n",
        escaped(&chart.title),
        short(greatest),
        chart.unit
    );
    for number in [0.0, top / 2.0, top] {
        let at = y(number);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            short(number)
        );
    }
    let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"{}\">{}</text>", HEIGHT - 8.0, moment(from));
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" class=\"end\">{}</text>",
        WIDTH - RIGHT,
        HEIGHT - 8.0,
        moment(to)
    );
    if let Some((at, name)) = chart.split.filter(|(at, _)| *at > from && *at < to) {
        let at = x(at);
        let side = if at > WIDTH * 0.7 { ("end", -5.0) } else { ("start", 5.0) };
        let _ = writeln!(
            out,
            "<path class=\"split\" d=\"M{at:.1} 4V{floor:.1}\"/><text x=\"{:.1}\" y=\"12\" class=\"{} strong\">{name}</text>",
            at + side.1,
            side.0
        );
    }
    if let Some((number, name)) = bound {
        let at = y(*number);
        let _ = writeln!(
            out,
            "<path class=\"bound\" d=\"M{LEFT} {at:.1}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"end\">{}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT - 2.0,
            at - 4.0,
            escaped(name)
        );
    }
    for (number, line) in chart.lines.iter().enumerate() {
        let _ = writeln!(out, "<path class=\"s{number}\" d=\"{}\"/>", path(&line.points, &x, &y));
    }
    readings(&mut out, chart, &x, floor);
    out.push_str("</svg>\n</figure>\n");
    Some(out)
}

/// The way of a line; a lone point between two gaps is a short dash.
fn path(points: &[(f64, Option<f64>)], x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut open = false;
    for (place, (at, number)) in points.iter().enumerate() {
        let Some(number) = number else {
            open = false;
            continue;
        };
        let _ = write!(path, "{}{:.1} {:.1}", if open { 'L' } else { 'M' }, x(*at), y(*number));
        let lone = !open && points.get(place + 1).is_none_or(|(_, next)| next.is_none());
        if lone {
            path.push_str("h2");
        }
        open = true;
    }
    path
}

/// What the numbers are at each time, shown where the mouse rests.
fn readings(out: &mut String, chart: &Chart, x: &dyn Fn(f64) -> f64, floor: f64) {
    let Some(first) = chart.lines.first() else { return };
    for (place, (at, _)) in first.points.iter().enumerate() {
        let of = |line: &Line| {
            let (_, number) = line.points.get(place)?;
            number.map(|number| format!("{} {}", line.name, short(number)))
        };
        let words: Vec<String> = chart.lines.iter().filter_map(of).collect();
        let next = first.points.get(place + 1).map_or(WIDTH - RIGHT, |(next, _)| x(*next));
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}: {}</title></rect>",
            x(*at),
            (next - x(*at)).max(1.0),
            floor - TOP,
            moment(*at),
            if words.is_empty() { "not seen".to_owned() } else { escaped(&words.join(", ")) }
        );
    }
}

/// A time before or after the one that everything is told by.
fn moment(at: f64) -> String {
    let sign = if at < -0.5 { "-" } else { "" };
    let seconds = at.abs().round();
    if seconds < 120.0 {
        return format!("{sign}{seconds:.0} s");
    }
    format!("{sign}{:.0}:{:02.0} min", (seconds / 60.0).floor(), seconds % 60.0)
}

/// The next number that is easy to read.
fn round_up(number: f64) -> f64 {
    if number <= 0.0 {
        return 1.0;
    }
    let unit = 10f64.powf(number.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 10.0];
    steps.iter().map(|step| step * unit).find(|step| *step >= number * 0.999).unwrap_or(number)
}

/// A number in few characters.
fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        ..0.1 => format!("{number:.3}"),
        ..10.0 => trimmed(&format!("{number:.2}")),
        ..100.0 => trimmed(&format!("{number:.1}")),
        ..10_000.0 => format!("{number:.0}"),
        ..1e6 => format!("{:.0}k", number / 1e3),
        _ => format!("{:.1}M", number / 1e6),
    }
}

fn trimmed(number: &str) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_numbers_are_great() {
        assert_eq!(bars(&[0.0, 1.0, 8.0], 1.0, true), " ▁█");
        assert_eq!(bars(&[0.0, 4.0, 8.0], 0.0, false), " =@");
        assert_eq!(bars(&[1.0, 1.0], 1.0, false), "..");
        assert_eq!(bars(&[], 0.0, true), "");
    }

    #[test]
    fn numbers_and_axes_are_easy_to_read() {
        assert_eq!([round_up(0.0), round_up(3.1), round_up(97.0), round_up(0.013)], [1.0, 4.0, 100.0, 0.02]);
        assert_eq!(
            [short(0.0), short(0.05), short(2.5), short(40.0), short(12_000.0)],
            ["0", "0.050", "2.5", "40", "12k"]
        );
        assert_eq!([moment(-30.0), moment(0.0), moment(125.0)], ["-30 s", "0 s", "2:05 min"]);
    }

    #[test]
    fn a_gap_is_no_line_and_no_number_no_chart() {
        let line = |points: &[(f64, Option<f64>)]| Chart {
            title: "a < b".to_owned(),
            unit: "ms",
            lines: vec![Line { name: "one".to_owned(), points: points.to_vec() }],
            split: Some((2.0, "deploy")),
            bound: None,
        };
        assert!(figure(&line(&[(0.0, None)])).is_none());
        let drawn = figure(&line(&[(0.0, Some(1.0)), (1.0, None), (2.0, Some(1.0)), (3.0, Some(2.0))]));
        let drawn = drawn.unwrap_or_default();
        assert!(drawn.contains("a &lt; b") && drawn.contains(">deploy<"), "{drawn}");
        let way = drawn.split("class=\"s0\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(
            way.map(|way| (way.matches('M').count(), way.matches('L').count())),
            Some((2, 1)),
            "{drawn}"
        );
    }
}
