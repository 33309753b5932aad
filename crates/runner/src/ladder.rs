//! How long a lock is asked for, and how long to wait before asking again: short tries first, longer ones
//! later, with pauses that let those go on who queued up behind the last one.

use std::time::Duration;

/// Limits of a run. All of them are times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest that one try waits for a lock, and everybody else behind it: `lock_timeout` of the last
    /// tries.
    pub lock_wait: Duration,
    /// How long to go on trying, for each unit, before giving up.
    pub patience: Duration,
    /// A transaction of this age on a table keeps the migration from asking for a lock at all.
    pub long: Duration,
    /// `statement_timeout` of statements inside transactions; none unless set.
    pub statement: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            lock_wait: Duration::from_secs(2),
            patience: Duration::from_mins(20),
            long: Duration::from_secs(5),
            statement: None,
        }
    }
}

/// One try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// `lock_timeout`.
    pub wait: Duration,
    /// The pause after it, where it failed.
    pub pause: Duration,
}

/// The try of this number, from 0.
pub fn rung(number: u32, limits: &Limits) -> Rung {
    let grown = |first: u64, by: f64, most: Duration| {
        let grown = Duration::from_millis(first).mul_f64(by.powi(number.min(100).cast_signed()));
        grown.min(most)
    };
    Rung {
        wait: grown(FIRST_WAIT, 1.3, Duration::from_hours(1)).min(limits.lock_wait),
        pause: grown(FIRST_PAUSE, 1.5, Duration::from_secs(30)),
    }
}

/// Milliseconds.
const FIRST_WAIT: u64 = 100;
const FIRST_PAUSE: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_up_to_the_limits() {
        let limits = Limits::default();
        let ms = |number| {
            let rung = rung(number, &limits);
            (rung.wait.as_millis(), rung.pause.as_millis())
        };
        assert_eq!(ms(0), (100, 50));
        assert_eq!(ms(1), (130, 75));
        assert_eq!(ms(1000), (2_000, 30_000));
        let short = Limits { lock_wait: Duration::from_millis(20), ..Limits::default() };
        assert_eq!(rung(0, &short).wait, Duration::from_millis(20));
    }
}
