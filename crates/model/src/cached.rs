use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use crate::bytes::{first_word, same_bytes};
use crate::names::{NameId, Table};

/// One worker's view of a [`Table`]: a bounded cache in front of the shared one.
///
/// An IPv4 address is one number, another name of up to sixteen bytes is two, and these are compared
/// as such; longer ones lie end to end rather than in a box each. What is read for a name met before
/// is one slot, and for a longer one the name, and all of these stay in the processor's cache.
#[derive(Debug)]
pub struct CachedTable<'t> {
    table: &'t Table,
    packed: Slots<Packed>,
    short: Slots<Short>,
    long: Slots<Long>,
    /// Long names met lately, by a few bits of their ends: to compare one costs less than to hash it.
    lately: Box<[Long; LATELY]>,
    names: Vec<u8>,
}

/// Open addressing: a power of two of slots, at most half taken.
#[derive(Debug)]
struct Slots<S> {
    slots: Vec<S>,
    taken: usize,
}

/// A slot is empty where its number is [`NameId::UNKNOWN`].
trait Slot: Copy + Default {
    fn id(&self) -> NameId;
    fn hash(&self) -> usize;
}

/// Eight to fifteen digits and dots: half a byte each, then how many there are. As two numbers, so
/// that a slot is no longer than what is in it: addresses are many and come in no order.
#[derive(Clone, Copy, Debug, Default)]
struct Packed {
    key: [u32; 2],
    id: NameId,
}

/// A short name: its first eight bytes and its last eight, which overlap.
#[derive(Clone, Copy, Debug, Default)]
struct Short {
    first: u64,
    last: u64,
    length: u32,
    id: NameId,
}

/// Where a long name lies.
#[derive(Clone, Copy, Debug, Default)]
struct Long {
    hash: u32,
    start: u32,
    length: u32,
    id: NameId,
}

/// Past so many names, or so many bytes of them, a cache starts anew: a flood of names costs time,
/// not memory.
const NAMES: usize = 16_384;
const BYTES: usize = 2 << 20;

/// How many long names are looked for without a hash; a power of two.
const LATELY: usize = 64;

/// A longer name is not kept.
const LONGEST: usize = 16 << 10;

impl<'t> CachedTable<'t> {
    /// An empty cache in front of `table`.
    pub fn new(table: &'t Table) -> Self {
        let lately = Box::new([Long::default(); LATELY]);
        let (packed, short, long) = (Slots::new(), Slots::new(), Slots::new());
        Self { table, packed, short, long, lately, names: Vec::new() }
    }

    /// [`Table::intern`], without the lock for a name met before.
    #[inline]
    pub fn intern(&mut self, name: &[u8]) -> NameId {
        if let Some(packed) = Packed::of(name) {
            return match self.packed.find(packed.hash(), |slot| slot.key == packed.key) {
                Some(found) => found.id,
                None => self.learn_packed(name, packed),
            };
        }
        let Some(short) = Short::of(name) else { return self.intern_long(name) };
        let same = |slot: &Short| {
            slot.first == short.first && slot.last == short.last && slot.length == short.length
        };
        match self.short.find(short.hash(), same) {
            Some(found) => found.id,
            None => self.learn_short(name, short),
        }
    }

    #[inline]
    fn intern_long(&mut self, name: &[u8]) -> NameId {
        let lately = self.lately[few_bits(name)];
        // The number of the empty name marks empty places, and no name here is empty.
        if same_bytes(lately.of(&self.names), name) {
            return lately.id;
        }
        self.find_long(name)
    }

    #[inline(never)]
    fn find_long(&mut self, name: &[u8]) -> NameId {
        let hash = FxBuildHasher.hash_one(name) as u32;
        let names = &self.names;
        let same = |slot: &Long| slot.hash == hash && same_bytes(slot.of(names), name);
        match self.long.find(hash as usize, same) {
            Some(found) => {
                self.lately[few_bits(name)] = found;
                found.id
            }
            None => self.learn_long(name, hash),
        }
    }

    #[cold]
    fn learn_packed(&mut self, name: &[u8], packed: Packed) -> NameId {
        let id = self.table.intern(name);
        self.packed.insert(Packed { id, ..packed });
        id
    }

