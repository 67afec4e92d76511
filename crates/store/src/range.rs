//! Stretches of time, and the buckets that cover them.

use dolmen_model::Time;

use crate::segment::template::{civil, days};

const MINUTE: i64 = 60_000_000;

/// How wide a bucket of the cubes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// A minute; kept [`Width::MINUTES_KEPT`].
    Minute,
    /// An hour; kept [`Width::HOURS_KEPT`].
    Hour,
    /// A day (UTC); kept for ever.
    Day,
    /// A month of the calendar (UTC); kept for ever, so that years are few buckets.
    Month,
}

impl Width {
    pub(crate) const ALL: [Self; 4] = [Self::Minute, Self::Hour, Self::Day, Self::Month];
    /// How long minutes are kept, in minutes.
    pub const MINUTES_KEPT: i64 = 14 * 1_440;
    /// How long hours are kept, in minutes.
    pub const HOURS_KEPT: i64 = 400 * 1_440;

    /// The start of the bucket that holds this minute (since 1970).
    pub(crate) fn floor(self, minute: i64) -> i64 {
        match self {
            Self::Minute => minute,
            Self::Hour => minute - minute.rem_euclid(60),
            Self::Day => minute - minute.rem_euclid(1_440),
            Self::Month => {
                let (year, month, _) = civil(minute.div_euclid(1_440));
                days(year as i64, month as i64, 1) * 1_440
            }
        }
    }

    /// The start of the next bucket.
    pub(crate) fn next(self, bucket: i64) -> i64 {
        match self {
            Self::Minute => bucket + 1,
            Self::Hour => bucket + 60,
            Self::Day => bucket + 1_440,
            // The 28th day of a month plus four is in the next one.
            Self::Month => self.floor(bucket + 32 * 1_440),
        }
    }
}

/// From which minute on narrow buckets exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) minutes_since: i64,
    pub(crate) hours_since: i64,
}

impl Kept {
    /// Whether buckets of this width exist from `minute` on.
    pub(crate) fn has(self, width: Width, minute: i64) -> bool {
        match width {
            Width::Minute => minute >= self.minutes_since,
            Width::Hour => minute >= self.hours_since,
            Width::Day | Width::Month => true,
        }
    }

    /// The narrowest width that exists at `minute`.
    fn narrowest(self, minute: i64) -> Width {
        Width::ALL.into_iter().find(|&width| self.has(width, minute)).unwrap_or(Width::Day)
    }
}

/// Buckets of one width, from the first to before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) width: Width,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// What no log reaches: years that four digits cannot write.
const FIRST: i64 = -62_167_219_200 / 60;
const LAST: i64 = 253_402_300_800 / 60;

/// The fewest buckets that cover [from, to), each as wide as fits and at most `widest`, or as the
/// narrowest that is kept. Where the bounds fall inside that one, the range grows to it.
pub(crate) fn cover(from: Time, to: Time, widest: Width, kept: Kept) -> Vec<Piece> {
    let from = from.micros().div_euclid(MINUTE).clamp(FIRST, LAST);
    let to_floor = to.micros().div_euclid(MINUTE);
    let to =
        if to.micros().rem_euclid(MINUTE) == 0 { to_floor } else { to_floor.saturating_add(1) };
    let to = to.clamp(FIRST, LAST);
    if from >= to {
        return Vec::new();
    }
    let from = kept.narrowest(from).floor(from);
    let last = kept.narrowest(to - 1);
    let to = last.next(last.floor(to - 1));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = from;
    while at < to {
        let narrowest = kept.narrowest(at);
        let fits = |width: &Width| {
            *width <= widest.max(narrowest)
                && width.floor(at) == at
                && width.next(at) <= to
                && kept.has(*width, at)
        };
        let width = Width::ALL.into_iter().rev().find(fits).unwrap_or(narrowest);
        let next = match width {
            // The many of one width are one piece: what is left of a wider bucket.
            Width::Month => whole(width, at, to),
            _ => {
                let wider = Width::ALL[width as usize + 1];
                whole(width, at, to.min(wider.next(wider.floor(at))))
            }
        };
        match pieces.last_mut() {
            Some(last) if last.width == width => last.to = next,
            _ => pieces.push(Piece { width, from: at, to: next }),
        }
        at = next;
    }
    pieces
}

