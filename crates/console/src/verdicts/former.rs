//! Whoever used to enter an operation, still calls its service, and does there what nobody knows.
//!
//! A mark may be renamed or lost, and a caller may move to a route that no rule knows: then the
//! operation is silent, and whoever entered it is not gone. A caller is an address and a user agent.

use std::collections::BTreeMap;

use dolmen_model::{NameId, Names, SetId, Time};
use dolmen_store::{CallerQuestion, CallerRow, Store, StoreError};
use dolmen_verdict::{ALPHA, Caller, Coverage, Evidence, StillCalls};

use super::known::Place;

/// So many calls of one operation, and none of which nobody knows what it entered, hint that a caller did
/// nothing else.
const HINT: u64 = 3;
/// And so many show it: nine of ten of his calls would be known (the rule of succession: 1 of n + 2). Fewer
/// do, too, where what nobody knows came on days enough, all of them later.
const SHOWN: u64 = 10;
/// Or so large a share of all his calls.
const KNOWN: f64 = 0.9;
/// Of the calls of an operation that he would have made since, so many must be there without a name: one
/// that went astray is none of them.
const SHARE: f64 = 0.2;
const AT_LEAST: u64 = 2;
/// Within so many days nothing is proven anyway. An operation that is new by no more than this when
/// another one ends may be the same one, renamed in one place after the other.
const WEEK: i64 = 7 * DAY;
/// What began within so many days after the operation itself is not new: where a log begins everything
/// does.
const MONTH: i64 = 30 * DAY;
const DAY: i64 = 86_400_000_000;

/// Address and user agent.
type Who = (Option<String>, Option<String>);

/// Says of each operation which former caller is there still.
pub(super) fn still_calling(
    store: &dyn Store,
    at: Time,
    places: &mut BTreeMap<Place, Evidence>,
) -> Result<(), StoreError> {
    let since = |from: Time| {
        let question =
            CallerQuestion { from, to: at, actor: None, operation: None, most: usize::MAX };
        store.callers(&question)
    };
    let is_quiet = |evidence: &&mut Evidence| {
        let last = evidence.sightings.iter().filter_map(|sighting| sighting.last).max();
        last.is_some_and(|last| later(last, WEEK) <= at)
    };
    let quiet: Vec<(&Place, &mut Evidence)> =
        places.iter_mut().filter(|(_, evidence)| is_quiet(evidence)).collect();
    if quiet.is_empty() {
        return Ok(());
    }
    let names = store.names();
    let mut callers: BTreeMap<Who, Vec<CallerRow>> = BTreeMap::new();
    for row in since(Time::MIN)? {
        // Callers that are not told apart are nobody's former ones.
        if row.address.is_some() || row.user_agent.is_some() {
            let who = (row.address.clone(), row.user_agent.clone());
            callers.entry(who).or_default().push(row);
        }
    }
    for (place, evidence) in quiet {
        let Some(operation) = names.operations.find(place.1.as_bytes()) else { continue };
        let one = One { service: place.0.as_deref(), operation, names, at };
        let former = callers.iter().filter_map(|(who, rows)| one.former(who, rows, evidence));
        let former: Vec<Former<'_>> = former.collect();
        let begun = one.begun(&callers);
        let mut still: Vec<StillCalls> = former
            .iter()
            .filter_map(|former| former.moved(&begun, &evidence.coverage, &one))
            .collect();
        let Some(last) = former.iter().map(|former| former.last).max() else { continue };
        if former.iter().any(Former::was_nearly_known) {
            let end = later(last, DAY);
            let after = since(end)?;
            let silence = (end, &evidence.coverage);
            still.extend(former.iter().filter_map(|one| one.is_more(&after, silence, at)));
        }
        evidence.still_calls = still.into_iter().max_by_key(|still| (still.holds, still.last));
    }
    Ok(())
}

