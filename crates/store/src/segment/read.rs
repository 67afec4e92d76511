use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use dolmen_model::Time;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::bloom_filter::Sbbf;
use parquet::file::statistics::Statistics;

use super::digits::{self, CUT, DIGITS};
use super::encodings::{FORMAT, FORMAT_KEY};
use super::id_filters::{ColumnFilter, GroupFilter, IdFilters};
use super::source::Source;
use super::ticks::{self, Tick};
use crate::catalog::segments::SegmentRow;
use crate::error::StoreError;
use crate::ids::IdForm;
use crate::unreadable::Unreadable;
use crate::vfs::Vfs;

/// An open segment.
#[derive(Debug)]
pub(crate) struct SegmentReader {
    pub(crate) row: SegmentRow,
    source: Source,
    metadata: ArrowReaderMetadata,
    tick: Tick,
}

/// Why a segment cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// Its file is not there: it may have been replaced, and the catalog knows by what.
    Missing(StoreError),
    /// Anything else.
    Broken(StoreError),
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Missing(error) | ReadError::Broken(error) => error,
        }
    }
}

impl SegmentReader {
    pub(crate) fn open(
        vfs: &Arc<dyn Vfs>,
        folder: &Path,
        row: SegmentRow,
    ) -> Result<Self, ReadError> {
        let path = folder.join(row.file());
        let broken = |reason: String| ReadError::Broken(unreadable(&row, reason));
        let len = match vfs.len(&path) {
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ReadError::Missing(unreadable(&row, "its file is missing".into())));
            }
            Err(error) => return Err(broken(error.to_string())),
        };
        if len != row.bytes {
            return Err(broken(format!("it has {len} bytes of {}", row.bytes)));
        }
        let source = Source { vfs: Arc::clone(vfs), path, len };
        let metadata = ArrowReaderMetadata::load(&source, ArrowReaderOptions::new())
            .map_err(|error| broken(error.to_string()))?;
        let format = metadata
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == FORMAT_KEY))
            .and_then(|pair| pair.value.clone());
        if format.as_deref() != Some(FORMAT) {
            let found = format.unwrap_or_else(|| "none".to_owned());
            return Err(broken(format!("its format is {found}, this dolmen reads {FORMAT}")));
        }
        let tick = Tick::of_file(metadata.schema());
        let options = ArrowReaderOptions::new().with_schema(row.kind.file_schema(tick));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
            .map_err(|error| broken(error.to_string()))?;
        Ok(Self { row, source, metadata, tick })
    }

    pub(crate) fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// The number of a row group's first row.
    pub(crate) fn first_row(&self, group: usize) -> u32 {
        let groups = self.metadata.metadata().row_groups();
        groups[..group].iter().map(|group| group.num_rows() as u32).sum()
    }

    /// The times of a row group, in microseconds; `None` where it has none.
    pub(crate) fn times(&self, group: usize) -> Option<(i64, i64)> {
        match self.metadata.metadata().row_group(group).column(0).statistics() {
            Some(Statistics::Int64(times)) => {
                let micros = |ticks: &i64| ticks.saturating_mul(self.tick.micros());
                Some((micros(times.min_opt()?), micros(times.max_opt()?)))
            }
            _ => None,
        }
    }

    /// Some columns of a row group.
    pub(crate) fn read(&self, group: usize, columns: &[&str]) -> Result<RecordBatch, StoreError> {
        self.read_selected(group, columns, None, self.rows(group).len())
    }

    fn read_selected(
        &self,
        group: usize,
        columns: &[&str],
        selected: Option<RowSelection>,
        rows: usize,
    ) -> Result<RecordBatch, StoreError> {
        let attempt = || -> Result<RecordBatch, Box<dyn std::error::Error>> {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                self.source.clone(),
                self.metadata.clone(),
            );
            let digits = columns.contains(&CUT).then_some(DIGITS);
            let columns = columns.iter().copied().chain(digits);
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
            let builder = match selected {
                Some(selected) => builder.with_row_selection(selected),
                None => builder,
            };
            let mut batches = builder
                .with_projection(mask)
                .with_row_groups(vec![group])
                .with_batch_size(rows.max(1))
                .build()?;
            let batch = batches.next().ok_or("it has an empty row group")??;
            if batch.num_rows() != rows {
                return Err("it ends early".into());
            }
            Ok(digits::whole(ticks::in_micros(batch)?)?)
        };
        attempt().map_err(|error| unreadable(&self.row, error.to_string()))
    }

    /// Some columns of some rows of a row group; `rows` are the segment's, ascending, each once.
    pub(crate) fn read_rows(
        &self,
        group: usize,
        columns: &[&str],
        rows: &[u32],
    ) -> Result<RecordBatch, StoreError> {
        let all = self.rows(group);
        let ranges = rows.iter().map(|&row| {
            let at = (row - all.start) as usize;
            at..at + 1
        });
        let selected = RowSelection::from_consecutive_ranges(ranges, all.len());
        self.read_selected(group, columns, Some(selected), rows.len())
    }

    /// All columns of some rows of a row group.
    pub(crate) fn read_whole_rows(
        &self,
        group: usize,
        rows: &[u32],
    ) -> Result<RecordBatch, StoreError> {
        if rows.len() == self.rows(group).len() {
            return self.read_all(group);
        }
        let schema = self.row.kind.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        self.read_rows(group, &names, rows)
    }

    /// The numbers of a row group's rows.
    pub(crate) fn rows(&self, group: usize) -> std::ops::Range<u32> {
        let first = self.first_row(group);
        first..first + self.metadata.metadata().row_group(group).num_rows() as u32
    }

    /// All columns of a row group.
    pub(crate) fn read_all(&self, group: usize) -> Result<RecordBatch, StoreError> {
        let schema = self.row.kind.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        self.read(group, &names)
    }

    /// What says which request ids it cannot hold before it is opened.
    pub(crate) fn id_filters(&self) -> IdFilters {
        let metadata = self.metadata.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let column = |name| (0..schema.num_columns()).find(|&at| schema.column(at).name() == name);
        let [text, high, low] = ["id_text", "id_high", "id_low"].map(column);
        let groups = metadata.row_groups().iter().map(|group| {
            let filter = |at: Option<usize>| match at {
                Some(at) => ColumnFilter::of(group.column(at)),
                None => ColumnFilter::NONE,
            };
            GroupFilter { text: filter(text), high: filter(high), low: filter(low) }
        });
        IdFilters { groups: groups.collect() }
    }

    /// What says which request ids a row group cannot hold.
    pub(crate) fn filters(&self, group: usize) -> Result<Filters, StoreError> {
        Ok(Filters {
            text: self.filter(group, "id_text")?,
            high: self.filter(group, "id_high")?,
            low: self.filter(group, "id_low")?,
        })
    }

    fn filter(&self, group: usize, name: &str) -> Result<Filter, StoreError> {
        let metadata = self.metadata.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let Some(at) = (0..schema.num_columns()).find(|&at| schema.column(at).name() == name)
        else {
            return Ok(Filter { range: None, bloom: None, is_empty: true });
        };
        let column = metadata.row_group(group).column(at);
        let nulls = column.statistics().and_then(Statistics::null_count_opt);
        let range = match column.statistics() {
            Some(Statistics::Int64(known)) => {
                known.min_opt().copied().zip(known.max_opt().copied())
            }
            _ => None,
        };
        let is_empty = nulls == Some(column.num_values() as u64);
        let bloom = match is_empty {
            true => None,
            false => Sbbf::read_from_column_chunk(column, &self.source)
                .map_err(|error| unreadable(&self.row, error.to_string()))?,
        };
        Ok(Filter { range, bloom, is_empty })
    }
}

