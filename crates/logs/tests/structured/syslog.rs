use dolmen_logs::{Fields, Format, Line};

use super::{format, text, unread, with_call};

const LINE: &str = r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "GET /a HTTP/1.1" 200 5"#;

#[test]
fn a_syslog_prefix_stands_before_any_format() {
    for before in
        ["Mar  2 08:15:00 bank httpd[7]: ", "<134>1 2026-03-02T08:15:00Z bank httpd 7 - - "]
    {
        with_call(&format("common"), &format!("{before}{LINE}"), |call| {
            assert_eq!((text(call.address), text(call.target)), ("10.0.0.9", "/a"));
        });
    }
    let marks = Format::marks("json", &Fields::new()).unwrap();
    let mark = r#"Mar  2 08:15:00 bank app: @cee: {"operation":"card block"}"#;
    assert!(matches!(marks.reader().read(mark.as_bytes()), Ok(Line::Mark(_))));
}

#[test]
fn the_column_counts_from_the_beginning_of_the_line() {
    let before = "Mar  2 08:15:00 bank httpd[7]: ";
    let fault = unread(&format("common"), &format!("{before}10.0.0.9 - - !")).column;
    assert_eq!(fault, unread(&format("common"), "10.0.0.9 - - !").column + before.len());
}

#[test]
fn a_format_that_begins_with_a_time_keeps_its_own() {
    let own = format("%{%Y-%m-%dT%H:%M:%S%z}t %v httpd: %h \"%r\"");
    with_call(&own, r#"2026-03-02T08:15:00+0000 bank httpd: 10.0.0.9 "GET /a HTTP/1.1""#, |call| {
        assert_eq!((text(call.host), text(call.address)), ("bank", "10.0.0.9"));
        assert_eq!(call.time.unwrap().to_string(), "2026-03-02T08:15:00Z");
    });
    let pattern = format(r"^\S+ (?<host>\S+) httpd: (?<address>\S+)");
    with_call(&pattern, "2026-03-02T08:15:00+0000 bank httpd: 10.0.0.9", |call| {
        assert_eq!(text(call.host), "bank");
    });
}
