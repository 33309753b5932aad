//! What a project says about its rules and tables, applied to findings: the one place where a finding
//! gets another weight than its rule gave it.
//!
//! Takes plain values; where they come from is the caller's affair. Nothing is added here, and
//! nothing is left out but what was switched off.

use source::{Diagnostic, Group, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// What findings are weighed with. The default leaves them as they are.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// Weight by rule; `None` switches it off.
    pub rules: BTreeMap<String, Option<Severity>>,
    /// Tables known to be small, as `schema.name`, with their rows.
    pub small: BTreeMap<String, u64>,
    /// Tables whose findings are never made lighter, as `schema.name`.
    pub busy: BTreeSet<String>,
    /// Whether the runner takes statements that can't run in a transaction out of it.
    pub outside_transaction: bool,
}

/// Rules about waits that a table's size has nothing to do with.
const WHATEVER_SIZE: &[&str] =
    &["concurrently-in-transaction", "lock-pileup", "lock-table", "no-lock-timeout"];

/// The findings with their weights.
pub fn weigh(diagnostics: Vec<Diagnostic>, weights: &Weights) -> Vec<Diagnostic> {
    diagnostics.into_iter().filter_map(|diagnostic| weighed(diagnostic, weights)).collect()
}

fn weighed(mut diagnostic: Diagnostic, weights: &Weights) -> Option<Diagnostic> {
    let own = diagnostic.severity;
    match weights.rules.get(diagnostic.rule) {
        Some(None) => return None,
        Some(Some(severity)) => diagnostic.severity = *severity,
        None if weights.outside_transaction && diagnostic.rule == "concurrently-in-transaction" => {
            return None;
        }
        None => {}
    }
    let relation = diagnostic.relation.clone().unwrap_or_default();
    if weights.busy.contains(&relation) {
        diagnostic.severity = diagnostic.severity.max(own);
        return Some(diagnostic);
    }
    if let Some(rows) = weights.small.get(&relation)
        && diagnostic.group == Group::Blocks
        && diagnostic.severity > Severity::Info
        && !WHATEVER_SIZE.contains(&diagnostic.rule)
    {
        diagnostic.severity = Severity::Info;
        let shown = source::shown(&relation);
        diagnostic.why.push(format!(
            "a note only: `{shown}` is set down as small (about {rows} rows), so that the wait is short"
        ));
    }
    Some(diagnostic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use source::{Evidence, Label, Remedy, SourceFile, Span};

    fn finding(rule: &'static str, group: Group, severity: Severity, relation: &str) -> Diagnostic {
        Diagnostic {
            rule,
            group,
            severity,
            what: String::new(),
            why: Vec::new(),
            remedy: Remedy::default(),
            evidence: Evidence::Predicted,
            primary: Label { file: SourceFile::new("a.sql", ""), span: Span::default(), text: String::new() },
            secondary: Vec::new(),
            migration: None,
            statement: None,
            relation: Some(relation.to_owned()),
            accepted: None,
        }
    }

    fn check(weights: &Weights, finding: Diagnostic, expected: Option<Severity>) {
        let named = (finding.rule, finding.relation.clone());
        let found = weigh(vec![finding], weights);
        assert_eq!(found.first().map(|d| d.severity), expected, "{named:?}");
    }

    #[test]
    fn weights() {
        use Severity::{Error, Info, Warning};
        let weights = Weights {
            rules: [("a", None), ("b", Some(Warning)), ("c", Some(Error))]
                .map(|(name, level)| (name.to_owned(), level))
                .into(),
            small: BTreeMap::from([("public.small".to_owned(), 10)]),
            busy: BTreeSet::from(["public.busy".to_owned()]),
            outside_transaction: true,
        };
        for (rule, group, severity, relation, expected) in [
            ("a", Group::Blocks, Error, "public.x", None),
            ("a", Group::Blocks, Error, "public.busy", None),
            ("b", Group::Fails, Error, "public.x", Some(Warning)),
            ("b", Group::Fails, Error, "public.busy", Some(Error)),
            ("c", Group::Advice, Info, "public.x", Some(Error)),
            ("scan-under-lock", Group::Blocks, Error, "public.small", Some(Info)),
            ("scan-under-lock", Group::Blocks, Error, "public.x", Some(Error)),
            ("lock-table", Group::Blocks, Error, "public.small", Some(Error)),
            ("drop-column", Group::BreaksOldApp, Error, "public.small", Some(Error)),
            ("concurrently-in-transaction", Group::Fails, Error, "public.x", None),
        ] {
            check(&weights, finding(rule, group, severity, relation), expected);
        }
    }

    #[test]
    fn a_small_table_is_said_to_be_one() {
        let weights = Weights { small: BTreeMap::from([("public.t".to_owned(), 10)]), ..Weights::default() };
        let found = weigh(vec![finding("x", Group::Blocks, Severity::Error, "public.t")], &weights);
        assert!(found[0].why[0].contains("`t` is set down as small (about 10 rows)"), "{:?}", found[0].why);
    }

    #[test]
    fn the_rules_named_here_exist_or_are_to_come() {
        for name in ["concurrently-in-transaction", "lock-table", "no-lock-timeout"] {
            assert!(WHATEVER_SIZE.contains(&name) && crate::rule(name).is_some(), "{name}");
        }
    }
}
