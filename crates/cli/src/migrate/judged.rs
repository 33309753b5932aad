//! What is pending, judged: once for all databases in which the same is pending.

use super::gates::{Needs, needs};
use super::human::some;
use super::look::Ready;
use crate::args::{Choice as ChoiceArguments, MigrateArguments};
use crate::backfill::{backfills, is_of};
use crate::disk::Disk;
use crate::errors::Error;
use crate::judge::{Choice, Judge, Selected, unread};
use crate::projects::Target;
use crate::settings_file::Found;
use facts::{Analysis, Runner};
use report::HumanOptions;
use runner::Begun;
use runner::backfill::Job;
use runner::standing::Standing;
use source::{Diagnostic, Severity};

/// A pending set that is judged.
pub struct Judged {
    /// The project in the order in which the databases meet it.
    pub selected: Selected,
    /// What is known of it.
    pub analysis: Analysis,
    /// What of it earlier runs have begun.
    pub begun: Vec<Begun>,
    /// What has to be so before it runs.
    pub needs: Vec<Needs>,
    /// The backfills of its migrations.
    pub backfills: Vec<Job>,
    /// Where it names the schema `public`, which tenants share.
    pub public: Option<String>,
    /// What `lint` has errors about.
    pub errors: Vec<Diagnostic>,
    /// The places that it is pending in.
    pub places: Vec<usize>,
}

/// Everything that judging goes by.
pub struct Bench<'a> {
    /// The disk.
    pub disk: &'a Disk,
    /// The arguments.
    pub wanted: &'a MigrateArguments,
    /// The settings of the project.
    pub settings: &'a Found,
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The project.
    pub target: &'a Target,
}

impl Bench<'_> {
    /// The pending sets of these places, each once.
    pub fn all(&self, ready: &[(usize, &Ready)]) -> Result<Vec<Judged>, Error> {
        let mut groups: Vec<(&Ready, Vec<usize>)> = Vec::new();
        for (at, one) in ready {
            let like = |(other, _): &&mut (&Ready, Vec<usize>)| is_alike(other, one);
            match groups.iter_mut().find(like) {
                Some((_, places)) => places.push(*at),
                None => groups.push((one, vec![*at])),
            }
        }
        groups.into_iter().map(|(one, places)| self.judged(one, places)).collect()
    }

    fn judged(&self, ready: &Ready, places: Vec<usize>) -> Result<Judged, Error> {
        let options = ready.seen.options(self.wanted.server.options(&self.settings.settings));
        let selected =
            selected(self.disk, self.target.clone(), &ready.standing, self.wanted, self.settings, self.env)?;
        let analysis = facts::analyze(&selected.project, &selected.sets, &options);
        runnable(&analysis)?;
        let errors = errors_of(&selected, &analysis, self.settings);
        let needs = needs(self.disk, &selected.project, &analysis.sets[0].migrations);
        // A file that can't be read is for `brolly backfill` to complain of.
        let mut backfills = backfills(self.disk, &selected.project).0;
        let tags = selected.judged().map(|migration| migration.tag.as_str()).collect::<Vec<_>>();
        backfills.retain(|job| tags.iter().any(|tag| is_of(job, tag)));
        let public = naming_public(&analysis);
        let begun = ready.seen.begun.clone();
        Ok(Judged { selected, analysis, begun, needs, backfills, public, errors, places })
    }
}

/// Where a statement names the schema `public`: a file, and the line in it.
pub fn naming_public(analysis: &Analysis) -> Option<String> {
    analysis.steps.iter().find_map(|step| {
        let text = step.span.of(&step.file.text);
        let at = public_in(text)?;
        let line = step.file.position(step.span.start + at).line;
        Some(format!("{}:{line}", step.file.path))
    })
}

/// Where a text of SQL goes on with a dot behind `public`, in the bodies of functions too.
fn public_in(text: &str) -> Option<u32> {
    let tokens = sql::tokens(text);
    let of = |token: &sql::Token| token.span.of(text);
    tokens.iter().enumerate().find_map(|(at, token)| {
        match token.kind {
            sql::TokenKind::Word if of(token).eq_ignore_ascii_case("public") => Some((at, token)),
            sql::TokenKind::Quoted if of(token) == "\"public\"" => Some((at, token)),
            sql::TokenKind::DollarString if public_in(of(token).trim_matches('$')).is_some() => {
                Some((usize::MAX, token))
            }
            _ => None,
        }
        .filter(|(at, _)| *at == usize::MAX || tokens.get(at + 1).is_some_and(|next| of(next) == "."))
        .map(|(_, token)| token.span.start)
    })
}

