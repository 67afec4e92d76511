//! Sources that arrive over the network.
//!
//! A listener takes whole lines, appends them to the source's [`Spool`], and answers when they are
//! on the disk. It waits where the spool is full rather than lose a line: a TCP sender is no longer
//! read, an HTTP sender is told to come back.

mod bulk;
mod http;
mod tcp;

use std::net::SocketAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::spool::Spool;

pub use http::serve_http;
pub use tcp::serve_tcp;

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
    /// The longest line, in bytes. What is longer is refused.
    pub longest_line: usize,
}

impl Listener {
    fn allows(&self, peer: SocketAddr) -> bool {
        let address = peer.ip().to_canonical();
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(&address))
    }
}
