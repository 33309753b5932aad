//! Many databases, a few at once: the canaries first and alone, and none begun any more once too many failed.
//!
//! What is done to one is the caller's affair, and so is how it is told.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::future::Future;

/// How many at once, and when it is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How many are at work at the same time; at least one is.
    pub at_once: usize,
    /// After so many failures nothing new is begun; what is at work ends.
    pub stop_after: usize,
    /// Failures that are known before anything is begun.
    pub failed: usize,
}

/// Begins one after the other, the canaries before the others; `begin` says of each whether it went well. Where a canary
/// did not, nothing else is begun, whatever the bound says. Once `stop` is there, nothing is begun either.
///
/// Gives those that were not begun.
pub async fn in_turns<F: Future<Output = bool>>(
    canaries: &[usize],
    others: &[usize],
    bound: Bound,
    mut begin: impl FnMut(usize) -> F,
    stop: impl Future,
) -> Vec<usize> {
    tokio::pin!(stop);
    let (mut failed, mut stopped) = (bound.failed, false);
    let mut left = Vec::new();
    for (wave, canary) in [(canaries, true), (others, false)] {
        let mut waiting = wave.iter().copied();
        let mut running = FuturesUnordered::new();
        loop {
            while !stopped && failed < bound.stop_after.max(1) && running.len() < bound.at_once.max(1) {
                match waiting.next() {
                    Some(next) => running.push(begin(next)),
                    None => break,
                }
            }
            if running.is_empty() {
                break;
            }
            tokio::select! {
                _ = &mut stop, if !stopped => stopped = true,
                Some(well) = running.next() => {
                    failed += usize::from(!well);
                    stopped |= canary && !well;
                }
            }
        }
        left.extend(waiting);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// What was begun, in order, and how many were at work at the most. Those of `bad` fail.
    fn run(
        canaries: &[usize],
        others: &[usize],
        bound: Bound,
        bad: &[usize],
    ) -> (Vec<usize>, usize, Vec<usize>) {
        let (begun, now, most) = (RefCell::new(Vec::new()), Cell::new(0usize), Cell::new(0usize));
        let begin = |one: usize| {
            begun.borrow_mut().push(one);
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            let now = &now;
            async move {
                tokio::task::yield_now().await;
                now.set(now.get() - 1);
                !bad.contains(&one)
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let left = runtime.block_on(in_turns(canaries, others, bound, begin, std::future::pending::<()>()));
        (begun.take(), most.get(), left)
    }

    const BOUND: Bound = Bound { at_once: 3, stop_after: 1, failed: 0 };

    #[test]
    fn canaries_go_alone_and_the_bound_is_held() {
        let (begun, most, left) = run(&[4], &[0, 1, 2, 3, 5, 6], BOUND, &[]);
        assert_eq!((begun[0], begun.len(), most, left), (4, 7, 3, vec![]));
        let (begun, most, left) = run(&[0], &[1, 2, 3], Bound { stop_after: 9, ..BOUND }, &[0]);
        assert_eq!((begun, most, left), (vec![0], 1, vec![1, 2, 3]));
    }

    #[test]
    fn nothing_is_begun_after_the_last_failure_that_is_taken() {
        let one = Bound { at_once: 1, ..BOUND };
        assert_eq!(run(&[0], &[1, 2, 3], one, &[2]).2, [3]);
        assert_eq!(run(&[0], &[1, 2, 3], Bound { stop_after: 2, ..one }, &[1]).2, [0usize; 0]);
        assert_eq!(run(&[0], &[1, 2, 3], Bound { failed: 1, ..one }, &[]), (vec![], 0, vec![0, 1, 2, 3]));
        // What is at work ends.
        let (begun, _, left) = run(&[], &[0, 1, 2, 3, 4], BOUND, &[0, 1, 2]);
        assert_eq!((begun, left), (vec![0, 1, 2], vec![3, 4]));
    }
}
