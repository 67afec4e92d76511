use super::Digits;
use super::rest::Rest;
use super::short::Short;

/// How a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `17/May/2015`.
    DayMonthYear,
    /// `2015-05-17`.
    YearMonthDay,
}

impl DateForm {
    /// How many characters it has.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::DayMonthYear => 11,
            Self::YearMonthDay => 10,
        }
    }
}

/// How many characters a clock has.
pub(super) const CLOCK: usize = 8;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

const DAY: i64 = 86_400;

/// A row's time, from which dates and clocks are written.
#[derive(Debug)]
pub(crate) struct Instant {
    micros: Option<i64>,
}

impl Instant {
    pub(crate) fn new(micros: Option<i64>) -> Self {
        Self { micros }
    }

    /// Local seconds, for years that four digits can write.
    fn local(&self, offset: i16) -> Option<i64> {
        const YEAR_0: i64 = -62_167_219_200;
        const YEAR_10000: i64 = 253_402_300_800;
        let seconds = self.micros?.div_euclid(1_000_000) + i64::from(offset) * 60;
        (YEAR_0..YEAR_10000).contains(&seconds).then_some(seconds)
    }

    pub(crate) fn date(&self, form: DateForm, offset: i16, out: &mut Digits) -> Option<()> {
        let (year, month, day) = civil(self.local(offset)?.div_euclid(DAY));
        match form {
            DateForm::DayMonthYear => {
                out.two(day);
                out.byte(b'/');
                MONTHS.get(month as usize - 1)?.iter().for_each(|&letter| out.byte(letter));
                out.byte(b'/');
                out.two(year / 100);
                out.two(year);
            }
            DateForm::YearMonthDay => {
                out.two(year / 100);
                out.two(year);
                out.byte(b'-');
                out.two(month);
                out.byte(b'-');
                out.two(day);
            }
        }
        Some(())
    }

    pub(crate) fn clock(&self, offset: i16, out: &mut Digits) -> Option<()> {
        let seconds = self.local(offset)?.rem_euclid(DAY) as u64;
        out.two(seconds / 3_600);
        out.byte(b':');
        out.two(seconds / 60 % 60);
        out.byte(b':');
        out.two(seconds % 60);
        Some(())
    }

    pub(crate) fn fraction(&self, places: u8, out: &mut Digits) -> Option<()> {
        let micros = self.micros?.rem_euclid(1_000_000) as u64;
        let cut = 10_u64.pow(6_u32.checked_sub(u32::from(places))?);
        out.number(micros / cut, usize::from(places));
        Some(())
    }
}

/// The date and the clock that were written last: lines that follow each other are mostly of one day,
/// and many are of one second.
#[derive(Debug, Default)]
pub(super) struct Lately {
    date: Written<(DateForm, i16)>,
    clock: Written<i16>,
}

/// What instants of one stretch of time are written as.
#[derive(Debug)]
struct Written<F> {
    /// How, before anything was written `None`.
    form: Option<F>,
    /// The first of them, and how many follow it.
    from: i64,
    len: u64,
    text: Short,
}

impl<F> Default for Written<F> {
    fn default() -> Self {
        Self { form: None, from: 0, len: 0, text: Short::default() }
    }
}

impl<F: Copy + PartialEq> Written<F> {
    #[inline]
    fn is_of(&self, micros: i64, form: F) -> bool {
        let after = micros.wrapping_sub(self.from).cast_unsigned();
        after < self.len && self.form == Some(form)
    }

    /// Writes what instants of `len` seconds share, in local time, with `micros` among them.
    #[inline(never)]
    fn write(
        &mut self,
        micros: i64,
        (form, offset): (F, i16),
        len: i64,
        write: impl FnOnce(&Instant, &mut Digits) -> Option<()>,
    ) {
        *self = Self { form: Some(form), ..Self::default() };
        let (instant, mut text) = (Instant::new(Some(micros)), Digits::new());
        let Some(local) = instant.local(offset) else { return };
        if write(&instant, &mut text).is_some() {
            let from = local - local.rem_euclid(len) - i64::from(offset) * 60;
            (self.from, self.len) = (from * SECOND, (len * SECOND).cast_unsigned());
            self.text = Short::of(text.as_bytes());
        }
    }
}

