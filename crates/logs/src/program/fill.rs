use dolmen_model::{Call, Header, RequestId};

use super::{Program, Slot, TimeForm};
use crate::Unread;
use crate::reader::Scratch;
use crate::time;

impl Program {
    /// Undoes the escapes of the fields that have any.
    pub(super) fn undo(&self, line: &[u8], scratch: &mut Scratch) {
        for span in scratch.spans.iter_mut().filter(|span| span.escaped) {
            let start = scratch.bytes.len();
            self.escapes
                .undo(&line[span.start..span.end], &mut scratch.bytes);
            (span.start, span.end, span.undone) = (start, scratch.bytes.len(), true);
        }
    }

    /// Writes the fields where they belong.
    pub(super) fn fill<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Call<'a>, Unread> {
        let mut call = Call::default();
        for (field, span) in self.fields.iter().zip(&scratch.spans) {
            let source = if span.undone { &*scratch.bytes } else { line };
            let text = match &source[span.start..span.end] {
                b"-" => b"",
                text => text,
            };
            match &field.slot {
                Slot::Ignored => {}
                Slot::Time(form) if !text.is_empty() => {
                    let time = match form {
                        TimeForm::Clf => scratch.clock.clf(text).map(|m| m.time),
                        TimeForm::Iso => scratch.clock.iso(text).map(|m| m.time),
                        TimeForm::Epoch(unit) => time::epoch(text, *unit),
                    };
                    call.time = Some(time.ok_or_else(|| Unread::new(span.start, "a time"))?);
                }
                Slot::Time(_) => {}
                Slot::Address => call.address = text,
                Slot::AddressPort => call.address = without_port(text),
                Slot::ForwardedFor => call.forwarded_for = text,
                Slot::User => call.user = text,
                Slot::RequestLine => request_line(text, &mut call),
                Slot::Method => call.method = text,
                Slot::Target | Slot::Path => call.target = text,
                Slot::Query => {}
                Slot::Protocol => call.protocol = text,
                Slot::Host => call.host = text,
                Slot::Status => call.status = status(text),
                Slot::Bytes => call.bytes = time::micros(text, time::Unit::Micros),
                Slot::Duration(unit) => call.duration = time::micros(text, *unit),
                Slot::Referer => call.referer = text,
                Slot::UserAgent => call.user_agent = text,
                Slot::RequestId(kind) => {
                    if !matches!(call.request_id, RequestId::Is(_)) {
                        call.request_id = kind.extract(text);
                    }
                }
                Slot::Upstream => call.upstream = text,
                Slot::Header(name) => call.headers.push(Header { name, value: text }),
            }
        }
        Ok(call)
    }
}

/// `10.0.0.1:80` and `[::1]:80` without brackets and port; a bare IPv6 address as it is.
pub(crate) fn without_port(text: &[u8]) -> &[u8] {
    if let Some(rest) = text.strip_prefix(b"[") {
        return memchr::memchr(b']', rest).map_or(text, |end| &rest[..end]);
    }
    match memchr::memchr(b':', text) {
        Some(colon) if memchr::memchr(b':', &text[colon + 1..]).is_none() => &text[..colon],
        _ => text,
    }
}

/// `None` for what is no three-digit code.
pub(crate) fn status(text: &[u8]) -> Option<u16> {
    match *text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// Splits `GET /path HTTP/1.1`. What is not HTTP has no method and is all target.
pub(crate) fn request_line<'a>(line: &'a [u8], call: &mut Call<'a>) {
    call.target = line;
    let Some(space) = memchr::memchr(b' ', line) else {
        return;
    };
    let (method, rest) = (&line[..space], &line[space + 1..]);
    if method.is_empty()
        || !method
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
    {
        return;
    }
    match memchr::memrchr(b' ', rest) {
        Some(last) if rest[last + 1..].starts_with(b"HTTP/") => {
            (call.method, call.target, call.protocol) = (method, &rest[..last], &rest[last + 1..]);
        }
        _ if rest.first() == Some(&b'/') => (call.method, call.target) = (method, rest),
        _ => {}
    }
}