    #[cold]
    fn learn_short(&mut self, name: &[u8], short: Short) -> NameId {
        let id = self.table.intern(name);
        // The number of the empty name marks empty slots.
        if id.is_known() {
            self.short.insert(Short { id, ..short });
        }
        id
    }

    #[cold]
    fn learn_long(&mut self, name: &[u8], hash: u32) -> NameId {
        let id = self.table.intern(name);
        if name.len() > LONGEST {
            return id;
        }
        if self.long.taken == NAMES || self.names.len() + name.len() > BYTES {
            self.long.clear();
            self.lately.fill(Long::default());
            self.names.clear();
        }
        let (start, length) = (self.names.len() as u32, name.len() as u32);
        self.names.extend_from_slice(name);
        self.long.insert(Long { hash, start, length, id });
        id
    }
}

impl Packed {
    /// `None` for a name that is longer, shorter, or has anything but digits and dots in it.
    #[inline]
    fn of(name: &[u8]) -> Option<Self> {
        if !(8..16).contains(&name.len()) {
            return None;
        }
        let first = name.first_chunk()?;
        let last = name.last_chunk()?;
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        if !(is_digits_and_dots(first) && is_digits_and_dots(last)) {
            return None;
        }
        // What the first eight bytes say is not said again by the last eight.
        let overlap = 4 * (16 - name.len());
        let last = u64::from(half_bytes(last)) >> overlap | (name.len() as u64) << 28;
        Some(Self { key: [half_bytes(first), last as u32], id: NameId::UNKNOWN })
    }
}

