//! Names for people. Those for SQL are in `catalog::written`.

/// A name for messages: the schema `public` goes without saying.
pub(crate) fn shown(label: &str) -> &str {
    label.strip_prefix("public.").unwrap_or(label)
}

/// The words of a fact with its names as [`shown`].
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
        assert_eq!((shown("public.users"), shown("auth.users")), ("users", "auth.users"));
    }
}
