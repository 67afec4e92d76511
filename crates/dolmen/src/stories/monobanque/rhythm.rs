//! When people and machines call: weights for people, instants for machines.

use anyhow::Result;
use dolmen_model::Time;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::stories::dice::Dice;

const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3_600 * SECOND;

/// How an actor spends its days.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rhythm {
    /// Visits of a few requests, more at some hours than at others.
    People(Hours),
    /// Batches at set times.
    Clockwork(Schedule),
}

/// Whose hours.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hours {
    /// Customers at home: every day, a peak at noon and one in the evening, some at night.
    Everyday,
    /// Companies: from Monday to Friday, most before the cut-off times at 11 and 16 o'clock.
    Business,
    /// Branches: from Monday to Friday with a pause at noon, and on Saturday morning.
    Branch,
}

/// Set times.
#[derive(Clone, Copy, Debug)]
pub(super) enum Schedule {
    /// From midnight on, day and night.
    Every {
        /// From one to the next.
        minutes: i64,
    },
    /// Once in each night before a working day.
    Weeknights {
        /// The hour.
        hour: i8,
    },
    /// Every quarter of an hour from 8 to 18 o'clock on working days.
    OfficeQuarters,
    /// One time only.
    Once {
        /// The bank's own time.
        at: DateTime,
    },
}

/// Days of the bank, in its own time.
#[derive(Clone, Debug)]
pub(super) struct Days {
    zone: TimeZone,
    first: Date,
    count: i32,
}

/// Where visits may start, each hour with its weight.
#[derive(Debug)]
pub(super) struct Slots {
    hours: Vec<(Time, u64)>,
    total: u64,
}

/// Paris, written out so that no zone file is needed.
pub(super) fn bank_zone() -> Result<TimeZone> {
    Ok(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3")?)
}

impl Hours {
    fn weight(self, weekday: Weekday, hour: i8) -> u64 {
        let free = matches!(weekday, Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::Everyday => {
                let weight = match hour {
                    0..=5 => 1,
                    6..=7 => 4,
                    8..=11 => 9,
                    12..=13 => 14,
                    14..=17 => 9,
                    18..=21 => 12,
                    _ => 4,
                };
                if free { weight } else { 2 * weight }
            }
            Self::Business => match hour {
                _ if free => 0,
                10 | 15 => 12,
                8..=17 => 5,
                7 | 18 => 1,
                _ => 0,
            },
            Self::Branch => match (weekday, hour) {
                (Weekday::Sunday, _) => 0,
                (Weekday::Saturday, 9..=11) => 6,
                (Weekday::Saturday, _) => 0,
                (_, 9..=11 | 14..=16) => 10,
                (_, 8 | 17) => 4,
                _ => 0,
            },
        }
    }
}

impl Days {
    /// `count` days from `first` on.
    pub(super) fn new(zone: &TimeZone, first: Date, count: i32) -> Self {
        Self { zone: zone.clone(), first, count }
    }

    /// The end, which belongs to the next days.
    pub(super) fn end(&self) -> Result<Time> {
        let day = self.first.checked_add(self.count.days())?;
        Ok(time(&day.to_zoned(self.zone.clone())?))
    }

    /// Whether an instant falls on them.
    pub(super) fn hold(&self, at: Time) -> Result<bool> {
        let start = time(&self.first.to_zoned(self.zone.clone())?);
        Ok(start <= at && at < self.end()?)
    }

    /// The hours in which people call.
    pub(super) fn slots(&self, hours: Hours) -> Result<Slots> {
        let mut slots = Slots { hours: Vec::new(), total: 0 };
        for day in self.first.series(1.day()).take(self.count as usize) {
            for hour in 0..24 {
                let weight = hours.weight(day.weekday(), hour);
                if weight > 0 {
                    slots.total += weight;
                    let start = day.at(hour, 0, 0, 0).to_zoned(self.zone.clone())?;
                    slots.hours.push((time(&start), slots.total));
                }
            }
        }
        Ok(slots)
    }

    /// The set times that fall on these days.
    pub(super) fn fires(&self, schedule: Schedule) -> Result<Vec<Time>> {
        let start = self.first.to_zoned(self.zone.clone())?;
        let end = self.end()?;
        let step = match schedule {
            Schedule::Every { minutes } => minutes.minutes(),
            Schedule::Weeknights { .. } => 1.hour(),
            Schedule::OfficeQuarters => 15.minutes(),
            Schedule::Once { at } => return Ok(vec![time(&at.to_zoned(self.zone.clone())?)]),
        };
        let mut fires = Vec::new();
        let mut at = start;
        while time(&at) < end {
            let works = !matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday);
            let fire = match schedule {
                Schedule::Weeknights { hour } => works && at.hour() == hour,
                Schedule::OfficeQuarters => works && (8..18).contains(&at.hour()),
                Schedule::Every { .. } | Schedule::Once { .. } => true,
            };
            if fire {
                fires.push(time(&at));
            }
            at = at.checked_add(step)?;
        }
        Ok(fires)
    }
}

impl Slots {
    /// The start of a visit.
    pub(super) fn draw(&self, dice: &mut Dice) -> Time {
        let drawn = dice.below(self.total);
        let at = self.hours.partition_point(|&(_, up_to)| up_to <= drawn);
        let start = self.hours.get(at).map_or(Time::MIN, |&(start, _)| start);
        later(start, dice.below(HOUR))
    }
}

/// `time` and some microseconds.
pub(super) fn later(time: Time, micros: u64) -> Time {
    Time::from_micros(time.micros().saturating_add_unsigned(micros))
}

fn time(zoned: &Zoned) -> Time {
    Time::from_micros(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn days(first: Date, count: i32) -> Days {
        Days::new(&bank_zone().unwrap(), first, count)
    }

    #[test]
    fn the_bank_keeps_summer_time() {
        let [winter, summer] = [date(2023, 3, 25), date(2023, 3, 26)]
            .map(|day| days(day, 1).end().unwrap().to_string());
        assert_eq!(
            (winter.as_str(), summer.as_str()),
            ("2023-03-25T23:00:00Z", "2023-03-26T22:00:00Z")
        );
    }

    #[test]
    fn machines_call_at_set_times() {
        let days = days(date(2023, 3, 6), 14);
        let count = |schedule| days.fires(schedule).unwrap().len();
        assert_eq!(count(Schedule::Every { minutes: 15 }), 14 * 96);
        assert_eq!(count(Schedule::Weeknights { hour: 2 }), 10);
        assert_eq!(count(Schedule::OfficeQuarters), 10 * 40);
    }

    #[test]
    fn branches_are_closed_on_sunday() {
        let slots = days(date(2023, 3, 12), 1).slots(Hours::Branch).unwrap();
        assert!(slots.hours.is_empty());
    }

    #[test]
    fn visits_start_within_the_days() {
        let days = days(date(2023, 3, 6), 14);
        let slots = days.slots(Hours::Everyday).unwrap();
        let first = slots.hours[0].0;
        let mut dice = Dice::new(3);
        for _ in 0..2_000 {
            let start = slots.draw(&mut dice);
            assert!(first <= start && start < days.end().unwrap());
        }
    }
}
