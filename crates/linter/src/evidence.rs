//! What the code of the deployed versions says about a break, as parts of a finding: the lines that name
//! what goes, and what to take out of the code first. Nothing where no code was read.

use crate::context::{At, Broken, Context};
use crate::finding::Words;
use crate::names::{listed, plain};
use catalog::QName;
use facts::{AppCode, BreakCause, Cited};
use source::{Diagnostic, Label, Severity};
use std::sync::Arc;

/// Lines that are shown in a finding; the others are counted.
pub(crate) const SHOWN: usize = 3;

/// Puts evidence into a finding.
pub(crate) trait Evidence: Sized {
    /// The lines of the deployed code that a break stands on, or where the code declares what goes. Where
    /// the break is only possible, the finding is a warning.
    fn cites(self, at: At<'_>, broken: &Broken<'_>) -> Self;
}

impl Evidence for Diagnostic {
    fn cites(mut self, at: At<'_>, broken: &Broken<'_>) -> Self {
        let Some(newest) = broken.versions.last() else { return self };
        if !broken.sure && is_about_names(broken) {
            self = self.weighs(Severity::Warning);
        }
        let of_newest: Vec<&Cited> =
            broken.uses.iter().copied().filter(|cited| cited.version == *newest).collect();
        let mut uses = if of_newest.is_empty() { broken.uses.clone() } else { of_newest };
        uses.sort_by_key(|cited| (std::cmp::Reverse(cited.found.certainty), &cited.found.place));
        for cited in uses.iter().take(SHOWN) {
            let Some(code) = code_of(at.cx, &cited.version) else { continue };
            let text = format!("{}: {}", code.version.name, cited.found.why);
            match code.shown(&cited.found.place) {
                Some((file, span)) => self.secondary.push(Label { file, span, text }),
                None => {
                    let place = &cited.found.place;
                    self = self.why(format!("{}:{} at {text}", place.file, place.line));
                }
            }
        }
        if let (Some(rest @ 1..), Some(code)) = (uses.len().checked_sub(SHOWN), code_of(at.cx, newest)) {
            self = self.why(format!("and {rest} more: {}", asking(broken, &code.version.name)));
        }
        if !uses.is_empty() {
            return self;
        }
        if broken.sure {
            self = self.why(plain(broken.reason));
        }
        for version in broken.versions.iter().take(SHOWN) {
            let Some(code) = code_of(at.cx, version) else { continue };
            let declared = code.declared(&broken.name(), broken.column);
            if let Some((file, span)) = declared.and_then(|place| code.shown(place)) {
                let text = format!("{} declares it", code.version.name);
                self.secondary.push(Label { file, span, text });
            }
        }
        self
    }
}

/// What to take out of the newest code, and where, before a drop may go: the sentence that the way out begins
/// with, without its full stop. `aside` is for who cuts the DROP out of a deploy.
pub(crate) fn taken_out_first(at: At<'_>, broken: &Broken<'_>, aside: &str) -> Option<String> {
    let newest = at.cx.judged().codes().next()?;
    if broken.versions.is_empty() {
        return None;
    }
    let cut = format!("cut the DROP out of the generated SQL and deploy that first{aside}");
    if let Some(field) = field(at, broken) {
        let queries = if broken.uses.is_empty() { "" } else { " and out of the queries that name it" };
        return Some(format!("Take {field} out of the schema{queries}, {cut}"));
    }
    let raw = newest.uses(&broken.name()).iter().find(|found| match broken.column {
        Some(column) => found.columns == code::Columns::One(column.to_owned()),
        None => found.role != code::Role::Type,
    });
    Some(match raw {
        Some(found) => format!("Take it out of the SQL, as in {}, {cut}", placed(newest, &found.place)),
        None if newest.version.commit.is_none() => {
            format!("{} does not name it any more: {cut}", upper(&newest.version.name))
        }
        None => format!(
            "{} does not name it any more: keep the DROP back until {} no longer serves",
            newest.version.label(),
            listed(&broken.versions)
        ),
    })
}

