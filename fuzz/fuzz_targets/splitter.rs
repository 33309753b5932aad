//! Drizzle's cut: the chunks and markers together are the text again.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let chunks = drizzle::split_chunks(text);
    let pieces: Vec<&str> = chunks.iter().map(|span| span.of(text)).collect();
    assert_eq!(pieces.join(drizzle::BREAKPOINT), text);
    for token in sql::tokens(text) {
        assert!(text.get(token.span.start as usize..token.span.end as usize).is_some());
    }
});
