//! The bank's clock on the wall, as servers write it.

use anyhow::Result;
use dolmen_model::Time;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// Writes instants in the bank's own time. Summer time comes and goes on the hour, so within an
/// hour only minutes and below change; the rest is kept from one line to the next.
#[derive(Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    hour: i64,
    apache: Around,
    iso: Around,
}

/// What stands before and after the minutes.
#[derive(Debug, Default)]
struct Around {
    before: String,
    after: String,
}

impl Clock {
    pub(super) fn new(zone: &TimeZone) -> Self {
        let (apache, iso) = (Around::default(), Around::default());
        Self { zone: zone.clone(), hour: i64::MIN, apache, iso }
    }

    /// As in an Apache access log: `06/Mar/2023:08:15:00 +0100`.
    pub(super) fn apache(&mut self, time: Time) -> Result<String> {
        let (minute, second, _) = self.within(time)?;
        let Around { before, after } = &self.apache;
        Ok(format!("{before}:{minute:02}:{second:02} {after}"))
    }

    /// RFC 3339 with microseconds: `2023-03-06T08:15:00.000250+01:00`.
    pub(super) fn iso(&mut self, time: Time) -> Result<String> {
        let (minute, second, micros) = self.within(time)?;
        let Around { before, after } = &self.iso;
        Ok(format!("{before}:{minute:02}:{second:02}.{micros:06}{after}"))
    }

    fn within(&mut self, time: Time) -> Result<(i64, i64, i64)> {
        let hour = time.floor(HOUR).micros();
        if hour != self.hour {
            let local = Timestamp::from_microsecond(hour)?.to_zoned(self.zone.clone());
            let text = |format: &str| local.strftime(format).to_string();
            self.apache = Around { before: text("%d/%b/%Y:%H"), after: text("%z") };
            self.iso = Around { before: text("%Y-%m-%dT%H"), after: text("%:z") };
            self.hour = hour;
        }
        let within = time.micros() - hour;
        let seconds = within / SECOND;
        Ok((seconds / 60, seconds % 60, within % SECOND))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rhythm::bank_zone;
    use super::*;

    #[test]
    fn writes_local_time_through_the_change_of_clocks() {
        let mut clock = Clock::new(&bank_zone().unwrap());
        // 2023-03-26T00:59:59.000007Z and the second after: from 01:59 to 03:00.
        let before = Time::from_micros(1_679_792_399_000_007);
        let after = Time::from_micros(1_679_792_400_000_007);
        assert_eq!(clock.apache(before).unwrap(), "26/Mar/2023:01:59:59 +0100");
        assert_eq!(clock.iso(before).unwrap(), "2023-03-26T01:59:59.000007+01:00");
        assert_eq!(clock.apache(after).unwrap(), "26/Mar/2023:03:00:00 +0200");
        assert_eq!(clock.iso(after).unwrap(), "2023-03-26T03:00:00.000007+02:00");
    }
}
