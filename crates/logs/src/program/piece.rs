use std::fmt;

use crate::request_id::RequestIdKind;
use crate::time::Unit;

/// What a format is made of, in the order of the line.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// These bytes, as they are.
    Text(Box<[u8]>),
    /// A field.
    Field(Field),
    /// The format grew over the years: from here on the line may end before any field, and what
    /// follows the last one is let pass.
    Tail,
}

/// A field of a line.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// As the format writes it: `%{Referer}i`, `$http_referer`.
    pub(crate) name: Box<str>,
    /// What it may look like.
    pub(crate) class: Class,
    /// What it means.
    pub(crate) slot: Slot,
}

/// What a field may look like: where it ends, and what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Anything up to the text that follows; escaped quotes are no end where the log escapes them.
    Text,
    /// Anything without white space.
    Token,
    /// `-`, or a decimal number with or without a sign and a fraction.
    Number,
    /// Texts without white space, several of them separated by `, ` or ` : `: nginx's `$upstream_*`.
    List,
    /// `-`, or Apache's `17/May/2015:10:05:03 +0000`; brackets are text pieces.
    Clf,
}

/// What a field means for a [`Call`](crate::Call). Where two fields mean the same, the first that
/// is not empty wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Nothing that a call holds.
    Ignored,
    Time(TimeForm),
    /// The peer, as it is.
    Address,
    /// The peer as `address:port`, `[v6]:port` or without a port.
    AddressPort,
    ForwardedFor,
    User,
    /// `GET /path HTTP/1.1`.
    RequestLine,
    Method,
    /// Path and query.
    Target,
    /// The path alone, for targets made of path and query.
    Path,
    /// The query with its `?`, or empty.
    Query,
    Protocol,
    Host,
    Status,
    Bytes,
    Duration(Unit),
    Referer,
    UserAgent,
    RequestId(RequestIdKind),
    Upstream,
    /// A request header, its name in lower case.
    Header(Box<str>),
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// `17/May/2015:10:05:03 +0000`.
    Clf,
    /// ISO 8601 or RFC 3339.
    Iso,
    /// A count since the epoch.
    Epoch(Unit),
}

impl Piece {
    /// Text that stands in every line.
    pub(crate) fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(bytes.as_ref().into())
    }

    /// A field; `name` is what the format calls it.
    pub(crate) fn field(name: impl Into<Box<str>>, class: Class, slot: Slot) -> Self {
        Self::Field(Field {
            name: name.into(),
            class,
            slot,
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Token => "a word without spaces",
            Self::Number => "a number or \"-\"",
            Self::List => "a list",
            Self::Clf => "a time such as 17/May/2015:10:05:03 +0000",
        })
    }
}
