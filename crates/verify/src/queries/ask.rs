//! Asks a database each query of an app, and undoes what it did.
//!
//! Says what was refused and whether that tells anything: values are ours, so a duplicate or a
//! missing parent is no fault of the schema. Which migration is to blame is not known here.

use super::AppQuery;
use crate::Error;
use crate::error::{Refused, failed, refusal};
use facts::Operation;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use tokio_postgres::{Client, SimpleQueryMessage};

/// A query that a database refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenQuery {
    /// The query.
    pub query: AppQuery,
    /// The SQLSTATE.
    pub sqlstate: String,
    /// The server's words.
    pub message: String,
    /// Why this says nothing about the app: `None` where it does.
    pub unjudged: Option<&'static str>,
}

/// Queries sent before the first answer is waited for.
const AHEAD: usize = 256;

/// A query of an app is done in less.
const LONGEST: &str = "5s";

/// Runs each query in a savepoint of its own and undoes it; gives those that failed.
///
/// With a role, they run as that role. The connection must not be in a transaction. Sequences stay
/// advanced: Postgres never takes numbers back.
///
/// Errors: the connection is lost, or the role can't be taken.
pub async fn broken(
    client: &Client,
    queries: &[AppQuery],
    role: Option<&str>,
) -> Result<Vec<BrokenQuery>, Error> {
    let mut begin = format!("BEGIN; SET LOCAL statement_timeout = '{LONGEST}'");
    if let Some(role) = role {
        begin.push_str(&format!("; SET LOCAL ROLE {}", crate::fill::quoted(role)));
    }
    asked(client, queries, &begin, "").await
}

/// Has each query planned (EXPLAIN) and gives those that fail already then, in a transaction that can't
/// write. Nothing is run: no row is read or written, no sequence moves, no trigger fires. So what only
/// shows in rows (NOT NULL, values that are too long, CHECKs, keys) does not show here.
///
/// Errors: the connection is lost.
pub async fn broken_as_planned(client: &Client, queries: &[AppQuery]) -> Result<Vec<BrokenQuery>, Error> {
    // EXPLAIN of what writes is no write (execMain.c, standard_ExecutorStart), but it locks as it would.
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = '{LONGEST}'; SET LOCAL lock_timeout = '{BRIEFLY}'"
    );
    asked(client, queries, &begin, "EXPLAIN ").await
}

/// What a query may wait for a lock on a database that others use too.
const BRIEFLY: &str = "500ms";

async fn asked(
    client: &Client,
    queries: &[AppQuery],
    begin: &str,
    prefix: &str,
) -> Result<Vec<BrokenQuery>, Error> {
    if let Err(error) = client.batch_execute(begin).await {
        let error = failed(error, begin);
        let _ = client.batch_execute("ROLLBACK").await;
        return Err(error);
    }
    let mut broken = Vec::new();
    for part in queries.chunks(AHEAD) {
        for (query, refused) in part.iter().zip(answers(client, part, prefix).await?) {
            if let Some(Refused { sqlstate, message }) = refused {
                let unjudged = unjudged(query.operation, &sqlstate);
                broken.push(BrokenQuery { query: query.clone(), sqlstate, message, unjudged });
            }
        }
    }
    client.batch_execute("ROLLBACK").await.map_err(|error| failed(error, "ROLLBACK"))?;
    Ok(broken)
}

/// What fails after and did not before.
pub fn broken_anew(before: &[BrokenQuery], after: &[BrokenQuery]) -> Vec<BrokenQuery> {
    let old = |new: &BrokenQuery| before.iter().find(|old| old.query == new.query);
    let anew = |new: &&BrokenQuery| match old(new) {
        None => true,
        // Judged only now: what was in its way before is gone, or comes later.
        Some(old) => new.unjudged.is_none() && new.sqlstate != old.sqlstate,
    };
    after.iter().filter(anew).cloned().collect()
}

/// Errors that depend on values rather than on the schema.
pub(crate) fn unjudged(operation: Operation, sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        _ if operation == Operation::Select && (sqlstate.starts_with("22") || sqlstate == "21000") => {
            "a view stumbled over the rows that happen to be there"
        }
        "23505" => "the value that was tried exists already",
        // 23001 since 18, for ON DELETE RESTRICT.
        "23503" | "23001" => "the value that was tried points to no row, or rows point to it",
        "23514" => "the value that was tried contradicts a CHECK, which those of the app may not",
        "23P01" => "the value that was tried excludes another row",
        "P0001" => "a trigger or function refused the value that was tried",
        "57014" => "it took too long to wait for",
        "55P03" | "40P01" => "another session held a lock",
        _ => return None,
    })
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<SimpleQueryMessage>, tokio_postgres::Error>> + 'a>>;

/// Sends all queries before it waits for answers, so that none costs a round trip.
async fn answers(client: &Client, queries: &[AppQuery], prefix: &str) -> Result<Vec<Option<Refused>>, Error> {
    let texts: Vec<String> = queries
        .iter()
        .flat_map(|query| {
            // Each by itself: of a message that does not even parse, nothing is done.
            let query = format!("{prefix}{}", query.sql);
            ["SAVEPOINT brolly".to_owned(), query, "ROLLBACK TO brolly; RELEASE brolly".to_owned()]
        })
        .collect();
    let mut waiting: Vec<Answer<'_>> =
        texts.iter().map(|text| Box::pin(client.simple_query(text)) as Answer<'_>).collect();
    let mut results: Vec<Option<Result<(), tokio_postgres::Error>>> = texts.iter().map(|_| None).collect();
    // Polling in order sends in order; what is sent is answered in order.
    poll_fn(|context| {
        for (future, result) in waiting.iter_mut().zip(&mut results) {
            if let Poll::Ready(answer) = future.as_mut().poll(context) {
                *result = Some(answer.map(drop));
            }
        }
        Poll::Ready(())
    })
    .await;
    for (future, result) in waiting.into_iter().zip(&mut results) {
        if result.is_none() {
            *result = Some(future.await.map(drop));
        }
    }
    let mut answers = Vec::new();
    let mut results = results.into_iter().flatten();
    while let (Some(begun), Some(query), Some(undone)) = (results.next(), results.next(), results.next()) {
        begun.and(undone).map_err(|error| failed(error, "ROLLBACK TO brolly"))?;
        answers.push(match query {
            Ok(()) => None,
            Err(error) => Some(refusal(error)?),
        });
    }
    Ok(answers)
}
