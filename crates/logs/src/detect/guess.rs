//! The common formats with something added at the end, told by its look.
//!
//! A line is taken apart as `combined` (or `common`, with a virtual host before it or not), then
//! each word or quoted text after it is looked at, in all lines of the sample. The guess is a
//! format that a person could have written, so it can be shown, and put into a configuration.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use crate::time::CLF;

/// The formats of Apache's or nginx's that the lines seem to have, the one of most lines first: a
/// file may go over from one to another.
pub(super) fn formats(lines: &[&[u8]]) -> Vec<String> {
    let mut alike: BTreeMap<String, Vec<Parts<'_>>> = BTreeMap::new();
    for parts in lines.iter().filter_map(|line| Parts::of(&line[crate::syslog::prefix(line)..])) {
        alike.entry(parts.shape()).or_default().push(parts);
    }
    let mut alike: Vec<_> = alike.into_values().collect();
    alike.sort_by_key(|parts| Reverse(parts.len()));
    alike.iter().filter_map(|parts| format(parts)).collect()
}

/// The format of lines that are alike.
fn format(parts: &[Parts<'_>]) -> Option<String> {
    let first = parts.first()?;
    let columns: Vec<Column> = (0..first.tail.len())
        .map(|number| Column::of(parts.iter().filter_map(|parts| parts.tail.get(number))))
        .collect();
    let is_nginx = first.ident == b"-" && columns.iter().any(|c| c.look == Look::Decimal);
    Some(if is_nginx { nginx(first, &columns) } else { apache(first, &columns) })
}

/// A line that begins as `common` does.
struct Parts<'l> {
    host: Host,
    ident: &'l [u8],
    /// Whether referer and user agent follow the common part.
    is_combined: bool,
    /// What follows that.
    tail: Vec<Token<'l>>,
}

/// What stands before the address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    None,
    Name,
    NameAndPort,
}

/// A word, or a text in quotes, perhaps with `name=` before it.
#[derive(Clone, Copy)]
struct Token<'l> {
    name: &'l [u8],
    is_quoted: bool,
    text: &'l [u8],
}

impl<'l> Parts<'l> {
    fn of(line: &'l [u8]) -> Option<Self> {
        let open = memchr::memchr(b'[', line)?;
        let words: Vec<&[u8]> = line[..open].trim_ascii_end().split(|&b| b == b' ').collect();
        let (host, ident) = match words.as_slice() {
            [_, b"-", _, ..] => (Host::None, &b"-"[..]),
            [name, _, b"-", _, ..] if has_port(name) => (Host::NameAndPort, &b"-"[..]),
            [_, _, b"-", _, ..] => (Host::Name, &b"-"[..]),
            [_, ident, _] => (Host::None, *ident),
            _ => return None,
        };
        let rest = line.get(open + 1 + CLF..)?.strip_prefix(b"] ")?;
        let mut tokens = Vec::new();
        let mut rest = rest.trim_ascii_end();
        while !rest.is_empty() {
            let (token, after) = token(rest)?;
            tokens.push(token);
            rest = after;
        }
        let [request, status, bytes, ..] = tokens.as_slice() else { return None };
        let is_common = request.is_quoted && [status, bytes].iter().all(|t| t.is_number_or_dash());
        let is_combined = matches!(tokens.get(3..5), Some([a, b]) if a.is_plain() && b.is_plain());
        let tail = tokens.split_off(if is_combined { 5 } else { 3 });
        is_common.then_some(Self { host, ident, is_combined, tail })
    }

    /// The same for all lines of one format.
    fn shape(&self) -> String {
        let mut shape = format!("{}{}", self.host as u8, u8::from(self.is_combined));
        for token in &self.tail {
            shape.push(if token.is_quoted { '"' } else { '-' });
            shape.extend(token.name.iter().map(|&b| char::from(b)));
        }
        shape
    }
}

fn has_port(host: &[u8]) -> bool {
    let colon = memchr::memrchr(b':', host);
    colon.is_some_and(|at| at + 1 < host.len() && host[at + 1..].iter().all(u8::is_ascii_digit))
}

/// The first token of `text`, which is not empty, and what follows the blank after it.
fn token(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let is_name = |b: &u8| b.is_ascii_lowercase() || *b == b'_';
    let length = text.iter().position(|b| !is_name(b)).unwrap_or(text.len());
    let (name, value) = match text.get(length) {
        Some(b'=') if length > 0 => text.split_at(length + 1),
        _ => (&b""[..], text),
    };
    let is_quoted = value.first() == Some(&b'"');
    let (text, after) = if is_quoted {
        let mut end = 1;
        while *value.get(end)? != b'"' {
            end += if value[end] == b'\\' { 2 } else { 1 };
        }
        (&value[1..end], &value[end + 1..])
    } else {
        value.split_at(memchr::memchr(b' ', value).unwrap_or(value.len()))
    };
    let token = Token { name, is_quoted, text };
    match after {
        [] => Some((token, after)),
        [b' ', after @ ..] => Some((token, after)),
        _ => None,
    }
}

