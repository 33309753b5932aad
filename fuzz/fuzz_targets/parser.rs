//! Parsing and lowering: any text ends, and every span lies in it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parsed = sql::parse(text, 0);
    let inside = |start: u32, end: u32| start <= end && end as usize <= text.len();
    for statement in &parsed.statements {
        assert!(inside(statement.span.start, statement.span.end));
    }
    for error in &parsed.errors {
        assert!(inside(error.span.start, error.span.end));
    }
});
