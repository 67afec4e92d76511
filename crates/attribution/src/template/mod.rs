//! Path templates that nobody declared.
//!
//! What is known from one path alone is told here: segments whose shape gives them away become
//! parameters at once. What only many paths together can tell (a short name is a parameter when
//! there are hundreds of it) has its place after this step, and works on these templates.

mod kind;

use kind::LONGEST_LITERAL;
pub(crate) use kind::{KINDS, Kind, kind};

use crate::learned::{At, Learned, Way};
use crate::paths::class::classes;
use crate::paths::{PathReader, Segments};

/// Segments that a template shows; what follows them is `{rest...}`.
const SHOWN: usize = 16;

/// Appends the template of `path` (without its query) to `out`: the path in normal form, with a
/// placeholder for each segment whose shape gives it away.
///
/// `{int}`, `{uuid}` (RFC 9562), `{ulid}`, `{hex}` (8 digits or more), `{token}` (base64url that
/// reads like random characters), `{date}`, `{email}`, `{iban}` (ISO 13616), `{ip}`, `{locale}`,
/// `{card}`, and `{text}` for what is longer than a program's names. Of a file name only what is
/// typed is replaced: `/css/app.css` stays, `/doc/1234.pdf` is `/doc/{int}.pdf`, and
/// `/js/app.3f2a9c1b.js` is `/js/app.{hex}.js`.
///
/// The answer has at most 16 segments of at most 64 bytes each and `{rest...}`. The template of a
/// template is itself. Nothing here knows the status: that a 404 makes no template is decided by
/// the step that learns.
pub fn template(path: &[u8], out: &mut Vec<u8>) {
    write_template(&PathReader::default().normal(path), &Learned::default(), out);
}

/// Writes the template of a path: as it was learned, where it was, or else by the shape of its
/// segments.
pub(crate) fn write_template(segments: &Segments<'_>, learned: &Learned, out: &mut Vec<u8>) {
    let start = out.len();
    let mut at = if segments.rooted { At::ROOT } else { At::OFF };
    let mut name = Vec::new();
    for segment in segments.first.iter().take(SHOWN) {
        if segments.rooted || out.len() > start {
            out.push(b'/');
        }
        let bytes = segments.bytes(*segment);
        let seen = classes(bytes);
        let written = out.len();
        at = match learned.way(at, bytes, seen, &mut name) {
            Way::Open(shown) => {
                out.extend_from_slice(shown);
                learned.open(at)
            }
            Way::Kind(kind) => {
                out.extend_from_slice(kind.placeholder());
                learned.kind(at, kind)
            }
            Way::Literal => {
                out.extend_from_slice(bytes);
                learned.literal(at, bytes)
            }
            Way::Shape => match shape(bytes, seen) {
                Some(kind) => {
                    out.extend_from_slice(kind.placeholder());
                    learned.kind(at, kind)
                }
                None => {
                    write_name(bytes, out);
                    learned.literal(at, &out[written..])
                }
            },
        };
    }
    if segments.first.is_empty() {
        out.push(b'/');
    }
    if segments.first.len() > SHOWN {
        out.extend_from_slice(b"/{rest...}");
    }
}

/// The kind of a segment, or of the segments that a placeholder stands for.
pub(crate) fn shape(segment: &[u8], classes: u8) -> Option<Kind> {
    Kind::of_placeholder(segment).or_else(|| kind(segment, classes))
}

/// Appends a literal; of what looks like a file, its typed parts as placeholders.
pub(crate) fn write_name(name: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    match memchr::memrchr(b'.', name) {
        Some(dot) if is_extension(&name[dot + 1..]) => {
            write_stem(&name[..dot], out);
            out.extend_from_slice(&name[dot..]);
        }
        _ => out.extend_from_slice(name),
    }
    // `{int}` is longer than the four digits it may stand for.
    if out.len() - start > LONGEST_LITERAL {
        out.truncate(start);
        out.extend_from_slice(Kind::Text.placeholder());
    }
}

/// `css`, `woff2`; not the end of a version (`1.x`, `2.10`, `2.0b1`).
pub(crate) fn is_extension(text: &[u8]) -> bool {
    (2..=8).contains(&text.len())
        && text.iter().all(u8::is_ascii_alphanumeric)
        && text[0].is_ascii_alphabetic()
}

/// The name of a file without its extension: typed as a whole, or else in its parts, as builds
/// put hashes there (`app.3f2a9c1b`, `main-3f2a9c1b.chunk`).
fn write_stem(stem: &[u8], out: &mut Vec<u8>) {
    if let Some(kind) = kind(stem, classes(stem)) {
        return out.extend_from_slice(kind.placeholder());
    }
    for (at, part) in stem.split(|&b| b == b'.').enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        match kind(part, classes(part)) {
            Some(kind @ (Kind::Hex | Kind::Uuid | Kind::Ulid | Kind::Token)) => {
                out.extend_from_slice(kind.placeholder());
            }
            _ => write_suffixed(part, out),
        }
    }
}

fn write_suffixed(part: &[u8], out: &mut Vec<u8>) {
    let (name, suffix) = match memchr::memrchr2(b'-', b'_', part) {
        Some(dash) => part.split_at(dash + 1),
        None => (part, b"".as_slice()),
    };
    match kind(suffix, classes(suffix)) {
        // A short number is a version or a size more often than an identifier.
        Some(kind @ (Kind::Hex | Kind::Int)) if suffix.len() >= 4 => {
            out.extend_from_slice(name);
            out.extend_from_slice(kind.placeholder());
        }
        _ => out.extend_from_slice(part),
    }
}

#[cfg(test)]
mod tests;
