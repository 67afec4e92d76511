//! What came over the network, and what did not get in.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its network is not allowed.
    Network,
    /// It does not know the token.
    Token,
    /// It speaks plain text where TLS is asked for, or the other way round, or TLS failed.
    Tls,
    /// A line is too long.
    Line,
    /// A body is too large, or cannot be read.
    Body,
    /// Other bodies fill the memory for them, or others waited for that of a long line.
    Memory,
    /// Too many are connected.
    Connections,
    /// The spool is full.
    Spool,
    /// The disk did not take it.
    Disk,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Network,
        Self::Token,
        Self::Tls,
        Self::Line,
        Self::Body,
        Self::Memory,
        Self::Connections,
        Self::Spool,
        Self::Disk,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Token => "token",
            Self::Tls => "tls",
            Self::Line => "line",
            Self::Body => "body",
            Self::Memory => "memory",
            Self::Connections => "connections",
            Self::Spool => "spool",
            Self::Disk => "disk",
        }
    }
}

/// Counts since the program started. They outlive a listener that changes.
#[derive(Debug, Default)]
pub struct Traffic {
    connections: AtomicU64,
    lines: AtomicU64,
    refused: [AtomicU64; Refused::ALL.len()],
}

impl Traffic {
    /// Connections at this moment.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Lines that were taken.
    pub fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// Connections, requests or lines that were refused for this reason.
    pub fn refused(&self, why: Refused) -> u64 {
        self.refused[why as usize].load(Ordering::Relaxed)
    }

    pub(super) fn came(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn went(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn took(&self, lines: usize) {
        self.lines.fetch_add(lines as u64, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self, why: Refused) {
        self.refused[why as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_place_of_its_own() {
        let traffic = Traffic::default();
        for (count, why) in (1..).zip(Refused::ALL) {
            (0..count).for_each(|_| traffic.refuse(why));
        }
        let counts = Refused::ALL.map(|why| traffic.refused(why));
        assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
