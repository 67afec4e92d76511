//! Lines reach the store while they are written.
//!
//! Every file of the configured sources is looked at again and again; whichever has changed is
//! imported, which reads what is new of it. A rotated file is known by what it begins with, so
//! neither a new name nor compression makes its lines come twice.

use std::collections::HashMap;
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use dolmen_attribution::Rules;
use dolmen_collect::{ImportRequest, Imported, Input, LastLine, Progress, Source};
use dolmen_console::{Console, Event};
use dolmen_model::Time;
use dolmen_store::{LocalStore, NamedBy, Store};
use jiff::Timestamp;

use super::arrive::Spools;
use super::say;
use crate::commands::report::inputs::{self, Inputs};
use crate::settings::Settings;

/// How often files are looked at. A person who watches should not wait, and a look is one `stat`.
const EVERY: Duration = Duration::from_millis(250);

pub(super) struct Follower {
    pub(super) settings: Arc<Settings>,
    pub(super) store: Arc<LocalStore>,
    pub(super) rules: Rules,
    /// What network sources brought.
    pub(super) spools: Spools,
    pub(super) console: Console,
    /// Whom to tell that there is something new.
    pub(super) committed: Sender<()>,
    /// How each file was when it was last read.
    pub(super) seen: HashMap<PathBuf, Stamp>,
    /// The last complaint about each file: it is not repeated.
    pub(super) said: HashMap<PathBuf, String>,
}

/// What changes when a file does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl Stamp {
    fn at(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Ok(Self { inode: metadata.ino(), length: metadata.len(), modified })
    }
}

impl Follower {
    /// Follows until the other end of `stop` goes.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        loop {
            self.round();
            match stop.recv_timeout(EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn round(&mut self) {
        let found = inputs::configured(&self.settings, self.store.names());
        let Inputs { sources, inputs, .. } = match found {
            Ok(found) => found,
            Err(error) => return self.complain(PathBuf::new(), &format!("{error:#}")),
        };
        let mut changed = Vec::new();
        let mut stamps = Vec::new();
        for input in inputs.into_iter().chain(self.spools.inputs()) {
            let path = input.origin.path().to_owned();
            match Stamp::at(&path) {
                Ok(stamp) if self.seen.get(&path) == Some(&stamp) => {}
                Ok(stamp) => {
                    changed.push(input);
                    stamps.push((path, stamp));
                }
                Err(error) => self.complain(path, &error.to_string()),
            }
        }
        if changed.is_empty() {
            return;
        }
        if self.import(&sources, changed.clone()).is_err() {
            // One bad file shall not keep the others out.
            for input in changed {
                let path = input.origin.path().to_owned();
                if let Err(error) = self.import(&sources, vec![input]) {
                    self.complain(path, &error);
                }
            }
        }
        // A bad one is tried again when it has changed.
        self.seen.extend(stamps);
        self.spools.release(|path| {
            let is_bad = self.said.contains_key(path);
            !is_bad && Stamp::at(path).is_ok_and(|stamp| self.seen.get(path) == Some(&stamp))
        });
    }

    fn import(&mut self, sources: &[Source], inputs: Vec<Input>) -> Result<(), String> {
        let request = ImportRequest {
            sources,
            named_by: &vec![NamedBy::Configuration; sources.len()],
            inputs,
            rules: &self.rules,
            // It may still be written.
            last_line: LastLine::Left,
            workers: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            now: Time::from_micros(Timestamp::now().as_microsecond()),
        };
        let imported = dolmen_collect::import(&*self.store, request, &Progress::default())
            .map_err(|error| error.to_string())?;
        self.tell(&imported);
        for file in imported.files {
            match file.error {
                Some(error) => self.complain(file.path.into(), &error),
                None => _ = self.said.remove(&PathBuf::from(file.path)),
            }
        }
        Ok(())
    }

    fn tell(&self, imported: &Imported) {
        if imported.calls + imported.marks + imported.unparsed > 0 {
            self.console.tell(Event::Commit { calls: imported.calls, from: None, to: None });
            // Without a watch nobody needs to be told.
            _ = self.committed.send(());
        }
    }

    fn complain(&mut self, path: PathBuf, what: &str) {
        let before = self.said.insert(path.clone(), what.to_owned());
        if before.as_deref() != Some(what) {
            let place = if path.as_os_str().is_empty() {
                String::new()
            } else {
                format!("{}: ", path.display())
            };
            say(&format!("{place}{what}"));
        }
    }
}
