//! Segments: rows of one kind as one Parquet file.

mod encode;
mod encodings;
mod read;
mod rebuild;
mod schema;
mod source;
pub(crate) mod template;

pub use encode::Encoded;
pub(crate) use encode::{EncodedSegment, LooseMark, encode, encode_batch, joined_word, role_word};
pub(crate) use read::{ReadError, SegmentReader, unreadable};
pub(crate) use rebuild::{Columns, Rebuild};
pub(crate) use schema::Kind;
