//! Request ids: which headers carry one, and what of a header's value is the id.
//!
//! The same id must come out of the proxy's line and of the application's, whichever of them logs
//! the whole header: so what surrounds the id is cut off here, once, for every format.

use dolmen_model::RequestId;

/// How a header carries a request id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestIdKind {
    /// The value is the id (`X-Request-Id`, nginx's `$request_id`, mod_unique_id's `UNIQUE_ID`).
    #[default]
    Plain,
    /// W3C `traceparent`: the id is its trace id.
    TraceParent,
    /// `X-Amzn-Trace-Id`: the id is the value of its `Root` field.
    AmazonTrace,
}

/// Headers and variables whose value is a request id, in lower case with `-`.
const PLAIN: &[&str] = &[
    "x-request-id",
    "request-id",
    "x-requestid",
    "x-correlation-id",
    "correlation-id",
    "x-unique-id",
    "unique-id",
    "x-trace-id",
    "trace-id",
    "x-b3-traceid",
    "x-amzn-requestid",
    "x-vcap-request-id",
    // The variable of `dolmen proxy nginx`.
    "dolmen-request-id",
];

impl RequestIdKind {
    /// How the header (or log variable) `name` carries a request id; `None` when it is not known
    /// to carry one. Case does not matter, and `_` is as good as `-`.
    pub fn of_header(name: &str) -> Option<Self> {
        let is = |known: &str| {
            known.len() == name.len()
                && known.bytes().zip(name.bytes()).all(|(known, b)| match b {
                    b'_' => known == b'-',
                    b => known == b.to_ascii_lowercase(),
                })
        };
        if is("traceparent") {
            Some(Self::TraceParent)
        } else if is("x-amzn-trace-id") {
            Some(Self::AmazonTrace)
        } else {
            PLAIN.iter().any(|known| is(known)).then_some(Self::Plain)
        }
    }

    /// The request id in a header's value. `-`, an empty value and one that breaks the header's
    /// own rules are [`RequestId::Missing`].
    #[inline]
    pub fn extract(self, value: &[u8]) -> RequestId<'_> {
        match (self, value) {
            // Nearly every one is all of it.
            (Self::Plain, [b'!'..=b'~', .., b'!'..=b'~']) => RequestId::Is(value),
            _ => self.extract_with_care(value),
        }
    }

    fn extract_with_care(self, value: &[u8]) -> RequestId<'_> {
        let value = value.trim_ascii();
        let id = match self {
            _ if value.is_empty() || value == b"-" => None,
            Self::Plain => Some(value),
            Self::TraceParent => {
                TraceParent::parse(value).filter(TraceParent::is_valid).map(|t| t.trace_id)
            }
            Self::AmazonTrace => amazon_root(value),
        };
        id.map_or(RequestId::Missing, RequestId::Is)
    }
}

/// The parts of a `traceparent` header ([W3C Trace Context], section 3.2), lower case hex.
///
/// [W3C Trace Context]: https://www.w3.org/TR/trace-context/
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent<'a> {
    /// The version of the format; 0 is the only one published, 255 is forbidden.
    pub version: u8,
    /// 32 hex digits.
    pub trace_id: &'a [u8],
    /// 16 hex digits.
    pub parent_id: &'a [u8],
    /// 2 hex digits.
    pub flags: &'a [u8],
}

impl<'a> TraceParent<'a> {
    /// The parts, if `value` has the shape of a `traceparent`.
    ///
    /// Version 0 is exactly 55 bytes. What follows in a later version is unknown, but must be set
    /// off with `-`: the prefix rule of section 4.2. A header that was sent twice is logged as two
    /// values joined, which has not that shape.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (known, rest) = value.split_at_checked(55)?;
        let [v0, v1, b'-', ..] = known else {
            return None;
        };
        let version = hex_digit(*v0)? << 4 | hex_digit(*v1)?;
        let (trace_id, parent_id, flags) = (&known[3..35], &known[36..52], &known[53..]);
        let is_shaped = known[35] == b'-'
            && known[52] == b'-'
            && [trace_id, parent_id, flags]
                .iter()
                .all(|part| part.iter().all(|&b| hex_digit(b).is_some()));
        let is_ended = rest.is_empty() || (version > 0 && rest[0] == b'-');
        (version != 0xff && is_shaped && is_ended).then_some(Self {
            version,
            trace_id,
            parent_id,
            flags,
        })
    }

    /// Whether both ids are more than zeros, which section 3.2.2 demands.
    pub fn is_valid(&self) -> bool {
        let is_id = |id: &[u8]| id.iter().any(|&b| b != b'0');
        is_id(self.trace_id) && is_id(self.parent_id)
    }
}

