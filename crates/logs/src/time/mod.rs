//! Times as logs write them.
//!
//! A log repeats itself: the date and hour of one line are most often those of the line before, so
//! a [`Clock`] remembers what they came to and the next line costs a compare.

mod civil;
mod names;
mod parts;
#[cfg(test)]
mod tests;

use dolmen_model::{Time, same_bytes};

pub use civil::Date;
pub(crate) use parts::{Part, Parts};

/// An instant as a log wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant; where the log gives no offset, its wall clock is taken for UTC.
    pub time: Time,
    /// Seconds east of UTC, where the log says so.
    pub offset: Option<i32>,
}

impl Moment {
    /// Reads Apache's `17/May/2015:10:05:03 +0000`, in brackets or not. `None` when it is none.
    pub fn from_clf(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(b"[").unwrap_or(text);
        let text = text.strip_suffix(b"]").unwrap_or(text);
        Clock::default().clf(text).filter(|moment| text.len() == CLF && moment.offset.is_some())
    }
}

/// The length of `17/May/2015:10:05:03 +0000`.
pub(crate) const CLF: usize = 26;

/// What a number counts, in logs that write numbers for times and durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// Microseconds in one; 0 where it is less than one.
    const fn worth(self) -> u64 {
        match self {
            Self::Nanos => 0,
            Self::Micros => 1,
            Self::Millis => 1_000,
            Self::Seconds => 1_000_000,
        }
    }

    /// So many as microseconds; `None` beyond 64 bits.
    pub(crate) const fn micros(self, number: u64) -> Option<u64> {
        match self {
            Self::Nanos => Some(number / 1_000),
            _ => number.checked_mul(self.worth()),
        }
    }
}

/// Reads times and remembers the last date it met. One a worker.
#[derive(Debug)]
pub(crate) struct Clock {
    /// `17/May/2015:10:05:` and the micros of that minute, offset not applied.
    clf: ([u8; 18], i64),
    /// ` +0000` and its seconds.
    zone: ([u8; 6], i32),
    /// The last time of that form that was whole, and what its minute came to.
    whole: ([u8; CLF], Time),
    /// `2015-05-17T10:05:` and the micros of that minute, offset not applied.
    iso: ([u8; 17], i64),
}

impl Default for Clock {
    fn default() -> Self {
        // Any text may stand where a time should, so what is remembered is true from the start.
        Self {
            clf: (*b"01/Jan/1970:00:00:", 0),
            zone: (*b" +0000", 0),
            whole: (*b"01/Jan/1970:00:00:00 +0000", Time::from_micros(0)),
            iso: (*b"1970-01-01T00:00:", 0),
        }
    }
}

impl Clock {
    /// `17/May/2015:10:05:03 +0000`, as Apache, nginx (`$time_local`) and their kin write it;
    /// with a fraction of a second and without a zone, as HAProxy does.
    #[inline]
    pub(crate) fn clf(&mut self, text: &[u8]) -> Option<Moment> {
        let (minute, rest) = text.split_first_chunk::<18>()?;
        if *minute != self.clf.0 {
            self.clf = (*minute, clf_minute(minute)?);
        }
        let (&seconds, rest) = rest.split_first_chunk::<2>()?;
        let seconds = two(seconds).filter(|&s| s <= 60)?;
        let (fraction, rest) = fraction(rest)?;
        let local = self.clf.1 + seconds * SECOND + fraction;
        if rest.is_empty() {
            return Some(Moment { time: Time::from_micros(local), offset: None });
        }
        let zone: &[u8; 6] = rest.try_into().ok()?;
        if *zone != self.zone.0 {
            let (b' ', digits) = zone.split_first()? else { return None };
            self.zone = (*zone, offset(digits)?);
        }
        Some(at_offset(local, self.zone.1))
    }

