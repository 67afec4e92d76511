//! What the cubes say.

use dolmen_cubes::Cube;

use super::{LocalStore, kept};
use crate::catalog::cube::{self, Projection, Sums};
use crate::catalog::{Catalog, get};
use crate::error::StoreError;
use crate::question::{Counts, CubeQuestion};
use crate::range::{Width, cover, time_of};

impl LocalStore {
    pub(super) fn count_cells(&self, question: &CubeQuestion) -> Result<Counts, StoreError> {
        count(&self.fresh()?.catalog, question)
    }
}

/// Counts in one instant of the catalog.
pub(super) fn count(catalog: &Catalog, question: &CubeQuestion) -> Result<Counts, StoreError> {
    let db = &catalog.db;
    let refused = catalog.refused("read the cubes");
    let generation = get(db, "generation").map_err(&refused)?;
    let widest = question.every.unwrap_or(Width::Month);
    let pieces = cover(question.from, question.to, widest, kept(db).map_err(&refused)?);
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
        let (from, to) = (question.from, question.to);
        return Ok(Counts { cube: Cube::default(), from, to, cells_read: 0 });
    };
    let (from, to) = (time_of(first.from), time_of(last.to));
    let start_of = |bucket: i64| match question.every {
        Some(width) => width.floor(bucket),
        None => first.from,
    };
    let mut sums = Sums::new(question.durations, &question.by);
    let mut cells_read = 0;
    for &piece in &pieces {
        let projection = Projection::for_dimensions(&question.by, piece.width);
        cells_read +=
            cube::read(db, generation, projection, piece, &mut sums, start_of).map_err(&refused)?;
    }
    Ok(Counts { cube: sums.into_cube(), from, to, cells_read })
}

#[cfg(test)]
mod tests {
    use dolmen_model::Time;

    use crate::catalog::get;
    use crate::commit::Commit;
    use crate::local::{LocalStore, Options};
    use crate::store::Store;

    #[test]
    fn a_reader_asks_one_instant_of_the_catalog() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path(), Options::default()).unwrap();
        let reader = LocalStore::open_read(folder.path(), Options::default()).unwrap();
        let commits = |snapshot: &super::super::Snapshot<'_>| get(&snapshot.catalog.db, "commit");
        {
            let snapshot = reader.fresh().unwrap();
            assert_eq!(commits(&snapshot), Ok(0));
            store.commit(Commit::new(Time::from_micros(0))).unwrap();
            // New rules would be swapped in like this: what they replace must not go meanwhile.
            assert_eq!(commits(&snapshot), Ok(0));
        }
        assert_eq!(commits(&reader.fresh().unwrap()), Ok(1));
    }
}
