//! Who is one caller.
//!
//! A named application on many hosts is one, whatever its version; but that its hosts leave together is
//! not known, so the silence of each that was seen often enough is looked at, too. A script that runs
//! on two hosts in turn is one. Somebody with a rhythm of his own among them is another, so is one
//! whose calls a rhythm hides on the same host, and so is every address of those whom nobody could
//! name.

use std::collections::BTreeMap;

use dolmen_model::Time;

use crate::cadence::{BETTER, Cadence, Certainty, DayRule, FEWEST, Fit, Population, Trace};
use crate::calendar::{Calendar, DAY, Day};
use crate::coverage::Coverage;
use crate::evidence::{Caller, Sighting};

/// One caller, on one address or on many.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The address is the last one.
    pub(crate) caller: Caller,
    /// Everybody who is taken as one with it, each once, with his last call.
    pub(crate) members: Vec<(Caller, Time)>,
    pub(crate) addresses: usize,
    /// Sorted, one a minute.
    pub(crate) times: Vec<Time>,
    /// Before this instant only days are known.
    pub(crate) fine_from: Time,
    /// The first of the times that his habits now are known by: before it he had others.
    pub(crate) since: usize,
    /// Of somebody on many hosts, each that was seen on enough days.
    pub(crate) hosts: Vec<Host>,
    pub(crate) calls: u64,
    pub(crate) last: Time,
    pub(crate) fit: Fit,
}

/// What one host of many did, each day once.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) caller: Caller,
    pub(crate) days: Vec<Day>,
    pub(crate) first: Time,
    pub(crate) last: Time,
}

/// Of a host that was seen on fewer days nothing is known but what it does with the others.
const KNOWN: usize = 6;
/// Addresses of nobody known that may be one script on several hosts.
const IN_TURN: usize = 8;
/// Of them, each has at least one in so many of the days that it would have by turns.
const SHARE: usize = 3;
/// Of many hosts, so many may be thought to have a rhythm of their own by chance alone.
const FEW: usize = 8;

/// Actor, user agent, and whether no proxy logged it: what one caller has in common on all hosts.
type Likeness<'a> = (Option<&'a str>, Option<&'a str>, bool);

/// A new version comes at most so long after the last call of the one before, in seconds.
const FOLLOWS: i64 = 30 * DAY;

/// Finds who is who.
pub(crate) struct Grouping<'a> {
    pub(crate) coverage: &'a Coverage,
    /// When marks without a call would have been seen.
    pub(crate) of_marks: &'a Coverage,
    pub(crate) calendar: &'a Calendar,
    pub(crate) population: &'a Population,
}

