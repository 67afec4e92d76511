//! What may be put into a configuration: nothing that would end a quoted text or mean something
//! else to one of the servers.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::exit::UsageError;

/// What stands behind the proxy: `http://HOST` or `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upstream(String);

impl FromStr for Upstream {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        let wrong = |what: &str| Err(UsageError(format!("{what}: write http://HOST:PORT")));
        let Some(authority) = text.strip_prefix("http://") else {
            return match text.starts_with("https://") {
                true => wrong("only a monolith behind plain HTTP is supported"),
                false => wrong("this is no URL"),
            };
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#']) {
            return wrong("a URL without a path is needed, as paths are passed on unchanged");
        }
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
        let is_good = match authority.rsplit_once(':') {
            _ if is_host(authority) => true,
            Some((host, port)) => is_host(host) && is_port(port),
            None => false,
        };
        if is_good { Ok(Self(format!("http://{authority}"))) } else { wrong("the host is wrong") }
    }
}

impl Upstream {
    /// The same as HAProxy names it: always with a port.
    pub(super) fn as_server(&self) -> String {
        let authority = self.0.trim_start_matches("http://");
        match authority.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.ends_with(']') => authority.to_owned(),
            _ => format!("{authority}:80"),
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=253).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Where the proxy listens: `ADDRESS:PORT`, or a port of all addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    /// One address.
    At(SocketAddr),
    /// Every address.
    Port(u16),
}

impl Listen {
    /// The same as Apache's `<VirtualHost>` names it.
    pub(super) fn as_virtual_host(self) -> String {
        match self {
            Self::At(address) => address.to_string(),
            Self::Port(port) => format!("*:{port}"),
        }
    }

    /// The same as HAProxy names it.
    pub(super) fn as_bind(self) -> String {
        match self {
            Self::At(address) => address.to_string(),
            Self::Port(port) => format!(":{port}"),
        }
    }
}

impl Listen {
    pub(super) fn port(&self) -> u16 {
        match self {
            Self::At(address) => address.port(),
            Self::Port(port) => *port,
        }
    }

    /// The line by which Caddy listens at one address alone.
    pub(super) fn as_caddy_bind(&self) -> String {
        match self {
            Self::At(address) => format!("bind {}", address.ip()),
            Self::Port(_) => String::new(),
        }
    }
}

impl FromStr for Listen {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        let listen = match text.strip_prefix("*:").unwrap_or(text).parse() {
            Ok(port) => Some(Self::Port(port)),
            Err(_) => text.parse().ok().map(Self::At),
        };
        match listen {
            None | Some(Self::Port(0)) => {}
            Some(Self::At(address)) if address.port() == 0 => {}
            Some(listen) => return Ok(listen),
        }
        Err(UsageError("write ADDRESS:PORT, such as 127.0.0.1:8000, or only a port".to_owned()))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Port(port) => port.fmt(f),
        }
    }
}

/// The name that clients call the proxy by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerName(String);

impl FromStr for ServerName {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        match is_name(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(UsageError("write a host name, such as www.example.org".to_owned())),
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of the access log. A relative one starts where the server's paths start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFile(String);

impl LogFile {
    /// A path that is known to be good.
    pub(super) fn known(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    /// The same as dolmen.toml names it.
    pub(super) fn as_toml(&self) -> String {
        toml::Value::String(self.0.clone()).to_string()
    }
}

impl FromStr for LogFile {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        // A quote or backslash ends or escapes, `$` is a variable; the rest is no file: Apache
        // would start a program, nginx send the lines elsewhere or write none.
        let is_special = text.is_empty()
            || text == "off"
            || text.starts_with(['|', '-'])
            || text.starts_with("syslog:")
            || text.ends_with('/');
        let ends_the_text = |c: char| c.is_control() || matches!(c, '"' | '\\' | '$');
        if is_special || text.contains(ends_the_text) {
            return Err(UsageError(
                "write the path of a file, without quotes, backslashes and `$`".to_owned(),
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
