//! Whether a pooler hands the server's connections out by transaction: then nothing of a session stays, neither its
//! settings nor its advisory locks, and no run of ours can be had over it.
//!
//! A backend serves one connection at a time, so what is found here is never wrong; that nothing is found is no proof.
//! <https://www.pgbouncer.org/features.html>

use pg::{Connection, Error, Target};
use std::time::Duration;

/// What is said of such a pooler.
pub(crate) const BY_TRANSACTION: &str = "a pooler hands connections out by transaction";

/// What to do about it.
pub(crate) const CURE: &str = "connect to the server itself, or to a pooler in session mode: settings, the run lock and \
     CREATE INDEX CONCURRENTLY need a session that stays";

/// How it shows that this connection is not one session of the server; asked on another one beside it.
pub(crate) async fn through_a_pooler(session: &Connection, target: &Target) -> Result<Option<String>, Error> {
    let other = pg::connect(target).await?;
    let how = by_transaction(session, &other).await?;
    other.close().await;
    Ok(how)
}

/// How it shows that two connections have one backend, or one connection two. Poolers give out what was given
/// back last, or one after the other, so that it is asked a few times, with time to give back in between.
pub(crate) async fn by_transaction(
    session: &Connection,
    other: &Connection,
) -> Result<Option<String>, Error> {
    let (mut mine, mut theirs) = (vec![session.pid().await?], Vec::new());
    for _ in 0..ROUNDS {
        tokio::time::sleep(SETTLE).await;
        match other.batch("BEGIN").await {
            // By statement, even: it ends the connection.
            Err(Error::Lost { why, .. }) if why.contains("pooling mode") => return Ok(Some(why)),
            begun => begun?,
        }
        theirs.push(other.pid().await?);
        // While the other one is in a transaction, this one can't have its backend.
        mine.push(session.pid().await?);
        other.batch("ROLLBACK").await?;
        mine.push(session.pid().await?);
    }
    Ok(shared(&mine, &theirs))
}

const ROUNDS: usize = 3;
const SETTLE: Duration = Duration::from_millis(10);

fn shared(mine: &[i32], theirs: &[i32]) -> Option<String> {
    if let Some(pid) = mine.iter().find(|pid| theirs.contains(pid)) {
        return Some(format!("two connections have process {pid}"));
    }
    let mut pairs = mine.windows(2).chain(theirs.windows(2));
    let (first, then) = pairs.find(|pair| pair[0] != pair[1]).map(|pair| (pair[0], pair[1]))?;
    Some(format!("one connection has process {first} and then {then}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_belongs_to_one_connection() {
        assert_eq!(shared(&[1, 1, 1], &[2, 2]), None);
        assert!(
            shared(&[1, 1, 1], &[2, 1]).is_some_and(|how| how.contains("two connections have process 1"))
        );
        assert!(shared(&[1, 3, 1], &[2, 2]).is_some_and(|how| how.contains("process 1 and then 3")));
    }
}
