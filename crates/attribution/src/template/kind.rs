//! What a path segment is, by its shape.
//!
//! A kind is given only where chance hardly gives it, and by what all values of one population
//! share; otherwise one route would fall into two templates. Hence:
//!
//! - digits alone are an integer, whatever else they could be: one number in ten passes a payment
//!   card's check digit, and many numbers of eight digits are days. A card number is one when it is
//!   masked or written in groups;
//! - a language alone (`/fr`) is a literal: `/my`, `/id` and `/to` are languages too. With its
//!   region it is a locale;
//! - an opaque token must be long and change between upper case, lower case and digits oftener
//!   than words do: `getInternationalTransfers2` stays a literal. Short ones are left to be learned
//!   from how many there are;
//! - versions (`v2`, `1.0`) are literals, since there are few and they matter.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::paths::class::{DASH, DIGIT, DOT, LETTER, MARK, OTHER};

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Int,
    /// RFC 9562 section 4.
    Uuid,
    /// The ULID specification: 26 characters of Crockford's base 32, the first at most 7.
    Ulid,
    /// Eight hexadecimal digits or more.
    Hex,
    /// RFC 4648 section 5 (base64url), or another opaque text over its alphabet.
    Token,
    Date,
    Email,
    /// ISO 13616, electronic format.
    Iban,
    Ip,
    Locale,
    Card,
    /// Nothing known, and too long for a name in a program.
    Text,
}

/// How many kinds there are.
pub(crate) const KINDS: usize = Kind::Text as usize + 1;

impl Kind {
    const ALL: [Self; KINDS] = [
        Self::Int,
        Self::Uuid,
        Self::Ulid,
        Self::Hex,
        Self::Token,
        Self::Date,
        Self::Email,
        Self::Iban,
        Self::Ip,
        Self::Locale,
        Self::Card,
        Self::Text,
    ];

    /// The kind whose placeholder this is.
    pub(crate) fn of_placeholder(text: &[u8]) -> Option<Self> {
        if text.first() != Some(&b'{') {
            return None;
        }
        Self::ALL.into_iter().find(|kind| kind.placeholder() == text)
    }

    /// Whether its values are random characters, so that some of them look like something else.
    pub(crate) const fn is_opaque(self) -> bool {
        matches!(self, Self::Ulid | Self::Hex | Self::Token)
    }

    pub(crate) const fn placeholder(self) -> &'static [u8] {
        match self {
            Self::Int => b"{int}",
            Self::Uuid => b"{uuid}",
            Self::Ulid => b"{ulid}",
            Self::Hex => b"{hex}",
            Self::Token => b"{token}",
            Self::Date => b"{date}",
            Self::Email => b"{email}",
            Self::Iban => b"{iban}",
            Self::Ip => b"{ip}",
            Self::Locale => b"{locale}",
            Self::Card => b"{card}",
            Self::Text => b"{text}",
        }
    }
}

/// The longest untyped segment that is kept as it is, in bytes.
pub(super) const LONGEST_LITERAL: usize = 64;
const SHORTEST_HEX: usize = 8;
const SHORTEST_TOKEN: usize = 16;

/// The kind of a segment in normal form, made of bytes of these classes; `None` for a literal.
pub(crate) fn kind(segment: &[u8], classes: u8) -> Option<Kind> {
    let kind = if classes & (DASH | DOT | MARK | OTHER) == 0 {
        alphanumeric(segment, classes)
    } else if classes & (DOT | MARK | OTHER) == 0 {
        dashed(segment)
    } else if classes & (DOT | MARK | OTHER) == DOT {
        dotted(segment, classes)
    } else if classes & OTHER == 0 {
        marked(segment)
    } else {
        None
    };
    kind.or((segment.len() > LONGEST_LITERAL).then_some(Kind::Text))
}

fn alphanumeric(segment: &[u8], classes: u8) -> Option<Kind> {
    let length = segment.len();
    match classes {
        DIGIT => Some(Kind::Int),
        _ if length < SHORTEST_HEX => None,
        _ if classes & LETTER == 0 => Some(Kind::Hex),
        _ if classes & DIGIT == 0 && length < SHORTEST_TOKEN => None,
        _ if is_iban(segment) => Some(Kind::Iban),
        _ if is_ulid(segment) => Some(Kind::Ulid),
        _ if is_card(segment) => Some(Kind::Card),
        _ => is_token(segment).then_some(Kind::Token),
    }
}

