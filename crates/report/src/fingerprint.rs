//! A name for a finding that stays when lines move: made of the rule, the migration, the words of the
//! statement and the relation, not of where they stand.

use source::Diagnostic;
use sql::{Token, TokenKind};
use std::collections::HashMap;

/// One a finding, in order; what would be the same name gets a number behind it.
pub(crate) fn fingerprints(diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let mut texts: HashMap<*const source::SourceFile, Vec<Token>> = HashMap::new();
    diagnostics
        .iter()
        .map(|diagnostic| {
            let file = &diagnostic.primary.file;
            let tokens = texts
                .entry(std::sync::Arc::as_ptr(file))
                .or_insert_with(|| sql_tokens(&file.path, &file.text));
            let hash = hash(diagnostic, tokens);
            let count = seen.entry(hash).or_insert(0);
            *count += 1;
            match *count {
                1 => format!("{hash:016x}"),
                count => format!("{hash:016x}:{count}"),
            }
        })
        .collect()
}

fn sql_tokens(path: &str, text: &str) -> Vec<Token> {
    if path.ends_with(".sql") { sql::tokens(text) } else { Vec::new() }
}

fn hash(diagnostic: &Diagnostic, tokens: &[Token]) -> u64 {
    let text = &diagnostic.primary.file.text;
    let mut hash = Fnv::new();
    hash.add(diagnostic.rule);
    // A file that belongs to no migration goes by its path.
    hash.add(diagnostic.migration.as_deref().unwrap_or(&diagnostic.primary.file.path));
    hash.add(diagnostic.relation.as_deref().unwrap_or_default());
    if diagnostic.statement.is_none() {
        hash.add(diagnostic.primary.span.of(text));
    }
    for word in statement(tokens, text, diagnostic.primary.span.start) {
        hash.add(word);
    }
    hash.0
}

/// The tokens between the semicolons or breakpoints around a place, comments left out.
fn statement<'a>(tokens: &'a [Token], text: &'a str, at: u32) -> impl Iterator<Item = &'a str> {
    let ends = |token: &Token| match token.kind {
        TokenKind::Punct(byte) => byte == b';',
        TokenKind::Comment => token.text(text).starts_with("--> statement-breakpoint"),
        _ => false,
    };
    let here = tokens.partition_point(|token| token.span.end <= at);
    let from = tokens[..here].iter().rposition(ends).map_or(0, |before| before + 1);
    let to = tokens[here..].iter().position(ends).map_or(tokens.len(), |behind| here + behind);
    tokens[from..to.max(from)]
        .iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .map(|token| token.text(text))
}

/// FNV-1a: the same on every machine and in every version.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
