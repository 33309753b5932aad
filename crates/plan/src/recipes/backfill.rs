//! Rows are changed in batches outside of the migration, while the app goes on.

use super::Answer;
use crate::model::{Backfill, Part, Stage};
use crate::site::{Site, key, shown};
use crate::text::{code, word};
use catalog::written::sql_name;
use catalog::{Found, QName};
use facts::Operation;
use sql::{Stmt, TokenKind};

pub(super) fn make(site: Site<'_>) -> Answer {
    if !site.found(&["backfill-in-transaction", "fails-on-existing-rows"]) {
        return None;
    }
    if !matches!(site.stmt()?, Stmt::Query(_)) {
        let is_code = matches!(site.stmt()?, Stmt::Do(_)) && site.found(&["backfill-in-transaction"]);
        let table = site.facts().writes.first().map_or("", |write| &*write.relation).to_owned();
        return is_code.then(|| Ok(by_itself(site, source::shown(&table))));
    }
    let write = site.facts().writes.iter().find(|write| !write.new).or(site.facts().writes.first())?;
    let (schema, name) = write.relation.split_once('.')?;
    let shown_table = shown(&QName::new(schema, name));
    let what = match write.operation {
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        _ => return Some(Ok(by_itself(site, &shown_table))),
    };
    let Some(Found::Relation(table)) = site.judged().start.slot(&QName::new(schema, name)) else {
        return Some(Ok(by_itself(site, &shown_table)));
    };
    let Some(pieces) = pieces(site.text(), what) else { return Some(Ok(by_itself(site, &shown_table))) };
    if table.primary_key().is_none() && (pieces.from.is_some() || pieces.condition.is_none()) {
        return Some(Ok(by_itself(site, &shown_table)));
    }
    let words = write.columns.join("_");
    let suffix = if words.is_empty() { "rows".to_owned() } else { words };
    let plain: String = format!("{name}_{suffix}")
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .take(50)
        .collect();
    let taken = site.parts.iter().filter_map(|part| part.backfill.as_ref());
    let wanted = format!("{}.{plain}", site.tag());
    let same = taken.filter(|other| other.name.starts_with(&wanted)).count();
    let backfill = Backfill {
        name: if same == 0 { wanted } else { format!("{wanted}_{}", same + 1) },
        table: sql_name(&table.name),
        alias: pieces.alias,
        key: key(table),
        set: pieces.set,
        from: pieces.from,
        condition: pieces.condition,
        batch: 1000,
        after: Vec::new(),
    };
    let title = format!("{} rows of {shown_table}", what.to_lowercase());
    let mut part =
        site.part("backfill", title, "every row that it changes stays locked until the transaction commits");
    part.backfill = Some(backfill);
    part.code_waits = true;
    Some(Ok(part))
}

/// A change that can't be cut into batches runs as one statement, but alone, when no lock of another statement is
/// held.
fn by_itself(site: Site<'_>, table: &str) -> Part {
    let part = site.part(
        "backfill",
        format!("change rows of {table}"),
        "it runs while locks of other statements are held, and can't be cut into batches",
    );
    let advice = format!(
        "it runs as one statement, outside of the transaction: rows of `{table}` that it changes stay locked until it ends"
    );
    part.then(Stage::outside(vec![site.text_as_allowed()])).advice(advice)
}

/// An UPDATE or DELETE, apart.
pub(super) struct Pieces {
    /// The name that the table goes by.
    pub alias: Option<String>,
    /// What is set.
    pub set: String,
    /// FROM or USING.
    pub from: Option<String>,
    /// WHERE.
    pub condition: Option<String>,
}

