//! Times in the widest unit that says them: most logs write milliseconds or seconds, and three
//! digits that are always 0 would be the larger part of every difference.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMillisecondType;
use arrow_array::{ArrayRef, RecordBatch, TimestampMicrosecondArray, TimestampMillisecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};

use super::numbers::{Gathered, Numbers};

/// The unit of a segment's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tick {
    Millis,
    Micros,
}

impl Tick {
    /// The widest that says all of these times, which are microseconds.
    pub(super) fn of(times: impl IntoIterator<Item = Option<i64>>) -> Self {
        let is_whole = |time: Option<i64>| time.is_none_or(|micros| micros % 1_000 == 0);
        if times.into_iter().all(is_whole) { Self::Millis } else { Self::Micros }
    }

    /// The unit of a file's first column.
    pub(super) fn of_file(schema: &Schema) -> Self {
        match schema.fields().first().map(|field| field.data_type()) {
            Some(DataType::Timestamp(TimeUnit::Millisecond, _)) => Self::Millis,
            _ => Self::Micros,
        }
    }

    /// Microseconds of one.
    pub(super) const fn micros(self) -> i64 {
        match self {
            Self::Millis => 1_000,
            Self::Micros => 1,
        }
    }

    pub(super) fn data_type(self) -> DataType {
        let unit = match self {
            Self::Millis => TimeUnit::Millisecond,
            Self::Micros => TimeUnit::Microsecond,
        };
        DataType::Timestamp(unit, Some("UTC".into()))
    }

    /// A column of times, which are microseconds, to be written.
    pub(super) fn numbers(self, times: Gathered) -> Numbers {
        match self {
            Self::Micros => Numbers::near(times),
            Self::Millis => Numbers::near(times.map(|micros| micros / 1_000)),
        }
    }

    /// A column of times, which are microseconds.
    fn column(self, times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
        match self {
            Self::Micros => {
                Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            Self::Millis => {
                let times = times.map(|time| time.map(|micros| micros / 1_000));
                Arc::new(times.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
            }
        }
    }
}

/// A batch as readers know it: its times in microseconds.
pub(super) fn in_micros(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let is_millis = |field: &Arc<Field>| *field.data_type() == Tick::Millis.data_type();
    let Some(at) = schema.fields().iter().position(is_millis) else { return Ok(batch) };
    let Some(millis) = batch.column(at).as_primitive_opt::<TimestampMillisecondType>() else {
        return Err(ArrowError::SchemaError("times are no times".to_owned()));
    };
    let micros = millis.iter().map(|time| time.map(|millis| millis.saturating_mul(1_000)));
    let mut columns = batch.columns().to_vec();
    columns[at] = Tick::Micros.column(micros);
    let mut fields = schema.fields().to_vec();
    fields[at] = Arc::new(fields[at].as_ref().clone().with_data_type(Tick::Micros.data_type()));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_unit_that_says_them_all() {
        assert_eq!(Tick::of([None, Some(-3_000), Some(1_700_000_000_123_000)]), Tick::Millis);
        assert_eq!(Tick::of([Some(3_000), Some(1)]), Tick::Micros);
        assert_eq!(Tick::of([]), Tick::Millis);
    }

    #[test]
    fn times_come_back() {
        let times = [None, Some(-3_000), Some(1_700_000_000_123_000)];
        for tick in [Tick::Millis, Tick::Micros] {
            let field = Field::new("time", tick.data_type(), true);
            let schema = Arc::new(Schema::new(vec![field]));
            assert_eq!(Tick::of_file(&schema), tick);
            let column = tick.column(times.into_iter());
            let batch = in_micros(RecordBatch::try_new(schema, vec![column]).unwrap()).unwrap();
            let column: &TimestampMicrosecondArray = batch.column(0).as_primitive();
            assert_eq!(column.iter().collect::<Vec<_>>(), times);
        }
    }
}
