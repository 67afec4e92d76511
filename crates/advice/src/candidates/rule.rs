//! The rule that would name a candidate.

use std::collections::BTreeSet;
use std::net::IpAddr;

use dolmen_attribution::{ActorRule, Any};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::Serialize;
use utoipa::ToSchema;

use super::agent::{is_library, product};
use super::crawlers::crawler;
use super::gather::Visitor;
use super::kind::Kind;

/// The conditions of a rule, all of which must hold; of a list, any one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProposedRule {
    /// The user agent, with `*` for any run of characters; `""` for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Addresses and networks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip: Vec<String>,
    /// The authenticated user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Addresses that a rule spells out; of more, their networks.
const SPELLED: usize = 8;

impl ProposedRule {
    pub(super) fn of(kind: Kind, visitors: &[Visitor]) -> Self {
        let user = one(visitors.iter().map(|visitor| visitor.user.as_str()));
        if let Some(user) = user.filter(|user| !user.is_empty()) {
            return Self { user: Some(escaped(user)), ..Self::default() };
        }
        let agent = visitors.first().map_or("", |visitor| visitor.user_agent.as_str());
        match kind {
            Kind::Crawler => {
                let part = crawler(agent).map_or_else(String::new, |(_, part)| escaped(&part));
                Self { user_agent: Some(format!("*{part}*")), ..Self::default() }
            }
            // Its user agent is its own.
            Kind::Application | Kind::Probe if !is_library(agent) => {
                Self { user_agent: Some(family(agent)), ..Self::default() }
            }
            Kind::Browser => Self {
                user_agent: Some("Mozilla/*".to_owned()),
                ip: networks(visitors),
                user: None,
            },
            Kind::Scanner => Self { ip: addresses(visitors), ..Self::default() },
            // Many use the same library: only together with where from does it say who.
            _ => Self { user_agent: Some(family(agent)), ip: addresses(visitors), user: None },
        }
    }

    /// The rule as `dolmen.toml` has it.
    pub(super) fn toml(&self, name: &str) -> String {
        #[derive(Serialize)]
        struct File {
            actor: [ActorRule; 1],
        }
        let networks: Vec<IpNet> = self.ip.iter().filter_map(|ip| network(ip)).collect();
        let rule = ActorRule {
            name: name.to_owned(),
            user_agent: self.user_agent.clone().map(Any::from),
            ip: None,
            user: self.user.clone().map(Any::from),
            ..ActorRule::default()
        };
        let mut text = toml::to_string(&File { actor: [rule] }).unwrap_or_default();
        if !networks.is_empty() {
            let quoted: Vec<String> = self.ip.iter().map(|ip| format!("\"{ip}\"")).collect();
            text.push_str(&format!("ip = [{}]\n", quoted.join(", ")));
        }
        text
    }
}

fn one<'t>(mut texts: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let first = texts.next()?;
    texts.all(|text| text == first).then_some(first)
}

/// `curl/*` of `curl/7.81.0`: versions change. A user agent without a version is taken as it is.
pub(super) fn family(user_agent: &str) -> String {
    let product = product(user_agent);
    match user_agent[product.len()..].chars().next() {
        Some('/') => format!("{}/*", escaped(product)),
        Some(_) => format!("{}*", escaped(product)),
        None => escaped(product),
    }
}

/// A text that matches itself alone; `*` stands for bytes that are no UTF-8, which a rule cannot
/// spell.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if character == char::REPLACEMENT_CHARACTER {
            escaped.push('*');
            continue;
        }
        if matches!(character, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The addresses, or their networks where there are many.
fn addresses(visitors: &[Visitor]) -> Vec<String> {
    let all: BTreeSet<IpAddr> =
        visitors.iter().filter_map(|visitor| visitor.address.parse().ok()).collect();
    if all.len() > SPELLED {
        return networks(visitors);
    }
    all.iter().map(ToString::to_string).collect()
}

fn networks(visitors: &[Visitor]) -> Vec<String> {
    let all: BTreeSet<String> =
        visitors.iter().filter_map(|visitor| network_of(&visitor.address)).collect();
    all.into_iter().collect()
}

/// The network that an address is likely one of: 256 addresses, or one site's of IPv6.
pub(super) fn network_of(address: &str) -> Option<String> {
    let network = match address.parse().ok()? {
        IpAddr::V4(v4) => IpNet::V4(Ipv4Net::new(v4, 24).ok()?),
        IpAddr::V6(v6) => IpNet::V6(Ipv6Net::new(v6, 64).ok()?),
    };
    Some(network.trunc().to_string())
}
