//! Where a page of calls ends and the next one begins.

use dolmen_model::Time;

use crate::problem::Problem;

/// The next page begins after the first `given` calls that are not later than `time`. Calls come
/// newest first; new ones do not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// `None`: calls without a time, which come last.
    pub(crate) time: Option<Time>,
    /// How many calls of exactly this time were given.
    pub(crate) given: usize,
}

impl Cursor {
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once('.').and_then(|(time, given)| {
            let time = match time {
                "none" => None,
                micros => Some(Time::from_micros(micros.parse().ok()?)),
            };
            Some(Self { time, given: given.parse().ok()? })
        });
        parts.ok_or_else(|| {
            Problem::bad("`cursor` is none that was given out: begin again without it")
        })
    }

    /// Before when the next page's calls are.
    pub(crate) fn to(self) -> Time {
        Time::from_micros(self.time.unwrap_or(Time::MIN).micros().saturating_add(1))
    }

    pub(crate) fn write(self) -> String {
        match self.time {
            Some(time) => format!("{}.{}", time.micros(), self.given),
            None => format!("none.{}", self.given),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was() {
        for time in [None, Some(Time::from_micros(-5)), Some(Time::from_micros(1_000))] {
            let cursor = Cursor { time, given: 3 };
            assert_eq!(Cursor::read(&cursor.write()), Ok(cursor));
        }
        assert!(Cursor::read("").is_err() && Cursor::read("5").is_err());
        assert_eq!(Cursor::read("7.1").unwrap().to(), Time::from_micros(8));
    }
}
