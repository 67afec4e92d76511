//! Many cells in one row of the catalog.
//!
//! A question about years reads tens of thousands of cells, and a row each costs more than all
//! that is in it. So the cells of one bucket that are near each other share a row: few enough that
//! a commit of one call writes little, many enough that rows do not count.

use dolmen_cubes::{Cell, Histogram};

use super::histograms::{self, Tally};
use crate::varint;

/// Service, operations, actor, endpoint, status, joined, each plus one; 0: summed up over all.
pub(super) type Dimensions = [u32; 6];

/// Cells in the order of their dimensions.
pub(super) type Cells = Vec<(Dimensions, Cell)>;

/// The two halves of a row: how many calls, and their sizes and durations, which fewer questions
/// need and which are most of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Packed {
    /// Of each cell which dimensions differ from the cell before (a bit each, the first one the
    /// lowest), these, and calls, all in LEB128.
    pub(super) cells: Vec<u8>,
    /// Of each cell bytes and duration in LEB128, and the histogram of durations.
    pub(super) sums: Vec<u8>,
}

impl Packed {
    pub(super) fn of(cells: &[(Dimensions, Cell)]) -> Self {
        let mut packed = Self::default();
        let mut before = Dimensions::default();
        for (dimensions, cell) in cells {
            let out = &mut packed.cells;
            let differs = |at: &usize| dimensions[*at] != before[*at];
            let changed = (0..dimensions.len()).filter(differs);
            out.push(changed.clone().fold(0, |bits, at| bits | 1 << at));
            changed.for_each(|at| varint::write(u64::from(dimensions[at]), out));
            varint::write(cell.calls, out);
            before = *dimensions;
            let out = &mut packed.sums;
            varint::write(cell.bytes, out);
            varint::write(cell.duration, out);
            histograms::write(&cell.durations, out);
        }
        packed
    }
}

/// Shows each cell of a row; `None` where it is cut short.
pub(super) fn each_cell(
    mut cells: &[u8],
    mut each: impl FnMut(&Dimensions, u64) -> Option<()>,
) -> Option<()> {
    let mut dimensions = Dimensions::default();
    while let Some((&changed, rest)) = cells.split_first() {
        cells = rest;
        let mut left = changed;
        while left != 0 {
            let number = varint::read(&mut cells)?;
            *dimensions.get_mut(left.trailing_zeros() as usize)? = number as u32;
            left &= left - 1;
        }
        each(&dimensions, varint::read(&mut cells)?)?;
    }
    Some(())
}

/// Takes one cell's bytes and duration off the front, and shows its histogram.
pub(super) fn sums(sums: &mut &[u8], tally: &mut impl Tally) -> Option<(u64, u64)> {
    let numbers = (varint::read(sums)?, varint::read(sums)?);
    histograms::read(sums, tally)?;
    Some(numbers)
}

/// The cells of a row; `None` where its halves are none, or not of the same cells.
pub(super) fn unpacked(cells: &[u8], mut rest: &[u8]) -> Option<Cells> {
    let mut all = Cells::new();
    each_cell(cells, |dimensions, calls| {
        let mut buckets: Vec<(u16, u64)> = Vec::new();
        let (bytes, duration) = sums(&mut rest, &mut buckets)?;
        let durations = Histogram::from_buckets(buckets);
        all.push((*dimensions, Cell { calls, bytes, duration, durations }));
        Some(())
    })?;
    rest.is_empty().then_some(all)
}

/// Takes out of what is known. A cell that counts nothing any more goes.
pub(super) fn take(mut known: Cells, taken: &[(Dimensions, Cell)]) -> Cells {
    for (dimensions, less) in taken {
        let Ok(at) = known.binary_search_by_key(dimensions, |(known, _)| *known) else { continue };
        let cell = &mut known[at].1;
        cell.calls = cell.calls.saturating_sub(less.calls);
        if cell.calls == 0 {
            known.remove(at);
            continue;
        }
        cell.bytes = cell.bytes.saturating_sub(less.bytes);
        cell.duration = cell.duration.saturating_sub(less.duration);
        let mut theirs = less.durations.buckets().peekable();
        let left = cell.durations.buckets().map(|(bucket, count)| {
            while theirs.next_if(|(their, _)| *their < bucket).is_some() {}
            let less = theirs.next_if(|(their, _)| *their == bucket);
            (bucket, count.saturating_sub(less.map_or(0, |(_, count)| count)))
        });
        let left: Vec<_> = left.filter(|(_, count)| *count > 0).collect();
        cell.durations = Histogram::from_buckets(left);
    }
    known
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::catalog::sorted::merged;

    fn cells(seeds: &[(u32, u64)]) -> Cells {
        let mut cells: BTreeMap<Dimensions, Cell> = BTreeMap::new();
        for &(place, duration) in seeds {
            let dimensions = [place % 3, u32::MAX - place % 2, 0, place % 5, 200, 1];
            cells.entry(dimensions).or_default().add(Some(duration * 7), Some(duration));
        }
        cells.into_iter().collect()
    }

    fn through(cells: &Cells) -> Cells {
        let packed = Packed::of(cells);
        unpacked(&packed.cells, &packed.sums).unwrap()
    }

    #[test]
    fn rows_that_are_cut_short_are_none() {
        let packed = Packed::of(&cells(&[(1, 2), (2, 300), (3, 70_000)]));
        let Packed { cells, sums } = &packed;
        for end in 0..cells.len() {
            assert_eq!(unpacked(&cells[..end], sums), None, "{end}");
        }
        for end in 0..sums.len() {
            assert_eq!(unpacked(cells, &sums[..end]), None, "{end}");
        }
    }

    proptest! {
        #[test]
        fn cells_come_back_and_add_up(
            a in prop::collection::vec((0_u32..40, 0_u64..10_000_000), 0..60),
            b in prop::collection::vec((0_u32..40, 0_u64..10_000_000), 0..60),
        ) {
            let (one, other) = (cells(&a), cells(&b));
            prop_assert_eq!(through(&one), one.clone());
            let both = cells(&[a, b].concat());
            let sum = merged(through(&one), other.clone(), |all, cell| all.merge(&cell));
            prop_assert_eq!(&sum, &both);
            prop_assert_eq!(take(through(&both), &other), one);
        }
    }
}