fn dashed(segment: &[u8]) -> Option<Kind> {
    match segment {
        [b'-', digits @ ..] if all_digits(digits) => Some(Kind::Int),
        _ if is_uuid(segment) => Some(Kind::Uuid),
        _ if is_date(segment) => Some(Kind::Date),
        _ if is_locale(segment) => Some(Kind::Locale),
        _ if is_card(segment) => Some(Kind::Card),
        _ => is_token(segment).then_some(Kind::Token),
    }
}

fn dotted(segment: &[u8], classes: u8) -> Option<Kind> {
    match segment {
        // Names of files and packages.
        _ if classes != DIGIT | DOT => None,
        _ if is_date(segment) => Some(Kind::Date),
        _ => is_ip(segment).then_some(Kind::Ip),
    }
}

fn marked(segment: &[u8]) -> Option<Kind> {
    match segment {
        [b'+', digits @ ..] if all_digits(digits) => Some(Kind::Int),
        _ if is_date(segment) => Some(Kind::Date),
        _ if is_email(segment) => Some(Kind::Email),
        _ if is_ip(segment) => Some(Kind::Ip),
        _ if is_card(segment) => Some(Kind::Card),
        _ => is_token(segment).then_some(Kind::Token),
    }
}

fn all_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && [8, 13, 18, 23].iter().all(|&dash| text[dash] == b'-')
        && text.iter().filter(|byte| !byte.is_ascii_hexdigit()).count() == 4
}

fn is_ulid(text: &[u8]) -> bool {
    let crockford = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            && !matches!(byte.to_ascii_uppercase(), b'I' | b'L' | b'O' | b'U')
    };
    text.len() == 26 && matches!(text[0], b'0'..=b'7') && text.iter().all(crockford)
}

/// Two letters, two check digits and an account, upper case; the account and the country, letters
/// counted from A = 10, leave 1 when divided by 97. Norway has the shortest (15), the standard's
/// longest is 34.
fn is_iban(text: &[u8]) -> bool {
    let [a, b, c, d, ..] = text else { return false };
    let begins = a.is_ascii_uppercase() && b.is_ascii_uppercase() && all_digits(&[*c, *d]);
    if !begins || !(15..=34).contains(&text.len()) {
        return false;
    }
    let (country, account) = text.split_at(4);
    let rest = account.iter().chain(country).try_fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    });
    rest == Some(1)
}

/// A payment card's number in groups (4-4-4-4, or 4-6-5 as American Express has it), or masked:
/// the first four and last four digits shown, `X` or `*` between.
fn is_card(text: &[u8]) -> bool {
    let mut digits = [0u8; 20];
    let (mut count, mut groups, mut group) = (0, [0usize; 4], 0);
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'-' || rest.starts_with(b"20") && byte == b'%' {
            rest = if byte == b'%' { &rest[2..] } else { rest };
            group += 1;
        } else if (byte.is_ascii_digit() || matches!(byte, b'X' | b'x' | b'*')) && count < 19 {
            digits[count] = byte;
            count += 1;
            match groups.get_mut(group) {
                Some(length) => *length += 1,
                None => return false,
            }
        } else {
            return false;
        }
    }
    let number = &digits[..count];
    let masked = number.iter().filter(|byte| !byte.is_ascii_digit()).count();
    let ends_shown = count >= 13 && all_digits(&number[..4]) && all_digits(&number[count - 4..]);
    let grouped = matches!(groups, [4, 4, 4, 4] | [4, 6, 5, 0]);
    ends_shown && (grouped || group == 0 && masked >= 4)
}

/// A day or a month of the years 1900 to 2099 (`2026-10-01`, `01.10.2026`, `2026-10`), or a day
/// with a time behind it, as RFC 3339 writes it.
fn is_date(text: &[u8]) -> bool {
    let number = |digits: &[u8]| {
        let value = |sum: u32, digit: &u8| sum * 10 + u32::from(digit - b'0');
        all_digits(digits).then(|| digits.iter().fold(0, value))
    };
    let year = |y: &[u8]| number(y).is_some_and(|y| (1900..2100).contains(&y));
    let month = |m: &[u8]| number(m).is_some_and(|m| (1..=12).contains(&m));
    let day = |d: &[u8]| number(d).is_some_and(|d| (1..=31).contains(&d));
    let separator = |byte: u8| matches!(byte, b'-' | b'.' | b'_');
    if text.len() < 7 {
        return false;
    }
    if separator(text[4]) && year(&text[..4]) && month(&text[5..7]) {
        let Some((_, rest)) = text.split_at_checked(7).filter(|(_, rest)| !rest.is_empty()) else {
            return true;
        };
        let [dash, tens, ones, time @ ..] = rest else { return false };
        let time_ok = match time {
            [] => true,
            [b'T' | b't' | b'_', hour, time @ ..] => {
                hour.is_ascii_digit() && time.iter().all(|b| b"0123456789:.+-Zz%AB".contains(b))
            }
            _ => false,
        };
        return *dash == text[4] && day(&[*tens, *ones]) && time_ok;
    }
    text.len() == 10
        && separator(text[2])
        && text[2] == text[5]
        && year(&text[6..])
        && (day(&text[..2]) && month(&text[3..5]) || month(&text[..2]) && day(&text[3..5]))
}

