//! Conditions on the client's address: address -> the rules that allow it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::bits::Bits;

/// All rules' networks, cut into ranges that do not overlap, so that a search answers at once.
#[derive(Debug)]
pub(crate) struct NetworkIndex {
    asking: Bits,
    /// The rules that allow what is no address.
    not_asking: Bits,
    v4: Ranges<Ipv4Addr>,
    v6: Ranges<Ipv6Addr>,
}

/// From each start up to the next, these rules; sorted by start.
#[derive(Debug)]
struct Ranges<A>(Vec<(A, Bits)>);

impl NetworkIndex {
    /// The conditions of rules out of `count`: pairs of a rule and its networks.
    pub(crate) fn compile(conditions: &[(usize, &[IpNet])], count: usize) -> Self {
        let mut asking = Bits::none(count);
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for &(rule, nets) in conditions {
            asking.insert(rule);
            for net in nets {
                match net {
                    IpNet::V4(net) => v4.push((rule, first_and_last_v4(*net))),
                    IpNet::V6(net) => v6.push((rule, first_and_last_v6(*net))),
                }
            }
        }
        let not_asking = asking.complement(count);
        let after_v4 = |last: Ipv4Addr| u32::from(last).checked_add(1).map(Ipv4Addr::from);
        let after_v6 = |last: Ipv6Addr| u128::from(last).checked_add(1).map(Ipv6Addr::from);
        Self {
            v4: Ranges::cut(&v4, &not_asking, Ipv4Addr::UNSPECIFIED, after_v4),
            v6: Ranges::cut(&v6, &not_asking, Ipv6Addr::UNSPECIFIED, after_v6),
            asking,
            not_asking,
        }
    }

    /// Whether any of `rules` has a condition here.
    pub(crate) fn asks(&self, rules: &Bits) -> bool {
        self.asking.meets(rules)
    }

    /// The rules that allow this address; `None` is what is no address (a host name, say).
    pub(crate) fn allow(&self, address: Option<IpAddr>) -> &Bits {
        let found = match address {
            Some(IpAddr::V4(address)) => self.v4.find(address),
            Some(IpAddr::V6(address)) => self.v6.find(address),
            None => None,
        };
        found.unwrap_or(&self.not_asking)
    }
}

impl<A: Copy + Ord> Ranges<A> {
    fn cut(
        nets: &[(usize, (A, A))],
        not_asking: &Bits,
        zero: A,
        after: impl Fn(A) -> Option<A>,
    ) -> Self {
        let mut starts: Vec<A> = std::iter::once(zero)
            .chain(nets.iter().map(|&(_, (first, _))| first))
            .chain(nets.iter().filter_map(|&(_, (_, last))| after(last)))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let rules = |start: A| {
            let mut rules = not_asking.clone();
            for &(rule, (first, last)) in nets {
                if (first..=last).contains(&start) {
                    rules.insert(rule);
                }
            }
            (start, rules)
        };
        Self(starts.into_iter().map(rules).collect())
    }

    fn find(&self, address: A) -> Option<&Bits> {
        let next = self.0.partition_point(|(start, _)| *start <= address);
        self.0.get(next.checked_sub(1)?).map(|(_, rules)| rules)
    }
}

fn first_and_last_v4(net: Ipv4Net) -> (Ipv4Addr, Ipv4Addr) {
    (net.network(), net.broadcast())
}

fn first_and_last_v6(net: Ipv6Net) -> (Ipv6Addr, Ipv6Addr) {
    (net.network(), net.broadcast())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rules: &[&[&str]], address: &str) -> Vec<usize> {
        let nets: Vec<Vec<IpNet>> =
            rules.iter().map(|nets| nets.iter().map(|n| n.parse().unwrap()).collect()).collect();
        let conditions: Vec<_> = nets
            .iter()
            .enumerate()
            .filter(|(_, nets)| !nets.is_empty())
            .map(|(rule, nets)| (rule, nets.as_slice()))
            .collect();
        let index = NetworkIndex::compile(&conditions, rules.len());
        let bits = index.allow(address.parse().ok());
        (0..rules.len()).filter(|&rule| bits.contains(rule)).collect()
    }

    #[test]
    fn nested_and_neighbouring_networks() {
        let rules: &[&[&str]] =
            &[&["10.0.0.0/8"], &["10.0.9.0/24", "10.0.11.0/24"], &["10.0.10.0/24"], &[]];
        assert_eq!(allowed(rules, "10.0.9.255"), [0, 1, 3]);
        assert_eq!(allowed(rules, "10.0.10.0"), [0, 2, 3]);
        assert_eq!(allowed(rules, "10.0.12.0"), [0, 3]);
        assert_eq!(allowed(rules, "11.0.0.0"), [3]);
        assert_eq!(allowed(rules, "host.example"), [3]);
    }

    #[test]
    fn the_ends_of_both_spaces() {
        let rules: &[&[&str]] = &[&["0.0.0.0/0"], &["::/0"], &["255.255.255.255/32"], &["::1/128"]];
        assert_eq!(allowed(rules, "0.0.0.0"), [0]);
        assert_eq!(allowed(rules, "255.255.255.255"), [0, 2]);
        assert_eq!(allowed(rules, "::1"), [1, 3]);
        assert_eq!(allowed(rules, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), [1]);
    }
}
