use crate::program::Class;
use crate::request_id::RequestIdKind;
use crate::time::{Part, Unit};

/// What a format is made of, in the order of the line.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// These bytes, as they are.
    Text(Box<[u8]>),
    /// A field.
    Field(Field),
    /// These pieces, or a single `-` for all of them.
    OrDash(Vec<Piece>),
    /// Texts between `{` and `}` with `|` between them, then a blank; or none of all that. HAProxy
    /// writes captured headers so. The fields are those of the texts that mean something, by
    /// number.
    Captures(Vec<(usize, Field)>),
    /// The format grew over the years: from here on the line may end before any field, and what
    /// follows the last one is let pass.
    Tail,
}

/// A field of a line.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// As the format writes it: `%{Referer}i`, `$http_referer`. A field without a name is not
    /// shown among a line's values.
    pub(crate) name: Box<str>,
    /// What it may look like.
    pub(crate) class: Class,
    /// What it means.
    pub(crate) slot: Slot,
    /// Where several fields mean the same, the one with the lowest rank that is not empty wins.
    pub(crate) rank: u8,
    /// What its value is, for those who ask for a line's values.
    pub(crate) kind: ValueKind,
}

/// What a field means for a [`Call`](crate::Call).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Nothing that a call holds.
    Ignored,
    /// A whole time.
    Time(TimeForm),
    /// A piece of a time.
    Part(Whose, Part),
    /// The peer, as it is.
    Address,
    /// The peer as `address:port`, `[v6]:port` or without a port.
    AddressPort,
    ForwardedFor,
    User,
    /// `GET /path HTTP/1.1`.
    RequestLine,
    /// `GET https://host/path HTTP/1.1`, by a server that writes the URL whatever was sent.
    RequestUrl,
    Method,
    /// Path and query.
    Target,
    /// Path and query as nginx's `$uri$is_args$args`, which ends with the `-` of a query that is
    /// not there.
    PathAndArgs,
    /// The path alone, where path and query are logged apart.
    Path,
    /// The query alone, with its `?` or without.
    Query,
    Protocol,
    Host,
    Status,
    Bytes,
    Duration(Unit),
    /// The durations of several attempts, which add up.
    Durations(Unit),
    /// One of several fields that add up to the duration.
    DurationPart(Unit),
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
    /// `17/May/2015:10:05:03 +0000`, with a fraction or without a zone as well.
    Clf,
    /// ISO 8601 or RFC 3339.
    Iso,
    /// A count since the epoch.
    Epoch(Unit),
    /// Any of these; its look tells.
    Any,
}

/// Which of a line's times a piece belongs to: Apache logs a request's begin and its end, before
/// and after internal redirects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Whose {
    /// `begin:`, `end:` or neither.
    pub edge: Edge,
    /// `<`, `>` or neither.
    pub redirect: Redirect,
}

/// Which end of a request a time tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Edge {
    /// Not said: when the request was received.
    #[default]
    Default,
    /// `%{begin:…}t`: when the request was received.
    Begin,
    /// `%{end:…}t`: when the line was written.
    End,
}

/// Which request a directive tells of when there were internal redirects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Redirect {
    /// What Apache takes for this directive.
    #[default]
    Default,
    /// `<`: the request as it came.
    Original,
    /// `>`: the last one.
    Final,
}

/// What a field's value is; [`Value`](crate::Value) says
/// more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// Text; `-` means that there is none.
    #[default]
    TextOrDash,
    /// Text, `-` included.
    Text,
    Integer,
    Hex,
    Decimal,
    Part(Part),
    Time(TimeForm),
    /// The path and query of a target that is one field here: shown under these two names, or
    /// three with nginx's `$is_args` between them.
    Target(Box<[Box<str>]>),
}

impl Piece {
    /// Text that stands in every line.
    pub(crate) fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Text(bytes.as_ref().into())
    }

    /// A field that the format calls `name`.
    pub(crate) fn field(name: impl Into<Box<str>>, class: Class, slot: Slot) -> Self {
        Self::Field(Field::new(name, class, slot))
    }
}

impl Field {
    /// A field that the format calls `name`; its value is what its slot and class suggest.
    pub(crate) fn new(name: impl Into<Box<str>>, class: Class, slot: Slot) -> Self {
        let kind = match (&slot, class) {
            (Slot::Part(_, part), _) => ValueKind::Part(*part),
            (Slot::Time(form), _) => ValueKind::Time(*form),
            (_, Class::Integer) => ValueKind::Integer,
            (_, Class::Hex) => ValueKind::Hex,
            (_, Class::Decimal) => ValueKind::Decimal,
            _ => ValueKind::TextOrDash,
        };
        Self { name: name.into(), class, slot, rank: 0, kind }
    }

    /// The same, with another rank.
    pub(crate) fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// The same, with another kind of value.
    pub(crate) fn kind(self, kind: ValueKind) -> Self {
        Self { kind, ..self }
    }
}

impl Slot {
    /// Which fields of a call it writes, a bit each; 0 where any number of such fields add up.
    pub(super) fn writes(&self) -> u32 {
        const METHOD: u32 = 1;
        const TARGET: u32 = 1 << 1;
        const PROTOCOL: u32 = 1 << 2;
        const HOST: u32 = 1 << 3;
        match self {
            Self::Ignored | Self::Query | Self::Header(_) | Self::DurationPart(_) => 0,
            Self::RequestLine => METHOD | TARGET | PROTOCOL,
            Self::RequestUrl => METHOD | TARGET | PROTOCOL | HOST,
            Self::Method => METHOD,
            Self::Target | Self::PathAndArgs | Self::Path => TARGET,
            Self::Protocol => PROTOCOL,
            Self::Host => HOST,
            Self::Time(_) | Self::Part(..) => 1 << 4,
            Self::Address | Self::AddressPort => 1 << 5,
            Self::ForwardedFor => 1 << 6,
            Self::User => 1 << 7,
            Self::Status => 1 << 8,
            Self::Bytes => 1 << 9,
            Self::Duration(_) | Self::Durations(_) => 1 << 10,
            Self::Referer => 1 << 11,
            Self::UserAgent => 1 << 12,
            Self::RequestId(_) => 1 << 13,
            Self::Upstream => 1 << 14,
        }
    }

    /// The rank of a request id among others: one made for the request, one made for a whole trace,
    /// what a cloud made.
    pub(crate) fn rank_of_id(&self) -> u8 {
        match self {
            Self::RequestId(RequestIdKind::TraceParent) => 1,
            Self::RequestId(RequestIdKind::AmazonTrace) => 2,
            _ => 0,
        }
    }

    /// What the request header `name` means; any case.
    pub(crate) fn of_header(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        match name.as_str() {
            "host" => Self::Host,
            "user-agent" => Self::UserAgent,
            "referer" => Self::Referer,
            "x-forwarded-for" => Self::ForwardedFor,
            _ => match RequestIdKind::of_header(&name) {
                Some(kind) => Self::RequestId(kind),
                None => Self::Header(name.into()),
            },
        }
    }
}
