//! What the file of a way back says: read from its comments, whoever wrote them.

use super::check::is_said;
use super::words;
use catalog::Difference;

/// What is to know about a way back, by the words of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What is lost.
    pub lost: Vec<String>,
    /// What is not undone.
    pub not_reversed: Vec<String>,
    /// What makes it fail.
    pub fails: Vec<String>,
}

impl Said {
    /// Reads the comments of a file.
    pub fn of(file: &str) -> Said {
        let after = |word: &str| {
            let lines = file.lines().filter_map(|line| line.trim().strip_prefix("-- ")?.strip_prefix(word));
            lines.map(str::to_owned).collect()
        };
        Said { lost: after("lost: "), not_reversed: after("not reversed: "), fails: after("fails if: ") }
    }

    /// Whether it says of a difference from the schema before that it stays.
    pub fn is_left(&self, difference: &Difference) -> bool {
        is_said(difference, &self.not_reversed.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Whether it says of a column (`users.name`), or of all of its table, that its values are not what they were.
    pub fn is_lost(&self, column: &str) -> bool {
        let table = column.rsplit_once('.').map_or(column, |(table, _)| table);
        let mut said = self.lost.iter().chain(&self.not_reversed);
        said.any(|text| words_of(text).any(|word| word == column || word == table))
    }

    /// Whether it says that rows may keep it from running.
    pub fn may_fail(&self) -> bool {
        !self.fails.is_empty() || self.lost.iter().any(|text| text.contains("makes this fail"))
    }
}

/// A difference that is left behind a way back, seen from the schema before, in words.
pub fn left(difference: &Difference) -> String {
    words::difference(difference)
}

/// The words of a text, names as they are.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_whoever_wrote_them() {
        let file = "-- brolly rollback of 0001_x\n\nBEGIN;\n  -- lost: the values of users.nick\n\
                    -- not reversed: the rows that UPDATE changed in posts\nSELECT 1; -- fails if: no\n\
                    -- fails if: a row of users has no value\nCOMMIT;\n";
        let said = Said::of(file);
        assert_eq!(said.lost, ["the values of users.nick"]);
        assert_eq!(said.fails, ["a row of users has no value"]);
        assert!(said.may_fail());
        assert!(said.is_lost("users.nick") && said.is_lost("posts.id"));
        assert!(!said.is_lost("users.id") && !said.is_lost("users.nickname"));
    }
}
