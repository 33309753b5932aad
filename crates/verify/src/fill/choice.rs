//! Choices that agree: from what each condition accepts, combinations that all accept.
//!
//! Pure: a small join of relations, kept narrow, and a pick of what differs most.

use std::collections::{BTreeMap, BTreeSet};

/// What one condition accepts: numbers of choices, one for each column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    pub columns: Vec<i16>,
    pub tuples: Vec<Vec<usize>>,
}

/// Combinations that are kept while relations are joined.
const KEPT: usize = 400;

/// Up to `most` combinations over all columns, the plainest first, then what differs from it.
pub(crate) fn choose(mut relations: Vec<Relation>, most: usize) -> Vec<BTreeMap<i16, usize>> {
    reduce(&mut relations);
    let mut found: Vec<BTreeMap<i16, usize>> = vec![BTreeMap::new()];
    let mut known: BTreeSet<i16> = BTreeSet::new();
    while !relations.is_empty() {
        let shared = |relation: &Relation| relation.columns.iter().filter(|c| known.contains(c)).count();
        let next = (0..relations.len())
            .max_by_key(|at| {
                let relation = &relations[*at];
                let new = relation.columns.len() - shared(relation);
                (shared(relation) > 0 || known.is_empty(), new == 0, std::cmp::Reverse(relation.tuples.len()))
            })
            .unwrap_or(0);
        let relation = relations.swap_remove(next);
        found = narrowed(joined(&found, &relation));
        known.extend(&relation.columns);
    }
    varied(found, most)
}

/// Drops tuples that no tuple of another relation agrees with.
fn reduce(relations: &mut [Relation]) {
    for _ in 0..3 {
        for at in 0..relations.len() {
            for by in 0..relations.len() {
                let shared: Vec<i16> = relations[at]
                    .columns
                    .iter()
                    .copied()
                    .filter(|c| relations[by].columns.contains(c))
                    .collect();
                if at == by || shared.is_empty() {
                    continue;
                }
                let seen: BTreeSet<Vec<usize>> = relations[by]
                    .tuples
                    .iter()
                    .map(|t| project(&relations[by].columns, t, &shared))
                    .collect();
                let columns = relations[at].columns.clone();
                relations[at].tuples.retain(|tuple| seen.contains(&project(&columns, tuple, &shared)));
            }
        }
    }
}

fn project(columns: &[i16], tuple: &[usize], wanted: &[i16]) -> Vec<usize> {
    let place = |column: &i16| columns.iter().position(|other| other == column);
    wanted.iter().filter_map(place).filter_map(|at| tuple.get(at).copied()).collect()
}

fn joined(found: &[BTreeMap<i16, usize>], relation: &Relation) -> Vec<BTreeMap<i16, usize>> {
    let mut all = Vec::new();
    for one in found {
        let mut taken = 0;
        for tuple in &relation.tuples {
            let agrees = relation.columns.iter().zip(tuple).all(|(c, n)| one.get(c).is_none_or(|m| m == n));
            if agrees {
                let mut more = one.clone();
                more.extend(relation.columns.iter().copied().zip(tuple.iter().copied()));
                all.push(more);
                taken += 1;
            }
            if taken >= KEPT {
                break;
            }
        }
    }
    all
}

/// The natural value is number 0, NULL mostly 1; what comes later is stranger.
fn strangeness(one: &BTreeMap<i16, usize>) -> usize {
    one.values().map(|n| if *n == 0 { 0 } else { n + 2 }).sum()
}

/// Keeps the plainest, and samples the others.
fn narrowed(mut found: Vec<BTreeMap<i16, usize>>) -> Vec<BTreeMap<i16, usize>> {
    if found.len() <= KEPT {
        return found;
    }
    found.sort_by_cached_key(strangeness);
    let rest = found.split_off(KEPT / 2);
    let step = rest.len().div_ceil(KEPT / 2);
    found.extend(rest.into_iter().step_by(step));
    found
}

/// The plainest, then again and again the one that shows most that was not seen yet.
fn varied(mut found: Vec<BTreeMap<i16, usize>>, most: usize) -> Vec<BTreeMap<i16, usize>> {
    found.sort_by_cached_key(strangeness);
    let mut picked: Vec<BTreeMap<i16, usize>> = Vec::new();
    let mut seen: BTreeSet<(i16, usize)> = BTreeSet::new();
    while picked.len() < most {
        let fresh =
            |one: &BTreeMap<i16, usize>| one.iter().filter(|(c, n)| !seen.contains(&(**c, **n))).count();
        let best =
            found.iter().enumerate().max_by_key(|(at, one)| (fresh(one).min(3), std::cmp::Reverse(*at)));
        match best {
            Some((at, one)) if picked.is_empty() || fresh(one) > 0 => {
                let at = if picked.is_empty() { 0 } else { at };
                let one = found.remove(at);
                seen.extend(one.iter().map(|(c, n)| (*c, *n)));
                picked.push(one);
            }
            _ => break,
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_on_shared_columns_and_varies() {
        let status = Relation { columns: vec![1, 2], tuples: vec![vec![0, 1], vec![1, 0], vec![2, 0]] };
        let dates = Relation { columns: vec![2, 3], tuples: vec![vec![0, 0], vec![1, 5]] };
        let found = choose(vec![status, dates], 3);
        let plain: Vec<Vec<usize>> = found.iter().map(|one| one.values().copied().collect()).collect();
        assert_eq!(plain, [vec![1, 0, 0], vec![0, 1, 5], vec![2, 0, 0]]);
        let never = Relation { columns: vec![1], tuples: vec![vec![7]] };
        assert_eq!(choose(vec![never, Relation { columns: vec![1], tuples: vec![vec![8]] }], 3), []);
    }
}
