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

/// Up to `most` combinations over all columns, the plainest first, then what differs from it; none
/// where conditions contradict each other. `null` says which choices are NULL: rows shall hold both.
pub(crate) fn choose(
    mut relations: Vec<Relation>,
    most: usize,
    null: &dyn Fn(i16, usize) -> bool,
) -> Vec<BTreeMap<i16, usize>> {
    reduce(&mut relations);
    // Conditions that share no column are chosen for apart: what one needs is nothing to the other.
    let mut all: Vec<BTreeMap<i16, usize>> = vec![BTreeMap::new()];
    while let Some(first) = relations.pop() {
        let mut known: BTreeSet<i16> = first.columns.iter().copied().collect();
        let mut found = narrowed(joined(&[BTreeMap::new()], &first));
        while let Some(next) = next(&relations, &known) {
            let relation = relations.swap_remove(next);
            found = narrowed(joined(&found, &relation));
            known.extend(&relation.columns);
        }
        let found = varied(found, most, null);
        if found.is_empty() {
            return Vec::new();
        }
        let turns = all.len().max(found.len());
        let both = |turn: usize| {
            let mut one = all[turn % all.len()].clone();
            one.extend(&found[turn % found.len()]);
            one
        };
        all = (0..turns).map(both).collect();
    }
    all
}

/// The condition that shares most with what is known already.
fn next(relations: &[Relation], known: &BTreeSet<i16>) -> Option<usize> {
    let shared = |at: &usize| relations[*at].columns.iter().filter(|column| known.contains(column)).count();
    (0..relations.len()).filter(|at| shared(at) > 0).max_by_key(|at| {
        let new = relations[*at].columns.len() - shared(at);
        (new == 0, std::cmp::Reverse(relations[*at].tuples.len()))
    })
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
fn varied(
    mut found: Vec<BTreeMap<i16, usize>>,
    most: usize,
    null: &dyn Fn(i16, usize) -> bool,
) -> Vec<BTreeMap<i16, usize>> {
    found.sort_by_cached_key(strangeness);
    let mut picked: Vec<BTreeMap<i16, usize>> = Vec::new();
    let mut seen: BTreeSet<(i16, usize)> = BTreeSet::new();
    let mut kinds: BTreeSet<(i16, bool)> = BTreeSet::new();
    while picked.len() < most {
        let news = |one: &BTreeMap<i16, usize>| -> usize {
            let kind = |(c, n): (&i16, &usize)| usize::from(!kinds.contains(&(*c, null(*c, *n))));
            let value = |(c, n): (&i16, &usize)| usize::from(!seen.contains(&(*c, *n)));
            one.iter().map(|pair| 10 * kind(pair) + value(pair)).sum()
        };
        let best = found.iter().enumerate().max_by_key(|(at, one)| (news(one), std::cmp::Reverse(*at)));
        match best {
            Some((at, one)) if picked.is_empty() || news(one) > 0 => {
                let one = found.remove(if picked.is_empty() { 0 } else { at });
                seen.extend(one.iter().map(|(c, n)| (*c, *n)));
                kinds.extend(one.iter().map(|(c, n)| (*c, null(*c, *n))));
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
        let found = choose(vec![status, dates], 3, &|_, _| false);
        let plain: Vec<Vec<usize>> = found.iter().map(|one| one.values().copied().collect()).collect();
        assert_eq!(plain, [vec![1, 0, 0], vec![0, 1, 5], vec![2, 0, 0]]);
        let never = Relation { columns: vec![1], tuples: vec![vec![7]] };
        let other = Relation { columns: vec![1], tuples: vec![vec![8]] };
        assert_eq!(choose(vec![never, other], 3, &|_, _| false), []);
    }
}
