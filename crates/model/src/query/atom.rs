use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Field;
use super::pattern::Pattern;
use super::units;
use crate::{Joined, RequestId};

/// One condition: a field and what its value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    pub(super) field: Field,
    pub(super) test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Never empty.
    AnyOf(Vec<Alternative>),
    Compare(Comparison, u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Alternative {
    Unknown,
    /// A lone `*`.
    Known,
    Text(Pattern),
    Number(u64),
    Network(IpNet),
    Joined(JoinedWord),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JoinedWord {
    Joined,
    CallOnly,
    NoId,
    MarkOnly,
}

/// What a call, or a mark without one, has in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Nobody could name it, or the log does not say. So is an empty text.
    Unknown,
    /// A name, a header, a path, an address… For [`Field::Endpoint`] the name of
    /// [`Names::endpoints`](crate::Names::endpoints): method, one space, path template.
    Text(&'a [u8]),
    /// A status, microseconds or bytes.
    Number(u64),
    /// What became of a call in the join.
    Joined(Joined),
    /// It is a mark without a call.
    MarkOnly,
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Text(text)
    }
}

impl From<Option<u64>> for Value<'_> {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::Unknown, Self::Number)
    }
}

impl<'a> From<RequestId<'a>> for Value<'a> {
    fn from(id: RequestId<'a>) -> Self {
        match id {
            RequestId::NotLogged | RequestId::Missing => Self::Unknown,
            RequestId::Is(id) => Self::Text(id),
        }
    }
}

impl Atom {
    /// The field it asks about.
    pub const fn field(&self) -> Field {
        self.field
    }

    /// Whether a value fulfils the condition. A missing value fulfils `unknown` only. For a field
    /// with several values see [`matches_any`](Self::matches_any).
    pub fn matches(&self, value: Value<'_>) -> bool {
        match &self.test {
            Test::Compare(comparison, bound) => {
                matches!(value, Value::Number(number) if comparison.holds(number, *bound))
            }
            Test::AnyOf(alternatives) => alternatives.iter().any(|one| self.is(one, value)),
        }
    }

    /// Whether one of a field's values fulfils the condition; no value at all is a missing one. A
    /// call may have entered two operations.
    pub fn matches_any<'a>(&self, values: impl IntoIterator<Item = Value<'a>>) -> bool {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return self.matches(Value::Unknown);
        }
        values.any(|value| self.matches(value))
    }

    fn is(&self, alternative: &Alternative, value: Value<'_>) -> bool {
        let missing = matches!(value, Value::Unknown | Value::Text(b""));
        match (alternative, value) {
            (Alternative::Unknown, _) => missing,
            (Alternative::Known, _) => !missing,
            (Alternative::Number(wanted), Value::Number(number)) => *wanted == number,
            (Alternative::Joined(word), value) => word.covers(value),
            (Alternative::Network(network), Value::Text(text)) => {
                parse_address(text).is_some_and(|address| network.contains(&address))
            }
            (Alternative::Text(pattern), Value::Text(text)) => {
                !missing && (pattern.matches(text) || self.is_path_of(pattern, text))
            }
            (Alternative::Number(_) | Alternative::Network(_) | Alternative::Text(_), _) => false,
        }
    }

    /// An endpoint is named with its method; the path template alone is enough to find it.
    fn is_path_of(&self, pattern: &Pattern, endpoint: &[u8]) -> bool {
        self.field == Field::Endpoint
            && endpoint
                .iter()
                .position(|&b| b == b' ')
                .is_some_and(|at| pattern.matches(&endpoint[at + 1..]))
    }
}

impl Comparison {
    const fn holds(self, number: u64, bound: u64) -> bool {
        match self {
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl JoinedWord {
    pub(super) const ALL: [Self; 4] = [Self::Joined, Self::CallOnly, Self::NoId, Self::MarkOnly];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::CallOnly => "call_only",
            Self::NoId => "no_id",
            Self::MarkOnly => "mark_only",
        }
    }

    /// A call without an id is a call without a mark too: `call_only` counts it, as reports do.
    const fn covers(self, value: Value<'_>) -> bool {
        matches!(
            (self, value),
            (Self::Joined, Value::Joined(Joined::Joined))
                | (Self::CallOnly, Value::Joined(Joined::CallOnly | Joined::NoId))
                | (Self::NoId, Value::Joined(Joined::NoId))
                | (Self::MarkOnly, Value::MarkOnly)
        )
    }
}

/// An address as a log writes it; an IPv4 address mapped into IPv6 is the IPv4 address.
fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let address: IpAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.name())?;
        match &self.test {
            Test::Compare(comparison, bound) => {
                f.write_str(comparison.sign())?;
                self.write_number(*bound, f)
            }
            Test::AnyOf(alternatives) => match alternatives.as_slice() {
                [one] => {
                    f.write_str(":")?;
                    self.write(one, f)
                }
                many => {
                    f.write_str(":(")?;
                    for (n, one) in many.iter().enumerate() {
                        if n > 0 {
                            f.write_str(" or ")?;
                        }
                        self.write(one, f)?;
                    }
                    f.write_str(")")
                }
            },
        }
    }
}

impl Atom {
    fn write(&self, alternative: &Alternative, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match alternative {
            Alternative::Unknown => f.write_str("unknown"),
            Alternative::Known => f.write_str("*"),
            Alternative::Text(pattern) => write!(f, "{pattern}"),
            Alternative::Number(number) => self.write_number(*number, f),
            Alternative::Network(network) if network.prefix_len() == network.max_prefix_len() => {
                write!(f, "{}", network.addr())
            }
            Alternative::Network(network) => write!(f, "{network}"),
            Alternative::Joined(word) => f.write_str(word.word()),
        }
    }

    fn write_number(&self, number: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Field::Duration => units::write(number, units::DURATIONS, f),
            Field::Bytes => units::write(number, units::SIZES, f),
            _ => write!(f, "{number}"),
        }
    }
}
