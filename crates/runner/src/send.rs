//! A script sent, in order: the one loop that all runs go through, whether they migrate for good, verify or
//! rehearse.
//!
//! What is sent was written down before ([`crate::script`]); how one thing is sent (timed, observed, with a
//! `lock_timeout`) is up to a [`Sender`]. Tries nothing again.

use crate::script::{Place, Sent};
use facts::Analysis;
use pg::{Connection, Refusal};
use std::future::Future;

/// Sends one thing at a time.
pub trait Sender {
    /// Sends something of the runner's own.
    ///
    /// Errors: those of the connection; [`pg::Error::Refused`] ends the run.
    fn own(&mut self, text: &str) -> impl Future<Output = Result<(), pg::Error>>;

    /// Sends a statement of a file, by index into [`Analysis::steps`].
    ///
    /// Errors: as those of [`Sender::own`].
    fn statement(&mut self, step: usize, place: Place) -> impl Future<Output = Result<(), pg::Error>>;
}

/// Sends what is written, and nothing beside it.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// Where to.
    pub session: &'a Connection,
    /// What the statements are of.
    pub analysis: &'a Analysis,
}

impl Sender for Plain<'_> {
    async fn own(&mut self, text: &str) -> Result<(), pg::Error> {
        self.session.batch(text).await
    }

    async fn statement(&mut self, step: usize, _: Place) -> Result<(), pg::Error> {
        let step = &self.analysis.steps[step];
        self.session.batch(step.span.of(&step.file.text)).await
    }
}

/// What the server refused. What was open is rolled back.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The last statement that was sent, by index into [`Analysis::steps`].
    pub step: Option<usize>,
    /// What of the runner's own was refused; `None` where it was that statement.
    pub own: Option<String>,
    /// What the server said.
    pub refusal: Box<Refusal>,
}

/// Sends a script to its end, or until the server refuses something.
///
/// Errors: those of the connection.
pub async fn send(
    session: &Connection,
    script: &[Sent],
    sender: &mut impl Sender,
) -> Result<Option<Refused>, pg::Error> {
    let mut last = None;
    for sent in script {
        let result = match sent {
            Sent::Own(text) => sender.own(text).await,
            Sent::Statement { step, place } => {
                last = Some(*step);
                sender.statement(*step, *place).await
            }
        };
        match result {
            Ok(()) => {}
            Err(pg::Error::Refused(refusal)) => {
                // Where none is open, a warning is all that comes of it.
                session.batch("ROLLBACK").await?;
                let own = match sent {
                    Sent::Own(text) => Some(text.clone()),
                    Sent::Statement { .. } => None,
                };
                return Ok(Some(Refused { step: last, own, refusal }));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
