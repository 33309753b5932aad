//! How many rows the next batch takes, and how long is rested after one.
//!
//! Goes by times that it is given, and asks no clock.

use std::collections::VecDeque;
use std::time::Duration;

/// Batches that the average goes by.
const LAST: usize = 20;
/// The weight of the newest of them.
const ALPHA: f64 = 0.4;
/// The most that a batch may be bigger than the one before.
const GROWTH: f64 = 1.2;
/// The same at the start, as long as a batch takes less than [`LITTLE`] of the least time it is to take: so much bigger,
/// it takes that time at most. Small tables would be done in small batches only, which cost more a row.
const FIRST_GROWTH: f64 = 1.0 / LITTLE;
const LITTLE: f64 = 0.1;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// A batch shall not take less than this.
    pub shortest: Duration,
    /// Nor more than this.
    pub longest: Duration,
    /// The fewest rows of a batch that is made smaller.
    pub fewest: u64,
    /// The most rows of a batch.
    pub most: u64,
    /// Rows of the first batch, instead of what the file says.
    pub first: Option<u64>,
    /// Time of rest for each second of work.
    pub nice: f64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            shortest: Duration::from_millis(250),
            longest: Duration::from_millis(500),
            fewest: 100,
            most: 100_000,
            first: None,
            nice: 0.0,
        }
    }
}

/// The size of batches as it changes.
#[derive(Clone, Debug)]
pub(super) struct Size {
    pace: Pace,
    rows: u64,
    /// Whether all batches so far were far from taking their time.
    starting: bool,
    /// Seconds a row.
    last: VecDeque<f64>,
}

impl Size {
    pub(super) fn new(pace: &Pace, rows: u64) -> Size {
        Size { pace: pace.clone(), rows: rows.clamp(1, pace.most), starting: true, last: VecDeque::new() }
    }

    /// Rows of the next batch.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Learns from a batch of so many rows.
    pub(super) fn took(&mut self, rows: u64, time: Duration) {
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(time.as_secs_f64() / rows.max(1) as f64);
        let mut each = self.last.iter();
        let first = each.next().copied().unwrap_or_default();
        let average = each.fold(first, |average, one| average * (1.0 - ALPHA) + one * ALPHA);
        let (shortest, longest) = (self.pace.shortest.as_secs_f64(), self.pace.longest.as_secs_f64());
        let expected = average * self.rows as f64;
        self.starting &= expected < shortest * LITTLE;
        if expected >= shortest && expected <= longest {
            return;
        }
        let aim = f64::midpoint(shortest, longest) / average.max(f64::EPSILON);
        let growth = if self.starting { FIRST_GROWTH } else { GROWTH };
        let rows = aim.clamp(self.rows as f64 * 0.5, self.rows as f64 * growth).ceil();
        self.set(rows as u64);
    }

    /// Makes it half of what it was: it met a timeout, or somebody waited for it.
    pub(super) fn halve(&mut self) {
        self.starting = false;
        self.last.clear();
        self.set(self.rows / 2);
    }

    fn set(&mut self, rows: u64) {
        // Who began below the floor stays there.
        let floor = self.pace.fewest.min(self.rows);
        self.rows = rows.clamp(floor, self.pace.most.max(floor)).max(1);
    }

    /// The rest after so much work.
    pub(super) fn rest(&self, worked: Duration) -> Duration {
        Duration::try_from_secs_f64(worked.as_secs_f64() * self.pace.nice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn it_grows_fast_while_it_is_far_and_then_slowly_to_what_takes_the_time() {
        let mut size = Size::new(&Pace::default(), 1000);
        let mut sizes = vec![size.rows()];
        for _ in 0..60 {
            // Five microseconds a row.
            size.took(size.rows(), Duration::from_micros(5 * size.rows()));
            sizes.push(size.rows());
        }
        // 50 ms of 250 are not little any more.
        assert_eq!(sizes[..3], [1_000, 10_000, 12_000]);
        assert!(sizes[1..].windows(2).all(|two| two[1] as f64 <= two[0] as f64 * 1.2 + 1.0), "{sizes:?}");
        let end = 5 * size.rows() / 1000;
        assert!((250..=500).contains(&end), "{end} ms a batch: {sizes:?}");
    }

    #[test]
    fn a_timeout_ends_the_fast_start() {
        let mut size = Size::new(&Pace::default(), 1_000);
        size.halve();
        size.took(500, MS(1));
        assert_eq!(size.rows(), 600);
    }

    #[test]
    fn it_shrinks_when_rows_take_longer_and_halves_on_a_timeout() {
        let mut size = Size::new(&Pace::default(), 10_000);
        size.took(10_000, MS(4_000));
        assert_eq!(size.rows(), 5_000);
        size.halve();
        assert_eq!(size.rows(), 2_500);
        (0..10).for_each(|_| size.halve());
        assert_eq!(size.rows(), 100);
        let mut small = Size::new(&Pace::default(), 7);
        small.halve();
        assert_eq!(small.rows(), 7);
        let mut most = Size::new(&Pace { most: 1_100, ..Pace::default() }, 1_000);
        (0..5).for_each(|_| most.took(1_000, MS(1)));
        assert_eq!(most.rows(), 1_100);
    }

    #[test]
    fn one_slow_batch_among_many_does_not_undo_the_average() {
        let mut size = Size::new(&Pace::default(), 1_000);
        (0..20).for_each(|_| size.took(1_000, MS(300)));
        assert_eq!(size.rows(), 1_000);
        size.took(1_000, MS(700));
        assert_eq!(size.rows(), 1_000);
        size.took(1_000, MS(2_000));
        assert!(size.rows() < 1_000);
    }

    #[test]
    fn rest_is_in_proportion() {
        let size = Size::new(&Pace { nice: 0.5, ..Pace::default() }, 10);
        assert_eq!(size.rest(MS(400)), MS(200));
    }
}
