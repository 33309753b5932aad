//! Backfills on real servers: that rows come out as one UPDATE for all leaves them, whatever the key and whatever
//! happens meanwhile.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests start programs, look at files, and say why they skip"
)]

#[path = "../../../../tests/servers/clock.rs"]
mod clock;
mod faults;
#[path = "../../../../tests/servers/hand.rs"]
mod hand;
mod holds;
mod kinds;
mod kit;
#[path = "../../../../tests/servers/replica.rs"]
mod replica;
#[path = "../../../../tests/servers/servers.rs"]
mod servers;
mod wishes;
