//! Regular expressions with named groups.

use dolmen_logs::{Fields, Format, Line, RequestId};

use super::{format, text, unread, with_call};

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|&(field, group)| (field.to_owned(), group.to_owned())).collect()
}

#[test]
fn a_call_by_its_groups() {
    let format = format(
        r#"^(?<time>\S+) (?<address>\S+) "(?<request>[^"]*)" (?<status>\d+|-) (?<duration_ms>\d+) (?<request_id>\S+) c=(?<header.x_client>\S*)"#,
    );
    let line = r#"2026-03-02T08:15:00.250+01:00 [2001:db8::7]:4134 "GET /a?b HTTP/1.1" 200 12 6f1c c=portal"#;
    with_call(&format, line, |call| {
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T07:15:00.25Z");
        assert_eq!(text(call.address), "2001:db8::7");
        assert_eq!(text(call.target), "/a?b");
        assert_eq!((call.status, call.duration), (Some(200), Some(12_000)));
        assert_eq!(call.request_id, RequestId::Is(b"6f1c"));
        assert_eq!(call.header("x_client"), Some(b"portal".as_slice()));
    });
    assert_eq!(unread(&format, "something else").column, 1);
    let bad_time = unread(&format, line.replace("2026-03-02T", "2026-33-02T"));
    assert_eq!((bad_time.column, &*bad_time.expected), (1, "a time"));
}

#[test]
fn a_mark_by_its_groups() {
    let text = r"^(?P<time>\S+ \S+) \w+ \[(?<traceparent>[^]]*)\] entering (?P<op>.+?)(?: on (?<service>\w+))?$";
    let names = fields(&[("operation", "op"), ("request_id", "traceparent")]);
    let marks = Format::marks(text, &names).unwrap_or_else(|e| panic!("{e}"));
    let mut reader = marks.reader();
    let line = "2026-03-02 08:15:00,250 INFO [00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01] entering card block on monolith";
    let Ok(Line::Mark(mark)) = reader.read(line.as_bytes()) else { panic!("no mark") };
    assert_eq!(mark.operation, b"card block");
    assert_eq!(mark.service, b"monolith");
    assert_eq!(mark.request_id, RequestId::Is(b"4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(mark.time.unwrap().to_string(), "2026-03-02T08:15:00.25Z");
    let bypass = "2026-03-02 08:15:00 INFO [-] entering card block";
    let Ok(Line::Mark(mark)) = reader.read(bypass.as_bytes()) else { panic!("no mark") };
    assert_eq!((mark.request_id, mark.service), (RequestId::Missing, b"".as_slice()));
    assert!(matches!(reader.read(b"2026-03-02 08:15:00 INFO started"), Ok(Line::Nothing)));
}

#[test]
fn bytes_that_are_no_utf_8_can_be_matched() {
    let format = format(r"(?-u)^(?<address>\S+) (?<user_agent>.*)$");
    with_call(&format, b"10.0.0.9 \xff\xfe", |call| assert_eq!(call.user_agent, b"\xff\xfe"));
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let refused = |text: &str, names: &[(&str, &str)]| {
        Format::calls(text, &fields(names)).expect_err(text).to_string()
    };
    assert_eq!(
        refused(r"(?<time>\S+) (?<status>\d+", &[]),
        "this is no regular expression: unclosed group\n  (?<time>\\S+) (?<status>\\d+\n               ^"
    );
    assert_eq!(
        refused(r"(?<statsu>\d+)", &[]),
        "there is no field `statsu`; did you mean `status`?; a group without a meaning is written \
         `(?:…)`\n  (?<statsu>\\d+)\n     ^^^^^^"
    );
    assert_eq!(
        refused(r"(?<status>\d+)", &[("address", "ip")]),
        "the regular expression has no group of this name; it has: status\n  address = \"ip\"\n             ^^"
    );
    assert_eq!(
        refused(r"(?<status>\d+)", &[("adress", "status")]),
        "there is no field `adress`; did you mean `address`?\n  adress = \"status\"\n  ^^^^^^"
    );
    let marks = Format::marks(r"(?<time>\S+) (?<request_id>\S+)", &Fields::new()).unwrap_err();
    assert!(marks.message.contains("`(?<operation>…)`"), "{marks}");
    let marks = Format::marks(r"(?<operation>\S+)", &Fields::new()).unwrap_err();
    assert!(marks.message.contains("`(?<request_id>…)`"), "{marks}");
    let marks = Format::marks("%h %l", &Fields::new()).unwrap_err();
    assert!(marks.message.contains("json"), "{marks}");
}
