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
    let end = line.iter().take(MAX_METHOD + 1).position(|&b| b == b' ')?;
    let (method, rest) = (&line[..end], &line[end + 1..]);
    if method.is_empty() || !method.iter().copied().all(is_token) {
        return None;
    }
    if let Some(at) = memrchr(b' ', rest)
        && rest[at + 1..].starts_with(b"HTTP/")
    {
        return Some((method, &rest[..at], &rest[at + 1..]));
    }
    // HTTP/0.9 knew no protocol and no method but GET; a request line that the server cut off
    // looks the same.
    let is_target = rest.starts_with(b"/") || memchr(b':', rest).is_some_and(|at| at < rest.len());
    (is_target && method.iter().all(u8::is_ascii_uppercase)).then_some((method, rest, b""))
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

/// No registered method is longer than 17 bytes; beyond this it is somebody's binary protocol.
const MAX_METHOD: usize = 32;

/// RFC 9110, section 5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

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
pub(crate) fn integer(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |n, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}
