//! Findings and facts as text: one module a format.
//!
//! Values go in, a `String` comes out; whoever calls decides where it goes. Nothing here knows what
//! a rule means or which findings matter, and nothing prints.

mod chart;
mod drift;
mod facts_json;
mod fingerprint;
mod github;
mod gitlab;
mod hover;
mod human;
mod json;
mod junit;
mod ledger;
mod markdown;
mod migrate;
mod plan;
mod preflight;
mod rule_doc;
mod run;
mod sarif;
mod schema;
mod timeline;
mod timeline_text;
mod unnoticed;
mod watch;

pub use self::watch::{
    BaselineTold, Begun, Verdict, WatchLine, Watched, WayBack, watch_baseline, watch_baseline_of, watch_line,
    watch_live, watch_page, watch_status, watch_text,
};
pub use chart::{bars, escaped};
pub use drift::{Comparison, Drift, Side, drift_json, drift_text};
pub use facts_json::facts_line;
pub use github::github;
pub use gitlab::gitlab;
pub use hover::hover;
pub use human::{HumanOptions, human};
pub use json::{json, write_json};
pub use junit::junit;
pub use ledger::{LedgerLine, LedgerState, ledger_json};
pub use markdown::markdown;
pub use migrate::{
    BegunLine, Failed, MigrateLine, Session, StatementPlace, TargetEnd, TargetState, WouldLock, WouldRun,
    migrate_line,
};
pub use plan::{plan_json, plan_markdown, plan_text};
pub use preflight::{
    Preflight, PreflightCheck, PreflightEnd, PreflightEvent, PreflightLine, PreflightState, preflight_event,
    preflight_json, preflight_line, preflight_lines, preflight_text, preflight_text_of,
};
pub use rule_doc::{RuleDoc, heading, weight};
pub use run::{Counts, Run, counts, summary_line};
pub use sarif::sarif;
pub use schema::{
    facts_schema, ledger_schema, lint_schema, migrate_schema, plan_schema, preflight_schema, watch_schema,
    with_target,
};
pub use timeline::{Breaks, Fails, Growth, Held, Moment, Timeline, timeline, timeline_json};
pub use timeline_text::timeline_text;
pub use unnoticed::{Unnoticed, unnoticed, unnoticed_lines};
