//! Lines reach the store while they are written.
//!
//! Every file of the configured sources is looked at again and again; whichever has changed is
//! imported, which reads what is new of it. A rotated file is known by what it begins with, so
//! neither a new name nor compression makes its lines come twice.

use std::collections::HashMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use dolmen_attribution::Rules;
use dolmen_collect::{CollectError, ImportRequest, Input, LastLine, Progress, Source};
use dolmen_store::{NamedBy, Store};

use super::live::{Current, Live, now};
use super::say;
use crate::commands::report::inputs::{self, Inputs};
use crate::settings::Stamp;

/// How often files are looked at. A person who watches should not wait, and a look is one `stat`.
const EVERY: Duration = Duration::from_millis(250);
/// The same while the store takes nothing: every look reads what it did not take again.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) struct Follower {
    pub(super) live: Arc<Live>,
    /// How each file was when it was last read.
    pub(super) seen: HashMap<PathBuf, Stamp>,
    /// The last complaint about each file: it is not repeated.
    pub(super) said: HashMap<PathBuf, String>,
}

impl Follower {
    /// Follows until the other end of `stop` goes.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        loop {
            let pause = if self.round() { EVERY } else { AGAIN };
            match stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether the store took everything.
    fn round(&mut self) -> bool {
        let live = Arc::clone(&self.live);
        let _round = live.round();
        let Current { settings, rules } = live.current();
        let found = inputs::configured(&settings, live.store.names());
        let Inputs { sources, inputs, .. } = match found {
            Ok(found) => found,
            Err(error) => {
                self.complain(PathBuf::new(), &format!("{error:#}"));
                return true;
            }
        };
        let mut changed = Vec::new();
        let mut stamps = Vec::new();
        let arrived = live.arrivals().inputs(&sources);
        for input in inputs.into_iter().chain(arrived) {
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
            live.heard().listen(now());
            return true;
        }
        let mut took_all = true;
        if self.import(&sources, &rules, changed.clone()).is_err() {
            // One bad file shall not keep the others out.
            for input in changed {
                let path = input.origin.path().to_owned();
                if let Err(error) = self.import(&sources, &rules, vec![input]) {
                    self.complain(path.clone(), &error.to_string());
                    if is_ours(&error) {
                        // It need not change before there is room for it.
                        stamps.retain(|(stamped, _)| *stamped != path);
                        took_all = false;
                    }
                }
            }
        }
        if took_all {
            // Who is not read is not silent.
            live.heard().listen(now());
        }
        // A bad one is tried again when it has changed.
        self.seen.extend(stamps);
        live.arrivals().release(|path| {
            let is_bad = self.said.contains_key(path);
            !is_bad && Stamp::at(path).is_ok_and(|stamp| self.seen.get(path) == Some(&stamp))
        });
        took_all
    }

    fn import(
        &mut self,
        sources: &[Source],
        rules: &Rules,
        inputs: Vec<Input>,
    ) -> Result<(), CollectError> {
        let path = |input: &Input| input.origin.path().to_string_lossy().into_owned();
        let source = |input: &Input| sources.get(usize::from(input.source));
        let paths: Vec<(String, String)> = inputs
            .iter()
            .filter_map(|input| Some((path(input), source(input)?.name.clone())))
            .collect();
        let request = ImportRequest {
            sources,
            named_by: &vec![NamedBy::Configuration; sources.len()],
            inputs,
            rules,
            // It may still be written.
            last_line: LastLine::Left,
            workers: std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            now: now(),
        };
        let imported = dolmen_collect::import(&*self.live.store, request, &Progress::default())?;
        self.live.tell_committed(&imported);
        let spoke: Vec<_> = imported.files.iter().filter(|file| file.lines_added > 0).collect();
        for (path, source) in paths {
            if spoke.iter().any(|file| file.path == path) {
                self.live.heard().hear(&source, now());
            }
        }
        for file in imported.files {
            match file.error {
                Some(error) => self.complain(file.path.into(), &error),
                None => _ = self.said.remove(&PathBuf::from(file.path)),
            }
        }
        Ok(())
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

/// Whether lines were not taken for a reason that is not in their file.
fn is_ours(error: &CollectError) -> bool {
    matches!(error, CollectError::Store(_) | CollectError::Spill { .. })
}
