//! Files stay open while they are followed: a name may go to another file at any time, and what a
//! server still writes to the old one shall be read too.
//!
//! A file that is named is read through what is open, so that what was looked at is what is read.
//! One whose name went is followed until nothing has come for long.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dolmen_collect::{Input, Origin, Source};
use dolmen_store::{HEAD, NamedBy, Store};

use crate::settings::{Identity, Intake, LogPath, Settings, SourceSettings, Stamp};

/// So many files are open that have their names, those that changed last: further ones are most
/// likely old, and found under the names that a pattern gives them.
const NAMED: usize = 256;
/// So many are open whose names went.
const LEFT: usize = 256;
/// After so long without a line nobody writes any more to a file whose name went. A server that was
/// told to reopen its logs may let old processes end what they do.
const QUIET: Duration = Duration::from_secs(3_600);
/// The same of one that has no name at all any more: its room on the disk is not free before.
const QUIET_DELETED: Duration = Duration::from_secs(60);

/// Files that are kept open.
#[derive(Default)]
pub(super) struct Held {
    files: HashMap<Identity, One>,
}

struct One {
    /// The name by which it was found.
    path: PathBuf,
    source: String,
    file: Arc<File>,
    /// Whether a name that is configured leads to it.
    is_named: bool,
    stamp: Stamp,
    /// When it was seen to change, or to lose its name.
    changed: Instant,
}

/// A file that can be read, and how it was when it was looked at.
pub(super) struct Looked {
    pub(super) input: Input,
    pub(super) stamp: Stamp,
}

impl Held {
    /// Looks at files that are named, and adds those whose names went; `is_read` says of which
    /// there is nothing new. What cannot be looked at is told to `complain`.
    pub(super) fn look(
        &mut self,
        (settings, sources): (&Settings, &[Source]),
        inputs: Vec<Input>,
        is_read: impl Fn(&Stamp) -> bool,
        mut complain: impl FnMut(&Input, io::Error),
    ) -> Vec<Looked> {
        let mut looked: Vec<(Looked, bool)> = Vec::new();
        for input in inputs {
            match fs::metadata(input.origin.path()) {
                Ok(metadata) => {
                    let stamp = Stamp::of(&metadata);
                    looked.push((Looked { input, stamp }, metadata.is_file()));
                }
                Err(error) => complain(&input, error),
            }
        }
        looked.sort_by_key(|(looked, _)| std::cmp::Reverse(looked.stamp.modified()));
        self.files.values_mut().for_each(|one| one.is_named = false);
        let mut named = 0;
        for (looked, is_file) in &mut looked {
            named += 1;
            let Some(source) = sources.get(usize::from(looked.input.source)) else { continue };
            if *is_file && named <= NAMED {
                self.hold(looked, &source.name);
            } else {
                self.files.remove(&looked.stamp.identity());
            }
        }
        let now = Instant::now();
        self.files.retain(|_, one| one.is_named || one.is_wanted(settings, now, &is_read));
        self.let_go(is_read);
        let left = self.files.values().filter(|one| !one.is_named).filter_map(|one| {
            let number = sources.iter().position(|source| source.name == one.source)?;
            let origin = Origin::Open { path: one.path.clone(), file: Arc::clone(&one.file) };
            let input = Input { origin, source: u16::try_from(number).ok()? };
            Some(Looked { input, stamp: one.stamp })
        });
        let left: Vec<_> = left.collect();
        looked.into_iter().map(|(looked, _)| looked).chain(left).collect()
    }

    /// Reads a file through what is open, and opens it where nothing is.
    fn hold(&mut self, looked: &mut Looked, source: &str) {
        let path = looked.input.origin.path().to_owned();
        if !self.files.contains_key(&looked.stamp.identity()) {
            // One that may not be opened is complained about when it is read.
            let Ok(file) = File::open(&path) else { return };
            let Ok(metadata) = file.metadata() else { return };
            if !metadata.is_file() {
                return;
            }
            // The name may have gone to another in between.
            looked.stamp = Stamp::of(&metadata);
            self.files.entry(looked.stamp.identity()).or_insert_with(|| {
                One::new(path.clone(), source.to_owned(), Arc::new(file), &metadata)
            });
        }
        let Some(one) = self.files.get_mut(&looked.stamp.identity()) else { return };
        one.is_named = true;
        one.changed = Instant::now();
        one.stamp = looked.stamp;
        one.path.clone_from(&path);
        source.clone_into(&mut one.source);
        looked.input.origin = Origin::Open { path, file: Arc::clone(&one.file) };
    }

