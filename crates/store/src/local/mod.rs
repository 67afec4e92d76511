//! The store on this machine's disk.

mod alerts;
mod audit;
mod backup;
mod commit;
mod compact;
mod count;
mod derive;
mod glimpse;
mod join;
mod keep;
mod lists;
mod lone;
mod newcomers;
mod outbox;
mod scan;
mod sightings;
mod spelled;
mod status;
mod survey;
mod templates;
mod unread;
mod verify;
mod words;

pub use backup::BackedUp;
pub use compact::Compacted;
pub use derive::{Generation, Left, Passed, Swap, Underived};
pub(crate) use join::Keys;
pub use keep::{GRACE, Removed};
pub use unread::{ReadAgain, UnreadSegment};
pub use verify::Verified;

use std::fs::{File, TryLockError};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dolmen_model::query::Field;
use dolmen_model::{Names, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::alert::Alert;
use crate::audit::AuditRow;
use crate::catalog::dictionary::{self, Saved};
use crate::catalog::segments::{SegmentId, SegmentRow};
use crate::catalog::{self, Access, Catalog, callers, files, findings, segments, waiting};
use crate::commit::{Commit, Committed, NamedBy};
use crate::error::StoreError;
use crate::files::KnownFile;
use crate::glimpse::Glimpse;
use crate::question::{CallQuestion, CallerQuestion, Counts, CubeQuestion, LoneMarks};
use crate::range::Kept;
use crate::rows::Rows;
use crate::segment::{self, Encoded, Filters, IdFilters, ReadError, SegmentReader};
use crate::sightings::{SightingQuestion, Sightings};
use crate::status::Status;
use crate::store::{Calls, Store};
use crate::stored::{CallerRow, FirstUnread, LoneFound, MarkCount, Newcomer, Request, UnreadRow};
use crate::survey::Survey;
use crate::unreadable::Unreadable;
use crate::vfs::{RealVfs, Vfs};
use crate::word::{NewWord, Word};

/// The folder of segments in the store's folder.
const SEGMENTS: &str = "segments";

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// What stands between segments and the disk.
    pub vfs: Arc<dyn Vfs>,
}

impl Default for Options {
    fn default() -> Self {
        Self { vfs: Arc::new(RealVfs) }
    }
}

/// A store in a folder: `catalog.sqlite`, `segments/`, `lock`.
#[derive(Debug)]
pub struct LocalStore {
    root: PathBuf,
    vfs: Arc<dyn Vfs>,
    names: Arc<Names>,
    inner: Mutex<Inner>,
    filters: Mutex<FxHashMap<(SegmentId, usize), Arc<Filters>>>,
    near: Mutex<newcomers::Near>,
}

/// What one thread at a time uses.
#[derive(Debug)]
struct Inner {
    catalog: Catalog,
    /// Names and sets that the catalog has.
    saved: Saved,
    /// `None`: opened for reading.
    writer: Option<Writer>,
    open: FxHashMap<SegmentId, Arc<SegmentReader>>,
}

#[derive(Debug)]
struct Writer {
    next_segment: i64,
    /// The ids that marks wait for, shortened.
    waiting: FxHashSet<u64>,
    /// The ids that too many lines carry, shortened.
    overused: FxHashSet<u64>,
    /// What segments say about their ids before they are opened: a few hundred bytes each.
    id_filters: FxHashMap<SegmentId, IdFilters>,
    /// The ids of calls that new ones are compared with.
    near: join::Near,
    /// Numbers of callers.
    callers: callers::Numbers,
    /// Segments that a generation leaves as they are: they cannot be read.
    passed_over: FxHashSet<(Generation, SegmentId)>,
    /// Held as long as the store is open.
    _lock: File,
}

/// What one thread reads with: the catalog as of one instant, and names for all numbers in it.
/// Whoever writes it meanwhile is in another process, or waits.
struct Snapshot<'s> {
    inner: MutexGuard<'s, Inner>,
}

impl Deref for Snapshot<'_> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.inner.writer.is_none() {
            // It changed nothing, and there is nobody to tell.
            let _ = self.inner.catalog.db.execute_batch("ROLLBACK");
        }
    }
}

/// Open segments kept open: their metadata is some 20 KB each.
const OPEN: usize = 512;

/// Filters of row groups kept at hand: at 64 KB each some 16 MB.
const FILTERS: usize = 256;

