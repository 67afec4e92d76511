use std::sync::Arc;

use dolmen_model::query::Field;
use dolmen_model::{Names, Time};

use crate::alert::Alert;
use crate::audit::AuditRow;
use crate::commit::{Commit, Committed, NamedBy};
use crate::error::StoreError;
use crate::files::KnownFile;
use crate::glimpse::Glimpse;
use crate::local::UnreadSegment;
use crate::question::{CallQuestion, CallerQuestion, Counts, CubeQuestion, LoneMarks};
use crate::rows::Rows;
use crate::segment::Encoded;
use crate::sightings::{SightingQuestion, Sightings};
use crate::status::Status;
use crate::stored::{
    CallerRow, FirstUnread, LoneFound, MarkCount, Newcomer, Request, StoredCall, UnreadRow,
};
use crate::survey::Survey;
use crate::unreadable::Unreadable;
use crate::word::{NewWord, Word};

/// Calls, one after the other. An error stands for the rows of a segment that cannot be read; those
/// of the others still come.
pub type Calls<'s> = Box<dyn Iterator<Item = Result<StoredCall, StoreError>> + Send + 's>;

/// The calls that can be read; what those lack is added to `lacking` on the way.
pub fn readable<'s>(
    calls: Calls<'s>,
    lacking: &'s mut Vec<Unreadable>,
) -> impl Iterator<Item = Result<StoredCall, StoreError>> + 's {
    calls.filter_map(|call| match call {
        Err(StoreError::Segment(lost)) => {
            lacking.push(lost);
            None
        }
        call => Some(call),
    })
}

/// What a store can do. [`LocalStore`](crate::LocalStore) is the one on this machine's disk.
///
/// Every method may be called from any thread; one process writes at a time, any number read.
pub trait Store: Send + Sync {
    /// The store's tables of names. Numbers in rows, cubes and answers are theirs, and stable: a
    /// name keeps its number as long as the store lives.
    fn names(&self) -> &Arc<Names>;

    /// Turns a block's rows into the store's own form. Needs no lock and most of the time: call it
    /// on the worker's thread.
    fn encode(&self, rows: &Rows) -> Result<Encoded, StoreError>;

    /// Makes everything in `commit` durable at once, or nothing.
    ///
    /// Fails without a trace; after [`StoreError::Full`] and most I/O errors the next commit may
    /// succeed. [`StoreError::Position`] says that the commit does not start where the file's last
    /// one ended.
    fn commit(&self, commit: Commit) -> Result<Committed, StoreError>;

    /// The file of `source` (of every source that is a typed path, for one of these) whose decompressed content starts with `head`: at most
    /// [`HEAD`](crate::HEAD) bytes, fewer only when the file is shorter.
    fn find_file(
        &self,
        source: &str,
        named_by: NamedBy,
        head: &[u8],
    ) -> Result<Option<KnownFile>, StoreError>;

    /// Every file that was read, in the order they were first met.
    fn files(&self) -> Result<Vec<KnownFile>, StoreError>;

    /// Counts over a stretch of time, from the fewest buckets that cover it.
    fn count(&self, question: &CubeQuestion) -> Result<Counts, StoreError>;

    /// Calls that fulfil a question, newest first, read as they are asked for.
    fn calls(&self, question: &CallQuestion) -> Result<Calls<'_>, StoreError>;

    /// Calls that fulfil a question, in no order, each handed to `each` with the columns of these
    /// fields alone. Returns which segments cannot be read: of those some calls may be handed over, too.
    fn glimpse(
        &self,
        question: &CallQuestion,
        fields: &[Field],
        each: &mut dyn FnMut(Glimpse<'_>),
    ) -> Result<Vec<Unreadable>, StoreError>;

    /// The templates that [`Store::keep_templates`] kept.
    fn templates(&self) -> Result<Vec<String>, StoreError>;

    /// Keeps learned templates in place of those kept before. What they look like is the business
    /// of whoever learns them.
    fn keep_templates(&self, learned: &[String]) -> Result<(), StoreError>;

    /// Everything known of one request: its calls, hops among them, and its marks.
    fn request(&self, id: &[u8]) -> Result<Request, StoreError>;

    /// Everything a report says of the calls that fulfil a question, and of marks without a call.
    fn survey(&self, question: &CallQuestion) -> Result<Survey, StoreError>;

    /// Marks by operation and service, and how many of them have no call.
    fn marks(&self, from: Time, to: Time) -> Result<Vec<MarkCount>, StoreError>;

    /// Marks without a call, the latest first, with their lines.
    fn lone_marks(&self, question: &LoneMarks) -> Result<LoneFound, StoreError>;

    /// Who called, the most frequent first.
    fn callers(&self, question: &CallerQuestion) -> Result<Vec<CallerRow>, StoreError>;

    /// Callers whom no rule names, who entered an operation after an instant and were not seen before
    /// it, each service and set of operations by itself, in no order.
    fn newcomers(&self, since: Time) -> Result<Vec<Newcomer>, StoreError>;

    /// At most so many lines that no format reads, by when they were read, the latest first.
    fn unread(&self, from: Time, to: Time, most: usize) -> Result<Vec<UnreadRow>, StoreError>;

    /// At most so many lines that no format reads, in the order of files and lines.
    fn first_unread(&self, most: usize) -> Result<FirstUnread, StoreError>;

    /// The segments of lines that no format reads, each to be read by itself.
    fn unread_segments(&self) -> Result<Vec<UnreadSegment>, StoreError>;

    /// The lines of such a segment.
    fn unread_of(&self, segment: &UnreadSegment) -> Result<Vec<UnreadRow>, StoreError>;

    /// What somebody was told of, the latest first.
    fn alerts(&self) -> Result<Vec<Alert>, StoreError>;

    /// Writes what `change` makes of the alerts there are over those of their kinds and causes, all of
    /// it or nothing. Nobody else changes one meanwhile.
    fn change_alerts(
        &self,
        change: &mut dyn FnMut(&[Alert]) -> Vec<Alert>,
    ) -> Result<(), StoreError>;

    /// Changes one alert by what `change` makes of it as it is, and writes down what was done (`what`,
    /// and to what, which `change` gives), all of it or nothing; `None` where there is no such alert.
    fn change_alert(
        &self,
        id: i64,
        at: Time,
        what: &str,
        change: &mut dyn FnMut(&Alert) -> (Alert, String),
    ) -> Result<Option<Alert>, StoreError>;

    /// Since when somebody watches: `now`, the first time this is asked.
    fn watched_since(&self, now: Time) -> Result<Time, StoreError>;

    /// Since when somebody watches; `None` while nobody ever did.
    fn watched(&self) -> Result<Option<Time>, StoreError>;

    /// When callers of operations were seen.
    fn sightings(&self, question: &SightingQuestion) -> Result<Sightings, StoreError>;

    /// What owners said and did not take back, in the order in which it was said.
    fn words(&self) -> Result<Vec<Word>, StoreError>;

    /// Keeps what an owner said, and gives it its number.
    fn say(&self, word: &NewWord, now: Time) -> Result<Word, StoreError>;

    /// Takes back what an owner said; `false` where there is no such word. That it was said, and by
    /// whom, stays in the store.
    fn take_back(&self, id: i64, now: Time) -> Result<bool, StoreError>;

    /// At most so many of the things that were done, the latest first.
    fn audit(&self, most: usize) -> Result<Vec<AuditRow>, StoreError>;

    /// Sizes, and when each source spoke.
    fn status(&self) -> Result<Status, StoreError>;
}
