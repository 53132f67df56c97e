//! The `tojson` filter as transformers defines it: `json.dumps` of Python, nothing escaped for HTML.

use std::io;

use minijinja::{Error, ErrorKind, State, Value};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Deepest indentation, in spaces.
const MAX_INDENT: usize = 16;
/// Bytes that one unit of fuel pays for.
const BYTES_PER_FUEL: usize = 64;

/// JSON of a value, on one line or with `indent` spaces per level.
///
/// # Errors
/// For a value that JSON has no form for, and when the budget of the rendering is used up.
pub(super) fn to_json(state: &mut State, value: Value, kwargs: minijinja::value::Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = kwargs.get("indent")?;
    // Escapes that transformers leaves out too unless it is asked for them.
    if kwargs.get::<Option<bool>>("ensure_ascii")? == Some(true) {
        return Err(Error::new(ErrorKind::InvalidOperation, "tojson(ensure_ascii=true) is not supported"));
    }
    kwargs.assert_all_used()?;
    let mut bytes = Vec::new();
    let written = match indent {
        None => value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced)),
        Some(width) => {
            let spaces = [b' '; MAX_INDENT];
            let indent = &spaces[..width.min(MAX_INDENT)];
            value.serialize(&mut Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(indent)))
        }
    };
    written.map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    state.consume_fuel(u64::try_from(bytes.len() / BYTES_PER_FUEL).unwrap_or(u64::MAX))?;
    String::from_utf8(bytes).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// Python's separators: `", "` and `": "`.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
