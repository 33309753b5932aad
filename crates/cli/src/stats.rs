//! `brolly stats`: connect, read what the server counts, write it down for `lint`.

use crate::Outcome;
use crate::args::StatsArguments;
use crate::disk::Disk;
use crate::errors::{self, Error};
use ::settings::{LongTransaction, STATS_VERSION, Stats, TableStats};
use pg::Statistics;

/// Reads the server and writes the file.
pub fn stats(disk: &Disk, wanted: &StatsArguments) -> Result<Outcome, Error> {
    let target = pg::target_here(&wanted.database_url)?.named("brolly stats");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::NoRuntime { source })?;
    let work = async {
        let connection = pg::connect(&target).await?;
        let read = pg::statistics(&connection, wanted.sample).await?;
        let server = connection.server_version().to_owned();
        connection.close().await;
        Ok::<_, pg::Error>((read, server))
    };
    let (read, server) = runtime.block_on(pg::unless_interrupted(work))??;
    let file = file(&read, server, wanted.sample.as_secs_f64());
    disk.write(&wanted.output, &file.text())?;
    let mut notes = vec![said(&file, &wanted.output)];
    let unknown = file.tables.values().filter(|table| table.rows.is_none()).count();
    if unknown > 0 {
        notes.push(format!("{unknown} tables were never analyzed, so nobody knows their rows: run ANALYZE"));
    }
    if read.hidden_sessions > 0 {
        notes.push(format!(
            "transactions of {} sessions are hidden from this role: GRANT pg_monitor shows them",
            read.hidden_sessions
        ));
    }
    Ok(Outcome { notes, code: errors::CLEAN, ..Outcome::default() })
}

fn file(read: &Statistics, postgres: String, sample_seconds: f64) -> Stats {
    let rounded = |number: f64| (number * 100.0).round() / 100.0;
    let tables = read.tables.iter().map(|(name, table)| {
        let writes = rounded(table.sampled_writes.max(table.average_writes));
        (name.clone(), TableStats { rows: table.rows, bytes: table.bytes, writes_per_second: writes })
    });
    let transactions = read.transactions.iter().map(|(seconds, state, application)| LongTransaction {
        seconds: rounded(*seconds),
        state: state.clone(),
        application: application.clone(),
    });
    Stats {
        version: STATS_VERSION,
        taken: read.taken.clone(),
        postgres,
        database: read.database.clone(),
        sample_seconds,
        tables: tables.collect(),
        longest_transactions: transactions.collect(),
    }
}

fn said(file: &Stats, path: &str) -> String {
    let oldest = file.longest_transactions.first().map_or(String::new(), |oldest| {
        format!("; the oldest open transaction is {:.0} s old ({})", oldest.seconds, oldest.state)
    });
    format!("{} tables of {} are in {path}{oldest}", file.tables.len(), file.database)
}
