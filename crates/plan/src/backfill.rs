//! A backfill as a file: a head that says what is changed, and below it a script that psql can run as it is.
//!
//! Batches go by a key, each in a transaction of its own. Nothing here runs one.

use crate::model::Backfill;
use catalog::written::quoted;
use sql::{TokenKind, tokens};

/// The first line of the file.
pub const BACKFILL: &str = "-- brolly backfill";

/// The file of a backfill.
pub fn backfill_file(backfill: &Backfill) -> String {
    let mut out = format!("{BACKFILL}\n");
    let mut line = |name: &str, value: &str| out.push_str(&format!("-- {name}: {value}\n"));
    for first in &backfill.after {
        line("after", first);
    }
    line("table", &backfill.table);
    if let Some(alias) = &backfill.alias {
        line("alias", alias);
    }
    if !backfill.key.is_empty() {
        line("key", &keys(backfill).join(", "));
    }
    if !backfill.set.is_empty() {
        line("set", &one_line(&backfill.set));
    }
    if let Some(from) = &backfill.from {
        line("from", &one_line(from));
    }
    if let Some(condition) = &backfill.condition {
        line("where", &one_line(condition));
    }
    line("batch", &backfill.batch.to_string());
    out.push_str(&script(backfill));
    out
}

/// The backfill that a file describes; what is wrong with it in words, with the number of its line.
pub fn read_backfill(name: &str, text: &str) -> Result<Backfill, (usize, String)> {
    let mut backfill = Backfill {
        name: name.to_owned(),
        table: String::new(),
        alias: None,
        key: Vec::new(),
        set: String::new(),
        from: None,
        condition: None,
        batch: 1000,
        after: Vec::new(),
    };
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, line)| line.trim()) != Some(BACKFILL) {
        return Err((1, format!("it does not begin with `{BACKFILL}`")));
    }
    for (n, line) in lines {
        let Some(rest) = line.strip_prefix("-- ") else { break };
        let Some((field, value)) = rest.split_once(':') else { break };
        let value = value.trim();
        match field {
            "after" if value.is_empty() => return Err((n + 1, "`after` names no backfill".to_owned())),
            "after" => backfill.after.push(value.trim_end_matches(".sql").to_owned()),
            "table" => value.clone_into(&mut backfill.table),
            "alias" => backfill.alias = Some(value.to_owned()),
            "key" => backfill.key = names(value),
            "set" => value.clone_into(&mut backfill.set),
            "from" => backfill.from = Some(value.to_owned()),
            "where" => backfill.condition = Some(value.to_owned()),
            "batch" => {
                let rows = value.parse().ok().filter(|rows| *rows > 0);
                backfill.batch = rows.ok_or((n + 1, format!("`{value}` is no number of rows")))?;
            }
            other => {
                return Err((
                    n + 1,
                    format!("`{other}` is none of after, table, alias, key, set, from, where and batch"),
                ));
            }
        }
    }
    match backfill.table.is_empty() {
        true => Err((2, "no line says the table".to_owned())),
        false => Ok(backfill),
    }
}

/// Has each of these begin after the one before it, as the statements stood that they were made of: what one writes
/// may be what the next one reads, in ways that no text tells.
pub(crate) fn in_turn(backfills: &mut [Backfill]) {
    let names: Vec<String> = backfills.iter().map(|one| one.name.clone()).collect();
    for (backfill, before) in backfills.iter_mut().skip(1).zip(names) {
        backfill.after = vec![before];
    }
}

/// A query that counts the rows that are still to be done, where the file says which they are.
pub fn rows_left(backfill: &Backfill) -> Option<String> {
    let condition = backfill.condition.as_ref().filter(|_| backfill.from.is_none())?;
    Some(format!("SELECT count(*) FROM {} WHERE {condition}", named(backfill)))
}

/// The whole backfill for psql: outside of a transaction, a COMMIT after each batch.
pub fn script(backfill: &Backfill) -> String {
    let body = if backfill.key.is_empty() { by_place(backfill) } else { by_key(backfill) };
    format!("DO $brolly$\n{body}\n$brolly$;\n")
}