fn is_email(text: &[u8]) -> bool {
    let (local, domain) = match memchr::memchr(b'@', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => match memchr::memmem::find(text, b"%40") {
            Some(at) => (&text[..at], &text[at + 3..]),
            None => return false,
        },
    };
    let label = |label: &[u8]| {
        !label.is_empty() && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    let Some(dot) = memchr::memrchr(b'.', domain) else { return false };
    let top = &domain[dot + 1..];
    !local.is_empty()
        && top.len() >= 2
        && top.iter().all(u8::is_ascii_alphabetic)
        && domain[..dot].split(|&b| b == b'.').all(label)
}

fn is_ip(text: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    text.len() <= 45 && (text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok())
}

/// Languages whose locales are also written in lower case (`/en-us/`). Others could be words.
const LANGUAGES: &[&[u8; 2]] = &[
    b"ar", b"bg", b"ca", b"cs", b"da", b"de", b"el", b"en", b"es", b"et", b"fi", b"fr", b"he",
    b"hr", b"hu", b"it", b"ja", b"ko", b"lt", b"lv", b"nb", b"nl", b"pl", b"pt", b"ro", b"ru",
    b"sk", b"sl", b"sv", b"th", b"tr", b"uk", b"vi", b"zh",
];

/// A language with its region or script: `fr-FR`, `fr_CA`, `zh-Hant-TW`, `es-419`, `en-us`
/// (RFC 5646, without its rarer parts).
fn is_locale(text: &[u8]) -> bool {
    let [a, b, b'-' | b'_', tail @ ..] = text else { return false };
    if !a.is_ascii_lowercase() || !b.is_ascii_lowercase() {
        return false;
    }
    let is_region = |r: &[u8]| r.len() == 2 && r.iter().all(u8::is_ascii_uppercase);
    let is_script = |s: &[u8]| {
        s.len() == 4 && s[0].is_ascii_uppercase() && s[1..].iter().all(u8::is_ascii_lowercase)
    };
    match tail {
        b"419" => true,
        [c, d] if c.is_ascii_lowercase() && d.is_ascii_lowercase() => {
            LANGUAGES.contains(&&[*a, *b])
        }
        [script @ .., b'-' | b'_', _, _] if script.len() == 4 => {
            is_script(script) && is_region(&tail[5..])
        }
        _ => is_region(tail) || is_script(tail),
    }
}

/// Whether a text over the alphabet of base64url, padded or not, reads like random characters.
///
/// Among 22 random characters (128 bits) 12 of 21 neighbours differ in class on average; words
/// joined by capitals stay below a quarter. A text without any digit must show more, since
/// acronyms in capitals change often. That misses one random text of 22 characters in 80, and of
/// 21 lower-case letters and digits one in 7: better a token too few than a route lost among them.
fn is_token(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"%3D%3D").or(text.strip_suffix(b"%3D")).unwrap_or(text);
    let text = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    if text.len() < SHORTEST_TOKEN {
        return false;
    }
    let (mut changes, mut digits, mut before) = (0usize, false, None);
    for byte in text {
        let class = match byte {
            b'0'..=b'9' => Some(0),
            b'a'..=b'z' => Some(1),
            b'A'..=b'Z' => Some(2),
            // What a separator parts are not neighbours: slugs are no tokens.
            b'-' | b'_' => None,
            _ => return false,
        };
        digits |= class == Some(0);
        changes += usize::from(class.is_some() && before.is_some() && class != before);
        before = class;
    }
    if digits { changes * 4 >= text.len() } else { changes * 20 >= text.len() * 9 }
}