const fn spread(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

/// Whether each of eight bytes is a digit or a dot.
#[inline]
const fn is_digits_and_dots(word: u64) -> bool {
    // Of a digit the number, of a dot 30.
    let word = word ^ spread(b'0');
    // The highest bit of each byte: whether it is more than nine, and whether it is no dot. No byte
    // carries into the next one: those of 128 and more are refused by the last term.
    let low = word & spread(0x7f);
    let no_digit = low + spread(0x76);
    let no_dot = (low ^ spread(0x1e)) + spread(0x7f);
    (no_digit & no_dot | word) & spread(0x80) == 0
}

/// The lower half of each of eight bytes.
#[inline]
const fn half_bytes(word: u64) -> u32 {
    let word = word & spread(0x0f);
    let word = (word | word >> 4) & 0x00ff_00ff_00ff_00ff;
    let word = (word | word >> 8) & 0x0000_ffff_0000_ffff;
    (word | word >> 16) as u32
}

impl Short {
    /// `None` for a long name.
    #[inline]
    fn of(name: &[u8]) -> Option<Self> {
        let (first, last) = match name.len() {
            ..8 => (first_word(name), 0),
            8..=16 => (first_word(name), u64::from_le_bytes(*name.last_chunk()?)),
            _ => return None,
        };
        Some(Self { first, last, length: name.len() as u32, id: NameId::UNKNOWN })
    }
}

impl Long {
    /// The name, of all names.
    #[inline]
    fn of(self, names: &[u8]) -> &[u8] {
        let start = self.start as usize;
        names.get(start..start + self.length as usize).unwrap_or_default()
    }
}

/// A few bits that most names differ in: of their last bytes and their length.
#[inline]
fn few_bits(name: &[u8]) -> usize {
    let last = name.last_chunk().map_or(0, |last| u64::from_le_bytes(*last));
    let mixed = (last ^ (name.len() as u64) << 32).wrapping_mul(0xa409_3822_299f_31d1);
    (mixed >> 40) as usize % LATELY
}

impl Slot for Packed {
    fn id(&self) -> NameId {
        self.id
    }

    #[inline]
    fn hash(&self) -> usize {
        let key = u64::from(self.key[0]) | u64::from(self.key[1]) << 32;
        let product = u128::from(key).wrapping_mul(0x243f_6a88_85a3_08d3);
        (product as u64 ^ (product >> 64) as u64) as usize
    }
}

impl Slot for Short {
    fn id(&self) -> NameId {
        self.id
    }

    /// Both halves of a product, as other fast hashes fold it; the constants are pi's digits.
    #[inline]
    fn hash(&self) -> usize {
        let (a, b) = (self.first ^ 0x243f_6a88_85a3_08d3, self.last ^ 0x1319_8a2e_0370_7344);
        let product = u128::from(a).wrapping_mul(u128::from(b ^ u64::from(self.length) << 56));
        (product as u64 ^ (product >> 64) as u64) as usize
    }
}

impl Slot for Long {
    fn id(&self) -> NameId {
        self.id
    }

    fn hash(&self) -> usize {
        self.hash as usize
    }
}

impl<S: Slot> Slots<S> {
    fn new() -> Self {
        Self { slots: vec![S::default(); 64], taken: 0 }
    }

    #[inline]
    fn find(&self, hash: usize, same: impl Fn(&S) -> bool) -> Option<S> {
        let mask = self.slots.len() - 1;
        let mut at = hash & mask;
        loop {
            let slot = &self.slots[at];
            if !slot.id().is_known() {
                return None;
            }
            if same(slot) {
                return Some(*slot);
            }
            at = (at + 1) & mask;
        }
    }

    /// Puts a name into a free slot; past so many, those of before are forgotten.
    fn insert(&mut self, slot: S) {
        if self.taken == NAMES {
            self.clear();
        }
        if self.taken * 2 == self.slots.len() {
            let larger = vec![S::default(); self.slots.len() * 2];
            let known = std::mem::replace(&mut self.slots, larger);
            known.into_iter().filter(|slot| slot.id().is_known()).for_each(|slot| self.put(slot));
        }
        self.put(slot);
        self.taken += 1;
    }

    fn put(&mut self, slot: S) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash() & mask;
        while self.slots[at].id().is_known() {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    fn clear(&mut self) {
        self.slots.fill(S::default());
        self.taken = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_table_says() {
        let table = Table::new(40_000);
        let mut cached = CachedTable::new(&table);
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Some come often, and there are more than the table or the cache has room for.
            let n = if state >> 63 == 0 { state >> 40 } else { state >> 57 };
            let name = match n % 4 {
                0 => format!("{}", n % 60_000),
                1 => format!("name {}", n % 60_000),
                2 => format!("10.{}.{}.{}", n % 7, n / 7 % 256, n / 1792 % 33),
                _ => format!("a name that is long {}", n % 60_000),
            };
            let id = cached.intern(name.as_bytes());
            assert_eq!(id, table.intern(name.as_bytes()), "{name}");
            assert!(cached.short.taken <= NAMES && cached.long.taken <= NAMES);
            assert!(cached.short.taken * 2 <= cached.short.slots.len());
            assert!(cached.packed.taken <= NAMES);
        }
        assert_eq!(table.len(), 40_000);
        assert_eq!(cached.intern(b""), NameId::UNKNOWN);
    }

    #[test]
    fn names_of_digits_and_dots_are_packed_and_no_others() {
        let of = |name: &[u8]| Packed::of(name).map(|packed| packed.key);
        for length in 0..=20 {
            let name = &b"10.200.34.5678.9.012"[..length];
            assert_eq!(of(name).is_some(), (8..16).contains(&length), "{length}");
            let Some(key) = of(name) else { continue };
            for at in 0..length {
                for byte in 0..=255 {
                    let mut other = name.to_vec();
                    other[at] = byte;
                    let is_packed = byte.is_ascii_digit() || byte == b'.';
                    assert_eq!(of(&other).is_some(), is_packed, "{byte} at {at}");
                    assert_eq!(of(&other) == Some(key), byte == name[at], "{byte} at {at}");
                }
            }
        }
        let same: Vec<_> =
            (8..16).filter_map(|length| of(&b"0000000000000000"[..length])).collect();
        assert!((1..same.len()).all(|at| !same[..at].contains(&same[at])));
    }

    #[test]
    fn its_bytes_are_bounded() {
        let table = Table::new(1000);
        let mut cached = CachedTable::new(&table);
        for n in 0..300 {
            let name = vec![n as u8; LONGEST + n % 2];
            assert_eq!(cached.intern(&name), table.intern(&name));
            assert!(cached.names.len() <= BYTES);
        }
    }
}