/// The value of a lower-case hex digit: upper case is invalid in a `traceparent`.
const fn hex_digit(b: u8) -> Option<u8> {
    match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    }
}

/// The `Root` field of an `X-Amzn-Trace-Id`: `1-8hex-24hex`, wherever it stands among the
/// `;`-separated fields.
fn amazon_root(value: &[u8]) -> Option<&[u8]> {
    let root =
        value.split(|&b| b == b';').find_map(|field| field.trim_ascii().strip_prefix(b"Root="))?;
    let is_hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);
    let is_root = root.len() == 35
        && root.starts_with(b"1-")
        && root[10] == b'-'
        && is_hex(&root[2..10])
        && is_hex(&root[11..]);
    is_root.then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &[u8] = b"4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn knows_the_headers_that_carry_one() {
        use RequestIdKind::{AmazonTrace, Plain, TraceParent};
        for (name, kind) in [
            ("X-Request-Id", Some(Plain)),
            ("x_request_id", Some(Plain)),
            ("UNIQUE_ID", Some(Plain)),
            ("Traceparent", Some(TraceParent)),
            ("X-Amzn-Trace-Id", Some(AmazonTrace)),
            ("x_amzn_trace_id", Some(AmazonTrace)),
            ("X-Request-Start", None),
            ("", None),
        ] {
            assert_eq!(RequestIdKind::of_header(name), kind, "{name}");
        }
    }

    #[test]
    fn a_plain_value_is_the_id() {
        let plain = RequestIdKind::Plain;
        assert_eq!(plain.extract(b" aBc-1 "), RequestId::Is(b"aBc-1"));
        assert_eq!(plain.extract(b"-"), RequestId::Missing);
        assert_eq!(plain.extract(b""), RequestId::Missing);
        assert_eq!(plain.extract(b"  "), RequestId::Missing);
    }

    #[test]
    fn a_traceparent_yields_its_trace_id() {
        let extract = |value| RequestIdKind::TraceParent.extract(value);
        let good = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(extract(good), RequestId::Is(TRACE));
        let twice = [good.as_slice(), good].join(b", ".as_slice());
        assert_eq!(extract(&twice), RequestId::Missing, "a header sent twice is invalid");
        for bad in [
            b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01".as_slice(),
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            b"00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            b"-",
        ] {
            assert_eq!(extract(bad), RequestId::Missing, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn a_later_traceparent_is_read_by_its_prefix() {
        for (tail, is_read) in [("", true), ("-what-the-future-brings", true), (".no-dash", false)]
        {
            let later = format!("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01{tail}");
            let expected = if is_read { RequestId::Is(TRACE) } else { RequestId::Missing };
            assert_eq!(RequestIdKind::TraceParent.extract(later.as_bytes()), expected, "{later}");
        }
    }

    #[test]
    fn an_amazon_trace_id_yields_its_root() {
        let extract = |value| RequestIdKind::AmazonTrace.extract(value);
        let root = RequestId::Is(b"1-67891233-abcdef012345678912345678");
        assert_eq!(extract(b"Root=1-67891233-abcdef012345678912345678"), root);
        assert_eq!(
            extract(
                b"Self=1-67891233-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678;CalledFrom=app"
            ),
            root
        );
        for bad in [
            b"Self=1-67891233-abcdef012345678912345678".as_slice(),
            b"Root=1-67891233-abcdef01234567891234567",
            b"Root=1-67891233-abcdef0123456789123456789",
            b"Root=2-67891233-abcdef012345678912345678",
            b"Root=1-6789123x-abcdef012345678912345678",
            b"Root=",
            b"-",
        ] {
            assert_eq!(extract(bad), RequestId::Missing, "{}", bad.escape_ascii());
        }
    }
}