    /// The same where neither fraction nor zone can be missing: lines of one minute cost a compare
    /// and two digits.
    #[inline]
    pub(crate) fn whole_clf(&mut self, text: &[u8; CLF]) -> Option<Time> {
        let &(ref known, time) = &self.whole;
        let is_same = |from: usize, to: usize| same_bytes(&text[from..to], &known[from..to]);
        if is_same(0, 18) && is_same(20, CLF) {
            let seconds = two([text[18], text[19]]).filter(|&s| s <= 60)?;
            return Some(Time::from_micros(time.micros() + seconds * SECOND));
        }
        self.learn_whole_clf(text)
    }

    #[inline(never)]
    fn learn_whole_clf(&mut self, text: &[u8; CLF]) -> Option<Time> {
        let moment = self.clf(text)?;
        moment.offset?;
        let seconds = two([text[18], text[19]])?;
        self.whole = (*text, Time::from_micros(moment.time.micros() - seconds * SECOND));
        Some(moment.time)
    }

    /// ISO 8601 and RFC 3339 as logs write them: `T` or a space between date and time, a fraction
    /// after `.` or `,`, and `Z`, `+02:00`, `+0200`, `+02` or nothing for the zone.
    pub(crate) fn iso(&mut self, text: &[u8]) -> Option<Moment> {
        let (minute, rest) = text.split_first_chunk::<17>()?;
        if *minute != self.iso.0 {
            self.iso = (*minute, iso_minute(minute)?);
        }
        let (&seconds, rest) = rest.split_first_chunk::<2>()?;
        let seconds = two(seconds).filter(|&s| s <= 60)?;
        let (fraction, rest) = fraction(rest)?;
        let local = self.iso.1 + seconds * SECOND + fraction;
        match rest.strip_prefix(b" ").unwrap_or(rest) {
            b"" => Some(Moment { time: Time::from_micros(local), offset: None }),
            b"Z" | b"z" => Some(at_offset(local, 0)),
            zone => Some(at_offset(local, offset(zone)?)),
        }
    }
}

impl Clock {
    /// A time in whatever of the forms above, or a count since the epoch whose unit its size tells.
    pub(crate) fn any(&mut self, text: &[u8]) -> Option<Moment> {
        self.repeated(text).or_else(|| self.other(text))
    }

    /// The commonest of them, `2015-05-17T10:05:03.123Z`, of the last minute.
    #[inline]
    fn repeated(&self, text: &[u8]) -> Option<Moment> {
        let text: &[u8; 24] = text.try_into().ok()?;
        let (minute, rest) = text.split_first_chunk::<17>()?;
        let &[s1, s2, b'.', a, b, c, b'Z'] = rest else { return None };
        if *minute != self.iso.0 {
            return None;
        }
        let seconds = two([s1, s2]).filter(|&s| s <= 60)?;
        let millis = two([a, b])? * 10 + two([b'0', c])?;
        Some(at_offset(self.iso.1 + seconds * SECOND + millis * 1000, 0))
    }

    fn other(&mut self, text: &[u8]) -> Option<Moment> {
        let text = text.trim_ascii();
        self.iso(text).or_else(|| self.clf(text)).or_else(|| {
            let whole = text.iter().take_while(|b| b.is_ascii_digit()).count();
            // Seconds have ten digits from 2001 to 2286.
            let unit = match whole {
                0..=11 => Unit::Seconds,
                12..=14 => Unit::Millis,
                15..=17 => Unit::Micros,
                _ => Unit::Nanos,
            };
            Some(Moment { time: epoch(text, unit)?, offset: Some(0) })
        })
    }
}

/// A count of `unit`s since the epoch, with or without a fraction: nginx's `$msec`, `%{usec}t`.
pub(crate) fn epoch(text: &[u8], unit: Unit) -> Option<Time> {
    let (negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, text),
    };
    let micros = i64::try_from(micros(digits, unit)?).ok()?;
    Some(Time::from_micros(if negative { -micros } else { micros }))
}

