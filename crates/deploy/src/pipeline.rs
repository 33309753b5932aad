//! A workflow as jobs and steps, whichever service runs it.

use crate::scripts::Text;
use crate::{github, gitlab, yaml};
use source::{SourceFile, Span};
use std::sync::Arc;

/// A file of jobs.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) file: Arc<SourceFile>,
    /// Its name and that of its file.
    pub(crate) name: String,
    /// Names of the branches and environments that it is for.
    pub(crate) branches: String,
    /// Whether it runs for pull requests and nothing else.
    pub(crate) aside: bool,
    /// The branches whose pushes start it.
    pub(crate) pushed: Vec<String>,
    /// Whether a push has to touch certain files.
    pub(crate) filtered: bool,
    pub(crate) jobs: Vec<Job>,
}

/// Steps in order.
#[derive(Debug, Default)]
pub(crate) struct Job {
    pub id: String,
    /// All that says what it is for: id, name, environment.
    pub name: String,
    /// The jobs that it waits for, if it says so.
    pub needs: Option<Vec<String>>,
    /// Where it stands in the order of stages.
    pub stage: Option<usize>,
    pub steps: Vec<Step>,
    /// The file of jobs that it stands for.
    pub calls: Option<Text>,
    /// Whether it runs for pull requests only.
    pub aside: bool,
    /// Under which condition it runs, as it is written.
    pub condition: String,
    /// Whether it starts a database of its own.
    pub own_database: bool,
    /// Values of its environment.
    pub env: Vec<String>,
}

/// One step.
#[derive(Debug)]
pub(crate) struct Step {
    pub name: String,
    /// Where it stands.
    pub span: Span,
    pub doing: Doing,
    /// Whether it runs for pull requests only.
    pub aside: bool,
    /// Values of its environment.
    pub env: Vec<String>,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Doing {
    /// Commands; `far` where they run on a server.
    Commands { text: Text, far: bool },
    /// An action that deploys.
    Deploys(Text),
    /// An action of another kind.
    Other,
}

/// Reads a GitHub workflow, or GitLab's file by its name; `None` where it is neither.
pub(crate) fn pipeline(file: &Arc<SourceFile>) -> Option<Pipeline> {
    let tree = yaml::parse(&file.text)?;
    match file.path.rsplit('/').next() {
        Some(".gitlab-ci.yml" | ".gitlab-ci.yaml") => Some(gitlab::read(file, &tree)),
        _ => github::read(file, &tree),
    }
}

impl Pipeline {
    /// Whether one job ends before another begins.
    pub(crate) fn precedes(&self, first: usize, second: usize) -> bool {
        let mut seen = vec![false; self.jobs.len()];
        let mut open = vec![second];
        while let Some(at) = open.pop() {
            for before in self.before(at) {
                if before == first {
                    return true;
                }
                if !std::mem::replace(&mut seen[before], true) {
                    open.push(before);
                }
            }
        }
        false
    }

    fn before(&self, at: usize) -> Vec<usize> {
        let job = &self.jobs[at];
        let waits = |other: &Job| match (&job.needs, job.stage, other.stage) {
            (Some(needs), ..) => needs.contains(&other.id),
            (None, Some(own), Some(stage)) => stage < own,
            _ => false,
        };
        (0..self.jobs.len()).filter(|other| *other != at && waits(&self.jobs[*other])).collect()
    }
}