const SECOND: i64 = 1_000_000;
/// Powers of ten, up to a second.
const TENS: [u64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

impl Lately {
    /// Whether what is left begins with the date of an instant.
    #[inline]
    pub(super) fn is_date(
        &mut self,
        micros: i64,
        form: DateForm,
        offset: i16,
        rest: Rest<'_>,
    ) -> bool {
        let how = (form, offset);
        if !self.date.is_of(micros, how) {
            let write = |instant: &Instant, out: &mut Digits| instant.date(form, offset, out);
            self.date.write(micros, (how, offset), DAY, write);
        }
        self.date.is_of(micros, how) && self.date.text.begins(rest)
    }

    /// Whether what is left begins with the clock of an instant.
    #[inline]
    pub(super) fn is_clock(&mut self, micros: i64, offset: i16, rest: Rest<'_>) -> bool {
        if !self.clock.is_of(micros, offset) {
            self.write_clock(micros, offset);
        }
        self.clock.is_of(micros, offset) && self.clock.text.begins(rest)
    }

    /// Of a day that is known, a clock is written without asking the calendar.
    fn write_clock(&mut self, micros: i64, offset: i16) {
        let Written { form, from, .. } = self.date;
        let Some(form) = form.filter(|form| form.1 == offset && self.date.is_of(micros, *form))
        else {
            let write = |instant: &Instant, out: &mut Digits| instant.clock(offset, out);
            return self.clock.write(micros, (offset, offset), 1, write);
        };
        let second = (micros - from).cast_unsigned() / SECOND.cast_unsigned();
        let two = |number: u64| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        let [[a, b], [c, d], [e, f]] =
            [two(second / 3_600), two(second / 60 % 60), two(second % 60)];
        self.clock = Written {
            form: Some(form.1),
            from: from + second.cast_signed() * SECOND,
            len: SECOND.cast_unsigned(),
            text: Short::of(&[a, b, b':', c, d, b':', e, f]),
        };
    }

    /// Whether what is left begins with so many digits of the second's fraction.
    #[inline]
    pub(super) fn is_fraction(&self, micros: i64, places: u8, rest: Rest<'_>) -> bool {
        let after = micros.wrapping_sub(self.clock.from).cast_unsigned();
        // The clock stands before its fraction.
        let fraction = match after < self.clock.len {
            true => after,
            false => micros.rem_euclid(SECOND).cast_unsigned(),
        };
        let Some(cut) = 6_u32.checked_sub(u32::from(places)) else { return false };
        let Some(number) = rest.fixed_number(usize::from(places)) else { return false };
        let unit = TENS[cut as usize];
        (number * unit..(number + 1) * unit).contains(&fraction)
    }
}

/// Year, month and day of a day since 1970-01-01 (proleptic Gregorian; the arithmetic counts from
/// 1 March of the year 0, so that the leap day is a year's last).
pub(crate) fn civil(day: i64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as u64, month as u64, day as u64)
}

