use xxhash_rust::xxh3::xxh3_128;

/// What calls and marks are joined by: the 128-bit XXH3 hash of the request id's bytes.
///
/// Two different ids collide with probability n²/2¹²⁹: about 10⁻²⁰ for ten billion ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinKey(pub u128);

impl JoinKey {
    /// The key of a request id, byte for byte (case matters, as it does to whoever made it).
    pub fn of(request_id: &[u8]) -> Self {
        Self(xxh3_128(request_id))
    }
}

/// Where a line stands: its source and its position in what that source delivered. It makes the
/// order of entries with equal times a fact of the input rather than of the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The source, as [`Chains`](crate::Chains) numbers it.
    pub source: u16,
    /// The position: a file's number and the line's offset in it, or any other number that grows
    /// along the source. Below 2⁴⁸.
    pub position: u64,
}

/// A value that is written in a fixed number of bytes.
pub trait Fixed: Copy {
    /// How many.
    const SIZE: usize;
    /// Appends exactly [`Fixed::SIZE`] bytes.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads what [`Fixed::write`] wrote; `bytes` holds exactly [`Fixed::SIZE`] of them.
    fn read(bytes: &[u8]) -> Self;
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

/// Bytes of key, time and place.
const HEAD: usize = 16 + 8 + 8;

fn write_head(out: &mut Vec<u8>, key: JoinKey, time: i64, place: Place) {
    let mut head = [0; HEAD];
    head[..16].copy_from_slice(&key.0.to_le_bytes());
    head[16..24].copy_from_slice(&time.to_le_bytes());
    let packed = (u64::from(place.source) << 48) | (place.position & ((1 << 48) - 1));
    head[24..].copy_from_slice(&packed.to_le_bytes());
    out.extend_from_slice(&head);
}

/// The key of an entry as it was written.
pub(crate) fn key_of(bytes: &[u8]) -> JoinKey {
    JoinKey(u128::from_le_bytes(array(bytes)))
}

fn read_head(bytes: &[u8]) -> (JoinKey, i64, Place) {
    let key = key_of(bytes);
    let time = i64::from_le_bytes(array(&bytes[16..]));
    let packed = u64::from_le_bytes(array(&bytes[24..]));
    let place = Place { source: (packed >> 48) as u16, position: packed & ((1 << 48) - 1) };
    (key, time, place)
}

/// The first `N` bytes.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    out
}

impl<F: Fixed> Fixed for CallEntry<F> {
    const SIZE: usize = HEAD + F::SIZE;

    fn write(&self, out: &mut Vec<u8>) {
        write_head(out, self.key, self.time, self.place);
        self.fact.write(out);
    }

    fn read(bytes: &[u8]) -> Self {
        let (key, time, place) = read_head(bytes);
        Self { key, time, place, fact: F::read(&bytes[HEAD..]) }
    }
}

impl<F: Fixed> Fixed for MarkEntry<F> {
    const SIZE: usize = HEAD + F::SIZE;

    fn write(&self, out: &mut Vec<u8>) {
        write_head(out, self.key, self.time, self.place);
        self.fact.write(out);
    }

    fn read(bytes: &[u8]) -> Self {
        let (key, time, place) = read_head(bytes);
        Self { key, time, place, fact: F::read(&bytes[HEAD..]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Fixed for u32 {
        const SIZE: usize = 4;
        fn write(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }
        fn read(bytes: &[u8]) -> Self {
            Self::from_le_bytes(array(bytes))
        }
    }

    #[test]
    fn an_entry_survives_its_bytes() {
        let entry = CallEntry {
            key: JoinKey::of(b"abc"),
            time: -5,
            place: Place { source: 65_535, position: (1 << 48) - 1 },
            fact: 7_u32,
        };
        let mut bytes = Vec::new();
        entry.write(&mut bytes);
        assert_eq!(bytes.len(), CallEntry::<u32>::SIZE);
        assert_eq!(CallEntry::<u32>::read(&bytes), entry);
    }
}
