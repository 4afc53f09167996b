//! How far a JSON value reaches, so that it can be held whole and parsed: brackets and strings, and nothing of what is in them.
//!
//! It does not recurse. That a value is JSON is for its parser to say.

use std::io::Read;

use memchr::memchr2;

use super::{Fault, MAX_DEPTH, window::Window};

/// Goes behind the value that begins here.
pub(super) fn value<R: Read>(window: &mut Window<R>) -> Result<(), Fault> {
    match window.peek()? {
        Some(b'{' | b'[') => nested(window),
        Some(b'"') => string(window),
        Some(_) => word(window),
        None => Err(Fault::cut(window.here())),
    }
}

fn nested<R: Read>(window: &mut Window<R>) -> Result<(), Fault> {
    let mut depth = 0_usize;
    loop {
        let rest = window.rest()?;
        if rest.is_empty() {
            return Err(Fault::cut(window.line()));
        }
        let structural = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
        let Some(at) = rest.iter().position(structural) else {
            let all = rest.len();
            window.advance(all);
            continue;
        };
        let found = rest[at];
        window.advance(at);
        match found {
            b'"' => string(window)?,
            b'{' | b'[' => {
                depth += 1;
                window.advance(1);
            }
            _ => {
                depth -= 1;
                window.advance(1);
            }
        }
        if depth > MAX_DEPTH {
            return Err(Fault::deep(window.here()));
        }
        if depth == 0 {
            return Ok(());
        }
    }
}

/// Goes behind a string; a backslash takes the byte behind it with it.
pub(super) fn string<R: Read>(window: &mut Window<R>) -> Result<(), Fault> {
    window.advance(1);
    loop {
        let rest = window.rest()?;
        if rest.is_empty() {
            return Err(Fault::cut(window.line()));
        }
        match memchr2(b'"', b'\\', rest) {
            None => {
                let all = rest.len();
                window.advance(all);
            }
            Some(at) if rest[at] == b'"' => {
                window.advance(at + 1);
                return Ok(());
            }
            Some(at) => {
                window.advance(at + 1);
                window.peek()?;
                window.advance(1);
            }
        }
    }
}

fn word<R: Read>(window: &mut Window<R>) -> Result<(), Fault> {
    loop {
        let rest = window.rest()?;
        let end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\n' | b'\r');
        let found = rest.iter().position(end);
        let (length, ended) = (found.unwrap_or(rest.len()), found.is_some() || rest.is_empty());
        window.advance(length);
        if ended {
            return Ok(());
        }
    }
}