impl Token<'_> {
    fn is_number_or_dash(&self) -> bool {
        let is_bare = !self.is_quoted && self.name.is_empty();
        is_bare && (self.text == b"-" || self.text.iter().all(u8::is_ascii_digit))
    }

    /// A quoted text without a name.
    fn is_plain(&self) -> bool {
        self.is_quoted && self.name.is_empty()
    }
}

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// `-` or nothing, in all lines.
    Empty,
    Integer,
    Decimal,
    Addresses,
    AddressAndPort,
    TraceParent,
    AmazonTrace,
    Id,
    Other,
}

/// One token of all lines.
struct Column {
    name: String,
    is_quoted: bool,
    look: Look,
    /// The greatest of its whole numbers.
    greatest: u64,
}

impl Column {
    fn of<'l>(tokens: impl Iterator<Item = &'l Token<'l>>) -> Self {
        let mut column =
            Self { name: String::new(), is_quoted: false, look: Look::Empty, greatest: 0 };
        let mut texts = HashSet::new();
        let mut count = 0;
        for token in tokens {
            column.name = String::from_utf8_lossy(token.name).into_owned();
            column.is_quoted = token.is_quoted;
            let look = look(token.text);
            column.look = column.look.and(look);
            if look != Look::Empty {
                texts.insert(token.text);
                count += 1;
            }
            if let Some(number) = std::str::from_utf8(token.text).ok().and_then(|t| t.parse().ok())
            {
                column.greatest = column.greatest.max(number);
            }
        }
        // Words that hardly ever repeat identify something. Clients that make their own ids may
        // well make bad ones; a tenth of such lines does not hide the others.
        let is_word = |text: &&&[u8]| {
            is_id(text) || (text.len() >= 4 && !text.contains(&b' ') && has_digit(text))
        };
        let words = texts.iter().filter(is_word).count();
        if column.look == Look::Other && count >= 3 && words * 10 >= count * 9 {
            column.look = Look::Id;
        }
        column
    }
}

impl Look {
    /// What a column is that holds both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, look) | (look, Self::Empty) => look,
            (a, b) if a == b => a,
            (Self::Integer, Self::Decimal) | (Self::Decimal, Self::Integer) => Self::Decimal,
            // An id of hexadecimal digits may happen to have decimal ones alone.
            (Self::Integer, Self::Id) | (Self::Id, Self::Integer) => Self::Id,
            _ => Self::Other,
        }
    }
}

fn look(text: &[u8]) -> Look {
    use crate::request_id::RequestIdKind::{AmazonTrace, TraceParent};
    use dolmen_model::RequestId::Is;
    match text {
        b"" | b"-" => Look::Empty,
        _ if is_decimal(text) => Look::Decimal,
        _ if text.len() <= 15 && text.iter().all(u8::is_ascii_digit) => Look::Integer,
        _ if matches!(TraceParent.extract(text), Is(_)) => Look::TraceParent,
        _ if matches!(AmazonTrace.extract(text), Is(_)) => Look::AmazonTrace,
        _ if text.split(|&b| b == b',').all(is_address) => Look::Addresses,
        _ if has_port(text) && is_address(crate::program::without_port(text)) => {
            Look::AddressAndPort
        }
        _ if is_id(text) => Look::Id,
        _ => Look::Other,
    }
}

fn is_decimal(text: &[u8]) -> bool {
    let mut halves = text.splitn(2, |&b| b == b'.');
    let is_digits = |half: &[u8]| !half.is_empty() && half.iter().all(u8::is_ascii_digit);
    matches!((halves.next(), halves.next()), (Some(a), Some(b)) if is_digits(a) && is_digits(b))
}

fn is_address(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text.trim_ascii());
    text.is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

fn has_digit(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit)
}

/// Hexadecimal digits in groups (UUIDs, nginx's `$request_id`, HAProxy's `%ID`), mod_unique_id's
/// letters, or a ULID.
fn is_id(text: &[u8]) -> bool {
    let is_hex = |b: &u8| b.is_ascii_hexdigit() || b"-:_.".contains(b);
    let has = |wanted: fn(&u8) -> bool| text.iter().any(wanted);
    if text.len() >= 16 && text.iter().all(is_hex) {
        return has_digit(text);
    }
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"@-_".contains(b);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let is_unique_id = matches!(text.len(), 24 | 27) && text.iter().all(is_base64) && is_mixed;
    let is_upper = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let is_ulid = text.len() == 26 && text.iter().all(is_upper);
    // The ids that mod_unique_id makes within a second share most of their letters, so that all of
    // them may be without a digit.
    is_unique_id || (has_digit(text) && is_ulid)
}

