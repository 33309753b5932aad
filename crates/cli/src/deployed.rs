//! Which versions of the app are deployed: the command line says it, or `brolly.json` (by a command, if
//! need be), or else it is the base that migrations are compared with.

use crate::errors::Error;
use crate::settings_file::Found;
use settings::Deployed;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Versions by their names, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Tags, branches or commits.
    pub references: Vec<String>,
    /// `--deployed`, `brolly.json`, ``` `./bin/deployed` of brolly.json ```.
    pub why: String,
}

/// What is known of deployed versions; commands run once.
#[derive(Default)]
pub struct DeployedVersions {
    asked: Vec<String>,
    told: BTreeMap<(PathBuf, String), Vec<String>>,
}

/// A command that says what is deployed is given so long.
const LIMIT: Duration = Duration::from_secs(10);
/// More versions than this do not serve at once.
const MOST: usize = 20;

impl DeployedVersions {
    /// Whether the command line names some.
    pub fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// With those that the command line names.
    pub fn new(asked: &[String]) -> DeployedVersions {
        DeployedVersions { asked: asked.to_vec(), told: BTreeMap::new() }
    }

    /// Those that somebody names for a project with these settings; `None` where nobody does.
    pub fn named(&mut self, settings: &Found) -> Result<Option<Named>, Error> {
        if !self.asked.is_empty() {
            return Ok(Some(Named { references: self.asked.clone(), why: "--deployed".to_owned() }));
        }
        match &settings.settings.deployed {
            None => Ok(None),
            Some(Deployed::References(references)) => {
                Ok(Some(Named { references: references.clone(), why: settings.path.clone() }))
            }
            Some(Deployed::Command(line)) => {
                let dir = settings.dir.clone().unwrap_or_default();
                let why = format!("`{line}` of {}", settings.path);
                let key = (dir, line.clone());
                if let Some(told) = self.told.get(&key) {
                    return Ok(Some(Named { references: told.clone(), why }));
                }
                let printed = printed(&key.0, line, LIMIT)
                    .and_then(|text| references(&text))
                    .map_err(|message| Error::DeployedCommand { why: why.clone(), message })?;
                self.told.insert(key, printed.clone());
                Ok(Some(Named { references: printed, why }))
            }
        }
    }
}

/// What a command printed, one a line.
fn references(text: &str) -> Result<Vec<String>, String> {
    let lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    match lines.as_slice() {
        [] => Err("it printed nothing".to_owned()),
        lines if lines.len() > MOST => Err(format!("it printed {} lines, more than {MOST}", lines.len())),
        lines => match lines.iter().find(|line| line.contains(char::is_whitespace)) {
            Some(line) => Err(format!("`{line}` is no tag, branch or commit")),
            None => Ok(lines.to_vec()),
        },
    }
}

/// The output of a line for the shell, run in a folder and for no longer than it may take.
fn printed(dir: &Path, line: &str, limit: Duration) -> Result<String, String> {
    let mut child = shell(line)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("it could not be started: {error}"))?;
    // Read beside, and by nobody who is waited for: what the shell started may keep the pipes open.
    let (done, told) = mpsc::channel();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let errors = std::thread::spawn(move || all(err));
    std::thread::spawn(move || done.send(all(out)).ok());
    let Ok(text) = told.recv_timeout(limit) else {
        stop(&mut child);
        return Err(format!("it took longer than {} s, and was stopped", limit.as_secs()));
    };
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(text);
    }
    let said = errors.join().unwrap_or_default();
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(format!("it ended with {status}{}{}", if last.is_empty() { "" } else { ": " }, last.trim()))
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    use std::os::unix::process::CommandExt;
    #[expect(clippy::disallowed_methods, reason = "the settings name a command, and this is where it runs")]
    let mut command = Command::new("sh");
    // In a group of its own, so that all of it can be stopped.
    command.args(["-c", line]).process_group(0);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the settings name a command, and this is where it runs")]
    let mut command = Command::new("cmd");
    command.args(["/C", line]);
    command
}

fn stop(child: &mut std::process::Child) {
    #[cfg(unix)]
    {
        #[expect(clippy::disallowed_methods, reason = "std has no way to stop a group of processes")]
        let mut kill = Command::new("kill");
        let group = format!("-{}", child.id());
        kill.args(["-KILL", "--", &group]).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
    }
    child.kill().ok();
    child.wait().ok();
}

fn all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // Whoever prints this much prints no versions.
    pipe.map(|pipe| pipe.take(1 << 20).read_to_end(&mut bytes).ok());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reference_a_line() {
        let read = |text: &str| references(text).map(|found| found.join("|"));
        assert_eq!(read(" v2.41 \n\nv2.40\r\n"), Ok("v2.41|v2.40".to_owned()));
        assert_eq!(read("\n \n"), Err("it printed nothing".to_owned()));
        assert_eq!(read("no version"), Err("`no version` is no tag, branch or commit".to_owned()));
        assert_eq!(read(&"v\n".repeat(21)), Err("it printed 21 lines, more than 20".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn what_takes_too_long_is_stopped_with_all_that_it_started() {
        let dir = tempfile::tempdir().expect("a folder");
        let line = "(sleep 2; touch late) & sleep 2; touch late";
        let told = printed(dir.path(), line, Duration::from_secs(1));
        assert_eq!(told, Err("it took longer than 1 s, and was stopped".to_owned()));
        std::thread::sleep(Duration::from_millis(1500));
        assert!(!dir.path().join("late").exists());
        assert_eq!(printed(dir.path(), "echo v1; pwd >&2", LIMIT), Ok("v1\n".to_owned()));
    }
}
