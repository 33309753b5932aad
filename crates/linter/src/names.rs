//! Names for people. Those for SQL are in `catalog::written`.

/// The words of a fact with its names without the schema `public`.
pub(crate) fn plain(words: &str) -> String {
    words.replace("public.", "")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }
}
