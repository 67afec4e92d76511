use std::hash::{Hash, Hasher};

use dolmen_model::{NameId, Outcome, SetId, Time};
use rustc_hash::FxHashMap;

use crate::histogram::Histogram;

/// Where a call is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The start of its time bucket; whoever counts chooses the width.
    pub bucket: Time,
    /// The service that answered.
    pub service: NameId,
    /// The operations it entered, as one set: a call counts once, whatever it entered.
    pub operations: SetId,
    /// Who called.
    pub actor: NameId,
    /// Method and path template.
    pub endpoint: NameId,
    /// How it ended.
    pub outcome: Outcome,
}

impl Key {
    /// The key as words: hashed as such rather than by fields.
    #[inline]
    fn words(&self) -> [u64; 3] {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let Outcome { status, joined } = self.outcome;
        let outcome = u64::from(status) << 8 | joined as u64;
        [
            pair(self.service.0, self.operations.0),
            pair(self.actor.0, self.endpoint.0),
            self.bucket.micros().cast_unsigned() ^ outcome << 40,
        ]
    }

    /// A few bits that most keys differ in.
    #[inline]
    fn few_bits(&self) -> usize {
        let [a, b, c] = self.words();
        // Odd numbers without a pattern: pi's digits.
        let mixed = a.wrapping_mul(0x243f_6a88_85a3_08d3)
            ^ b.wrapping_mul(0x1319_8a2e_0370_7345)
            ^ c.wrapping_mul(0xa409_3822_299f_31d1);
        (mixed >> (64 - LATELY)) as usize
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().into_iter().for_each(|word| state.write_u64(word));
    }
}

/// What is counted of the calls of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Calls.
    pub calls: u64,
    /// Bytes of their responses, where the log has them.
    pub bytes: u64,
    /// Sum of their durations in microseconds, where the log has them.
    pub duration: u64,
    /// Their durations in microseconds.
    pub durations: Histogram,
}

impl Cell {
    /// Counts one call.
    pub fn add(&mut self, bytes: Option<u64>, duration: Option<u64>) {
        self.calls += 1;
        self.bytes = self.bytes.saturating_add(bytes.unwrap_or(0));
        if let Some(duration) = duration {
            self.duration = self.duration.saturating_add(duration);
            self.durations.add(duration);
        }
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.duration = self.duration.saturating_add(other.duration);
        self.durations.merge(&other.durations);
    }
}

/// Counts by key. Adding is all it does, so cubes of parts merge into the cube of the whole.
#[derive(Clone, Debug, Default)]
pub struct Cube {
    cells: Vec<(Key, Cell)>,
    places: FxHashMap<Key, u32>,
    /// Places of cells counted in lately, by a few bits of their keys: calls come in few kinds, and
    /// to compare a key costs less than to look for it.
    lately: Vec<u32>,
}

/// Where the calls of one key are counted; of the cube that gave it, as long as that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

/// How many places are remembered, as a power of two.
const LATELY: u32 = 9;

impl Cube {
    /// Counts one call.
    #[inline]
    pub fn add(&mut self, key: Key, bytes: Option<u64>, duration: Option<u64>) {
        self.cell(key).add(bytes, duration);
    }

    /// Where calls of a key are counted, for those who count many of them.
    pub fn place(&mut self, key: Key) -> Place {
        Place(self.find(key))
    }

    /// Counts one call at a place of this cube.
    #[inline]
    pub fn add_at(&mut self, place: Place, bytes: Option<u64>, duration: Option<u64>) {
        if let Some((_, cell)) = self.cells.get_mut(place.0) {
            cell.add(bytes, duration);
        }
    }

    /// Counts the calls of a cell.
    pub fn add_cell(&mut self, key: Key, cell: &Cell) {
        self.cell(key).merge(cell);
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: Self) {
        for (key, cell) in other.cells {
            self.cell(key).merge(&cell);
        }
    }

    /// Every cell, in no order.
    pub fn cells(&self) -> impl Iterator<Item = (&Key, &Cell)> {
        self.cells.iter().map(|(key, cell)| (key, cell))
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    #[inline]
    fn cell(&mut self, key: Key) -> &mut Cell {
        let lately = self.lately.get(key.few_bits()).map_or(usize::MAX, |&place| place as usize);
        let place = match self.cells.get(lately) {
            Some((known, _)) if *known == key => lately,
            _ => self.find(key),
        };
        &mut self.cells[place].1
    }

    /// The place of a key's cell, made where there is none.
    #[inline(never)]
    fn find(&mut self, key: Key) -> usize {
        let place = *self.places.entry(key).or_insert_with(|| {
            self.cells.push((key, Cell::default()));
            self.cells.len() as u32 - 1
        });
        if self.lately.is_empty() {
            self.lately = vec![u32::MAX; 1 << LATELY];
        }
        self.lately[key.few_bits()] = place;
        place as usize
    }
}

impl PartialEq for Cube {
    fn eq(&self, other: &Self) -> bool {
        let same = |(key, cell): &(Key, Cell)| {
            other.places.get(key).is_some_and(|&place| other.cells[place as usize].1 == *cell)
        };
        self.cells.len() == other.cells.len() && self.cells.iter().all(same)
    }
}

impl Eq for Cube {}

#[cfg(test)]
mod tests {
    use dolmen_model::Joined;

    use super::*;

    /// Far more keys than are remembered, many of them with the same few bits.
    #[test]
    fn each_call_counts_under_its_own_key() {
        let key = |n: u32| Key {
            bucket: Time::from_micros(i64::from(n % 3)),
            service: NameId(n % 2),
            operations: SetId(n % 5),
            actor: NameId(n % 7),
            endpoint: NameId(n % 11),
            outcome: Outcome { status: (n % 13) as u16, joined: Joined::CallOnly },
        };
        let calls: Vec<u32> = (0..6000_u32).map(|n| n.wrapping_mul(2_654_435_761) % 1500).collect();
        let of = |calls: &[u32]| {
            let mut cube = Cube::default();
            for (step, &n) in calls.iter().enumerate() {
                match step % 3 {
                    0 => cube.add(key(n), Some(1), None),
                    _ => {
                        let place = cube.place(key(n));
                        cube.add_at(place, Some(1), None);
                    }
                }
            }
            cube
        };
        let whole = of(&calls);
        for (found, cell) in whole.cells() {
            let own = calls.iter().filter(|&&n| key(n) == *found).count();
            assert_eq!((cell.calls, cell.bytes), (own as u64, own as u64), "{found:?}");
        }
        assert_eq!(whole.cells().map(|(_, cell)| cell.calls).sum::<u64>(), 6000);
        let mut merged = of(&calls[..100]);
        assert!(merged != whole);
        merged.merge(of(&calls[100..]));
        assert_eq!(merged, whole);
    }
}
