//! The store on this machine's disk.

mod alerts;
mod backup;
mod commit;
mod compact;
mod derive;
mod join;
mod keep;
mod lists;
mod scan;
mod status;
mod survey;
mod unread;
mod verify;

pub use backup::BackedUp;
pub use compact::Compacted;
pub use derive::{Generation, Swap, Underived};
pub use keep::{GRACE, Removed};
pub use verify::Verified;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dolmen_cubes::Cube;
use dolmen_model::{Joined, NameId, Names, Outcome, SetId, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::alert::Alert;
use crate::catalog::cube::{Dimension, Projection};
use crate::catalog::dictionary::{self, Saved};
use crate::catalog::segments::{SegmentId, SegmentRow};
use crate::catalog::{self, Access, Catalog, cube, files, segments, waiting};
use crate::commit::{Commit, Committed, NamedBy};
use crate::error::StoreError;
use crate::files::KnownFile;
use crate::question::{CallQuestion, CallerQuestion, Counts, CubeQuestion};
use crate::range::{Kept, Width, cover, minute_of, time_of};
use crate::rows::Rows;
use crate::segment::{self, Encoded, ReadError, SegmentReader};
use crate::status::Status;
use crate::store::{Calls, Store};
use crate::stored::{CallerRow, MarkCount, Request, UnreadRow};
use crate::survey::Survey;
use crate::vfs::{RealVfs, Vfs};

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
    /// The ids of calls that new ones are compared with.
    near: join::Near,
    /// Held as long as the store is open.
    _lock: File,
}

/// Open segments kept open: their metadata is some 20 KB each.
const OPEN: usize = 512;

impl LocalStore {
    /// Opens a store for writing, or makes one. One process at a time can.
    ///
    /// Files in `segments/` that the catalog does not name are left by a crash, and go.
    pub fn open(root: impl Into<PathBuf>, options: Options) -> Result<Self, StoreError> {
        let root = root.into();
        let folder = root.join(SEGMENTS);
        std::fs::create_dir_all(&root).map_err(StoreError::io("make the folder", &root))?;
        let lock = lock(&root)?;
        options.vfs.create_dir(&folder).map_err(StoreError::io("make the folder", &folder))?;
        let store = Self::with(root, options, Access::Write)?;
        {
            let mut inner = store.inner();
            sweep(&*store.vfs, &folder, &inner.catalog)?;
            let refused = inner.catalog.refused("read what waits");
            inner.writer = Some(Writer {
                next_segment: segments::next(&inner.catalog.db).map_err(&refused)?,
                waiting: waiting::keys(&inner.catalog.db).map_err(&refused)?,
                near: join::Near::default(),
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
        Ok(Self { root, vfs: options.vfs, names, inner: Mutex::new(inner) })
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

    /// What a reader must know before it looks at numbers: names that the writer added since.
    fn fresh(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        let mut inner = self.inner();
        if inner.writer.is_none() {
            let refused = inner.catalog.refused("read the names");
            let saved = dictionary::load(&inner.catalog.db, &self.names, inner.saved);
            inner.saved = saved.map_err(refused)??;
        }
        Ok(inner)
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

/// Removes what a crash left: files that no transaction named.
fn sweep(vfs: &dyn Vfs, folder: &Path, catalog: &Catalog) -> Result<(), StoreError> {
    let known: FxHashSet<String> = segments::files(&catalog.db)
        .map_err(catalog.refused("read the list of segments"))?
        .into_iter()
        .collect();
    for name in vfs.list(folder).map_err(StoreError::io("list", folder))? {
        if !known.contains(&name) {
            let path = folder.join(name);
            vfs.remove(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

impl Store for LocalStore {
    fn alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.read_alerts()
    }

    fn keep_alerts(&self, changed: &[Alert]) -> Result<(), StoreError> {
        self.write_alerts(changed)
    }

    fn watched_since(&self, now: Time) -> Result<Time, StoreError> {
        self.watch_from(now)
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
        let inner = self.fresh()?;
        let db = &inner.catalog.db;
        let refused = inner.catalog.refused("read the cubes");
        let generation = catalog::get(db, "generation").map_err(&refused)?;
        let widest = question.every.unwrap_or(Width::Month);
        let kept = kept(db).map_err(&refused)?;
        let pieces = cover(question.from, question.to, widest, kept);
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else {
            let (from, to) = (question.from, question.to);
            return Ok(Counts { cube: Cube::default(), from, to, rows_read: 0 });
        };
        let (from, to) = (time_of(first.from), time_of(last.to));
        let asked = |dimension| question.by.contains(&dimension);
        let mut cube = Cube::default();
        let mut rows_read = 0;
        for &piece in &pieces {
            let projection = Projection::for_dimensions(&question.by, piece.width);
            rows_read += cube::read(db, generation, projection, piece, |mut key, cell| {
                key.bucket = match question.every {
                    Some(width) => time_of(width.floor(minute_of(key.bucket))),
                    None => from,
                };
                let name = |dimension, id| if asked(dimension) { id } else { NameId::UNKNOWN };
                key.service = name(Dimension::Service, key.service);
                key.actor = name(Dimension::Actor, key.actor);
                key.endpoint = name(Dimension::Endpoint, key.endpoint);
                if !asked(Dimension::Operations) {
                    key.operations = SetId::EMPTY;
                }
                key.outcome = Outcome {
                    status: if asked(Dimension::Status) { key.outcome.status } else { 0 },
                    joined: if asked(Dimension::Joined) {
                        key.outcome.joined
                    } else {
                        Joined::Joined
                    },
                };
                cube.add_cell(key, &cell);
            })
            .map_err(&refused)?;
        }
        Ok(Counts { cube, from, to, rows_read })
    }

    fn calls(&self, question: &CallQuestion) -> Result<Calls<'_>, StoreError> {
        self.scan(question)
    }

    fn request(&self, id: &[u8]) -> Result<Request, StoreError> {
        self.find_request(id)
    }

    fn marks(&self, from: Time, to: Time) -> Result<Vec<MarkCount>, StoreError> {
        self.count_marks(from, to)
    }

    fn callers(&self, question: &CallerQuestion) -> Result<Vec<CallerRow>, StoreError> {
        self.list_callers(question)
    }

    fn survey(&self, question: &CallQuestion) -> Result<Survey, StoreError> {
        self.answer_survey(question)
    }

    fn unread(&self, from: Time, to: Time, most: usize) -> Result<Vec<UnreadRow>, StoreError> {
        self.list_unread(from, to, most)
    }

    fn first_unread(&self, most: usize) -> Result<Vec<UnreadRow>, StoreError> {
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
