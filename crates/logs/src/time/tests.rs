use super::*;

fn clf(text: &str) -> Option<(i64, Option<i32>)> {
    let moment = Clock::default().clf(text.as_bytes())?;
    Some((moment.time.micros(), moment.offset))
}

fn iso(text: &str) -> Option<(i64, Option<i32>)> {
    let moment = Clock::default().iso(text.as_bytes())?;
    Some((moment.time.micros(), moment.offset))
}

const NOON: i64 = 1_772_452_800_000_000;

#[test]
fn a_common_time() {
    assert_eq!(clf("02/Mar/2026:12:00:00 +0000"), Some((NOON, Some(0))));
    assert_eq!(clf("02/mar/2026:15:30:00 +0330"), Some((NOON, Some(12_600))));
    assert_eq!(clf("02/Mar/2026:12:00:00.250"), Some((NOON + 250_000, None)));
    assert_eq!(clf("02/Mar/2026:11:59:60 +0000"), Some((NOON, Some(0))), "a leap second");
    for bad in [
        "02/Mar/2026:12:00:00 +0000 ",
        "02/Mar/2026:12:00:00+0000",
        "02/Mar/2026:12:00:61 +0000",
        "02/Mar/2026:12:60:00 +0000",
        "02/Mar/2026:24:00:00 +0000",
        "30/Feb/2026:12:00:00 +0000",
        "00/Mar/2026:12:00:00 +0000",
        "02/Mrz/2026:12:00:00 +0000",
        "02/Mar/2026:12:00:00 +2400",
        "02/Mar/2026:12:00:00.",
        "02/Mar/2026 12:00:00",
        "2/Mar/2026:12:00:00 +0000",
        "",
    ] {
        assert_eq!(clf(bad), None, "{bad}");
    }
}

#[test]
fn a_time_of_iso_8601() {
    for (text, offset) in [
        ("2026-03-02T12:00:00Z", Some(0)),
        ("2026-03-02t12:00:00z", Some(0)),
        ("2026-03-02 12:00:00", None),
        ("2026-03-02T13:00:00+01:00", Some(3600)),
        ("2026-03-02T13:00:00+0100", Some(3600)),
        ("2026-03-02T13:00:00+01", Some(3600)),
        ("2026-03-02 07:00:00 -0500", Some(-18_000)),
    ] {
        assert_eq!(iso(text), Some((NOON, offset)), "{text}");
    }
    assert_eq!(iso("2026-03-02T12:00:00.000001999Z"), Some((NOON + 1, Some(0))));
    assert_eq!(iso("2026-03-02 12:00:00,25"), Some((NOON + 250_000, None)));
    assert_eq!(iso("2024-02-29T00:00:00Z").is_some(), iso("2026-02-29T00:00:00Z").is_none());
    for bad in
        ["2026-03-02", "2026-03-02T12:00", "2026-3-02T12:00:00Z", "2026-03-02T12:00:00 UTC", "x"]
    {
        assert_eq!(iso(bad), None, "{bad}");
    }
}

/// What a clock remembers is no part of what it reads.
#[test]
fn a_clock_reads_in_any_order_what_a_new_one_reads() {
    let mut clock = Clock::default();
    let mut state = 1u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let n = |shift: u32, below: u64| (state >> shift) % below;
        let text = format!(
            "{:02}/{}/20{:02}:{:02}:{:02}:{:02} {}{:02}{:02}",
            n(8, 3) + 28,
            ["Jan", "Feb", "Mar"][n(12, 3) as usize],
            n(16, 3) + 23,
            n(20, 2) + 23,
            n(24, 3) + 58,
            n(28, 3) + 59,
            ["+", "-"][n(32, 2) as usize],
            n(36, 2),
            n(40, 3) * 30
        );
        let expected = clf(&text);
        let read = clock.clf(text.as_bytes()).map(|m| (m.time.micros(), m.offset));
        assert_eq!(read, expected, "{text}");
        let whole = clock.whole_clf(text.as_bytes().try_into().unwrap());
        assert_eq!(whole.map(Time::micros), expected.map(|(micros, _)| micros), "{text}");
        let text = text.replace('/', "-");
        assert_eq!(clock.iso(text.as_bytes()), None);
    }
}

#[test]
fn the_calendar_is_that_of_another_library() {
    for days in (-800_000..800_000).step_by(37) {
        let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(days);
        let (year, month, day) = (date.year().into(), date.month().into(), date.day().into());
        let ours = Date::new(year, month, day).expect("a day");
        assert_eq!(ours.days(), days);
        assert_eq!(civil::weekday(days), i64::from(date.weekday().to_monday_one_offset()));
        let week = date.iso_week_date();
        let monday = civil::iso_week(week.year().into(), week.week().into());
        assert_eq!(monday + civil::weekday(days) - 1, days);
    }
}

#[test]
fn numbers_of_every_unit() {
    for (text, unit, expected) in [
        ("12", Unit::Seconds, Some(12_000_000)),
        ("0.017", Unit::Seconds, Some(17_000)),
        ("1.5", Unit::Millis, Some(1500)),
        ("7.9", Unit::Micros, Some(7)),
        ("7999", Unit::Nanos, Some(7)),
        (".5", Unit::Seconds, Some(500_000)),
        ("5.", Unit::Seconds, Some(5_000_000)),
        ("0.0000019", Unit::Seconds, Some(1)),
        ("18446744073709551615", Unit::Micros, Some(u64::MAX)),
        ("18446744073709551616", Unit::Micros, None),
        ("18446744073709551615", Unit::Millis, None),
        ("", Unit::Seconds, None),
        (".", Unit::Seconds, None),
        ("1.2.3", Unit::Seconds, None),
        ("-1", Unit::Seconds, None),
        ("1e3", Unit::Seconds, None),
    ] {
        assert_eq!(micros(text.as_bytes(), unit), expected, "{text} {unit:?}");
    }
    assert_eq!(epoch(b"-1.5", Unit::Seconds), Some(Time::from_micros(-1_500_000)));
}

#[test]
fn any_form_is_told_by_its_look() {
    let mut clock = Clock::default();
    for text in [
        "2026-03-02T12:00:00Z",
        "02/Mar/2026:12:00:00 +0000",
        "1772452800",
        "1772452800.000",
        "1772452800000",
        "1772452800000000",
        "1772452800000000000",
    ] {
        let time = clock.any(text.as_bytes()).map(|moment| moment.time.micros());
        assert_eq!(time, Some(NOON), "{text}");
    }
    assert_eq!(clock.any(b"yesterday"), None);
}

#[test]
fn a_clock_that_has_seen_nothing_takes_nuls_for_no_time() {
    for text in [
        "\0".repeat(CLF),
        format!("{}05Z", "\0".repeat(17)),
        format!("{}05.123Z", "\0".repeat(17)),
        format!("{}05 +0000", "\0".repeat(18)),
        format!("02/Mar/2026:12:00:00{}", "\0".repeat(6)),
    ] {
        let mut clock = Clock::default();
        assert_eq!(clock.any(text.as_bytes()), None, "{}", text.escape_debug());
        let whole = text.as_bytes().first_chunk().and_then(|text| clock.whole_clf(text));
        assert_eq!(whole, None, "{}", text.escape_debug());
    }
    // What it remembers from the start is true.
    for text in ["01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00Z"] {
        let time = Clock::default().any(text.as_bytes()).map(|moment| moment.time.micros());
        assert_eq!(time, Some(0), "{text}");
    }
    assert_eq!(
        Clock::default().whole_clf(b"01/Jan/1970:00:00:00 +0000"),
        Some(Time::from_micros(0))
    );
}
