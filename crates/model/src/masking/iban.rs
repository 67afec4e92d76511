//! International bank account numbers (ISO 13616).

use super::unit::{goes_on, separator_at, unit_at};

/// Countries, and how many characters an IBAN of theirs has (the registry of November 2026).
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// The end of the IBAN that starts here, where one does: in one piece or in groups of four, in capital
/// letters or small ones.
pub(super) fn end(line: &[u8], start: usize) -> Option<usize> {
    let mut characters = Vec::new();
    let mut at = read(line, start, 4, &mut characters)?;
    let &[first, second, third, fourth] = &characters[..] else { return None };
    if !third.is_ascii_digit() || !fourth.is_ascii_digit() {
        return None;
    }
    let country = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    let &(_, length) = LENGTHS.iter().find(|(name, _)| **name == country)?;
    match separator_at(line, at) {
        None => at = read(line, at, length - 4, &mut characters)?,
        Some(separator) => {
            while characters.len() < length {
                let next = separator_at(line, at).filter(|next| next.byte == separator.byte)?;
                let wanted = (length - characters.len()).min(4);
                at = read(line, at + next.len, wanted, &mut characters)?;
            }
        }
    }
    (!goes_on(line, at) && !is_id(&characters) && remainder(&characters) == 1).then_some(at)
}

/// Reads so many letters and digits.
fn read(line: &[u8], start: usize, wanted: usize, into: &mut Vec<u8>) -> Option<usize> {
    let mut at = start;
    for _ in 0..wanted {
        let unit = unit_at(line, at).filter(|unit| unit.byte.is_ascii_alphanumeric())?;
        into.push(unit.byte);
        at += unit.len;
    }
    Some(at)
}

/// Whether it looks like an id in hexadecimal digits: nobody's account is spelled in small letters up
/// to `f` alone.
fn is_id(characters: &[u8]) -> bool {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    characters.iter().all(is_hex) && characters[4..].iter().any(u8::is_ascii_lowercase)
}

/// Modulo 97 (ISO 7064), the first four characters put last, letters as 10 to 35.
fn remainder(characters: &[u8]) -> u32 {
    let (head, account) = characters.split_at(4);
    account.iter().chain(head).fold(0, |remainder, &byte| {
        let value = (byte as char).to_digit(36).unwrap_or(0);
        let shift = if value > 9 { 100 } else { 10 };
        (remainder * shift + value) % 97
    })
}
