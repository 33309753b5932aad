//! A database of our own on a server that is the user's.
//!
//! Its name is unlike all others, and it goes in the end, on errors and on Ctrl-C too (run what uses
//! it within [`crate::unless_interrupted`]). Where brolly is killed it stays; the next one to start
//! on that server clears it, if it is beyond doubt one of ours and nobody uses it. Nothing else on
//! the server is touched.

use crate::{Connection, Error, Target, connect};
use std::time::Duration;

const PREFIX: &str = "brolly_scratch_";
/// The comment by which we know our own again.
const COMMENT: &str = "scratch database of brolly; it can be dropped";
/// How long the end of a scratch database may take before it is left to the next run.
const PATIENCE: Duration = Duration::from_secs(10);

/// A scratch database. [`Scratch::finish`] drops it, and so does dropping this.
#[derive(Debug)]
pub struct Scratch {
    name: String,
    server: Target,
    /// Marks the database as in use, so that no other brolly clears it.
    keeper: Option<Connection>,
}

impl Scratch {
    /// Makes a scratch database on the server of the target, whose own database is only used to say
    /// so, and is left as it was. The new one is empty: it is made from `template0`, in UTF-8.
    ///
    /// Errors: those of [`connect()`]; [`Error::MayNotCreateDatabase`] where the role lacks CREATEDB.
    pub async fn create(server: &Target) -> Result<Scratch, Error> {
        let connection = connect(server).await?;
        clear_abandoned(&connection).await;
        let random =
            connection.value("SELECT pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', '')");
        let name = format!("{PREFIX}{}", random.await?.unwrap_or_default());
        // From here on there may be a database: whatever interrupts us, it goes with this value.
        let mut scratch = Scratch { name, server: server.clone(), keeper: None };
        let strategy = strategy(&connection).await?;
        let create = format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'{strategy}", scratch.name);
        if let Err(error) = connection.batch(&create).await {
            // What was not made need not be dropped; where the connection broke, nobody knows.
            if error.sqlstate().is_some() {
                scratch.name.clear();
            }
            return Err(match &error {
                Error::Refused(refusal) if refusal.code == "42501" => {
                    let role = connection.value("SELECT current_user").await?.unwrap_or_default();
                    let (host, why) = (server.host(), refusal.message.clone());
                    Error::MayNotCreateDatabase { host, role, why }
                }
                _ => error,
            });
        }
        scratch.keeper = Some(connect(&scratch.target().named("brolly scratch")).await?);
        connection.batch(&format!("COMMENT ON DATABASE {} IS '{COMMENT}'", scratch.name)).await?;
        connection.close().await;
        Ok(scratch)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it.
    pub fn target(&self) -> Target {
        self.server.with_database(&self.name)
    }

    /// A new connection to it.
    pub async fn connect(&self) -> Result<Connection, Error> {
        connect(&self.target()).await
    }

    /// Drops the database, and whatever is still connected to it. Waits until that is done, and says
    /// whether it could be.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.keeper.take();
        let dropped = drop_database(&self.server, &self.name).await;
        if dropped.is_ok() {
            self.name.clear();
        }
        dropped
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.keeper.take();
        if self.name.is_empty() {
            return;
        }
        let (server, name) = (self.server.clone(), std::mem::take(&mut self.name));
        // The runtime that we run on can't be waited for here, so this takes another.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            // A timeout can only be made inside.
            let _ = runtime
                .block_on(async { tokio::time::timeout(PATIENCE, drop_database(&server, &name)).await });
        });
        let _ = thread.join();
    }
}

async fn drop_database(server: &Target, name: &str) -> Result<(), Error> {
    let connection = connect(server).await?;
    // Interrupted while it was being made, it would come to be after we dropped it.
    let cancel = format!(
        "SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity \
         WHERE state = 'active' AND pg_catalog.starts_with(query, 'CREATE DATABASE {name} ')"
    );
    while !connection.rows(&cancel).await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // FORCE, new in 13: statements that still run there are ended.
    connection.batch(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    connection.close().await;
    Ok(())
}

/// From 15 on a database is copied through WAL, which spares a server that others use two checkpoints (manual, CREATE
/// DATABASE: STRATEGY). Where nothing waits for a disk, as on servers of our own, copying files is three times faster.
async fn strategy(connection: &Connection) -> Result<&'static str, Error> {
    let asked = "SELECT pg_catalog.current_setting('fsync') = 'off' \
                 AND pg_catalog.current_setting('server_version_num')::int >= 150000";
    let files = connection.value(asked).await?.as_deref() == Some("t");
    Ok(if files { " STRATEGY file_copy" } else { "" })
}

/// Drops scratch databases whose makers were killed: of this role, with our name and our comment,
/// and used by nobody. A living brolly keeps a connection to its own; without FORCE the server
/// refuses to drop what is in use. What can't be cleared now stays for the next time.
async fn clear_abandoned(connection: &Connection) {
    let list = format!(
        "SELECT d.datname FROM pg_catalog.pg_database d \
         WHERE d.datname ~ '^{PREFIX}[0-9a-f]{{32}}$' AND pg_catalog.pg_get_userbyid(d.datdba) = current_user \
         AND pg_catalog.shobj_description(d.oid, 'pg_database') = '{COMMENT}' \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)"
    );
    for row in connection.rows(&list).await.unwrap_or_default() {
        if let Some(Some(name)) = row.first() {
            let _ = connection.batch(&format!("DROP DATABASE IF EXISTS {name}")).await;
        }
    }
}
