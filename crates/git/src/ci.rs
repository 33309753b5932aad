//! What a CI service says about the branch that a change is to be merged into.
//!
//! Knows names of variables and nothing else; whether the branch is in the clone is found out
//! later, by `base`.

/// Where a commit to compare with is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A branch of the remote, such as `main`.
    Branch(String),
    /// The full name of a commit.
    Commit(String),
}

impl Target {
    /// The branch name or the commit name.
    pub fn name(&self) -> &str {
        match self {
            Target::Branch(name) | Target::Commit(name) => name,
        }
    }
}

/// The base that a CI service names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiBase {
    /// The service, as people call it.
    pub service: &'static str,
    /// The variable that it came from.
    pub variable: &'static str,
    /// What the variable says.
    pub target: Target,
    /// The branch by its variable, where `target` is a commit that a clone may lack.
    pub branch: Option<(&'static str, String)>,
}

/// The base that the CI names in its variables, `None` outside CI and in builds of a branch.
///
/// - GitHub Actions: `GITHUB_BASE_REF`, set for pull requests; in a merge queue, the branch in
///   `GITHUB_REF`. Nothing for pushes.
/// - GitLab, in merge request pipelines: `CI_MERGE_REQUEST_TARGET_BRANCH_SHA` (set where `HEAD` is
///   the merged result), else `CI_MERGE_REQUEST_DIFF_BASE_SHA`, else
///   `CI_MERGE_REQUEST_TARGET_BRANCH_NAME`.
/// - Buildkite: `BUILDKITE_PULL_REQUEST_BASE_BRANCH`.
/// - CircleCI has no such variable. A pipeline may pass the pipeline value
///   `pipeline.event.github.pull_request.base.ref` on as `CIRCLE_BASE_BRANCH`; without it the
///   remote's default branch is taken.
pub fn base_from_ci(env: &dyn Fn(&str) -> Option<String>) -> Option<CiBase> {
    let get = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let branch = |service, variable| {
        let target = Target::Branch(get(variable)?);
        Some(CiBase { service, variable, target, branch: None })
    };
    branch("GitHub Actions", "GITHUB_BASE_REF")
        .or_else(|| {
            let target = Target::Branch(merge_queue_branch(&get("GITHUB_REF")?)?);
            Some(CiBase { service: "GitHub Actions", variable: "GITHUB_REF", target, branch: None })
        })
        .or_else(|| gitlab(&get))
        .or_else(|| branch("GitLab", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"))
        .or_else(|| branch("Buildkite", "BUILDKITE_PULL_REQUEST_BASE_BRANCH"))
        .or_else(|| branch("CircleCI", "CIRCLE_BASE_BRANCH"))
}

/// GitLab's commits: its clones are shallow and hold no branch of the remote but the built one, so
/// a commit is likelier to be there than the target branch.
fn gitlab(get: &dyn Fn(&str) -> Option<String>) -> Option<CiBase> {
    let names = ["CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"];
    let (variable, commit) = names.into_iter().find_map(|name| Some((name, get(name)?)))?;
    let branch_variable = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME";
    let branch = get(branch_variable).map(|name| (branch_variable, name));
    Some(CiBase { service: "GitLab", variable, target: Target::Commit(commit), branch })
}

/// `main` of `refs/heads/gh-readonly-queue/main/pr-7-0123abcd`.
fn merge_queue_branch(reference: &str) -> Option<String> {
    let (branch, _) = reference.strip_prefix("refs/heads/gh-readonly-queue/")?.rsplit_once("/pr-")?;
    Some(branch.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Option<(&str, &str, Target)>) {
        let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned());
        let found = base_from_ci(&env);
        let found = found.map(|base| (base.service, base.variable, base.target));
        assert_eq!(found, expected, "{variables:?}");
    }

    fn branch(name: &str) -> Target {
        Target::Branch(name.to_owned())
    }

    #[test]
    fn each_service_names_its_base() {
        check(&[], None);
        check(
            &[("GITHUB_ACTIONS", "true"), ("GITHUB_BASE_REF", "release/2")],
            Some(("GitHub Actions", "GITHUB_BASE_REF", branch("release/2"))),
        );
        check(&[("GITHUB_BASE_REF", ""), ("GITHUB_REF", "refs/heads/main")], None);
        check(
            &[("GITHUB_REF", "refs/heads/gh-readonly-queue/team/main/pr-104-8d2c")],
            Some(("GitHub Actions", "GITHUB_REF", branch("team/main"))),
        );
        check(
            &[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc")],
            Some(("GitLab", "CI_MERGE_REQUEST_DIFF_BASE_SHA", Target::Commit("abc".to_owned()))),
        );
        check(
            &[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "def"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc")],
            Some(("GitLab", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA", Target::Commit("def".to_owned()))),
        );
        check(
            &[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")],
            Some(("GitLab", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", branch("main"))),
        );
        check(
            &[("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "trunk")],
            Some(("Buildkite", "BUILDKITE_PULL_REQUEST_BASE_BRANCH", branch("trunk"))),
        );
        check(&[("CIRCLECI", "true"), ("CIRCLE_BRANCH", "topic")], None);
        check(
            &[("CIRCLECI", "true"), ("CIRCLE_BASE_BRANCH", "main")],
            Some(("CircleCI", "CIRCLE_BASE_BRANCH", branch("main"))),
        );
    }

    #[test]
    fn gitlab_keeps_the_branch_beside_the_commit() {
        let env = |name: &str| Some(name.strip_prefix("CI_MERGE_REQUEST_")?.to_owned());
        let base = base_from_ci(&env).expect("GitLab's variables are set");
        assert_eq!(
            base.branch,
            Some(("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "TARGET_BRANCH_NAME".to_owned()))
        );
    }
}