impl Grouping<'_> {
    pub(crate) fn groups(&self, sightings: &[Sighting]) -> Vec<Group> {
        let mut alike: BTreeMap<Likeness<'_>, Vec<&Sighting>> = BTreeMap::new();
        for sighting in sightings.iter().filter(|sighting| !sighting.times.is_empty()) {
            let Caller { actor, user_agent, is_hidden, .. } = &sighting.caller;
            // Versions change; an application that is named stays what it is.
            let agent = user_agent.as_deref();
            let agent = if actor.is_some() { agent.map(product) } else { agent };
            let key = (actor.as_deref(), agent, *is_hidden);
            alike.entry(key).or_default().push(sighting);
        }
        let mut groups = Vec::new();
        for ((actor, ..), members) in alike {
            match actor {
                Some(_) => {
                    eras(members).into_iter().for_each(|era| self.named(era, &mut groups));
                }
                None if members.len() == 1 => groups.push(self.group(&members)),
                None => self.nameless(members, &mut groups),
            }
        }
        let mut groups: Vec<Group> =
            groups.into_iter().flat_map(|group| self.apart(group)).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.last));
        groups
    }

    fn group(&self, members: &[&Sighting]) -> Group {
        let mut times: Vec<Time> =
            members.iter().flat_map(|member| &member.times).copied().collect();
        if members.len() > 1 {
            times.sort_unstable();
            times.dedup_by_key(|time| time.seconds().div_euclid(60));
        }
        let last_of = |member: &Sighting| member.last.max(member.times.last().copied());
        let latest = members.iter().max_by_key(|member| last_of(member));
        let fine_from = members.iter().filter_map(|member| member.fine_from).max();
        let fine_from = fine_from.unwrap_or(Time::MIN);
        let mut addresses: Vec<&str> =
            members.iter().filter_map(|member| member.caller.address.as_deref()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        self.settled(Group {
            members: members
                .iter()
                .map(|member| (member.caller.clone(), last_of(member).unwrap_or(Time::MIN)))
                .collect(),
            caller: latest.map(|member| member.caller.clone()).unwrap_or_default(),
            addresses: addresses.len().max(1),
            calls: members.iter().map(|member| member.calls).sum(),
            last: latest.and_then(|member| last_of(member)).unwrap_or(Time::MIN),
            times,
            fine_from,
            since: 0,
            hosts: Vec::new(),
            fit: Fit { cadence: Cadence::Once, certainty: Certainty::None, hits: 0, misses: 0 },
        })
    }

    /// The same with the habits that its calls show: where a rule was broken for good, those since.
    pub(crate) fn settled(&self, mut group: Group) -> Group {
        let coverage = if group.caller.is_hidden { self.of_marks } else { self.coverage };
        let found = |times: &[Time]| {
            let trace = Trace { times, fine_from: group.fine_from };
            Fit::found(trace, coverage, self.calendar, self.population)
        };
        let (mut fit, broken) = found(&group.times);
        let mut since = 0;
        if let Some(day) = broken {
            let over = self.calendar.start(day.plus(1));
            since = group.times.partition_point(|time| *time < over).saturating_sub(1);
            fit = found(&group.times[since..]).0;
        }
        (group.fit, group.since) = (fit, since);
        group
    }

    /// Each of many hosts for itself, whatever its versions. Who is known to leave together is the
    /// application that one of them runs in turn.
    fn hosts(&self, members: &[&Sighting], fit: &Fit) -> Vec<Host> {
        let mut hosts: BTreeMap<Option<&str>, Vec<&Sighting>> = BTreeMap::new();
        for member in members {
            hosts.entry(member.caller.address.as_deref()).or_default().push(member);
        }
        if hosts.len() < 2 || (fit.certainty == Certainty::Cadence && self.take_turns(members)) {
            return Vec::new();
        }
        let host = |members: Vec<&Sighting>| {
            let mut times: Vec<Time> =
                members.iter().flat_map(|member| &member.times).copied().collect();
            times.sort_unstable();
            let days = days_of(&times, self.calendar);
            let latest = members.iter().max_by_key(|member| member.times.last())?;
            let caller = latest.caller.clone();
            let (first, last) = (*times.first()?, *times.last()?);
            (days.len() >= KNOWN).then_some(Host { caller, days, first, last })
        };
        hosts.into_values().filter_map(host).collect()
    }

    /// Hosts of a named application: one, but for those with a rarer rhythm of their own.
    fn named(&self, members: Vec<&Sighting>, groups: &mut Vec<Group>) {
        let all = self.of_hosts(&members);
        if members.len() == 1 {
            groups.push(all);
            return;
        }
        let days = days_of(&all.times, self.calendar);
        let usual = (days.last().map_or(0, |day| day.0) - days.first().map_or(0, |day| day.0))
            as f64
            / days.len().max(1) as f64;
        let count = members.len();
        let (own, rest): (Vec<&Sighting>, Vec<&Sighting>) =
            members.into_iter().partition(|member| self.is_rarer(member, usual, count));
        let is_one = rest.is_empty() && all.fit.certainty == Certainty::Cadence;
        if own.is_empty() || is_one {
            groups.push(all);
            return;
        }
        groups.extend(own.into_iter().map(|member| self.group(&[member])));
        if !rest.is_empty() {
            groups.push(self.of_hosts(&rest));
        }
    }

    /// Hosts of a named application that are one caller.
    fn of_hosts(&self, members: &[&Sighting]) -> Group {
        let group = self.group(members);
        let hosts = self.hosts(members, &group.fit);
        Group { hosts, ..group }
    }

    /// Whether a host of a named application, one of so many, has a rhythm that is rarer than theirs, of
    /// whom somebody calls every `usual` days.
    fn is_rarer(&self, member: &Sighting, usual: f64, of: usize) -> bool {
        if member.times.len() < FEWEST as usize {
            return false;
        }
        let fine_from = member.fine_from.unwrap_or(Time::MIN);
        let trace = Trace { times: &member.times, fine_from };
        let Some((fit, better)) = Fit::of_days(trace, self.coverage, self.calendar) else {
            return false;
        };
        let is_rarer = fit.rule().is_some_and(|rule| {
            let kept = f64::from(fit.hits) / f64::from((fit.hits + fit.misses).max(1));
            // In turn with others, half of its days are theirs.
            rule.period() >= 2.0 * usual.max(1.0) && kept >= 0.8
        });
        // Of many hosts one seems to have a rhythm by chance: of so many more, so much more is asked.
        let is_sure = fit.certainty == Certainty::Cadence || better >= BETTER * of as f64;
        is_rarer && (of <= FEW || is_sure)
    }

    /// Addresses with the same user agent: each is somebody, unless they call in turn.
    fn nameless(&self, members: Vec<&Sighting>, groups: &mut Vec<Group>) {
        // Many who are not told apart are no script on several hosts.
        let is_many = members.iter().any(|member| member.caller.is_rest());
        if is_many || members.len() > IN_TURN {
            groups.extend(members.iter().map(|member| self.group(&[member])));
            return;
        }
        let days = |member: &Sighting| days_of(&member.times, self.calendar).len();
        let all: usize = members.iter().map(|member| days(member)).sum();
        // Whoever comes far less often than his turn has a rhythm of his own.
        let has_turn = |member: &&Sighting| days(member) * members.len() * SHARE >= all;
        let (turns, rarer): (Vec<&Sighting>, Vec<&Sighting>) =
            members.iter().copied().partition(has_turn);
        groups.extend(rarer.into_iter().map(|member| self.group(&[member])));
        let alone: Vec<Group> = turns.iter().map(|member| self.group(&[member])).collect();
        if turns.len() > 1 && self.are_in_turn(&turns, &alone) {
            let together = self.group(&turns);
            if is_better(&together.fit, &alone) {
                groups.push(together);
                return;
            }
        }
        groups.extend(alone);
    }

    fn are_in_turn(&self, members: &[&Sighting], alone: &[Group]) -> bool {
        let is_many = |group: &Group| matches!(group.fit.cadence, Cadence::Every { .. });
        !alone.iter().any(is_many) && self.take_turns(members)
    }

    /// Whether hardly a day belongs to two of them.
    fn take_turns(&self, members: &[&Sighting]) -> bool {
        let mut days: Vec<Day> =
            members.iter().flat_map(|member| days_of(&member.times, self.calendar)).collect();
        let all = days.len();
        days.sort_unstable();
        days.dedup();
        (all - days.len()) * 10 <= all
    }
}