/// The end of the last bucket that fits before `to`.
fn whole(width: Width, from: i64, to: i64) -> i64 {
    let end = width.floor(to);
    if end > from { end } else { width.next(from) }
}

/// The start of the narrowest bucket that may still be kept of `time` when it is `now`: counting in
/// narrower ones would be for nothing.
pub fn narrowest(time: Time, now: Time) -> Time {
    let (minute, now) = (minute_of(time), minute_of(now));
    let width = if minute < now - Width::HOURS_KEPT - 32 * 1_440 {
        Width::Day
    } else if minute < now - Width::MINUTES_KEPT - 1_440 {
        Width::Hour
    } else {
        Width::Minute
    };
    time_of(width.floor(minute))
}

pub(crate) fn minute_of(time: Time) -> i64 {
    time.micros().div_euclid(MINUTE)
}

pub(crate) fn time_of(minute: i64) -> Time {
    Time::from_micros(minute.saturating_mul(MINUTE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: Kept = Kept { minutes_since: i64::MIN, hours_since: i64::MIN };

    fn minute(text: &str) -> i64 {
        minute_of(Time::from_micros(text.parse::<jiff::Timestamp>().unwrap().as_microsecond()))
    }

    #[test]
    fn a_year_and_a_bit_is_few_pieces() {
        let (from, to) = (minute("2024-01-30T22:58:00Z"), minute("2025-02-02T01:00:00Z"));
        let pieces = cover(time_of(from), time_of(to), Width::Month, ALL);
        let widths: Vec<Width> = pieces.iter().map(|piece| piece.width).collect();
        use Width::{Day, Hour, Minute, Month};
        assert_eq!(widths, [Minute, Hour, Day, Month, Day, Hour]);
        assert_eq!(pieces[3].from, minute("2024-02-01T00:00:00Z"));
        assert_eq!(pieces[3].to, minute("2025-02-01T00:00:00Z"));
    }

    #[test]
    fn everything_is_one_piece() {
        let pieces = cover(Time::MIN, Time::MAX, Width::Month, ALL);
        assert_eq!(pieces.len(), 1, "{pieces:?}");
    }

    #[test]
    fn a_range_grows_to_what_is_kept() {
        let kept = Kept { minutes_since: i64::MAX, hours_since: i64::MAX };
        let at = minute("2025-03-05T10:20:00Z");
        let pieces = cover(time_of(at), time_of(at + 5), Width::Month, kept);
        let day = minute("2025-03-05T00:00:00Z");
        assert_eq!(pieces, [Piece { width: Width::Day, from: day, to: day + 1_440 }]);
    }

    #[test]
    fn what_is_kept_by_the_day_is_read_by_the_day_whatever_is_asked_for() {
        let kept = Kept { minutes_since: i64::MAX, hours_since: i64::MAX };
        let (from, to) = (minute("2015-05-17T00:00:00Z"), minute("2015-05-19T00:00:00Z"));
        let pieces = cover(time_of(from), time_of(to), Width::Hour, kept);
        assert_eq!(pieces, [Piece { width: Width::Day, from, to }]);
    }

    proptest! {
        #[test]
        fn pieces_cover_the_range_without_overlap(
            from in -1_000_000_i64..40_000_000,
            len in 1_i64..3_000_000,
            widest in 0_usize..4,
            minutes_since in 0_i64..40_000,
            hours_since in 0_i64..20_000,
        ) {
            let kept = Kept { minutes_since: minutes_since * 1_440, hours_since: hours_since * 1_440 };
            let widest = Width::ALL[widest];
            prop_assume!(kept.has(widest, from));
            let pieces = cover(time_of(from), time_of(from + len), widest, kept);
            prop_assert!(pieces[0].from <= from);
            prop_assert!(pieces[pieces.len() - 1].to >= from + len);
            prop_assert!(pieces.windows(2).all(|pair| pair[0].to == pair[1].from));
            for piece in pieces {
                prop_assert_eq!(piece.width.floor(piece.from), piece.from);
                prop_assert_eq!(piece.width.floor(piece.to), piece.to);
                prop_assert!(kept.has(piece.width, piece.from));
            }
        }
    }
}