    /// Of too many whose names went, those go that were silent the longest, and are read.
    fn let_go(&mut self, is_read: impl Fn(&Stamp) -> bool) {
        let mut left: Vec<_> = self.files.iter().filter(|(_, one)| !one.is_named).collect();
        left.sort_by_key(|(_, one)| std::cmp::Reverse(one.changed));
        let beyond = left.into_iter().skip(LEFT).filter(|(_, one)| is_read(&one.stamp));
        let beyond: Vec<Identity> = beyond.map(|(identity, _)| *identity).collect();
        for identity in beyond {
            self.files.remove(&identity);
        }
    }

    /// Finds what lost its name while nobody followed it: a file beside a configured one whose
    /// name begins with the whole name of that one, which the store has read in part.
    pub(super) fn search(&mut self, settings: &Settings, store: &dyn Store) {
        for source in &settings.sources {
            let Intake::Files(paths) = &source.intake else { continue };
            let one = |path: &LogPath| match path {
                LogPath::One(path) => Some(path.clone()),
                LogPath::Matching(_) => None,
            };
            for path in paths.iter().filter_map(one) {
                for beside in beside(&path) {
                    if let Some(one) = left_in_part(store, source, &path, &beside) {
                        self.files.insert(one.stamp.identity(), one);
                    }
                }
            }
        }
    }
}

impl One {
    fn new(path: PathBuf, source: String, file: Arc<File>, metadata: &Metadata) -> Self {
        let (stamp, changed) = (Stamp::of(metadata), Instant::now());
        Self { path, source, file, is_named: false, stamp, changed }
    }

    /// Looks at a file whose name went, and says whether more may come.
    fn is_wanted(
        &mut self,
        settings: &Settings,
        now: Instant,
        is_read: impl Fn(&Stamp) -> bool,
    ) -> bool {
        // Another configuration may mean other files.
        let names_it =
            |source: &SourceSettings| source.name == self.source && names(source, &self.path);
        let Ok(metadata) = self.file.metadata() else { return false };
        if !settings.sources.iter().any(names_it) {
            return false;
        }
        let stamp = Stamp::of(&metadata);
        if stamp != self.stamp {
            (self.stamp, self.changed) = (stamp, now);
        }
        let quiet = if metadata.nlink() == 0 { QUIET_DELETED } else { QUIET };
        !is_read(&stamp) || now.duration_since(self.changed) < quiet
    }
}

/// Whether a source means files of this name.
fn names(source: &SourceSettings, path: &Path) -> bool {
    let Intake::Files(paths) = &source.intake else { return false };
    paths.iter().any(|one| match one {
        LogPath::One(one) => one == path,
        LogPath::Matching(pattern) => pattern.matches_path(path),
    })
}

/// Regular files of the same folder whose names go on where that of `path` ends.
fn beside(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // A folder that may not be looked into has nothing for us.
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let name = name.as_encoded_bytes();
    let goes_on = |found: &[u8]| found.len() > name.len() && found.starts_with(name);
    let entries = entries.flatten().filter(|entry| goes_on(entry.file_name().as_encoded_bytes()));
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.map(|entry| entry.path()).collect()
}

/// A file that the store has read in part.
fn left_in_part(
    store: &dyn Store,
    source: &SourceSettings,
    path: &Path,
    beside: &Path,
) -> Option<One> {
    let file = File::open(beside).ok()?;
    let metadata = file.metadata().ok()?;
    let mut head = vec![0; HEAD];
    let read = file.read_at(&mut head, 0).ok()?;
    head.truncate(read);
    let known = store.find_file(&source.name, NamedBy::Configuration, &head).ok()??;
    let is_left = known.position < metadata.len();
    is_left.then(|| One::new(path.to_owned(), source.name.clone(), Arc::new(file), &metadata))
}
