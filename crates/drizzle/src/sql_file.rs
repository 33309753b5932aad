//! Reading one migration's SQL, and what its bytes may have wrong with them.
//!
//! Drizzle decodes a file as UTF-8 with replacement characters and sends it as it is, byte order
//! mark included. The text kept here has no byte order mark, so spans start at the first letter.

use crate::files::{FileError, Files, file_name};
use crate::say::{Say, say, say_path};
use crate::{literal, rules, split_chunks};
use source::{Diagnostic, Severity, SourceFile, Span};
use std::sync::Arc;

/// One SQL file as read.
pub(crate) struct SqlFile {
    pub file: Arc<SourceFile>,
    pub readable: bool,
    pub chunks: Vec<Span>,
    /// The file does not exist: the caller knows best how to say so.
    pub missing: bool,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the SQL of migration `tag`.
pub(crate) fn read_sql(files: &dyn Files, path: &str, tag: &str) -> SqlFile {
    let bytes = match files.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let missing = error == FileError::NotFound;
            let diagnostics = if missing { Vec::new() } else { vec![unreadable(path, tag, &error)] };
            let file = SourceFile::new(path, "");
            return SqlFile { file, readable: false, chunks: vec![Span::default()], missing, diagnostics };
        }
    };
    let decoded = source::decode(&bytes);
    let file = SourceFile::new(path, decoded.text);
    let mut diagnostics = Vec::new();
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        diagnostics.push(utf16(&file, tag));
    } else {
        if decoded.byte_order_mark {
            diagnostics.push(byte_order_mark(&file, tag));
        }
        if let Some(at) = decoded.invalid_at {
            diagnostics.push(invalid_utf8(&file, tag, at));
        }
        if let Some(at) = memchr::memchr(0, file.text.as_bytes()) {
            diagnostics.push(nul(&file, tag, at));
        }
    }
    diagnostics.extend(literal::cut_literals(&file, tag));
    let chunks = split_chunks(&file.text);
    SqlFile { file, readable: true, chunks, missing: false, diagnostics }
}

/// A path that exists, or should, and can't be read.
pub(crate) fn unreadable(path: &str, tag: &str, error: &FileError) -> Diagnostic {
    say_path(&rules::UNREADABLE_FILE, path, format!("`{path}` can't be read"))
        .why(error.to_string())
        .why("its statements were not judged")
        .fix("Make the file readable, then check again.")
        .of(tag)
}

fn byte_order_mark(file: &Arc<SourceFile>, tag: &str) -> Diagnostic {
    let end = file.text.chars().next().map_or(0, char::len_utf8);
    let name = file_name(&file.path);
    say(&rules::UNREADABLE_FILE, file, Span::new(0, end), format!("`{name}` begins with a byte order mark"))
        .why("Drizzle sends the mark along, and Postgres reads it as part of the first word: a syntax error (42601)")
        .why("the rest of the file was judged as if the mark were not there")
        .fix("Save the file as UTF-8 without byte order mark.")
        .of(tag)
}

fn invalid_utf8(file: &Arc<SourceFile>, tag: &str, at: u32) -> Diagnostic {
    let span = Span { start: at, end: at + '\u{fffd}'.len_utf8() as u32 };
    let what = format!("`{}` holds bytes that are not UTF-8", file_name(&file.path));
    let mut diagnostic = say(&rules::UNREADABLE_FILE, file, span, what)
        .why("Drizzle replaces each of them by U+FFFD before it sends the SQL, so names and values are changed")
        .fix("Save the file as UTF-8.")
        .label("first such byte")
        .of(tag);
    diagnostic.severity = Severity::Warning;
    diagnostic
}

fn utf16(file: &Arc<SourceFile>, tag: &str) -> Diagnostic {
    let what = format!("`{}` is UTF-16, not UTF-8", file_name(&file.path));
    say(&rules::UNREADABLE_FILE, file, Span::default(), what)
        .why("Drizzle reads every migration as UTF-8; Postgres gets zero bytes and rejects the message")
        .fix("Save the file as UTF-8 without byte order mark.")
        .of(tag)
}

fn nul(file: &Arc<SourceFile>, tag: &str, at: usize) -> Diagnostic {
    let what = format!("`{}` holds a zero byte", file_name(&file.path));
    say(&rules::UNREADABLE_FILE, file, Span::new(at, at + 1), what)
        .why("Postgres takes a zero byte for the end of the statement text and rejects the message (08P01)")
        .fix("Remove the byte.")
        .label("first zero byte")
        .of(tag)
}
