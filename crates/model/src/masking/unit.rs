/// One byte of what was meant, and how many were logged for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) len: usize,
}

/// The byte at a place, percent-encoding (twice too: `%2540`) and the escapes of web servers and JSON
/// undone; `None` at the end.
pub(super) fn unit_at(line: &[u8], at: usize) -> Option<Unit> {
    let &byte = line.get(at)?;
    let decoded = match byte {
        b'%' => percent(line, at),
        b'\\' => escape(line, at),
        _ => None,
    };
    Some(decoded.unwrap_or(Unit { byte, len: 1 }))
}

fn percent(line: &[u8], at: usize) -> Option<Unit> {
    let mut digits = at + 1;
    loop {
        let byte = hex(line, digits)?;
        if byte == b'%' && hex(line, digits + 2).is_some() {
            digits += 2;
            continue;
        }
        return Some(Unit { byte, len: digits + 2 - at });
    }
}

fn escape(line: &[u8], at: usize) -> Option<Unit> {
    match line.get(at + 1)? {
        b'x' => hex(line, at + 2).map(|byte| Unit { byte, len: 4 }),
        b'u' => {
            let (high, low) = (hex(line, at + 2)?, hex(line, at + 4)?);
            // Which character beyond ASCII it is does not matter.
            Some(Unit { byte: if high == 0 { low } else { 0x80 }, len: 6 })
        }
        b'n' | b'r' | b't' | b'b' | b'f' => Some(Unit { byte: b'\n', len: 2 }),
        &byte @ (b'"' | b'\'' | b'\\' | b'/') => Some(Unit { byte, len: 2 }),
        _ => None,
    }
}

fn hex(line: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| line.get(at).and_then(|&byte| (byte as char).to_digit(16));
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

/// Whether a word goes on here.
pub(super) fn goes_on(line: &[u8], at: usize) -> bool {
    unit_at(line, at).is_some_and(|unit| unit.byte.is_ascii_alphanumeric())
}

/// Whether a digit stands here.
pub(super) fn is_digit(line: &[u8], at: usize) -> bool {
    unit_at(line, at).is_some_and(|unit| unit.byte.is_ascii_digit())
}

/// What may stand between the groups of a number.
pub(super) fn separator_at(line: &[u8], at: usize) -> Option<Unit> {
    unit_at(line, at).filter(|unit| matches!(unit.byte, b' ' | b'-' | b'+'))
}
