//! The arguments of `explain`.

use super::{Color, Server};
use clap::{Args, ValueEnum, ValueHint};

/// Arguments of `brolly explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// A rule such as `drop-column`, a recipe such as `set-not-null`, or a migration by its tag or path; without it,
    /// all rules are listed.
    #[arg(value_name = "RULE|RECIPE|MIGRATION")]
    pub what: Option<String>,
    /// A Drizzle config to read; may be given several times.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Vec<String>,
    /// A migrations folder (`out` of the config); may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Vec<String>,
    /// The settings to go by instead of the nearest brolly.json above the project.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub settings: Option<String>,
    /// What to judge for.
    #[command(flatten)]
    pub server: Server,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = ExplainFormat::Human)]
    pub format: ExplainFormat,
    /// When to colour; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// How an explanation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people.
    Human,
    /// One JSON document.
    Json,
}
