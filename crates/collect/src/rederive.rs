//! The rules changed: what lines say of actors, services, endpoints and operations is derived again.

use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};

use dolmen_attribution::{Attributor, RuleSet, Rules, client_address};
use dolmen_cubes::Cube;
use dolmen_join::JoinKey;
use dolmen_logs::{Fields, Format, Line};
use dolmen_model::{Call, Joined, NameId, Names, RequestId, Time};
use dolmen_store::{
    CallFacts, CallerCounts, Encoded, Generation, LocalStore, Passed, Role, Rows, Settled, Store,
    StoreError, StoredCall, Swap, Underived, Unreadable,
};
use rustc_hash::FxHashMap;

use crate::import::Counts;
use crate::read::found;
use crate::source::{FormatChoice, Holds, Source};

/// What was derived again.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rederived {
    /// Calls, hops among them.
    pub calls: u64,
    /// Segments that hold them.
    pub segments: u64,
    /// Lines that no format read before, and one does now.
    #[serde(default)]
    pub read_again: u64,
    /// Segments whose calls stay as older rules had them, since they cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Tells rules apart: the same rules have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesVersion(String);

impl RulesVersion {
    /// The version of rules, of sources, whose services are rules too, and of the templates that were
    /// learned.
    pub fn of(rules: &RuleSet, sources: &[Source], learned: &[String], names: &Names) -> Self {
        let mut rules = rules.clone();
        // What changes nothing about a call changes no version.
        for operation in &mut rules.operations {
            (operation.retired, operation.moved_to) = (None, None);
        }
        rules.services.iter_mut().for_each(|service| service.monolith = false);
        let service = |source: &Source| {
            format!("{}={}", source.name, names.services.name(source.service).unwrap_or_default())
        };
        let services: Vec<String> = sources.iter().map(service).collect();
        let text = format!("{rules:?} {services:?} {learned:?}");
        Self(format!("{:032x}", JoinKey::of(text.as_bytes()).0))
    }

    /// Whether what readers see was derived by these rules, as far as anybody said, and nothing
    /// else is under way. A store that nobody said anything of is taken to be.
    pub fn is_in_effect(&self, store: &LocalStore) -> Result<bool, StoreError> {
        store.adopt_rules(&self.0)?;
        let (current, under_way) = store.derived_by()?;
        Ok(current == self.0 && under_way.is_none())
    }
}

/// Derives all calls of the store by `rules`, which were compiled with its names, and swaps the
/// result in at once; readers see the old until then. Interrupted, or stopped by `progress`, which
/// gives `None`, the same rules go on where they stopped.
pub fn rederive(
    store: &LocalStore,
    sources: &[Source],
    rules: &Rules,
    version: &RulesVersion,
    now: Time,
    mut progress: impl FnMut(&Rederived) -> ControlFlow<()>,
) -> Result<Option<Rederived>, StoreError> {
    let mut generation = store.begin_generation(&version.0, now)?;
    let mut done = Rederived::default();
    let mut formats = Formats {
        sources,
        known: FxHashMap::default(),
        deliveries: Format::calls("bus", &Fields::new()).ok().map(Arc::new),
    };
    loop {
        let by = By { store, generation, rules, now };
        match derive_left(by, &mut formats, &mut done, &mut progress)? {
            Round::Through if store.finish_generation(generation, now)? == Swap::Done => {
                return Ok(Some(done));
            }
            Round::Through => {}
            Round::Stopped => return Ok(None),
            Round::GivenUp => {
                // What it had is gone with it, and what cannot be read is met again.
                generation = store.begin_generation(&version.0, now)?;
                done = Rederived::default();
            }
        }
    }
}

/// What a derivation needs.
#[derive(Clone, Copy)]
struct By<'r> {
    store: &'r LocalStore,
    generation: Generation,
    rules: &'r Rules,
    now: Time,
}

/// How a round through what is left ended.
enum Round {
    Through,
    /// By whoever looks at its progress.
    Stopped,
    /// Calls that had been derived cannot be read any more.
    GivenUp,
}

/// A segment's calls, derived.
struct Derived {
    rows: Encoded,
    cube: Cube,
    callers: CallerCounts,
}

/// Derives what is left, and takes it in while the next segment is derived already. Whoever stops it, or
/// an error, leaves that next one to another time.
fn derive_left(
    by: By<'_>,
    formats: &mut Formats<'_>,
    done: &mut Rederived,
    progress: &mut impl FnMut(&Rederived) -> ControlFlow<()>,
) -> Result<Round, StoreError> {
    let By { store, generation, .. } = by;
    std::thread::scope(|scope| {
        // Without room: what was derived is not kept beside what is being derived.
        let (to, from) = mpsc::sync_channel(0);
        scope.spawn(move || {
            for old in store.underived(generation) {
                // Changes nothing in the store, so that it may be done in vain.
                let derived = old.map(|old| (by.derive(&old, formats), old));
                if to.send(derived).is_err() {
                    return;
                }
            }
        });
        for derived in from {
            let (derived, old) = derived?;
            let taken = derived.and_then(|Derived { rows, cube, callers }| {
                store.derive(generation, &old, rows, &cube, &callers)
            });
            match taken {
                Ok(()) => {
                    done.calls += old.calls();
                    done.segments += 1;
                }
                Err(StoreError::Segment(lost)) => {
                    done.unreadable.push(lost);
                    if store.pass_over(generation, &old)? == Passed::GivenUp {
                        return Ok(Round::GivenUp);
                    }
                }
                Err(error) => return Err(error),
            }
            if progress(done).is_break() {
                return Ok(Round::Stopped);
            }
        }
        Ok(Round::Through)
    })
}

