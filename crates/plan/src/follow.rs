//! Statements that need what another part leaves behind: they go where that part has come to its end.

use crate::model::{Followers, Gate, Part, Phase, Stage};
use crate::site::Site;

/// What is said where two parts can't be put behind each other.
pub(crate) const TWICE: &str = "it needs what another change of the set leaves behind, and takes several deploys itself: put it into a migration of its own";

/// What a statement has to wait for: the last of the parts that it follows.
pub(crate) fn bound(parts: &[Part], at: usize) -> Option<Followers> {
    let all = parts.iter().filter_map(|part| part.followers.as_ref());
    let mine: Vec<&Followers> = all.filter(|one| one.statements.contains(&at)).collect();
    let phase = mine.iter().map(|one| one.phase).max()?;
    let mut gates: Vec<_> = mine.iter().flat_map(|one| one.gates.clone()).collect();
    gates.sort();
    gates.dedup();
    Some(Followers { statements: vec![at], phase, gates })
}

/// Whether something waits for the old app to be gone.
pub(crate) fn is_late(parts: &[Part]) -> bool {
    parts.iter().flat_map(|part| &part.stages).any(|stage| matches!(stage.phase, Phase::Contract(_)))
}

/// The first deploy after the old app is gone, with all that is waited for until then.
pub(crate) fn late(parts: &[Part], tag: &str) -> Followers {
    let stages = parts.iter().flat_map(|part| &part.stages);
    let mut gates: Vec<Gate> = stages
        .filter(|stage| matches!(stage.phase, Phase::Contract(_)))
        .flat_map(|stage| stage.gates.clone())
        .collect();
    gates.push(Gate::Deployed { migration: tag.to_owned() });
    gates.sort();
    gates.dedup();
    Followers { statements: Vec::new(), phase: Phase::Contract(1), gates }
}

/// Why a statement leaves the migration that nothing was found about.
pub(crate) const WHY: &str = "it needs what another statement of the migration leaves behind";

/// What a statement that leaves the migration is called: its first words.
pub(crate) fn title(site: Site<'_>) -> String {
    site.text().split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

/// A statement that nothing else was found about, in a later deploy.
pub(crate) fn alone(site: Site<'_>, bound: &Followers) -> Part {
    let part = site.part("follows", title(site), WHY);
    part.then(Stage::later(bound.phase, vec![site.text().to_owned()], bound.gates.clone()))
}

/// A part in a later deploy. `None` where that can't be told apart from what it does now.
pub(crate) fn moved(mut part: Part, bound: &Followers) -> Option<Part> {
    let now = |stage: &Stage| stage.phase < bound.phase;
    let acts = !part.here.is_empty() || part.stages.iter().any(now);
    if acts && (part.backfill.is_some() || part.followers.is_some() || !part.beside.is_empty()) {
        return None;
    }
    let mut stages = Vec::new();
    if !part.here.is_empty() {
        stages.push(Stage::later(bound.phase, std::mem::take(&mut part.here), bound.gates.clone()));
    }
    for mut stage in part.stages {
        if stage.phase < bound.phase {
            stage.phase = bound.phase;
            stage.gates.extend(bound.gates.iter().cloned());
            stage.gates.sort();
            stage.gates.dedup();
        }
        stages.push(stage);
    }
    part.stages = stages;
    Some(part)
}

impl Phase {
    /// The deploy after it.
    pub(crate) fn next(self) -> Phase {
        match self {
            Phase::Expand(_) => Phase::Contract(1),
            Phase::Contract(n) => Phase::Contract(n.saturating_add(1)),
        }
    }
}
