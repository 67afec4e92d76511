//! Callers whom no rule names and who were not seen before, put together to causes.
//!
//! One user agent in one network is one cause: a script on two hosts, a scanner with two hundred
//! addresses. Whoever comes when a person has [`MOST_OPEN`] of them to look at already is put together
//! with all others who enter the same operation, so a scanner that calls itself a thousand names is no
//! thousand alerts, and nobody is left out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dolmen_model::Time;
use dolmen_store::{Alert, Newcomer, Store, StoreError};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::causes::{Kind, Seen};
use crate::state::is_open;

/// More of them than a person reads one by one.
const MOST_OPEN: usize = 10;

/// What is unknown and new since an instant; `alerts` are those there are.
pub(crate) fn unknown(
    store: &dyn Store,
    alerts: &[Alert],
    since: Time,
    now: Time,
) -> Result<Vec<Seen>, StoreError> {
    let names = store.names();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for row in store.newcomers(since)? {
        let operation = names.sets.operations(row.operations).first().copied();
        let seen = Group {
            service: names.services.name(row.service),
            operation: operation.and_then(|operation| names.operations.name(operation)),
            first: row.first,
            last: row.last,
            calls: row.calls,
            is_certain: row.is_certain,
        };
        match groups.entry(cause(&row)) {
            std::collections::btree_map::Entry::Vacant(none) => _ = none.insert(seen),
            std::collections::btree_map::Entry::Occupied(mut group) => group.get_mut().add(seen),
        }
    }
    Ok(seen(groups, alerts, now))
}

/// Callers that are one cause.
#[derive(Clone, Debug)]
struct Group {
    service: Option<String>,
    operation: Option<String>,
    first: Time,
    last: Time,
    calls: u64,
    is_certain: bool,
}

impl Group {
    /// Of several operations the one that comes first by name is told, whatever the order.
    fn add(&mut self, other: Self) {
        if (&other.service, &other.operation) < (&self.service, &self.operation) {
            (self.service, self.operation) = (other.service, other.operation);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.calls += other.calls;
        self.is_certain |= other.is_certain;
    }

    fn seen(self, cause: String) -> Seen {
        Seen {
            kind: Kind::UnknownCaller,
            cause,
            service: self.service,
            operation: self.operation,
            first: Some(self.first),
            last: Some(self.last),
            count: self.calls,
        }
    }
}

fn seen(groups: BTreeMap<String, Group>, alerts: &[Alert], now: Time) -> Vec<Seen> {
    let unknown: Vec<&Alert> =
        alerts.iter().filter(|alert| alert.kind == Kind::UnknownCaller.name()).collect();
    let find = |cause: &str| unknown.iter().find(|alert| alert.cause == cause);
    let mut room =
        MOST_OPEN.saturating_sub(unknown.iter().filter(|alert| is_open(alert, now)).count());
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| group.first);
    let (mut seen, mut others) = (Vec::new(), BTreeMap::<String, Group>::new());
    for (cause, group) in groups {
        if find(&cause).is_some() {
            seen.push(group.seen(cause));
            continue;
        }
        // It would be told already, if it had not called before.
        if !group.is_certain {
            continue;
        }
        let all = others_cause(group.operation.as_deref(), group.service.as_deref());
        // Whom such an alert counted already it counts on.
        let is_counted = find(&all).is_some_and(|alert| alert.last >= Some(group.first));
        if !is_counted && room > 0 {
            room -= 1;
            seen.push(group.seen(cause));
            continue;
        }
        match others.get_mut(&all) {
            Some(others) => others.add(group),
            None => _ = others.insert(all, group),
        }
    }
    seen.extend(others.into_iter().map(|(cause, others)| others.seen(cause)));
    seen
}

/// What sets those apart who are told together.
fn others_cause(operation: Option<&str>, service: Option<&str>) -> String {
    format!("{} on {}", operation.unwrap_or("unknown"), service.unwrap_or("unknown"))
}

/// Whether an alert tells of many callers together.
pub(crate) fn is_of_many(alert: &Alert) -> bool {
    alert.cause == others_cause(alert.operation.as_deref(), alert.service.as_deref())
}