/// Versions of an application follow one another; one that comes long after the others went is
/// somebody else's, on a machine that was forgotten.
fn eras(members: Vec<&Sighting>) -> Vec<Vec<&Sighting>> {
    let mut versions: BTreeMap<Option<&str>, Vec<&Sighting>> = BTreeMap::new();
    for member in members {
        versions.entry(member.caller.user_agent.as_deref()).or_default().push(member);
    }
    let first = |version: &Vec<&Sighting>| {
        version.iter().filter_map(|member| member.times.first()).min().copied()
    };
    let last = |version: &[&Sighting]| {
        version.iter().filter_map(|member| member.times.last()).max().copied()
    };
    let mut versions: Vec<Vec<&Sighting>> = versions.into_values().collect();
    versions.sort_by_key(first);
    let mut eras: Vec<Vec<&Sighting>> = Vec::new();
    for version in versions {
        let follows = |era: &Vec<&Sighting>| match (last(era), first(&version)) {
            (Some(last), Some(first)) => first.seconds() - last.seconds() <= FOLLOWS,
            _ => true,
        };
        match eras.last_mut().filter(|era| follows(era)) {
            Some(era) => era.extend(version),
            None => eras.push(version),
        }
    }
    eras
}

/// What a user agent is, without its version.
fn product(user_agent: &str) -> &str {
    let ends = |letter: char| matches!(letter, '/' | '(' | ';') || letter.is_whitespace();
    user_agent.split(ends).next().unwrap_or_default()
}

/// Whether together they keep a rule that none of them keeps alone.
fn is_better(together: &Fit, alone: &[Group]) -> bool {
    let kept = |fit: &Fit| f64::from(fit.hits) / f64::from((fit.hits + fit.misses).max(1));
    together.certainty == Certainty::Cadence
        && kept(together) >= 0.8
        && alone.iter().all(|group| {
            let rarer = |rule: DayRule| {
                together.rule().is_some_and(|all| rule.period() >= 1.5 * all.period())
            };
            group.fit.certainty == Certainty::None
                || kept(&group.fit) + 0.15 <= kept(together)
                || group.fit.rule().is_some_and(rarer)
        })
}

/// The days with a call, each once.
pub(crate) fn days_of(times: &[Time], calendar: &Calendar) -> Vec<Day> {
    let mut days: Vec<Day> = times.iter().map(|time| calendar.day(*time)).collect();
    days.dedup();
    days
}
