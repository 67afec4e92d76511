//! Addresses that nobody else has.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

/// An address to listen at that stays this test's own, also while nobody listens there: a port that is
/// free now is somebody else's as soon as a server is stopped, or was asked for and not taken yet.
///
/// The loopback network has 16 million addresses. Each process of tests has one of them to itself, by
/// its number, and each call a port there. Connections that others make, and ports that they let the
/// system choose, are at 127.0.0.1.
pub(crate) fn own_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    // Linux counts processes to 2^22 at most (proc(5)): `high` is less than 64.
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, 64 + high, middle, low);
    SocketAddr::from((address, NEXT.fetch_add(1, Ordering::Relaxed)))
}
