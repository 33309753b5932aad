//! Columns that a trigger gives a value: an INSERT that leaves them out is no error then. And columns that it names: what
//! fires it fails once one is gone.

use catalog::{Catalog, Relation, Trigger};

/// Whether a BEFORE INSERT trigger for each row sets this column, as far as the text of its function tells: PL/pgSQL
/// that assigns to `NEW.column` or selects INTO it. NOT NULL is checked after such triggers
/// (`ExecConstraints` in execMain.c follows `ExecBRInsertTriggers`).
pub fn is_filled_by_trigger(catalog: &Catalog, relation: &Relation, column: &str) -> bool {
    relation.triggers.iter().any(|trigger| {
        let fires = trigger.before
            && trigger.enabled
            && trigger.condition.is_none()
            && trigger.events.contains(&"insert");
        fires
            && catalog.functions_named(&trigger.function).iter().any(|function| {
                function.language == "plpgsql"
                    && function.body.as_deref().is_some_and(|body| assigns(body, column))
            })
    })
}

/// The trigger for each row whose PL/pgSQL names `NEW.column` or `OLD.column`: where a row has no such field, whatever
/// fires it fails with 42703 (PL/pgSQL looks fields up as it runs, so that nothing keeps the column from being dropped).
pub fn trigger_that_names<'c>(
    catalog: &Catalog,
    relation: &'c Relation,
    column: &str,
) -> Option<&'c Trigger> {
    relation.triggers.iter().filter(|trigger| trigger.enabled).find(|trigger| {
        catalog.functions_named(&trigger.function).iter().any(|function| {
            let body = function.body.as_deref().filter(|_| function.language == "plpgsql");
            body.is_some_and(|body| {
                Words::of(body).any(|words, n| words.is_field(n, &["new", "old"], column))
            })
        })
    })
}

fn assigns(body: &str, column: &str) -> bool {
    Words::of(body).any(|words, n| {
        let before = words.word(n.wrapping_sub(1));
        words.is_field(n, &["new"], column)
            && (matches!(words.word(n + 3), ":=" | "=") && starts_statement(before)
                || before.eq_ignore_ascii_case("into"))
    })
}

/// The words of a body, without comments.
struct Words<'b> {
    body: &'b str,
    tokens: Vec<sql::Token>,
}

impl<'b> Words<'b> {
    fn of(body: &'b str) -> Words<'b> {
        let tokens = sql::tokens(body).into_iter().filter(|token| token.kind != sql::TokenKind::Comment);
        Words { body, tokens: tokens.collect() }
    }

    fn any(&self, so: impl Fn(&Words<'b>, usize) -> bool) -> bool {
        (0..self.tokens.len()).any(|n| so(self, n))
    }

    fn word(&self, n: usize) -> &'b str {
        self.tokens.get(n).map_or("", |token| token.span.of(self.body))
    }

    /// Whether a column of one of these records is named there.
    fn is_field(&self, n: usize, records: &[&str], column: &str) -> bool {
        let named = || {
            let written = self.word(n + 2);
            match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\"") == column,
                None => written.to_lowercase() == column,
            }
        };
        records.iter().any(|record| self.word(n).eq_ignore_ascii_case(record))
            && self.word(n + 1) == "."
            && named()
    }
}

/// Whether what follows this word is the beginning of a statement of PL/pgSQL.
fn starts_statement(word: &str) -> bool {
    let words = ["begin", "then", "else", "loop", ";"];
    words.iter().any(|one| word.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::assigns;

    #[test]
    fn assignments_are_told_from_comparisons() {
        for body in [
            "BEGIN NEW.name := lower(OLD.name); RETURN NEW; END",
            "BEGIN IF TRUE THEN new.\"name\" = 'x'; END IF; RETURN NEW; END",
            "BEGIN SELECT 1 INTO NEW.name; RETURN NEW; END",
        ] {
            assert!(assigns(body, "name"), "{body}");
        }
        for body in [
            "BEGIN IF NEW.name = 'x' THEN RETURN NULL; END IF; RETURN NEW; END",
            "BEGIN NEW.\"Name\" := 1; RETURN NEW; END",
            "BEGIN -- NEW.name := 1;\n RETURN NEW; END",
        ] {
            assert!(!assigns(body, "name"), "{body}");
        }
    }
}
