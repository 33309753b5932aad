//! The CI job. On GitHub it is the action of this repository, on GitLab the npm package; where
//! package.json depends on brolly, what the lock file says is installed and used.

use super::around::{Around, Manager, Package};
use super::{Plans, package};
use crate::args::{Ci, InitArguments};
use crate::disk::Disk;
use drizzle::join;
use std::fmt::Write;

const GITHUB: &str = include_str!("../../templates/github.yml");
const GITLAB: &str = include_str!("../../templates/gitlab.yml");
/// Where the templates have the steps that install; the line goes.
const INSTALL: &str = "# {install}\n";

/// Plans the job, and says what has to be done by hand.
pub fn job(disk: &Disk, around: &Around, wanted: &InitArguments, plans: &mut Plans) {
    let top = around.top.as_str();
    // Only where the job starts are packages installed: elsewhere brolly is fetched by itself.
    let package = around.package.as_ref().filter(|package| package.dir == top && package::depends(disk, top));
    match around.ci {
        Some(Ci::Github) => {
            let path = join(top, ".github/workflows/brolly.yml");
            plans.file(disk, path, github(package), wanted.force);
        }
        Some(Ci::Gitlab) => {
            plans.file(disk, join(top, ".gitlab/brolly.yml"), gitlab(package), wanted.force);
            let main = join(top, ".gitlab-ci.yml");
            match disk.text(&main) {
                None => {
                    let text = "include:\n  - local: .gitlab/brolly.yml\n".to_owned();
                    plans.file(disk, main, text, false);
                }
                Some(text) if text.contains(".gitlab/brolly.yml") => {}
                Some(_) => {
                    plans.next.push(format!("add to {main}:  include: [{{ local: .gitlab/brolly.yml }}]"))
                }
            }
        }
        Some(Ci::None) | None => {}
    }
}

fn github(package: Option<&Package>) -> String {
    let mut steps = String::new();
    if let Some(Package { manager, .. }) = package {
        let (uses, with) = match manager {
            Manager::Bun => ("oven-sh/setup-bun@v2", ""),
            _ => ("actions/setup-node@v5", "        with:\n          node-version: 24\n"),
        };
        let _ = write!(steps, "      - uses: {uses}\n{with}");
        for run in install(*manager) {
            let _ = writeln!(steps, "      - run: {run}");
        }
    }
    GITHUB.replace(&format!("      {INSTALL}"), &steps)
}

fn gitlab(package: Option<&Package>) -> String {
    let mut steps = String::new();
    let run = match package {
        Some(Package { manager, .. }) => {
            if *manager == Manager::Bun {
                steps.push_str("    - npm install --global bun\n");
            }
            for run in install(*manager) {
                let _ = writeln!(steps, "    - {run}");
            }
            format!("{} brolly", manager.exec())
        }
        None => format!("npx --yes brolly@{}", env!("CARGO_PKG_VERSION")),
    };
    GITLAB.replace(&format!("    {INSTALL}"), &steps).replace("{brolly}", &run)
}

/// The commands that install.
fn install(manager: Manager) -> Vec<&'static str> {
    match manager {
        Manager::Pnpm { .. } | Manager::Yarn | Manager::YarnClassic => {
            vec!["corepack enable", manager.install()]
        }
        Manager::Npm | Manager::Bun => vec![manager.install()],
    }
}
