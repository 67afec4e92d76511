//! Who left the monolith when: one operation after the other, one actor after the other.

use std::collections::BTreeMap;

use anyhow::Result;
use dolmen_model::Time;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::ask::Ask;
use super::cast::{Actor, Service};

/// The day on which a service starts to take over from the monolith.
const fn start(service: Service) -> Option<Date> {
    match service {
        Service::Monolith => None,
        Service::ExternalTransfers => Some(date(2023, 5, 2)),
        Service::InternalTransfers => Some(date(2023, 10, 2)),
        Service::Cards => Some(date(2024, 6, 3)),
        Service::Accounts => Some(date(2025, 3, 3)),
        Service::Pages => Some(date(2025, 11, 3)),
    }
}

/// How many days later the last actor has left too.
const RETIRED_AFTER: i32 = 8;
/// From this day on nobody stands behind the monolith's routes: the proxy answers 410.
const SWITCHED_OFF: Date = date(2026, 1, 5);
/// The day on which the monthly script was mended, after its call of the first of June was seen.
const SCRIPT_MENDED: Date = date(2023, 6, 2);

/// The moves as instants.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    starts: BTreeMap<Service, Time>,
    script_mended: Time,
    switched_off: Time,
}

impl Moves {
    /// The story's moves, in the bank's time zone.
    pub(super) fn new(zone: &TimeZone) -> Result<Self> {
        let at = |day: Date| -> Result<Time> {
            let midnight = day.to_zoned(zone.clone())?.timestamp();
            Ok(Time::from_micros(midnight.as_microsecond()))
        };
        let starts = Service::ALL.iter().filter_map(|&service| Some((service, start(service)?)));
        Ok(Self {
            starts: starts.map(|(service, day)| Ok((service, at(day)?))).collect::<Result<_>>()?,
            script_mended: at(SCRIPT_MENDED)?,
            switched_off: at(SWITCHED_OFF)?,
        })
    }

    /// Whom this actor asks, on that day.
    pub(super) fn home(&self, actor: Actor, ask: Ask, at: Time) -> Service {
        let service = ask.new_home();
        let moved = match actor {
            Actor::MonthlyCount => Some(self.script_mended),
            Actor::OldComputer => None,
            _ => self.starts.get(&service).map(|&day| later_by_days(day, delay(actor))),
        };
        match moved {
            Some(moved) if moved <= at => service,
            _ => Service::Monolith,
        }
    }

    /// A batch is taken apart as soon as one of its halves has moved.
    pub(super) fn ask(&self, actor: Actor, ask: Ask, at: Time) -> Ask {
        let apart =
            ask == Ask::BatchByXml && self.home(actor, Ask::ExternalByXml, at) != Service::Monolith;
        if apart { Ask::InternalByXml } else { ask }
    }

    /// Whether the monolith is no more.
    pub(super) fn is_switched_off(&self, at: Time) -> bool {
        self.switched_off <= at
    }
}

/// The day from which the monolith should get no more of this service's operations; `None` for
/// the monolith itself.
pub(crate) fn retired_on(service: Service) -> Result<Option<Date>> {
    Ok(start(service).map(|day| day.checked_add(RETIRED_AFTER.days())).transpose()?)
}

/// How many days after the first of all an actor moves.
const fn delay(actor: Actor) -> i64 {
    match actor {
        Actor::WebPortal | Actor::MonthlyCount | Actor::OldComputer => 0,
        Actor::BranchTool => 2,
        Actor::LargeAccounts => 6,
        Actor::BashOpposition | Actor::BashVirement => 7,
    }
}

const fn later_by_days(time: Time, days: i64) -> Time {
    Time::from_micros(time.micros().saturating_add(days * 86_400_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::rhythm::bank_zone;
    use super::*;

    fn noon(day: Date) -> Time {
        let noon = day.at(12, 0, 0, 0).to_zoned(bank_zone().unwrap()).unwrap();
        Time::from_micros(noon.timestamp().as_microsecond())
    }

    #[test]
    fn actors_move_one_after_the_other() {
        let moves = Moves::new(&bank_zone().unwrap()).unwrap();
        let home = |actor, day| moves.home(actor, Ask::ExternalByQuery, noon(day));
        assert_eq!(home(Actor::WebPortal, date(2023, 5, 1)), Service::Monolith);
        assert_eq!(home(Actor::WebPortal, date(2023, 5, 2)), Service::ExternalTransfers);
        assert_eq!(home(Actor::BashVirement, date(2023, 5, 8)), Service::Monolith);
        assert_eq!(home(Actor::BashVirement, date(2023, 5, 9)), Service::ExternalTransfers);
        let retired = retired_on(Service::ExternalTransfers).unwrap().unwrap();
        assert_eq!(home(Actor::BashVirement, retired), Service::ExternalTransfers);
    }

    #[test]
    fn a_batch_is_taken_apart_when_half_of_it_moves() {
        let moves = Moves::new(&bank_zone().unwrap()).unwrap();
        let ask = |day| moves.ask(Actor::LargeAccounts, Ask::BatchByXml, noon(day));
        assert_eq!(ask(date(2023, 5, 7)), Ask::BatchByXml);
        assert_eq!(ask(date(2023, 5, 8)), Ask::InternalByXml);
    }
}
