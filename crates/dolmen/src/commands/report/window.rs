//! `--from` and `--to`.

use std::str::FromStr;

use dolmen_collect::Window;
use dolmen_model::Time;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::exit::UsageError;

/// An instant as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Instant {
    /// With its offset: the same wherever one is.
    Exact(Time),
    /// What a clock shows, without the offset.
    Clock(DateTime),
}

impl FromStr for Instant {
    type Err = String;

    /// RFC 3339, where the time, its seconds and the offset may be left out; a blank may stand for
    /// the `T`.
    fn from_str(text: &str) -> Result<Self, String> {
        let has_time = text.contains(['T', 't', ' ']);
        // jiff takes more (`20260301`, `2026-03-01T08:30[Europe/Paris]`); what is taken here is
        // what the help text says.
        let is_plain = text.len() >= 10
            && text.is_char_boundary(10)
            && Date::strptime("%Y-%m-%d", &text[..10]).is_ok()
            && !text.contains('[');
        let exact = |at: Timestamp| Self::Exact(Time::from_micros(at.as_microsecond()));
        let parsed = match (is_plain, has_time) {
            (false, _) => None,
            (true, false) => text.parse::<Date>().ok().map(|day| Self::Clock(day.into())),
            (true, true) => text
                .parse::<Timestamp>()
                .map(exact)
                .or_else(|_| text.parse::<DateTime>().map(Self::Clock))
                .ok(),
        };
        parsed.ok_or_else(|| {
            "write 2026-03-01, 2026-03-01T08:30 or 2026-03-01T08:30:00+01:00".to_owned()
        })
    }
}

impl Instant {
    /// As an instant of the logs; without an offset it is in this zone.
    pub(in crate::commands) fn time_in(self, zone: &TimeZone) -> Time {
        match self {
            Self::Exact(time) => time,
            Self::Clock(shown) => zone
                .to_ambiguous_timestamp(shown)
                .compatible()
                // Beyond what an instant can hold is the last one.
                .map_or(Time::MAX, |at| Time::from_micros(at.as_microsecond())),
        }
    }

    /// As an instant of the logs; without an offset it is in UTC.
    pub(in crate::commands) fn time(self) -> Time {
        self.time_in(&TimeZone::UTC)
    }
}

/// The window `[from, to)`.
pub(in crate::commands) fn between(
    from: Option<Instant>,
    to: Option<Instant>,
) -> Result<Window, UsageError> {
    let window = Window {
        from: from.map_or(Window::ALL.from, Instant::time),
        to: to.map_or(Window::ALL.to, Instant::time),
    };
    if window.from >= window.to {
        return Err(UsageError(format!(
            "no instant is from {} on and before {}: --from is the first instant, --to the first \
             one after the last",
            window.from, window.to
        )));
    }
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<String, String> {
        text.parse().map(|at: Instant| at.time().to_string())
    }

    #[test]
    fn reads_days_and_instants() {
        for (text, instant) in [
            ("2026-03-01", "2026-03-01T00:00:00Z"),
            ("2026-03-01T08:30", "2026-03-01T08:30:00Z"),
            ("2026-03-01 08:30:15", "2026-03-01T08:30:15Z"),
            ("2026-03-01T08:30:15.25Z", "2026-03-01T08:30:15.25Z"),
            ("2026-03-01T08:30:00+01:00", "2026-03-01T07:30:00Z"),
            ("2026-03-01 08:30+01:00", "2026-03-01T07:30:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Ok(instant), "{text}");
        }
    }

    #[test]
    fn without_an_offset_it_is_what_clocks_of_the_zone_show() {
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        let at = |text: &str| text.parse::<Instant>().unwrap().time_in(&zone).to_string();
        assert_eq!(at("2025-03-15"), "2025-03-15T04:00:00Z");
        assert_eq!(at("2025-01-15 08:30"), "2025-01-15T13:30:00Z");
        assert_eq!(at("2025-03-15T00:00:00Z"), "2025-03-15T00:00:00Z");
    }

    #[test]
    fn refuses_the_rest() {
        for text in
            ["", "yesterday", "2026-02-30", "2026-03-01T25:00", "01/03/2026", "20260301", "7d", "é"]
        {
            assert!(at(text).unwrap_err().contains("2026-03-01T08:30"), "{text}");
        }
    }

    #[test]
    fn a_window_holds_something() {
        let instant = |text: &str| Some(text.parse().unwrap());
        assert!(between(None, None).is_ok_and(|window| window == Window::ALL));
        assert!(between(instant("2026-03-01"), instant("2026-03-02")).is_ok());
        let error = between(instant("2026-03-01"), instant("2026-03-01")).unwrap_err();
        assert!(error.to_string().contains("2026-03-01T00:00:00Z"));
    }
}
