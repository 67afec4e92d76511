use super::Value;
use crate::Call;

/// What a condition may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The service that answered.
    Service,
    /// Who called, as the rules name it.
    Actor,
    /// A business operation that the call entered; there may be several.
    Operation,
    /// The path template, with or without its method.
    Endpoint,
    /// The HTTP method.
    Method,
    /// The path as received.
    Path,
    /// What stands after `?`, as received.
    Query,
    /// The HTTP status.
    Status,
    /// The caller's address.
    Address,
    /// The `User-Agent` header.
    UserAgent,
    /// The authenticated user.
    User,
    /// The virtual host that was asked for.
    Host,
    /// The `Referer` header.
    Referer,
    /// The request id.
    RequestId,
    /// What became of it in the join.
    Joined,
    /// How long the call took.
    Duration,
    /// Bytes of the response.
    Bytes,
    /// The source that the line came from.
    Source,
    /// The operation that a rule or a header claims, which a mark may contradict.
    Claimed,
}

/// What the values of a field are, and so what may be written after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes, compared as they are.
    Text,
    /// Bytes, ASCII case ignored: what RFC 9110 and RFC 4343 say is the same in any case, and
    /// methods, which people type in lower case.
    CaselessText,
    /// `METHOD /path/{template}`, of which the path alone may be written.
    Endpoint,
    /// An address, a network, or a host name.
    Address,
    /// A number from 0 to 999.
    Status,
    /// Microseconds.
    Duration,
    /// Bytes.
    Size,
    /// One of `joined`, `call_only`, `no_id`, `mark_only`.
    Joined,
}

impl Kind {
    /// Whether `>` and the like may be written.
    pub(super) const fn is_ordered(self) -> bool {
        matches!(self, Self::Status | Self::Duration | Self::Size)
    }

    pub(super) const fn ignores_case(self) -> bool {
        matches!(self, Self::CaselessText)
    }
}

impl Field {
    /// Every field, in the order help texts list them.
    pub const ALL: [Self; 19] = [
        Self::Service,
        Self::Actor,
        Self::Operation,
        Self::Endpoint,
        Self::Method,
        Self::Path,
        Self::Query,
        Self::Status,
        Self::Address,
        Self::UserAgent,
        Self::User,
        Self::Host,
        Self::Referer,
        Self::RequestId,
        Self::Joined,
        Self::Duration,
        Self::Bytes,
        Self::Source,
        Self::Claimed,
    ];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Actor => "actor",
            Self::Operation => "operation",
            Self::Endpoint => "endpoint",
            Self::Method => "method",
            Self::Path => "path",
            Self::Query => "query",
            Self::Status => "status",
            Self::Address => "address",
            Self::UserAgent => "user_agent",
            Self::User => "user",
            Self::Host => "host",
            Self::Referer => "referer",
            Self::RequestId => "request_id",
            Self::Joined => "joined",
            Self::Duration => "duration",
            Self::Bytes => "bytes",
            Self::Source => "source",
            Self::Claimed => "claimed",
        }
    }

    /// The field that is written `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Its value in a call, where the log line alone says it. `None` for what attribution, the
    /// join or the source adds: the address too, because a trusted proxy may have forwarded it.
    pub fn of<'a>(self, call: &Call<'a>) -> Option<Value<'a>> {
        let value = match self {
            Self::Method => call.method.into(),
            Self::Path => call.path().into(),
            Self::Query => call.query().into(),
            Self::Status => call.status.map(u64::from).into(),
            Self::UserAgent => call.user_agent.into(),
            Self::User => call.user.into(),
            Self::Host => call.host.into(),
            Self::Referer => call.referer.into(),
            Self::RequestId => call.request_id.into(),
            Self::Duration => call.duration.into(),
            Self::Bytes => call.bytes.into(),
            Self::Service
            | Self::Actor
            | Self::Operation
            | Self::Endpoint
            | Self::Address
            | Self::Joined
            | Self::Source
            | Self::Claimed => return None,
        };
        Some(value)
    }

    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Service
            | Self::Actor
            | Self::Operation
            | Self::Path
            | Self::Query
            | Self::UserAgent
            | Self::User
            | Self::Referer
            | Self::RequestId
            | Self::Source
            | Self::Claimed => Kind::Text,
            Self::Method | Self::Host => Kind::CaselessText,
            Self::Endpoint => Kind::Endpoint,
            Self::Address => Kind::Address,
            Self::Status => Kind::Status,
            Self::Joined => Kind::Joined,
            Self::Duration => Kind::Duration,
            Self::Bytes => Kind::Size,
        }
    }
}
