//! Lines reach the store while they are written.
//!
//! Every file of the configured sources is looked at again and again; whichever has changed is
//! imported, which reads what is new of it. A rotated file is known by what it begins with, so
//! neither a new name nor compression makes its lines come twice; that it is read to its end
//! whatever becomes of its name, see `held`.

use std::collections::{HashMap, HashSet};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use dolmen_attribution::Rules;
use dolmen_collect::{CollectError, ImportRequest, Input, LastLine, Progress, Source};
use dolmen_model::Time;
use dolmen_store::{NamedBy, Store};

use super::held::{Held, Looked};
use super::live::{Current, Live, now};
use super::troubles::Troubles;
use crate::commands::report::inputs::{self, Inputs};
use crate::settings::{Identity, Stamp};

/// How often files are looked at. A person who watches should not wait, and a look is one `stat`.
const EVERY: Duration = Duration::from_millis(250);
/// The same while the store takes nothing: every look reads what it did not take again.
const AGAIN: Duration = Duration::from_secs(2);

pub(super) struct Follower {
    live: Arc<Live>,
    /// How each file was when it was last read.
    seen: HashMap<Identity, Stamp>,
    troubles: Troubles,
    /// Since when it follows.
    start: Time,
    /// Files that are kept open.
    held: Held,
}

impl Follower {
    pub(super) fn new(live: Arc<Live>) -> Self {
        let (troubles, held) = (Troubles::default(), Held::default());
        Self { live, seen: HashMap::new(), troubles, start: now(), held }
    }

    /// Follows until the other end of `stop` goes.
    pub(super) fn run(mut self, stop: &Receiver<()>) {
        self.held.search(&self.live.current().settings, &*self.live.store);
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
        let Inputs { sources, inputs, empty, .. } = match found {
            Ok(found) => found,
            Err(error) => {
                self.troubles.add(None, Path::new(""), format!("{error:#}"), now());
                return true;
            }
        };
        let arrived = live.arrivals().inputs(&sources);
        let inputs: Vec<Input> = inputs.into_iter().chain(arrived).collect();
        self.troubles.look(&sources, &inputs, &empty, now());
        let mut named = inputs.clone();
        let mut missing = Vec::new();
        let looked = self.held.look(
            (&settings, &sources),
            inputs,
            |stamp| self.seen.get(&stamp.identity()) == Some(stamp),
            |input, error| missing.push((input.clone(), error)),
        );
        let is_missing =
            |input: &Input| missing.iter().any(|(one, _)| one.origin.path() == input.origin.path());
        named.retain(|input| !is_missing(input));
        for (input, error) in missing {
            self.complain(&sources, &input, error.to_string());
        }
        let there: HashSet<Identity> = looked.iter().map(|one| one.stamp.identity()).collect();
        self.seen.retain(|identity, _| there.contains(identity));
        let is_new = |one: &Looked| self.seen.get(&one.stamp.identity()) != Some(&one.stamp);
        let changed: Vec<Looked> = looked.into_iter().filter(is_new).collect();
        if changed.is_empty() {
            live.heard().listen(now());
            live.say_readings(self.troubles.readings(&settings, &named, self.start));
            return true;
        }
        let mut took_all = true;
        let mut stamps: Vec<Stamp> = changed.iter().map(|one| one.stamp).collect();
        let inputs = changed.iter().map(|one| one.input.clone()).collect();
        if self.import(&sources, &rules, inputs).is_err() {
            // One bad file shall not keep the others out.
            for Looked { input, stamp } in changed {
                if let Err(error) = self.import(&sources, &rules, vec![input.clone()]) {
                    self.complain(&sources, &input, error.to_string());
                    if is_ours(&error) {
                        // It need not change before there is room for it.
                        stamps.retain(|stamped| *stamped != stamp);
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
        self.seen.extend(stamps.into_iter().map(|stamp| (stamp.identity(), stamp)));
        live.arrivals().release(|path| {
            let is_bad = self.troubles.has(path);
            let is_seen = |stamp: Stamp| self.seen.get(&stamp.identity()) == Some(&stamp);
            !is_bad && Stamp::at(path).is_ok_and(is_seen)
        });
        live.say_readings(self.troubles.readings(&settings, &named, self.start));
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
        let named = inputs.clone();
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
        for (file, input) in imported.files.into_iter().zip(named) {
            match file.error {
                Some(error) => self.complain(sources, &input, error),
                None => self.troubles.is_over(input.origin.path()),
            }
        }
        Ok(())
    }

    fn complain(&mut self, sources: &[Source], input: &Input, what: String) {
        let source = sources.get(usize::from(input.source)).map(|source| source.name.as_str());
        self.troubles.add(source, input.origin.path(), what, now());
    }
}

/// Whether lines were not taken for a reason that is not in their file.
fn is_ours(error: &CollectError) -> bool {
    matches!(error, CollectError::Store(_) | CollectError::Spill { .. })
}
