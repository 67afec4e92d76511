//! Numbers of rows, of which few have none.

/// A number a row, or none.
#[derive(Debug, Default)]
pub(crate) struct Sparse {
    /// 0 where there is none.
    numbers: Vec<i64>,
    /// The rows that have none, ascending.
    missing: Vec<u32>,
}

impl Sparse {
    pub(crate) fn push(&mut self, number: Option<i64>) {
        if number.is_none() {
            self.missing.push(self.numbers.len() as u32);
        }
        self.numbers.push(number.unwrap_or(0));
    }

    pub(crate) fn get(&self, row: usize) -> Option<i64> {
        let has = self.missing.is_empty() || self.missing.binary_search(&(row as u32)).is_err();
        if has { self.numbers.get(row).copied() } else { None }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<i64>> {
        (0..self.numbers.len()).map(|row| self.get(row))
    }

    /// The numbers, where no row is without one.
    pub(crate) fn whole(&self) -> Option<&[i64]> {
        self.missing.is_empty().then_some(&self.numbers)
    }

    /// Forgets all and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
        self.missing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let rows = [Some(3), None, Some(-1), None];
        let mut sparse = Sparse::default();
        rows.into_iter().for_each(|number| sparse.push(number));
        assert_eq!(sparse.iter().collect::<Vec<_>>(), rows);
        assert_eq!((sparse.get(4), sparse.whole()), (None, None));
        sparse.clear();
        sparse.push(Some(7));
        assert_eq!((sparse.get(0), sparse.whole()), (Some(7), Some(&[7][..])));
    }
}
