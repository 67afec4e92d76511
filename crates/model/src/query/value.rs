//! What stands after a field: how it is written, and what it means for that field.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::{IpNet, Ipv4Net};

use super::Field;
use super::atom::{Alternative, JoinedWord};
use super::field::Kind;
use super::parse::Fault;
use super::pattern::Pattern;
use super::units::{self, NotANumber};
use crate::nearest;

/// A value as it was written.
#[derive(Debug)]
pub(super) struct Written<'q> {
    /// Its place in the query, quotes included.
    at: Range<usize>,
    /// It as written, without quotes.
    raw: &'q str,
    quoted: bool,
    /// The texts between its wildcards, escapes undone.
    pieces: Vec<String>,
}

/// Reads the value at `start`, and says where it ends.
pub(super) fn read(text: &str, start: usize, field: Field) -> Result<(Written<'_>, usize), Fault> {
    let quoted = text[start..].starts_with('"');
    let from = start + usize::from(quoted);
    let mut pieces = vec![String::new()];
    let mut chars = text[from..].char_indices();
    let end = loop {
        let Some((offset, c)) = chars.next() else {
            if quoted {
                return Err(Fault::new(start..start + 1, "this quote is never closed"));
            }
            break text.len();
        };
        let at = from + offset;
        match c {
            '"' if quoted => break at,
            '\\' => match chars.next() {
                Some((_, escaped @ ('*' | '"' | '\\'))) => push(&mut pieces, escaped),
                next => {
                    let end = next.map_or(text.len(), |(offset, c)| from + offset + c.len_utf8());
                    let message = "a backslash stands before `*`, `\"` or `\\` only; \
                                   the backslash itself is written `\\\\`";
                    return Err(Fault::new(at..end, message));
                }
            },
            '*' => pieces.push(String::new()),
            c if !quoted && (c.is_whitespace() || matches!(c, '(' | ')' | '"')) => break at,
            c => push(&mut pieces, c),
        }
    };
    let at = start..end + usize::from(quoted);
    let written = Written { raw: &text[from..end], at: at.clone(), quoted, pieces };
    written.check(field)?;
    Ok((written, at.end))
}

fn push(pieces: &mut [String], c: char) {
    if let Some(piece) = pieces.last_mut() {
        piece.push(c);
    }
}

impl Written<'_> {
    fn check(&self, field: Field) -> Result<(), Fault> {
        let name = field.name();
        if self.raw.is_empty() {
            let message = if self.quoted {
                format!("write `{name}:unknown` for what the log does not name")
            } else {
                format!("expected a value for `{name}` here")
            };
            return Err(Fault::new(self.at.clone(), message));
        }
        let reserved = |word| !self.quoted && self.raw.eq_ignore_ascii_case(word);
        if ["and", "or", "not"].into_iter().any(reserved) {
            let message = format!(
                "expected a value for `{name}`; put `{}` in quotes if that is the value",
                self.raw
            );
            return Err(Fault::new(self.at.clone(), message));
        }
        Ok(())
    }

    fn fault(&self, message: String) -> Fault {
        Fault::new(self.at.clone(), message)
    }

    /// The text, where it has no wildcard.
    fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// A value after `field:`.
pub(super) fn alternative(field: Field, written: Written<'_>) -> Result<Alternative, Fault> {
    if !written.quoted && written.raw.eq_ignore_ascii_case("unknown") {
        return Ok(Alternative::Unknown);
    }
    let kind = field.kind();
    let pattern = Pattern::new(written.pieces.clone(), kind.ignores_case());
    if pattern.is_anything() {
        return Ok(Alternative::Known);
    }
    match kind {
        Kind::Text | Kind::CaselessText | Kind::Endpoint => Ok(Alternative::Text(pattern)),
        Kind::Address => address(&written, pattern),
        Kind::Status | Kind::Duration | Kind::Size => {
            number(field, &written).map(Alternative::Number)
        }
        Kind::Joined => joined(&written),
    }
}

fn address(written: &Written<'_>, pattern: Pattern) -> Result<Alternative, Fault> {
    let Some(text) = written.literal() else {
        return Ok(Alternative::Text(pattern));
    };
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Alternative::Network(IpNet::from(address.to_canonical())));
    }
    if let Ok(network) = text.parse::<IpNet>() {
        return Ok(Alternative::Network(canonical(network)));
    }
    let is_numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if text.contains('/') || is_numeric {
        let message = format!(
            "`{text}` is no address and no network: write `10.0.9.4`, `10.0.9.0/24`, `10.0.*` or a \
             host name"
        );
        return Err(written.fault(message));
    }
    Ok(Alternative::Text(pattern))
}

/// Without host bits; a network of IPv4 addresses mapped into IPv6 is the IPv4 network.
fn canonical(network: IpNet) -> IpNet {
    let network = network.trunc();
    if let (IpAddr::V4(address), IpNet::V6(mapped)) = (network.addr().to_canonical(), network)
        && let Some(prefix) = mapped.prefix_len().checked_sub(96)
        && let Ok(mapped) = Ipv4Net::new(address, prefix)
    {
        return mapped.into();
    }
    network
}

fn joined(written: &Written<'_>) -> Result<Alternative, Fault> {
    let words = || JoinedWord::ALL.into_iter().map(JoinedWord::word);
    let found = JoinedWord::ALL.into_iter().find(|word| word.word() == written.raw);
    found.map(Alternative::Joined).ok_or_else(|| {
        let meant = nearest(written.raw, words())
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let all: Vec<&str> = words().collect();
        written.fault(format!("`joined` is one of {}{meant}", all.join(", ")))
    })
}

/// A number of an ordered field, in its unit.
pub(super) fn number(field: Field, written: &Written<'_>) -> Result<u64, Fault> {
    let name = field.name();
    let Some(text) = written.literal() else {
        let message = match field.kind() {
            Kind::Status => "a status has no wildcard: write `status>=500 and status<600`".into(),
            _ => format!("`{name}` has no wildcard: compare it, as in `{name}>…`"),
        };
        return Err(written.fault(message));
    };
    if !written.quoted && text.eq_ignore_ascii_case("unknown") {
        return Err(written.fault(format!("what is unknown has no order: write `{name}:unknown`")));
    }
    let result = match field.kind() {
        Kind::Duration => units::duration(text),
        Kind::Size => units::size(text),
        _ => units::number(text).and_then(|status| match status {
            0..=999 => Ok(status),
            _ => Err(NotANumber::TooLarge),
        }),
    };
    result.map_err(|why| written.fault(not_a_number(field, text, why)))
}

fn not_a_number(field: Field, text: &str, why: NotANumber) -> String {
    let (what, units) = match field.kind() {
        Kind::Duration => ("a duration, such as `1.5s` or `250ms`", units::DURATIONS),
        Kind::Size => ("a size, such as `10kB` or `1.5MiB`", units::SIZES),
        _ => ("a status, such as `404`", &[][..]),
    };
    match why {
        NotANumber::Digits => format!("expected {what}, not `{text}`"),
        NotANumber::TooLarge => format!("`{text}` is too large for {what}"),
        NotANumber::TooFine => format!("`{text}` is finer than dolmen measures"),
        NotANumber::NoUnit | NotANumber::Unit => {
            let names: Vec<&str> = units.iter().rev().map(|(name, _)| *name).collect();
            format!("expected {what}; the units are {}", names.join(", "))
        }
    }
}
