//! Text, spans and the value types of a finding.
//!
//! Everything that the other rooms say about a file is said with these types, and names and numbers with these words. This crate does no
//! IO, and it does not decide what the JSON output looks like (crate `report` does).

mod diagnostic;
mod file;
mod near;
mod words;

pub use diagnostic::{Diagnostic, Evidence, Group, Label, Remedy, RuleMeta, Severity};
pub use file::{Decoded, LineIndex, Position, SourceFile, Span, decode};
pub use near::nearest;
pub use words::{many, shown, size, time};
