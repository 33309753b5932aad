//! Columns that a trigger gives a value: an INSERT that leaves them out is no error then.

use catalog::{Catalog, Relation};

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

fn assigns(body: &str, column: &str) -> bool {
    let tokens: Vec<sql::Token> =
        sql::tokens(body).into_iter().filter(|token| token.kind != sql::TokenKind::Comment).collect();
    let word = |n: usize| tokens.get(n).map_or("", |token| token.span.of(body));
    let named = |n: usize| {
        let written = word(n);
        match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\"") == column,
            None => written.to_lowercase() == column,
        }
    };
    (0..tokens.len()).any(|n| {
        word(n).eq_ignore_ascii_case("new")
            && word(n + 1) == "."
            && named(n + 2)
            && (matches!(word(n + 3), ":=" | "=") && starts_statement(word(n.wrapping_sub(1)))
                || word(n.wrapping_sub(1)).eq_ignore_ascii_case("into"))
    })
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
