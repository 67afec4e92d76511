use xxhash_rust::xxh3::xxh3_128;

/// What calls and marks are joined by: the 128-bit XXH3 hash of the request id's bytes.
///
/// Two different ids collide with probability n²/2¹²⁹: about 10⁻²⁰ for ten billion ids. Where
/// entries wait for their join, 88 bits of it are kept ([`Partitions`](crate::Partitions)): about
/// 10⁻¹¹ for a hundred million ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinKey(pub u128);

impl JoinKey {
    /// The key of a request id, byte for byte (case matters, as it does to whoever made it).
    pub fn of(request_id: &[u8]) -> Self {
        Self(xxh3_128(request_id))
    }
}

/// Where a line stands: its source and its position in what that source delivered. Of entries of one
/// instant that say the same, it makes the order a fact of the input rather than of the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The source, as [`Chains`](crate::Chains) numbers it.
    pub source: u16,
    /// The position: a file's number and the line's offset in it, or any other number that grows
    /// along the source. Below 2⁴⁸.
    pub position: u64,
}

/// A call, reduced to what the join needs and what its caller wants back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEntry<F> {
    /// Its request id's key.
    pub key: JoinKey,
    /// When, in microseconds since the epoch.
    pub time: i64,
    /// Where its line stands.
    pub place: Place,
    /// What the caller wants back.
    pub fact: F,
}

/// A mark, reduced likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkEntry<F> {
    /// Its request id's key.
    pub key: JoinKey,
    /// When, in microseconds since the epoch.
    pub time: i64,
    /// Where its line stands.
    pub place: Place,
    /// What the caller wants back.
    pub fact: F,
}