impl LocalStore {
    /// Opens a store for writing, or makes one. One process at a time can.
    ///
    /// Files in `segments/` that the catalog does not name are left by a crash, and go. Where there are
    /// more than a crash leaves, or no catalog at all, it is the catalog that is missing: that is an
    /// error, and nothing is removed.
    pub fn open(root: impl Into<PathBuf>, options: Options) -> Result<Self, StoreError> {
        let root = root.into();
        let folder = root.join(SEGMENTS);
        std::fs::create_dir_all(&root).map_err(StoreError::io("make the folder", &root))?;
        let lock = lock(&root)?;
        options.vfs.create_dir(&folder).map_err(StoreError::io("make the folder", &folder))?;
        let files = options.vfs.list(&folder).map_err(StoreError::io("list", &folder))?;
        let access = match files.iter().any(|name| is_whole(name)) {
            true => Access::Write,
            false => Access::Make,
        };
        let store = Self::with(root, options, access)?;
        {
            let mut inner = store.inner();
            sweep(&*store.vfs, &folder, &inner.catalog)?;
            let refused = inner.catalog.refused("read what waits");
            inner.writer = Some(Writer {
                next_segment: segments::next(&inner.catalog.db).map_err(&refused)?,
                waiting: waiting::keys(&inner.catalog.db).map_err(&refused)?,
                overused: findings::overused(&inner.catalog.db).map_err(&refused)?,
                id_filters: FxHashMap::default(),
                near: join::Near::default(),
                callers: callers::Numbers::default(),
                passed_over: FxHashSet::default(),
                _lock: lock,
            });
        }
        Ok(store)
    }

    /// Opens a store that exists for reading, whoever writes it meanwhile.
    pub fn open_read(root: impl Into<PathBuf>, options: Options) -> Result<Self, StoreError> {
        Self::with(root.into(), options, Access::Read)
    }

    fn with(root: PathBuf, options: Options, access: Access) -> Result<Self, StoreError> {
        let catalog = Catalog::open(&root, access)?;
        let names = Arc::new(Names::new());
        let saved = dictionary::load(&catalog.db, &names, Saved::default())
            .map_err(catalog.refused("read the names"))??;
        let inner = Inner { catalog, saved, writer: None, open: FxHashMap::default() };
        let (filters, near) = (Mutex::default(), Mutex::default());
        Ok(Self { root, vfs: options.vfs, names, inner: Mutex::new(inner), filters, near })
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self, inner: &Inner) -> Result<(), StoreError> {
        match inner.writer {
            Some(_) => Ok(()),
            None => Err(StoreError::ReadOnly { path: self.root.clone() }),
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(SEGMENTS)
    }

    /// One instant of the catalog, for statements that belong together: of counts that a commit or
    /// new rules moved in between, some would be there twice or not at all.
    fn fresh(&self) -> Result<Snapshot<'_>, StoreError> {
        let inner = self.inner();
        if inner.writer.is_some() {
            return Ok(Snapshot { inner });
        }
        let refused = inner.catalog.refused("read the names");
        inner.catalog.db.execute_batch("BEGIN").map_err(&refused)?;
        let mut snapshot = Snapshot { inner };
        let inner = &mut *snapshot.inner;
        let saved = dictionary::load(&inner.catalog.db, &self.names, inner.saved);
        inner.saved = saved.map_err(refused)??;
        Ok(snapshot)
    }

    /// A segment, opened now or before.
    fn segment(
        &self,
        inner: &mut Inner,
        row: &SegmentRow,
    ) -> Result<Arc<SegmentReader>, ReadError> {
        if let Some(open) = inner.open.get(&row.id) {
            return Ok(Arc::clone(open));
        }
        let reader = Arc::new(SegmentReader::open(&self.vfs, &self.folder(), row.clone())?);
        if inner.open.len() >= OPEN {
            inner.open.clear();
        }
        inner.open.insert(row.id, Arc::clone(&reader));
        Ok(reader)
    }
}

impl LocalStore {
    /// What says which request ids a row group cannot hold, read now or before.
    fn filters(&self, reader: &SegmentReader, group: usize) -> Result<Arc<Filters>, StoreError> {
        let known = || self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (reader.row.id, group);
        if let Some(filters) = known().get(&key) {
            return Ok(Arc::clone(filters));
        }
        let filters = Arc::new(reader.filters(group)?);
        let mut known = known();
        if known.len() >= FILTERS {
            known.clear();
        }
        known.insert(key, Arc::clone(&filters));
        Ok(filters)
    }
}

/// Takes the lock that a writing process holds until it ends, however it ends.
fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join("lock");
    let file = File::create(&path).map_err(StoreError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: root.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
    }
}

/// More files than one commit writes: a crash leaves the files of one at most.
const UNNAMED: usize = 8;

/// Whether it is a segment that was written to its end.
fn is_whole(name: &str) -> bool {
    name.ends_with(".parquet")
}

/// Removes what a crash left: files that no transaction named.
fn sweep(vfs: &dyn Vfs, folder: &Path, catalog: &Catalog) -> Result<(), StoreError> {
    let known: FxHashSet<String> = segments::files(&catalog.db)
        .map_err(catalog.refused("read the list of segments"))?
        .into_iter()
        .collect();
    let mut left = vfs.list(folder).map_err(StoreError::io("list", folder))?;
    left.retain(|name| !known.contains(name));
    let count = left.iter().filter(|name| is_whole(name)).count();
    if count > UNNAMED {
        let first = left.into_iter().filter(|name| is_whole(name)).min().unwrap_or_default();
        return Err(StoreError::Unnamed { path: folder.to_owned(), count, first });
    }
    for name in left {
        let path = folder.join(name);
        vfs.remove(&path).map_err(StoreError::io("remove", &path))?;
    }
    Ok(())
}

