//! Cutting a migration file into the chunks that Drizzle sends one by one.
//!
//! Drizzle cuts at a plain substring, anywhere: inside literals, bodies and comments too. Nothing
//! is trimmed and empty chunks are sent. This module does exactly that and has no opinion;
//! `literal` says where the cut does harm.

use source::Span;

/// The marker that Drizzle cuts at.
pub const BREAKPOINT: &str = "--> statement-breakpoint";

/// The chunks of a migration file, as byte spans, markers left out.
pub fn split_chunks(text: &str) -> Vec<Span> {
    let mut chunks = Vec::new();
    let mut start = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), BREAKPOINT) {
        chunks.push(Span::new(start, at));
        start = at + BREAKPOINT.len();
    }
    chunks.push(Span::new(start, text.len()));
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_the_exact_marker_only() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[""]),
            ("a;--> statement-breakpoint\nb;", &["a;", "\nb;"]),
            ("--> statement-breakpoint", &["", ""]),
            ("a -->statement-breakpoint b", &["a -->statement-breakpoint b"]),
            ("a --> STATEMENT-BREAKPOINT b", &["a --> STATEMENT-BREAKPOINT b"]),
            ("'x --> statement-breakpoint' c", &["'x ", "' c"]),
            ("---> statement-breakpoint--> statement-breakpoint", &["-", "", ""]),
        ];
        for (text, expected) in cases {
            let chunks: Vec<&str> = split_chunks(text).iter().map(|span| span.of(text)).collect();
            assert_eq!(&chunks, expected, "{text}");
        }
    }
}
