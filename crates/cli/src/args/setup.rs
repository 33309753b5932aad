//! The arguments of the commands that set brolly up (`init`, `completions`, `man`), and of `lint --also`.

use super::Format;
use clap::{Args, ValueEnum, ValueHint};
use std::str::FromStr;

pub(super) const INIT_EXAMPLES: &str = "\
Examples:
  npx brolly init                    brolly.json, a script and a CI job, whichever are not there yet
  npx brolly init --dry-run          what would be written
  npx brolly init --ci none          without a CI job

The job is for the service that the repository uses, by its files or by where it was cloned from.
package.json gets a script and nothing else; how to install brolly is said at the end.

Exit codes: 0 done, 2 could not do its job.";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  brolly completions bash > ~/.local/share/bash-completion/completions/brolly
  brolly completions zsh > \"${fpath[1]}/_brolly\"
  brolly completions fish > ~/.config/fish/completions/brolly.fish
  brolly completions powershell >> $PROFILE";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  brolly man | man -l -
  brolly man --out ~/.local/share/man/man1";

/// Arguments of `brolly init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// Write brolly.json and the CI job anew where they are there already.
    #[arg(long)]
    pub force: bool,
    /// The service to write a job for, instead of the one that the repository seems to use.
    #[arg(long, value_enum, value_name = "SERVICE")]
    pub ci: Option<Ci>,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// A CI service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ci {
    /// .github/workflows/brolly.yml
    Github,
    /// .gitlab/brolly.yml
    Gitlab,
    /// No job.
    None,
}

/// Arguments of `brolly completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell that is to complete.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `brolly man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Write brolly.1, brolly-lint.1 and so on into this folder.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<String>,
}

/// A format and the file that it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Also {
    /// How findings are written.
    pub format: Format,
    /// Where.
    pub file: String,
}

impl FromStr for Also {
    type Err = String;

    fn from_str(text: &str) -> Result<Also, String> {
        let Some((format, file)) = text.split_once('=').filter(|(_, file)| !file.is_empty()) else {
            return Err("write FORMAT=FILE, as in sarif=brolly.sarif".to_owned());
        };
        let format = Format::from_str(format, false).map_err(|_| {
            let names = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
            format!("`{format}` is no format: there are {}", names.join(", "))
        })?;
        Ok(Also { format, file: file.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_and_a_file() {
        let also = |format, file: &str| Ok(Also { format, file: file.to_owned() });
        assert_eq!("sarif=a/b=c.sarif".parse::<Also>(), also(Format::Sarif, "a/b=c.sarif"));
        assert_eq!("markdown=x.md".parse::<Also>(), also(Format::Markdown, "x.md"));
        for wrong in ["sarif", "sarif=", "xml=a.xml"] {
            assert!(wrong.parse::<Also>().is_err(), "{wrong}");
        }
    }
}
