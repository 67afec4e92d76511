//! What servers do to a text before they log it, undone.

/// How a log escapes what a client sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// Written as it came.
    #[default]
    None,
    /// Apache: `\xhh`, `\"`, `\\` and C's letters.
    Apache,
    /// nginx: `\xHH` alone.
    Nginx,
    /// HAProxy: `#hh`.
    HaProxy,
    /// JSON strings: `\"`, `\\`, `\/`, `\n`, `\u00e9`, …
    Json,
}

impl Escapes {
    /// Whether a quote after a backslash belongs to the text.
    pub(crate) fn quotes(self) -> bool {
        matches!(self, Self::Apache | Self::Json)
    }

    /// What an escape begins with.
    pub(crate) fn mark(self) -> u8 {
        if self == Self::HaProxy { b'#' } else { b'\\' }
    }

    /// Appends `text` to `out` without its escapes. What is no escape stays as it is.
    pub(crate) fn undo(self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = text;
        while let Some(at) = memchr::memchr(self.mark(), rest) {
            out.extend_from_slice(&rest[..at]);
            let taken = match self {
                Self::None => 0,
                Self::Apache => apache(&rest[at + 1..], out),
                Self::Nginx => hex(&rest[at + 1..], out),
                Self::HaProxy => two_digits(&rest[at + 1..], out),
                Self::Json => json(&rest[at + 1..], out),
            };
            if taken == 0 {
                out.push(self.mark());
            }
            rest = &rest[at + 1 + taken..];
        }
        out.extend_from_slice(rest);
    }
}

/// Undoes the escape that stands in `text` after its backslash; how many bytes it took.
fn apache(text: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match text.first() {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'v') => 0x0b,
        Some(&quoted @ (b'"' | b'\\')) => quoted,
        Some(b'x') => return hex(text, out),
        _ => return 0,
    };
    out.push(byte);
    1
}

/// `x22`.
fn hex(text: &[u8], out: &mut Vec<u8>) -> usize {
    match text.strip_prefix(b"x").map(|digits| two_digits(digits, out)) {
        Some(2) => 3,
        _ => 0,
    }
}

/// `22`.
fn two_digits(text: &[u8], out: &mut Vec<u8>) -> usize {
    let [high, low, ..] = *text else { return 0 };
    let (Some(high), Some(low)) = (char::from(high).to_digit(16), char::from(low).to_digit(16))
    else {
        return 0;
    };
    out.push((high * 16 + low) as u8);
    2
}

fn json(text: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match text.first() {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(&quoted @ (b'"' | b'\\' | b'/')) => quoted,
        Some(b'u') => return unicode(text, out),
        // nginx without `escape=json`, in a format that looks like JSON.
        Some(b'x') => return hex(text, out),
        _ => return 0,
    };
    out.push(byte);
    1
}

/// `u00e9`, or two surrogates `ud83d\ude00`.
fn unicode(text: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(first) = code_unit(text) else {
        return 0;
    };
    let (scalar, taken) = match (first, text.get(5..).and_then(|t| t.strip_prefix(b"\\"))) {
        (0xd800..=0xdbff, Some(next)) => match code_unit(next) {
            Some(low @ 0xdc00..=0xdfff) => {
                (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 11)
            }
            _ => return 0,
        },
        _ => (first, 5),
    };
    let Some(scalar) = char::from_u32(scalar) else {
        return 0;
    };
    out.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
    taken
}

fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"u")?.get(..4)?;
    digits.iter().try_fold(0, |n, &b| Some(n * 16 + char::from(b).to_digit(16)?))
}

/// Appends `text` to `out` without percent signs; twice where blanks were encoded twice, as
/// CloudFront does.
pub(crate) fn percent_decoded(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        let taken = two_digits(&rest[at + 1..], out);
        if taken == 0 {
            out.push(b'%');
        }
        rest = &rest[at + 1 + taken..];
    }
    out.extend_from_slice(rest);
    if memchr::memmem::find(text, b"%2520").is_some() {
        let once = out.split_off(start);
        percent_decoded(&once, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_undone(escapes: Escapes, text: &[u8], expected: &[u8]) {
        let mut out = b"what was there, ".to_vec();
        escapes.undo(text, &mut out);
        let undone = out.strip_prefix(b"what was there, ").expect("what was there");
        assert_eq!(undone.escape_ascii().to_string(), expected.escape_ascii().to_string());
    }

    #[test]
    fn apache_escapes_as_c_does() {
        assert_undone(Escapes::Apache, br#"\"\\\n\r\t\b\f\v"#, b"\"\\\n\r\t\x08\x0c\x0b");
        assert_undone(Escapes::Apache, br"\x00\xfF\x41", b"\0\xffA");
        assert_undone(
            Escapes::Apache,
            br"\\x41 \q \x4 \xg1 \u0041 \",
            br"\x41 \q \x4 \xg1 \u0041 \",
        );
    }

    #[test]
    fn nginx_escapes_in_hexadecimal_alone() {
        assert_undone(Escapes::Nginx, br#"\x22 \x5Cn \n \" \\x41"#, br#"" \n \n \" \A"#);
    }

    #[test]
    fn haproxy_escapes_with_a_hash() {
        assert_undone(Escapes::HaProxy, br"#22 #2 ## #zz \x41", br#"" #2 ## #zz \x41"#);
    }

    #[test]
    fn json_escapes_characters() {
        assert_undone(Escapes::Json, br#"\"\\\/\n\t\r\b\f"#, b"\"\\/\n\t\r\x08\x0c");
        assert_undone(Escapes::Json, br"\u00e9 \uD83D\uDE00 \u0000", "é \u{1f600} \0".as_bytes());
        let broken = br"\ud83d \ud83dx \ud83d\u0041 \udc00 \u00g0 \u00";
        assert_undone(Escapes::Json, broken, br"\ud83d \ud83dx \ud83dA \udc00 \u00g0 \u00");
        assert_undone(Escapes::Json, br"\x22 \q", br#"" \q"#);
    }

    #[test]
    fn what_is_not_escaped_stays() {
        assert_undone(Escapes::None, br#"\x41\"#, br#"\x41\"#);
        assert_undone(Escapes::Apache, b"\xff plain", b"\xff plain");
        assert_undone(Escapes::Apache, b"", b"");
    }
}
