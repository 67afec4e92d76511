//! Formats copied from a server's configuration.

use dolmen_logs::{Fields, Format};

use super::{format, text, with_call};

const LINE: &str =
    r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl" 17"#;

#[test]
fn a_log_format_of_apache() {
    for line in [
        r#"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D" timed"#,
        r#"  logformat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D""#,
        r#"LogFormat '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D' timed"#,
        r#"CustomLog ${APACHE_LOG_DIR}/access.log "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D" env=!quiet"#,
        "CustomLog \"|/usr/bin/rotatelogs /var/log/a 86400\" \\\n  \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\" %D\"",
    ] {
        with_call(&format(line), LINE, |call| {
            assert_eq!(text(call.user_agent), "curl");
            assert_eq!(call.duration, Some(17));
        });
    }
}

#[test]
fn a_custom_log_with_a_nickname() {
    let line = LINE.strip_suffix(" 17").unwrap();
    for config in ["CustomLog logs/access_log combined", "CustomLog logs/access_log combined env=x"]
    {
        with_call(&format(config), line, |call| assert_eq!(text(call.user_agent), "curl"));
    }
}

#[test]
fn escapes_of_apaches_format_are_undone_after_those_of_its_configuration() {
    let line = "10.0.0.9\t\"GET /a HTTP/1.1\"\\ %";
    for text in [r#"%h\t\"%r\"\\ %%"#, r#"LogFormat "%h\t\"%r\"\\\\ %%" tabbed"#] {
        with_call(&format(text), line, |call| assert_eq!(call.target, b"/a"));
    }
}

#[test]
fn a_log_format_of_nginx() {
    let line = LINE.replace(" 17", " 0.017");
    for config in [
        "log_format timed '$remote_addr - $remote_user [$time_local] \"$request\" '\n    '$status $body_bytes_sent \"$http_referer\" '\n    '\"$http_user_agent\" $request_time';",
        r#"log_format timed "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_time";"#,
        "'$remote_addr - $remote_user [$time_local] \"$request\" '\n'$status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" $request_time'",
    ] {
        with_call(&format(config), &line, |call| {
            assert_eq!(text(call.user_agent), "curl");
            assert_eq!(call.duration, Some(17_000));
        });
    }
}

#[test]
fn the_escapes_that_nginx_was_told_to_use() {
    for (escape, logged) in [
        ("", r#"a \x22b\x22 \n"#),
        ("escape=default ", r#"a \x22b\x22 \n"#),
        ("escape=json ", r#"a \"b\" \\n"#),
        ("escape=none ", r#"a "b" \n"#),
    ] {
        let config = format!("log_format x {escape}'$remote_addr \"$http_user_agent\"';");
        with_call(&format(&config), format!(r#"10.0.0.9 "{logged}""#), |call| {
            assert_eq!(text(call.user_agent), text(br#"a "b" \n"#), "{config}");
        });
    }
}

#[test]
fn what_is_missing_is_pointed_at() {
    for (text, message) in [
        ("LogFormat ", "the format is missing"),
        ("log_format main", "the format is missing"),
        ("log_format main ;", "the format is missing"),
        ("CustomLog logs/access_log", "the format is missing"),
        ("LogFormat \"%h", "this quote is never closed"),
        ("log_format main '$host", "this quote is never closed"),
    ] {
        let error = Format::calls(text, &Fields::new()).unwrap_err();
        assert_eq!(error.message, message, "{text}");
        assert!(error.to_string().ends_with('^'), "{error}");
    }
}

#[test]
fn a_fault_is_shown_in_the_text_that_was_given() {
    let error = Format::calls(r#"LogFormat "%h \"%r\" %Q" x"#, &Fields::new()).unwrap_err();
    assert_eq!(&error.text[error.at], "%Q");
}
