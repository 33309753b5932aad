//! Values that satisfy the CHECKs of a table, where natural ones don't.
//!
//! For each condition the server is asked which combinations of candidate values it accepts; then
//! combinations are chosen that agree on all columns, and differ from row to row where they can.
//! Nothing is inserted here.

use super::candidates::candidates;
use super::choice::{Relation, choose};
use super::literals::{Literal, literals};
use super::plan::{Plan, Planned, nullable};
use super::read::mentions;
use super::schema::{Check, Column, Schema, Table, quoted};
use super::statement;
use super::unique::{ROW, few};
use crate::Error;
use crate::error::{Refused, refusal};
use std::collections::BTreeMap;
use tokio_postgres::{Client, SimpleQueryMessage};

/// A value that a column may take.
#[derive(Clone, Debug)]
struct Choice {
    sql: String,
    /// Leave the column out of the INSERT.
    omit: bool,
    varies: bool,
    from: Option<Literal>,
}

/// Combinations that one condition is asked about.
const MOST: usize = 4_000;
/// Rows that each combination has to satisfy it in.
const ROWS: u64 = 6;
/// Different combinations that rows take turns with.
const TURNS: usize = 6;

/// Changes a plan so that all conditions hold, or says which one can't be met.
pub(crate) async fn satisfied(
    client: &Client,
    schema: &Schema,
    table: &Table,
    plan: &Plan,
) -> Result<Result<Plan, String>, Error> {
    // First with values that keys can live with, then with any.
    match solved(client, schema, table, plan, true).await? {
        Err(_) if plan.columns.iter().any(|column| column.unique) => {
            solved(client, schema, table, plan, false).await
        }
        result => Ok(result),
    }
}

async fn solved(
    client: &Client,
    schema: &Schema,
    table: &Table,
    plan: &Plan,
    keys: bool,
) -> Result<Result<Plan, String>, Error> {
    let checks = conditions(schema, table);
    let mut choices: BTreeMap<i16, Vec<Choice>> = BTreeMap::new();
    for column in &table.columns {
        let texts: Vec<&str> = (checks.iter())
            .filter(|check| check.columns.contains(&column.number))
            .map(|check| check.sql.as_str())
            .collect();
        if !texts.is_empty() && column.generated.is_none() {
            choices.insert(column.number, choices_of(schema, plan, column, &texts, keys));
        }
    }
    let mut relations = Vec::new();
    for check in &checks {
        match accepted(client, table, plan, check, &choices).await? {
            Ok(relation) if relation.tuples.is_empty() => {
                return Ok(Err(format!("no value was found for CHECK ({})", check.sql)));
            }
            Ok(relation) => relations.push(relation),
            // What can't be asked about may still hold.
            Err(_) => {}
        }
    }
    let null = |column: i16, n: usize| {
        choices.get(&column).and_then(|all| all.get(n)).is_some_and(|choice| choice.sql == "NULL")
    };
    // Fewer than rows, so that some rows are alike.
    let turns = usize::try_from(few(plan.rows)).unwrap_or(TURNS).min(TURNS);
    let found = choose(relations, turns, &null);
    match found.is_empty() {
        true => Ok(Err("no values were found that satisfy all CHECKs at once".to_owned())),
        false => Ok(Ok(changed(table, plan, &choices, &found))),
    }
}

/// All conditions on rows: CHECKs, partition bounds, and those of domains.
fn conditions(schema: &Schema, table: &Table) -> Vec<Check> {
    let mut checks = table.checks.clone();
    for column in &table.columns {
        let mut ty = schema.types.get(&column.ty);
        while let Some(domain) = ty.filter(|ty| ty.kind == 'd') {
            let named = format!("({})", quoted(&column.name));
            for sql in &domain.checks {
                let sql = with_word(sql, "VALUE", &named);
                checks.push(Check { columns: vec![column.number], sql, partition: false });
            }
            ty = schema.types.get(&domain.of);
        }
    }
    for check in &mut checks {
        // A condition on a generated column is one on what it is made of.
        let generated = |n: &i16| table.column(*n).and_then(|column| column.generated.as_deref());
        let texts: Vec<String> = check.columns.iter().filter_map(generated).map(str::to_owned).collect();
        check.columns.retain(|n| generated(n).is_none());
        for text in texts {
            let used = table.columns.iter().filter(|column| mentions(&text, &column.name));
            check.columns.extend(used.map(|column| column.number));
        }
        check.columns.sort_unstable();
        check.columns.dedup();
    }
    checks.retain(|check| !check.columns.is_empty());
    checks
}

