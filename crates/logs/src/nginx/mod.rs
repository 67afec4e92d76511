//! nginx's `log_format`.

mod variable;

use crate::FormatError;
use crate::escape::Escapes;
use crate::paste::{Escape, Spelling};
use crate::program::{Absent, Class, Field, Piece, Program, Slot, ValueKind};

/// nginx's own default, which it calls `combined`.
pub(crate) const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

/// Compiles a `log_format` string. Where `escape=` is not told, a format that is a JSON object was
/// written with `escape=json`, any other with the default.
pub(crate) fn compile(format: &Spelling, escape: Option<Escape>) -> Result<Program, FormatError> {
    let is_object = format.bytes().trim_ascii().starts_with(b"{");
    let escape = escape.unwrap_or(if is_object { Escape::Json } else { Escape::Default });
    let (escapes, absent) = match escape {
        Escape::Default => (Escapes::Nginx, Absent::Dash),
        Escape::Json => (Escapes::Json, Absent::Nothing),
        Escape::None => (Escapes::None, Absent::Nothing),
    };
    Ok(Program::new(escapes, pieces(format, absent)?).absent(absent))
}

fn pieces(format: &Spelling, absent: Absent) -> Result<Vec<Piece>, FormatError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < format.bytes().len() {
        let rest = &format.bytes()[at..];
        if rest[0] != b'$' {
            let length = memchr::memchr(b'$', rest).unwrap_or(rest.len());
            pieces.push(Piece::text(&rest[..length]));
            at += length;
            continue;
        }
        let braces = usize::from(rest.get(1) == Some(&b'{'));
        let start = at + 1 + braces;
        let length = format.bytes()[start..].iter().take_while(|b| is_name(**b)).count();
        let end = start + length;
        if length == 0 {
            let message = "a variable's name must follow `$`, as in `$remote_addr`; nginx cannot \
                           log a dollar sign as it is";
            return Err(format.error(at..at + 1, message));
        }
        if braces == 1 && format.bytes().get(end) != Some(&b'}') {
            return Err(format.error(at..end, "this `${` is never closed"));
        }
        let name = format.text(start..end);
        push(&mut pieces, variable::field(name), absent);
        at = end + braces;
    }
    Ok(pieces)
}

/// Whether `text` has a variable that means something.
pub(crate) fn has_known_variable(text: &str) -> bool {
    text.split('$').skip(1).any(|rest| {
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let length = name.bytes().take_while(|b| is_name(*b)).count();
        variable::field(&name[..length]).slot != Slot::Ignored
    })
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// `$uri$is_args$args` is one field.
fn push(pieces: &mut Vec<Piece>, field: Field, absent: Absent) {
    let is_query = field.slot == Slot::Query || &*field.name == "$is_args";
    match pieces.last_mut() {
        Some(Piece::Field(path)) if is_query && joins(path, &field) => {
            let mut names = match std::mem::take(&mut path.kind) {
                ValueKind::Target(names) => names.into_vec(),
                _ => vec![path.name.clone()],
            };
            names.push(field.name.clone());
            let slot = match absent {
                Absent::Dash if names.len() == 3 => Slot::PathAndArgs,
                _ => Slot::Target,
            };
            *path = Field::new(names.concat(), Class::Text, slot)
                .rank(path.rank)
                .kind(ValueKind::Target(names.into()));
        }
        _ => pieces.push(Piece::Field(field)),
    }
}

/// Whether `field` follows `path` as the next piece of a target.
fn joins(path: &Field, field: &Field) -> bool {
    match &path.kind {
        ValueKind::Target(names) => names.len() == 2 && field.slot == Slot::Query,
        _ => path.slot == Slot::Path && &*field.name == "$is_args",
    }
}
