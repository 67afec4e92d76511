//! Values of rules as they are typed: one or a list, an address or a network, a day.

use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;
use serde::de::value::{SeqAccessDeserializer, StrDeserializer};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// One value or a list of values, any of which will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Any<T>(pub Vec<T>);

impl<T> From<T> for Any<T> {
    fn from(value: T) -> Self {
        Self(vec![value])
    }
}

impl From<&str> for Any<String> {
    fn from(value: &str) -> Self {
        Self(vec![value.to_owned()])
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Any<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
            type Value = Any<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Any<T>, E> {
                T::deserialize(StrDeserializer::new(text)).map(Any::from)
            }

            fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<Any<T>, S::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Any)
            }
        }

        deserializer.deserialize_any(OneOrMany(PhantomData))
    }
}

/// `10.0.9.0/24`, or `10.0.9.7` for that address alone.
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Network;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address (10.0.9.7) or a network (10.0.9.0/24) as text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Network, E> {
                network(text).map(Network).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let Ok(net) = text.parse::<IpNet>() else {
        return Err(format!(
            "`{text}` is neither an address (10.0.9.7, 2001:db8::7) nor a network (10.0.9.0/24)"
        ));
    };
    // Somebody who writes 10.0.9.7/24 means either; guessing wrong names the wrong actor.
    if net.addr() != net.network() {
        return Err(format!(
            "`{text}` is an address inside a network: write `{}` for the network, or `{}` for the \
             address alone",
            net.trunc(),
            net.addr()
        ));
    }
    Ok(net)
}

pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let Any(networks) = Any::<Network>::deserialize(from)?;
    Ok(networks.into_iter().map(|Network(net)| net).collect())
}

pub(super) fn any_network<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Any<IpNet>>, D::Error> {
    networks(from).map(|networks| Some(Any(networks)))
}

pub(super) fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    struct Day;

    impl Visitor<'_> for Day {
        type Value = Date;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a day in quotes, such as \"2026-10-01\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
            // Date's own parser would take a date with a time, and forget the time.
            let parsed = text.parse::<Date>().ok().filter(|_| text.len() == "2026-10-01".len());
            parsed
                .ok_or_else(|| E::custom(format!("`{text}` is not a day: write it as 2026-10-01")))
        }
    }

    from.deserialize_any(Day).map(Some)
}