/// Puts SQL in the place of a word, outside of quotes.
fn with_word(sql: &str, word: &str, by: &str) -> String {
    let mut parts: Vec<String> = sql.split('\'').map(str::to_owned).collect();
    for part in parts.iter_mut().step_by(2) {
        *part = part.replace(word, by);
    }
    parts.join("'")
}

fn choices_of(schema: &Schema, plan: &Plan, column: &Column, texts: &[&str], keys: bool) -> Vec<Choice> {
    let planned = plan.columns.iter().find(|planned| planned.number == column.number);
    let takes_null = nullable(schema, column);
    let plain = |sql: String, omit| Choice { sql, omit, varies: false, from: None };
    let null = || plain("NULL".to_owned(), false);
    let mut choices = Vec::new();
    let Some(planned) = planned else {
        // Left to its default, or without a value for now.
        let draws = column.identity || column.default.as_ref().is_some_and(|d| d.contains("nextval("));
        match &column.default {
            _ if draws => choices.push(plain(format!("({ROW} + 1)"), true)),
            Some(default) => choices.push(plain(format!("({default})"), true)),
            None => choices.push(plain("NULL".to_owned(), true)),
        }
        if column.identity || column.default.is_none() {
            return choices;
        }
        // What a sequence gives is its own affair; what is far away from it stays fresh.
        let (k, far) = match draws {
            true => (format!("({ROW})"), Some(format!("({ROW} + 1000001)"))),
            false => (format!("({ROW} % 7)"), None),
        };
        choices.extend(takes_null.then(null));
        choices.extend(far.map(|sql| Choice { sql, omit: false, varies: true, from: None }));
        choices.extend(more(schema, column, &k, texts, draws && keys));
        return choices;
    };
    choices.push(Choice { sql: planned.value.clone(), omit: false, varies: true, from: None });
    choices.extend(takes_null.then(null));
    match plan.others.get(&column.number) {
        Some(others) if !planned.unique || !keys => {
            choices.extend(others.iter().map(|sql| plain(sql.clone(), false)))
        }
        Some(_) => {}
        None => choices.extend(more(schema, column, &planned.k, texts, planned.unique && keys)),
    }
    choices
}

fn more(schema: &Schema, column: &Column, k: &str, texts: &[&str], unique: bool) -> Vec<Choice> {
    let all = candidates(schema, column, k, texts).into_iter().filter(|one| one.varies || !unique);
    all.map(|one| Choice { sql: one.sql, omit: false, varies: one.varies, from: one.from }).collect()
}

/// Which combinations a condition accepts in each of some rows.
async fn accepted(
    client: &Client,
    table: &Table,
    plan: &Plan,
    check: &Check,
    choices: &BTreeMap<i16, Vec<Choice>>,
) -> Result<Result<Relation, Refused>, Error> {
    let columns: Vec<i16> = check.columns.iter().copied().filter(|n| choices.contains_key(n)).collect();
    let tried = tried(check, &columns, choices);
    let mut turns = String::new();
    let mut values = Vec::new();
    for (at, (number, tried)) in columns.iter().zip(&tried).enumerate() {
        let list: Vec<String> = tried.iter().map(|n| format!("({n})")).collect();
        turns.push_str(&format!(" CROSS JOIN (VALUES {}) t{at}(n)", list.join(", ")));
        let Some(column) = table.column(*number) else { continue };
        let all = choices.get(number).map(Vec::as_slice).unwrap_or_default();
        let cases: Vec<String> = tried.iter().map(|n| format!("WHEN {n} THEN {}", all[*n].sql)).collect();
        let typed = tried.iter().all(|n| all[*n].sql == "NULL");
        let cast = if typed { format!("::{}", column.sql_type) } else { String::new() };
        values.push(format!("(CASE t{at}.n {} END){cast} AS {}", cases.join(" "), quoted(&column.name)));
    }
    let generated: Vec<String> = (table.columns.iter())
        .filter(|column| mentions(&check.sql, &column.name))
        .filter_map(|column| Some(format!("({}) AS {}", column.generated.as_ref()?, quoted(&column.name))))
        .collect();
    let derived = match generated.is_empty() {
        true => String::new(),
        false => format!(" CROSS JOIN LATERAL (SELECT {}) d", generated.join(", ")),
    };
    let numbers: Vec<String> = (0..columns.len()).map(|at| format!("t{at}.n AS brolly_t{at}")).collect();
    let by: Vec<String> = (1..=columns.len()).map(|n| n.to_string()).collect();
    let out: Vec<String> = (0..columns.len()).map(|at| format!("brolly_t{at}")).collect();
    let holds = if check.partition { "IS TRUE" } else { "IS NOT FALSE" };
    let sql = format!(
        "{}SELECT {} FROM (SELECT {}, {} FROM {}{turns} OFFSET 0) x{derived} \
         GROUP BY {} HAVING bool_and(({}) {holds}); RELEASE brolly",
        statement::with(plan),
        out.join(", "),
        numbers.join(", "),
        values.join(", "),
        statement::from(plan, plan.start, plan.start + plan.rows.min(ROWS)),
        by.join(", "),
        check.sql,
    );
    super::attempt::must(client, "SAVEPOINT brolly").await?;
    match client.simple_query(&sql).await {
        Ok(messages) => {
            let row = |message: &SimpleQueryMessage| match message {
                SimpleQueryMessage::Row(row) => (0..columns.len())
                    .map(|at| row.get(at)?.parse::<usize>().ok())
                    .collect::<Option<Vec<_>>>(),
                _ => None,
            };
            Ok(Ok(Relation { columns: columns.clone(), tuples: messages.iter().filter_map(row).collect() }))
        }
        Err(error) => {
            let refused = refusal(error)?;
            let undo = "ROLLBACK TO brolly; RELEASE brolly";
            super::attempt::must(client, undo).await?;
            Ok(Err(refused))
        }
    }
}

