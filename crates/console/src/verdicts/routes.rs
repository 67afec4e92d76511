//! Calls that took a route of an operation and left no mark: somebody may have entered it unseen.

use std::collections::{BTreeMap, BTreeSet};

use dolmen_attribution::{LearnedTemplates, Learner, Seen};
use dolmen_cubes::{Cube, Key};
use dolmen_model::{Joined, NameId, Names, SetId, Time};
use dolmen_store::{CubeQuestion, Dimension, Durations, Store, StoreError, Width};
use dolmen_verdict::{Coverage, Evidence};

use super::known::Place;
use super::recognised::Recognised;
use crate::facts::Facts;

/// While its application writes marks, so large a share of a route's calls that are answered well
/// enters something that one without a mark is somebody who entered something.
const MARKED: f64 = 0.9;
/// Of the calls of a route with a mark, so many enter an operation whose route it is.
const OWN: f64 = 0.5;
/// Within so many days without a mark nothing can be said of calls that have none.
const STOPPED: f64 = 7.0;
const DAY: i64 = 86_400_000_000;

/// A route, and the service that has it.
pub(super) type Route = (NameId, NameId);

/// Says of each operation that marks tell of when such a call was there last.
pub(super) fn without_mark(
    store: &dyn Store,
    facts: &Facts,
    by_marks: &[Place],
    at: Time,
    places: &mut BTreeMap<Place, Evidence>,
) -> Result<(), StoreError> {
    use Dimension::{Endpoint, Joined, Operations, Service, Status};

    if by_marks.is_empty() {
        return Ok(());
    }
    let by = vec![Service, Operations, Endpoint, Joined, Status];
    let (from, to, every, durations) = (Time::MIN, at, Some(Width::Day), Durations::Left);
    let cube = store.count(&CubeQuestion { from, to, by, every, durations })?.cube;
    let names = store.names();
    let mut alike = Alike::of(&cube, names);
    let routes = History::all(&cube, &alike, names);
    let mut held = Vec::new();
    for place in by_marks {
        let Some(evidence) = places.get_mut(place) else { continue };
        let Some(operation) = names.operations.find(place.1.as_bytes()) else { continue };
        let one = One { place, operation, routes: &routes, names, at };
        evidence.without_mark = one.last(evidence, &Recognised::default());
        let is_declared = facts.operation(&place.1, place.0.as_deref()).is_some();
        if evidence.without_mark.is_some() && is_declared {
            held.push(one);
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    // Every line of theirs is read for this, so it is asked only where it matters.
    let operations: Vec<NameId> = held.iter().map(|one| one.operation).collect();
    let recognised = Recognised::of(store, &operations, at, &mut alike)?;
    for one in held {
        if let Some(evidence) = places.get_mut(one.place) {
            evidence.without_mark = one.last(evidence, &recognised);
        }
    }
    Ok(())
}

/// One operation of one service.
struct One<'o> {
    place: &'o Place,
    operation: NameId,
    routes: &'o BTreeMap<Route, History>,
    names: &'o Names,
    at: Time,
}

impl One<'_> {
    /// The end of the last day with a call that may have entered it, and nobody knows.
    fn last(&self, evidence: &Evidence, recognised: &Recognised) -> Option<Time> {
        let Self { place, operation, names, at, .. } = *self;
        // Nobody knows whose calls without a service are: perhaps this one's.
        let may_be =
            |service: NameId| !service.is_known() || names.services.name(service) == place.0;
        let own: Vec<(&Route, &History)> =
            self.routes.iter().filter(|((service, _), _)| may_be(*service)).collect();
        let covered = Covered { coverage: &evidence.coverage, at };
        let has_stopped = has_stopped(&own, &covered);
        let last = own
            .iter()
            .filter(|(route, _)| !recognised.on(**route, operation))
            .filter_map(|(_, history)| {
                history.last_unknown(operation, has_stopped, &covered, names)
            })
            .max();
        last.map(|day| end_of(day).min(at))
    }
}

/// Whether no call of any of these routes has left a mark for longer than ever: perhaps their
/// application writes none any more.
fn has_stopped(routes: &[(&Route, &History)], covered: &Covered<'_>) -> bool {
    let marked = routes.iter().flat_map(|(_, history)| history.days.iter());
    let marked = marked.filter(|(_, counts)| counts.marked > 0).map(|(day, _)| *day);
    let marked: Vec<Time> = marked.collect::<BTreeSet<Time>>().into_iter().collect();
    let Some(last) = marked.last() else { return false };
    let pauses = marked.windows(2).map(|pair| covered.days(pair[0], pair[1]));
    covered.days(end_of(*last), covered.at) >= pauses.fold(STOPPED, f64::max)
}

fn end_of(day: Time) -> Time {
    Time::from_micros(day.micros().saturating_add(DAY))
}

/// When a call would have been seen, up to an instant.
struct Covered<'e> {
    coverage: &'e Coverage,
    at: Time,
}

