//! What keeps lines from being read: said once on standard error, and shown until it is over.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use dolmen_collect::{Input, Source};
use dolmen_console::SourceReading;
use dolmen_model::Time;
use glob::Pattern;

use super::say;
use crate::settings::{Intake, Settings, SourceKind, SourceSettings};

/// What is wrong now, by file (or wildcards).
#[derive(Default)]
pub(super) struct Troubles {
    by_path: BTreeMap<PathBuf, Trouble>,
}

struct Trouble {
    /// `None`: it is of no source.
    source: Option<String>,
    what: String,
    since: Time,
}

impl Troubles {
    /// Something is wrong. The same is not said again.
    pub(super) fn add(&mut self, source: Option<&str>, path: &Path, what: String, now: Time) {
        let known = self.by_path.get(path);
        if known.is_some_and(|known| known.what == what) {
            return;
        }
        let since = known.map_or(now, |known| known.since);
        say(&placed(path, &what));
        let source = source.map(str::to_owned);
        self.by_path.insert(path.to_owned(), Trouble { source, what, since });
    }

    pub(super) fn is_over(&mut self, path: &Path) {
        self.by_path.remove(path);
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.by_path.contains_key(path)
    }

    /// Wildcards that fit no file are in trouble; what nobody looks at any more is not.
    pub(super) fn look(
        &mut self,
        sources: &[Source],
        inputs: &[Input],
        empty: &[(u16, Pattern)],
        now: Time,
    ) {
        let mut looked: HashSet<&Path> = inputs.iter().map(|input| input.origin.path()).collect();
        looked.extend(empty.iter().map(|(_, pattern)| Path::new(pattern.as_str())));
        self.by_path.retain(|path, _| looked.contains(path.as_path()));
        for (number, pattern) in empty {
            let source = sources.get(usize::from(*number)).map(|source| source.name.as_str());
            self.add(source, Path::new(pattern.as_str()), nothing_fits(pattern), now);
        }
    }

    /// How it stands with each source; `inputs` are the files that are named.
    pub(super) fn readings(
        &self,
        settings: &Settings,
        inputs: &[Input],
        start: Time,
    ) -> Vec<SourceReading> {
        let reading = |(number, source): (usize, &SourceSettings)| {
            let is_mine = |trouble: &Trouble| trouble.source.as_ref() == Some(&source.name);
            let mut mine = self.by_path.iter().filter(|(_, trouble)| is_mine(trouble));
            let said =
                mine.next().map(|(path, Trouble { what, since, .. })| (placed(path, what), *since));
            let (files, problem) = match &source.intake {
                Intake::Files(_) => {
                    let mine = inputs.iter().filter(|input| usize::from(input.source) == number);
                    (Some(mine.count() as u64), said)
                }
                Intake::Arrives(arrival) if arrival.kind == SourceKind::Syslog => {
                    let text = "the kind \"syslog\" is not built in yet: nothing listens";
                    (None, Some((text.to_owned(), start)))
                }
                Intake::Arrives(_) => (None, said),
            };
            SourceReading { source: source.name.clone(), files, problem }
        };
        settings.sources.iter().enumerate().map(reading).collect()
    }
}

/// Where something is wrong, and what.
fn placed(path: &Path, what: &str) -> String {
    match path.as_os_str().is_empty() {
        true => what.to_owned(),
        false => format!("{}: {what}", path.display()),
    }
}

/// Why no file fits: a folder may be closed to us.
fn nothing_fits(pattern: &Pattern) -> String {
    let found = glob::glob(pattern.as_str()).ok();
    match found.and_then(|found| found.filter_map(Result::err).next()) {
        Some(error) => format!("no file matches it that may be looked at: {error}"),
        None => "no file matches it".to_owned(),
    }
}