/// Days since 1970-01-01; the inverse of [`civil`].
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// A date, one separator and a clock at the start of `text`: the form, the length of the date, and
/// the local time in seconds since 1970.
pub(crate) fn local_at(text: &[u8]) -> Option<(DateForm, usize, i64)> {
    let two = |at: usize| number(text.get(at..at + 2)?);
    let four = |at: usize| number(text.get(at..at + 4)?);
    let (form, len, date) = match (text.get(2)?, text.get(4)?) {
        (b'/', _) if text.get(6) == Some(&b'/') => {
            let name = text.get(3..6)?;
            let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
            (DateForm::DayMonthYear, 11, days(four(7)?, month, two(0)?))
        }
        (_, b'-') if text.get(7) == Some(&b'-') => {
            (DateForm::YearMonthDay, 10, days(four(0)?, two(5)?, two(8)?))
        }
        _ => return None,
    };
    let separator = *text.get(len)?;
    let clock = len + 1;
    let is_clock = text.get(clock + 2) == Some(&b':') && text.get(clock + 5) == Some(&b':');
    if !matches!(separator, b':' | b'T' | b' ' | b't') || !is_clock {
        return None;
    }
    let seconds = two(clock)? * 3_600 + two(clock + 3)? * 60 + two(clock + 6)?;
    Some((form, len, date * DAY + seconds))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_day_is_its_date(day in -700_000_i64..2_900_000) {
            let (year, month, day_of_month) = civil(day);
            prop_assert_eq!(days(year as i64, month as i64, day_of_month as i64), day);
            prop_assert!((1..=12).contains(&month) && (1..=31).contains(&day_of_month));
        }

        #[test]
        fn what_is_written_is_read(seconds in 0_i64..4_000_000_000, offset in -720_i16..840) {
            let instant = Instant::new(Some(seconds * 1_000_000));
            for (form, len) in [(DateForm::DayMonthYear, 11), (DateForm::YearMonthDay, 10)] {
                let mut text = Digits::new();
                instant.date(form, offset, &mut text).unwrap();
                text.byte(b' ');
                instant.clock(offset, &mut text).unwrap();
                let local = seconds + i64::from(offset) * 60;
                prop_assert_eq!(local_at(text.as_bytes()), Some((form, len, local)));
            }
        }

        #[test]
        fn what_is_written_is_recognised(
            micros in -5_000_000_000_i64..4_000_000_000_000_000,
            offset in -720_i16..840,
            places in 1_u8..=6,
            other in 0_usize..19,
        ) {
            let instant = Instant::new(Some(micros));
            let mut lately = Lately::default();
            for form in [DateForm::DayMonthYear, DateForm::YearMonthDay] {
                let (mut date, mut clock) = (Digits::new(), Digits::new());
                instant.date(form, offset, &mut date).unwrap();
                instant.clock(offset, &mut clock).unwrap();
                prop_assert_eq!((date.as_bytes().len(), clock.as_bytes().len()), (form.len(), CLOCK));
                let mut text = [date.as_bytes(), clock.as_bytes()].concat();
                let is_date = |lately: &mut Lately, text: &[u8]| {
                    lately.is_date(micros, form, offset, Rest::of(text))
                };
                let is_clock = |lately: &mut Lately, text: &[u8]| {
                    lately.is_clock(micros, offset, Rest::of(&text[form.len()..]))
                };
                prop_assert!(is_date(&mut lately, &text) && is_clock(&mut lately, &text));
                let at = other.min(text.len() - 1);
                text[at] ^= 1;
                prop_assert!(!(is_date(&mut lately, &text) && is_clock(&mut lately, &text)));
            }
            let mut fraction = Digits::new();
            instant.fraction(places, &mut fraction).unwrap();
            let rest = Rest::of(fraction.as_bytes());
            for lately in [lately, Lately::default()] {
                prop_assert!(lately.is_fraction(micros, places, rest));
                let next = micros + 10_i64.pow(6 - u32::from(places));
                prop_assert!(!lately.is_fraction(next, places, rest));
            }
        }
    }

    #[test]
    fn clocks_of_a_day_that_is_known_are_written_as_the_calendar_has_them() {
        let written = |micros: i64, offset: i16| {
            let (instant, mut text) = (Instant::new(Some(micros)), Digits::new());
            instant.date(DateForm::YearMonthDay, offset, &mut text).unwrap();
            instant.clock(offset, &mut text).unwrap();
            text.as_bytes().to_vec()
        };
        for offset in [0, 120, -330] {
            let mut lately = Lately::default();
            for second in (-90_000..180_000).step_by(977) {
                let micros = 1_700_000_000_250_000 + second * SECOND;
                let text = written(micros, offset);
                let (date, clock) = text.split_at(DateForm::YearMonthDay.len());
                let (date, clock) = (Rest::of(date), Rest::of(clock));
                assert!(lately.is_date(micros, DateForm::YearMonthDay, offset, date));
                for (apart, is_same) in [(0, true), (749_999, true), (750_000, false)] {
                    assert_eq!(lately.is_clock(micros + apart, offset, clock), is_same, "{second}");
                }
                assert!(lately.is_clock(micros, offset, clock));
                // Another zone has another clock, whatever day is known.
                assert!(!lately.is_clock(micros, offset + 60, clock));
            }
        }
    }

    #[test]
    fn leap_days() {
        assert_eq!(civil(days(2000, 2, 29)), (2000, 2, 29));
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1) - days(2000, 2, 28), 2);
        assert_eq!(days(1900, 3, 1) - days(1900, 2, 28), 1);
    }
}
