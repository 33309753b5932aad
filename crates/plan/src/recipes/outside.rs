//! Statements that refuse to run in a transaction get a file of their own, as does the first use of a new enum
//! value.

use super::Answer;
use crate::model::Stage;
use crate::site::Site;
use facts::FailureCause;

pub(super) fn make(site: Site<'_>) -> Answer {
    let failing = |cause: FailureCause| site.facts().failures.iter().any(|failure| failure.cause == cause);
    let why = if failing(FailureCause::InTransaction) {
        "it refuses to run in the transaction that the migrator opens"
    } else if failing(FailureCause::EnumValueTooEarly) {
        "a new enum value can't be used in the transaction that adds it"
    } else {
        return None;
    };
    let title = site.text().lines().next().unwrap_or_default().to_owned();
    Some(Ok(site.part("outside", title, why).then(Stage::outside(vec![site.text().to_owned()]))))
}
