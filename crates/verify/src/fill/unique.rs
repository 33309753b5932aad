//! Which row takes which value, so that nothing occurs twice that must not, and everything else does.
//!
//! The row's number is taken apart into digits, one a column (or cluster of foreign keys): of a key
//! `(tenant, slug)` with three tenants, rows 0, 1, 2, 3 get `(0, 0) (1, 0) (2, 0) (0, 1)`. Knows
//! nothing of types; how many values a column has is told to it.

use super::schema::{Table, Unique};
use std::collections::{BTreeMap, BTreeSet};

/// What takes values on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    Column(i16),
    /// Position of a cluster of foreign keys.
    Cluster(usize),
}

/// A part of the row's number: `(number / below) % count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digit {
    pub below: u64,
    pub count: Option<u64>,
}

/// SQL of the row's number.
pub(crate) const ROW: &str = "g.brolly_row";

impl Digit {
    const WHOLE: Digit = Digit { below: 1, count: None };

    /// SQL of type bigint, in brackets.
    pub fn sql(&self) -> String {
        match (self.below, self.count) {
            (_, Some(1)) => "(0::bigint)".to_owned(),
            (1, None) => format!("({ROW})"),
            (1, Some(count)) => format!("({ROW} % {count})"),
            (below, None) => format!("({ROW} / {below})"),
            (below, Some(count)) => format!("({ROW} / {below} % {count})"),
        }
    }

    fn covers(&self, rows: u64) -> bool {
        self.below == 1 && self.count.is_none_or(|count| count >= rows)
    }
}

/// What is known about the columns of a table before rows are spread.
pub(crate) struct Known<'a> {
    pub table: &'a Table,
    /// Columns and clusters that can take values, and how many there are of these.
    pub counts: BTreeMap<Source, Option<u64>>,
    /// The cluster of a column, and whether all columns of the cluster are among these.
    pub sources: BTreeMap<i16, Source>,
    /// Columns whose default never gives the same value twice.
    pub given: BTreeSet<i16>,
    /// Columns that are better left to their default.
    pub preset: BTreeSet<i16>,
    /// Columns that are NULL in all rows for now.
    pub absent: BTreeSet<i16>,
}

/// Digits for all that need one.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    pub digits: BTreeMap<Source, Digit>,
    /// As many rows as keys allow.
    pub rows: u64,
    /// Why these are fewer than asked for: columns of the key.
    pub limit: Option<Vec<i16>>,
    /// Some rows may still be refused as duplicates.
    pub soft: bool,
    /// Columns of which at most one row may hold NULL.
    pub one_null: BTreeSet<i16>,
}

/// Few enough values that some come twice.
pub(crate) fn few(rows: u64) -> u64 {
    (rows * 2 / 3).clamp(1, 7.max(rows / 50))
}

/// Spreads `rows` rows, numbered from `start`.
pub(crate) fn spread(known: &Known<'_>, rows: u64, start: u64) -> Spread {
    let mut spread = Spread { rows, ..Spread::default() };
    let mut keys: Vec<&Unique> = known.table.uniques.iter().collect();
    keys.sort_by_key(|key| (key.partial, key.columns.len()));
    for key in keys {
        if key.nulls_not_distinct {
            spread.one_null.extend(&key.columns);
        }
        spread.one_null.extend(&key.inside);
        let plain = |column: &&i16| !key.inside.contains(column);
        let settled = key.columns.iter().any(|column| known.given.contains(column))
            || (!key.nulls_not_distinct
                && key.columns.iter().filter(plain).any(|column| known.absent.contains(column)));
        if !settled {
            keep_apart(known, key, start, &mut spread);
        }
    }
    spread
}

fn keep_apart(known: &Known<'_>, key: &Unique, start: u64, spread: &mut Spread) {
    let end = start + spread.rows;
    let source = |column: &i16| known.sources.get(column).copied();
    let preset = |source: &Source| matches!(source, Source::Column(c) if known.preset.contains(c));
    let mut all: Vec<Source> = key.columns.iter().filter_map(source).collect();
    all.sort_unstable();
    all.dedup();
    let count = |source: &Source| known.counts.get(source).copied().flatten();
    let product = |sources: &[Source]| {
        sources.iter().try_fold(1u64, |product, source| Some(product.saturating_mul(count(source)?)))
    };
    let mut sources: Vec<Source> = all.iter().copied().filter(|source| !preset(source)).collect();
    if sources.is_empty() || product(&sources).is_some_and(|most| most < end) {
        sources = all;
    }
    if sources.iter().any(|source| spread.digits.get(source).is_some_and(|digit| digit.covers(end))) {
        return;
    }
    // Few values first, so that the last one may take what remains.
    sources.sort_by_key(|source| (count(source).is_none(), count(source), *source));
    let (taken, mut free): (Vec<Source>, Vec<Source>) =
        sources.iter().copied().partition(|source| spread.digits.contains_key(source));
    let digits: Vec<Digit> = taken.iter().filter_map(|source| spread.digits.get(source).copied()).collect();
    let Some(mut below) = chained(digits) else {
        match free.pop() {
            Some(last) => drop(spread.digits.insert(last, Digit { below: 1, count: count(&last) })),
            None => spread.soft = true,
        }
        spread.soft |= free.last().is_some_and(|last| count(last).is_some_and(|most| most < end));
        return;
    };
    let Some(last) = free.pop() else {
        limit(spread, key, below, start);
        return;
    };
    let few = few(end);
    let most = |digits: &[u64]| digits.iter().fold(below, |product, n| product.saturating_mul(*n));
    let narrow: Vec<u64> = free.iter().map(|source| count(source).unwrap_or(few).min(few)).collect();
    let wide: Vec<u64> = free.iter().map(|source| count(source).unwrap_or(end)).collect();
    let fits = count(&last).is_none_or(|count| count.saturating_mul(most(&narrow)) >= end);
    for (source, radix) in free.iter().zip(if fits { narrow } else { wide }) {
        let radix = radix.max(1);
        spread.digits.insert(*source, Digit { below, count: Some(radix) });
        below = below.saturating_mul(radix);
    }
    spread.digits.insert(last, Digit { below, count: count(&last) });
    if let Some(count) = count(&last) {
        limit(spread, key, below.saturating_mul(count), start);
    }
}

fn limit(spread: &mut Spread, key: &Unique, most: u64, start: u64) {
    if most >= start + spread.rows {
        return;
    }
    if key.partial {
        // Rows outside of the index may repeat.
        spread.soft = true;
        return;
    }
    spread.rows = most.saturating_sub(start);
    spread.limit = Some(key.columns.clone());
}

/// The first number that digits leave over, if they follow each other without a gap.
fn chained(mut digits: Vec<Digit>) -> Option<u64> {
    digits.sort_unstable();
    digits.iter().try_fold(1u64, |below, digit| match digit.below == below {
        true => below.checked_mul(digit.count?),
        false => None,
    })
}

impl Spread {
    /// The digit of a source; one that makes values repeat where no key forbids it.
    pub fn digit(&self, source: Source, count: Option<u64>, few: u64, cycle: bool) -> Digit {
        match self.digits.get(&source) {
            Some(digit) => *digit,
            None if cycle => Digit { count, ..Digit::WHOLE },
            None => Digit { below: 1, count: Some(count.unwrap_or(few).min(few).max(1)) },
        }
    }
}
