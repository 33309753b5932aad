//! What nearly every rule needs.

pub(crate) use crate::context::{At, Context, Table};
pub(crate) use crate::evidence::{self, Evidence};
pub(crate) use crate::finding::Words;
pub(crate) use crate::names::{listed, plain};
pub(crate) use crate::{place, remedy};
pub(crate) use catalog::Change;
pub(crate) use catalog::written::quoted;
pub(crate) use facts::{BreakCause, FailureCause, Operation, RewriteCause, Runner, ScanCause};
pub(crate) use source::shown;
pub(crate) use source::{Diagnostic, Group, RuleMeta, Severity};
