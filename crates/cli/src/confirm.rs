//! Asks at a terminal whether to go on.

use crate::errors::Error;
use std::io::{BufRead, IsTerminal, Write};

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Go on.
    Yes,
    /// Don't.
    No,
    /// There is nobody to ask.
    Nobody,
}

/// Asks whether to do what was shown, unless something ends the program meanwhile.
///
/// Errors: [`Error::NotAgreed`] where nobody says yes, or nobody is there; [`pg::Error::Interrupted`].
pub async fn agreed(question: &str) -> Result<(), Error> {
    let hint = match pg::unless_interrupted(confirmed(question)).await? {
        Answer::Yes => return Ok(()),
        Answer::No => "",
        Answer::Nobody => ": there is no terminal to ask at\n  --yes agrees to what is shown above",
    };
    Err(Error::NotAgreed { hint })
}

/// Asks, on the error stream. Waits in a thread of its own, so that what runs beside it (signals) goes
/// on; the thread is left behind where nobody answers.
async fn confirmed(question: &str) -> Answer {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Answer::Nobody;
    }
    let mut errors = std::io::stderr();
    let _ = write!(errors, "{question} [y/N] ").and_then(|()| errors.flush());
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let _ = sender.send(if read.is_ok() && agrees(&line) { Answer::Yes } else { Answer::No });
    });
    answer.await.unwrap_or(Answer::No)
}

fn agrees(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for yes in ["y\n", "Y\r\n", " yes \n"] {
            assert!(agrees(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yep\n", "ja\n"] {
            assert!(!agrees(no), "{no:?}");
        }
    }
}
