//! What a caller seems to be.

use std::net::IpAddr;

use serde::Serialize;
use utoipa::ToSchema;

use super::agent::{is_browser, is_library, is_probe, is_scanner};
use super::crawlers::crawler;
use super::gather::Visitor;
use super::why::Why;

/// What a candidate seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A program of one's own that does not say which: a library's user agent from an inner
    /// address.
    Script,
    /// A program that says its name.
    Application,
    /// A library's user agent from outside.
    Library,
    /// A person's browser.
    Browser,
    /// Asks again and again whether something is there.
    Probe,
    /// Reads the site for a search engine, an archive, a preview.
    Crawler,
    /// Looks for holes.
    Scanner,
}

/// From so many odd requests on, or so many that were not there, a caller may be a scanner.
const ODD: u64 = 3;
const NOT_FOUND: u64 = 5;
/// A probe asks at least so often.
const PROBE_SECONDS: i64 = 30 * 60;
/// So many calls tell a probe.
const PROBE_CALLS: usize = 12;

/// What a caller seems to be, and why.
pub(super) fn kind(visitor: &Visitor) -> (Kind, Why) {
    let Visitor { user_agent, calls, not_found, odd, endpoints, .. } = visitor;
    let (calls, not_found, odd) = (*calls, *not_found, *odd);
    if is_scanner(user_agent) {
        return (Kind::Scanner, Why::ScannersAgent);
    }
    if odd >= ODD && odd * 2 >= calls {
        return (Kind::Scanner, Why::Holes { odd, calls });
    }
    if let Some((name, _)) = crawler(user_agent) {
        return (Kind::Crawler, Why::Crawler(name));
    }
    if is_probe(user_agent) {
        return (Kind::Probe, Why::ProbesAgent);
    }
    let tried = endpoints.len() as u64;
    if not_found >= NOT_FOUND && not_found * 2 >= calls && tried >= NOT_FOUND {
        return (Kind::Scanner, Why::NotThere { not_found, calls });
    }
    if is_browser(user_agent) {
        return (Kind::Browser, Why::BrowsersAgent);
    }
    if let Some(seconds) = probes(visitor) {
        let endpoint = endpoints.keys().next().cloned();
        return (Kind::Probe, Why::Asks { endpoint, seconds });
    }
    if !is_library(user_agent) {
        return (Kind::Application, Why::OwnName);
    }
    let is_inside = is_inside(&visitor.address);
    let why = Why::Nameless { has_agent: !user_agent.is_empty(), is_inside };
    (if is_inside { Kind::Script } else { Kind::Library }, why)
}

/// The seconds between calls of somebody who enters no operation, and asks for one thing, steadily.
fn probes(visitor: &Visitor) -> Option<i64> {
    if !visitor.operations.is_empty() || visitor.endpoints.len() > 2 {
        return None;
    }
    let minutes = &visitor.minutes;
    if minutes.len() < PROBE_CALLS {
        return None;
    }
    let mut gaps: Vec<i64> =
        minutes.windows(2).map(|pair| pair[1].seconds() - pair[0].seconds()).collect();
    gaps.sort_unstable();
    let median = gaps[gaps.len() / 2];
    let steady = gaps.iter().filter(|gap| (*gap - median).abs() <= 60 + median / 10).count();
    (median <= PROBE_SECONDS && steady * 10 >= gaps.len() * 8).then_some(median)
}

/// Whether an address is one of a private network (RFC 1918, RFC 6598, RFC 4193) or of this host.
pub(super) fn is_inside(address: &str) -> bool {
    match address.parse() {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared
        }
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
        }
        // A host's name without a dot.
        Err(_) => !address.is_empty() && !address.contains('.'),
    }
}
