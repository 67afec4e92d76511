//! Segments: rows of one kind as one Parquet file.

mod chunk;
mod coded;
mod columns;
mod delta;
mod digits;
mod encode;
mod encodings;
mod flags;
mod id_filters;
mod loose;
mod numbers;
mod pages;
mod read;
mod rebuild;
mod schema;
mod source;
pub(crate) mod template;
mod ticks;
mod write;

pub(crate) use columns::joined_word;
pub(crate) use digits::Cut;
pub use encode::Encoded;
pub(crate) use encode::{EncodedSegment, LooseMark, encode, encode_batch};
pub(crate) use id_filters::IdFilters;
pub(crate) use pages::NONE;
pub(crate) use read::{Filters, ReadError, SegmentReader, unreadable};
pub(crate) use rebuild::{Columns, Rebuild};
pub(crate) use schema::Kind;