/// On how many days so many calls were from the first to the last, at most.
fn days_at_most(first: Time, last: Time, calls: u64) -> u64 {
    let between = last.micros().saturating_sub(first.micros()) / DAY;
    calls.min(between.unsigned_abs() + 1)
}

fn later(time: Time, micros: i64) -> Time {
    Time::from_micros(time.micros().saturating_add(micros))
}

/// One operation of one service.
struct One<'o> {
    service: Option<&'o str>,
    operation: NameId,
    names: &'o Names,
    at: Time,
}

impl One<'_> {
    /// Nobody knows whose calls without a service are: perhaps this one's.
    fn may_be(&self, row: &CallerRow) -> bool {
        !row.service.is_known() || self.names.services.name(row.service).as_deref() == self.service
    }

    fn entered(&self, row: &CallerRow) -> bool {
        self.names.sets.operations(row.operations).contains(&self.operation)
    }

    /// What is known of a caller who entered it, unless an owner said since that he is gone.
    fn former<'r>(&self, who: &Who, rows: &'r [CallerRow], of: &Evidence) -> Option<Former<'r>> {
        let rows: Vec<&CallerRow> = rows.iter().filter(|row| self.may_be(row)).collect();
        let entered: Vec<&&CallerRow> = rows.iter().filter(|row| self.entered(row)).collect();
        let newest = entered.iter().max_by_key(|row| row.last)?;
        let caller = Caller {
            actor: self.names.actors.name(newest.actor),
            address: who.0.clone(),
            user_agent: who.1.clone(),
            is_hidden: false,
        };
        let last = newest.last;
        let is_said = of.words.iter().any(|word| word.about.is_of(&caller) && word.said >= last);
        let calls = entered.iter().map(|row| row.calls).sum();
        let first = entered.iter().map(|row| row.first).min()?;
        (!is_said).then_some(Former { caller, rows, first, last, calls })
    }

    /// When each operation of the service was entered first, by anybody.
    fn begun(&self, callers: &BTreeMap<Who, Vec<CallerRow>>) -> BTreeMap<NameId, Time> {
        let mut begun: BTreeMap<NameId, Time> = BTreeMap::new();
        for row in callers.values().flatten().filter(|row| self.may_be(row)) {
            for operation in self.names.sets.operations(row.operations) {
                let first = begun.entry(operation).or_insert(row.first);
                *first = row.first.min(*first);
            }
        }
        begun
    }

    fn end(&self, row: &CallerRow) -> Time {
        later(row.last, DAY).min(self.at)
    }
}

/// A caller who used to enter an operation.
struct Former<'r> {
    caller: Caller,
    /// Everything he called on its service.
    rows: Vec<&'r CallerRow>,
    /// When he entered it first.
    first: Time,
    /// When he entered it last: the start of that hour or day.
    last: Time,
    /// How often he did.
    calls: u64,
}

