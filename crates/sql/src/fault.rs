//! Where the parser stopped, which its safe interface does not tell.

#![allow(unsafe_code)]

use pg_raw_parse::raw;
use std::ffi::{CStr, CString};
use std::ptr;

/// The message of a failed parse and the place of the fault, counted in characters from 1 (0 where
/// it is unknown). `None` if `text` parses after all.
pub(crate) fn fault(text: &CString) -> Option<(String, usize)> {
    // SAFETY: initializes thread-local state of the C library; has no precondition.
    unsafe { raw::pg_query_init() };
    // SAFETY: the name is a constant string, as the function demands; without a parent nobody else
    // frees the context.
    let context = unsafe {
        raw::AllocSetContextCreateInternal(
            ptr::null_mut(),
            c"brolly fault".as_ptr(),
            raw::ALLOCSET_DEFAULT_MINSIZE as raw::Size,
            raw::ALLOCSET_DEFAULT_INITSIZE as raw::Size,
            raw::ALLOCSET_DEFAULT_MAXSIZE as raw::Size,
        )
    };
    // SAFETY: the context was made above; the C function catches its own errors and nothing in
    // between panics, so that the previous context always comes back.
    let result = unsafe {
        let previous = raw::MemoryContextSwitchTo(context);
        let result =
            raw::pg_query_raw_parse(text.as_ptr(), raw::PgQueryParseMode::PG_QUERY_PARSE_DEFAULT as _);
        raw::MemoryContextSwitchTo(previous);
        result
    };
    // SAFETY: a non-null error was made by malloc and is freed once, after its message, a C string,
    // was copied. Nothing points into the context any more.
    unsafe {
        let found = result.error.as_ref().map(|error| {
            let message = CStr::from_ptr(error.message).to_string_lossy().into_owned();
            (message, usize::try_from(error.cursorpos).unwrap_or(0))
        });
        if !result.error.is_null() {
            raw::pg_query_free_error(result.error);
        }
        raw::MemoryContextDelete(context);
        found
    }
}
