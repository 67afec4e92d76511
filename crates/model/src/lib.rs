//! The words of dolmen as types.
//!
//! Every other room speaks in these: a [`Call`] is one HTTP request as a proxy or web server
//! logged it, a [`Mark`] one application log line that says a request id entered an operation.
//! Names (actors, operations, services, endpoints) are interned once in [`Names`] and travel as
//! small integers.
//!
//! Invariant: no I/O, no clock, and no other crate of ours.

mod bytes;
mod cached;
mod cached_sets;
mod call;
mod language;
mod masking;
mod names;
mod nearest;
mod outcome;
pub mod query;
mod time;

pub use bytes::{first_word, same_bytes};
pub use cached::CachedTable;
pub use cached_sets::CachedSets;
pub use call::{Call, Delivery, Header, Headers, Mark, RequestId};
pub use language::Language;
pub use masking::{Masking, MaskingError, has_mask, masks_as_wildcards};
pub use names::{NameId, Names, SetId, SetTable, Table};
pub use nearest::nearest;
pub use outcome::{Joined, Outcome};
pub use time::Time;
