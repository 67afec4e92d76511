//! Since when the oldest message of a queue is there. A queue gives them out in the order in which
//! they came, so those that are ready are the last that came; when that was, the journal says.
//!
//! It holds bodies, so that it is read from its end backwards, as far as is needed and no further
//! than a bound. Beyond that a queue is at least as old as what was read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::ControlFlow;

use dolmen_bus::{Pattern, Position, TransportError, What};
use dolmen_model::Time;

use crate::Shared;
use crate::admin::Binding;
use crate::journal::{From, Last, read_until};
use crate::names::Names;

/// How many records are read, the end of the journal first, while some queue needs more.
const PARTS: [u64; 3] = [250, 750, 3_000];

/// Parts that would have more bytes of bodies are not read.
const MOST_BYTES: u64 = 4 << 20;

/// How many times of one queue are kept: no more are ever of use.
const MOST_TIMES: usize = 4_000;

/// What is known of a queue.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// How many are ready.
    pub(crate) ready: u64,
    listens: Vec<Pattern>,
    /// When the last ones came.
    times: BinaryHeap<Reverse<Time>>,
}

impl Backlog {
    /// One came.
    pub(crate) fn came(&mut self, at: Time) {
        self.times.push(Reverse(at));
        if self.times.len() > MOST_TIMES {
            self.times.pop();
        }
    }

    /// When the oldest came, if all that came since `since` are known.
    fn oldest(&self, since: Time) -> Option<Time> {
        let mut times: Vec<Time> = self.times.iter().map(|&Reverse(at)| at).collect();
        times.sort_unstable();
        let from_end = usize::try_from(self.ready).ok()?;
        let at = *times.get(times.len().checked_sub(from_end)?)?;
        (at >= since).then_some(at)
    }
}

/// Takes note of what each of the services listens to.
pub(crate) fn listen(
    backlogs: &mut BTreeMap<String, Backlog>,
    names: &Names,
    bindings: &[Binding],
) {
    let route = names.route();
    for binding in bindings.iter().filter(|binding| binding.source == route) {
        let service = names.service_of(&binding.destination);
        let backlog = service.and_then(|service| backlogs.get_mut(service));
        if let (Some(backlog), Ok(pattern)) = (backlog, Pattern::new(&binding.routing_key)) {
            backlog.listens.push(pattern);
        }
    }
}

/// When the oldest message came that is ready, of each service for which that can be told from a
/// journal with this last record.
pub(crate) async fn oldest(
    shared: &Shared,
    mut backlogs: BTreeMap<String, Backlog>,
    last: Option<Last>,
    now: Time,
) -> Result<BTreeMap<String, Time>, TransportError> {
    let mut found = BTreeMap::new();
    backlogs.retain(|_, backlog| backlog.ready > 0);
    let Some(last) = last.filter(|_| !backlogs.is_empty()) else { return Ok(found) };
    let (link, stream) = (&shared.reading, shared.names.journal());
    let (mut until, mut since, mut read, mut bytes) = (last.position.number, now, 0, 0);
    for part in PARTS {
        if bytes + part * (bytes / read.max(1)) > MOST_BYTES {
            break;
        }
        let first = (until + 1).saturating_sub(part);
        let from = match first.checked_sub(1) {
            None => From::First,
            Some(before) => From::After(Position { number: before, part: u32::MAX }),
        };
        let mut begin = None;
        read_until(link, &stream, from, until, now, |event| {
            if event.position.number > until {
                return ControlFlow::Break(());
            }
            begin.get_or_insert(event.position.number);
            read += 1;
            bytes += event.message.body.len() as u64;
            since = since.min(event.at);
            if event.what == What::Published {
                let key = &event.message.routing_key;
                let hears = |it: &&mut Backlog| it.listens.iter().any(|own| own.matches(key));
                backlogs.values_mut().filter(hears).for_each(|backlog| backlog.came(event.at));
            }
            ControlFlow::Continue(())
        })
        .await?;
        // Where nothing stands any more the journal begins.
        let is_all = begin.is_none_or(|begin| begin > first || begin == 0);
        let known_since = if is_all { Time::from_micros(i64::MIN) } else { since };
        backlogs.retain(|service, backlog| {
            let oldest = backlog.oldest(known_since);
            found.extend(oldest.map(|at| (service.clone(), at)));
            oldest.is_none()
        });
        if is_all || backlogs.is_empty() {
            return Ok(found);
        }
        until = first.saturating_sub(1);
    }
    // Older than what was read, so at least as old as that.
    found.extend(backlogs.into_keys().map(|service| (service, since)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_a_queue_is_as_far_back_as_there_are_messages() {
        let time = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let mut backlog = Backlog::default();
        for at in [8, 1, 3] {
            backlog.came(time(at));
        }
        let mut oldest = |ready, since| {
            backlog.ready = ready;
            backlog.oldest(time(since))
        };
        assert_eq!(oldest(0, 0), None);
        assert_eq!(oldest(1, 0), Some(time(8)));
        assert_eq!(oldest(2, 0), Some(time(3)));
        assert_eq!(oldest(3, 0), Some(time(1)));
        assert_eq!(oldest(4, 0), None, "the journal is shorter than the queue");
        assert_eq!(oldest(2, 3), Some(time(3)));
        assert_eq!(oldest(2, 4), None, "others may have come between 3 and 4");
    }
}
