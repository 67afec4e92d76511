use proptest::prelude::*;

use super::*;

/// Values that borrow from the line, each by its first occurrence.
fn values<'a>(line: &'a [u8], texts: &[(TextField, &str)], id: &str) -> Values<'a> {
    let find = |text: &str| {
        let at = line.windows(text.len().max(1)).position(|w| w == text.as_bytes());
        at.map_or(&b""[..], |at| &line[at..at + text.len()])
    };
    let mut values = Values::default();
    for &(field, text) in texts {
        values.set(field, find(text));
    }
    values.id = find(id);
    values
}

fn fit(line: &[u8], values: &Values<'_>) -> String {
    let mut learned = Learned::default();
    let mut numbers = Vec::new();
    let number = learned.fit(line, values, &mut numbers).expect("a template");
    let text = learned.texts()[number as usize].clone();
    let template = Template::parse(&text).expect("what was written is read");
    let mut back = Vec::new();
    template.fill(values, &numbers, &mut back).expect("all values");
    assert_eq!(String::from_utf8_lossy(&back), String::from_utf8_lossy(line));
    // A second line of the same shape costs no new template.
    assert_eq!(learned.fit(line, values, &mut numbers), Some(number));
    text
}

#[test]
fn apache_combined_with_id_and_duration() {
    let line = br#"10.0.0.1 - frank [17/May/2015:12:05:03 +0200] "GET /a?b=200 HTTP/1.1" 200 5120 "-" "curl/7.81" "0af7651916cd43dd8448eb211c80319c" 4321"#;
    let mut values = values(
        line,
        &[
            (TextField::Address, "10.0.0.1"),
            (TextField::User, "frank"),
            (TextField::Method, "GET"),
            (TextField::Target, "/a?b=200"),
            (TextField::Protocol, "HTTP/1.1"),
            (TextField::UserAgent, "curl/7.81"),
        ],
        "0af7651916cd43dd8448eb211c80319c",
    );
    values.time = Some(1_431_857_103_000_000);
    (values.status, values.bytes, values.duration) = (Some(200), Some(5_120), Some(4_321));
    assert_eq!(
        fit(line, &values),
        r#"{address} - {user} [{dmy+120}:{hms+120} +0200] "{method} {target} {protocol}" {status} {bytes} "-" "{user_agent}" "{id}" {duration/us}"#
    );
}

#[test]
fn a_mark_in_json_keeps_its_braces() {
    let line = br#"{"time":"2015-05-17T10:05:03.250Z","level":"INFO","request_id":"r-1","operation":"card block","thread":12}"#;
    let mut values = values(line, &[(TextField::Operation, "card block")], "r-1");
    values.time = Some(1_431_857_103_250_000);
    assert_eq!(
        fit(line, &values),
        r#"{{"time":"{ymd+0}T{hms+0}.{f3}Z","level":"INFO","request_id":"{id}","operation":"{operation}","thread":{n}}"#
    );
}

#[test]
fn times_as_numbers() {
    let line = b"1431857103.123 0.045 404 0 007 3.14 v2 a1";
    let mut values = Values { time: Some(1_431_857_103_123_000), ..Values::default() };
    (values.status, values.bytes, values.duration) = (Some(404), Some(0), Some(45_000));
    assert_eq!(
        fit(line, &values),
        "{epoch/s.3} {duration/s.3} {status} {bytes} {n3} {n}.{n2} v2 a1"
    );
}

#[test]
fn a_value_that_lies_elsewhere_stays_with_the_template() {
    let line = br#"curl \"x\" end"#;
    let unescaped = br#"curl "x""#.to_vec();
    let mut values = Values::default();
    values.set(TextField::UserAgent, &unescaped);
    assert_eq!(fit(line, &values), r#"curl \"x\" end"#);
}

#[test]
fn an_unknown_hole_is_refused() {
    assert_eq!(Template::parse("{what}"), None);
    assert_eq!(Template::parse("{address"), None);
}

proptest! {
    /// Whatever the line and whatever is claimed about it: if a template fits, it gives the line
    /// back.
    #[test]
    fn what_fits_comes_back(
        line in r#"[ -~é]{0,80}|[0-9 .:/\-\[\]{}"]{0,60}"#,
        cuts in prop::collection::vec((0_usize..80, 0_usize..20, 0_usize..12), 0..6),
        time in prop::option::of(-10_000_000_000_i64..2_000_000_000_000_000),
        status in prop::option::of(0_u16..1000),
        bytes in prop::option::of(0_u64..1000),
        duration in prop::option::of(0_u64..10_000_000),
    ) {
        let line = line.as_bytes();
        let mut values = Values { time, status, bytes, duration, ..Values::default() };
        for (at, len, field) in cuts {
            let text = line.get(at..(at + len).min(line.len())).unwrap_or_default();
            if std::str::from_utf8(text).is_ok() {
                values.set(TextField::ALL[field], text);
            }
        }
        let mut learned = Learned::default();
        let mut numbers = Vec::new();
        if let Some(number) = learned.fit(line, &values, &mut numbers) {
            let template = Template::parse(&learned.texts()[number as usize]).unwrap();
            let mut back = Vec::new();
            template.fill(&values, &numbers, &mut back).unwrap();
            prop_assert_eq!(&back[..], line);
        }
    }
}