impl By<'_> {
    fn derive(self, old: &Underived, formats: &mut Formats<'_>) -> Result<Derived, StoreError> {
        let Self { store, rules, now, .. } = self;
        let names = &**store.names();
        let mut attributor = Attributor::new(rules, names);
        let mut rows = Rows::new();
        let mut counts = Counts::new(now);
        let mut failed = None;
        store.show_underived(old, |calls| {
            for stored in calls {
                let format = match formats.of(stored, |name| lines_of(store, old, name)) {
                    Ok(format) => format,
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                };
                let mut reader = format.as_ref().map(|format| format.reader());
                let read = reader.as_mut().and_then(|reader| match reader.read(&stored.line) {
                    Ok(Line::Call(call)) => Some(call),
                    _ => None,
                });
                // A line that today's format does not read keeps what was read of it.
                let call = read.unwrap_or_else(|| as_read(stored));
                let source = formats.source(&stored.source);
                let service = source.map_or(NameId::UNKNOWN, |source| source.service);
                let found = attributor.attribute(&call, service);
                let address = client_address(&call, rules.trusted_proxies());
                let facts = CallFacts {
                    source: &stored.source,
                    forwarded_address: address,
                    service: found.service,
                    actor: found.actor,
                    endpoint: found.endpoint,
                    claimed: found.claimed,
                };
                let settled = settled(stored, &facts, names);
                let row = rows.push_call(&stored.line, &call, &facts, settled).row;
                let by = counts.called_by(&rows, row, &call, address);
                counts.add(&rows.countable(row), row, by);
            }
            ControlFlow::Continue(())
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let (cube, callers) = counts.take(&rows);
        Ok(Derived { rows: store.encode(&rows)?, cube, callers })
    }
}

/// The first lines that one source has in a segment, from which its format is found.
fn lines_of(store: &LocalStore, old: &Underived, source: &str) -> Result<Vec<u8>, StoreError> {
    let (mut lines, mut found) = (Vec::new(), 0);
    store.show_underived(old, |calls| {
        for call in calls.iter().filter(|call| call.source == source).take(SAMPLE - found) {
            lines.extend_from_slice(&call.line);
            lines.push(b'\n');
            found += 1;
        }
        match found {
            SAMPLE => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    })?;
    Ok(lines)
}

/// What the join said stays; what it had from the rules is what these rules say.
fn settled(stored: &StoredCall, facts: &CallFacts<'_>, names: &Names) -> Settled {
    let mut settled = Settled::alone(facts, stored.joined, names);
    settled.role = stored.role;
    settled.marks = stored.marks;
    settled.bypassed = stored.bypassed;
    settled.repeated = stored.repeated;
    if stored.service != stored.own_service {
        // Marks or hops said so.
        let said = stored.service.as_deref().unwrap_or_default();
        settled.service = names.services.intern(said.as_bytes());
    }
    if stored.joined == Joined::Joined {
        let entered: Vec<NameId> =
            stored.operations.iter().map(|name| names.operations.intern(name.as_bytes())).collect();
        settled.operations = names.sets.intern(&entered);
    }
    settled
}

fn as_read(stored: &StoredCall) -> Call<'_> {
    Call {
        time: stored.time,
        address: text(&stored.address),
        user: text(&stored.user),
        method: text(&stored.method),
        target: text(&stored.target),
        host: text(&stored.host),
        status: stored.status,
        bytes: stored.bytes,
        duration: stored.duration,
        referer: text(&stored.referer),
        user_agent: text(&stored.user_agent),
        request_id: match (&stored.request_id, stored.joined) {
            (Some(id), _) => RequestId::Is(id.as_bytes()),
            (None, Joined::NoId) => RequestId::Missing,
            (None, _) => RequestId::NotLogged,
        },
        ..Call::default()
    }
}

fn text(text: &Option<String>) -> &[u8] {
    text.as_deref().unwrap_or_default().as_bytes()
}

/// The formats of sources: as configured, or found from their lines.
struct Formats<'s> {
    sources: &'s [Source],
    known: FxHashMap<String, Option<Arc<Format>>>,
    /// Records of a bus are read as such, also when the configuration no longer names the bus.
    deliveries: Option<Arc<Format>>,
}

/// Lines from which a format is found.
const SAMPLE: usize = 500;

impl<'s> Formats<'s> {
    fn source(&self, name: &str) -> Option<&'s Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The format of a call's line; `lines` of its source are looked at where nobody said.
    fn of(
        &mut self,
        stored: &StoredCall,
        lines: impl FnOnce(&str) -> Result<Vec<u8>, StoreError>,
    ) -> Result<Option<Arc<Format>>, StoreError> {
        if stored.role == Role::Delivery {
            return Ok(self.deliveries.clone());
        }
        let name = stored.source.as_str();
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let format = match self.source(name).map(|source| &source.format) {
            Some(FormatChoice::Given(format)) => Some(Arc::clone(format)),
            choice => {
                let key = match choice {
                    Some(FormatChoice::AutoIn(key)) => Some(key.as_str()),
                    _ => None,
                };
                found(key, Holds::Calls, &lines(name)?).ok().map(Arc::new)
            }
        };
        self.known.insert(name.to_owned(), format.clone());
        Ok(format)
    }
}
