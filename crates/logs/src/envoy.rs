//! Envoy's access log: its default format, Istio's, and any format string made of command
//! operators (`%REQ(X-REQUEST-ID)%`).
//!
//! Envoy writes what clients sent as it came, quotes included. So that nobody's user agent can
//! pass for the fields after it, quotes are looked for in user agents and referers alone.

use crate::FormatError;
use crate::escape::Escapes;
use crate::program::{Class, Field, Piece, Program, Slot, TimeForm};
use crate::request_id::RequestIdKind;
use crate::time::Unit;

/// What Envoy writes when no format is configured.
pub(crate) const DEFAULT: &str = concat!(
    r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" "#,
    r#"%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "#,
    r#"%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "#,
    r#""%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#,
);

/// What Istio's proxies write when no format is configured (since 1.9).
pub(crate) const ISTIO: &str = concat!(
    r#"[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" "#,
    r#"%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% "#,
    r#"%CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" "#,
    r#"%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "#,
    r#""%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "#,
    r#""%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% "#,
    r#"%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% "#,
    r#"%ROUTE_NAME%"#,
);

/// Whether `text` is a format string of Envoy's rather than Apache's or HAProxy's.
pub(crate) fn is_format(text: &str) -> bool {
    ["%START_TIME", "%REQ(", "%RESP(", "%RESPONSE_CODE%", "%PROTOCOL%"]
        .iter()
        .any(|operator| text.contains(operator))
}

/// Compiles a format string.
pub(crate) fn compile(format: &str) -> Result<Program, FormatError> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(percent) = format[at..].find('%').map(|found| at + found) {
        if percent > at {
            pieces.push(Piece::text(&format[at..percent]));
        }
        let operator = operator(&format[percent + 1..]).map_err(|(length, message)| {
            let end = (percent + 1 + length).min(format.len());
            FormatError { text: format.to_owned(), at: percent..end, message: message.to_owned() }
        })?;
        if operator.name.is_empty() {
            pieces.push(Piece::text("%"));
        } else {
            pieces.push(Piece::Field(operator.field()));
        }
        at = percent + 1 + operator.length;
    }
    // Envoy's own formats end with a line feed.
    let rest = format[at..].trim_end_matches("\\n").trim_end();
    if !rest.is_empty() {
        pieces.push(Piece::text(rest));
    }
    Ok(Program::new(Escapes::None, pieces))
}

/// `NAME%`, `NAME(argument)%` or `NAME(argument):length%`.
struct Operator<'f> {
    /// Empty for `%%`.
    name: &'f str,
    argument: &'f str,
    length: usize,
}

/// The operator that `text`, which follows a `%`, begins with; the error says how much of it is
/// wrong.
fn operator(text: &str) -> Result<Operator<'_>, (usize, &'static str)> {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let name_end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let name = &text[..name_end];
    let mut rest = &text[name_end..];
    let mut argument = "";
    if let Some(inside) = rest.strip_prefix('(') {
        let Some(close) = inside.find(')') else {
            return Err((text.len(), "this `(` is never closed"));
        };
        argument = &inside[..close];
        rest = &inside[close + 1..];
    }
    if let Some(limit) = rest.strip_prefix(':') {
        rest = limit.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let passed = text.len() - rest.len();
    match rest.strip_prefix('%') {
        Some(_) => Ok(Operator { name, argument, length: passed + 1 }),
        None => Err((
            passed,
            "an operator is written in capitals between `%` and `%`, as in \
                              `%RESPONSE_CODE%`; a percent sign is `%%`",
        )),
    }
}

impl Operator<'_> {
    fn field(&self) -> Field {
        use Class::{Integer, Text, Token, Unquoted};
        let (class, slot, rank) = match self.name {
            "START_TIME" if self.argument.is_empty() => (Token, Slot::Time(TimeForm::Iso), 0),
            "START_TIME" => (Text, Slot::Time(TimeForm::Any), 0),
            "REQ" => return self.header(),
            "RESP" | "TRAILER" => match RequestIdKind::of_header(self.header_name()) {
                Some(kind) => (Unquoted, Slot::RequestId(kind), 8),
                None => (Text, Slot::Ignored, 0),
            },
            "PROTOCOL" => (Token, Slot::Protocol, 0),
            "RESPONSE_CODE" => (Integer, Slot::Status, 0),
            "BYTES_SENT" => (Integer, Slot::Bytes, 0),
            "DURATION" => (Integer, Slot::Duration(Unit::Millis), 0),
            "RESPONSE_DURATION" | "REQUEST_DURATION" | "BYTES_RECEIVED" => {
                (Integer, Slot::Ignored, 0)
            }
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS" => (Token, Slot::AddressPort, 0),
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => (Token, Slot::Address, 0),
            // What the header of a trusted proxy says, where there is one.
            "DOWNSTREAM_REMOTE_ADDRESS" => (Token, Slot::AddressPort, 1),
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT" => (Token, Slot::Address, 1),
            "UPSTREAM_CLUSTER" | "UPSTREAM_CLUSTER_RAW" => (Token, Slot::Upstream, 0),
            "UPSTREAM_HOST" => (Token, Slot::Upstream, 1),
            "STREAM_ID" => (Token, Slot::RequestId(RequestIdKind::Plain), 1),
            "TRACE_ID" => (Token, Slot::RequestId(RequestIdKind::Plain), 9),
            _ => (Text, Slot::Ignored, 0),
        };
        Field::new(self.written(), class, slot).rank(rank)
    }

    /// `REQ(FIRST?SECOND)`: the second where the request has not the first.
    fn header(&self) -> Field {
        let name = self.header_name().to_ascii_lowercase();
        let (class, slot) = match name.as_str() {
            ":method" => (Class::Token, Slot::Method),
            ":path" | "x-envoy-original-path" => (Class::Token, Slot::Target),
            ":authority" | "host" => (Class::Unquoted, Slot::Host),
            "user-agent" => (Class::Text, Slot::UserAgent),
            "referer" => (Class::Text, Slot::Referer),
            "x-forwarded-for" => (Class::Unquoted, Slot::ForwardedFor),
            _ => match RequestIdKind::of_header(&name) {
                Some(kind) => (Class::Unquoted, Slot::RequestId(kind)),
                None => (Class::Text, Slot::Header(name.into())),
            },
        };
        let rank = if slot == Slot::RequestId(RequestIdKind::Plain) { 0 } else { 2 };
        Field::new(self.written(), class, slot).rank(rank)
    }

    fn header_name(&self) -> &str {
        self.argument.split('?').next().unwrap_or_default().trim()
    }

    fn written(&self) -> String {
        match self.argument {
            "" => format!("%{}%", self.name),
            argument => format!("%{}({argument})%", self.name),
        }
    }
}
