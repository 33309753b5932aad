//! Runs migrations for good: what Drizzle's ledger says is pending, what is sent for it, and who is
//! waited for.
//!
//! [`standing`] reads the ledger and holds the folder against it, [`script`] writes down what is sent.
//! Works on connections that somebody else opened and answers with values and events; it prints
//! nothing, and judges no migration.

pub mod ledger;
pub mod script;
pub mod standing;