/// `%h - %u …` and what the columns are.
fn apache(parts: &Parts<'_>, columns: &[Column]) -> String {
    let mut format = String::from(match parts.host {
        Host::None => "",
        Host::Name => "%v ",
        Host::NameAndPort => "%v:%p ",
    });
    let ident = if parts.ident == b"-" { "-" } else { "%l" };
    format.push_str(&format!("%h {ident} %u %t \"%r\" %>s %b"));
    if parts.is_combined {
        format.push_str(r#" "%{Referer}i" "%{User-Agent}i""#);
    }
    // mod_logio's two counters stand together, and first.
    let leading = columns.iter().take_while(|c| c.look == Look::Integer && !c.is_quoted).count();
    let mut durations = 0;
    for (number, column) in columns.iter().enumerate() {
        let directive = match column.look {
            Look::Integer if leading >= 2 && number == 0 => "%I",
            Look::Integer if leading >= 2 && number == 1 => "%O",
            Look::Integer => {
                durations += 1;
                match durations {
                    // No request takes so few microseconds, in all lines of a sample.
                    1 if column.greatest < 100 => "%T",
                    1 => "%D",
                    _ => "%{unknown}n",
                }
            }
            Look::TraceParent => "%{traceparent}i",
            Look::AmazonTrace => "%{X-Amzn-Trace-Id}i",
            Look::Id => "%{X-Request-Id}i",
            // So nginx's own example of a format ends.
            Look::Addresses => "%{X-Forwarded-For}i",
            Look::Empty if column.is_quoted && number == 0 => "%{X-Forwarded-For}i",
            Look::Empty | Look::Decimal | Look::AddressAndPort | Look::Other => "%{unknown}n",
        };
        push(&mut format, column, directive);
    }
    format
}

/// `$remote_addr - $remote_user …`: the format of a server that logs fractions of a second.
fn nginx(parts: &Parts<'_>, columns: &[Column]) -> String {
    let mut format = String::from(match parts.host {
        Host::None => "",
        Host::Name => "$host ",
        Host::NameAndPort => "$host:$server_port ",
    });
    format.push_str(
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent"#,
    );
    if parts.is_combined {
        format.push_str(r#" "$http_referer" "$http_user_agent""#);
    }
    let mut durations = 0;
    for (number, column) in columns.iter().enumerate() {
        let variable = match column.look {
            Look::Decimal => {
                durations += 1;
                if durations == 1 { "$request_time" } else { "$upstream_response_time" }
            }
            Look::TraceParent => "$http_traceparent",
            Look::AmazonTrace => "$http_x_amzn_trace_id",
            Look::Id => "$request_id",
            Look::Addresses => "$http_x_forwarded_for",
            Look::Empty if column.is_quoted && number == 0 => "$http_x_forwarded_for",
            Look::AddressAndPort => "$upstream_addr",
            Look::Integer | Look::Empty | Look::Other => "$unknown",
        };
        push(&mut format, column, variable);
    }
    format
}

fn push(format: &mut String, column: &Column, field: &str) {
    let quote = if column.is_quoted { "\"" } else { "" };
    for part in [" ", &column.name, quote, field, quote] {
        format.push_str(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(ids: &[&str]) -> String {
        let line = |id: &&str| {
            format!(
                r#"192.0.2.7 - - [02/Mar/2026:08:15:01 +0000] "GET / HTTP/1.1" 200 3 "-" "curl/8" "{id}" 99"#
            )
        };
        let lines: Vec<String> = ids.iter().map(line).collect();
        let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        formats(&lines).remove(0)
    }

    #[test]
    fn ids_of_one_second_may_have_no_digit_between_them() {
        let made: Vec<String> =
            ('a'..'t').map(|n| format!("awIsMDxVPqMobogkxpxTOQAAAA{n}")).collect();
        let mut ids: Vec<&str> = made.iter().map(String::as_str).collect();
        assert!(guessed(&ids).contains("X-Request-Id"));
        ids.push("made by a client");
        assert!(guessed(&ids).contains("X-Request-Id"));
    }

    #[test]
    fn some_bad_ids_do_not_hide_the_others() {
        let made: Vec<String> = (0..9).map(|n| format!("awIsMD0VPqMobogk7p1TOQAAAA{n}")).collect();
        let mut ids: Vec<&str> = made.iter().map(String::as_str).collect();
        ids.push("no id");
        assert!(guessed(&ids).contains("X-Request-Id"));
        // Of what repeats more often nobody knows.
        ids.push("no id");
        assert!(!guessed(&ids).contains("X-Request-Id"));
    }
}
