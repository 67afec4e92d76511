//! Conditions of rules: what they ask of a call, and how all rules of one kind are asked at once.

mod bits;
mod glob;
mod network;
mod query;
mod selector;
mod text;

use dolmen_model::Call;
use ipnet::IpNet;

pub(crate) use bits::Bits;
pub(crate) use glob::Glob;
pub(crate) use selector::{Seen, Selector, SelectorMemo};

use crate::paths::PathTemplate;
use text::{Compare, Empty};

/// What one rule asks of a call, read and understood. Every field that says something must hold;
/// of a list any one value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions {
    pub(crate) service: Option<String>,
    pub(crate) paths: Option<Vec<PathTemplate>>,
    pub(crate) texts: Vec<(Field, Vec<Glob>)>,
    pub(crate) networks: Option<Vec<IpNet>>,
    pub(crate) query: Vec<(String, Vec<Glob>)>,
}

/// A text of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Method,
    UserAgent,
    User,
    Host,
    Upstream,
    SoapAction,
    /// By name in lower case.
    Header(String),
}

impl Field {
    /// The text; empty where the log has none.
    fn of<'c>(&self, call: &Call<'c>) -> &'c [u8] {
        match self {
            Self::Method => call.method,
            Self::UserAgent => call.user_agent,
            Self::User => call.user,
            Self::Host => call.host,
            Self::Upstream => call.upstream,
            Self::SoapAction => soap_action(call),
            Self::Header(name) => header(call, name),
        }
    }

    /// The key that rules write for it.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Method => "method".to_owned(),
            Self::UserAgent => "user_agent".to_owned(),
            Self::User => "user".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Upstream => "upstream".to_owned(),
            Self::SoapAction => "soap_action".to_owned(),
            Self::Header(name) => format!("header.{name}"),
        }
    }

    /// Whether it is what the client says about itself beyond the request line.
    fn is_header(&self) -> bool {
        matches!(self, Self::SoapAction | Self::Header(_))
    }

    fn compare(&self) -> Compare {
        match self {
            Self::Host => Compare::AsHost,
            _ => Compare::Exactly,
        }
    }
}

impl Conditions {
    /// Whether the rule only declares a name: a service alone is no way to recognise a call.
    pub(crate) fn is_declaration(&self) -> bool {
        self.paths.is_none()
            && self.texts.is_empty()
            && self.networks.is_none()
            && self.query.is_empty()
    }

    /// Whether a header decides, which any client can write.
    pub(crate) fn trust_headers(&self) -> bool {
        self.texts.iter().any(|(field, _)| field.is_header())
    }

    pub(crate) fn text(&self, wanted: &Field) -> Option<&[Glob]> {
        let found = self.texts.iter().find(|(field, _)| field == wanted);
        found.map(|(_, globs)| globs.as_slice())
    }

    /// Whether every call that `other` matches is matched by this one too. A "no" may be wrong
    /// where only a proof by cases would show it; a "yes" never is.
    pub(crate) fn cover(&self, other: &Self) -> bool {
        let texts = self.texts.iter().all(|(field, globs)| {
            other.text(field).is_some_and(|others| any_covers(globs, others, Empty::Absent))
        });
        let query = self.query.iter().all(|(name, globs)| {
            let others = other.query.iter().find(|(other, _)| other == name);
            others.is_some_and(|(_, others)| any_covers(globs, others, Empty::Value))
        });
        texts
            && query
            && (self.service.is_none() || self.service == other.service)
            && each_covered(&self.paths, &other.paths, PathTemplate::covers)
            && each_covered(&self.networks, &other.networks, |net, other| net.contains(other))
    }
}

fn any_covers(globs: &[Glob], others: &[Glob], empty: Empty) -> bool {
    let is_empty = |glob: &Glob| glob.literal().is_some_and(|text| text.is_empty());
    others.iter().all(|other| match empty {
        Empty::Absent if is_empty(other) => globs.iter().any(is_empty),
        _ => globs.iter().any(|glob| glob.covers(other)),
    })
}

fn each_covered<T>(
    mine: &Option<Vec<T>>,
    others: &Option<Vec<T>>,
    covers: impl Fn(&T, &T) -> bool,
) -> bool {
    match (mine, others) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(mine), Some(others)) => {
            others.iter().all(|other| mine.iter().any(|mine| covers(mine, other)))
        }
    }
}

// Apart from the fields above, which are read on every call.
#[inline(never)]
fn header<'c>(call: &Call<'c>, name: &str) -> &'c [u8] {
    call.header(name).unwrap_or_default()
}

/// The SOAP action of a call: the `SOAPAction` header (SOAP 1.1 section 6.1.1), or the `action`
/// parameter of the media type (RFC 3902), without quotes.
#[inline(never)]
fn soap_action<'c>(call: &Call<'c>) -> &'c [u8] {
    let action = call.header("soapaction").or_else(|| {
        let mut parameters = call.header("content-type")?.split(|&b| b == b';').skip(1);
        parameters.find_map(|parameter| {
            let (name, value) = parameter.split_at_checked(memchr::memchr(b'=', parameter)?)?;
            name.trim_ascii().eq_ignore_ascii_case(b"action").then_some(&value[1..])
        })
    });
    let action = action.unwrap_or_default().trim_ascii();
    match action {
        [b'"', inner @ .., b'"'] => inner,
        bare => bare,
    }
}

#[cfg(test)]
mod tests {
    use dolmen_model::Header;

    use super::*;

    fn action(name: &'static str, value: &'static str) -> &'static str {
        let header = Header { name, value: value.as_bytes() };
        let call = Call { headers: [header].into_iter().collect(), ..Call::default() };
        str::from_utf8(soap_action(&call)).unwrap()
    }

    #[test]
    fn soap_actions_with_and_without_quotes() {
        assert_eq!(action("soapaction", "\"urn:virement\""), "urn:virement");
        assert_eq!(action("soapaction", " urn:virement "), "urn:virement");
        assert_eq!(action("soapaction", "\"\""), "");
        assert_eq!(action("soapaction", "\""), "\"");
        assert_eq!(
            action("content-type", "application/soap+xml; charset=utf-8; Action=\"urn:virement\""),
            "urn:virement"
        );
        assert_eq!(action("content-type", "text/xml; charset=utf-8"), "");
        assert_eq!(action("content-type", "text/xml; action"), "");
    }
}
