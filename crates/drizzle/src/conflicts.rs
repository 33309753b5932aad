//! Branches of the v1 format: migrations generated side by side that nothing joins yet.
//!
//! Two branches that touch different things can be joined by the next `generate`. Version 9
//! stores what each statement touches, so this can be told; older versions don't say, and then
//! the branches count as conflicting.

use crate::project::Project;
use crate::rules::CONFLICTING_BRANCHES;
use crate::say::{Say, say};
use crate::snapshot::Head;
use source::{Diagnostic, Severity, Span};
use std::collections::{BTreeSet, HashMap, HashSet};

/// One diagnostic for each of the newest snapshots of the folder, if there are several: so that
/// each is reported together with its own migration.
pub(crate) fn branches(project: &Project, heads: &[Option<Head>]) -> Vec<Diagnostic> {
    let graph = Graph::new(heads);
    let followed: HashSet<usize> = (0..heads.len()).flat_map(|index| graph.parents(index)).collect();
    let tips: Vec<usize> =
        (0..heads.len()).filter(|index| heads[*index].is_some() && !followed.contains(index)).collect();
    if tips.len() < 2 {
        return Vec::new();
    }
    tips.iter().map(|tip| branch(project, &graph, &tips, *tip)).collect()
}

fn branch(project: &Project, graph: &Graph<'_>, tips: &[usize], tip: usize) -> Diagnostic {
    let tag = |index: usize| project.migrations[index].tag.as_str();
    let others: Vec<usize> = tips.iter().copied().filter(|other| *other != tip).collect();
    let names = listed(others.iter().map(|index| tag(*index)));
    let shared: Option<BTreeSet<String>> = others
        .iter()
        .map(|other| graph.clash(tip, *other))
        .try_fold(BTreeSet::new(), |all, found| Some(all.into_iter().chain(found?).collect()));
    let migration = &project.migrations[tip];
    let what = format!("`{}` and {names} were generated side by side, and no migration joins them", tag(tip));
    let mut diagnostic = say(&CONFLICTING_BRANCHES, &migration.file, Span::default(), what)
        .label("one branch ends here")
        .of(tag(tip));
    diagnostic = match graph.fork(tips) {
        Some(fork) => {
            diagnostic.why(format!("the last migration that they have in common is `{}`", tag(fork)))
        }
        None => diagnostic.why("they have no migration in common"),
    };
    diagnostic = match shared {
        Some(names) if names.is_empty() => {
            diagnostic.severity = Severity::Warning;
            diagnostic
                .why("their snapshots say that they touch different things, so the next `generate` can join them")
                .fix("Run `drizzle-kit generate` on the merged code before the next change, so that one snapshot follows both.")
        }
        Some(names) => {
            let names = listed(names.iter().map(String::as_str));
            diagnostic
                .why(format!("both touch {names}: the order decides what the schema becomes, and drizzle-kit refuses to generate"))
                .fix("Remove the folder of a branch that is not deployed yet and run `drizzle-kit generate` again on the merged code.")
        }
        None => diagnostic
            .why("snapshots of this version don't say what they touch, so they may contradict each other")
            .fix("Remove the folder of a branch that is not deployed yet and run `drizzle-kit generate` again on the merged code; if all are deployed, generate once so that one snapshot follows them."),
    };
    for other in others {
        let other = &project.migrations[other];
        diagnostic = diagnostic.also(&other.file, Span::default(), format!("`{}` ends another", other.tag));
    }
    diagnostic
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

struct Graph<'a> {
    heads: &'a [Option<Head>],
    by_id: HashMap<&'a str, usize>,
}

impl<'a> Graph<'a> {
    fn new(heads: &'a [Option<Head>]) -> Graph<'a> {
        let ids =
            heads.iter().enumerate().filter_map(|(index, head)| Some((head.as_ref()?.id.as_deref()?, index)));
        Graph { heads, by_id: ids.collect() }
    }

    fn parents(&self, index: usize) -> Vec<usize> {
        let ids = self.heads[index].as_ref().map(Head::prev_ids).unwrap_or_default();
        ids.iter().filter_map(|id| self.by_id.get(id.as_str()).copied()).collect()
    }

    fn ancestors(&self, index: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut stack = vec![index];
        while let Some(node) = stack.pop() {
            if seen.insert(node) {
                stack.extend(self.parents(node));
            }
        }
        seen
    }

    /// The newest migration that all tips follow.
    fn fork(&self, tips: &[usize]) -> Option<usize> {
        let mut common: Option<BTreeSet<usize>> = None;
        for tip in tips {
            let ancestors = self.ancestors(*tip);
            common =
                Some(common.map_or(ancestors.clone(), |all| all.intersection(&ancestors).copied().collect()));
        }
        common?.last().copied()
    }

    /// What both branches touch and at least one writes; `None` where the snapshots don't say.
    fn clash(&self, one: usize, other: usize) -> Option<BTreeSet<String>> {
        let (mine, theirs) = (self.ancestors(one), self.ancestors(other));
        let (writes_a, reads_a) = self.touched(mine.difference(&theirs).copied())?;
        let (writes_b, reads_b) = self.touched(theirs.difference(&mine).copied())?;
        let mut both: BTreeSet<&str> = writes_a.intersection(&writes_b).copied().collect();
        both.extend(writes_a.intersection(&reads_b));
        both.extend(writes_b.intersection(&reads_a));
        // A footprint is `aspect|kind|name`; people want the name.
        Some(both.into_iter().map(|print| print.rsplit('|').next().unwrap_or(print).to_owned()).collect())
    }

    fn touched(&self, nodes: impl Iterator<Item = usize>) -> Option<(BTreeSet<&'a str>, BTreeSet<&'a str>)> {
        let (mut writes, mut reads) = (BTreeSet::new(), BTreeSet::new());
        for node in nodes {
            for print in self.heads[node].as_ref()?.footprints.as_ref()? {
                writes.extend(print.writes.iter().flatten().map(String::as_str));
                reads.extend(print.reads.iter().flatten().map(String::as_str));
            }
        }
        Some((writes, reads))
    }
}