/// A decimal count of `unit`s as microseconds; what is finer is cut off. `None` when it is no
/// plain decimal number or beyond 64 bits.
#[inline]
pub(crate) fn micros(text: &[u8], unit: Unit) -> Option<u64> {
    let mut whole = 0u64;
    let mut digits = text.iter();
    let mut fraction = b"".as_slice();
    while let Some(&b) = digits.next() {
        match b {
            b'0'..=b'9' => whole = whole.checked_mul(10)?.checked_add(u64::from(b - b'0'))?,
            b'.' if text.len() > 1 => {
                fraction = digits.as_slice();
                break;
            }
            _ => return None,
        }
    }
    if text.is_empty() {
        return None;
    }
    let mut worth = unit.worth();
    let mut micros = unit.micros(whole)?;
    for &b in fraction {
        if !b.is_ascii_digit() {
            return None;
        }
        worth /= 10;
        micros = micros.checked_add(u64::from(b - b'0') * worth)?;
    }
    Some(micros)
}

/// `+0330`, `-05:00` or `+02` as seconds east of UTC.
pub(crate) fn offset(text: &[u8]) -> Option<i32> {
    let (sign, digits) = text.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match *digits {
        [a, b] => ([a, b], [b'0', b'0']),
        [a, b, c, d] | [a, b, b':', c, d] => ([a, b], [c, d]),
        _ => return None,
    };
    let hours = two(hours).filter(|&h| h < 24)?;
    let minutes = two(minutes).filter(|&m| m < 60)?;
    i32::try_from(sign * (hours * 3600 + minutes * 60)).ok()
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn at_offset(local: i64, offset: i32) -> Moment {
    let time = Time::from_micros(local - i64::from(offset) * SECOND);
    Moment { time, offset: Some(offset) }
}

/// `17/May/2015:10:05:` as micros.
fn clf_minute(text: &[u8; 18]) -> Option<i64> {
    let &[d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', h1, h2, b':', n1, n2, b':'] = text
    else {
        return None;
    };
    let year = two([y1, y2])? * 100 + two([y3, y4])?;
    let month = civil::month_number([m1, m2, m3])?;
    let hour = two([h1, h2]).filter(|&h| h < 24)?;
    let minute = two([n1, n2]).filter(|&m| m < 60)?;
    Some(Date::new(year, month, two([d1, d2])?)?.micros() + hour * HOUR + minute * MINUTE)
}

/// `2015-05-17T10:05:` as micros.
fn iso_minute(text: &[u8; 17]) -> Option<i64> {
    let (date, time) = text.split_first_chunk::<10>()?;
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else {
        return None;
    };
    let &[b'T' | b't' | b' ', h1, h2, b':', n1, n2, b':'] = time else {
        return None;
    };
    let date = Date::new(two([y1, y2])? * 100 + two([y3, y4])?, two([m1, m2])?, two([d1, d2])?)?;
    let hour = two([h1, h2]).filter(|&h| h < 24)?;
    let minute = two([n1, n2]).filter(|&m| m < 60)?;
    Some(date.micros() + hour * HOUR + minute * MINUTE)
}

/// `.123` or `,123456` as micros, and what follows; 0 where there is none. What is finer is cut off.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    const WORTH: [i64; 7] = [SECOND, 100_000, 10_000, 1_000, 100, 10, 1];
    let Some((b'.' | b',', digits)) = text.split_first() else {
        return Some((0, text));
    };
    let (mut number, mut length) = (0, 0);
    while let Some(digit) = digits.get(length).map(|b| b.wrapping_sub(b'0')).filter(|&d| d <= 9) {
        if length < 6 {
            number = number * 10 + i64::from(digit);
        }
        length += 1;
    }
    (length > 0).then(|| (number * WORTH[length.min(6)], &digits[length..]))
}

/// Two decimal digits.
fn two([a, b]: [u8; 2]) -> Option<i64> {
    (a.is_ascii_digit() && b.is_ascii_digit())
        .then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
}