impl Former<'_> {
    /// What he has done since, and never before: something that nobody knows, where everything was
    /// known, or an operation that was new when this one ended.
    fn moved(
        &self,
        begun: &BTreeMap<NameId, Time>,
        coverage: &Coverage,
        one: &One<'_>,
    ) -> Option<StillCalls> {
        let since: u64 = self.unknown().map(|row| row.calls).sum();
        let is_known = self.unknown().all(|row| row.first > self.last)
            && self.calls >= HINT
            && self.are_as_many(since, 0.0, coverage, one.at);
        let is_shown = self.calls >= SHOWN || self.by_chance() <= ALPHA;
        let unknown = self.unknown().filter(|_| is_known);
        let unknown = unknown.map(|row| self.still(one.end(row), None, is_shown));
        let late = begun.get(&one.operation).map_or(Time::MAX, |first| later(*first, MONTH));
        let renamed = self.rows.iter().filter(|row| row.first > self.last).filter_map(|row| {
            let entered = one.names.sets.operations(row.operations);
            let is_new = |operation: &&NameId| {
                let known = |row: &&&CallerRow| {
                    row.first <= self.last
                        && one.names.sets.operations(row.operations).contains(operation)
                };
                let first = begun.get(*operation).copied().unwrap_or(self.last);
                first > late
                    && later(first, WEEK) > self.last
                    && !self.rows.iter().any(|row| known(&row))
            };
            let new = entered.iter().find(is_new)?;
            Some(self.still(one.end(row), one.names.operations.name(*new), true))
        });
        unknown.chain(renamed).max_by_key(|still| (still.holds, still.last))
    }

    /// Whether so many calls since his last one of the operation, but for those that are usual, may be
    /// those that he would have made.
    fn are_as_many(&self, since: u64, usual: f64, coverage: &Coverage, at: Time) -> bool {
        let days = |from, to| coverage.measure(from, to) as f64 / DAY as f64;
        let end = later(self.last, DAY);
        let expected = self.calls as f64 / days(self.first, end).max(1.0) * days(end, at);
        since >= AT_LEAST && since as f64 - usual >= expected * SHARE
    }

    /// Calls of which nobody knows what they entered.
    fn unknown(&self) -> impl Iterator<Item = &&CallerRow> {
        self.rows.iter().filter(|row| row.operations == SetId::EMPTY)
    }

    /// Whether he may have done hardly anything unknown before.
    fn was_nearly_known(&self) -> bool {
        self.unknown().any(|row| row.first <= self.last)
            && self.unknown().any(|row| row.last > self.last)
    }

    /// Whether he did hardly anything unknown before, and more since than before.
    fn is_more(
        &self,
        after: &[CallerRow],
        (end, coverage): (Time, &Coverage),
        at: Time,
    ) -> Option<StillCalls> {
        let is_his = |row: &&CallerRow| {
            row.address == self.caller.address
                && row.user_agent == self.caller.user_agent
                && self.rows.iter().any(|known| known.service == row.service)
        };
        let (his, named): (Vec<&CallerRow>, Vec<&CallerRow>) =
            after.iter().filter(is_his).partition(|row| row.operations == SetId::EMPTY);
        let since: u64 = his.iter().map(|row| row.calls).sum();
        let all: u64 = self.rows.iter().map(|row| row.calls).sum();
        let unknown: u64 = self.unknown().map(|row| row.calls).sum();
        let before = unknown.saturating_sub(since) as f64;
        let named: u64 = named.iter().map(|row| row.calls).sum();
        let known = all.saturating_sub(unknown).saturating_sub(named) as f64;
        let first = self.rows.iter().map(|row| row.first).min()?;
        let days = |from, to| coverage.measure(from, to) as f64 / DAY as f64;
        // Two standard deviations of a count are what chance explains.
        let usual = before / days(first, end).max(1.0) * days(end, at);
        let is_more = since as f64 > usual + 2.0 * usual.sqrt()
            && self.are_as_many(since, usual, coverage, at);
        let last = his.iter().map(|row| later(row.last, DAY).min(at)).max()?;
        (known >= (known + before) * KNOWN && is_more)
            .then(|| self.still(last, None, self.calls >= SHOWN))
    }

    /// How likely all of his days with something unknown would be later than all of his days with the
    /// operation, if he still entered it now and then: one order of all that there are (R. A. Fisher's
    /// exact test, 1935). Calls of one day are one visit.
    fn by_chance(&self) -> f64 {
        let entered = days_at_most(self.first, self.last, self.calls);
        let (first, last) =
            (self.unknown().map(|row| row.first).min(), self.unknown().map(|row| row.last).max());
        let (Some(first), Some(last)) = (first, last) else { return 1.0 };
        let unknown = days_at_most(first, last, self.unknown().map(|row| row.calls).sum());
        (1..=unknown).map(|day| day as f64 / (entered + day) as f64).product()
    }

    fn still(&self, last: Time, operation: Option<String>, holds: bool) -> StillCalls {
        StillCalls { caller: self.caller.clone(), last, operation, holds }
    }
}