/// The choices of each column that are worth asking about, few enough in all.
fn tried(check: &Check, columns: &[i16], choices: &BTreeMap<i16, Vec<Choice>>) -> Vec<Vec<usize>> {
    let own = literals(&check.sql);
    let worth = |number: &i16| -> Vec<usize> {
        let all = choices.get(number).map(Vec::as_slice).unwrap_or_default();
        let mut order: Vec<usize> = (0..all.len()).collect();
        // What the condition itself names comes right behind the natural value and NULL.
        order.sort_by_key(|n| match &all[*n].from {
            None if *n < 2 => 0,
            Some(from) if own.contains(from) => 1,
            None => 2,
            Some(_) => 3,
        });
        order
    };
    let mut tried: Vec<Vec<usize>> = columns.iter().map(worth).collect();
    loop {
        let product = tried.iter().fold(1usize, |product, one| product.saturating_mul(one.len().max(1)));
        if product <= MOST {
            return tried;
        }
        match tried.iter_mut().max_by_key(|one| one.len()) {
            Some(longest) if longest.len() > 1 => drop(longest.pop()),
            _ => return tried,
        }
    }
}

/// The plan with the chosen values, row by row in turns.
fn changed(
    table: &Table,
    plan: &Plan,
    choices: &BTreeMap<i16, Vec<Choice>>,
    found: &[BTreeMap<i16, usize>],
) -> Plan {
    let mut plan = plan.clone();
    for column in &table.columns {
        let Some(all) = choices.get(&column.number) else { continue };
        let picks: Vec<usize> = found.iter().filter_map(|one| one.get(&column.number).copied()).collect();
        if picks.len() != found.len() || picks.iter().all(|n| all[*n].omit) {
            continue;
        }
        let same = picks.iter().all(|n| *n == picks[0]);
        let value = match same {
            true => all[picks[0]].sql.clone(),
            false => {
                let cases: Vec<String> = picks
                    .iter()
                    .enumerate()
                    .map(|(at, n)| format!("WHEN {at} THEN {}", all[*n].sql))
                    .collect();
                format!("CASE {ROW} % {} {} END", picks.len(), cases.join(" "))
            }
        };
        let value = if value == "NULL" { format!("NULL::{}", column.sql_type) } else { value };
        let unique = plan.columns.iter().find(|planned| planned.number == column.number);
        let unique = unique.is_some_and(|planned| planned.unique);
        // Turns may give one value twice where a key forbids it.
        plan.soft |= unique && (!same || !all[picks[0]].varies);
        let planned = Planned {
            number: column.number,
            name: quoted(&column.name),
            value,
            k: String::new(),
            null: None,
            unique,
        };
        plan.columns.retain(|planned| planned.number != column.number);
        plan.columns.push(planned);
    }
    plan
}