impl Store for LocalStore {
    fn unread_segments(&self) -> Result<Vec<UnreadSegment>, StoreError> {
        self.list_unread_segments()
    }

    fn unread_of(&self, segment: &UnreadSegment) -> Result<Vec<UnreadRow>, StoreError> {
        self.read_unread(segment)
    }

    fn alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.read_alerts()
    }

    fn change_alerts(
        &self,
        change: &mut dyn FnMut(&[Alert]) -> Vec<Alert>,
    ) -> Result<(), StoreError> {
        self.write_alerts(change)
    }

    fn change_alert(
        &self,
        id: i64,
        at: Time,
        what: &str,
        change: &mut dyn FnMut(&Alert) -> (Alert, String),
    ) -> Result<Option<Alert>, StoreError> {
        self.answer_alert(id, at, what, change)
    }

    fn watched_since(&self, now: Time) -> Result<Time, StoreError> {
        self.watch_from(now)
    }

    fn watched(&self) -> Result<Option<Time>, StoreError> {
        self.read_watched()
    }

    fn sightings(&self, question: &SightingQuestion) -> Result<Sightings, StoreError> {
        self.see(question)
    }

    fn words(&self) -> Result<Vec<Word>, StoreError> {
        self.read_words()
    }

    fn say(&self, word: &NewWord, now: Time) -> Result<Word, StoreError> {
        self.keep_word(word, now)
    }

    fn take_back(&self, id: i64, now: Time) -> Result<bool, StoreError> {
        self.forget_word(id, now)
    }

    fn audit(&self, most: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.read_audit(most)
    }

    fn names(&self) -> &Arc<Names> {
        &self.names
    }

    fn encode(&self, rows: &Rows) -> Result<Encoded, StoreError> {
        segment::encode(rows, &self.names)
    }

    fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.write(commit)
    }

    fn find_file(
        &self,
        source: &str,
        named_by: NamedBy,
        head: &[u8],
    ) -> Result<Option<KnownFile>, StoreError> {
        let inner = self.inner();
        files::find(&inner.catalog.db, source, named_by, head)
            .map_err(inner.catalog.refused("look for a file"))
    }

    fn files(&self) -> Result<Vec<KnownFile>, StoreError> {
        let inner = self.inner();
        files::all(&inner.catalog.db).map_err(inner.catalog.refused("list the files"))
    }

    fn count(&self, question: &CubeQuestion) -> Result<Counts, StoreError> {
        self.count_cells(question)
    }

    fn calls(&self, question: &CallQuestion) -> Result<Calls<'_>, StoreError> {
        self.scan(question)
    }

    fn glimpse(
        &self,
        question: &CallQuestion,
        fields: &[Field],
        each: &mut dyn FnMut(Glimpse<'_>),
    ) -> Result<Vec<Unreadable>, StoreError> {
        self.each_glimpse(question, fields, each)
    }

    fn templates(&self) -> Result<Vec<String>, StoreError> {
        self.read_templates()
    }

    fn keep_templates(&self, learned: &[String]) -> Result<(), StoreError> {
        self.write_templates(learned)
    }

    fn request(&self, id: &[u8]) -> Result<Request, StoreError> {
        self.find_request(id)
    }

    fn marks(&self, from: Time, to: Time) -> Result<Vec<MarkCount>, StoreError> {
        self.count_marks(from, to)
    }

    fn lone_marks(&self, question: &LoneMarks) -> Result<LoneFound, StoreError> {
        self.find_lone_marks(question)
    }

    fn callers(&self, question: &CallerQuestion) -> Result<Vec<CallerRow>, StoreError> {
        self.list_callers(question)
    }

    fn newcomers(&self, since: Time) -> Result<Vec<Newcomer>, StoreError> {
        self.list_newcomers(since)
    }

    fn survey(&self, question: &CallQuestion) -> Result<Survey, StoreError> {
        self.answer_survey(question)
    }

    fn unread(&self, from: Time, to: Time, most: usize) -> Result<Vec<UnreadRow>, StoreError> {
        self.list_unread(from, to, most)
    }

    fn first_unread(&self, most: usize) -> Result<FirstUnread, StoreError> {
        self.list_first_unread(most)
    }

    fn status(&self) -> Result<Status, StoreError> {
        self.read_status()
    }
}

/// From when on narrow buckets exist.
fn kept(db: &rusqlite::Connection) -> rusqlite::Result<Kept> {
    Ok(Kept {
        minutes_since: catalog::get(db, "minutes_since")?,
        hours_since: catalog::get(db, "hours_since")?,
    })
}