fn by_key(backfill: &Backfill) -> String {
    let Backfill { table, batch, .. } = backfill;
    let (called, named) = (backfill.alias.as_ref().unwrap_or(table), named(backfill));
    let count = backfill.key.len();
    let variables = |word: &str| (1..=count).map(|n| format!("brolly_{word}_{n}")).collect::<Vec<_>>();
    let (from, next) = (variables("from"), variables("next"));
    let columns = keys(backfill);
    let declared = |names: &[String]| -> String {
        let each =
            names.iter().zip(&columns).map(|(name, column)| format!("  {name} {table}.{column}%TYPE;\n"));
        each.collect()
    };
    let row = |names: &[String]| match names {
        [one] => one.clone(),
        names => format!("({})", names.join(", ")),
    };
    let qualified: Vec<String> = columns.iter().map(|column| format!("{called}.{column}")).collect();
    let (key, list) = (row(&qualified), qualified.join(", "));
    let (first, last) = (row(&from), row(&next));
    let change = |range: &str| {
        let condition = backfill.condition.as_ref().map_or(String::new(), |c| format!("\n      AND ({c})"));
        format!("{}\n    WHERE {range}{condition};", head(backfill))
    };
    let assign: String =
        from.iter().zip(&next).map(|(from, next)| format!("    {from} := {next};\n")).collect();
    format!(
        "DECLARE\n{}{}BEGIN\n  SELECT {list} INTO {} FROM {named} ORDER BY {list} LIMIT 1;\n  IF NOT FOUND THEN RETURN; END IF;\n  LOOP\n    SELECT {list} INTO {} FROM {named} WHERE {key} >= {first} ORDER BY {list} OFFSET {batch} LIMIT 1;\n    EXIT WHEN NOT FOUND;\n    {}\n    COMMIT;\n{assign}  END LOOP;\n  {}\n  COMMIT;\nEND",
        declared(&from),
        declared(&next),
        from.join(", "),
        next.join(", "),
        change(&format!("{key} >= {first} AND {key} < {last}")),
        change(&format!("{key} >= {first}")),
    )
}

/// Without a key: whichever rows are left, until there are none.
fn by_place(backfill: &Backfill) -> String {
    let batch = backfill.batch;
    let (called, named) = (backfill.alias.as_ref().unwrap_or(&backfill.table), named(backfill));
    let condition = backfill.condition.as_deref().unwrap_or("true");
    format!(
        "DECLARE\n  brolly_rows bigint;\nBEGIN\n  LOOP\n    {}\n    WHERE {called}.ctid = ANY (ARRAY(SELECT {called}.ctid FROM {named} WHERE {condition} LIMIT {batch}));\n    GET DIAGNOSTICS brolly_rows = ROW_COUNT;\n    COMMIT;\n    EXIT WHEN brolly_rows = 0;\n  END LOOP;\nEND",
        head(backfill)
    )
}

fn head(backfill: &Backfill) -> String {
    let (Backfill { set, from, .. }, table) = (backfill, named(backfill));
    match (set.is_empty(), from) {
        (true, None) => format!("DELETE FROM {table}"),
        (true, Some(from)) => format!("DELETE FROM {table} USING {from}"),
        (false, None) => format!("UPDATE {table} SET {set}"),
        (false, Some(from)) => format!("UPDATE {table} SET {set} FROM {from}"),
    }
}

/// The table with the name that it is called by.
fn named(backfill: &Backfill) -> String {
    match &backfill.alias {
        Some(alias) => format!("{} AS {alias}", backfill.table),
        None => backfill.table.clone(),
    }
}

fn keys(backfill: &Backfill) -> Vec<String> {
    backfill.key.iter().map(|column| quoted(column)).collect()
}

/// Quoted or plain names between commas.
fn names(list: &str) -> Vec<String> {
    tokens(list)
        .iter()
        .filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))
        .map(|token| token.span.of(list).trim_matches('"').replace("\"\"", "\""))
        .collect()
}

/// SQL on one line, without its comments.
fn one_line(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut end = 0;
    for token in tokens(sql).iter().filter(|token| token.kind != TokenKind::Comment) {
        if token.span.start > end && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(token.span.of(sql));
        end = token.span.end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backfill(key: &[&str]) -> Backfill {
        Backfill {
            name: "0007_x.users_c".to_owned(),
            table: "\"users\"".to_owned(),
            alias: key.is_empty().then(|| "u".to_owned()),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            set: "\"c\" = 'a  b'".to_owned(),
            from: None,
            condition: Some("\"c\" IS NULL".to_owned()),
            batch: 500,
            after: key.iter().map(|name| format!("0006_y.users_{name}")).collect(),
        }
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        for key in [&["id"][..], &["a", "B c"], &[]] {
            let backfill = backfill(key);
            let text = backfill_file(&backfill);
            assert_eq!(read_backfill("0007_x.users_c", &text), Ok(backfill), "{text}");
        }
        assert_eq!(read_backfill("x", "SELECT 1").map_err(|(line, _)| line), Err(1));
        assert_eq!(read_backfill("x", "-- brolly backfill\n-- tabel: x").map_err(|(line, _)| line), Err(2));
    }

    #[test]
    fn comments_and_line_ends_stay_behind() {
        assert_eq!(one_line("a = 1, -- one\n  b = '  -- '"), "a = 1, b = '  -- '");
    }

    #[test]
    fn scripts_parse() {
        for key in [&["id"][..], &["a", "b"], &[]] {
            let script = script(&backfill(key));
            let parsed = sql::parse(&script, 0);
            assert!(parsed.errors.is_empty() && parsed.statements.len() == 1, "{script}");
        }
    }
}
