//! What a server was like before a deploy and after it, as values, and the judgement of what got worse.
//!
//! [`Sample`] is one look at a server, [`Seen`] all looks of a while, [`judge()`] holds two of these against each
//! other. Reading a server is the affair of crate `runner`, showing what was found that of `report`: nothing here
//! touches either.

mod judge;
mod sample;
mod seen;
mod text;

pub use judge::{Finding, Limits, State, Topic, judge};
pub use sample::{
    Connections, Index, Replica, Sample, Session, Slice, Slot, Statement, Table, Unknown, Wait, Work,
};
pub use seen::{Baseline, Change, Kind, Seen, changes};
pub use text::normalised;