/// What [`cause`] put together.
pub(crate) fn parts(cause: &str) -> Option<(&str, &str)> {
    cause.strip_suffix(')')?.split_once(" (")
}

/// Network and user agent.
fn cause(row: &Newcomer) -> String {
    let network = row.address.as_deref().map_or_else(|| "-".to_owned(), network_of);
    format!("{network} ({})", row.user_agent.as_deref().unwrap_or("-"))
}

/// The network that an address is likely one of: 256 addresses, or one site's of IPv6; a name is its
/// own.
fn network_of(address: &str) -> String {
    let network = match address.parse() {
        Ok(IpAddr::V4(v4)) => Ipv4Net::new(v4, 24).map(IpNet::V4),
        Ok(IpAddr::V6(v6)) => Ipv6Net::new(v6, 64).map(IpNet::V6),
        Err(_) => return address.to_owned(),
    };
    network.map_or_else(|_| address.to_owned(), |network| network.trunc().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{acknowledge, after, tell};

    fn at(hour: i64) -> Time {
        Time::from_micros(hour * 3_600_000_000)
    }

    fn group(hour: i64) -> Group {
        Group {
            service: Some("monolith".to_owned()),
            operation: Some("transfer".to_owned()),
            first: at(hour),
            last: at(hour),
            calls: 1,
            is_certain: true,
        }
    }

    fn groups(names: impl IntoIterator<Item = (usize, i64)>) -> BTreeMap<String, Group> {
        names.into_iter().map(|(n, hour)| (format!("10.0.{n}.0/24 (sh)"), group(hour))).collect()
    }

    /// Looks, and tells.
    fn look(groups: &BTreeMap<String, Group>, alerts: &[Alert], hour: i64) -> Vec<Alert> {
        let now = at(hour);
        let seen = seen(groups.clone(), alerts, now).into_iter();
        let mut next = alerts.to_vec();
        for seen in seen {
            let known = next.iter().position(|alert| seen.is(alert));
            match after(known.map(|at| &alerts[at]), seen, now) {
                Some(alert) if known.is_some() => next[known.unwrap()] = tell(&alert, now),
                Some(alert) => next.push(tell(&alert, now)),
                None => {}
            }
        }
        next
    }

    #[test]
    fn a_thousand_are_few_alerts_and_nobody_is_left_out() {
        let thousand = groups((0..1_000).map(|n| (n, 1)));
        let alerts = look(&thousand, &[], 1);
        assert_eq!(alerts.len(), MOST_OPEN + 1);
        assert_eq!(alerts.iter().map(|alert| alert.count).sum::<u64>(), 1_000);
        assert_eq!(alerts.iter().filter(|alert| is_of_many(alert)).count(), 1);
        // Nothing changed, and when somebody answered nobody changes place.
        assert_eq!(look(&thousand, &alerts, 2), alerts);
        let known: Vec<_> = alerts.iter().map(|alert| acknowledge(alert, at(3))).collect();
        assert_eq!(look(&thousand, &known, 4), known);
        // Who comes then is told by itself.
        let more = groups((0..1_000).map(|n| (n, 1)).chain([(2_000, 5)]));
        let told = look(&more, &known, 5);
        assert_eq!(told.len(), known.len() + 1);
        assert_eq!(told.last().unwrap().cause, "10.0.2000.0/24 (sh)");
    }

    #[test]
    fn of_whom_nobody_can_tell_any_more_whether_he_is_new_stays_what_he_was() {
        let uncertain = BTreeMap::from([("a".to_owned(), Group { is_certain: false, ..group(1) })]);
        assert_eq!(seen(uncertain.clone(), &[], at(2)), []);
        let alerts = look(&BTreeMap::from([("a".to_owned(), group(1))]), &[], 1);
        assert_eq!(seen(uncertain, &alerts, at(2)).len(), 1);
    }

    #[test]
    fn one_agent_in_one_network_is_one_cause() {
        let networks = ["10.0.9.4", "2001:db8::1:5", "host.example"].map(network_of);
        assert_eq!(networks, ["10.0.9.0/24", "2001:db8::/64", "host.example"]);
    }
}