impl Covered<'_> {
    fn days(&self, from: Time, to: Time) -> f64 {
        self.coverage.measure(from, to.min(self.at)) as f64 / DAY as f64
    }
}

/// What a route led to, day by day.
#[derive(Default)]
struct History {
    /// Everything that its calls ever entered, as marks tell.
    operations: BTreeMap<NameId, Entered>,
    days: BTreeMap<Time, Counts>,
}

/// Calls of a route on one day.
#[derive(Default)]
struct Counts {
    /// With a mark.
    marked: u64,
    /// Without a mark, and a rule says from the call itself what it entered.
    claimed: Vec<(SetId, u64)>,
    /// Without a mark, answered well, and nobody knows what they entered.
    unknown: u64,
    /// Without a mark, and refused or failed.
    refused: u64,
}

impl Counts {
    fn claimed(&self) -> u64 {
        self.claimed.iter().map(|(_, calls)| calls).sum()
    }

    /// Answered well, without a mark, and not known to have entered this operation: where an
    /// application writes marks, its word counts and no rule's.
    fn unmarked(&self, operation: NameId, names: &Names) -> u64 {
        let is_other = |(set, _): &&(SetId, u64)| !names.sets.operations(*set).contains(&operation);
        self.unknown + self.claimed.iter().filter(is_other).map(|(_, calls)| calls).sum::<u64>()
    }
}

/// How often a route led to one operation.
struct Entered {
    calls: u64,
    /// The first day and the last.
    days: (Time, Time),
}

impl History {
    /// Of all routes that ever led to an operation.
    fn all(cube: &Cube, alike: &Alike, names: &Names) -> BTreeMap<Route, Self> {
        let mut routes: BTreeMap<Route, Self> = BTreeMap::new();
        for (key, cell) in cube.cells() {
            let endpoint = alike.routes.get(&key.endpoint).copied().unwrap_or(key.endpoint);
            let history = routes.entry((key.service, endpoint)).or_default();
            history.add(key, cell.calls, names);
        }
        routes.retain(|_, history| !history.operations.is_empty());
        routes
    }

    fn add(&mut self, key: &Key, calls: u64, names: &Names) {
        let day = self.days.entry(key.bucket).or_default();
        match (key.outcome.joined, key.operations) {
            (Joined::Joined, SetId::EMPTY) => {}
            (Joined::Joined, entered) => {
                day.marked += calls;
                for operation in names.sets.operations(entered) {
                    let seen = Entered { calls: 0, days: (key.bucket, key.bucket) };
                    let entered = self.operations.entry(operation).or_insert(seen);
                    entered.calls += calls;
                    entered.days.0 = entered.days.0.min(key.bucket);
                    entered.days.1 = entered.days.1.max(key.bucket);
                }
            }
            (_, SetId::EMPTY) if key.outcome.joined == Joined::CallOnly => {
                let is_well = (200..400).contains(&key.outcome.status);
                *(if is_well { &mut day.unknown } else { &mut day.refused }) += calls;
            }
            (_, SetId::EMPTY) => {}
            (_, claimed) => day.claimed.push((claimed, calls)),
        }
    }

    /// The last day with a call that may have entered this operation, and nobody knows; `None` where
    /// the route never led there, or where its calls often enter nothing and those since the
    /// operation's last mark are no others.
    fn last_unknown(
        &self,
        operation: NameId,
        has_stopped: bool,
        covered: &Covered<'_>,
        names: &Names,
    ) -> Option<Time> {
        let entered = self.operations.get(&operation)?;
        // Marks of others may go on where those of this one are lost.
        let theirs = Theirs { entered, end: end_of(entered.days.1), covered };
        let unknown = Tally::of(&self.days, theirs.end, |counts| counts.unknown);
        let known = Tally::of(&self.days, theirs.end, |counts| counts.marked + counts.claimed());
        let is_marked = known.before as f64 >= (known.before + unknown.before) as f64 * MARKED;
        let mut last = unknown.last.filter(|_| is_marked || theirs.go_on(&unknown, has_stopped));
        if has_stopped {
            // What a rule claims may have been something else all the time.
            let claimed =
                Tally::of(&self.days, theirs.end, |counts| counts.unmarked(operation, names));
            let goes_on = theirs.are_visible_in(&claimed) && theirs.go_on(&claimed, true);
            last = last.max(claimed.last.filter(|_| goes_on));
        }
        last.max(self.last_refused(entered, covered))
    }

    /// The last day with a call that was refused, where the route is this operation's own and more
    /// are than before: whoever is refused still calls, and an operation that is gone already
    /// leaves no mark.
    fn last_refused(&self, entered: &Entered, covered: &Covered<'_>) -> Option<Time> {
        let marked: u64 = self.days.values().map(|counts| counts.marked).sum();
        let theirs = Theirs { entered, end: end_of(entered.days.1), covered };
        let refused = Tally::of(&self.days, theirs.end, |counts| counts.refused);
        let is_own = entered.calls as f64 >= marked as f64 * OWN;
        refused.last.filter(|_| is_own && theirs.go_on(&refused, false))
    }
}

