//! What stands inside a field.

use memchr::{memchr, memrchr};

use dolmen_model::Call;

/// Splits `GET /path HTTP/1.1` into the call's method, target and protocol. A target may hold
/// blanks, as some servers log them. What is no HTTP request (TLS bytes on port 80, say) is all
/// target.
pub(crate) fn request_line<'a>(line: &'a [u8], call: &mut Call<'a>) {
    match split_request_line(line) {
        Some((method, target, protocol)) => {
            (call.method, call.target, call.protocol) = (method, target, protocol);
        }
        None => call.target = line,
    }
}

fn split_request_line(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let end = match line {
        [b'G', b'E', b'T', b' ', ..] => 3,
        [b'P', b'O', b'S', b'T', b' ', ..] => 4,
        _ => line.iter().position(|&b| !IS_TOKEN[usize::from(b)])?,
    };
    let (method, rest) = line.split_at(end);
    let (b' ', rest) = rest.split_first()? else { return None };
    if method.is_empty() {
        return None;
    }
    let (target, protocol) = match rest.last_chunk::<9>() {
        // Every version that there is is written in eight bytes.
        Some([b' ', b'H', b'T', b'T', b'P', b'/', ..]) => {
            let at = rest.len() - 9;
            (&rest[..at], &rest[at + 1..])
        }
        _ => match memrchr(b' ', rest) {
            Some(at) if rest[at + 1..].starts_with(b"HTTP/") => (&rest[..at], &rest[at + 1..]),
            _ => (rest, b"".as_slice()),
        },
    };
    // HTTP/0.9 knew no protocol; a request line that the server cut off looks the same.
    let is_http = !protocol.is_empty()
        || (method.iter().all(u8::is_ascii_uppercase)
            && [b"/".as_slice(), b"http://", b"https://"].iter().any(|s| target.starts_with(s)));
    is_http.then_some((method, target, protocol))
}

/// Splits nginx's `$uri$is_args$args` into the path and the query with its `?`; a `-` is the query
/// that is not there.
pub(crate) fn path_and_args(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr(b'?', text) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text.strip_suffix(b"-").unwrap_or(text), None),
    }
}

/// Splits `https://host:443/path?query` into host and target; any other target has no host.
pub(crate) fn split_origin(target: &[u8]) -> (&[u8], &[u8]) {
    let Some(rest) = target.strip_prefix(b"http://").or_else(|| target.strip_prefix(b"https://"))
    else {
        return (b"", target);
    };
    match rest.iter().position(|b| matches!(b, b'/' | b'?')) {
        Some(at) => rest.split_at(at),
        None => (rest, b"/"),
    }
}

/// RFC 9110, section 5.6.2.
const IS_TOKEN: [bool; 256] = {
    let mut is_token = [false; 256];
    let mut b = 0;
    while b < 256 {
        is_token[b] = (b as u8).is_ascii_alphanumeric();
        b += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < marks.len() {
        is_token[marks[at] as usize] = true;
        at += 1;
    }
    is_token
};

/// `10.0.0.1:80` and `[::1]:80` without brackets and port; a bare IPv6 address as it is.
pub(crate) fn without_port(text: &[u8]) -> &[u8] {
    if let Some(rest) = text.strip_prefix(b"[") {
        return memchr(b']', rest).map_or(text, |end| &rest[..end]);
    }
    match memchr(b':', text) {
        Some(colon) if memchr(b':', &text[colon + 1..]).is_none() => &text[..colon],
        _ => text,
    }
}

/// A status; `None` for what is no code of three digits from 100 on.
pub(crate) fn status(text: &[u8]) -> Option<u16> {
    match *text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// A whole number; `None` when it is none or beyond 64 bits.
#[inline]
pub(crate) fn integer(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    // Nineteen digits always fit.
    if text.len() == 20 {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut number = 0;
    for &b in text {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}
