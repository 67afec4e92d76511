use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use dolmen_attribution::{Attributor, Rules, client_address};
use dolmen_cubes::{CachedCallers, CallerName, CallerTable};
use dolmen_join::{Buffers, CallEntry, JoinKey, MarkEntry, Place};
use dolmen_logs::{Call, Line, Mark, Reader, RequestId, Unread};
use dolmen_model::query::Query;
use dolmen_model::{CachedTable, Joined, NameId, Names, Time};
use dolmen_store::Likeness;

use super::fact::{CallFact, MarkFact};
use super::kind::{CachedKinds, Kind, KindTable};
use super::selection::{Attributed, Window, early_answers};
use super::tally::{Own, Tally};
use super::unparsed::{Position, Unparsed};
use crate::read::{Block, Ending, LineEnds, MAX_LINE, Prepared};
use crate::source::Source;

/// What all workers of a run share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'r> {
    pub(super) sources: &'r [Source],
    pub(super) files: &'r [Prepared],
    pub(super) rules: &'r Rules,
    pub(super) names: &'r Names,
    pub(super) callers: &'r CallerTable,
    pub(super) kinds: &'r KindTable,
    pub(super) query: &'r Query,
    pub(super) window: Window,
}

impl Shared<'_> {
    /// What is counted of a call.
    pub(super) fn likeness(&self, call: &CallEntry<CallFact>, kind: &Kind) -> Likeness {
        let CallEntry { place, fact, .. } = call;
        let Names { services, operations, endpoints, actors, .. } = self.names;
        let mut caller = <[String; 2]>::default();
        if !kind.actor.is_known() {
            let CallerName { address, user_agent } = self.callers.name(fact.caller);
            caller = [address, user_agent].map(Option::unwrap_or_default);
        }
        Likeness {
            service: services.name(kind.service),
            claimed: operations.name(kind.claimed),
            endpoint: endpoints.name(kind.endpoint),
            actor: actors.name(kind.actor),
            status: kind.status,
            bytes: fact.bytes.unwrap_or(0),
            duration: fact.duration.unwrap_or(0),
            source: self.sources[usize::from(place.source)].name.clone(),
            caller,
        }
    }
}

/// Parses and attributes the lines of one block after another.
pub(super) struct Worker<'r> {
    shared: Shared<'r>,
    attributor: Attributor<'r>,
    operations: CachedTable<'r>,
    services: CachedTable<'r>,
    callers: CachedCallers<'r>,
    kinds: CachedKinds<'r>,
    buffers: Buffers<'r, CallFact, MarkFact>,
    tally: Tally<'r>,
    found: Found,
}

/// What a worker found beside calls and marks.
#[derive(Default)]
pub(super) struct Found {
    pub(super) unparsed: Unparsed,
    /// By file: what is known of it.
    pub(super) files: BTreeMap<usize, FileFacts>,
}

/// What is known of one file.
#[derive(Default)]
pub(super) struct FileFacts {
    /// How many lines each block has, by the block's number; in no order.
    pub(super) lines: Vec<(u64, u64)>,
    pub(super) unparsed: u64,
    /// The first line, where no format reads it: it may be the end of a line cut by a rotation.
    pub(super) head: Option<Fragment>,
    /// The last line, where it has no end and no format reads it.
    pub(super) tail: Option<Fragment>,
    pub(super) error: Option<io::Error>,
}

/// A piece of a line.
pub(super) struct Fragment {
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

impl<'r> Worker<'r> {
    pub(super) fn new(shared: Shared<'r>, buffers: Buffers<'r, CallFact, MarkFact>) -> Self {
        Self {
            shared,
            attributor: Attributor::new(shared.rules, shared.names),
            operations: CachedTable::new(&shared.names.operations),
            services: CachedTable::new(&shared.names.services),
            callers: CachedCallers::new(shared.callers),
            kinds: CachedKinds::new(shared.kinds),
            buffers,
            tally: Tally::new(shared.names, shared.query, &[]),
            found: Found::default(),
        }
    }

    /// Hands over what is left, and gives the counts back.
    pub(super) fn finish(self) -> io::Result<(Tally<'r>, Found)> {
        self.buffers.flush()?;
        Ok((self.tally, self.found))
    }

    pub(super) fn found(&mut self) -> &mut Found {
        &mut self.found
    }

    /// Reads the lines of one block. Fails when entries cannot be spilled.
    pub(super) fn block(
        &mut self,
        block: Block,
        bytes: &[u8],
        reader: &mut Reader<'_>,
    ) -> io::Result<u64> {
        let mut lines = 0;
        let mut start = match bytes {
            // A byte order mark, as editors on Windows leave it.
            [0xEF, 0xBB, 0xBF, ..] if block.offset == 0 => 3,
            _ => 0,
        };
        let mut ends = LineEnds::of(bytes);
        while start < bytes.len() {
            let end = ends.next().unwrap_or(bytes.len());
            let line = bytes[start..end].strip_suffix(b"\r").unwrap_or(&bytes[start..end]);
            let at = Position {
                file: block.file,
                offset: block.offset + start as u64,
                block: block.number,
                line_in_block: lines,
            };
            let is_last = end == bytes.len();
            let ending = if is_last { block.ending } else { Ending::Line };
            self.line(at, line, ending, reader)?;
            lines += 1;
            start = end + 1;
        }
        let facts = self.found.files.entry(block.file).or_default();
        facts.lines.push((block.number, lines));
        if block.error.is_some() {
            facts.error = block.error;
        }
        Ok(lines)
    }