/// The declaration in the newest code: `fullName` (src/schema.ts:12).
pub(crate) fn field(at: At<'_>, broken: &Broken<'_>) -> Option<String> {
    let newest = at.cx.judged().codes().next()?;
    let name = broken.name();
    let place = newest.declared(&name, broken.column)?;
    let table = newest.relation(&name)?;
    let key = match broken.column {
        Some(column) => table.column(column)?.key.as_str(),
        None => table.export.as_deref().unwrap_or(&name.name),
    };
    Some(format!("`{key}` ({})", placed(newest, place)))
}

/// Where the newest code declares a column: `src/schema.ts:12`.
pub(crate) fn newest_place(at: At<'_>, relation: &QName, column: &str) -> Option<String> {
    let newest = at.cx.judged().codes().next()?;
    Some(placed(newest, newest.declared(relation, Some(column))?))
}

/// When a drop may go.
pub(crate) fn when_free(broken: &Broken<'_>) -> Option<String> {
    (!broken.versions.is_empty()).then(|| {
        format!(
            "It is free when {} finds nothing, for every version that still serves.",
            asking(broken, "REF")
        )
    })
}

/// Where deployed code reads a column by a statement that it prepares by name; `None` where the code of a
/// version was not read as a whole.
pub(crate) fn prepared(cx: Context<'_>, relation: &QName, column: &str) -> Option<Vec<Label>> {
    let mut found = Vec::new();
    for app in &cx.judged().old_apps {
        let code = app.code.as_ref().filter(|code| code.gaps.is_empty())?;
        for one in code.uses(relation).iter().filter(|one| one.columns.include(column)) {
            let Some(name) = &one.prepared else { continue };
            if let Some((file, span)) = code.shown(&one.place) {
                let text = format!("{}: in the prepared statement \"{name}\"", code.version.name);
                found.push(Label { file, span, text });
            }
        }
    }
    Some(found)
}

/// The versions that a break is about, as the end of "queries of the deployed ..".
pub(crate) fn who(versions: &[Arc<str>]) -> String {
    if versions.is_empty() { "app".to_owned() } else { listed(versions) }
}

/// Whether a break is about names and demands, which are certain unless the code says otherwise; the
/// others depend on values anyway.
fn is_about_names(broken: &Broken<'_>) -> bool {
    matches!(
        broken.cause,
        BreakCause::ColumnDropped
            | BreakCause::ColumnRenamed
            | BreakCause::RelationDropped
            | BreakCause::RelationRenamed
            | BreakCause::RequiredColumn
            | BreakCause::NotNull
    )
}

fn asking(broken: &Broken<'_>, version: &str) -> String {
    format!("`brolly uses {} --at {version}`", broken.shown())
}

fn code_of<'a>(cx: Context<'a>, version: &str) -> Option<&'a Arc<AppCode>> {
    cx.judged()
        .old_apps
        .iter()
        .filter_map(|app| app.code.as_ref())
        .find(|code| code.version.label() == version)
}

fn placed(code: &AppCode, place: &code::Place) -> String {
    match &code.version.commit {
        Some(commit) => format!("{}:{} at {commit}", place.file, place.line),
        None => format!("{}:{}", place.file, place.line),
    }
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

impl Broken<'_> {
    /// The name of the relation.
    pub(crate) fn name(&self) -> QName {
        let (schema, name) = self.table.label.split_once('.').unwrap_or(("public", self.table.label));
        QName::new(schema, name)
    }

    /// The same without "still" where it is sure.
    pub(crate) fn still_or(&self, uses: &str, use_: &str) -> String {
        if self.versions.is_empty() || self.sure { uses.to_owned() } else { self.still(uses, use_) }
    }

    /// How the deployed app has to do with it: `still uses`, `may still use`, or `still declares` where the
    /// code was read and no use was found.
    pub(crate) fn still(&self, uses: &str, use_: &str) -> String {
        match (self.versions.is_empty() || self.sure, self.uses.is_empty()) {
            (true, _) => format!("still {uses}"),
            (false, true) => "still declares".to_owned(),
            (false, false) => format!("may still {use_}"),
        }
    }
}
