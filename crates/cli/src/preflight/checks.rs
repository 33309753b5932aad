//! What a look at a database found, as the values that are printed.

use report::{PreflightCheck, PreflightState};
use runner::preflight::{Check, State};

/// One of them.
pub fn check(found: &Check) -> PreflightCheck {
    PreflightCheck {
        topic: found.topic.word().to_owned(),
        state: match found.state {
            State::Ok => PreflightState::Ok,
            State::Unknown => PreflightState::Unknown,
            State::Warning => PreflightState::Warning,
            State::Stop => PreflightState::Stop,
        },
        object: found.object.clone(),
        what: found.what.clone(),
        cure: found.cure.clone(),
        numbers: found.numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect(),
    }
}
