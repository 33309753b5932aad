//! How long may be waited for a lock while others are in hand, so that the server never ends a statement of the app
//! because of a migration or a backfill.
//!
//! Postgres looks for a deadlock once a wait, in the session that has waited for `deadlock_timeout`; where it finds one,
//! that session is the one to fail (`CheckDeadLock` in src/backend/storage/lmgr/proc.c). Nobody can have waited for us for
//! longer than we have held anything: who lets go before that time is up is never the cause of another's failure.
//! Only a superuser may set `deadlock_timeout`, so that ours can't be shortened instead.

use pg::{Connection, Error};
use std::time::Duration;

/// `deadlock_timeout` of a server.
pub(crate) async fn deadlock_timeout(connection: &Connection) -> Result<Duration, Error> {
    let query = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'";
    let ms = connection.value(query).await?.and_then(|ms| ms.parse().ok());
    Ok(Duration::from_millis(ms.unwrap_or(1_000)))
}

/// The `lock_timeout` of a statement that may have to wait so often with locks in hand, the first of which were granted
/// so long ago.
///
/// Where the time is up already, a short one: sessions that wait for longer than `deadlock_timeout` don't look again,
/// and the fewer begin to wait meanwhile, the better.
pub(crate) fn longest_wait(deadlock_timeout: Duration, held: Duration, waits: u32) -> Duration {
    deadlock_timeout
        .mul_f64(SHARE)
        .saturating_sub(held)
        .checked_div(waits)
        .unwrap_or(Duration::MAX)
        .max(LEAST)
}

/// The `lock_timeout` of a batch: with what the batch takes by itself, it is over in time.
pub(crate) fn of_a_batch(deadlock_timeout: Duration, asked: Duration) -> Duration {
    deadlock_timeout.mul_f64(SHARE_OF_A_BATCH).min(asked).max(LEAST)
}

/// Of `deadlock_timeout`; the rest is for what is slow.
const SHARE: f64 = 0.8;
/// A batch aims at half of the second that `deadlock_timeout` is, unless somebody changed it.
const SHARE_OF_A_BATCH: f64 = 0.4;
const LEAST: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn what_is_waited_for_ends_before_the_others_look() {
        assert_eq!(longest_wait(MS(1_000), MS(0), 0), Duration::MAX);
        assert_eq!(longest_wait(MS(1_000), MS(0), 1), MS(800));
        assert_eq!(longest_wait(MS(1_000), MS(300), 1), MS(500));
        assert_eq!(longest_wait(MS(1_000), MS(300), 2), MS(250));
        assert_eq!(longest_wait(MS(1_000), MS(5_000), 1), MS(50));
        assert_eq!(of_a_batch(MS(1_000), MS(2_000)), MS(400));
        assert_eq!(of_a_batch(MS(10_000), MS(2_000)), MS(2_000));
    }
}