/// What a row group says about its request ids before they are read.
#[derive(Debug)]
pub(crate) struct Filters {
    text: Filter,
    high: Filter,
    low: Filter,
}

#[derive(Debug)]
struct Filter {
    range: Option<(i64, i64)>,
    bloom: Option<Sbbf>,
    is_empty: bool,
}

impl Filters {
    /// Whether the row group may hold this id: "yes" is wrong for at most ten of a hundred that it
    /// does not, "no" never.
    pub(crate) fn may_hold(&self, id: &[u8]) -> bool {
        let Some((_, number)) = IdForm::read(id) else {
            // Bloom filters hash what the column holds, which is text.
            let bloom = |bloom: &Sbbf| bloom.check(&*String::from_utf8_lossy(id));
            return !self.text.is_empty && self.text.bloom.as_ref().is_none_or(bloom);
        };
        self.high.may_hold((number >> 64) as i64) && self.low.may_hold(number as i64)
    }
}

impl Filter {
    fn may_hold(&self, number: i64) -> bool {
        !self.is_empty
            && self.range.is_none_or(|(min, max)| (min..=max).contains(&number))
            && self.bloom.as_ref().is_none_or(|bloom| bloom.check(&number))
    }
}

pub(crate) fn unreadable(row: &SegmentRow, reason: String) -> StoreError {
    let shown = |time: Option<i64>| time.map(|time| Time::from_micros(time).to_string());
    StoreError::Segment(Unreadable {
        segment: row.file(),
        reason,
        rows: row.rows,
        from: shown(row.from),
        to: shown(row.to),
    })
}
