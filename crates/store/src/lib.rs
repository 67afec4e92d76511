//! What is kept: one folder with a catalog (SQLite) and segments (Parquet), moved by one commit.
//!
//! A worker gathers its block in [`Rows`], encodes it ([`Store::encode`], on its own thread), and
//! hands the result over; whoever holds the store puts results into a [`Commit`], together with how
//! far each file was read and what was counted. After a crash all of a commit is there, or none.
//!
//! The store finishes the join: a mark whose call is not in its block looks for it among all
//! stored calls, and waits in the catalog when it is not there; a call that comes later takes the
//! marks that wait for it. So the order of files and blocks leaves no trace in what is kept.
//!
//! `README.md` beside this crate specifies the format.
//!
//! Invariants: only this crate knows the catalog's tables and Parquet; everything that segments do
//! on the disk goes through [`Vfs`]; no clock, every time is handed in.

mod alert;
mod audit;
mod called;
mod callers;
mod catalog;
mod commit;
mod error;
mod export;
mod facts;
mod files;
mod glimpse;
mod ids;
mod local;
mod outbox;
mod question;
mod radix;
mod range;
mod rows;
mod segment;
mod settle;
mod sightings;
mod sparse;
mod status;
mod store;
mod stored;
mod survey;
mod texts;
mod unreadable;
mod varint;
mod vfs;
mod word;

pub use alert::Alert;
pub use audit::AuditRow;
pub use called::CalledBy;
pub use callers::{CallerCount, CallerCounts, CallerHeading, CallerNumber, CallerWidth};
pub use catalog::cube::{Dimension, Durations};
pub use commit::{Commit, CommitId, Committed, NamedBy, SourceInfo};
pub use error::StoreError;
pub use export::{ExportError, ExportFormat, Exported, export};
pub use facts::{CallFacts, MarkFacts, MarkState, Role, Settled, UnreadLine};
pub use files::{FileId, FileRef, Fingerprint, HEAD, KnownFile, Progress};
pub use glimpse::Glimpse;
pub use local::{
    BackedUp, Compacted, GRACE, Generation, Left, LocalStore, Options, Passed, ReadAgain, Removed,
    Swap, Underived, UnreadSegment, Verified,
};
pub use outbox::{NewNotice, Notice};
pub use question::{CallQuestion, CallerQuestion, Counts, CubeQuestion, LoneMarks};
pub use range::{Width, narrowest};
pub use rows::{Countable, Pushed, Row, Rows};
pub use segment::Encoded;
pub use settle::{Carried, Likeness, Own, Said, settle};
pub use sightings::{CallerSightings, HiddenSightings, SightingQuestion, Sightings, WithoutId};
pub use status::{Gap, SegmentsStatus, SourceStatus, Status};
pub use store::{Calls, Store, readable};
pub use stored::{
    CallerRow, FirstUnread, LoneFound, MarkCount, Newcomer, Request, StoredCall, StoredMark,
    UnreadRow,
};
pub use survey::{MarkOnly, Survey};
pub use unreadable::Unreadable;
pub use vfs::{Fault, RealVfs, SimVfs, Vfs};
pub use word::{NewWord, Word, WordKind};
