//! Sources that arrive over the network.
//!
//! ```text
//! a connection -> door (a seat, who it is, TLS) -> lines over tcp, or requests over http -> the spool
//! ```
//!
//! A listener takes whole lines, appends them to the source's [`Spool`], and answers when they are
//! on the disk. It waits where the spool is full rather than lose a line: a TCP sender is no longer
//! read, an HTTP sender is told to come back. What it does not take it says, and counts.

mod body;
mod bulk;
mod cluster;
mod complaints;
mod door;
mod http;
mod long;
mod refusal;
mod tcp;
mod tls;
mod token;
mod traffic;

#[cfg(test)]
mod testing;

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::spool::Spool;

pub use http::serve_http;
pub use long::LongLines;
pub use tcp::serve_tcp;
pub use tls::{Tls, TlsError, TlsFiles};
pub use traffic::{Refused, Traffic};

/// A source that listens.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name.
    pub source: String,
    /// Where its lines go.
    pub spool: Arc<Spool>,
    /// Who may send; empty: everybody.
    pub allow: Vec<IpNet>,
    /// What HTTP senders must know (`Authorization: Bearer`).
    pub token: Option<String>,
    /// What it shows senders; `None`: it speaks plain text.
    pub tls: Option<Arc<Tls>>,
    /// How much it takes.
    pub limits: Limits,
    /// What its long lines are in, with those of other sources.
    pub long: LongLines,
    /// What came and what was refused.
    pub traffic: Arc<Traffic>,
}

/// How much a source takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a line, its end not counted.
    pub line: usize,
    /// Bytes of the body of a request, also unpacked.
    pub body: usize,
    /// Connections at once.
    pub connections: usize,
}

impl Listener {
    fn allows(&self, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(&address))
    }
}

/// Dropped when connections are taken no more: then somebody else may take them from the same socket.
pub type Open = tokio::sync::oneshot::Sender<()>;

/// Whom to tell what somebody should know of.
pub type Complain = Arc<dyn Fn(String) + Send + Sync>;
