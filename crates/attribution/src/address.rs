//! Whose address a call comes from.

use std::net::IpAddr;

use dolmen_model::Call;
use ipnet::IpNet;

/// The client's address: the peer's, or, where the peer is a `trusted` proxy, what it and the
/// trusted proxies before it wrote into `X-Forwarded-For`.
///
/// The list is read from the right, since each proxy appends the peer that it saw and anybody can
/// send the left part. The first address that is not trusted is the client's; where all are, the
/// leftmost. An entry that is no address (`unknown`) ends the way: then the client is the proxy
/// that wrote it. Where the log has no peer at all, the rightmost entry stands for it.
///
/// The answer is a part of the call, without brackets and port.
pub fn client_address<'a>(call: &Call<'a>, trusted: &[IpNet]) -> &'a [u8] {
    let mut client = call.address;
    if !client.is_empty() && !is_trusted(client, trusted) {
        return client;
    }
    let hops = call.forwarded_for.rsplit(|&b| b == b',').map(<[u8]>::trim_ascii);
    for hop in hops.filter(|hop| !hop.is_empty()) {
        let hop = without_port(hop);
        if parse_address(hop).is_none() {
            return client;
        }
        client = hop;
        if !is_trusted(client, trusted) {
            return client;
        }
    }
    client
}

fn is_trusted(address: &[u8], trusted: &[IpNet]) -> bool {
    !trusted.is_empty()
        && parse_address(address)
            .is_some_and(|address| trusted.iter().any(|net| net.contains(&address)))
}

/// An address as logs write it: an IPv4 address inside IPv6 (`::ffff:10.0.9.7`, as dual-stack
/// sockets report it) is the IPv4 address, a zone (`fe80::1%eth0`) is left out.
pub(crate) fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = match memchr::memchr(b'%', text) {
        Some(zone) => &text[..zone],
        None => text,
    };
    let address: IpAddr = str::from_utf8(text).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

/// `2001:db8::7` of `[2001:db8::7]:443`, `192.0.2.7` of `192.0.2.7:443`.
fn without_port(hop: &[u8]) -> &[u8] {
    if let Some(inner) = hop.strip_prefix(b"[") {
        let end = memchr::memchr(b']', inner).unwrap_or(inner.len());
        return &inner[..end];
    }
    match memchr::memchr(b':', hop) {
        Some(colon) if memchr::memchr(b'.', &hop[..colon]).is_some() => &hop[..colon],
        _ => hop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded_for: &str, trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let call = Call {
            address: peer.as_bytes(),
            forwarded_for: forwarded_for.as_bytes(),
            ..Call::default()
        };
        String::from_utf8(client_address(&call, &trusted).to_vec()).unwrap()
    }

    const PROXIES: &[&str] = &["10.0.0.0/8", "2001:db8:1::/48"];

    #[test]
    fn nobody_is_trusted_unasked() {
        assert_eq!(client("10.0.0.1", "192.0.2.7", &[]), "10.0.0.1");
        assert_eq!(client("198.51.100.1", "192.0.2.7", PROXIES), "198.51.100.1");
    }

    #[test]
    fn the_list_is_read_from_the_right() {
        assert_eq!(client("10.0.0.1", "127.0.0.1, 192.0.2.7, 10.0.0.2", PROXIES), "192.0.2.7");
        assert_eq!(client("10.0.0.1", "10.0.0.3, 10.0.0.2", PROXIES), "10.0.0.3");
        assert_eq!(client("10.0.0.1", "", PROXIES), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "192.0.2.7,, ,", PROXIES), "192.0.2.7");
    }

    #[test]
    fn what_is_no_address_ends_the_way() {
        assert_eq!(client("10.0.0.1", "192.0.2.7, unknown", PROXIES), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "192.0.2.7, _hidden, 10.0.0.2", PROXIES), "10.0.0.2");
        assert_eq!(client("proxy.example", "192.0.2.7", PROXIES), "proxy.example");
    }

    #[test]
    fn every_way_to_write_an_address() {
        assert_eq!(client("10.0.0.1", "192.0.2.7:50123", PROXIES), "192.0.2.7");
        assert_eq!(client("10.0.0.1", "[2001:db8::7]:443", PROXIES), "2001:db8::7");
        assert_eq!(client("10.0.0.1", "2001:db8::7", PROXIES), "2001:db8::7");
        assert_eq!(client("2001:db8:1::5", "192.0.2.7", PROXIES), "192.0.2.7");
        assert_eq!(client("::ffff:10.0.0.1", "192.0.2.7", PROXIES), "192.0.2.7");
        assert_eq!(client("2001:db8:1::5%eth0", "192.0.2.7", PROXIES), "192.0.2.7");
    }

    #[test]
    fn a_log_without_the_peer() {
        assert_eq!(client("", "203.0.113.9, 192.0.2.7", &[]), "192.0.2.7");
        assert_eq!(client("", "", PROXIES), "");
    }
}
