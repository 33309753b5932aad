//! The arguments of a command: what stands behind flags, and the command in those of another.

/// The words behind `NAME=value`.
pub(crate) fn without_assignments<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let is = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| !name.starts_with('-') && !name.contains(['/', ' ']))
    };
    &words[words.iter().take_while(|word| is(word)).count()..]
}

/// The words behind the flags at the beginning.
pub(crate) fn without_flags<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    &words[words.iter().take_while(|word| word.starts_with('-')).count()..]
}

/// What stands behind `--`.
pub(crate) fn behind<'a, 'b>(words: &'a [&'b str]) -> Option<&'a [&'b str]> {
    words.iter().position(|word| *word == "--").map(|at| &words[at + 1..])
}

/// What stands behind the first of some flags.
pub(crate) fn after<'a, 'b>(words: &'a [&'b str], flags: &[&str]) -> &'a [&'b str] {
    words.iter().position(|word| flags.contains(word)).map_or(&[], |at| &words[at + 1..])
}

/// The command in the arguments of a wrapper that needs no `--`.
pub(crate) fn wrapped<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let mut words = words;
    while let Some((word, rest)) = words.split_first() {
        words = match *word {
            "run" | "-o" | "--override" | "--silent" => rest,
            flag if flag.starts_with('-') && flag.contains('=') => rest,
            flag if flag.starts_with('-') => rest.get(1..).unwrap_or(&[]),
            _ => return words,
        };
    }
    words
}

/// The command in the arguments of something that starts a container.
pub(crate) fn inner<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    const KNOWN: &[&str] =
        &["npm", "pnpm", "yarn", "bun", "npx", "bunx", "node", "tsx", "drizzle-kit", "sh", "bash"];
    words.iter().position(|word| KNOWN.contains(word)).map_or(&[], |at| &words[at..])
}

/// The arguments that are no flags.
pub(crate) fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().filter(|word| !word.starts_with('-')).collect()
}