/// `UPDATE t SET .. [FROM ..] [WHERE ..]` or `DELETE FROM t [USING ..] [WHERE ..]`, apart.
pub(super) fn pieces(text: &str, what: &str) -> Option<Pieces> {
    let tokens = code(text);
    if word(text, &tokens, what, 0) != Some(0) {
        return None;
    }
    let (mut depth, mut clauses) = (0_i32, Vec::new());
    let known = ["SET", "FROM", "USING", "WHERE", "RETURNING", "LIMIT", "ORDER"];
    for token in &tokens {
        match token.kind {
            TokenKind::Punct(b'(' | b'[') => depth += 1,
            TokenKind::Punct(b')' | b']') => depth -= 1,
            TokenKind::Word if depth == 0 => {
                let upper = token.span.of(text).to_ascii_uppercase();
                clauses.extend(known.iter().find(|known| **known == upper).map(|known| (*known, token.span)));
            }
            _ => {}
        }
    }
    let mut pieces = Pieces { alias: None, set: String::new(), from: None, condition: None };
    let first = if what == "DELETE" { clauses.iter().position(|(name, _)| *name == "FROM")? + 1 } else { 0 };
    // Between the first word and the first clause stands the table, with an optional alias.
    let head_end = clauses.get(first).map_or(text.len(), |(_, span)| span.start as usize);
    let head_start = if first == 0 { tokens[0].span.end } else { clauses[first - 1].1.end } as usize;
    let head_text = &text[head_start..head_end];
    pieces.alias = alias(head_text)?;
    for (n, (name, span)) in clauses.iter().enumerate().skip(first) {
        let end = clauses.get(n + 1).map_or(text.len(), |(_, next)| next.start as usize);
        let piece = text.get(span.end as usize..end)?.trim().to_owned();
        match (*name, what) {
            ("SET", "UPDATE") => pieces.set = piece,
            ("FROM", "UPDATE") | ("USING", "DELETE") => pieces.from = Some(piece),
            ("WHERE", _) => pieces.condition = Some(piece),
            _ => return None,
        }
    }
    (what == "DELETE" || !pieces.set.is_empty()).then_some(pieces)
}

/// The alias in `t`, `s.t`, `t u` or `t AS u`; `None` for anything else, such as ONLY.
fn alias(head: &str) -> Option<Option<String>> {
    let tokens = code(head);
    let is_dot = |n: usize| matches!(tokens.get(n).map(|token| token.kind), Some(TokenKind::Punct(b'.')));
    let word = |n: usize| {
        let token =
            tokens.get(n).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
        Some(token.span.of(head))
    };
    if word(0)?.eq_ignore_ascii_case("only") {
        return None;
    }
    let next = if is_dot(1) { 3 } else { 1 };
    let at = if word(next).is_some_and(|word| word.eq_ignore_ascii_case("as")) { next + 1 } else { next };
    let alias = word(at).map(str::to_owned);
    (tokens.len() == at + usize::from(alias.is_some())).then_some(alias)
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn updates_and_deletes_come_apart() {
        let update =
            pieces("UPDATE \"a\".\"t\" SET x = (SELECT 1 FROM b WHERE c) FROM d WHERE t.id = d.id", "UPDATE");
        let update = update.expect("it is one");
        assert_eq!(update.set, "x = (SELECT 1 FROM b WHERE c)");
        assert_eq!((update.from.as_deref(), update.condition.as_deref()), (Some("d"), Some("t.id = d.id")));
        let delete = pieces("DELETE FROM t WHERE a", "DELETE").expect("it is one");
        assert_eq!((delete.set.as_str(), delete.condition.as_deref()), ("", Some("a")));
        for text in ["UPDATE s.t AS u SET x = 1", "UPDATE t \"u\" SET x = 1"] {
            let update = pieces(text, "UPDATE").expect("it is one");
            assert_eq!(update.alias.map(|alias| alias.replace('"', "")).as_deref(), Some("u"), "{text}");
        }
        for (text, what) in [
            ("UPDATE ONLY t SET x = 1", "UPDATE"),
            ("WITH a AS (SELECT 1) UPDATE t SET x = 1", "UPDATE"),
            ("DELETE FROM t WHERE a RETURNING b", "DELETE"),
        ] {
            assert!(pieces(text, what).is_none(), "{text}");
        }
    }
}