    fn line(
        &mut self,
        at: Position,
        line: &[u8],
        ending: Ending,
        reader: &mut Reader<'_>,
    ) -> io::Result<()> {
        let mut read = Line::Nothing;
        let result = match ending {
            Ending::TooLong => Err(too_long()),
            Ending::Line | Ending::Unterminated => reader.read_into(line, &mut read),
        };
        let Err(why) = result else {
            return self.read(at, &read);
        };
        self.found.unparsed.add(at, line, &why);
        let facts = self.found.files.entry(at.file).or_default();
        facts.unparsed += 1;
        let fragment = || Some(Fragment { offset: at.offset, bytes: line.to_vec() });
        if at.offset == 0 && ending == Ending::Line {
            facts.head = fragment();
        }
        if ending == Ending::Unterminated {
            facts.tail = fragment();
        }
        Ok(())
    }

    /// Takes what a line was.
    pub(super) fn read(&mut self, at: Position, line: &Line<'_>) -> io::Result<()> {
        match line {
            Line::Call(call) => self.call(at, call),
            Line::Mark(mark) => self.mark(at, mark),
            Line::Nothing => Ok(()),
        }
    }

    fn call(&mut self, at: Position, call: &Call<'_>) -> io::Result<()> {
        let Shared { sources, files, rules, names, query, window, .. } = self.shared;
        let source = files[at.file].input.source;
        let Source { name, service, behind, .. } = &sources[usize::from(source)];
        let attribution = self.attributor.attribute(call, *service);
        let mut address = None;
        let mut address =
            || *address.get_or_insert_with(|| client_address(call, rules.trusted_proxies()));
        let answers = if query.is_empty() {
            0
        } else {
            let claimed = attribution.claimed;
            let attributed = Attributed { address: address(), source: name, claimed };
            early_answers(query, call, &attributed, names)
        };
        let caller = if attribution.actor.is_known() {
            NameId::UNKNOWN
        } else {
            self.callers.intern(address(), call.user_agent)
        };
        let kind = Kind {
            service: attribution.service,
            actor: attribution.actor,
            endpoint: attribution.endpoint,
            claimed: attribution.claimed,
            status: call.status.unwrap_or(0),
            inside: window.holds(call.time),
            answers,
        };
        let (time, bytes, duration) =
            (call.time.unwrap_or(Time::MIN).micros(), call.bytes, call.duration);
        let own = Own { time, caller, bytes, duration };
        match call.request_id {
            // It says itself what a mark would say, and takes no part in the join.
            _ if call.delivery.is_some() => {
                self.tally.without_id(&kind, &own, Joined::Joined, None);
            }
            RequestId::Is(id) => {
                let key = JoinKey::of(id);
                let fact = CallFact { kind: self.kinds.intern(&kind), caller, bytes, duration };
                self.buffers.call(&CallEntry { key, time, place: place(source, at), fact })?;
            }
            RequestId::NotLogged => {
                self.tally.without_id(&kind, &own, Joined::CallOnly, *behind);
            }
            RequestId::Missing => self.tally.without_id(&kind, &own, Joined::NoId, *behind),
        }
        Ok(())
    }

    fn mark(&mut self, at: Position, mark: &Mark<'_>) -> io::Result<()> {
        let Shared { sources, files, window, .. } = self.shared;
        let source = files[at.file].input.source;
        let service = match mark.service {
            b"" => sources[usize::from(source)].service,
            named => self.services.intern(named),
        };
        let operation = self.operations.intern(mark.operation);
        let fact = MarkFact { operation, service, inside: window.holds(mark.time) };
        let time = mark.time.unwrap_or(Time::MIN).micros();
        match mark.request_id {
            RequestId::Is(id) => {
                let key = JoinKey::of(id);
                self.buffers.mark(&MarkEntry { key, time, place: place(source, at), fact })?;
            }
            RequestId::NotLogged | RequestId::Missing => self.tally.mark_only(time, &fact),
        }
        Ok(())
    }
}

fn too_long() -> Unread {
    let expected = Cow::Borrowed("a line of at most 16 MiB; the rest of it was skipped");
    Unread { column: MAX_LINE, expected }
}

/// Files in the order they were named, 256 GB each: an order for lines of one id and one instant that
/// say the same.
fn place(source: u16, at: Position) -> Place {
    Place { source, position: ((at.file as u64) << 38) | at.offset }
}