/// Whether the same runs on two databases.
fn is_alike(one: &Ready, other: &Ready) -> bool {
    one.standing.pending == other.standing.pending
        && one.standing.applied == other.standing.applied
        && one.seen.version == other.seen.version
        && one.seen.time_zone == other.seen.time_zone
        && one.seen.begun == other.seen.begun
}

impl Judged {
    /// What to do about errors in migrations of `brolly contract`, which asked every deployed version before it made
    /// them: this database is behind, and nobody said which version serves there.
    pub fn behind(&self, wanted: &MigrateArguments) -> Option<String> {
        let is_made = |tag: &str| {
            let all = &self.selected.project.migrations;
            all.iter().any(|one| one.tag == tag && linter::is_promoted(&one.file.text))
        };
        let mut tags = self.errors.iter().filter_map(|error| error.migration.as_deref());
        let tag = tags.find(|tag| wanted.deployed.is_empty() && is_made(tag))?;
        Some(format!(
            "{tag} was made by brolly contract once every deployed version had what it waits for, and is judged here by the \
             schema that this database has: --deployed REF names the version that serves here"
        ))
    }

    /// Whether an earlier run has done this statement, by index into [`Analysis::steps`].
    pub fn is_done(&self, step: usize) -> bool {
        let step = &self.analysis.steps[step];
        let mut begun = self.begun.iter().filter(|one| !one.back && one.tag == step.tag);
        begun.any(|one| one.left.get(&step.index).is_some_and(|mark| mark.done))
    }

    /// What `lint` has errors about, as people read it; with the names of the targets, where there are several.
    pub fn report(&self, names: &[&str], paper: &HumanOptions) -> Option<String> {
        if self.errors.is_empty() {
            return None;
        }
        let run = report::Run {
            migrations: self.selected.judged().map(|migration| migration.tag.clone()).collect(),
            postgres: self.analysis.options.version.0,
            ..report::Run::default()
        };
        let text = report::human(&self.errors, &run, paper);
        Some(if names.is_empty() { text } else { format!("in {}:\n{text}", some(names)) })
    }
}

fn selected(
    disk: &Disk,
    target: Target,
    standing: &Standing,
    wanted: &MigrateArguments,
    settings: &Found,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Selected, Error> {
    let choice = ChoiceArguments { deployed: wanted.deployed.clone(), ..ChoiceArguments::default() };
    let mut judge = Judge::new(disk, Choice::New, &choice, env);
    let text = "pending by the ledger".to_owned();
    let selected = judge.pending(target, standing, settings, text)?;
    match unread(&selected) {
        (unread, _) if unread.is_empty() => Ok(selected),
        (unread, _) => Err(Error::CannotMigrate { what: unread.join("\n") }),
    }
}

/// Nothing of the set is beyond what can be run unit by unit, where that is how it runs.
pub fn runnable(analysis: &Analysis) -> Result<(), Error> {
    if analysis.options.runner != Runner::Brolly {
        return Ok(());
    }
    let Some(step) = runner::taken_back(analysis).map(|step| &analysis.steps[step]) else { return Ok(()) };
    let line = step.file.position(step.span.start).line;
    let what = format!("{}:{line}: ROLLBACK takes the work of its own migration back", step.file.path);
    Err(Error::CannotMigrate { what })
}

/// What `lint` has errors about.
fn errors_of(selected: &Selected, analysis: &Analysis, settings: &Found) -> Vec<Diagnostic> {
    let found = linter::accept(linter::lint(analysis, &selected.project), analysis, &selected.project);
    let found = linter::weigh(found, &settings.weights());
    found.into_iter().filter(|one| one.severity == Severity::Error && one.accepted.is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::public_in;

    #[test]
    fn a_schema_is_named_before_a_dot() {
        for text in [
            "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES \"public\".\"b\"(id)",
            "SELECT * FROM Public.a",
            "CREATE FUNCTION f() RETURNS void AS $f$ UPDATE public.a SET b = 1 $f$ LANGUAGE sql",
        ] {
            assert!(public_in(text).is_some(), "{text}");
        }
        for text in ["SELECT public FROM a", "GRANT SELECT ON a TO public", "SELECT 'public.a' -- public.a"] {
            assert_eq!(public_in(text), None, "{text}");
        }
    }
}
