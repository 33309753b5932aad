//! The lock queue as a line of bars, and below it when the migration ran.

use std::time::Duration;
use verify::rehearse::{Rehearsal, Sample};

/// The longest queue in each of so many slices of the time. A slice without a look at the queue is as
/// the one before it.
pub fn slices(queue: &[Sample], end: Duration, count: usize) -> Vec<u16> {
    let mut slices: Vec<Option<u16>> = vec![None; count];
    for sample in queue {
        if let Some(slice) = slices.get_mut(place(sample.at, end, count)) {
            *slice = Some(slice.unwrap_or(0).max(sample.length()));
        }
    }
    let mut last = 0;
    slices
        .into_iter()
        .map(|slice| {
            last = slice.unwrap_or(last);
            last
        })
        .collect()
}

/// The slice that a time falls into.
pub fn place(at: Duration, end: Duration, count: usize) -> usize {
    let share = at.as_secs_f64() / end.as_secs_f64().max(f64::EPSILON);
    ((share * count as f64) as usize).min(count.saturating_sub(1))
}

/// Two lines: the queue, and the tries of the migration.
pub fn lines(rehearsal: &Rehearsal, width: usize, unicode: bool) -> [String; 2] {
    let slices = slices(&rehearsal.queue, rehearsal.end, width);
    let lengths: Vec<f64> = slices.into_iter().map(f64::from).collect();
    let mut ran = vec![if unicode { '·' } else { '.' }; width];
    for one in &rehearsal.tries {
        let (from, to) = (place(one.from, rehearsal.end, width), place(one.to, rehearsal.end, width));
        ran[from..=to.max(from)].fill(if unicode { '━' } else { '=' });
    }
    [report::bars(&lengths, 1.0, unicode), ran.into_iter().collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_queue_of_each_slice() {
        let sample = |ms, reads| Sample { at: Duration::from_millis(ms), reads, ..Sample::default() };
        let queue = [sample(0, 0), sample(30, 3), sample(40, 1), sample(80, 2)];
        assert_eq!(slices(&queue, Duration::from_millis(100), 4), [0, 3, 3, 2]);
        assert_eq!(slices(&[], Duration::ZERO, 2), [0, 0]);
    }
}