/// Calls of one kind before an instant, from it on, and the last day with one.
struct Tally {
    first_day: Option<Time>,
    before: u64,
    after: u64,
    last: Option<Time>,
}

impl Tally {
    fn of(days: &BTreeMap<Time, Counts>, end: Time, count: impl Fn(&Counts) -> u64) -> Self {
        let first_day = days.keys().next().copied();
        let mut tally = Self { first_day, before: 0, after: 0, last: None };
        for (day, counts) in days {
            let calls = count(counts);
            *(if *day < end { &mut tally.before } else { &mut tally.after }) += calls;
            if calls > 0 {
                tally.last = Some(*day);
            }
        }
        tally
    }
}

/// Calls that entered an operation on one route, until marks of it ended.
struct Theirs<'h> {
    entered: &'h Entered,
    end: Time,
    covered: &'h Covered<'h>,
}

impl Theirs<'_> {
    /// Days since their last mark.
    fn since(&self) -> f64 {
        self.covered.days(self.end, self.covered.at)
    }

    /// How many calls of a kind there would be since their last mark, if all went on as before, and
    /// how many of theirs.
    fn expected(&self, calls: &Tally) -> (f64, f64) {
        let Self { entered, end, covered } = *self;
        let a_day =
            |calls: u64, from: Time, to: Time| calls as f64 / covered.days(from, to).max(1.0);
        let (from, to) = entered.days;
        let usual = a_day(calls.before, calls.first_day.unwrap_or(end), end);
        (usual * self.since(), a_day(entered.calls, from, end_of(to)) * self.since())
    }

    /// Whether so many calls more or less are no chance.
    fn are_visible_in(&self, calls: &Tally) -> bool {
        let (usual, theirs) = self.expected(calls);
        theirs > 2.0 * (usual + theirs).sqrt()
    }

    /// Whether they may go on without a mark, by how many calls have none since, and how many had
    /// none before.
    fn go_on(&self, calls: &Tally, has_stopped: bool) -> bool {
        if self.since() < STOPPED {
            return false;
        }
        let (usual, theirs) = self.expected(calls);
        let after = calls.after as f64;
        // Two standard deviations of a count are what chance explains.
        if has_stopped {
            let all = usual + theirs;
            after >= all - 2.0 * all.sqrt()
        } else {
            after > usual + 2.0 * usual.sqrt()
        }
    }
}

/// The endpoints that are one route, each with the one that stands for all of them: paths of which
/// nobody learned a template yet are all different, and one that was never called before may be of
/// a route that was.
pub(super) struct Alike {
    routes: BTreeMap<NameId, NameId>,
    templates: LearnedTemplates,
    /// By template.
    first: BTreeMap<Vec<u8>, NameId>,
}

impl Alike {
    fn of(cube: &Cube, names: &Names) -> Self {
        // By name: what is learned must not depend on numbers.
        let mut endpoints: BTreeMap<Box<[u8]>, NameId> = BTreeMap::new();
        let mut counted: BTreeMap<(Box<[u8]>, u16, SetId), u64> = BTreeMap::new();
        for (key, cell) in cube.cells() {
            let Some(name) = names.endpoints.bytes(key.endpoint) else { continue };
            endpoints.insert(name.clone(), key.endpoint);
            *counted.entry((name, key.outcome.status, key.operations)).or_default() += cell.calls;
        }
        let mut learner = Learner::default();
        for ((name, status, entered), calls) in &counted {
            let Some((method, path)) = split(name) else { continue };
            let status = Some(*status).filter(|status| *status > 0);
            learner.see(Seen { method, path, status, entered: *entered, calls: *calls });
        }
        let templates = LearnedTemplates::new(&learner.learn());
        let mut alike = Self { routes: BTreeMap::new(), templates, first: BTreeMap::new() };
        for (name, id) in &endpoints {
            let Some(template) = alike.template(name) else { continue };
            let first = *alike.first.entry(template).or_insert(*id);
            alike.routes.insert(*id, first);
        }
        alike
    }

    /// The endpoint that stands for all that are one route with this one; `None` where no call of
    /// that route was counted.
    pub(super) fn route(&mut self, endpoint: &[u8]) -> Option<NameId> {
        let template = self.template(endpoint)?;
        self.first.get(&template).copied()
    }

    fn template(&mut self, endpoint: &[u8]) -> Option<Vec<u8>> {
        let (method, path) = split(endpoint)?;
        let mut template = [method, b" "].concat();
        self.templates.write(path, &mut template);
        Some(template)
    }
}

/// The method and the path of an endpoint.
fn split(endpoint: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = endpoint.iter().position(|byte| *byte == b' ')?;
    Some((&endpoint[..space], &endpoint[space + 1..]))
}
